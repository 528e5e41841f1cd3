package imports_test

import (
	"bufio"
	"fmt"
	"io"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/imports"
)

// BenchmarkImport imports 300,000 clean rows: `go test -run=- -bench=Import -benchtime=1x`.
func BenchmarkImport(b *testing.B) {
	const n = 300_000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		for _, m := range []string{"new", "known", "dry"} {
			b.Run(string(engine)+"/"+m, func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					h := newHouse(b, dbtest.Open(b, engine, fibonacco.NewFakeClock(dbtest.Start)), nil)
					if m == "known" {
						h.bulk(n, "fill", false)
					}
					b.StartTimer()
					r := h.bulk(n, "fill", m == "dry")
					if r.Failed > 0 || (m == "known") != (r.Skipped == n) {
						b.Fatalf("%s", counts(r))
					}
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

// BenchmarkRead is everything but the database.
func BenchmarkRead(b *testing.B) {
	const n = 300_000
	for b.Loop() {
		if _, got, err := imports.ReadAll(businesses(n)); got != n || err != nil {
			b.Fatal(got, err)
		}
	}
	b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func (h *house) bulk(n int, m string, dry bool) fibonacco.ImportResult {
	h.t.Helper()
	req := h.request()
	req.Duplicates, req.DryRun = m, dry
	r, err := h.imports.Run(h.t.Context(), req, businesses(n), 0, nil)
	must(h.t, err)
	return r
}

// businesses is a file of n different businesses, made as it is read.
func businesses(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		b := bufio.NewWriterSize(w, 1<<16)
		_, _ = b.WriteString("License,Industry,Business Name,Business Name 2,Contact,Email,Phone,Address Building,Address Street Name,City,State,ZIP,Longitude,Latitude\n")
		for i := range n {
			k := i * 7919 % 1_000_003
			fmt.Fprintf(b, "%d-DCA,Trade %d,\"SHOP %d, INC.\",,Joe Doe,owner%d@shop-%d.example,(%d) %03d-%04d,%d,COURT ST,BROOKLYN,NY,%05d,-73.%06d,40.%06d\n",
				i, k%50, k, k, k, 212+k%2*506, 200+k/10_000%700, k%10_000, k%900, 10_000+k%2000, k, k)
		}
		_ = w.CloseWithError(b.Flush())
	}()
	return r
}
