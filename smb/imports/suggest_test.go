package imports_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports"
)

func TestPreview(t *testing.T) {
	const list = "Nom,Kontakt,Rufnummer,PLZ,Bundesland,Wo,Fax,Straße\n" +
		"Joe's Pizza LLC,joe@joes.example,(718) 555-0142,11231,NY,\"40.6782, -73.9442\",(718) 555-0190,466 Court St\n" +
		"Ana's Nails Inc,ana@anas.example,718-555-0143,11201,NY,\"40.6901, -73.9001\",718-555-0191,1 Main Street\n" +
		"Shoes & Co,shoes@shoes.example,718.555.0144,11215-1234,ny,\"40.6612, -73.9822\",718.555.0192,22 Atlantic Ave\n" +
		"The Best Deli Corp,bad address,718 555 0145,11217,N.Y.,\"40.6802, -73.9702\",,5 Bergen St Fl 2\n"
	each(t, func(h *house) {
		ctx := h.t.Context()
		p, err := h.imports.PreviewImport(ctx, h.request(), strings.NewReader(list))
		must(h.t, err)
		want := map[string]string{
			"Nom": "business_name?", "Kontakt": "primary_email?", "Rufnummer": "primary_phone", "PLZ": "zip", "Bundesland": "state",
			"Wo": "coordinates", "Fax": "", "Straße": "address",
		}
		for _, c := range p.Columns {
			got := c.Field
			if c.Field != "" && c.Confidence < 0.7 {
				got += "?"
			}
			if got != want[c.Name] {
				h.t.Errorf("%s seems to hold %q (%.2f, %s), want %q", c.Name, got, c.Confidence, c.Why, want[c.Name])
			}
			if c.Field != "" && c.Why == "" || len(c.Samples) < 3 {
				h.t.Errorf("%s: why %q, samples %v", c.Name, c.Why, c.Samples)
			}
		}
		if p.Format != "csv" || len(p.Problems) != 1 || p.Problems[0].Field != "mapping.business_name" || p.Saved != nil || len(p.Rows) != 4 {
			h.t.Errorf("preview %+v", p)
		}
		req := h.request()
		req.Mapping = maps.Clone(p.Mapping)
		req.Mapping["business_name"], req.Mapping["primary_email"] = "Nom", "Kontakt"
		p, err = h.imports.PreviewImport(ctx, req, strings.NewReader(list))
		must(h.t, err)
		if len(p.Problems) != 0 || len(p.Rows[3].Problems) != 1 || p.Rows[3].Problems[0].Field != "primary_email" || p.Rows[3].Line != 5 {
			h.t.Errorf("preview %+v", p)
		}
		const first = "map[address:466 Court St business_name:Joe's Pizza LLC coordinates:(-73.9442,40.6782) primary_email:joe@joes.example primary_phone:+17185550142 state:NY zip:11231]"
		if got := fmt.Sprint(p.Rows[0].Values); got != first {
			h.t.Errorf("the first row is\n%s, want\n%s", got, first)
		}
		// The import stores what the preview shows, and a preview stores nothing.
		if n := h.count(`SELECT count(*) FROM smbs`) + h.count(`SELECT count(*) FROM imports`); n != 0 {
			h.t.Errorf("previews left %d rows", n)
		}
		h.want(h.run(list, func(r *fibonacco.ImportRequest) { r.Mapping = req.Mapping }), "4=3+0+0+1")
		if got := h.column("coordinates"); !strings.HasPrefix(got, "(-73.9442,40.6782), ") {
			h.t.Errorf("stored %s", got)
		}
	})
}

// Values overrule a name that promises something else, and speak for one that says nothing.
func TestValuesCount(t *testing.T) {
	const list = "Name,Email,Contact\nA,yes,a@a.example\nB,no,b@b.example\nC,yes,c@c.example\nD,yes,d@d.example\nE,no,e@e.example\nF,no,f@f.example\n"
	each(t, func(h *house) {
		h.want(h.run(list), "6=6+0+0+0")
		if got := h.column("primary_email"); got != "a@a.example, b@b.example, c@c.example, d@d.example, e@e.example, f@f.example" {
			h.t.Errorf("addresses %s", got)
		}
		h.community = h.addCommunity("json")
		var b strings.Builder
		for i := range 6 {
			fmt.Fprintf(&b, "{\"business\": \"J%d\", \"kontakt\": \"j%d@j.example\", \"more\": {\"x\": [%d]}}\n", i, i, i)
		}
		b.WriteString("{\"company\": \"K\", \"kontakt\": \"k@k.example\", \"Kontakt\": true}\n")
		h.want(h.run(b.String()), "7=7+0+0+0")
		if got := h.storedIn(h.community); !strings.Contains(got, "J3|~|~|~|~|j3@j.example") {
			h.t.Errorf("stored %s", got)
		}
	})
}

// What a workbook, a CSV and a JSON file show before they are imported.
func TestPreviewOfEveryFormat(t *testing.T) {
	files := map[string]string{
		"csv": "Name,Zip\nA,11231\nB,1\n", "json": `[{"Name":"A","Zip":11231},{"Zip":1,"Name":"B"}]`, "ndjson": "{\"Name\":\"A\",\"Zip\":\"11231\"}\n{\"Name\":\"B\",\"Zip\":\"1\"}",
		"xlsx": string(workbook(t, [][]string{{"Title"}, {"Name", "Zip"}, {"A", "11231"}, {"B", "1"}}, [][]string{{"x"}})),
	}
	each(t, func(h *house) {
		for format, file := range files {
			p, err := h.imports.PreviewImport(h.t.Context(), h.request(), strings.NewReader(file))
			must(h.t, err)
			var names []string
			for _, c := range p.Columns {
				names = append(names, c.Name+"="+c.Field)
			}
			if p.Format != format || strings.Join(names, " ") != "Name=business_name Zip=zip" || len(p.Rows) != 2 || p.Rows[0].Values["zip"] != "11231" ||
				p.Mapping["zip"] != "Zip" || (len(p.Sheets) == 2) != (format == "xlsx") || (p.Sheet == "Sheet 1") != (format == "xlsx") {
				h.t.Errorf("%s: %+v", format, p)
			}
		}
		if _, err := h.imports.PreviewImport(h.t.Context(), h.request(), strings.NewReader("")); fibonacco.CodeOf(err) != fibonacco.Invalid {
			h.t.Errorf("an empty file: %v", err)
		}
		p, err := h.imports.PreviewImport(h.t.Context(), h.request(), strings.NewReader(`[{"name":"A"},{"name":`))
		if err != nil || len(p.Rows) != 1 || len(p.Problems) != 1 || p.Problems[0].Field != "file" {
			h.t.Errorf("a file that breaks off: %+v, %v", p, err)
		}
	})
}

// Whatever the columns are called and hold, suggestions name each field once, and never break.
func TestSuggestionsAreAMapping(t *testing.T) {
	t.Parallel()
	value := rapid.SampledFrom([]string{
		"", "Joe's Pizza LLC", "joe@joes.example", "(718) 555-0142", "11231", "NY", "40.678212", "-73.944221", "40.67, -73.94", "466 Court St",
		"yes", "no", "https://x.example", "2026-03-02", "Joe Doe", "10.0.0.1", "x", "0", "n/a", "\x00", "é",
	})
	name := rapid.OneOf(rapid.SampledFrom(imports.Fields()), rapid.SampledFrom([]string{"", "Name", "Email", "Phone", "Fax", "Wo", "ID", "License Number", "Email"}))
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.SliceOfN(name, 1, 12).Draw(t, "columns")
		sample := rapid.SliceOfN(rapid.SliceOfN(value, 0, 13), 0, 12).Draw(t, "sample")
		mapping, all := imports.Suggest(columns, sample)
		var fields []string
		for i, s := range all {
			if s.Confidence < 0 || s.Confidence > 1 {
				t.Fatalf("%q: %+v", columns[i], s)
			}
			if s.Confidence >= 0.7 {
				fields = append(fields, s.Field)
			}
		}
		slices.Sort(fields)
		if len(slices.Compact(slices.Clone(fields))) != len(fields) {
			t.Fatalf("%v are suggested for %q", fields, columns)
		}
		for f, c := range mapping {
			if c != "" && !slices.Contains(columns, c) || !slices.Contains(imports.Fields(), f) {
				t.Fatalf("%s is read from %q", f, c)
			}
		}
		if _, err := imports.Plan(columns, mapping); err != nil {
			t.Fatalf("%v of %q: %v", mapping, columns, err)
		}
	})
}
