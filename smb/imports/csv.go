package imports

import (
	"bytes"
	"errors"
	"io"
)

// maxRow is how long a row may be, in bytes. A row of hundreds of columns has room in it; a quote
// that is never closed is noticed when it is reached.
const maxRow = 1 << 20

// csvScanner reads rows of separated values. Unlike encoding/csv it goes on after a broken row: a
// quote that is not closed, or closed in the middle of a value, costs the line it is on and no
// other. It keeps count of the file's physical lines, whether they end in LF, CRLF or CR.
type csvScanner struct {
	r     io.Reader
	comma byte

	buf      []byte
	pos, end int
	eof      bool
	err      error
	line     int // of buf[pos], counting from 1

	cells   [][]byte
	scratch []byte
}

// csvRow is one row. Cells are valid until the next call of next.
type csvRow struct {
	line  int
	cells [][]byte
	fault string // why the row could not be read; "" when it could
}

func newCSV(r io.Reader, comma byte) *csvScanner {
	return &csvScanner{r: r, comma: comma, buf: make([]byte, sampleSize), line: 1}
}

// next is the next row that is not blank; io.EOF after the last.
func (s *csvScanner) next() (csvRow, error) {
	for {
		if s.pos == s.end {
			if s.eof {
				return csvRow{}, s.ended()
			}
			s.fill()
			continue
		}
		n, lines, outcome := s.parse(s.buf[s.pos:s.end])
		switch {
		case outcome == needMore && s.end-s.pos < maxRow:
			s.fill()
			continue
		case outcome == needMore:
			fault := "is a row of more than 1 MiB"
			if bytes.ContainsAny(s.buf[s.pos:s.end], "\r\n") {
				fault = "has a quote that is not closed"
			}
			line := s.line
			s.skipLine()
			return csvRow{line: line, fault: fault}, nil
		case outcome == badQuote:
			line := s.line
			s.skipLine()
			return csvRow{line: line, fault: "has a quote out of place, or one that is not closed"}, nil
		}
		line := s.line
		s.pos += n
		s.line += lines
		for _, cell := range s.cells {
			if len(bytes.TrimSpace(cell)) > 0 {
				return csvRow{line: line, cells: s.cells}, nil
			}
		}
	}
}

func (s *csvScanner) ended() error {
	if s.err != nil {
		return s.err
	}
	return io.EOF
}

// fill reads more, making room first.
func (s *csvScanner) fill() {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		bigger := make([]byte, 2*len(s.buf))
		copy(bigger, s.buf[:s.end])
		s.buf = bigger
	}
	for range 100 { // a reader may return nothing, but not for ever
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.eof = true
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return
		}
		if n > 0 {
			return
		}
	}
	s.eof, s.err = true, io.ErrNoProgress
}

// skipLine leaves the physical line that buf[pos] is on, however long it is.
func (s *csvScanner) skipLine() {
	s.line++
	for {
		b := s.buf[s.pos:s.end]
		i := bytes.IndexAny(b, "\r\n")
		switch {
		case i >= 0 && b[i] == '\r' && i+1 == len(b) && !s.eof:
			s.pos += i // the LF may be the next byte
		case i >= 0 && b[i] == '\r' && i+1 < len(b) && b[i+1] == '\n':
			s.pos += i + 2
			return
		case i >= 0:
			s.pos += i + 1
			return
		default:
			s.pos = s.end
		}
		if s.eof {
			s.pos = s.end
			return
		}
		s.fill()
	}
}

type outcome int

const (
	whole    outcome = iota // a row was read
	needMore                // the row goes on behind the buffer
	badQuote
)

// parse reads one row at the start of b into s.cells, and says how many bytes and physical lines
// it took.
func (s *csvScanner) parse(b []byte) (n, lines int, o outcome) {
	s.cells = s.cells[:0]
	if n, ok := s.parsePlain(b); ok {
		return n, 1, whole
	}
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	lines = 1
	for i := 0; ; {
		start := i
		for i < len(b) && (b[i] == ' ' || b[i] == '\t') && b[i] != s.comma {
			i++
		}
		if i == len(b) && !s.eof {
			return 0, 0, needMore
		}
		if i < len(b) && b[i] == '"' {
			cell, next, o := s.quoted(b, i+1)
			if o != whole {
				return 0, 0, o
			}
			lines += countLines(b[i:next])
			s.cells = append(s.cells, cell)
			i = next
		} else {
			for i = start; i < len(b) && b[i] != s.comma && b[i] != '\n' && b[i] != '\r'; i++ {
			}
			s.cells = append(s.cells, b[start:i])
		}
		switch {
		case i == len(b) && !s.eof:
			return 0, 0, needMore
		case i == len(b):
			return i, lines, whole
		case b[i] == s.comma:
			i++
		case b[i] == '\n':
			return i + 1, lines, whole
		case i+1 == len(b) && !s.eof: // CR: is it CRLF?
			return 0, 0, needMore
		case i+1 < len(b) && b[i+1] == '\n':
			return i + 2, lines, whole
		default:
			return i + 1, lines, whole
		}
	}
}

// parsePlain is the short way for a row without quotes that ends in the buffer.
func (s *csvScanner) parsePlain(b []byte) (n int, ok bool) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0, false
	}
	row := b[:end]
	if end > 0 && row[end-1] == '\r' {
		row = row[:end-1]
	}
	if bytes.IndexByte(row, '"') >= 0 || bytes.IndexByte(row, '\r') >= 0 {
		return 0, false
	}
	for {
		i := bytes.IndexByte(row, s.comma)
		if i < 0 {
			s.cells = append(s.cells, row)
			return end + 1, true
		}
		s.cells = append(s.cells, row[:i])
		row = row[i+1:]
	}
}

// quoted reads a quoted value whose first character is b[i]; next is where the separator or the
// end of the row is.
func (s *csvScanner) quoted(b []byte, i int) (cell []byte, next int, o outcome) {
	from, doubled := i, false
	for {
		k := bytes.IndexByte(b[i:], '"')
		if k < 0 && s.eof {
			return nil, 0, badQuote
		}
		if k < 0 || (i+k+1 == len(b) && !s.eof) {
			return nil, 0, needMore
		}
		i += k + 1
		if i == len(b) || b[i] != '"' {
			break
		}
		doubled = true
		i++
	}
	cell = b[from : i-1]
	if doubled {
		at := len(s.scratch)
		for j := 0; j < len(cell); j++ {
			s.scratch = append(s.scratch, cell[j])
			if cell[j] == '"' {
				j++ // its twin
			}
		}
		cell = s.scratch[at:]
	}
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') && b[i] != s.comma {
		i++
	}
	switch {
	case i == len(b) && !s.eof:
		return nil, 0, needMore
	case i < len(b) && b[i] != s.comma && b[i] != '\n' && b[i] != '\r':
		return nil, 0, badQuote
	}
	return cell, i, whole
}

// countLines is how many physical lines end inside b.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	for i, c := range b {
		if c == '\r' && (i+1 == len(b) || b[i+1] != '\n') {
			n++
		}
	}
	return n
}
