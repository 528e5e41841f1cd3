package smb

import (
	"context"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// readNextSteps finds the mail that is planned for each SMB, and for those that have none the step
// of the programme that comes next.
func (s *Service) readNextSteps(ctx context.Context, tx *db.Tx, p *recordPage) error {
	if err := readPlanned(ctx, tx, p); err != nil {
		return err
	}
	places, err := readPlaces(ctx, tx, p)
	if err != nil || len(places) == 0 {
		return err
	}
	programme, err := readProgramme(ctx, tx)
	if err != nil {
		return err
	}
	for _, at := range places {
		r := p.at[at.ID]
		from, err := at.next(r.SMB, tx.Now)
		if err != nil {
			return err
		}
		if i := slices.IndexFunc(programme, func(c programmeStep) bool { return c.Day >= from && c.Day <= s.totalDays }); i >= 0 {
			r.NextStep = &fibonacco.NextStep{CampaignID: programme[i].ID, Title: programme[i].Title, ProgrammeDay: programme[i].Day}
		}
	}
	return nil
}

// readPlanned reads the first mail that waits for each SMB. COALESCE keeps the engines from going
// through everybody's waiting mails.
func readPlanned(ctx context.Context, tx *db.Tx, p *recordPage) error {
	rows, err := tx.Query(ctx, `
		SELECT s.smb_id, s.campaign_id, c.title, c.day, s.scheduled_for FROM campaign_sends s JOIN campaigns c ON c.id = s.campaign_id
		WHERE s.smb_id IN ($1...) AND COALESCE(s.status, '') = 'queued'
		ORDER BY s.smb_id, s.scheduled_for NULLS FIRST, s.id`, p.ids)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		var step fibonacco.NextStep
		if err := rows.Scan(&id, &step.CampaignID, &step.Title, &step.ProgrammeDay, db.TimePtr(&step.ScheduledFor)); err != nil {
			return err
		}
		if r := p.at[id]; r.NextStep == nil {
			r.NextStep = &step
		}
	}
	return rows.Err()
}

// programmePlace is what the programme day of an SMB is derived from, beside the SMB itself.
type programmePlace struct {
	ID       int64
	Timezone string
	Through  int // everything up to this programme day is planned
}

// next is the first programme day that can still be planned: today's, unless it is planned. That of
// a paused SMB is the day on which it was paused, because that is where it goes on.
func (at programmePlace) next(s *fibonacco.SMB, now time.Time) (int, error) {
	today, err := localDate(now, at.Timezone)
	if err != nil {
		return 0, err
	}
	if s.CampaignStatus == fibonacco.StatusPaused && s.PausedOn != "" {
		today = s.PausedOn
	}
	day, err := programmeDay(s.ManifestDestinyStartDate, today, s.PausedDays)
	return max(day, at.Through+1, 1), err
}

// readPlaces reads the places of those SMBs that are in the programme and have nothing planned.
func readPlaces(ctx context.Context, tx *db.Tx, p *recordPage) ([]programmePlace, error) {
	var ids []int64
	for _, r := range p.records {
		running := r.SMB.CampaignStatus == fibonacco.StatusActive || r.SMB.CampaignStatus == fibonacco.StatusPaused
		if r.NextStep == nil && running && r.SMB.ManifestDestinyStartDate != "" {
			ids = append(ids, r.SMB.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return db.Select[programmePlace](ctx, tx, `
		SELECT smbs.id, communities.timezone, smbs.planned_through_day AS through
		FROM smbs JOIN communities ON communities.id = smbs.community_id WHERE smbs.id IN ($1...)`, ids)
}

type programmeStep struct {
	ID, Title string
	Day       int
}

// readProgramme is the programme's steps, in their order; of two on one day the one that is kept
// comes first (M2-02). They are some dozens.
func readProgramme(ctx context.Context, tx *db.Tx) ([]programmeStep, error) {
	return db.Select[programmeStep](ctx, tx, `
		SELECT id, title, day FROM campaigns WHERE is_active AND day > 0
		ORDER BY day, CASE type WHEN 'HOOK' THEN 1 WHEN 'EDU' THEN 2 WHEN 'HOWTO' THEN 3 ELSE 4 END, id`)
}
