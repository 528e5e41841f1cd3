package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/search"
)

// Reindex brings up to date what these SMBs are found by. Whoever changes them in a statement of
// their own calls it in the same transaction; it takes any number of ids.
func (s *Service) Reindex(ctx context.Context, tx *db.Tx, ids []int64) error {
	return search.Reindex(ctx, tx, ids)
}

// others is the fields that modules change which know nothing of the search: an approval, for
// example, changes a subscription. Whoever changes any other brings the search up to date at once.
var others = []string{"service_model", "subscription_tier"}

// IndexUpdated handles SMBUpdated of such fields. What is up to date already costs a look.
func (s *Service) IndexUpdated(ctx context.Context, events []fibonacco.SMBUpdated) error {
	var ids []int64
	for _, e := range events {
		if slices.ContainsFunc(e.Fields, func(name string) bool { return slices.Contains(others, name) }) {
			ids = append(ids, e.SMBID)
		}
	}
	slices.Sort(ids)
	if ids = slices.Compact(ids); len(ids) == 0 {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return search.Reindex(ctx, tx, ids) })
}

// repairKey is where a repair of the search keeps how far it has come; it is there while one is due.
const repairKey = "smb.search"

// repairAtOnce is how many SMBs are compared in one transaction.
const repairAtOnce = 2000

// RepairSearch brings everything up to date that SMBs are found by, when a repair is due: after an
// upgrade, and every night. Call it every minute; it goes on where it was cut off, and when ctx's
// deadline comes near, as a job's does, it stops early with queue.Snooze.
func (s *Service) RepairSearch(ctx context.Context, _ time.Time) error {
	for {
		var done struct {
			After int64 `json:"after"`
		}
		due := false
		if err := s.db.View(ctx, func(tx *db.Tx) error {
			var text string
			err := tx.QueryRow(ctx, `SELECT CAST(value AS text) FROM settings WHERE key = $1`, repairKey).Scan(&text)
			if db.IsNoRows(err) {
				return nil
			}
			due = true
			if err == nil {
				err = json.Unmarshal([]byte(text), &done)
			}
			return err
		}); err != nil || !due {
			return err
		}
		more := false
		if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
			more, err = repairChunk(ctx, tx, done.After)
			return err
		}); err != nil {
			return fmt.Errorf("repair the search after SMB %d: %w", done.After, err)
		}
		if !more {
			return search.EnsureIndex(ctx, s.db)
		}
		if nearlyOver(ctx) {
			return queue.Snooze(time.Second)
		}
	}
}

// repairChunk compares the SMBs after an id with what the search has of them. more is false when
// they were the last.
func repairChunk(ctx context.Context, tx *db.Tx, after int64) (more bool, err error) {
	ids, err := db.Select[int64](ctx, tx, `SELECT id FROM smbs WHERE id > $1 ORDER BY id LIMIT $2`, after, repairAtOnce)
	if err != nil {
		return false, err
	}
	more = len(ids) == repairAtOnce
	upTo := int64(1<<62 - 1)
	if more {
		upTo = ids[len(ids)-1]
	}
	orphans, err := db.Select[int64](ctx, tx, `
		SELECT smb_id FROM smb_search WHERE smb_id > $1 AND smb_id <= $2 AND NOT EXISTS (SELECT 1 FROM smbs WHERE smbs.id = smb_search.smb_id)`, after, upTo)
	if err != nil {
		return false, err
	}
	if err := search.Remove(ctx, tx, orphans); err != nil {
		return false, err
	}
	if err := search.Reindex(ctx, tx, ids); err != nil {
		return false, err
	}
	if !more {
		_, err = tx.Exec(ctx, `DELETE FROM settings WHERE key = $1`, repairKey)
		return false, err
	}
	return true, askRepair(ctx, tx, upTo)
}

// askRepair makes a repair due, or says how far it has come.
func askRepair(ctx context.Context, tx *db.Tx, after int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
		repairKey, db.JSON(map[string]int64{"after": after}), tx.Now)
	return err
}
