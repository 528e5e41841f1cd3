package consent

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/fibonacco/fibonacco"
)

// mostLine is how much of a line is looked at. Nobody's address is longer.
const mostLine = 32 << 10

// file is a do-not-contact file being read: a line each, or columns with or without a header. A
// line stands for itself, quotes or not, so that a broken one costs no other and memory is bounded.
type file struct {
	lines   *bufio.Scanner
	at      int     // the line that was read last
	layout  *layout // nil until there was a line with something in it
	pending string  // that first line, when it was no header
}

// finding is what one line says: what to suppress, and what of it could not be read.
type finding struct {
	targets []target
	bad     []fibonacco.ImportError
}

// openFile looks at the beginning of a file. Returns Invalid for an empty one and Malformed for
// what is no text.
func openFile(raw io.Reader) (*file, error) {
	r, err := decoded(raw)
	if err != nil {
		return nil, err
	}
	f := &file{lines: bufio.NewScanner(r)}
	f.lines.Buffer(make([]byte, 0, 64<<10), 64<<10)
	f.lines.Split(splitLines())
	first, err := f.line()
	if errors.Is(err, io.EOF) {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "the file is empty")
	}
	if err != nil {
		return nil, err
	}
	header := false
	if f.layout, header = layoutOf(first); !header {
		f.pending = first
	}
	return f, nil
}

// decoded takes a byte order mark off and turns UTF-16, which spreadsheets call Unicode text, into
// UTF-8.
func decoded(raw io.Reader) (io.Reader, error) {
	b := bufio.NewReader(raw)
	start, err := b.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read a do-not-contact file: %w", err)
	}
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, err := b.Discard(3)
		return b, err
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return transform.NewReader(b, xunicode.UTF16(xunicode.LittleEndian, xunicode.ExpectBOM).NewDecoder()), nil
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is a spreadsheet or an archive: save it as CSV")
	case bytes.IndexByte(start, 0) >= 0:
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not text")
	}
	return b, nil
}

// splitLines ends lines at \n, \r\n and \r, and leaves out what of a line is beyond mostLine.
func splitLines() bufio.SplitFunc {
	skipping := false
	return func(data []byte, atEOF bool) (advance int, token []byte, err error) {
		end, after := lineEnd(data, atEOF)
		switch {
		case end < 0 && len(data) < mostLine:
			return 0, nil, nil // not all of the line is here yet
		case end < 0 && skipping:
			return len(data), nil, nil
		case end < 0:
			skipping = true
			return len(data), data[:mostLine], nil
		case skipping:
			skipping = false
			return after, nil, nil
		}
		return after, data[:min(end, mostLine)], nil
	}
}

// lineEnd is where the first line of data ends and the next begins; -1 when that is not seen yet.
func lineEnd(data []byte, atEOF bool) (end, after int) {
	end = bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0 && atEOF && len(data) > 0:
		return len(data), len(data)
	case end < 0:
		return -1, 0
	case data[end] == '\r' && end+1 == len(data) && !atEOF:
		return -1, 0 // the \n may be on its way
	case data[end] == '\r' && end+1 < len(data) && data[end+1] == '\n':
		return end, end + 2
	}
	return end, end + 1
}

// line is the next line with something in it; io.EOF after the last.
func (f *file) line() (string, error) {
	for f.lines.Scan() {
		f.at++
		if text := f.lines.Text(); strings.Trim(text, " \t,;|\"") != "" {
			return text, nil
		}
	}
	if err := f.lines.Err(); err != nil {
		return "", fmt.Errorf("read a do-not-contact file after line %d: %w", f.at, err)
	}
	return "", io.EOF
}

// next is what the next line says; io.EOF after the last.
func (f *file) next() (finding, error) {
	text := f.pending
	if f.pending = ""; text == "" {
		var err error
		if text, err = f.line(); err != nil {
			return finding{}, err
		}
	}
	targets, bad := f.layout.read(text)
	for i := range bad {
		bad[i].Line = f.at
	}
	return finding{targets, bad}, nil
}
