package imports

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// indexJob makes findable what an import stored that did not end well.
type indexJob struct {
	ImportID int64 `json:"import_id"`
}

// Kind implements queue.Job.
func (indexJob) Kind() string { return "imports.index" }

func (s *Service) workIndex(ctx context.Context, job indexJob) error {
	err := s.indexAll(ctx, job.ImportID)
	if err != nil && ctx.Err() != nil {
		return snoozed()
	}
	return err
}

// snoozed says that the work goes on in a moment: the node stops, or time is up. No try is lost.
func snoozed() error { return queue.Snooze(time.Second) }

// indexAll makes findable what an import stored, batch by batch, each in a transaction of its own.
func (s *Service) indexAll(ctx context.Context, id int64) error {
	if s.o.index == nil {
		return nil
	}
	for {
		more, err := s.indexBatch(ctx, id)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Service) indexBatch(ctx context.Context, id int64) (more bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		number := 0
		var created []byte
		err := tx.QueryRow(ctx, `
			SELECT batch, created FROM import_batches WHERE import_id = $1 AND indexed = FALSE ORDER BY batch LIMIT 1 FOR UPDATE`, id).
			Scan(&number, &created)
		if db.IsNoRows(err) {
			more = false
			return nil
		}
		if err != nil {
			return err
		}
		more = true
		ids, err := batchIDs(ctx, tx, id, number, created)
		if err != nil {
			return err
		}
		if err := s.o.index(ctx, tx, ids); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE import_batches SET indexed = TRUE WHERE import_id = $1 AND batch = $2`, id, number)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("index import %d: %w", id, err)
	}
	return more, nil
}

// batchIDs is the businesses that a batch created or changed.
func batchIDs(ctx context.Context, tx *db.Tx, id int64, number int, created []byte) ([]int64, error) {
	ids, err := unpackIDs(created)
	if err != nil {
		return nil, err
	}
	changed, err := db.Select[int64](ctx, tx, `SELECT smb_id FROM import_changes WHERE import_id = $1 AND batch = $2`, id, number)
	ids = append(ids, changed...)
	slices.Sort(ids)
	return slices.Compact(ids), err
}
