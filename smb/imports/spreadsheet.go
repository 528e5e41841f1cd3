package imports

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/imports/xlsx"
)

// headerWithin is how many rows are looked at for the header: lists have a title above it.
const headerWithin = 10

// bookSource is a sheet of a workbook whose header has been read.
type bookSource struct {
	book   *xlsx.Workbook
	rows   *xlsx.Rows
	layout layout
	plan   plan
	as     terms
	done   func() // nil, or gives back what the file was set aside in
}

// openWorkbook reads the header of a sheet: the first row, or below a title the one with the most
// names that are known.
func (o *opening) openWorkbook(r io.ReaderAt, size int64, done func()) (*bookSource, error) {
	book, err := xlsx.Open(r, size)
	if err != nil {
		return nil, err
	}
	s := &bookSource{book: book, as: o.as, layout: layout{format: "xlsx", sheets: book.Sheets()}}
	if s.layout.sheet, err = book.Sheet(o.req.Sheet); err == nil {
		err = s.begin(o)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	s.done = done
	return s, nil
}

func (s *bookSource) begin(o *opening) error {
	header, err := s.look(o)
	if err != nil {
		return err
	}
	if s.plan, err = o.choose(&s.layout, false); err != nil {
		return err
	}
	if s.rows, err = s.book.Rows(s.layout.sheet); err != nil {
		return err
	}
	for range header + 1 {
		if _, err := s.rows.Next(); err != nil {
			return err
		}
	}
	return nil
}

// look reads the first rows, and says how many stand above the header.
func (s *bookSource) look(o *opening) (header int, err error) {
	rows, err := s.book.Rows(s.layout.sheet)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	var first [][]string
	for len(first) < sampleRows {
		row, err := rows.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if row.Fault != "" && len(first) == 0 {
			return 0, fibonacco.Errorf(fibonacco.Malformed, "the first row, line %d, should name the columns, but %s", row.Line, row.Fault)
		}
		first = append(first, cellTexts(row.Cells))
	}
	if len(first) == 0 {
		return 0, errEmpty
	}
	most := 0
	for i, row := range first[:min(headerWithin, len(first))] {
		if known := recognised(row, o.req.Mapping); known > most {
			header, most = i, known
		}
	}
	s.layout.columns, s.layout.sample = first[header], first[header+1:]
	return header, nil
}

func (s *bookSource) unread() []string { return s.plan.unread }
func (s *bookSource) terms() *terms    { return &s.as }
func (s *bookSource) about() *layout   { return &s.layout }

func (s *bookSource) close() {
	if s.rows != nil {
		_ = s.rows.Close()
	}
	_ = s.book.Close() // the texts set aside; nothing is lost by it
	if s.done != nil {
		s.done()
	}
}

func (s *bookSource) fill(b *batch) error {
	b.width = len(s.plan.columns)
	for len(b.lines) < b.limit && len(b.text) < batchText {
		row, err := s.rows.Next()
		if err != nil {
			return err
		}
		if row.Fault == "" && blank(row.Cells) {
			continue
		}
		b.addRow(row.Line, row.Cells, row.Fault, &s.plan, len(s.layout.columns))
	}
	return nil
}

func blank(cells [][]byte) bool {
	return !slices.ContainsFunc(cells, func(c []byte) bool { return len(bytes.TrimSpace(c)) > 0 })
}

// values refuses what formulas failed to compute.
func (s *bookSource) values(cells []string) (v values, bad []refusal) {
	for i, col := range s.plan.columns {
		if failed, ok := strings.CutPrefix(cells[i], string(xlsx.ErrorMark)); ok {
			reason := "is a formula that failed: " + failed
			if failed == "" {
				reason = "is a formula that was never computed: open and save the workbook once"
			}
			bad = append(bad, refusal{specs[col.field].name, reason, failed})
			continue
		}
		v[col.field] = text(cells[i])
	}
	return v, bad
}
