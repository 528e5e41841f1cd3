package campaign

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// quiet says why no programme mail goes to a community on a local day; "" when it does.
func (s *Service) quiet(t town, date string) string {
	q := s.cfg.ManifestDestiny.Quiet
	if name, ok := t.holidays[date]; ok {
		return name
	}
	if len(q.Weekdays) == 0 && len(q.Dates) == 0 && !q.Holidays {
		return ""
	}
	day, err := time.Parse(dateLayout, date)
	if err != nil {
		return ""
	}
	if slices.Contains(q.Weekdays, (int(day.Weekday())+6)%7+1) {
		return day.Weekday().String()
	}
	if slices.Contains(q.Dates, date) || slices.Contains(q.Dates, date[len("2026-"):]) {
		return date
	}
	if q.Holidays {
		return FederalHoliday(day)
	}
	return ""
}

// FederalHoliday is the name of the holiday of the United States (5 U.S.C. 6103) that is kept on a
// day, "" on any other. A holiday on a Saturday is kept on the Friday before, one on a Sunday on the
// Monday after; mail is held back on both days.
func FederalHoliday(day time.Time) string {
	if name := fixedHoliday(day); name != "" {
		return name
	}
	switch day.Weekday() {
	case time.Friday:
		if name := fixedHoliday(day.AddDate(0, 0, 1)); name != "" {
			return name
		}
	case time.Monday:
		if name := fixedHoliday(day.AddDate(0, 0, -1)); name != "" {
			return name
		}
	}
	nth := (day.Day()-1)/7 + 1 // which one of its weekday in the month
	last := day.AddDate(0, 0, 7).Month() != day.Month()
	switch month, weekday := day.Month(), day.Weekday(); {
	case month == time.January && weekday == time.Monday && nth == 3:
		return "Martin Luther King Day"
	case month == time.February && weekday == time.Monday && nth == 3:
		return "Presidents' Day"
	case month == time.May && weekday == time.Monday && last:
		return "Memorial Day"
	case month == time.September && weekday == time.Monday && nth == 1:
		return "Labor Day"
	case month == time.October && weekday == time.Monday && nth == 2:
		return "Columbus Day"
	case month == time.November && weekday == time.Thursday && nth == 4:
		return "Thanksgiving"
	}
	return ""
}

func fixedHoliday(day time.Time) string {
	switch day.Format("01-02") {
	case "01-01":
		return "New Year's Day"
	case "06-19":
		return "Juneteenth"
	case "07-04":
		return "Independence Day"
	case "11-11":
		return "Veterans Day"
	case "12-25":
		return "Christmas Day"
	}
	return ""
}

// loadHolidays is a community's own days without mail, around a moment.
func loadHolidays(ctx context.Context, tx *db.Tx, communityID int64, around time.Time) (map[string]string, error) {
	type holiday struct{ Day, Name string }
	found, err := db.Select[holiday](ctx, tx, `
		SELECT CAST(day AS text) AS day, name FROM community_holidays WHERE community_id = $1 AND day >= $2 AND day <= $3`,
		communityID, around.AddDate(0, 0, -2).Format(dateLayout), around.AddDate(0, 0, 2).Format(dateLayout))
	if err != nil {
		return nil, fmt.Errorf("read the holidays of community %d: %w", communityID, err)
	}
	days := map[string]string{}
	for _, h := range found {
		days[h.Day] = h.Name
	}
	return days, nil
}

// waiting is where SMBs stand whose programme waits on a quiet day.
type waiting struct{ pausedDays, through int }

// wait lets the programme of SMBs stand still for a day: the step of today is due on the next day, as
// everything after it, so that nothing comes in a burst. Only who still has as many days off as when
// this was worked out waits: planning the same day again changes nothing.
func wait(ctx context.Context, tx *db.Tx, waits map[waiting][]int64) error {
	for w, ids := range waits {
		if _, err := tx.Exec(ctx, `
			UPDATE smbs SET paused_days = paused_days + 1, planned_through_day = $1, manifest_destiny_day = $2, updated_at = $3
			WHERE id IN ($4...) AND campaign_status = 'active' AND paused_days = $5`,
			w.through, max(w.through, 1), tx.Now, ids, w.pausedDays); err != nil {
			return fmt.Errorf("let SMBs wait for a day: %w", err)
		}
	}
	return nil
}

// quietStep is a step that falls on a quiet day: left out, or due again on the next day.
func (p *dayPlan) quietStep(c candidate, step *step, day int, skip bool) {
	p.skips.Add(c.ID, step.ID, day, string(fibonacco.QuietDay))
	if skip {
		p.move(c.ID, place{day: day, status: fibonacco.StatusActive})
		return
	}
	p.standStill(c, day)
}

// standStill lets the programme of an SMB wait for a day: day is due again on the next one.
func (p *dayPlan) standStill(c candidate, day int) {
	if p.waits == nil {
		p.waits = map[waiting][]int64{}
	}
	w := waiting{c.PausedDays, day - 1}
	p.waits[w] = append(p.waits[w], c.ID)
}
