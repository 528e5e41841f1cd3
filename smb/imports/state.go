package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// request is what the imports table keeps of a request, and of how the work went.
type request struct {
	Format     string                `json:"format"`
	Sheet      string                `json:"sheet,omitempty"`
	Mapping    map[string]string     `json:"mapping"`
	Shown      map[string]string     `json:"shown,omitempty"` // the mapping for people, where it is another
	Settled    bool                  `json:"settled"`         // the columns are chosen: Mapping is what was found, or asked for
	Mode       string                `json:"mode,omitempty"`
	Match      []fibonacco.MatchRule `json:"match,omitempty"`
	Duplicates string                `json:"duplicates"`
	Policies   map[string]string     `json:"policies,omitempty"`
	Source     string                `json:"source"`
	By         asker                 `json:"by"`
	Seconds    float64               `json:"seconds"`  // real time spent so far
	Failures   int                   `json:"failures"` // how often an attempt ended with an error that is not the file's
}

// asker is in whose name a job works: the audit log names them.
type asker struct {
	UserID  int64  `json:"user_id,omitempty"`
	TokenID int64  `json:"token_id,omitempty"`
	Name    string `json:"name,omitempty"`
}

func askerOf(ctx context.Context) asker {
	p := fibonacco.PrincipalOf(ctx)
	if p == nil {
		return asker{}
	}
	return asker{p.UserID, p.TokenID, p.Name}
}

// in is ctx in the name of a, for the audit log only.
func (a asker) in(ctx context.Context) context.Context {
	if a == (asker{}) {
		return ctx
	}
	return fibonacco.WithPrincipal(ctx, &fibonacco.Principal{UserID: a.UserID, TokenID: a.TokenID, Name: a.Name})
}

func requestOf(ctx context.Context, req fibonacco.ImportRequest) request {
	return request{
		Format: req.Format, Sheet: req.Sheet, Mapping: req.Mapping, Mode: req.Mode, Match: req.Match,
		Duplicates: req.Duplicates, Policies: req.Policies, Source: req.Source, By: askerOf(ctx),
	}
}

// settle keeps what the file's beginning showed.
func (r *request) settle(l *layout) {
	r.Format, r.Sheet, r.Mapping, r.Shown, r.Settled = l.format, l.sheet, l.fixed, l.mapping, true
}

// of is the request as it was made.
func (r *request) of(row *importRow) fibonacco.ImportRequest {
	return fibonacco.ImportRequest{
		CommunityID: row.CommunityID, Filename: row.Filename, DryRun: row.DryRun,
		Format: r.Format, Sheet: r.Sheet, Mapping: r.Mapping, Mode: r.Mode, Match: r.Match,
		Duplicates: r.Duplicates, Policies: r.Policies, Source: r.Source,
	}
}

// report is what of a result does not fit a number.
type report struct {
	Problems   []fibonacco.ImportProblem   `json:"problems,omitempty"`
	Duplicates []fibonacco.ImportDuplicate `json:"duplicates,omitempty"`
}

func reportOf(r *fibonacco.ImportResult) report {
	return report{Problems: r.Problems, Duplicates: r.Duplicates}
}

// importRow is a row of imports.
type importRow struct {
	fibonacco.ImportJob
	request               request
	bytesTotal, bytesDone int64
}

// columns are what scanImport reads. The lists, which may be long, are left out of lists of imports.
func columns(lists bool) string {
	errs, rep := `CAST(imports.errors AS text)`, `CAST(imports.report AS text)`
	if !lists {
		errs, rep = `'[]'`, `'{}'`
	}
	return `imports.id, CAST(imports.uuid AS text), imports.community_id, imports.filename, imports.status, imports.dry_run,
		CAST(imports.request AS text), CAST(imports.undo AS text), ` + errs + `, ` + rep + `,
		imports.total, imports.created, imports.updated, imports.skipped, imports.failed, imports.consents,
		COALESCE(imports.message, ''), imports.bytes_total, imports.bytes_done, imports.created_by, imports.created_at, imports.finished_at`
}

func scanImport(row db.Row) (r importRow, err error) {
	var req, errs, rep string
	var undo *string
	err = row.Scan(
		&r.ID, &r.UUID, &r.CommunityID, &r.Filename, &r.Status, &r.DryRun, &req, &undo, &errs, &rep,
		&r.Total, &r.Created, &r.Updated, &r.Skipped, &r.Failed, &r.Consents,
		&r.Message, &r.bytesTotal, &r.bytesDone, &r.CreatedBy, db.Time(&r.CreatedAt), db.TimePtr(&r.FinishedAt))
	if err != nil {
		return r, err
	}
	var more report
	err = errors.Join(json.Unmarshal([]byte(req), &r.request), json.Unmarshal([]byte(errs), &r.Errors), json.Unmarshal([]byte(rep), &more))
	if undo != nil {
		err = errors.Join(err, json.Unmarshal([]byte(*undo), &r.Undo))
	}
	if err != nil {
		return r, fmt.Errorf("read a JSON column of import %d: %w", r.ID, err)
	}
	r.Problems, r.Duplicates = more.Problems, more.Duplicates
	return r, nil
}

func findImport(ctx context.Context, tx *db.Tx, where string, arg any) (importRow, error) {
	r, err := scanImport(tx.QueryRow(ctx, `SELECT `+columns(true)+` FROM imports WHERE `+where, arg))
	if err != nil {
		return r, fmt.Errorf("find import: %w", err)
	}
	return r, nil
}

// find is an import that the caller may see, by its uuid.
func (s *Service) find(ctx context.Context, handle string) (row importRow, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		row, err = findOwn(ctx, tx, handle)
		return err
	})
	return row, err
}

// findOwn returns NotFound for an import that is unknown, or in a community that the caller does
// not see.
func findOwn(ctx context.Context, tx *db.Tx, handle string) (importRow, error) {
	missing := fibonacco.Errorf(fibonacco.NotFound, "there is no such import")
	parsed, err := uuid.Parse(handle)
	if err != nil {
		return importRow{}, missing
	}
	row, err := findImport(ctx, tx, `uuid = $1`, parsed.String())
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, row.CommunityID) {
		return row, missing
	}
	return row, err
}

// ImportJob implements fibonacco.Importer.
func (s *Service) ImportJob(ctx context.Context, handle string) (*fibonacco.ImportJob, error) {
	row, err := s.find(ctx, handle)
	if err != nil {
		return nil, err
	}
	return row.job(), nil
}

// An upload under way is queued to those who look.
const shownStatus = `CASE WHEN imports.status = 'uploading' THEN 'queued' ELSE imports.status END`

var importTable = query.Table{
	Listing: fibonacco.ImportListing, From: "imports", Key: "imports.id",
	Columns: map[string]query.Column{"status": {SQL: shownStatus}},
}

// ListImports implements fibonacco.Importer.
func (s *Service) ListImports(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ImportJob], err error) {
	var where []string
	var args query.Args
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `imports.community_id IN (`+args.Add(scope)+`...)`)
	}
	scan := func(row db.Row) (fibonacco.ImportJob, error) {
		r, err := scanImport(row)
		return *r.job(), err
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, importTable, q, columns(false), scan, where, &args)
		return err
	})
	return page, err
}

// job is what status pages see.
func (r *importRow) job() *fibonacco.ImportJob {
	j := r.ImportJob
	if j.Status == "uploading" {
		j.Status = fibonacco.ImportQueued
	}
	j.Format, j.Mode, j.Mapping = r.request.Format, r.request.Mode, r.request.Shown
	if r.bytesTotal > 0 {
		j.Progress = float64(min(r.bytesDone, r.bytesTotal)) / float64(r.bytesTotal)
	}
	if j.FinishedAt != nil && j.Status != fibonacco.ImportFailed && j.Status != fibonacco.ImportCancelled {
		j.Progress = 1
	}
	if r.request.Seconds > 0 {
		j.RowsPerSecond = float64(j.Total) / r.request.Seconds
		if j.Status == fibonacco.ImportRunning && r.bytesDone > 0 && r.bytesTotal > 0 {
			eta := r.request.Seconds * float64(max(r.bytesTotal-r.bytesDone, 0)) / float64(r.bytesDone)
			j.ETASeconds = &eta
		}
	}
	if r.undoable() {
		until := j.FinishedAt.Add(keepDays * 24 * time.Hour)
		j.UndoUntil = &until
	}
	return &j
}

// undoable reports whether there is something to take back, however long ago it was stored.
func (r *importRow) undoable() bool {
	switch r.Status {
	case fibonacco.ImportCompleted, fibonacco.ImportFailed, fibonacco.ImportCancelled:
		return !r.DryRun && r.FinishedAt != nil && r.Created+r.Updated > 0
	}
	return false
}
