package imports

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/fibonacco/fibonacco"
)

const (
	previewRows  = 20 // rows that are shown as they would be stored
	previewWords = 5  // values that are shown of a column
)

// PreviewImport implements fibonacco.Importer.
func (s *Service) PreviewImport(ctx context.Context, req fibonacco.ImportRequest, r io.Reader) (*fibonacco.ImportPreview, error) {
	req, err := s.check(ctx, req)
	if err != nil {
		return nil, err
	}
	o := s.opening(ctx, req)
	o.loose = true
	src, err := o.open(r)
	if err != nil {
		return nil, err
	}
	defer src.close()
	l := src.about()
	p := &fibonacco.ImportPreview{
		Format: l.format, Sheet: l.sheet, Sheets: l.sheets, Mapping: l.mapping, Saved: l.saved,
		Columns: columnsOf(l, len(req.Mapping) > 0), Rows: []fibonacco.ImportRow{}, Problems: []fibonacco.FieldError{},
	}
	var missing *fibonacco.Error
	if errors.As(o.enough(planOf(l), l.columns), &missing) {
		p.Problems = missing.Fields
	}
	b := &batch{limit: previewRows}
	if err := src.fill(b); err != nil && !errors.Is(err, io.EOF) {
		if code := fibonacco.CodeOf(err); code != fibonacco.Malformed && code != fibonacco.Invalid {
			return nil, err
		}
		p.Problems = append(p.Problems, fibonacco.FieldError{Field: "file", Reason: err.Error()})
	}
	b.normalise(src)
	for i := range b.rows {
		p.Rows = append(p.Rows, b.shown(i))
	}
	return p, nil
}

// planOf is the fields that a mapping reads, for enough.
func planOf(l *layout) *plan {
	p := &plan{}
	for f := range field(fields) {
		if l.mapping[specs[f].name] != "" {
			p.columns = append(p.columns, column{0, f})
		}
	}
	return p
}

// columnsOf is the columns of a file with what each seems to hold.
func columnsOf(l *layout, asked bool) []fibonacco.ImportColumn {
	suggestions := suggest(l.columns, l.sample)
	all := make([]fibonacco.ImportColumn, len(l.columns))
	for i, name := range l.columns {
		c := &all[i]
		c.Name, c.Samples = name, samples(l.sample, i)
		if s := suggestions[i]; s.found {
			c.Field, c.Confidence, c.Why = specs[s.field].name, s.confidence, s.why
		}
		for f := range field(fields) {
			if l.mapping[specs[f].name] != name || slices.Index(l.columns, name) != i {
				continue
			}
			switch {
			case l.saved != nil && l.saved.Mapping[specs[f].name] != "":
				c.Field, c.Confidence, c.Why = specs[f].name, 1, "the saved mapping says so"
			case asked && c.Field != specs[f].name:
				c.Field, c.Confidence, c.Why = specs[f].name, 1, "it was asked for"
			}
		}
	}
	return all
}

// samples is the first different values of a column.
func samples(rows [][]string, i int) []string {
	found := []string{}
	for _, row := range rows {
		if i < len(row) && row[i] != "" && !slices.Contains(found, short(row[i])) {
			found = append(found, short(row[i]))
		}
		if len(found) == previewWords {
			break
		}
	}
	return found
}

// shown is a row as it would be stored.
func (b *batch) shown(i int) fibonacco.ImportRow {
	row := fibonacco.ImportRow{Line: b.lines[i], Values: map[string]string{}, Problems: []fibonacco.FieldError{}}
	of := &b.rows[i]
	for f := range stored {
		if v := of.text[f]; v != "" {
			row.Values[specs[f].name] = short(v)
		}
	}
	if of.known {
		row.Values["coordinates"] = pointText(of.place)
	}
	if c := of.consent; c != nil {
		for i := range fibonacco.Channels {
			if a := c.said[i]; a.text != "" {
				row.Values[specs[emailConsent+field(i)].name] = map[bool]string{true: "yes", false: "no"}[a.yes]
			}
		}
	}
	for _, e := range b.errors {
		if e.row == i {
			row.Problems = append(row.Problems, fibonacco.FieldError{Field: e.Field, Reason: e.Reason})
		}
	}
	return row
}
