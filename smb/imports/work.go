package imports

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

const (
	mostFailures = 5               // attempts that may fail before the import does
	retryAfter   = 3 * time.Second // real time
)

// errTaken says that another worker has stored a batch that this one was about to store.
var errTaken = errors.New("another worker does this import")

// work does an import, from where it stands: the progress is stored with each batch, in its
// transaction, so that a batch counts once however often the process dies. Before the queue's
// patience with one job ends, the import makes room for others and goes on later.
func (s *Service) work(ctx context.Context, job importJob) error {
	row, err := s.begin(ctx, job.ImportID)
	if db.IsNoRows(err) || err == nil && row.Status != "running" {
		return nil // it is over, or gone
	}
	if err != nil {
		logFailure(job.ImportID, err)
		return queue.Snooze(retryAfter)
	}
	errs, err := s.goOn(ctx, &row)
	switch code := fibonacco.CodeOf(err); {
	case err == nil:
		return s.complete(ctx, row.ID, errs)
	case errors.Is(err, errTaken):
		return nil
	case errors.Is(err, errPaused):
		return queue.Snooze(time.Millisecond)
	case ctx.Err() != nil:
		return queue.Snooze(time.Second) // the node stops, or time is up: no try is lost by it
	case code == fibonacco.Invalid || code == fibonacco.Malformed:
		return s.finish(ctx, row.ID, fibonacco.ImportFailed, err.Error(), errs)
	}
	return s.failed(ctx, row.ID, err)
}

// begin marks an import as running and reads how far it is.
func (s *Service) begin(ctx context.Context, id int64) (row importRow, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `
			UPDATE imports SET status = 'running', started_at = COALESCE(started_at, $1), updated_at = $1
			WHERE id = $2 AND status = 'queued'`, tx.Now, id); err != nil {
			return err
		}
		row, err = findImport(ctx, tx, `id = $1`, id)
		return err
	})
	return row, err
}

// goOn imports what is left of the file, and returns the errors of all of it.
func (s *Service) goOn(ctx context.Context, row *importRow) ([]fibonacco.ImportError, error) {
	w := s.newWriter(row.request.of(row))
	w.id, w.handle, w.settled = row.ID, row.UUID, row.request.Settled
	w.result, w.skip, w.found = row.ImportResult, row.Total, row.Duplicates
	ctx = row.request.By.in(ctx)
	parts := &partReader{ctx: ctx, db: s.db, id: row.ID, size: row.bytesTotal}
	batches := 0
	if w.about != nil {
		var err error
		if batches, err = s.loadAbout(ctx, row.ID, w.about); err != nil {
			return nil, err
		}
	}
	watch, spent := startWatch(), row.request.Seconds
	w.also = func(ctx context.Context, tx *db.Tx, f *flight) error {
		state := row.request
		state.Seconds, state.Failures = spent+watch.seconds(), 0
		if err := storeProgress(ctx, tx, row.ID, f.start.Total, f.result, min(f.done, row.bytesTotal), state); err != nil || w.about == nil {
			return err
		}
		return storeAbout(ctx, tx, row.ID, batches+1, f.about)
	}
	until := endOf(ctx)
	err := w.run(ctx, parts, func(int64) bool {
		batches++
		return until.IsZero() || fibonacco.RealTime().Before(until)
	})
	return w.result.Errors, err
}

// endOf is when a job should make room: after three quarters of its time; zero for never.
func endOf(ctx context.Context) time.Time {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Time{}
	}
	now := fibonacco.RealTime()
	return now.Add(deadline.Sub(now) * 3 / 4)
}

// storeProgress notes how far an import is. It is a compare-and-set: of two workers that have
// the same rows in hand, one fails with errTaken, and its batch is rolled back.
func storeProgress(ctx context.Context, tx *db.Tx, id int64, before int, r fibonacco.ImportResult, done int64, state request) error {
	n, err := tx.Exec(ctx, `
		UPDATE imports SET total = $1, created = $2, updated = $3, skipped = $4, failed = $5, errors = $6,
			bytes_done = $7, request = $8, updated_at = $9, report = $10, consents = $11
		WHERE id = $12 AND status = 'running' AND total = $13`,
		r.Total, r.Created, r.Updated, r.Skipped, r.Failed, db.JSON(r.Errors), done, db.JSON(state), tx.Now, db.JSON(reportOf(&r)), r.Consents, id, before)
	if err != nil {
		return fmt.Errorf("store progress of import %d: %w", id, err)
	}
	if n == 0 {
		return errTaken
	}
	return nil
}

// failed notes an attempt that ended with an error of ours, and tries again a little later, up to
// a limit. The queue's own tries are not used up: they are too few for an import of an hour.
func (s *Service) failed(ctx context.Context, id int64, cause error) error {
	logFailure(id, cause)
	failures := 0
	var errs []fibonacco.ImportError
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		row, err := findImport(ctx, tx, `id = $1`, id)
		if err != nil {
			return err
		}
		row.request.Failures++
		failures, errs = row.request.Failures, row.Errors
		_, err = tx.Exec(ctx, `UPDATE imports SET request = $1, updated_at = $2 WHERE id = $3`, db.JSON(row.request), tx.Now, id)
		return err
	})
	switch {
	case err != nil:
		return errors.Join(cause, err)
	case failures >= mostFailures:
		return s.finish(ctx, id, fibonacco.ImportFailed, "something went wrong on our side; what was imported so far is kept, and the file can be uploaded again", errs)
	}
	return queue.Snooze(retryAfter * time.Duration(failures))
}

// storeAbout keeps which businesses the rows of a batch were about, beside the file's parts, under
// numbers below zero: an import that overwrites must still know it after a crash.
func storeAbout(ctx context.Context, tx *db.Tx, id int64, batch int, about []int64) error {
	content := []byte{}
	for _, a := range about {
		content = binary.AppendVarint(content, a)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO import_parts (import_id, part, content) VALUES ($1, $2, $3)`, id, -batch, content); err != nil {
		return fmt.Errorf("store what import %d was about: %w", id, err)
	}
	return nil
}

// loadAbout reads what storeAbout kept, and how many batches that was.
func (s *Service) loadAbout(ctx context.Context, id int64, about idSet) (batches int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT content FROM import_parts WHERE import_id = $1 AND part < 0`, id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var content []byte
			if err := rows.Scan(&content); err != nil {
				return err
			}
			batches++
			for len(content) > 0 {
				a, n := binary.Varint(content)
				if n <= 0 {
					return fmt.Errorf("import %d: what it was about is damaged", id)
				}
				about.add(a)
				content = content[n:]
			}
		}
		return rows.Err()
	})
	return batches, err
}
