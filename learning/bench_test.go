package learning_test

import (
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// BenchmarkSlides reports slides as the pages of many visitors at once do, each durable when it is answered.
func BenchmarkSlides(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			if engine == db.Postgres && os.Getenv("FIBONACCO_TEST_POSTGRES") == "" {
				b.Skip("FIBONACCO_TEST_POSTGRES is not set")
			}
			const callers, visits = 128, 4000
			clock := fibonacco.NewFakeClock(dbtest.Start)
			w := newWorld(b, dbtest.Open(b, engine, clock), clock)
			views := make([]string, visits)
			for i := range views {
				views[i] = w.visit("a-page", "")
			}
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			for range callers {
				all.Go(func() {
					for i := next.Add(1) - 1; i < int64(b.N); i = next.Add(1) - 1 {
						step := fibonacco.ViewStep{Kind: fibonacco.SlideSeen, Slide: 1 + int(i/visits)%2, Seconds: 1 + int(i/visits)}
						if err := w.svc.RecordView(b.Context(), "a-page", views[i%visits], step); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "slides/s")
		})
	}
}
