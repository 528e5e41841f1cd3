package campaign

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// StartProgramme implements fibonacco.Programme (M1-16).
func (s *Service) StartProgramme(ctx context.Context, filter fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return s.move(ctx, filter, fibonacco.StatusPending, func(ctx context.Context, tx *db.Tx, m moving) (fibonacco.ProgrammeResult, error) {
		n, err := tx.Exec(ctx, `
			UPDATE smbs SET campaign_status = 'active', manifest_destiny_day = 1, manifest_destiny_start_date = $1,
				paused_days = 0, planned_through_day = 0, updated_at = $2
			WHERE id IN ($3...) AND campaign_status = 'pending'`, m.town.today(tx.Now), tx.Now, m.ids)
		if err != nil {
			return fibonacco.ProgrammeResult{}, err
		}
		return s.planMoved(ctx, tx, m, n)
	})
}

// PauseProgramme implements fibonacco.Programme (M1-17). What was planned and has not left is
// cancelled; what a worker claims at this very moment is caught by the claim itself (R3).
func (s *Service) PauseProgramme(ctx context.Context, filter fibonacco.SMBFilter, reason string) (fibonacco.ProgrammeResult, error) {
	if len(reason) > 255 {
		return fibonacco.ProgrammeResult{}, &fibonacco.Error{
			Code: fibonacco.Invalid, Message: "the pause cannot be stored",
			Fields: []fibonacco.FieldError{{Field: "reason", Reason: "is longer than 255 bytes"}},
		}
	}
	return s.move(ctx, filter, fibonacco.StatusActive, func(ctx context.Context, tx *db.Tx, m moving) (fibonacco.ProgrammeResult, error) {
		n, err := tx.Exec(ctx, `
			UPDATE smbs SET campaign_status = 'paused', paused_on = $1, pause_reason = $2, next_scheduled_send = NULL, updated_at = $3
			WHERE id IN ($4...) AND campaign_status = 'active'`, m.town.today(tx.Now), db.Null(reason), tx.Now, m.ids)
		if err != nil {
			return fibonacco.ProgrammeResult{}, err
		}
		_, err = tx.Exec(ctx, `
			UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'paused', updated_at = $1
			WHERE smb_id IN ($2...) AND status = 'queued'`, tx.Now, m.ids)
		return fibonacco.ProgrammeResult{Changed: n}, err
	})
}

// ResumeProgramme implements fibonacco.Programme (M1-18). The days of the pause are taken out,
// so the programme day goes on where it stood; a step planned before the pause is not repeated.
func (s *Service) ResumeProgramme(ctx context.Context, filter fibonacco.SMBFilter) (fibonacco.ProgrammeResult, error) {
	return s.move(ctx, filter, fibonacco.StatusPaused, func(ctx context.Context, tx *db.Tx, m moving) (fibonacco.ProgrammeResult, error) {
		type pause struct {
			ID int64
			On string
		}
		pauses, err := db.Select[pause](ctx, tx, `
			SELECT id, COALESCE(CAST(paused_on AS text), '') AS "on" FROM smbs WHERE id IN ($1...) AND campaign_status = 'paused'`, m.ids)
		if err != nil {
			return fibonacco.ProgrammeResult{}, err
		}
		today := m.town.today(tx.Now)
		b := db.NewBatch("smb bigint", "days integer")
		for _, p := range pauses {
			days := 0
			if p.On != "" {
				if days, err = daysBetween(p.On, today); err != nil {
					return fibonacco.ProgrammeResult{}, err
				}
			}
			b.Add(p.ID, max(days, 0))
		}
		n, err := tx.ExecBatch(ctx, b, `
			UPDATE smbs SET campaign_status = 'active', paused_days = paused_days + rows.days, paused_on = NULL,
				pause_reason = NULL, updated_at = $1
			FROM rows WHERE smbs.id = rows.smb AND smbs.campaign_status = 'paused'`, tx.Now)
		if err != nil {
			return fibonacco.ProgrammeResult{}, err
		}
		return s.planMoved(ctx, tx, m, n)
	})
}

// moving is a chunk of SMBs of one community that change status together.
type moving struct {
	town  town
	steps steps
	ids   []int64
}

// planMoved plans today's step of SMBs that have just become active.
func (s *Service) planMoved(ctx context.Context, tx *db.Tx, m moving, changed int64) (fibonacco.ProgrammeResult, error) {
	res := fibonacco.ProgrammeResult{Changed: changed}
	candidates, err := loadCandidates(ctx, tx, `smbs.id IN ($1...) AND smbs.campaign_status = 'active' ORDER BY smbs.id`, m.ids)
	if err != nil {
		return res, err
	}
	read, err := s.learnHabits(ctx, tx, m.town)
	if err != nil {
		return res, err
	}
	a, err := s.lookAround(ctx, tx, m.town, candidates, read)
	if err != nil {
		return res, err
	}
	day, err := s.planDay(m.steps, m.town, candidates, tx.Now, a)
	if err != nil {
		return res, err
	}
	plan, err := s.writePlan(ctx, tx, day, turns{}, skipPlanned)
	res.Planned, res.Skipped = plan.Planned, plan.Skipped
	return res, err
}

// move applies one change of status to all that the filter matches, community by community, in
// chunks. Those in another status than from are counted as refused.
func (s *Service) move(ctx context.Context, filter fibonacco.SMBFilter, from fibonacco.CampaignStatus,
	change func(ctx context.Context, tx *db.Tx, m moving) (fibonacco.ProgrammeResult, error),
) (total fibonacco.ProgrammeResult, err error) {
	steps, err := s.steps(ctx)
	if err != nil {
		return total, err
	}
	if len(steps.byDay) == 0 && from == fibonacco.StatusPending {
		return total, fibonacco.Errorf(fibonacco.Conflict, "there is no campaign to send: import a library first (fibonacco campaigns import DIR)")
	}
	type found struct {
		ID     int64
		Status fibonacco.CampaignStatus
	}
	var where string
	var args []any
	var towns []int64
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		if where, args, err = s.filter(ctx, tx, filter, 3); err != nil {
			return err
		}
		where = cmp.Or(strings.TrimSpace(where), "TRUE")
		if len(filter.IDs) > 0 { // a few of many communities: those of a part of a bulk change
			towns, err = db.Select[int64](ctx, tx, `SELECT DISTINCT community_id FROM smbs WHERE id IN ($1...) ORDER BY community_id`, filter.IDs)
			return err
		}
		towns, err = db.Select[int64](ctx, tx, `SELECT id FROM communities ORDER BY id`)
		return err
	}); err != nil {
		return total, err
	}
	for _, townID := range towns {
		for after := int64(0); ; {
			var part fibonacco.ProgrammeResult
			var last int64
			err := s.db.Update(ctx, func(tx *db.Tx) error {
				part, last = fibonacco.ProgrammeResult{}, 0
				page, err := db.Select[found](ctx, tx, `
					SELECT smbs.id, smbs.campaign_status AS status FROM smbs
					WHERE smbs.community_id = $1 AND smbs.id > $2 AND smbs.deleted_at IS NULL AND (`+where+`)
					ORDER BY smbs.id LIMIT `+fmt.Sprint(planChunkSize), append([]any{townID, after}, args...)...)
				if err != nil || len(page) == 0 {
					return err
				}
				last = page[len(page)-1].ID
				m := moving{steps: steps}
				for _, f := range page {
					if f.Status == from {
						m.ids = append(m.ids, f.ID)
					}
				}
				if len(m.ids) > 0 {
					if m.town, err = loadTown(ctx, tx, townID); err != nil {
						return err
					}
					if part, err = change(ctx, tx, m); err != nil {
						return err
					}
				}
				part.Matched = int64(len(page))
				part.Refused = part.Matched - part.Changed
				return nil
			})
			if err != nil {
				return total, fmt.Errorf("move SMBs of community %d from %s: %w", townID, from, err)
			}
			total.Matched += part.Matched
			total.Changed += part.Changed
			total.Refused += part.Refused
			total.Planned += part.Planned
			total.Skipped += part.Skipped
			if last == 0 {
				break
			}
			after = last
		}
	}
	return total, nil
}
