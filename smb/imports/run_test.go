package imports_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
)

const one = "Business Name,Email,Phone,Address,City,State,ZIP\n" +
	"JOE'S PIZZA INC,joe@JOES.example,718-555-0142,466 COURT ST,BROOKLYN,ny,11231\n"

func TestOneRow(t *testing.T) {
	each(t, func(h *house) {
		h.want(h.run(one), "1=1+0+0+0")
		const want = "JOE'S PIZZA INC|~|~|~|~|joe@joes.example|+17185550142|466 COURT ST|BROOKLYN|NY|11231|~|joe@joes.example|joes pizza|import|72|pending|4"
		if got := h.stored(); got != want {
			h.t.Errorf("stored\n%s, want\n%s", got, want)
		}
		if n := h.events("smb.created"); n != 1 {
			h.t.Errorf("%d events smb.created, want 1", n)
		}
		h.want(h.run(one), "1=0+0+1+0")
		if n := h.events("smb.created") + h.events("smb.updated"); n != 1 {
			h.t.Errorf("%d events after the second run, want the first one's", n)
		}
	})
}

func TestHostileFiles(t *testing.T) {
	latin := strings.Replace(one, "JOE'S PIZZA INC", "CAF\xc9 \x93A\x94", 1)
	cases := map[string]struct {
		file   string
		counts string
		faults string
		names  string
	}{
		"byte order mark":       {"\xef\xbb\xbf" + one, "1=1+0+0+0", "", "JOE'S PIZZA INC"},
		"CRLF":                  {strings.ReplaceAll(one, "\n", "\r\n"), "1=1+0+0+0", "", "JOE'S PIZZA INC"},
		"Windows-1252":          {latin, "1=1+0+0+0", "", "CAFÉ “A”"},
		"UTF-16 little":         {string(utf16Of("Name\nCafé\n", false, true)), "1=1+0+0+0", "", "Café"},
		"UTF-16 big":            {string(utf16Of("Name\nCafé\n", true, true)), "1=1+0+0+0", "", "Café"},
		"UTF-16, no mark":       {string(utf16Of("Business Name\nCafé\n", false, false)), "1=1+0+0+0", "", "Café"},
		"semicolons":            {strings.ReplaceAll(one, ",", ";"), "1=1+0+0+0", "", "JOE'S PIZZA INC"},
		"tabs":                  {strings.ReplaceAll(one, ",", "\t"), "1=1+0+0+0", "", "JOE'S PIZZA INC"},
		"pipes":                 {strings.ReplaceAll(one, ",", "|"), "1=1+0+0+0", "", "JOE'S PIZZA INC"},
		"declared separator":    {"sep=;\nName;Phone\nJoe;718\n", "1=0+0+0+1", "3 primary_phone", ""},
		"quoted line break":     {"Name,Address\n\"Joe's\nPizza\",\"1 A St\nFl 2\"\nB,\nC,\n", "3=3+0+0+0", "", "Joe's Pizza, B, C"},
		"line after a break":    {"Name,Email\n\"A\n\nB\",\nC,bad\n", "2=1+0+0+1", "5 primary_email", "A B"},
		"short row":             {"Name,Email,Phone\nA\nB,b@b.example\n", "2=2+0+0+0", "", "A, B"},
		"long row":              {"Name,Email\nA,,,\nB,,x\nC,\n", "3=2+0+0+1", "3", "A, C"},
		"broken quote":          {"Name,Email\nA,\n\"B,\nC,\nD,\n", "4=3+0+0+1", "3", "A, C, D"},
		"quote out of place":    {"Name,Email\n\"A\"x,\nB,\n", "2=1+0+0+1", "2", "B"},
		"zero byte":             {"Name,Email\nA\x00,\nB,\n", "2=1+0+0+1", "2 business_name", "B"},
		"zero byte elsewhere":   {"Name,Note\nA,\x00\nB,\n", "2=2+0+0+0", "", "A, B"},
		"long value":            {"Name,City\n" + strings.Repeat("x", 300) + ",\nB,\nC," + strings.Repeat("é", 101) + "\nD," + strings.Repeat("é", 100) + "\n", "4=2+0+0+2", "2 business_name, 4 city", "B, D"},
		"very long value":       {"Name,City\nA,\n" + strings.Repeat("x", 2<<20) + ",\nB,\n", "3=2+0+0+1", "3", "A, B"},
		"very long, unread":     {"Name,Note\nA," + strings.Repeat("x", 500_000) + "\nB,\n", "2=2+0+0+0", "", "A, B"},
		"no name":               {"Name,City\n ,Brooklyn\nB,\n", "2=1+0+0+1", "2 business_name", "B"},
		"blank lines":           {"\n\nName,City\n\n,\nA,\n\n\nB,x@\n,\n", "2=2+0+0+0", "", "A, B"},
		"bad e-mail":            {"Name,Email\nA,a@\nB,n/a\nC,c@c.example; d@d.example\nD,D <d@d.example>\n", "4=2+0+0+2", "2 primary_email, 5 primary_email", "B, C"},
		"bad phone":             {"Name,Phone\nA,123\nB,none\nC,718.555.0142 x5\n", "3=2+0+0+1", "2 primary_phone", "B, C"},
		"bad state":             {"Name,State\nA,NYC\nB,new york\nC,n.y.\nD,N1\n", "4=2+0+0+2", "2 state, 5 state", "B, C"},
		"bad ZIP":               {"Name,Zip\nA,12345-67890\nB,12345-6789\n", "2=1+0+0+1", "2 zip", "B"},
		"bad place":             {"Name,Longitude,Latitude\nA,-73.9,\nB,-73.9,91\nC,x,1\nD,NaN,1\nE,0,0\nF,-73.9,40.6\n", "6=2+0+0+4", "2 longitude, 3 longitude, 4 longitude, 5 longitude", "E, F"},
		"several errors":        {"Name,Email,Phone\n,bad,y\n", "1=0+0+0+1", "2 business_name, 2 primary_email, 2 primary_phone", ""},
		"hundreds of columns":   {"Name" + strings.Repeat(",C", 600) + ",Email\nA" + strings.Repeat(",1", 600) + ",a@a.example\n", "1=1+0+0+0", "", "A"},
		"header only":           {"Name,Email\n", "0=0+0+0+0", "", ""},
		"JSON":                  {`[{"business_name": "A", "zip": 11231, "phone": 7185550142, "email": null}, {"name":"B"}]`, "2=2+0+0+0", "", "A, B"},
		"JSON, byte order mark": {"\xef\xbb\xbf[{\"name\":\"A\"}]", "1=1+0+0+0", "", "A"},
		"JSON in UTF-16":        {string(utf16Of(`[{"name":"Café"}]`, false, true)), "1=1+0+0+0", "", "Café"},
		"JSON nested":           {"[\n{\"name\": {\"a\": 1}},\n{\"name\": \"B\", \"tags\": [1, {\"x\": []}]},\n{\"name\": \"C\", \"phone\": true}]", "3=1+0+0+2", "2 business_name, 4 primary_phone", "B"},
		"JSON, a bad object":    {"[{\"name\": \"A\"},\n{\"name\": x},\n{\"name\": \"C\"}\n]", "3=2+0+0+1", "2", "A, C"},
		"JSON lines":            {"{\"name\": \"A\"}\n{\"name\": \"B\"}\r\n\n{\"name\": \"C\"}", "3=3+0+0+0", "", "A, B, C"},
		"JSON lines, broken":    {"{\"name\": \"A\"}\n{\"name\": \"B\"\n{\"name\": \"C\n{\"name\": \"D\"}\nnull\n[1]\n{\"name\": \"E\"}\n", "7=3+0+0+4", "2, 3, 5, 6", "A, D, E"},
		"JSON over lines":       {"{\n  \"name\": \"A\",\n  \"email\": \"bad\"\n}\n{\n\"name\": \"B\" }", "2=1+0+0+1", "1 primary_email", "B"},
		"JSON escapes":          {`[{"name": "Joe\u0027s \"A\" {", "email": "a@a.example"}, {"name": "B\\"}, {"name":"C\u0000"}]`, "3=2+0+0+1", "1 business_name", `Joe's "A" {, B\`},
		"JSON, empty array":     {" [ ] ", "0=0+0+0+0", "", ""},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			h.community = h.addCommunity(name)
			r, err := h.try(tc.file)
			if err != nil {
				h.t.Errorf("%s: %v", name, err)
				continue
			}
			if counts(r) != tc.counts || faults(r) != tc.faults {
				h.t.Errorf("%s: %s, errors at %q, want %s, %q; %v", name, counts(r), faults(r), tc.counts, tc.faults, r.Errors)
			}
			var names []string
			for line := range strings.SplitSeq(h.storedIn(h.community), "\n") {
				n, _, _ := strings.Cut(line, "|")
				names = append(names, n)
			}
			if got := sorted(strings.Join(names, ", ")); got != sorted(tc.names) {
				h.t.Errorf("%s: stored %s, want %s", name, got, tc.names)
			}
		}
	})
}

func TestRefusedFiles(t *testing.T) {
	cases := map[string]struct {
		file   string
		change func(*fibonacco.ImportRequest)
		code   fibonacco.Code
		says   string
	}{
		"empty":                  {"", nil, fibonacco.Invalid, "empty"},
		"a mark and nothing":     {"\xef\xbb\xbf", nil, fibonacco.Invalid, "empty"},
		"blank":                  {" \r\n\n", nil, fibonacco.Invalid, "empty"},
		"no name column":         {"Phone,City\n1,2\n", nil, fibonacco.Invalid, "Phone, City"},
		"no header":              {"Joe's Pizza,718-555-0142\n", nil, fibonacco.Invalid, "Joe's Pizza"},
		"broken header":          {"\"Name,City\nA,B\n", nil, fibonacco.Malformed, "line 1"},
		"not JSON":               {one, func(r *fibonacco.ImportRequest) { r.Format = "json" }, fibonacco.Malformed, "JSON"},
		"array not closed":       {"[{\"name\":\"A\"},\n", nil, fibonacco.Malformed, "line 2"},
		"object not closed":      {"[\n{\"name\":\"A\"", nil, fibonacco.Malformed, "line 2"},
		"no comma in an array":   {"[{\"name\":\"A\"}\n{\"name\":\"B\"}]", nil, fibonacco.Malformed, "line 2"},
		"something after":        {"[{\"name\":\"A\"}] x", nil, fibonacco.Malformed, "follows"},
		"unknown format":         {one, func(r *fibonacco.ImportRequest) { r.Format = "pdf" }, fibonacco.Invalid, "format"},
		"unknown duplicates":     {one, func(r *fibonacco.ImportRequest) { r.Duplicates = "delete" }, fibonacco.Invalid, "duplicates"},
		"unknown community":      {one, func(r *fibonacco.ImportRequest) { r.CommunityID = 999 }, fibonacco.Invalid, "community_id"},
		"long source":            {one, func(r *fibonacco.ImportRequest) { r.Source = strings.Repeat("x", 51) }, fibonacco.Invalid, "source"},
		"unknown field mapped":   {one, func(r *fibonacco.ImportRequest) { r.Mapping = map[string]string{"shoe_size": "City"} }, fibonacco.Invalid, "mapping.shoe_size"},
		"unknown column mapped":  {one, func(r *fibonacco.ImportRequest) { r.Mapping = map[string]string{"category": "Trade"} }, fibonacco.Invalid, "mapping.category names the column Trade"},
		"name mapped to nothing": {one, func(r *fibonacco.ImportRequest) { r.Mapping = map[string]string{"business_name": ""} }, fibonacco.Invalid, "business_name"},
	}
	each(t, func(h *house) {
		for name, tc := range cases {
			_, err := h.try(tc.file, func(r *fibonacco.ImportRequest) {
				if tc.change != nil {
					tc.change(r)
				}
			})
			if fibonacco.CodeOf(err) != tc.code || !strings.Contains(fmt.Sprint(err), tc.says) {
				h.t.Errorf("%s: %v (%s), want %s saying %q", name, err, fibonacco.CodeOf(err), tc.code, tc.says)
			}
		}
	})
}

// What stands before the place where a file breaks off is good, and counted.
func TestBrokenOffFile(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(2)
		r, err := h.try(`[{"name":"A"},{"name":"B"},{"name":"C"},{"name":`)
		if fibonacco.CodeOf(err) != fibonacco.Malformed {
			h.t.Errorf("error %v, want malformed", err)
		}
		h.want(r, "3=3+0+0+0")
		boom := errors.New("boom")
		long := "name,note\nD,\nE," + strings.Repeat("x", 200_000) + "\nF,\n"
		r, err = h.imports.Run(h.t.Context(), h.request(), io.MultiReader(strings.NewReader(long), broken{boom}), 0, nil)
		if !errors.Is(err, boom) {
			h.t.Errorf("error %v, want the reader's", err)
		}
		h.want(r, "3=3+0+0+0")
		if got := h.names(); got != "A, B, C, D, E, F" {
			h.t.Errorf("stored %s", got)
		}
	})
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

func TestDryRunStoresNothing(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(2)
		const file = "Name,Email,Shoe Size,Phone\nA,a@a.example,1,\nB,bad,1,\nA,a@a.example,1,718-555-0100\nC,,1,\nA,a@a.example,1,718-555-0100\nC,,1,\n"
		h.want(h.run("Name,Email\nC,c@c.example\n"), "1=1+0+0+0")
		before := h.stored()
		r := h.run(file, dry)
		h.want(r, "6=1+1+3+1")
		if got := faults(r); got != "3 primary_email, 1 Shoe Size" {
			h.t.Errorf("errors at %s", got)
		}
		if h.stored() != before || h.events("smb.created") != 1 {
			h.t.Error("the dry run stored something")
		}
		h.want(h.run(file), "6=1+1+3+1")
		if got := faults(h.run("Name,No\x00te\nC,\n", dry)); got != "1 Note" {
			h.t.Errorf("errors at %s", got)
		}
	})
}

// Reasons are for people: they name no value, and the first thousand are listed.
func TestManyErrors(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(300)
		file := "Name,Email\n" + strings.Repeat("A,bad\n", 1500)
		r := h.run(file)
		h.want(r, "1500=0+0+0+1500")
		if len(r.Errors) != 1000 || r.Errors[999].Line != 1001 {
			h.t.Errorf("%d errors, the last %+v", len(r.Errors), r.Errors[len(r.Errors)-1])
		}
	})
}

// Stopped in the middle and run again, an import leaves what one clean run leaves.
func TestStoppedAndRunAgain(t *testing.T) {
	for _, m := range []string{"fill", "overwrite", "skip"} {
		t.Run(m, func(t *testing.T) {
			each(t, func(h *house) {
				h.imports.SetBatchRows(7)
				file := licences(300)
				clean := h.run(file, mode(m))
				want := h.stored()

				h.community = h.addCommunity("again")
				for _, stop := range []int{3, 11, 20} {
					ctx, cancel := context.WithCancel(h.t.Context())
					n := 0
					req := h.request()
					req.Duplicates = m
					_, err := h.imports.Run(ctx, req, strings.NewReader(file), 0, func(fibonacco.ImportResult, int64) {
						if n++; n == stop {
							cancel()
						}
					})
					if !errors.Is(err, context.Canceled) {
						h.t.Fatalf("stopped run: %v", err)
					}
				}
				last := h.run(file, mode(m))
				if got := h.stored(); got != want {
					h.t.Errorf("stored\n%s\nwant\n%s", got, want)
				}
				if clean.Failed != last.Failed {
					h.t.Errorf("failed %d, want %d", last.Failed, clean.Failed)
				}
				again := h.run(file, mode(m))
				if again.Created+again.Updated > 0 {
					h.t.Errorf("one more run: %s, want all skipped", counts(again))
				}
			})
		})
	}
}

// licences is a list in which the same business stands several times, with more or less known.
func licences(n int) string {
	var b strings.Builder
	b.WriteString("Business Name,Category,Email,Phone,Address,City,State,ZIP\n")
	for i := range n {
		k := i * 7919 % 90
		cells := []string{
			fmt.Sprintf("SHOP %d LLC", k), fmt.Sprintf("Trade %d", i%5), fmt.Sprintf("owner@shop-%d.example", k),
			fmt.Sprintf("718-555-01%02d", k/2), fmt.Sprintf("%d COURT ST", k/3), "BROOKLYN", "NY", fmt.Sprintf("112%02d", k%7),
		}
		for c := 1; c < len(cells); c++ {
			if (i*31+c*17)%4 == 0 {
				cells[c] = ""
			}
		}
		if i%29 == 0 {
			cells[2] = "bad"
		}
		b.WriteString(strings.Join(cells, ",") + "\n")
	}
	return b.String()
}

func TestTwoAtOnceMakeNoDuplicates(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(10)
		file := licences(200)
		h.run(file)
		want := strings.Count(h.stored(), "\n")
		h.community = h.addCommunity("at-once")
		var wg sync.WaitGroup
		created := make([]int, 4)
		for i := range created {
			wg.Go(func() {
				r, err := h.imports.Run(h.t.Context(), h.request(), strings.NewReader(file), 0, nil)
				if err != nil {
					h.t.Error(err)
				}
				created[i] = r.Created
			})
		}
		wg.Wait()
		if got := strings.Count(h.stored(), "\n"); got != want {
			h.t.Errorf("%d businesses of four imports at once %v, want %d", got+1, created, want+1)
		}
	})
}

func TestProgress(t *testing.T) {
	each(t, func(h *house) {
		h.imports.SetBatchRows(10)
		file := licences(95)
		var totals []int
		var last int64
		_, err := h.imports.Run(h.t.Context(), h.request(), bytes.NewReader([]byte(file)), int64(len(file)), func(r fibonacco.ImportResult, done int64) {
			totals = append(totals, r.Total)
			if done < last || done > int64(len(file)) {
				h.t.Errorf("%d bytes after %d of %d", done, last, len(file))
			}
			last = done
		})
		must(h.t, err)
		if len(totals) != 10 || totals[0] != 10 || totals[9] != 95 || last != int64(len(file)) {
			h.t.Errorf("progress %v, %d of %d bytes", totals, last, len(file))
		}
	})
}
