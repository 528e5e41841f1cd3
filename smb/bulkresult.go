package smb

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// bulkKept is how long it is known what became of each SMB of a change, and so how long it can be
// taken back.
const bulkKept = 30 * 24 * time.Hour

// partResult is what a part came to. An SMB that was found, is not among changed and has no reason
// was so already.
type partResult struct {
	ids, found, changed []int64
	why                 map[int64]fibonacco.BulkReason
}

// left is the SMBs that stayed as they were, with the reason of each.
func (r partResult) left() map[int64]fibonacco.BulkReason {
	left := map[int64]fibonacco.BulkReason{}
	for _, id := range r.ids {
		if slices.Contains(r.changed, id) {
			continue
		}
		switch why, said := r.why[id]; {
		case said:
			left[id] = why
		case slices.Contains(r.found, id):
			left[id] = fibonacco.LeftSame
		default:
			left[id] = fibonacco.LeftGone
		}
	}
	return left
}

// storePart takes a part off a change and adds up what it came to, once: whoever finds it taken off
// already changes nothing.
func storePart(ctx context.Context, tx *db.Tx, row bulkRow, part int, r partResult) error {
	if gone, err := tx.Exec(ctx, `DELETE FROM bulk_parts WHERE job_id = $1 AND part = $2`, row.ID, part); err != nil || gone == 0 {
		return err
	}
	if len(r.changed) > 0 {
		if err := recordBulk(ctx, tx, "smbs.bulk_changed", row.UUID, map[string]any{"part": part, "smb_ids": r.changed}); err != nil {
			return err
		}
	}
	left := r.left()
	if r.changed == nil {
		r.changed = []int64{}
	}
	if _, err := tx.Exec(ctx, `INSERT INTO bulk_results (job_id, part, changed, left_alone) VALUES ($1, $2, $3, $4)`,
		row.ID, part, db.JSON(r.changed), db.JSON(left)); err != nil {
		return fmt.Errorf("keep what part %d of bulk change %d came to: %w", part, row.ID, err)
	}
	now, err := findBulk(ctx, tx, `bulk_jobs.id = $1`, row.ID)
	if err != nil {
		return err
	}
	for _, why := range left {
		now.Left[why]++
	}
	_, err = tx.Exec(ctx, `UPDATE bulk_jobs SET done = done + $2, changed = changed + $3, left_alone = $4, failures = 0, updated_at = $5 WHERE id = $1`,
		row.ID, len(r.ids), len(r.changed), db.JSON(now.Left), tx.Now)
	return err
}

// WriteBulkLeft implements fibonacco.BulkService. It reads part by part: nothing is locked meanwhile.
func (s *Service) WriteBulkLeft(ctx context.Context, id string, to io.Writer) error {
	job, err := s.FindBulk(ctx, id)
	if err != nil {
		return err
	}
	out := csv.NewWriter(to)
	if err := out.Write([]string{"id", "business_name", "reason"}); err != nil {
		return err
	}
	for part := -1; ; {
		var left map[int64]fibonacco.BulkReason
		names := map[int64]string{}
		err := s.db.View(ctx, func(tx *db.Tx) error {
			var text string
			if err := tx.QueryRow(ctx, `SELECT part, left_alone FROM bulk_results WHERE job_id = $1 AND part > $2 ORDER BY part LIMIT 1`, job.ID, part).Scan(&part, &text); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &left); err != nil {
				return err
			}
			return namesOf(ctx, tx, slices.Collect(maps.Keys(left)), names)
		})
		if db.IsNoRows(err) {
			break
		}
		if err != nil {
			return fmt.Errorf("read what bulk change %d left alone: %w", job.ID, err)
		}
		for _, smbID := range slices.Sorted(maps.Keys(left)) {
			if err := out.Write([]string{strconv.FormatInt(smbID, 10), plainCell(names[smbID]), string(left[smbID])}); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// namesOf adds the names of those of some SMBs that whoever asks sees.
func namesOf(ctx context.Context, tx *db.Tx, ids []int64, to map[int64]string) error {
	if len(ids) == 0 {
		return nil
	}
	where, args := `id IN ($1...) AND deleted_at IS NULL`, []any{ids}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where, args = where+` AND community_id IN ($2...)`, append(args, scope)
	}
	type named struct {
		ID   int64
		Name string
	}
	found, err := db.Select[named](ctx, tx, `SELECT id, business_name AS name FROM smbs WHERE `+where, args...)
	for _, f := range found {
		to[f.ID] = f.Name
	}
	return err
}

// plainCell is a text that a spreadsheet does not take for a formula: names are written by strangers.
func plainCell(text string) string {
	if trimmed := strings.TrimLeft(text, " \t\r\n\u00a0\ufeff"); trimmed != "" && strings.ContainsAny(trimmed[:1], "=+-@|%") || strings.HasPrefix(trimmed, "\uff1d") {
		return "'" + text
	}
	return text
}

// undone is what takes a change back; "" when nothing does. Several tags at once may have been partly
// there before, so that one only is taken off or put back.
func (r bulkRequest) undone() fibonacco.BulkAction {
	switch {
	case r.Action == fibonacco.BulkPause:
		return fibonacco.BulkResume
	case r.Action == fibonacco.BulkTag && len(r.Tags) == 1:
		return fibonacco.BulkUntag
	case r.Action == fibonacco.BulkUntag && len(r.Tags) == 1:
		return fibonacco.BulkTag
	}
	return ""
}

// UndoBulk implements fibonacco.BulkService.
func (s *Service) UndoBulk(ctx context.Context, id string) (*fibonacco.BulkJob, error) {
	job, err := s.FindBulk(ctx, id)
	if err != nil {
		return nil, err
	}
	fresh, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	var undoing *fibonacco.BulkJob
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		row, err := findBulk(ctx, tx, `bulk_jobs.id = $1`, job.ID)
		if err != nil {
			return err
		}
		if !row.Undoable {
			return fibonacco.Errorf(fibonacco.Conflict, "this change cannot be taken back: it is not over, was taken back before, is too old, or is of a kind that has no way back")
		}
		texts, err := db.Select[string](ctx, tx, `SELECT changed FROM bulk_results WHERE job_id = $1 ORDER BY part`, row.ID)
		if err != nil {
			return fmt.Errorf("read what bulk change %d has changed: %w", row.ID, err)
		}
		var ids []int64
		for _, text := range texts {
			var part []int64
			if err := json.Unmarshal([]byte(text), &part); err != nil {
				return fmt.Errorf("read what bulk change %d has changed: %w", row.ID, err)
			}
			ids = append(ids, part...)
		}
		back := bulkRequest{Action: row.request.undone(), Tags: row.request.Tags, Reason: "Takes back an earlier change."}
		undoing, err = s.beginBulk(ctx, tx, fresh.String(), back, ids, row.UUID)
		return err
	})
	return undoing, err
}

// undoable reports whether a change can be taken back now.
func (row bulkRow) undoable(now time.Time) bool {
	return row.Status == "completed" && row.Changed > 0 && row.UndoOf == nil && !row.takenBack && row.request.undone() != "" && now.Sub(row.CreatedAt) <= bulkKept
}

// forgetBulkResults removes what is older than it is kept.
func forgetBulkResults(ctx context.Context, tx *db.Tx) error {
	_, err := tx.Exec(ctx, `DELETE FROM bulk_results WHERE job_id IN (SELECT id FROM bulk_jobs WHERE created_at < $1)`, tx.Now.Add(-bulkKept))
	if err != nil {
		return fmt.Errorf("forget what old bulk changes came to: %w", err)
	}
	return nil
}
