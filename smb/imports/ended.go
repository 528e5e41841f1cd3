package imports

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// complete ends an import whose rows are all stored, once they can be found.
func (s *Service) complete(ctx context.Context, id int64, errs []fibonacco.ImportError) error {
	if err := s.indexAll(ctx, id); err != nil {
		if ctx.Err() != nil {
			return snoozed()
		}
		return s.failed(ctx, id, err)
	}
	return s.finish(ctx, id, fibonacco.ImportCompleted, "", errs)
}

// finish ends an import and removes its file. What it stored and could not index yet is indexed by
// a job of its own.
func (s *Service) finish(ctx context.Context, id int64, status fibonacco.ImportStatus, message string, errs []fibonacco.ImportError) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE imports SET status = $1, message = $2, errors = $3, finished_at = $4, updated_at = $4,
				bytes_done = CASE WHEN $5 THEN bytes_total ELSE bytes_done END
			WHERE id = $6 AND status = 'running'`,
			string(status), db.Null(message), db.JSON(errs), tx.Now, status == fibonacco.ImportCompleted, id)
		if err != nil {
			return fmt.Errorf("finish import %d: %w", id, err)
		}
		if n == 0 {
			return nil // cancelled meanwhile, which has done the rest
		}
		return s.ended(ctx, tx, id)
	})
}

// ended does what belongs to the end of an import, whichever it was: the file goes, and the audit
// log says what it did.
func (s *Service) ended(ctx context.Context, tx *db.Tx, id int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM import_parts WHERE import_id = $1`, id); err != nil {
		return fmt.Errorf("remove the file of import %d: %w", id, err)
	}
	row, err := findImport(ctx, tx, `id = $1`, id)
	if err != nil {
		return err
	}
	left, err := db.Count(ctx, tx, `SELECT count(*) FROM import_batches WHERE import_id = $1 AND indexed = FALSE`, id)
	if err != nil {
		return fmt.Errorf("look what of import %d is not indexed: %w", id, err)
	}
	if left > 0 {
		if err := s.queue.Enqueue(ctx, tx, indexJob{ImportID: id}); err != nil {
			return err
		}
	}
	if fibonacco.PrincipalOf(ctx) == nil {
		ctx = row.request.By.in(ctx)
	}
	return audit.Record(ctx, tx, entry(&row, "import."+string(row.Status), nil, map[string]any{
		"total": row.Total, "created": row.Created, "updated": row.Updated, "skipped": row.Skipped, "failed": row.Failed, "consents": row.Consents,
	}))
}

func entry(row *importRow, action string, before, after map[string]any) fibonacco.AuditEntry {
	return fibonacco.AuditEntry{
		Action: action, Entity: "import", EntityID: strconv.FormatInt(row.ID, 10), CommunityID: &row.CommunityID, Before: before, After: after,
	}
}

// recordStart notes that an import was started.
func recordStart(ctx context.Context, tx *db.Tx, id int64, handle string, req fibonacco.ImportRequest) error {
	row := &importRow{}
	row.ID, row.CommunityID = id, req.CommunityID
	return audit.Record(ctx, tx, entry(row, "import.started", nil, map[string]any{
		"uuid": handle, "filename": req.Filename, "dry_run": req.DryRun, "mode": req.Mode, "duplicates": req.Duplicates,
	}))
}

// CancelImport implements fibonacco.Importer. A batch that is being stored is either stored before,
// or not at all.
func (s *Service) CancelImport(ctx context.Context, handle string) (*fibonacco.ImportJob, error) {
	var job *fibonacco.ImportJob
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		row, err := findOwn(ctx, tx, handle)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			UPDATE imports SET status = 'cancelled', finished_at = $1, updated_at = $1
			WHERE id = $2 AND status IN ($3...)`, tx.Now, row.ID, []string{"uploading", "queued", "running"})
		if err != nil {
			return fmt.Errorf("cancel import %d: %w", row.ID, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "the import has ended: it is %s", row.Status)
		}
		if err := s.ended(ctx, tx, row.ID); err != nil {
			return err
		}
		row, err = findOwn(ctx, tx, handle)
		job = row.job()
		return err
	})
	return job, err
}

// errCancelled is what a command that imports sees when somebody cancels it.
var errCancelled = fibonacco.Errorf(fibonacco.Conflict, "the import was cancelled; what was stored before stays, and can be undone")

// record stores how far a command's import is, and that there is one with its first batch.
func (w *writer) record(ctx context.Context, tx *db.Tx, f *flight) (err error) {
	state := requestOf(ctx, w.req)
	state.settle(w.layout)
	state.Seconds = w.watch.seconds()
	if f.id == 0 { // a flight that is tried again begins without an id again
		if f.id, err = insertImport(ctx, tx, w.handle, w.req, "running", state); err != nil {
			return err
		}
		if err := recordStart(ctx, tx, f.id, w.handle, w.req); err != nil {
			return err
		}
	}
	err = storeProgress(ctx, tx, f.id, f.start.Total, f.result, f.done, state)
	if errors.Is(err, errTaken) {
		return errCancelled
	}
	return err
}

// end ends an import that a command did. Stopped in the middle, it is cancelled.
func (s *Service) end(ctx context.Context, w *writer, err error) error {
	if w.id == 0 || errors.Is(err, errCancelled) {
		return err // nothing was stored, or it has ended
	}
	status, message := fibonacco.ImportCompleted, ""
	if err == nil {
		err = s.indexAll(ctx, w.id)
	}
	if err != nil {
		status, message = fibonacco.ImportFailed, "the import stopped"
		if code := fibonacco.CodeOf(err); code == fibonacco.Malformed || code == fibonacco.Invalid {
			message = err.Error()
		}
	}
	if ctx.Err() != nil {
		status, message = fibonacco.ImportCancelled, ""
	}
	return errors.Join(err, s.finish(context.WithoutCancel(ctx), w.id, status, message, w.result.Errors))
}
