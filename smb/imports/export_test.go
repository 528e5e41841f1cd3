package imports

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
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

// SetBatchRows makes batches small, so that a few rows make several.
func (s *Service) SetBatchRows(n int) { s.rows = n }

// The parts of the story that are tested on their own.
var (
	StreetKey  = streetKey
	PlainEmail = plainEmail
	Text       = text
)

// Separator is what separates the values of a file that begins so.
func Separator(sample string) byte {
	return separator([]byte(sample), func(h []string) int { return recognised(h, nil) })
}

// Guess is which column of a header each field is read from.
func Guess(names ...string) (map[string]string, error) {
	p, err := planColumns(names, nil, false)
	out := map[string]string{}
	for _, c := range p.columns {
		out[specs[c.field].name] = names[c.index]
	}
	return out, err
}

// Work does what is left of a queued import.
func (s *Service) Work(ctx context.Context, id int64) error {
	return s.work(ctx, importJob{ImportID: id})
}

// WhileCommitting calls f in the middle of each batch.
func (s *Service) WhileCommitting(f func()) { s.committing = f }

// StopAfter calls stop in the middle of the nth batch from now, before it is committed.
func (s *Service) StopAfter(n int64, stop func()) {
	var seen atomic.Int64
	s.committing = func() {
		if seen.Add(1) == n {
			stop()
		}
	}
}

// ReadAll reads and normalises a file as Run does: the lines of its rows, and how many of them
// are businesses.
func ReadAll(r io.Reader) (lines []int, good int, err error) {
	src, err := (&opening{as: terms{now: time.Now()}}).open(r)
	if err == nil {
		defer src.close()
	}
	for err == nil {
		b := &batch{limit: batchRows}
		err = src.fill(b)
		b.normalise(src)
		for i, failed := range b.failed {
			lines = append(lines, b.lines[i])
			if !failed {
				good++
			}
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return lines, good, err
}

// Suggest is what columns seem to hold, and what that changes about a guess by names.
func Suggest(columns []string, sample [][]string) (mapping map[string]string, all []fibonacco.ImportColumn) {
	for _, s := range suggest(columns, sample) {
		c := fibonacco.ImportColumn{Confidence: s.confidence, Why: s.why}
		if s.found {
			c.Field = specs[s.field].name
		}
		all = append(all, c)
	}
	return applied(columns, suggest(columns, sample)), all
}

// Plan is which column each field is read from.
func Plan(columns []string, mapping map[string]string) (map[string]string, error) {
	p, err := planColumns(columns, mapping, false)
	return p.mapping(columns), err
}

// The parts of the story that are tested on their own.
var (
	PackIDs   = packIDs
	UnpackIDs = unpackIDs
	YesOrNo   = yesOrNo
	Date      = date
	Harmless  = harmless
	ZIP5      = zip5
	PlacePair = placePair
)

// Alike and MayBeAlike compare two name keys in one ZIP.
func Alike(a, b string) bool { return alike(&business{nameKey: a}, &business{nameKey: b}) }

func MayBeAlike(a, b string) bool { return mayBeAlike(signature(a), signature(b)) }

// WorkUndo does what is left of taking an import back.
func (s *Service) WorkUndo(ctx context.Context, id int64) error {
	return s.workUndo(ctx, undoJob{ImportID: id})
}

// WorkIndex makes findable what is left of an import.
func (s *Service) WorkIndex(ctx context.Context, id int64) error {
	return s.workIndex(ctx, indexJob{ImportID: id})
}
