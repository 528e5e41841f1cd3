package merge

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostListed bounds the merges of one business that are listed: the newest.
const mostListed = 1000

const mergeColumns = `merges.id, CAST(merges.uuid AS text), merges.survivor_id, merges.other_id, CAST(merges.fields AS text),
	merges.merged_at, merges.merged_by, merges.undo_until, merges.undone_at`

func scanMerge(row db.Row, m *fibonacco.Merge, more ...any) error {
	var fields string
	targets := []any{&m.ID, &m.UUID, &m.SurvivorID, &m.OtherID, &fields, db.Time(&m.MergedAt), &m.MergedBy, db.Time(&m.UndoUntil), db.TimePtr(&m.UndoneAt)}
	if err := row.Scan(append(targets, more...)...); err != nil {
		return err
	}
	return decode(fields, &m.Fields)
}

// ListMerges implements fibonacco.MergeService. A business that was merged into another, and is
// deleted since, still has its merges. Returns NotFound for one that is unknown or not the caller's
// to see.
func (s *Service) ListMerges(ctx context.Context, smbID int64) ([]fibonacco.Merge, error) {
	all := []fibonacco.Merge{}
	err := s.o.DB.View(ctx, func(tx *db.Tx) error {
		communityID, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1`, smbID)
		if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, communityID) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT `+mergeColumns+` FROM merges WHERE survivor_id = $1 OR other_id = $1 ORDER BY id DESC LIMIT $2`, smbID, mostListed)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var m fibonacco.Merge
			if err := scanMerge(rows, &m); err != nil {
				return err
			}
			all = append(all, m)
		}
		return rows.Err()
	})
	if err != nil {
		if fibonacco.CodeOf(err) != fibonacco.Internal {
			return nil, err
		}
		return nil, fmt.Errorf("list the merges of SMB %d: %w", smbID, err)
	}
	return all, nil
}
