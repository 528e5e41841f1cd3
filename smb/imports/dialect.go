package imports

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/fibonacco/fibonacco"
)

// separators are what values are taken to be separated by, the usual first.
var separators = []byte{',', ';', '\t', '|'}

// separator tells from the beginning of a file how its values are separated: by what gives the
// first row the most columns that are known (known says how many of a row are), then by what
// gives the following rows as many values as the first.
func separator(sample []byte, known func(header []string) int) byte {
	best, most := separators[0], -1
	for _, comma := range separators {
		s := newCSV(bytes.NewReader(sample), comma)
		head, err := s.next()
		if err != nil || head.fault != "" {
			continue
		}
		names := cellTexts(head.cells)
		score := known(names) * 10_000
		if len(names) > 1 {
			for range 20 {
				row, err := s.next()
				if err != nil {
					break
				}
				if len(row.cells) == len(names) {
					score += 100
				}
			}
			score += min(len(names), 99)
		}
		if score > most {
			best, most = comma, score
		}
	}
	return best
}

// declared is the separator that Excel writes into a line of its own before the header
// ("sep=;"), and how many bytes that line has; 0 when there is none.
func declared(sample []byte) (comma byte, n int) {
	rest, ok := bytes.CutPrefix(sample, []byte("sep="))
	if !ok || len(rest) < 2 || (rest[1] != '\n' && rest[1] != '\r') {
		return 0, 0
	}
	n = len("sep=") + 2
	if rest[1] == '\r' && len(rest) > 2 && rest[2] == '\n' {
		n++
	}
	return rest[0], n
}

func cellTexts(cells [][]byte) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = text(string(c))
	}
	return out
}

// csvSource is a CSV file whose header has been read.
type csvSource struct {
	s      *csvScanner
	layout layout
	plan   plan
	as     terms
}

// openCSV reads the header of a CSV file.
func (o *opening) openCSV(r *bufio.Reader) (*csvSource, error) {
	sample, err := r.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	comma, n := declared(sample)
	sample = sample[n:]
	if n == 0 {
		comma = separator(sample, func(header []string) int { return recognised(header, o.req.Mapping) })
	}
	l := layout{format: "csv", sample: firstRows(sample, comma)} // before anything is discarded: sample is r's own
	s := newCSV(r, comma)
	if n > 0 {
		_, _ = r.Discard(n) // they are in the buffer
		s.line++
	}
	head, err := s.next()
	if errors.Is(err, io.EOF) {
		return nil, errEmpty
	}
	if err != nil {
		return nil, err
	}
	if head.fault != "" {
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the first row, line %d, should name the columns, but %s", head.line, head.fault)
	}
	l.columns = cellTexts(head.cells)
	p, err := o.choose(&l, false)
	if err != nil {
		return nil, err
	}
	return &csvSource{s: s, layout: l, plan: p, as: o.as}, nil
}

// firstRows is the rows after the header in the beginning of a file. The last may be cut off.
func firstRows(sample []byte, comma byte) [][]string {
	s := newCSV(bytes.NewReader(sample), comma)
	var rows [][]string
	for len(rows) <= sampleRows {
		row, err := s.next()
		if err != nil {
			break
		}
		if row.fault == "" {
			rows = append(rows, cellTexts(row.cells))
		}
	}
	return rows[min(1, len(rows)):]
}

func (c *csvSource) unread() []string { return c.plan.unread }
func (c *csvSource) terms() *terms    { return &c.as }
func (c *csvSource) about() *layout   { return &c.layout }
func (c *csvSource) close()           {}

func (c *csvSource) fill(b *batch) error {
	b.width = len(c.plan.columns)
	for len(b.lines) < b.limit && len(b.text) < batchText {
		row, err := c.s.next()
		if err != nil {
			return err
		}
		b.addRow(row.line, row.cells, row.fault, &c.plan, len(c.layout.columns))
	}
	return nil
}

// addRow adds what a plan reads of one row, of a file whose header has so many columns.
func (b *batch) addRow(line int, cells [][]byte, fault string, p *plan, header int) {
	for i := header; fault == "" && i < len(cells); i++ {
		if len(bytes.TrimSpace(cells[i])) > 0 {
			fault = "has more values than the header has columns"
		}
	}
	b.lines = append(b.lines, line)
	if fault != "" {
		b.fault(fault)
	}
	for _, col := range p.columns {
		if fault == "" && col.index < len(cells) {
			b.text = append(b.text, cells[col.index]...)
		}
		b.ends = append(b.ends, len(b.text))
	}
}

func (c *csvSource) values(cells []string) (v values, bad []refusal) {
	for i, col := range c.plan.columns {
		v[col.field] = text(cells[i])
	}
	return v, nil
}
