package smb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	mostBulkFailures = 5               // parts that may fail before the change does
	bulkRetryAfter   = 3 * time.Second // real time
)

// Register lets this process do the bulk changes that StartBulk queues. Call before the queue starts.
func (s *Service) Register() {
	queue.Handle(s.queue, s.workBulk)
}

// workBulk does a bulk change, part by part, from where it stands: what a part came to is stored in
// the transaction that takes it off, so that each SMB is changed once however often the process
// dies. It is done in the name of whoever asked for it, and sees no more than they did.
func (s *Service) workBulk(ctx context.Context, job bulkJob) error {
	var row bulkRow
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if _, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = 'running', updated_at = $1 WHERE id = $2 AND status = 'queued'`, tx.Now, job.JobID); err != nil {
			return err
		}
		row, err = findBulk(ctx, tx, `bulk_jobs.id = $1`, job.JobID)
		return err
	})
	switch {
	case db.IsNoRows(err) || err == nil && row.Status != "running":
		return nil // it is over
	case err != nil:
		return s.bulkFailed(ctx, job.JobID, err)
	}
	asking := ctx
	if row.asker != nil {
		asking = fibonacco.WithPrincipal(ctx, row.asker)
	}
	work := s.workPart
	if leaves[row.request.Action] != "" {
		work = s.movePart
	}
	for more := true; more; {
		if more, err = work(asking, row); err != nil {
			return s.bulkFailed(ctx, job.JobID, err)
		}
		if more && nearlyOver(ctx) {
			return queue.Snooze(time.Millisecond)
		}
	}
	return nil
}

// workPart does the next part, or closes the change when there is none. more is false when it is over.
func (s *Service) workPart(ctx context.Context, row bulkRow) (more bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		part, err := s.nextPart(ctx, tx, row)
		if more = part != nil; err != nil || !more {
			return err
		}
		result, err := s.changePart(ctx, tx, row.request, part.ids)
		if err != nil {
			return fmt.Errorf("part %d of bulk change %d: %w", part.number, row.ID, err)
		}
		return storePart(ctx, tx, row, part.number, result)
	})
	return more, err
}

// bulkPartRow is a part whose turn has come. eligible is nil until it has been looked at by a change
// that moves SMBs through the programme.
type bulkPartRow struct {
	number        int
	ids, eligible []int64
}

// nextPart is the part whose turn it is. There is none when the change is over, or becomes so now.
func (s *Service) nextPart(ctx context.Context, tx *db.Tx, row bulkRow) (*bulkPartRow, error) {
	// Of two workers the second waits here, and then finds another part.
	var status string
	if err := tx.QueryRow(ctx, `SELECT status FROM bulk_jobs WHERE id = $1 FOR UPDATE`, row.ID).Scan(&status); err != nil || status != "running" {
		return nil, err
	}
	var part bulkPartRow
	var ids string
	var eligible *string
	err := tx.QueryRow(ctx, `SELECT part, smb_ids, eligible FROM bulk_parts WHERE job_id = $1 ORDER BY part LIMIT 1`, row.ID).Scan(&part.number, &ids, &eligible)
	if db.IsNoRows(err) {
		return nil, closeBulk(ctx, tx, row.ID, "completed", "")
	}
	if err == nil {
		err = json.Unmarshal([]byte(ids), &part.ids)
	}
	if err == nil && eligible != nil {
		err = json.Unmarshal([]byte(*eligible), &part.eligible)
	}
	if err != nil {
		return nil, fmt.Errorf("read a part of bulk change %d: %w", row.ID, err)
	}
	return &part, nil
}

// closeBulk ends a change and writes down what it came to.
func closeBulk(ctx context.Context, tx *db.Tx, id int64, status, message string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM bulk_parts WHERE job_id = $1`, id); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE bulk_jobs SET status = $2, message = $3, finished_at = $4, updated_at = $4 WHERE id = $1`, id, status, message, tx.Now); err != nil {
		return err
	}
	row, err := findBulk(ctx, tx, `bulk_jobs.id = $1`, id)
	if err != nil {
		return err
	}
	told := map[string]any{"action": row.Action, "status": status, "matched": row.Matched, "done": row.Done, "changed": row.Changed, "left": row.Left}
	return recordBulk(ctx, tx, "smbs.bulk_finished", row.UUID, told)
}

// bulkFailed lets a change that failed try again a little later, and ends it when that has not
// helped a few times in a row. A node that stops is no failure.
func (s *Service) bulkFailed(ctx context.Context, id int64, cause error) error {
	if ctx.Err() != nil {
		return queue.Snooze(time.Second)
	}
	slog.Error("a bulk change failed", "job", id, "error", cause)
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		var failures int
		if err := tx.QueryRow(ctx, `UPDATE bulk_jobs SET failures = failures + 1, updated_at = $2 WHERE id = $1 RETURNING failures`, id, tx.Now).Scan(&failures); err != nil {
			return err
		}
		if failures < mostBulkFailures {
			return nil
		}
		row, err := findBulk(ctx, tx, `bulk_jobs.id = $1`, id)
		if err != nil {
			return err
		}
		if row.asker != nil {
			ctx = fibonacco.WithPrincipal(ctx, row.asker)
		}
		return closeBulk(ctx, tx, id, "failed", "something went wrong inside: the log of the server says what")
	})
	if err != nil {
		slog.Error("a bulk change could not be marked as failed", "job", id, "error", errors.Join(cause, err))
	}
	return queue.Snooze(bulkRetryAfter) // finds it over when it is
}
