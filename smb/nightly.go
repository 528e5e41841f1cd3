package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// nightlyKey is where a run keeps how far it has come.
const nightlyKey = "smb.nightly"

// progress is how far the run of one night has come. It commits with the work, so that a run that
// was cut off, by a restart or the time a job may take, goes on where it stopped.
type progress struct {
	Due   time.Time `json:"due"`
	After int64     `json:"after"` // every SMB up to this id is done
}

// Nightly computes the score, tier and data quality of every SMB again, because what happened
// leaves the window without anybody doing anything, and then removes what was deleted over 90
// days ago. due names the night: called again for one that was cut off, it goes on from there.
// When ctx's deadline comes near, as a job's does, it stops early with queue.Snooze.
func (s *Service) Nightly(ctx context.Context, due time.Time) error {
	p, err := s.nightlyProgress(ctx, due.UTC())
	if err != nil {
		return err
	}
	for more := true; more; {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			more, err = s.nightlyChunk(ctx, tx, &p)
			return err
		}); err != nil {
			return fmt.Errorf("recompute SMBs after %d: %w", p.After, err)
		}
		if more && nearlyOver(ctx) {
			return queue.Snooze(time.Second)
		}
	}
	if err := s.purge(ctx); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := forgetBulkResults(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM settings WHERE key = $1`, nightlyKey); err != nil {
			return err
		}
		return askRepair(ctx, tx, 0)
	})
}

// nearlyOver reports whether ctx may end before another chunk is done. A job that runs into its
// time-out has used up one of its tries; one that snoozes has not.
func nearlyOver(ctx context.Context) bool {
	const chunk = 20 * time.Second // far more than one takes
	deadline, ok := ctx.Deadline()
	return ok && deadline.Sub(fibonacco.RealTime()) < chunk
}

func (s *Service) nightlyProgress(ctx context.Context, due time.Time) (progress, error) {
	fresh := progress{Due: due}
	var stored progress
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var text string
		err := tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`, nightlyKey).Scan(&text)
		if db.IsNoRows(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), &stored)
	})
	if err != nil {
		return fresh, fmt.Errorf("read how far the nightly run has come: %w", err)
	}
	if stored.Due.Equal(due) {
		return stored, nil
	}
	return fresh, nil
}

// nightlyChunk does the SMBs that follow p.After and moves p on; more is false when there were none.
func (s *Service) nightlyChunk(ctx context.Context, tx *db.Tx, p *progress) (more bool, err error) {
	chunk, err := selectSMBs(ctx, tx, `
		WHERE smbs.id > $1 AND smbs.deleted_at IS NULL ORDER BY smbs.id LIMIT $2 FOR NO KEY UPDATE`, p.After, rescoreAtOnce)
	if err != nil || len(chunk) == 0 {
		return false, err
	}
	ids := make([]int64, len(chunk))
	for i := range chunk {
		ids[i] = chunk[i].ID
	}
	if _, err := s.rescore(ctx, tx, ids, nil); err != nil {
		return false, err
	}
	if err := storeQuality(ctx, tx, chunk); err != nil {
		return false, err
	}
	next := progress{Due: p.Due, After: ids[len(ids)-1]}
	if _, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
		nightlyKey, db.JSON(next), tx.Now); err != nil {
		return false, err
	}
	tx.AfterCommit(func() { *p = next })
	return true, nil
}

// storeQuality writes the data quality of locked SMBs where it differs. It does so at every change
// too; the nightly run catches what a newer version of the product judges differently.
func storeQuality(ctx context.Context, tx *db.Tx, chunk []fibonacco.SMB) error {
	rows := db.NewBatch("smb_id bigint", "quality integer")
	for i := range chunk {
		if quality := normal.DataQuality(&chunk[i]); quality != chunk[i].DataQualityScore {
			rows.Add(chunk[i].ID, quality)
		}
	}
	_, err := tx.ExecBatch(ctx, rows, `
		UPDATE smbs SET data_quality_score = rows.quality, updated_at = $1 FROM rows WHERE smbs.id = rows.smb_id`, tx.Now)
	if err != nil {
		return fmt.Errorf("store the data quality of %d SMBs: %w", rows.Len(), err)
	}
	return nil
}
