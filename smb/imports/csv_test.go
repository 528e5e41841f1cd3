package imports_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/smb/imports"
)

func rows(t testing.TB, data string, step int) string {
	t.Helper()
	all, err := imports.Scan([]byte(data), ',', step)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, r := range all {
		if r.Fault != "" {
			fmt.Fprintf(&b, "%d!\n", r.Line)
			continue
		}
		fmt.Fprintf(&b, "%d %q\n", r.Line, r.Cells)
	}
	return b.String()
}

func TestScan(t *testing.T) {
	long := strings.Repeat("x", 1<<20+10)
	cases := map[string]struct{ in, want string }{
		"plain":                           {"a,b\nc,d\n", "1 [\"a\" \"b\"]\n2 [\"c\" \"d\"]\n"},
		"no line end at the end":          {"a,b\nc,d", "1 [\"a\" \"b\"]\n2 [\"c\" \"d\"]\n"},
		"CRLF":                            {"a,b\r\nc,d\r\n", "1 [\"a\" \"b\"]\n2 [\"c\" \"d\"]\n"},
		"old Mac":                         {"a,b\rc,d\r", "1 [\"a\" \"b\"]\n2 [\"c\" \"d\"]\n"},
		"empty cells":                     {",b,\n", "1 [\"\" \"b\" \"\"]\n"},
		"empty cell at the end":           {"a,", "1 [\"a\" \"\"]\n"},
		"quoted":                          {"\"a,b\",\"c\"\"d\"\n", "1 [\"a,b\" \"c\\\"d\"]\n"},
		"quoted, nothing in it":           {"\"\",a\n", "1 [\"\" \"a\"]\n"},
		"space around quotes":             {"a , \"b\" ,c\n", "1 [\"a \" \"b\" \"c\"]\n"},
		"quote inside a bare value":       {"5\" pipe,x\n", "1 [\"5\\\" pipe\" \"x\"]\n"},
		"quoted line break":               {"\"a\nb\",c\nd,e\n", "1 [\"a\\nb\" \"c\"]\n3 [\"d\" \"e\"]\n"},
		"quoted CRLF":                     {"\"a\r\nb\r\n\",c\r\nd,e\r\n", "1 [\"a\\r\\nb\\r\\n\" \"c\"]\n4 [\"d\" \"e\"]\n"},
		"blank lines":                     {"\n\na,b\n\n , \n\r\nc,d\n", "3 [\"a\" \"b\"]\n7 [\"c\" \"d\"]\n"},
		"text after a quote":              {"a,\"b\" c,d\ne,f\n", "1!\n2 [\"e\" \"f\"]\n"},
		"quote never closed":              {"a,b\n\"c,d\ne,f\ng,h\n", "1 [\"a\" \"b\"]\n2!\n3 [\"e\" \"f\"]\n4 [\"g\" \"h\"]\n"},
		"quote never closed, last line":   {"a,b\n\"c,d", "1 [\"a\" \"b\"]\n2!\n"},
		"quote closed in a later row":     {"\"a,b\n\"c\",\"d\"\ne,f\n", "1!\n2 [\"c\" \"d\"]\n3 [\"e\" \"f\"]\n"},
		"two broken rows":                 {"\"a\"b\n\"c\"d\ne\n", "1!\n2!\n3 [\"e\"]\n"},
		"a row that is too long":          {"a\n" + long + ",b\nc\n", "1 [\"a\"]\n2!\n3 [\"c\"]\n"},
		"a quoted value that is too long": {"a\n\"" + long + "\"\nc\n", "1 [\"a\"]\n2!\n3 [\"c\"]\n"},
		"an open quote far from the next": {"\"a\n" + strings.Repeat("b\n", 600_000) + "\"c", "1!\n"},
		"zero bytes":                      {"a\x00,b\n", "1 [\"a\\x00\" \"b\"]\n"},
		"not UTF-8":                       {"caf\xe9,b\n", "1 [\"caf\\xe9\" \"b\"]\n"},
		"nothing":                         {"", ""},
		"only line ends":                  {"\n\r\n\r", ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, step := range []int{1 << 20, 7, 1} {
				if step < 100 && len(tc.in) > 10_000 {
					continue
				}
				got := rows(t, tc.in, step)
				if name == "an open quote far from the next" {
					got, _, _ = strings.Cut(got, "2 ")
				}
				if got != tc.want {
					t.Errorf("in steps of %d:\n%.300swant\n%s", step, got, tc.want)
				}
			}
		})
	}
}

// Rows that others can read are read the same, in whatever dialect they are written.
func TestScanReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	cell := rapid.StringOf(rapid.SampledFrom([]rune("ab ,;\"\n\r\té東|'")))
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "width")
		table := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 8).Draw(t, "table")
		comma := rapid.SampledFrom([]rune{',', ';', '|', '\t'}).Draw(t, "comma")
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		w.Comma, w.UseCRLF = comma, rapid.Bool().Draw(t, "CRLF")
		want := [][]string{}
		for _, row := range table {
			for i := range row {
				row[i] = strings.ReplaceAll(row[i], "\r", "") // encoding/csv changes them
			}
			row[0] = "x" + row[0] // a row of blanks is none
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
			if w.UseCRLF {
				row = slices.Clone(row)
				for i := range row {
					row[i] = strings.ReplaceAll(row[i], "\n", "\r\n")
				}
			}
			want = append(want, row)
		}
		w.Flush()
		all, err := imports.Scan(b.Bytes(), byte(comma), rapid.IntRange(1, 50).Draw(t, "step"))
		if err != nil || len(all) != len(want) {
			t.Fatalf("%d rows of %d, %v, from %q", len(all), len(want), err, b.String())
		}
		for i, r := range all {
			if r.Fault != "" || !slices.Equal(r.Cells, want[i]) {
				t.Fatalf("row %d: %+v, want %q, from %q", i, r, want[i], b.String())
			}
		}
	})
}

func FuzzScan(f *testing.F) {
	for _, seed := range []string{"", "a,b\r\nc,\"d\ne\"\n", "\"a\n\"b\n\"", "\"\"\"", "a\rb\r\nc", "\"a\" \r", ",\",\"\n\",\n"} {
		f.Add([]byte(seed), uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		at := max(int(step), 1)
		all, err := imports.Scan(data, ',', at)
		if err != nil {
			t.Fatal(err)
		}
		line, lines := 0, 1+bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r"))
		for _, r := range all {
			if r.Line <= line || r.Line > lines {
				t.Fatalf("line %d after line %d of %d in %q", r.Line, line, lines, data)
			}
			line = r.Line
		}
		again, _ := imports.Scan(data, ',', 1<<20)
		if fmt.Sprint(all) != fmt.Sprint(again) {
			t.Fatalf("in steps of %d: %v, at once: %v, of %q", at, all, again, data)
		}
	})
}

func TestSeparator(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]byte{
		"name,email\nJoe's; the best,x@y.example\n":               ',',
		"Business Name;Phone;City\nJoe's, Inc;718;Brooklyn, NY\n": ';',
		"name\temail\nJoe's, Inc\tx\n":                            '\t',
		"name|email|a;b;c\nx|y|z\n":                               '|',
		"name\nJoe's\n":                                           ',',
		"\"Business, Name\";Phone\nJoe;718\n":                     ';',
		"x;y;z\n1,5;2;3\n1,6;2;3\n":                               ';',
		"":                                                        ',',
	} {
		if got := imports.Separator(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":                "plain",
		"  two  words\t":       "two words",
		"a\r\nb":               "a b",
		"caf\xe9":              "café",
		"\x93Joe\x92s\x94":     "“Joe’s”",
		"café":                 "café",
		"\u00a0x\u00a0\u200by": "x y",
		"\ufeffx":              "x",
		"a\x00b":               "a\x00b",
		"a\x07b":               "a b",
		"":                     "",
		" ":                    "",
		"\x81":                 "\uFFFD",
	} {
		if got := imports.Text(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// utf16Of is s in UTF-16, little or big endian, with or without a mark.
func utf16Of(s string, big, mark bool) []byte {
	units := utf16.Encode([]rune(s))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	var out []byte
	for _, u := range units {
		lo, hi := byte(u), byte(u>>8)
		if big {
			lo, hi = hi, lo
		}
		out = append(out, lo, hi)
	}
	return out
}
