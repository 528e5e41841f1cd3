package imports

import (
	"bytes"
	"errors"
	"io"
)

// Row is a row that the scanner read.
type Row struct {
	Line  int
	Cells []string
	Fault string
}

// Scan reads all of a CSV file through a reader that gives at most step bytes at a time.
func Scan(data []byte, comma byte, step int) ([]Row, error) {
	s := newCSV(&slow{data, step}, comma)
	var rows []Row
	for {
		row, err := s.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		r := Row{Line: row.line, Fault: row.fault}
		for _, c := range row.cells {
			if row.fault == "" {
				r.Cells = append(r.Cells, string(c))
			}
		}
		rows = append(rows, r)
	}
}

type slow struct {
	data []byte
	step int
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:min(len(p), s.step)], s.data)
	s.data = s.data[n:]
	return n, nil
}

// SetBatchRows and the like let tests see what happens between batches without large files.
var (
	StreetKey  = streetKey
	PlainEmail = plainEmail
	ZIPCode    = zipCode
	StateCode  = stateCode
	Text       = text
	Separator  = func(sample string) byte {
		return separator([]byte(sample), func(h []string) int { return recognised(h, nil) })
	}
	Guess = func(names ...string) (map[string]string, error) {
		p, err := planColumns(names, nil, false)
		out := map[string]string{}
		for _, c := range p.columns {
			out[specs[c.field].name] = names[c.index]
		}
		return out, err
	}
	JSONRows = func(data string) ([]string, error) {
		src, err := openString(data)
		if err != nil {
			return nil, err
		}
		var out []string
		for {
			b := &batch{}
			end := src.fill(b)
			b.normalise(src)
			for i, r := range b.rows {
				out = append(out, r.text[businessName])
				_ = i
			}
			if end != nil {
				if errors.Is(end, io.EOF) {
					end = nil
				}
				return out, end
			}
		}
	}
)

func openString(data string) (source, error) {
	b, err := openText(bytes.NewReader([]byte(data)))
	if err != nil {
		return nil, err
	}
	return newJSON(b, nil), nil
}
