package imports_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// workbook is a workbook of one sheet, or more: every row's cells as texts, formulas after "=".
func workbook(t testing.TB, sheets ...[][]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name, text string) {
		f, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		must(t, err)
	}
	links, list := "", ""
	for i, rows := range sheets {
		var b strings.Builder
		b.WriteString(`<worksheet><sheetData>`)
		for r, row := range rows {
			fmt.Fprintf(&b, `<row r="%d">`, r+1)
			for c, cell := range row {
				switch formula, ok := strings.CutPrefix(cell, "="); {
				case ok && strings.HasPrefix(formula, "#"):
					fmt.Fprintf(&b, `<c r="%c%d" t="e"><f>x</f><v>%s</v></c>`, 'A'+c, r+1, formula)
				case ok:
					fmt.Fprintf(&b, `<c r="%c%d"><f>%s</f></c>`, 'A'+c, r+1, formula)
				case cell != "":
					fmt.Fprintf(&b, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'A'+c, r+1, html.EscapeString(cell))
				}
			}
			b.WriteString(`</row>`)
		}
		b.WriteString(`</sheetData></worksheet>`)
		add(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), b.String())
		links += fmt.Sprintf(`<Relationship Id="r%d" Type="x/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
		list += fmt.Sprintf(`<sheet name="Sheet %d" r:id="r%d"/>`, i+1, i+1)
	}
	add("xl/workbook.xml", `<workbook><sheets>`+list+`</sheets></workbook>`)
	add("xl/_rels/workbook.xml.rels", `<Relationships>`+links+`</Relationships>`)
	must(t, z.Close())
	return out.Bytes()
}

func TestWorkbook(t *testing.T) {
	shops := [][]string{
		{"Our shops, November"},
		{"", ""},
		{"Business Name", "Email", "ZIP", "Note"},
		{"Joe's & Sons", "joe@joes.example", "11231", "x"},
		{"=#REF!", "a@a.example"},
		{"B", "=LOWER(A1)"},
		{" ", " "},
		{"C", "bad", "", "", "one too many"},
		{"=#N/A", "n@n.example"},
		{"D", "d@d.example"},
	}
	book := workbook(t, [][]string{{"Nothing here"}}, shops)
	sheet := func(name string) func(*fibonacco.ImportRequest) {
		return func(r *fibonacco.ImportRequest) { r.Sheet = name }
	}
	each(t, func(h *house) {
		r := h.run(string(book), sheet("sheet 2"))
		h.want(r, "6=2+0+0+4")
		if got := faults(r); got != "5 business_name, 6 primary_email, 8, 9 business_name" {
			h.t.Errorf("errors at %s: %v", got, r.Errors)
		}
		if got := h.names(); got != "Joe's & Sons, D" {
			h.t.Errorf("stored %s", got)
		}
		h.want(h.run(string(book), sheet("Sheet 2"), dry), "6=0+0+2+4")
		if _, err := h.try(string(book), sheet("Sheet 3")); fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), "Sheet 1, Sheet 2") {
			h.t.Errorf("a sheet that there is not: %v", err)
		}
		if _, err := h.try(string(book)); fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), "Nothing here") {
			h.t.Errorf("the first sheet: %v", err)
		}
		// A stream, which cannot be read from its end, is set aside and gone afterwards.
		h.community = h.addCommunity("stream")
		req := h.request()
		req.Sheet = "Sheet 2"
		got, err := h.imports.Run(h.t.Context(), req, io.MultiReader(bytes.NewReader(book)), 0, nil)
		must(h.t, err)
		h.want(got, "6=2+0+0+4")
		if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "fibonacco-import-*")); len(left) > 0 {
			h.t.Errorf("left behind: %v", left)
		}
	})
}

// What a file is, its content says.
func TestFormats(t *testing.T) {
	book := string(workbook(t, [][]string{{"Name"}, {"A"}}))
	format := func(f string) func(*fibonacco.ImportRequest) {
		return func(r *fibonacco.ImportRequest) { r.Format = f }
	}
	cases := map[string]struct {
		file, format string
		code         fibonacco.Code
		says         string
	}{
		"workbook":              {book, "", "", ""},
		"workbook, named":       {book, "xlsx", "", ""},
		"workbook, named CSV":   {book, "csv", fibonacco.Malformed, "workbook"},
		"CSV, named workbook":   {"Name\nA\n", "xlsx", fibonacco.Malformed, "not a workbook"},
		"NDJSON":                {"{\"name\":\"A\"}\n{\"name\":\"B\"}\n", "", "", ""},
		"NDJSON, named":         {"{\"name\":\"A\"}\n", "ndjson", "", ""},
		"NDJSON, named JSON":    {"{\"name\":\"A\"}\n", "json", "", ""},
		"an array, named lines": {"[{\"name\":\"A\"}]", "ndjson", fibonacco.Malformed, "NDJSON"},
		"old workbook":          {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on", "", fibonacco.Malformed, ".xlsx"},
		"another archive":       {"PK\x03\x04 and so on", "", fibonacco.Malformed, "ZIP"},
		"a workbook's start":    {book[:200], "", fibonacco.Malformed, "ZIP"},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			_, err := h.try(tc.file, format(tc.format), dry)
			if fibonacco.CodeOf(err) != tc.code || err != nil && !strings.Contains(err.Error(), tc.says) {
				h.t.Errorf("%s: %v (%s), want %s saying %q", name, err, fibonacco.CodeOf(err), tc.code, tc.says)
			}
			_, err = h.imports.StartImport(h.t.Context(), fibonacco.ImportRequest{CommunityID: h.community, Format: tc.format, DryRun: true}, strings.NewReader(tc.file), 0)
			if fibonacco.CodeOf(err) != tc.code {
				h.t.Errorf("%s, queued: %v (%s), want %s", name, err, fibonacco.CodeOf(err), tc.code)
			}
		}
		for _, job := range h.list("") {
			if job.Format != "xlsx" && job.Format != "ndjson" {
				h.t.Errorf("kept the format %q", job.Format)
			}
		}
	})
}

// A workbook that is kept in the database is read there, whatever its worker goes through.
func TestWorkbookJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		rows := [][]string{{"Business Name", "Email", "Junk"}}
		random := rand.New(rand.NewPCG(1, 2))
		junk := make([]byte, 30_000)
		for i := range 120 {
			for j := range junk {
				junk[j] = byte('a' + random.IntN(26))
			}
			rows = append(rows, []string{fmt.Sprintf("Shop %d", i), fmt.Sprintf("s%d@s.example", i), string(junk)})
		}
		book := workbook(t, rows)
		if len(book) < 3<<19 {
			t.Fatalf("a workbook of %d bytes is in one part", len(book))
		}
		h := newHouse(t, d, supervisors)
		h.imports.SetBatchRows(10)
		job, err := h.imports.StartImport(t.Context(), h.request(), bytes.NewReader(book), int64(len(book)))
		must(t, err)
		if job.Format != "xlsx" || job.Mapping["primary_email"] != "Email" {
			t.Errorf("started %+v", job)
		}
		for _, stop := range []int64{2, 5} {
			ctx, cancel := context.WithCancel(t.Context())
			h.imports.StopAfter(stop, cancel)
			_ = h.imports.Work(ctx, job.ID)
			cancel()
		}
		h.imports.StopAfter(1<<30, func() {})
		must(t, h.imports.Work(t.Context(), job.ID))
		done := h.ended(job.UUID)
		if done.Status != fibonacco.ImportCompleted || counts(done.ImportResult) != "120=120+0+0+0" || done.Progress != 1 {
			t.Errorf("ended %+v", done)
		}
	})
}

// list is the imports that can be seen with a filter on their status.
func (h *house) list(status string) []fibonacco.ImportJob {
	h.t.Helper()
	return h.listAs(h.t.Context(), status)
}

func (h *house) listAs(ctx context.Context, status string) []fibonacco.ImportJob {
	h.t.Helper()
	q := fibonacco.ListQuery{}
	if status != "" {
		q.Filter = fibonacco.Filter{"status": status}
	}
	page, err := h.imports.ListImports(ctx, q)
	must(h.t, err)
	return page.Data
}
