package imports

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// keptError is an error as it is kept: line, field, reason, value.
type keptError struct {
	Line   int
	Field  string
	Reason string
	Value  string
}

// MarshalJSON keeps it short; there may be millions.
func (e keptError) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{e.Line, e.Field, e.Reason, e.Value})
}

// UnmarshalJSON is the reverse.
func (e *keptError) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&e.Line, &e.Field, &e.Reason, &e.Value})
}

// storeErrors keeps all errors of a batch, compressed: a batch of 5,000 bad rows takes some 20 KB.
func storeErrors(ctx context.Context, tx *db.Tx, id int64, number int, errs []rowError) error {
	if len(errs) == 0 {
		return nil
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	enc := json.NewEncoder(z)
	enc.SetEscapeHTML(false)
	for _, e := range errs {
		// A zero byte in a value is why it was refused; JSON writes it as \u0000.
		if err := enc.Encode(keptError{e.Line, e.Field, e.Reason, strings.ToValidUTF8(e.value, "\uFFFD")}); err != nil {
			return fmt.Errorf("write errors of import %d: %w", id, err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compress errors of import %d: %w", id, err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO import_errors (import_id, batch, content) VALUES ($1, $2, $3)`, id, number, out.Bytes()); err != nil {
		return fmt.Errorf("keep errors of import %d: %w", id, err)
	}
	return nil
}

// WriteImportErrors implements fibonacco.Importer. It reads the errors batch by batch, so that a
// file of millions of them takes no memory; nothing is locked meanwhile.
func (s *Service) WriteImportErrors(ctx context.Context, handle string, to io.Writer) error {
	row, err := s.find(ctx, handle)
	if err != nil {
		return err
	}
	out := csv.NewWriter(to)
	if err := out.Write([]string{"line", "field", "reason", "value"}); err != nil {
		return err
	}
	kept := false
	for batch := -1; ; {
		var content []byte
		err := s.db.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `
				SELECT batch, content FROM import_errors WHERE import_id = $1 AND batch > $2 ORDER BY batch LIMIT 1`, row.ID, batch).
				Scan(&batch, &content)
		})
		if db.IsNoRows(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("read errors of import %d: %w", row.ID, err)
		}
		kept = true
		if err := writeErrors(out, content); err != nil {
			return fmt.Errorf("write errors of import %d: %w", row.ID, err)
		}
	}
	for _, e := range row.Errors { // of an old import the first are all there is; notes about columns are in no batch
		if kept && e.Reason != unreadReason {
			continue
		}
		if err := out.Write(cells(keptError{Line: e.Line, Field: e.Field, Reason: e.Reason})); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func writeErrors(out *csv.Writer, content []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return err
	}
	dec := json.NewDecoder(z)
	for {
		var e keptError
		err := dec.Decode(&e)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := out.Write(cells(e)); err != nil {
			return err
		}
	}
}

func cells(e keptError) []string {
	return []string{strconv.Itoa(e.Line), harmless(e.Field), harmless(e.Reason), harmless(e.Value)}
}

// harmless is a cell that no spreadsheet takes for a formula.
func harmless(s string) string {
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	if s != "" && strings.IndexByte("=+-@\t\r\n", s[0]) >= 0 {
		return "'" + s
	}
	return s
}

const (
	mostErrors   = 1000 // errors that a result lists; all are counted
	mostProblems = 100  // kinds of errors
	mostLines    = 5    // lines that a kind names
)

// addErrors adds the errors of a batch to a result, whose lists are not changed: they were handed
// out.
func addErrors(r *fibonacco.ImportResult, errs []rowError) {
	if len(errs) == 0 {
		return
	}
	r.Errors = r.Errors[:len(r.Errors):len(r.Errors)]
	for _, e := range errs[:min(len(errs), mostErrors-len(r.Errors))] {
		r.Errors = append(r.Errors, e.ImportError)
	}
	type sort struct{ field, reason string }
	at := make(map[sort]int, len(r.Problems))
	problems := make([]fibonacco.ImportProblem, len(r.Problems))
	for i, p := range r.Problems {
		p.Lines = slices.Clone(p.Lines)
		problems[i], at[sort{p.Field, p.Reason}] = p, i
	}
	for _, e := range errs {
		of := sort{e.Field, e.Reason}
		i, known := at[of]
		if !known {
			if len(problems) == mostProblems {
				continue
			}
			i, at[of] = len(problems), len(problems)
			problems = append(problems, fibonacco.ImportProblem{Field: e.Field, Reason: e.Reason})
		}
		p := &problems[i]
		p.Count++
		if len(p.Lines) < mostLines && !slices.Contains(p.Lines, e.Line) {
			p.Lines = append(p.Lines, e.Line)
		}
	}
	slices.SortStableFunc(problems, func(a, b fibonacco.ImportProblem) int { return b.Count - a.Count })
	r.Problems = problems
}
