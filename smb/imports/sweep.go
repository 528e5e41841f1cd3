package imports

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	uploadLimit = 24 * time.Hour // an upload, or a command, that got no further for so long is over
	sweptAtOnce = 20             // batches of an old import that are forgotten in one transaction
)

// sweep clears away uploads that were never finished (the process was killed, or the line was cut),
// ends imports whose command was killed, and forgets what imports keep for the time in which they
// can be undone.
func (s *Service) sweep(ctx context.Context) error {
	type stale struct {
		ID     int64
		Status string
	}
	var over []stale
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		over, err = db.Select[stale](ctx, tx, `
			SELECT id, status FROM imports WHERE updated_at < $1 AND (status = 'uploading' OR status = 'running' AND direct = TRUE)`,
			tx.Now.Add(-uploadLimit))
		return err
	})
	for _, i := range over {
		if i.Status == "uploading" {
			err = errors.Join(err, s.discard(ctx, i.ID))
		} else {
			err = errors.Join(err, s.abandon(ctx, i.ID))
		}
	}
	return errors.Join(err, s.forget(ctx))
}

// abandon ends an import whose command was killed.
func (s *Service) abandon(ctx context.Context, id int64) error {
	var row importRow
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		row, err = findImport(ctx, tx, `id = $1`, id)
		return err
	})
	if err != nil {
		return err
	}
	return s.finish(ctx, id, fibonacco.ImportFailed, "the command that imported was stopped; what was stored before stays", row.Errors)
}

// forget removes what imports keep for a while: what they changed, the values that were refused, and
// what a dry run found out about known businesses.
func (s *Service) forget(ctx context.Context) error {
	var old []int64
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		old, err = db.Select[int64](ctx, tx, `
			SELECT id FROM imports WHERE finished_at < $1 AND status <> 'undoing'
				AND (EXISTS (SELECT 1 FROM import_batches b WHERE b.import_id = imports.id)
					OR EXISTS (SELECT 1 FROM import_errors e WHERE e.import_id = imports.id))`,
			tx.Now.Add(-keepDays*24*time.Hour))
		return err
	})
	for _, id := range old {
		for more := true; more && err == nil; {
			more, err = s.forgetSome(ctx, id)
		}
	}
	if err == nil {
		err = s.forgetDuplicates(ctx)
	}
	if err != nil {
		return fmt.Errorf("forget old imports: %w", err)
	}
	return nil
}

func (s *Service) forgetSome(ctx context.Context, id int64) (more bool, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		batches, err := db.Select[int64](ctx, tx, `
			SELECT batch FROM import_batches WHERE import_id = $1 UNION SELECT batch FROM import_errors WHERE import_id = $1
			ORDER BY batch LIMIT $2`, id, sweptAtOnce)
		if more = len(batches) > 0; err != nil || !more {
			return err
		}
		for _, query := range []string{
			`DELETE FROM import_changes WHERE import_id = $1 AND batch IN ($2...)`,
			`DELETE FROM import_batches WHERE import_id = $1 AND batch IN ($2...)`,
			`DELETE FROM import_errors WHERE import_id = $1 AND batch IN ($2...)`,
		} {
			if _, err := tx.Exec(ctx, query, id, batches); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

// forgetDuplicates takes names and values out of the reports of old dry runs.
func (s *Service) forgetDuplicates(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		old, err := db.Select[int64](ctx, tx, `
			SELECT id FROM imports WHERE finished_at < $1 AND dry_run = TRUE AND CAST(report AS text) LIKE $2 LIMIT $3`,
			tx.Now.Add(-keepDays*24*time.Hour), `%"duplicates"%`, 10*sweptAtOnce)
		if err != nil {
			return err
		}
		for _, id := range old {
			row, err := findImport(ctx, tx, `id = $1`, id)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `UPDATE imports SET report = $1 WHERE id = $2`, db.JSON(report{Problems: row.Problems}), id); err != nil {
				return err
			}
		}
		return nil
	})
}
