package merge

import (
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco/db"
)

// Forget takes out of the merges of these businesses everything that tells who they were. None of
// them can be undone then. For whoever erases a business, in the same transaction.
func Forget(ctx context.Context, tx *db.Tx, smbIDs []int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE merges SET fields = '[]', choose = '{}', before = '{}', after = '{}', other = '{}', moved = '{}', forgotten_at = $1
		WHERE (survivor_id IN ($2...) OR other_id IN ($2...)) AND forgotten_at IS NULL`, tx.Now, smbIDs); err != nil {
		return fmt.Errorf("forget the merges of %d SMBs: %w", len(smbIDs), err)
	}
	return nil
}

// MergedInto is the businesses that became part of one, and of those that became part of it, and
// so on: they tell of the same people, and who erases one erases all.
func MergedInto(ctx context.Context, tx *db.Tx, smbID int64) ([]int64, error) {
	var all []int64
	for next := []int64{smbID}; len(next) > 0; {
		found, err := db.Select[int64](ctx, tx, `
			SELECT DISTINCT other_id FROM merges WHERE survivor_id IN ($1...) AND undone_at IS NULL ORDER BY other_id`, next)
		if err != nil {
			return nil, fmt.Errorf("read what was merged into SMB %d: %w", smbID, err)
		}
		next = slices.DeleteFunc(found, func(id int64) bool { return id == smbID || slices.Contains(all, id) })
		all = append(all, next...)
	}
	return all, nil
}
