package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// undoJob takes an import back, or goes on with it.
type undoJob struct {
	ImportID int64 `json:"import_id"`
	By       asker `json:"by"`
}

// Kind implements queue.Job.
func (undoJob) Kind() string { return "imports.undo" }

// UndoImport implements fibonacco.Importer.
func (s *Service) UndoImport(ctx context.Context, handle string) (*fibonacco.ImportJob, error) {
	var job *fibonacco.ImportJob
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		row, err := findOwn(ctx, tx, handle)
		if err != nil {
			return err
		}
		if err := row.mayUndo(tx.Now); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			UPDATE imports SET status = 'undoing', undo = $1, updated_at = $2 WHERE id = $3 AND status = $4`,
			db.JSON(fibonacco.ImportUndo{}), tx.Now, row.ID, string(row.Status))
		if err != nil {
			return fmt.Errorf("undo import %d: %w", row.ID, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "the import is being undone already")
		}
		if err := audit.Record(ctx, tx, entry(&row, "import.undo_started", nil, nil)); err != nil {
			return err
		}
		if err := s.queue.Enqueue(ctx, tx, undoJob{ImportID: row.ID, By: askerOf(ctx)}); err != nil {
			return err
		}
		row, err = findOwn(ctx, tx, handle)
		job = row.job()
		return err
	})
	return job, err
}

// UndoNow is UndoImport for a command that waits: it does the work itself, and goes on with an undo
// that was broken off.
func (s *Service) UndoNow(ctx context.Context, handle string) (*fibonacco.ImportJob, error) {
	job, err := s.ImportJob(ctx, handle)
	if err == nil && job.Status != fibonacco.ImportUndoing {
		job, err = s.UndoImport(ctx, handle)
	}
	if err != nil {
		return nil, err
	}
	made := idSet{}
	if err := s.loadMade(ctx, job.ID, made); err != nil {
		return nil, err
	}
	for more := true; more; {
		if more, err = s.undoBatch(ctx, undoJob{ImportID: job.ID, By: askerOf(ctx)}, made); err != nil {
			return nil, err
		}
	}
	return s.ImportJob(ctx, handle)
}

// mayUndo returns Conflict saying why an import cannot be taken back.
func (r *importRow) mayUndo(now time.Time) error {
	switch {
	case r.Status == fibonacco.ImportUndone || r.Status == fibonacco.ImportUndoing:
		return fibonacco.Errorf(fibonacco.Conflict, "the import is undone already")
	case r.FinishedAt == nil:
		return fibonacco.Errorf(fibonacco.Conflict, "the import has not ended: cancel it first")
	case r.DryRun:
		return fibonacco.Errorf(fibonacco.Conflict, "the import was a dry run: there is nothing to take back")
	case !r.undoable():
		return fibonacco.Errorf(fibonacco.Conflict, "the import has changed nothing")
	case now.After(r.FinishedAt.Add(keepDays * 24 * time.Hour)):
		return fibonacco.Errorf(fibonacco.Conflict, "the import ended more than %d days ago", keepDays)
	}
	return nil
}

// workUndo takes an import back batch by batch, the last first, each in a transaction of its own.
func (s *Service) workUndo(ctx context.Context, job undoJob) error {
	made := idSet{}
	if err := s.loadMade(ctx, job.ImportID, made); err != nil {
		return err
	}
	for {
		more, err := s.undoBatch(ctx, job, made)
		switch {
		case err != nil && ctx.Err() != nil:
			return snoozed()
		case err != nil:
			logFailure(job.ImportID, err)
			return queue.Snooze(retryAfter)
		case !more:
			return nil
		}
	}
}

// loadMade reads which businesses an import created: they go as a whole, and what later batches
// changed of them need not be restored.
func (s *Service) loadMade(ctx context.Context, id int64, made idSet) error {
	return s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT created FROM import_batches WHERE import_id = $1`, id)
		if err != nil {
			return fmt.Errorf("read what import %d created: %w", id, err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var created []byte
			if err := rows.Scan(&created); err != nil {
				return err
			}
			ids, err := unpackIDs(created)
			if err != nil {
				return err
			}
			for _, one := range ids {
				made.add(one)
			}
		}
		return rows.Err()
	})
}

// undoBatch takes one batch back. more is false when there was none left, and the undo is over.
func (s *Service) undoBatch(ctx context.Context, job undoJob, made idSet) (more bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		row, err := findImport(ctx, tx, `id = $1`, job.ImportID)
		if err != nil {
			return err
		}
		if more = row.Status == fibonacco.ImportUndoing; !more {
			return nil // undone already
		}
		if err := waitTurn(ctx, tx, row.CommunityID); err != nil {
			return err
		}
		number := 0
		var packed []byte
		err = tx.QueryRow(ctx, `
			SELECT batch, created FROM import_batches WHERE import_id = $1 AND undone = FALSE ORDER BY batch DESC LIMIT 1 FOR UPDATE`, row.ID).
			Scan(&number, &packed)
		if db.IsNoRows(err) {
			more = false
			return s.undone(job.By.in(ctx), tx, &row)
		}
		if err != nil {
			return err
		}
		u := &undoing{Service: s, row: &row, batch: number, made: made, counts: row.Undo}
		if u.counts == nil {
			u.counts = &fibonacco.ImportUndo{}
		}
		if u.created, err = unpackIDs(packed); err != nil {
			return err
		}
		if err := u.do(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE import_batches SET undone = TRUE WHERE import_id = $1 AND batch = $2`, row.ID, number)
		if err != nil {
			return err
		}
		return storeUndo(ctx, tx, &row, u.counts, fibonacco.ImportUndoing)
	})
	if err != nil {
		return false, fmt.Errorf("undo import %d: %w", job.ImportID, err)
	}
	return more, nil
}

func storeUndo(ctx context.Context, tx *db.Tx, row *importRow, counts *fibonacco.ImportUndo, status fibonacco.ImportStatus) error {
	n, err := tx.Exec(ctx, `UPDATE imports SET undo = $1, status = $2, updated_at = $3 WHERE id = $4 AND status = 'undoing'`,
		db.JSON(counts), string(status), tx.Now, row.ID)
	if err == nil && n == 0 {
		err = errTaken
	}
	return err
}

// undone ends an undo.
func (s *Service) undone(ctx context.Context, tx *db.Tx, row *importRow) error {
	counts := row.Undo
	if counts == nil {
		counts = &fibonacco.ImportUndo{}
	}
	return errors.Join(
		storeUndo(ctx, tx, row, counts, fibonacco.ImportUndone),
		audit.Record(ctx, tx, entry(row, "import.undone", nil, map[string]any{
			"removed": counts.Removed, "kept": counts.Kept, "restored": counts.Restored,
			"fields_kept": counts.FieldsKept, "already_deleted": counts.AlreadyDeleted,
		})))
}
