package xlsx_test

import (
	"bytes"
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports/xlsx"
)

func TestCells(t *testing.T) {
	t.Parallel()
	const shared = head + `<sst count="9"><si><t>Café &amp; Bar</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">Joe </t></r><r><t>Doe</t></r><rPh sb="0" eb="1"><t>no</t></rPh></si><si/><si><t/></si><si><t>a_x000D_
b_x0041__x005F_x0041_ &#x26;&#233;&bogus;</t></si><si><t><![CDATA[<1 & 2>]]></t></si></sst>`
	const styles = head + `<styleSheet><numFmts count="6"><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd"/><numFmt numFmtId="165" formatCode="00000"/>` +
		`<numFmt numFmtId="166" formatCode="00000\-0000"/><numFmt numFmtId="167" formatCode="[Red]#,##0.00 &quot;day&quot;;[$-409]d"/>` +
		`<numFmt numFmtId="168" formatCode="[h]:mm:ss"/><numFmt numFmtId="169" formatCode="General"/></numFmts>` +
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>` +
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/><xf numFmtId="167"/><xf numFmtId="168"/><xf numFmtId="22"/><xf numFmtId="169"/></cellXfs></styleSheet>`
	cases := map[string]struct{ in, want string }{
		"shared texts":            {`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>5</v></c></row>`, `1 ["Café & Bar" "Joe Doe" "<1 & 2>"]`},
		"escapes":                 {`<row r="1"><c r="A1" t="s"><v>4</v></c></row>`, `1 ["a\r\nbA_x0041_ &é&bogus;"]`},
		"empty texts":             {`<row r="1"><c r="A1" t="s"><v>2</v></c><c r="B1" t="s"><v>3</v></c><c r="C1"><v>1</v></c></row>`, `1 ["" "" "1"]`},
		"in the cell":             {`<row r="2"><c r="A2" t="inlineStr"><is><t> x </t></is></c><c r="B2" t="inlineStr"><is><r><t>y</t></r><r><t>z</t></r></is></c></row>`, `2 [" x " "yz"]`},
		"numbers":                 {`<row r="1"><c r="A1"><v>11231</v></c><c r="B1"><v>1.8005550123E10</v></c><c r="C1"><v>-73.991200000000006</v></c><c r="D1"><v>0.1</v></c><c r="E1" s="8"><v>45000</v></c><c r="F1"><v>1E+20</v></c></row>`, `1 ["11231" "18005550123" "-73.9912" "0.1" "45000" "100000000000000000000"]`},
		"no numbers":              {`<row r="1"><c r="A1"><v>abc</v></c><c r="B1"><v>NaN</v></c><c r="C1"><v></v></c></row>`, `1 ["abc" "NaN"]`},
		"zeros":                   {`<row r="1"><c r="A1" s="3"><v>7030</v></c><c r="B1" s="4"><v>70301234</v></c><c r="C1" s="3"><v>123456</v></c><c r="D1" s="3"><v>1.5</v></c></row>`, `1 ["07030" "07030-1234" "123456" "1.5"]`},
		"dates":                   {`<row r="1"><c r="A1" s="1"><v>46083</v></c><c r="B1" s="2"><v>1</v></c><c r="C1" s="7"><v>46083.5</v></c><c r="D1" s="6"><v>0.75</v></c><c r="E1" s="1"><v>59</v></c><c r="F1" s="1"><v>61</v></c><c r="G1" s="1"><v>-1</v></c><c r="H1" s="1"><v>2958466</v></c></row>`, `1 ["2026-03-02" "1900-01-01" "2026-03-02T12:00:00" "18:00:00" "1900-02-28" "1900-03-01" "-1" "2958466"]`},
		"no date":                 {`<row r="1"><c r="A1" s="5"><v>46083</v></c></row>`, `1 ["46083"]`},
		"ISO dates":               {`<row r="1"><c r="A1" t="d"><v>2026-03-02T00:00:00</v></c></row>`, `1 ["2026-03-02T00:00:00"]`},
		"yes and no":              {`<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c></row>`, `1 ["TRUE" "FALSE"]`},
		"formulas":                {`<row r="1"><c r="A1" t="str"><f>A2&amp;"x"</f><v>Joe's</v></c><c r="B1"><f>1+1</f><v>2</v></c><c r="C1"><f>1/A9</f></c><c r="D1" t="shared"><f t="shared" si="0"/><v>q</v></c></row>`, `1 ["Joe's" "2" "\x01" "q"]`},
		"failed formulas":         {`<row r="1"><c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="B1" t="e"><v>#N/A</v></c><c r="C1"><v>3</v></c></row>`, `1 ["\x01#DIV/0!" "" "3"]`},
		"gaps":                    {`<row r="3"><c r="B3"><v>1</v></c><c r="D3"><v>2</v></c></row><row r="9"><c r="A9"><v>3</v></c></row>`, "3 [\"\" \"1\" \"\" \"2\"]\n9 [\"3\"]"},
		"no places":               {`<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>`, "1 [\"1\" \"2\"]\n2 [\"3\"]"},
		"formatted and empty":     {`<row r="1"><c r="A1" s="1"/><c r="B1"/></row><row r="2"/><row r="3" hidden="1"><c r="A3"><v>1</v></c></row>`, `3 ["1"]`},
		"one place twice":         {`<row r="1"><c r="B1"><v>1</v></c><c r="A1"><v>2</v></c><c r="B1"><v>3</v></c></row>`, `1 ["" "1"]`},
		"rows out of order":       {`<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>`, "5 [\"1\"]\n6 [\"2\"]"},
		"far columns":             {`<row r="1"><c r="XFD1"><v>1</v></c></row><row r="2"><c r="XFE2"><v>1</v></c></row><row r="3"><c r="ZZZZZZZZZZ3"><v>1</v></c></row>`, "FAR\n2!\n3!"},
		"comments, tags inside":   {`<!-- <row> --><row r="1" x=">"><c r="A1"><?pi?><v>1</v><extLst><ext><v>9</v></ext></extLst></c></row>`, `1 ["19"]`},
		"prefixes, single quotes": {`<x:row r='1' q='"'><x:c r='A1' t='str'><x:v>a</x:v></x:c></x:row>`, `1 ["a"]`},
		"nothing":                 {``, ""},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(book{sheets: []string{rowsOf(tc.in)}, shared: shared, styles: styles}.bytes(t), "")
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "FAR\n2!\n3!" {
				far := fmt.Sprintf("1 %q\n2!\n3!\n", append(make([]string, 16_383), "1"))
				if got != far {
					t.Errorf("got %.100s … %s", got, got[len(got)-20:])
				}
				return
			}
			if strings.TrimSuffix(got, "\n") != tc.want {
				t.Errorf("got\n%swant\n%s", got, tc.want)
			}
		})
	}
}

func TestSheets(t *testing.T) {
	t.Parallel()
	one, two := rowsOf(`<row r="1"><c r="A1"><v>1</v></c></row>`), rowsOf(`<row r="1"><c r="A1"><v>2</v></c></row>`)
	links := head + `<Relationships><Relationship Id="a" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" Type="http://x/worksheet" Target="/xl/worksheets/sheet2.xml"/>` +
		`<Relationship Id="c" Type="http://x/chartsheet" Target="worksheets/sheet1.xml"/><Relationship Id="d" Type="http://x/worksheet" Target="worksheets/gone.xml"/></Relationships>`
	list := func(sheets string) string {
		return head + `<workbook xmlns:rel="r"><workbookPr date1904="1"/><sheets>` + sheets + `</sheets></workbook>`
	}
	chart := `<sheet name="Chart" rel:id="c"/><sheet name="Gone" rel:id="d"/>`
	cases := map[string]struct{ workbook, ask, want string }{
		"the first that is not hidden": {list(chart + `<sheet name="Hidden" state="hidden" rel:id="a"/><sheet name="Shops &amp; Bars" rel:id="b"/>`), "", "1 [\"2\"]\n"},
		"by name, case apart":          {list(chart + `<sheet name="Hidden" state="veryHidden" rel:id="a"/><sheet name="Shops &amp; Bars" rel:id="b"/>`), "shops & bars", "1 [\"2\"]\n"},
		"a hidden one by name":         {list(`<sheet name="Hidden" state="hidden" rel:id="a"/><sheet name="B" rel:id="b"/>`), "hidden", "1 [\"1\"]\n"},
		"all are hidden":               {list(`<sheet name="Hidden" state="hidden" rel:id="a"/>`), "", "1 [\"1\"]\n"},
	}
	for name, tc := range cases {
		data := book{workbook: tc.workbook, links: links, sheets: []string{one, two}}.bytes(t)
		if got, err := read(data, tc.ask); got != tc.want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	data := book{workbook: list(`<sheet name="A" rel:id="a"/><sheet name="B" rel:id="b"/>`), links: links, sheets: []string{one, two}}.bytes(t)
	if _, err := read(data, "C"); fibonacco.CodeOf(err) != fibonacco.Invalid || !strings.Contains(err.Error(), "A, B") {
		t.Errorf("a sheet that there is not: %v", err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	good := book{sheets: []string{rowsOf(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`)}, shared: `<sst><si><t>x</t></si></sst>`}
	whole := good.bytes(t)
	bomb := func(text string, n int) string { return strings.Repeat(text, n) }
	cases := map[string]struct {
		data []byte
		says string
	}{
		"nothing":               {nil, "ZIP"},
		"no archive":            {[]byte("PK\x03\x04 and so on"), "ZIP"},
		"cut off":               {whole[:len(whole)/2], "ZIP"},
		"no workbook":           {onlyPart(t, "readme.txt", "x"), "no workbook"},
		"OpenOffice":            {onlyPart(t, "mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ".ods"},
		"binary":                {onlyPart(t, "xl/workbook.bin", "x"), ".xlsb"},
		"no sheets":             {book{workbook: `<workbook><sheets/></workbook>`}.bytes(t), "no sheet"},
		"a text there is not":   {book{sheets: []string{rowsOf(`<row><c t="s"><v>7</v></c></row>`)}}.bytes(t), "refers to a text"},
		"rows never end":        {book{sheets: []string{`<worksheet><sheetData><row><c><v>1</v></c></row>`}}.bytes(t), "breaks off"},
		"a cell never ends":     {book{sheets: []string{`<worksheet><sheetData><row><c><v>1`}}.bytes(t), "breaks off"},
		"no rows":               {book{sheets: []string{`<worksheet></worksheet>`}}.bytes(t), "breaks off"},
		"a document type":       {book{sheets: []string{`<!DOCTYPE x [<!ENTITY a "b">]>` + rowsOf("")}}.bytes(t), "document type"},
		"nested without end":    {book{sheets: []string{bomb("<a>", 1000)}}.bytes(t), "nested"},
		"a text without end":    {book{sheets: []string{rowsOf(`<row><c><v>` + bomb("x", 3<<20) + `</v></c></row>`)}}.bytes(t), "1 MiB"},
		"texts without end":     {book{sheets: []string{rowsOf(`<row><c t="inlineStr"><is>` + bomb("<t>xxxxxxxxxx</t>", 200_000) + `</is></c></row>`)}}.bytes(t), "1 MiB"},
		"a shared text too":     {book{sheets: []string{rowsOf("")}, shared: `<sst><si>` + bomb("<t>xxxxxxxxxx</t>", 200_000) + `</si></sst>`}.bytes(t), "1 MiB"},
		"a description, bombed": {book{sheets: []string{rowsOf("")}, styles: bomb("<a/>                                ", 3_000_000)}.bytes(t), "grows beyond"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tc.data, "")
			if fibonacco.CodeOf(err) != fibonacco.Malformed || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%v, want malformed saying %q", err, tc.says)
			}
		})
	}
	flipped := bytes.Clone(whole)
	for i := range flipped { // whatever byte is wrong, it is an error for people or none
		flipped[i] ^= 0x55
		if _, err := read(flipped, ""); err != nil && fibonacco.CodeOf(err) != fibonacco.Malformed && fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Fatalf("byte %d: %v", i, err)
		}
		flipped[i] ^= 0x55
	}
}

func TestUTF16(t *testing.T) {
	t.Parallel()
	text := `<?xml version="1.0" encoding="UTF-16"?><worksheet><sheetData><row><c t="str"><v>Café</v></c></row></sheetData></worksheet>`
	var wide []byte
	for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	if got, err := read(book{sheets: []string{string(wide)}}.bytes(t), ""); got != "1 [\"Café\"]\n" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// More shared texts than fit into memory are the same texts.
func TestManySharedTexts(t *testing.T) {
	t.Parallel()
	const n = 50_000
	var shared, rows strings.Builder
	long := strings.Repeat("é", 200)
	shared.WriteString("<sst>")
	for i := range n {
		fmt.Fprintf(&shared, "<si><t>%d %s</t></si>", i, long)
	}
	shared.WriteString("</sst>")
	for i := range n {
		fmt.Fprintf(&rows, `<row><c t="s"><v>%d</v></c></row>`, i*7919%n)
	}
	got, err := read(book{sheets: []string{rowsOf(rows.String())}, shared: shared.String()}.bytes(t), "")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
		if want := fmt.Sprintf(`%d ["%d %s"]`, i+1, i*7919%n, long); line != want {
			t.Fatalf("got %.60s, want %.60s", line, want)
		}
	}
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), "fibonacco-xlsx-*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Whatever is written comes back, in whichever of the ways cells have.
func TestReadsWhatWasWritten(t *testing.T) {
	t.Parallel()
	cell := rapid.StringOf(rapid.SampledFrom([]rune("ab <>&\"'_x0041é東🍕;]")))
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SliceOfN(rapid.SliceOfN(cell, 1, 6), 1, 8).Draw(t, "table")
		var shared, rows, want strings.Builder
		n := 0
		for i, row := range table {
			row = append(row, "end")
			fmt.Fprintf(&rows, `<row r="%d">`, i+1)
			for _, c := range row {
				text := html.EscapeString(strings.ReplaceAll(c, "_x", "_x005F_x"))
				switch rapid.IntRange(0, 3).Draw(t, "way") {
				case 0:
					fmt.Fprintf(&shared, "<si><t>%s</t></si>", text)
					fmt.Fprintf(&rows, `<c t="s"><v>%d</v></c>`, n)
					n++
				case 1:
					fmt.Fprintf(&rows, `<c t="inlineStr"><is><r><t>%s</t></r></is></c>`, text)
				case 2:
					fmt.Fprintf(&rows, `<c t="str"><f>x</f><v>%s</v></c>`, text)
				default:
					fmt.Fprintf(&rows, `<c t="str"><v><![CDATA[%s]]></v></c>`, strings.ReplaceAll(strings.ReplaceAll(c, "_x", "_x005F_x"), "]]>", "]]]]><![CDATA[>"))
				}
			}
			rows.WriteString("</row>")
			fmt.Fprintf(&want, "%d %q\n", i+1, row)
		}
		b := book{sheets: []string{rowsOf(rows.String())}, shared: "<sst>" + shared.String() + "</sst>"}
		// An empty cell between others is written without a value, and is one again.
		if got, err := read(b.bytes(quiet{}), ""); err != nil || got != want.String() {
			t.Fatalf("%v\n%s\nwant\n%s\nfrom %s", err, got, want.String(), rows.String())
		}
	})
}

// quiet is a testing.TB that rapid's checks need not have.
type quiet struct{ testing.TB }

func (quiet) Helper()           {}
func (quiet) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func onlyPart(t *testing.T, name, text string) []byte {
	t.Helper()
	return zipped(t, name, text)
}

var update = flag.Bool("update", false, "rewrite the golden files")

// Files that others wrote: openpyxl, XlsxWriter and excelize.
func TestOthersFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.xlsx")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			got, _ := read(data, "")
			if err := os.WriteFile(strings.TrimSuffix(name, ".xlsx")+".golden", []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(strings.TrimSuffix(name, ".xlsx") + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := read(data, ""); err != nil || got != string(want) {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, want)
		}
	}
}

func FuzzSheet(f *testing.F) {
	for _, seed := range []string{"", `<row r="1"><c r="A1" t="s"><v>0</v></c></row>`, `<row><c s="1"><v>1E9</v></c><c t="e"><v>#REF!</v></c></row>`, `<row><c t="inlineStr"><is><t>_x000`, `<row><![CDATA[`, `<row a='>' b=">"/>`, "<row><c r=\"ZZ\xff\"/>"} {
		f.Add(seed, "<si><t>x</t></si>", `<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>`)
	}
	f.Fuzz(func(t *testing.T, rows, shared, styles string) {
		data := book{sheets: []string{"<worksheet><sheetData>" + rows + "</sheetData></worksheet>"}, shared: "<sst>" + shared + "</sst>", styles: styles}.bytes(t)
		got, err := read(data, "")
		if code := fibonacco.CodeOf(err); err != nil && code != fibonacco.Malformed {
			t.Fatalf("%v", err)
		}
		if again, _ := read(data, ""); again != got {
			t.Fatalf("%s, then %s", got, again)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(book{sheets: []string{rowsOf(`<row r="1"><c r="A1" t="s"><v>0</v></c></row>`)}, shared: `<sst><si><t>x</t></si></sst>`}.bytes(f))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		w, err := xlsx.Open(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			if fibonacco.CodeOf(err) != fibonacco.Malformed {
				t.Fatal(err)
			}
			return
		}
		if _, err := read(data, w.Sheets()[0]); err != nil && fibonacco.CodeOf(err) != fibonacco.Malformed && fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Fatal(err)
		}
		_ = w.Close()
	})
}
