package queue

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// changedAtOnce bounds one transaction: on SQLite nobody else writes meanwhile.
const changedAtOnce = 500

// jobChange is something that is done with many jobs.
type jobChange struct {
	action string // of the audit log
	states string // that it can be done in, as SQL
	do     func(ctx context.Context, tx *db.Tx, ids []int64) (changed int64, err error)
}

// RetryJobs implements fibonacco.JobDesk.
func (q *Queue) RetryJobs(ctx context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return q.change(ctx, s, jobChange{"jobs.retried", `'retryable', 'scheduled', 'discarded', 'cancelled'`, func(ctx context.Context, tx *db.Tx, ids []int64) (int64, error) {
		// A job that was told to stop once would stop again at its next failure.
		meta := `metadata - 'cancel_attempted_at'`
		if tx.Engine() == db.SQLite {
			meta = `jsonb_remove(metadata, '$.cancel_attempted_at')`
		}
		return tx.Exec(ctx, `
			UPDATE river_job SET state = 'available', finalized_at = NULL, scheduled_at = `+nowOf(tx)+`, metadata = `+meta+`,
				max_attempts = CASE WHEN attempt >= max_attempts THEN attempt + 1 ELSE max_attempts END
			WHERE id IN ($1...) AND state IN ('retryable', 'scheduled', 'discarded', 'cancelled') AND NOT EXISTS (
				SELECT 1 FROM river_job other WHERE other.unique_key = river_job.unique_key AND other.id <> river_job.id
				AND (other.id > river_job.id OR other.state IN ('available', 'pending', 'running', 'retryable', 'scheduled')))`, ids)
	}})
}

// CancelJobs implements fibonacco.JobDesk.
func (q *Queue) CancelJobs(ctx context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return q.change(ctx, s, jobChange{"jobs.cancelled", `'available', 'pending', 'scheduled', 'retryable', 'running'`, func(ctx context.Context, tx *db.Tx, ids []int64) (int64, error) {
		n, err := tx.Exec(ctx, `
			UPDATE river_job SET state = 'cancelled', finalized_at = `+nowOf(tx)+`
			WHERE id IN ($1...) AND state IN ('available', 'pending', 'scheduled', 'retryable')`, ids)
		if err != nil {
			return 0, err
		}
		running, err := db.Select[int64](ctx, tx, `SELECT id FROM river_job WHERE id IN ($1...) AND state = 'running'`, ids)
		for _, id := range running { // no more than there are workers
			if err == nil {
				err = q.insert.cancel(ctx, tx, id)
			}
		}
		return n + int64(len(running)), err
	}})
}

// DeleteJobs implements fibonacco.JobDesk.
func (q *Queue) DeleteJobs(ctx context.Context, s fibonacco.JobSelection) (fibonacco.JobOutcome, error) {
	return q.change(ctx, s, jobChange{
		"jobs.deleted", `'available', 'pending', 'scheduled', 'retryable', 'completed', 'discarded', 'cancelled'`,
		func(ctx context.Context, tx *db.Tx, ids []int64) (int64, error) {
			return tx.Exec(ctx, `DELETE FROM river_job WHERE id IN ($1...) AND state <> 'running'`, ids)
		},
	})
}

// nowOf is the database's clock in the form of River's columns.
func nowOf(tx *db.Tx) string {
	if tx.Engine() == db.SQLite {
		return `datetime('now', 'subsec')`
	}
	return `now()`
}

// change goes through a selection from the newest job down, so that what is made meanwhile is left out.
func (q *Queue) change(ctx context.Context, s fibonacco.JobSelection, c jobChange) (out fibonacco.JobOutcome, err error) {
	if err := mayDecide(ctx); err != nil {
		return out, err
	}
	filter := s.Filter
	switch {
	case len(s.IDs) > 0 && len(filter) > 0, len(s.IDs) == 0 && len(filter) == 0:
		return out, fibonacco.InvalidFields("the jobs cannot be chosen so", []fibonacco.FieldError{{Field: "ids", Reason: "give ids or a filter, one of the two"}})
	case len(s.IDs) > 0:
		filter = fibonacco.Filter{"id": fibonacco.FilterValues(s.IDs)}
	}
	for last := int64(0); ; {
		var ids []int64
		var changed int64
		if err := q.db.Update(ctx, func(tx *db.Tx) (err error) {
			if ids, err = q.chosen(ctx, tx, filter, c.states, last); err != nil || len(ids) == 0 {
				return err
			}
			if changed, err = c.do(ctx, tx, ids); err != nil || changed == 0 {
				return err
			}
			return audit.Record(ctx, tx, changeEntry(c.action, s, ids, changed))
		}); err != nil {
			return out, fmt.Errorf("%s: %w", c.action, err)
		}
		out.Found += len(ids)
		out.Changed += int(changed)
		if len(ids) < changedAtOnce {
			break
		}
		if last = ids[len(ids)-1]; out.Found >= fibonacco.MostJobsAtOnce {
			out.More = true
			break
		}
	}
	if out.Changed > 0 {
		q.tell()
	}
	return out, nil
}

// chosen is the next jobs of a filter below an id, the newest first; 0 begins.
func (q *Queue) chosen(ctx context.Context, tx *db.Tx, filter fibonacco.Filter, states string, below int64) ([]int64, error) {
	var args query.Args
	where, err := jobTable(tx.Engine()).Where(filter, &args)
	if err != nil {
		return nil, err
	}
	text := `SELECT id FROM river_job WHERE state IN (` + states + `)`
	for _, w := range where {
		text += ` AND ` + w
	}
	if below > 0 {
		text += ` AND id < ` + args.Add(below)
	}
	return db.Select[int64](ctx, tx, text+` ORDER BY id DESC LIMIT `+args.Add(changedAtOnce), args.Values...)
}

func changeEntry(action string, s fibonacco.JobSelection, ids []int64, changed int64) fibonacco.AuditEntry {
	e := fibonacco.AuditEntry{Action: action, Entity: "job", After: map[string]any{"jobs": changed}}
	if len(ids) == 1 {
		e.EntityID = strconv.FormatInt(ids[0], 10)
	} else {
		e.After["newest"], e.After["oldest"] = ids[0], ids[len(ids)-1]
	}
	if len(s.Filter) > 0 {
		e.After["filter"] = s.Filter
	}
	return e
}
