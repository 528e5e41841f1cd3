package smb

import (
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// statusOf is an SMB with its place in the programme.
type statusOf struct {
	ID     int64
	Status fibonacco.CampaignStatus
}

// movePart starts, pauses or resumes the next part. The programme does it in transactions of its own:
// who is to move is written down first, so that a part that is done again after a death is counted
// once. An SMB that somebody else moves at the same moment counts as moved by this.
func (s *Service) movePart(ctx context.Context, row bulkRow) (more bool, err error) {
	if s.programme == nil {
		return false, fibonacco.Errorf(fibonacco.NotImplemented, "this process does not run the programme")
	}
	var part *bulkPartRow
	if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if part, err = s.nextPart(ctx, tx, row); err != nil || part == nil || part.eligible != nil {
			return err
		}
		part.eligible = []int64{}
		before, err := statuses(ctx, tx, part.ids)
		if err != nil {
			return err
		}
		for _, b := range before {
			if b.Status == leaves[row.request.Action] {
				part.eligible = append(part.eligible, b.ID)
			}
		}
		_, err = tx.Exec(ctx, `UPDATE bulk_parts SET eligible = $3 WHERE job_id = $1 AND part = $2`, row.ID, part.number, db.JSON(part.eligible))
		return err
	}); err != nil || part == nil {
		return false, err
	}
	if len(part.eligible) > 0 {
		if err := s.move(ctx, row.request, part.eligible); err != nil {
			return false, fmt.Errorf("part %d of bulk change %d: %w", part.number, row.ID, err)
		}
	}
	return true, s.db.Update(ctx, func(tx *db.Tx) error {
		after, err := statuses(ctx, tx, part.ids)
		if err != nil {
			return err
		}
		result := partResult{ids: part.ids, why: map[int64]fibonacco.BulkReason{}}
		for _, a := range after {
			result.found = append(result.found, a.ID)
			if a.Status != leaves[row.request.Action] && slices.Contains(part.eligible, a.ID) {
				result.changed = append(result.changed, a.ID)
				continue
			}
			result.why[a.ID] = fibonacco.BulkReason(a.Status)
		}
		return storePart(ctx, tx, row, part.number, result)
	})
}

func (s *Service) move(ctx context.Context, r bulkRequest, ids []int64) (err error) {
	these := fibonacco.SMBFilter{IDs: ids}
	switch r.Action {
	case fibonacco.BulkStart:
		_, err = s.programme.StartProgramme(ctx, these)
	case fibonacco.BulkPause:
		_, err = s.programme.PauseProgramme(ctx, these, r.Reason)
	default:
		_, err = s.programme.ResumeProgramme(ctx, these)
	}
	return err
}

// statuses is those of some SMBs that whoever asks sees.
func statuses(ctx context.Context, tx *db.Tx, ids []int64) ([]statusOf, error) {
	where, args := `id IN ($1...) AND deleted_at IS NULL`, []any{ids}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where, args = where+` AND community_id IN ($2...)`, append(args, scope)
	}
	found, err := db.Select[statusOf](ctx, tx, `SELECT id, campaign_status AS status FROM smbs WHERE `+where+` ORDER BY id`, args...)
	if err != nil {
		return nil, fmt.Errorf("read where %d SMBs stand: %w", len(ids), err)
	}
	return found, nil
}
