package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco/db"
)

// around is what planning looks at beside the SMBs themselves, for a chunk of them. The zero value
// is a programme with nothing of it configured: then nothing of it is read, either.
type around struct {
	recent map[int64]int // mails in the days before; nil without a cap
	habits *habits       // nil where hours are fixed
	wishes map[int64]wishes
}

// lookAround reads it. h is the community's habits.
func (s *Service) lookAround(ctx context.Context, tx *db.Tx, t town, candidates []candidate, h *habits) (around, error) {
	var a around
	var err error
	if a.habits, err = h.of(ctx, tx, candidates); err != nil {
		return a, err
	}
	if a.wishes, err = loadWishes(ctx, tx, t, candidates); err != nil {
		return a, err
	}
	limit := s.cfg.ManifestDestiny.FrequencyCap
	if limit.Mails == 0 || len(candidates) == 0 {
		return a, nil
	}
	a.recent = map[int64]int{}
	at, err := s.leavesToday(t, tx.Now)
	if err != nil {
		return a, err
	}
	rows, err := tx.Query(ctx, `
		SELECT smb_id, COUNT(*) FROM campaign_sends
		WHERE smb_id IN ($1...) AND scheduled_for > $2 AND status NOT IN ('suppressed', 'cancelled', 'failed') GROUP BY smb_id`,
		idsOf(candidates), at.In(t.zone).AddDate(0, 0, -limit.Days).UTC()) // local days: some are 23 hours long
	if err != nil {
		return a, fmt.Errorf("count recent mails: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var n int
		if err := rows.Scan(&id, &n); err != nil {
			return a, err
		}
		a.recent[id] = n
	}
	return a, rows.Err()
}

// leavesAt is when a mail to an SMB leaves today: at the day's time, or at the SMB's own.
func (p *dayPlan) leavesAt(a around, campaign string, c candidate, now time.Time) (time.Time, error) {
	if a.habits == nil {
		return p.at, nil
	}
	at, err := localMoment(p.today, a.habits.choose(campaign, c), p.town.zone)
	if at.Before(now) {
		at = now
	}
	return at, err
}

// sendsAt is the batch of the mails that leave at a moment.
func (p *dayPlan) sendsAt(at time.Time) *db.Batch {
	if at.Equal(p.at) {
		return p.sends
	}
	if p.others == nil {
		p.others = map[time.Time]*db.Batch{}
	}
	if p.others[at] == nil {
		p.others[at] = newSends()
	}
	return p.others[at]
}
