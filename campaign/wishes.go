package campaign

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// wishes is what an SMB chose on its preference page. The zero value wants everything.
type wishes struct {
	unwanted    map[fibonacco.Topic]bool
	weekly      bool
	mailed      bool      // with weekly: had a mail in the six local days before today, or has one today
	pausedSince time.Time // with pausedUntil
	pausedUntil time.Time // nothing leaves before; zero when there is no pause
}

// refuse says why a mail of a type does not leave at a moment, "" when it may. How often mail may come
// is asked when it is planned.
func (w wishes) refuse(t fibonacco.CampaignType, at time.Time) fibonacco.SkipReason {
	switch {
	case at.Before(w.pausedUntil):
		return fibonacco.AskedForPause
	case w.unwanted[t.Topic()]:
		return fibonacco.UnwantedTopic
	}
	return ""
}

// readWishes reads the wishes of SMBs that have some. Most have none.
func readWishes(ctx context.Context, tx *db.Tx, smbIDs []int64) (map[int64]wishes, error) {
	if len(smbIDs) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `SELECT smb_id, kind, ends_at, created_at FROM preferences WHERE smb_id IN ($1...)`, smbIDs)
	if err != nil {
		return nil, fmt.Errorf("read the preferences of %d SMBs: %w", len(smbIDs), err)
	}
	defer func() { _ = rows.Close() }()
	all := map[int64]wishes{}
	for rows.Next() {
		var id int64
		var kind string
		var ends *time.Time
		var since time.Time
		if err := rows.Scan(&id, &kind, db.TimePtr(&ends), db.Time(&since)); err != nil {
			return nil, fmt.Errorf("read the preferences of %d SMBs: %w", len(smbIDs), err)
		}
		w := all[id]
		switch topic, without := strings.CutPrefix(kind, "without_"); {
		case without:
			if w.unwanted == nil {
				w.unwanted = map[fibonacco.Topic]bool{}
			}
			w.unwanted[fibonacco.Topic(topic)] = true
		case kind == "at_most_weekly":
			w.weekly = true
		case kind == "pause" && ends != nil:
			w.pausedSince, w.pausedUntil = since, *ends
		}
		all[id] = w
	}
	return all, rows.Err()
}

// loadWishes is readWishes for planning: with whether those who want a mail a week have had it.
func loadWishes(ctx context.Context, tx *db.Tx, t town, candidates []candidate) (map[int64]wishes, error) {
	all, err := readWishes(ctx, tx, idsOf(candidates))
	if err != nil {
		return nil, err
	}
	var weekly []int64
	for id, w := range all {
		if w.weekly {
			weekly = append(weekly, id)
		}
	}
	if len(weekly) == 0 {
		return all, nil
	}
	slices.Sort(weekly)
	today := tx.Now.In(t.zone)
	since := time.Date(today.Year(), today.Month(), today.Day()-6, 0, 0, 0, 0, t.zone)
	mailed, err := db.Select[int64](ctx, tx, `
		SELECT DISTINCT smb_id FROM campaign_sends
		WHERE smb_id IN ($1...) AND scheduled_for >= $2 AND status NOT IN ('suppressed', 'cancelled', 'failed')`, weekly, since.UTC())
	if err != nil {
		return nil, fmt.Errorf("look who had a mail this week: %w", err)
	}
	for _, id := range mailed {
		w := all[id]
		w.mailed = true
		all[id] = w
	}
	return all, nil
}

// declined adds to closed those claims that their SMB has come not to want, and returns their ids.
// choosy is the SMBs among them that have wishes.
func declined(ctx context.Context, tx *db.Tx, steps steps, claims []claim, choosy []int64, closed *db.Batch) (ids []int64, err error) {
	all, err := readWishes(ctx, tx, choosy)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	for _, c := range claims {
		step, _ := steps.version(versionKey{c.campaignID, c.version})
		why := all[c.smbID].refuse(step.Type, tx.Now)
		if why == "" {
			continue
		}
		status := fibonacco.SendSuppressed
		if why == fibonacco.AskedForPause {
			status = fibonacco.SendCancelled
		}
		closed.Add(c.id, string(status), string(why))
		ids = append(ids, c.id)
	}
	return ids, nil
}

// rest is a day of a pause that the SMB asked for: its programme stands still, so that it goes on
// where it stood, and nothing comes in a burst.
func (p *dayPlan) rest(c candidate, step *step, day int) {
	if step != nil {
		p.skips.Add(c.ID, step.ID, day, string(fibonacco.AskedForPause))
	}
	p.standStill(c, day)
}

// restsOn reports whether a local date is within the pause.
func (w wishes) restsOn(day string, zone *time.Location) bool {
	return !w.pausedUntil.IsZero() && day >= localDate(w.pausedSince, zone) && day < localDate(w.pausedUntil, zone)
}

// dayOn is the programme day of an active SMB on a local date, day without its pause: the day on which
// it stands still lasts until the pause is over.
func (w wishes) dayOn(x explained, day int, on, today string, zone *time.Location) (int, error) {
	until := localDate(w.pausedUntil, zone)
	if w.pausedUntil.IsZero() || until <= today || on <= today {
		return day, nil
	}
	now, err := programmeDay(x.start, today, x.pausedDays)
	if err != nil {
		return day, err
	}
	standing := max(now, x.through+1)
	if on <= until {
		return standing, nil
	}
	more, err := daysBetween(until, on)
	return standing + more, err
}
