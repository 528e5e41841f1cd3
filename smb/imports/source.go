package imports

import (
	"errors"
	"io"

	"github.com/fibonacco/fibonacco"
)

// source is a file being read, batch by batch.
type source interface {
	// fill adds rows to a batch until it is full. At the end of the file it returns io.EOF, with
	// the last rows added; any other error ends the file early, and the rows before it are good.
	fill(b *batch) error
	// values reads the cells of one row of a batch. Called for several batches at once.
	values(cells []string) (v values, bad []refusal)
	// unread is the names of columns that are no field of a business.
	unread() []string
}

// refusal is one value of a row that cannot be stored; field "" means the whole row.
type refusal struct{ field, reason string }

// errEmpty is what is said of a file with nothing in it.
var errEmpty = fibonacco.Errorf(fibonacco.Invalid, "the file is empty")

// open finds out what kind of file r is, and which column holds what. It returns Invalid or
// Malformed for files of which nothing could be imported.
func open(req fibonacco.ImportRequest, r io.Reader) (source, error) {
	b, err := openText(r)
	if err != nil {
		return nil, err
	}
	start, err := b.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	first := byte(0)
	for _, c := range start {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1e {
			first = c
			break
		}
	}
	format := req.Format
	switch {
	case first == 0 && len(start) < sampleSize:
		return nil, errEmpty
	case format == "" && (first == '[' || first == '{'):
		format = "json"
	case format == "json" && first != '[' && first != '{':
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not JSON: it should begin with [ or {")
	}
	if format == "json" {
		if err := checkMapping(req.Mapping); err != nil {
			return nil, err
		}
		return newJSON(b, req.Mapping), nil
	}
	return openCSV(b, req.Mapping)
}
