package xlsx

import (
	"errors"
	"io"
	"strconv"
)

// Bounds of a row: Excel's own 16,384 columns, and what a row of an import may hold.
const (
	mostColumns = 16_384
	mostRow     = 4 << 20 // bytes of all cells of a row
)

// Rows is the rows of one sheet, in their order. Close it.
type Rows struct {
	w    *Workbook
	part io.Closer
	s    *scanner
	line int  // of the row read last
	in   bool // the rows have begun
	done bool // and are over

	text  []byte // the cells of the row, one after another
	ends  []int  // where each ends in text
	cells [][]byte
	cell  []byte // a value being read
	digit []byte // a number being written
	over  bool   // the row has more than it may
}

// Row is one row. Its cells are valid until the next one is read.
type Row struct {
	Line  int      // as Excel counts, from 1
	Cells [][]byte // up to the last that holds something
	Fault string   // why the row could not be read; "" when it could
}

// ErrorMark begins the text of a cell whose formula failed: ErrorMark + "#REF!". A formula that was
// never computed is ErrorMark alone. No other text begins so.
const ErrorMark = '\x01'

// Rows opens a sheet by its name, case apart; "" is the first that is not hidden. It returns
// Invalid when there is no such sheet.
func (w *Workbook) Rows(name string) (*Rows, error) {
	found, err := w.find(name)
	if err != nil {
		return nil, err
	}
	if err := w.openShared(); err != nil {
		return nil, err
	}
	part, err := w.unpack(found.path, mostSheet)
	if err != nil {
		return nil, err
	}
	s, err := newScanner(part)
	if err != nil {
		_ = part.Close()
		return nil, w.damaged(err)
	}
	return &Rows{w: w, part: part, s: s}, nil
}

// Close ends the reading.
func (r *Rows) Close() error { return r.part.Close() }

// Next is the next row that holds anything; io.EOF after the last.
func (r *Rows) Next() (Row, error) {
	for !r.done {
		err := r.s.next()
		if errors.Is(err, io.EOF) {
			err = errCutOff // the rows have an end tag, and there is always one for them
		}
		if err != nil {
			return Row{}, r.w.damaged(err)
		}
		switch {
		case r.s.is(startTag, "sheetData"):
			r.in, r.done = true, r.s.ended
		case r.s.is(endTag, "sheetData"):
			r.done = true // what follows is not looked at
		case r.in && r.s.is(startTag, "row"):
			row, err := r.row()
			if err != nil || len(row.Cells) > 0 || row.Fault != "" {
				return row, r.w.damaged(err)
			}
		}
	}
	return Row{}, io.EOF
}

func (r *Rows) row() (Row, error) {
	r.line++
	if n, err := strconv.Atoi(string(r.s.attr("r"))); err == nil && n >= r.line && n <= 1<<30 {
		r.line = n
	}
	r.text, r.ends, r.over = r.text[:0], r.ends[:0], false
	next := 0 // column of a cell that does not say where it is
	err := r.s.through(func() error {
		if !r.s.is(startTag, "c") {
			return nil
		}
		at := next
		if ref := column(r.s.attr("r")); ref >= 0 {
			at = ref
		}
		next = at + 1
		if at >= mostColumns || at < len(r.ends) {
			r.over = r.over || at >= mostColumns
			return r.s.through(nil) // two cells in one place: the first counts
		}
		kind, style := string(r.s.attr("t")), number(r.s.attr("s"))
		value, err := r.value(kind, style)
		if err != nil || len(value) == 0 {
			return err
		}
		if len(r.text)+len(value) > mostRow {
			r.over = true
			return nil
		}
		for len(r.ends) < at {
			r.ends = append(r.ends, len(r.text))
		}
		r.text = append(r.text, value...)
		r.ends = append(r.ends, len(r.text))
		return nil
	})
	row := Row{Line: r.line}
	if r.over {
		row.Fault = "is a row of more than 4 MiB, or of more columns than Excel has"
		return row, err
	}
	r.cells = r.cells[:0]
	from := 0
	for _, end := range r.ends {
		r.cells = append(r.cells, r.text[from:end])
		from = end
	}
	row.Cells = r.cells
	return row, err
}

// value reads the cell whose tag was just read, to its end, and returns its text.
func (r *Rows) value(kind string, style int) ([]byte, error) {
	r.cell = r.cell[:0]
	inValue, inline, formula, known := false, false, false, false
	s := r.s
	err := s.through(func() error {
		switch {
		case s.kind == textToken && (inValue || inline):
			r.cell = appendText(r.cell, s.text, s.cdata)
			if len(r.cell) > maxToken {
				return malformed("holds a text of more than 1 MiB")
			}
		case s.kind == textToken:
		case string(s.name) == "v":
			inValue = s.kind == startTag && !s.ended
			known = known || inValue
		case string(s.name) == "f":
			formula = true
		case s.is(startTag, "is"):
			known = true
			text, err := s.richText(r.cell)
			r.cell = text
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case formula && len(r.cell) == 0 && (kind != "str" || !known):
		r.cell = append(r.cell, ErrorMark)
		return r.cell, nil
	case !known:
		return nil, nil
	}
	return r.typed(kind, style)
}

// typed brings the text of a cell's value into the form that people see.
func (r *Rows) typed(kind string, style int) ([]byte, error) {
	raw := r.cell
	switch kind {
	case "s":
		i, err := strconv.Atoi(string(raw))
		if err != nil {
			i = -1
		}
		text, ok, err := r.w.shared.appendTo(raw[:0], i)
		if err == nil && !ok {
			err = malformed("is damaged: a cell refers to a text that there is not")
		}
		r.cell = text
		return text, err
	case "b":
		switch string(raw) {
		case "1", "true":
			raw = append(raw[:0], "TRUE"...)
		case "0", "false":
			raw = append(raw[:0], "FALSE"...)
		}
	case "e":
		if string(raw) == "#N/A" {
			return nil, nil // what lookups give for "there is none"
		}
		raw = append([]byte{ErrorMark}, raw...)
	case "", "n":
		if len(raw) > 0 {
			r.digit = r.w.appendNumber(r.digit[:0], raw, style)
			return r.digit, nil
		}
	}
	r.cell = raw
	return raw, nil
}

// column is the number, counting from 0, of the column that a cell's place names: 27 for AB12; -1
// when it names none.
func column(ref []byte) int {
	n := 0
	for _, c := range ref {
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		default:
			return n - 1
		}
		if n > mostColumns*26 {
			return mostColumns
		}
	}
	return n - 1
}

func number(text []byte) int {
	n, err := strconv.Atoi(string(text))
	if err != nil {
		return -1
	}
	return n
}
