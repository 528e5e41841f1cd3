package imports

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/fibonacco/fibonacco"
)

// source is a file being read, batch by batch.
type source interface {
	// fill adds rows to a batch until it is full. At the end of the file it returns io.EOF, with
	// the last rows added; any other error ends the file early, and the rows before it are good.
	fill(b *batch) error
	// values reads the cells of one row of a batch. Called for several batches at once.
	values(cells []string) (v values, bad []refusal)
	// terms is how rows are to be read.
	terms() *terms
	// about is what kind of file it is, and what its columns hold.
	about() *layout
	// unread is the names of columns that are no field of a business.
	unread() []string
	// close gives back what reading needed.
	close()
}

// layout is what the beginning of a file shows.
type layout struct {
	format  string
	sheet   string
	sheets  []string
	columns []string          // their names, in the file's order
	sample  [][]string        // the first rows, as texts; a row may be shorter than the header
	mapping map[string]string // field → column, as it is read; in JSON each object may differ
	fixed   map[string]string // what to ask for to read it so again
	saved   *fibonacco.ImportMapping
}

// refusal is one value of a row that cannot be stored; field "" means the whole row.
type refusal struct{ field, reason, value string }

// errEmpty is what is said of a file with nothing in it.
var errEmpty = fibonacco.Errorf(fibonacco.Invalid, "the file is empty")

// opening is what a file is opened with.
type opening struct {
	req     fibonacco.ImportRequest
	as      terms
	saved   func(columns []string) (*fibonacco.ImportMapping, error) // the mapping kept for a header, nil when there is none; nil: nobody keeps any
	settled bool                                                     // the columns were chosen before: nothing but the request's mapping and names counts
	loose   bool                                                     // a file of which nothing could be imported is opened too: for a preview
}

// The beginnings of archives, and of what Excel wrote before it packed its files into them.
const (
	zipMark = "PK\x03\x04"
	oldMark = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
)

// open finds out what kind of file r is, and which column holds what. It returns Invalid or
// Malformed for files of which nothing could be imported.
func (o *opening) open(r io.Reader) (source, error) {
	whole, size, random := randomAccess(r)
	var start []byte
	if random {
		start = make([]byte, len(oldMark))
		n, err := whole.ReadAt(start, 0)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		start = start[:n]
		if c, counted := r.(*counter); counted {
			c.n = 0 // a look is no progress
		}
	} else {
		b := bufio.NewReaderSize(r, sampleSize)
		var err error
		if start, err = b.Peek(len(oldMark)); err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		r = b
	}
	packed := bytes.HasPrefix(start, []byte(zipMark))
	switch format := o.req.Format; {
	case bytes.HasPrefix(start, []byte(oldMark)):
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is a workbook in the old form (.xls), or one with a password: save it as .xlsx without one")
	case packed && format != "" && format != "xlsx":
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not %s: it is a workbook, or another archive", format)
	case format == "xlsx" && !packed:
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not a workbook (.xlsx)")
	case !packed:
		return o.openText(r)
	case !random:
		return o.spool(r)
	}
	return o.openWorkbook(whole, size, nil)
}

// openText opens a file that is no archive.
func (o *opening) openText(r io.Reader) (source, error) {
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
	format := o.req.Format
	switch {
	case first == 0 && len(start) < sampleSize:
		return nil, errEmpty
	case format == "" && (first == '[' || first == '{'):
		format = "json"
	case format == "json" && first != '[' && first != '{':
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not JSON: it should begin with [ or {")
	case format == "ndjson" && first != '{':
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the file is not NDJSON: it should begin with {")
	}
	if format == "json" || format == "ndjson" {
		return o.openJSON(b, start, first)
	}
	return o.openCSV(b)
}

// randomAccess is r as a file that can be read anywhere, with its size; ok is false for a stream.
func randomAccess(r io.Reader) (at io.ReaderAt, size int64, ok bool) {
	if c, counted := r.(*counter); counted {
		at, size, ok = randomAccess(c.r)
		return countingAt{at, c}, size, ok
	}
	at, ok = r.(io.ReaderAt)
	if !ok {
		return nil, 0, false
	}
	switch f := r.(type) {
	case interface{ Size() int64 }:
		return at, f.Size(), true
	case interface{ Stat() (fs.FileInfo, error) }:
		stat, err := f.Stat()
		if err == nil && stat.Mode().IsRegular() {
			return at, stat.Size(), true
		}
	}
	return nil, 0, false
}

// countingAt counts what is read of a file, for the progress.
type countingAt struct {
	io.ReaderAt
	c *counter
}

func (c countingAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, off)
	c.c.n += int64(n)
	return n, err
}

// spool sets a workbook that comes as a stream aside on disk: its table of contents is at its end.
func (o *opening) spool(r io.Reader) (source, error) {
	f, err := os.CreateTemp("", "fibonacco-import-")
	if err != nil {
		return nil, err
	}
	forget := func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	size, err := io.Copy(f, r)
	if err != nil {
		forget()
		return nil, err
	}
	src, err := o.openWorkbook(f, size, forget)
	if err != nil {
		forget()
	}
	return src, err
}

// opening is how a request's file is opened.
func (s *Service) opening(ctx context.Context, req fibonacco.ImportRequest) *opening {
	return &opening{
		req: req, as: terms{blocks: req.Mode == fibonacco.DoNotContactFile, deaf: s.o.consents == nil, now: s.db.Clock().Now()},
		saved: func(columns []string) (*fibonacco.ImportMapping, error) {
			return s.savedFor(ctx, req.CommunityID, columns)
		},
	}
}
