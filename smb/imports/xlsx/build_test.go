package xlsx_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/smb/imports/xlsx"
)

// book is a workbook to be written: a part is left out when its text is "".
type book struct {
	workbook, links, styles, shared string
	sheets                          []string
}

const head = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

func rowsOf(data string) string {
	return head + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:C3"/><sheetData>` + data + `</sheetData><mergeCells count="1"><mergeCell ref="A1:C1"/></mergeCells></worksheet>`
}

func (b book) bytes(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name, text string) {
		if text == "" {
			return
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	links, list := "", ""
	for i, s := range b.sheets {
		name := fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1)
		add(name, s)
		links += fmt.Sprintf(`<Relationship Id="rId%d" Type="http://x/worksheet" Target="worksheets/sheet%d.xml"/>`, i+1, i+1)
		list += fmt.Sprintf(`<sheet name="Sheet %d" sheetId="%d" r:id="rId%d"/>`, i+1, i+1, i+1)
	}
	if b.workbook == "" {
		b.workbook = head + `<workbook xmlns:r="r"><workbookPr/><sheets>` + list + `</sheets></workbook>`
	}
	if b.links == "" {
		b.links = head + `<Relationships>` + links + `<Relationship Id="s" Type="http://x/sharedStrings" Target="/xl/sharedStrings.xml"/>` +
			`<Relationship Id="t" Type="http://x/styles" Target="styles.xml"/></Relationships>`
	}
	add("[Content_Types].xml", head+`<Types/>`)
	add("_rels/.rels", head+`<Relationships><Relationship Id="rId1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	add("xl/workbook.xml", b.workbook)
	add("xl/_rels/workbook.xml.rels", b.links)
	add("xl/styles.xml", b.styles)
	add("xl/sharedStrings.xml", b.shared)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// read is every row of a sheet, a line each: number, then the cells.
func read(data []byte, sheet string) (string, error) {
	w, err := xlsx.Open(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "", err
	}
	defer func() { _ = w.Close() }()
	rows, err := w.Rows(sheet)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }()
	var out strings.Builder
	for {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			if _, again := rows.Next(); !errors.Is(again, io.EOF) {
				return "", errors.New("the end is not the end")
			}
			return out.String(), nil
		}
		if err != nil {
			return out.String(), err
		}
		if row.Fault != "" {
			fmt.Fprintf(&out, "%d!\n", row.Line)
			continue
		}
		fmt.Fprintf(&out, "%d %q\n", row.Line, row.Cells)
	}
}

func zipped(t testing.TB, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	f, err := z.Create(name)
	if err == nil {
		_, err = f.Write([]byte(text))
	}
	if err = errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
