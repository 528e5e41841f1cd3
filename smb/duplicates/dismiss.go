package duplicates

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// DismissDuplicate implements fibonacco.MergeService. Saying it again changes nothing. Returns
// NotFound for a business that is unknown, and Invalid for one and the same.
func (f *Finder) DismissDuplicate(ctx context.Context, a, b int64) error {
	if a == b {
		return fibonacco.InvalidFields("the pair cannot be dismissed", []fibonacco.FieldError{{Field: "b", Reason: "is the same business as a"}})
	}
	return f.db.Update(ctx, func(tx *db.Tx) error {
		communityID, err := communityOf(ctx, tx, a, b)
		if err != nil {
			return err
		}
		// A row each way, so that whatever is known of a business is found by its id, and moves with it.
		var by any
		if p := fibonacco.PrincipalOf(ctx); p != nil {
			by = db.Null(p.UserID)
		}
		n, err := tx.Exec(ctx, `
			INSERT INTO duplicate_dismissals (smb_id, other_id, dismissed_by, dismissed_at)
			SELECT pair.a, pair.b, CAST($3 AS bigint), CAST($4 AS timestamptz)
			FROM (SELECT CAST($1 AS bigint) AS a, CAST($2 AS bigint) AS b UNION ALL SELECT CAST($2 AS bigint), CAST($1 AS bigint)) AS pair
			WHERE NOT EXISTS (SELECT 1 FROM duplicate_dismissals WHERE smb_id = $1 AND other_id = $2)`, a, b, by, tx.Now)
		if err != nil {
			return fmt.Errorf("dismiss SMBs %d and %d: %w", a, b, err)
		}
		if n == 0 {
			return nil
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.duplicate_dismissed", Entity: "smb", EntityID: strconv.FormatInt(a, 10), CommunityID: &communityID,
			After: map[string]any{"not_the_same_as": b},
		})
	})
}

// RestoreDuplicate implements fibonacco.MergeService.
func (f *Finder) RestoreDuplicate(ctx context.Context, a, b int64) error {
	return f.db.Update(ctx, func(tx *db.Tx) error {
		communityID, err := communityOf(ctx, tx, a, b)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM duplicate_dismissals WHERE (smb_id = $1 AND other_id = $2) OR (smb_id = $2 AND other_id = $1)`, a, b)
		if err != nil {
			return fmt.Errorf("propose SMBs %d and %d again: %w", a, b, err)
		}
		if n == 0 {
			return nil
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.duplicate_restored", Entity: "smb", EntityID: strconv.FormatInt(a, 10), CommunityID: &communityID,
			After: map[string]any{"perhaps_the_same_as": b},
		})
	})
}

// communityOf is the community of a, when whoever asks may see both businesses.
func communityOf(ctx context.Context, tx *db.Tx, a, b int64) (int64, error) {
	communities := map[int64]int64{}
	for _, id := range []int64{min(a, b), max(a, b)} {
		communityID, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1 AND deleted_at IS NULL`, id)
		if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, communityID) {
			return 0, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
		}
		if err != nil {
			return 0, fmt.Errorf("find SMB %d: %w", id, err)
		}
		communities[id] = communityID
	}
	return communities[a], nil
}

// readDismissed reads the pairs of businesses of which one meets a condition on table smbs.
func readDismissed(ctx context.Context, tx *db.Tx, where string, arg any) (map[[2]int64]bool, error) {
	type row struct{ SMB, Other int64 }
	rows, err := db.Select[row](ctx, tx, `
		SELECT d.smb_id AS smb, d.other_id AS other
		FROM duplicate_dismissals d JOIN smbs ON smbs.id = d.smb_id WHERE `+where, arg)
	if err != nil {
		return nil, fmt.Errorf("read dismissed pairs: %w", err)
	}
	all := make(map[[2]int64]bool, len(rows))
	for _, r := range rows {
		all[[2]int64{min(r.SMB, r.Other), max(r.SMB, r.Other)}] = true
	}
	return all, nil
}
