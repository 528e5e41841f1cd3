package track

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// preferences.kind.
const (
	withoutTopic = "without_" // and the topic
	weeklyKind   = "at_most_weekly"
	pauseKind    = "pause"
)

// checkChoices returns Invalid for what nobody can choose.
func checkChoices(c fibonacco.Choices) error {
	var bad []fibonacco.FieldError
	for _, t := range c.Topics {
		if !slices.Contains(fibonacco.Topics, t) {
			bad = append(bad, fibonacco.FieldError{Field: "topics", Reason: "there is no such topic"})
			break
		}
	}
	if d := c.PauseDays; d != nil && *d != 0 && !slices.Contains(fibonacco.PauseChoices, *d) {
		bad = append(bad, fibonacco.FieldError{Field: "pause_days", Reason: "must be 0, 30, 60 or 90"})
	}
	return fibonacco.InvalidFields("the choices cannot be stored", bad)
}

// readPreferences is what holds for a business now: a pause that is over is none.
func readPreferences(ctx context.Context, tx *db.Tx, smbID int64) (p fibonacco.Preferences, err error) {
	type row struct {
		Kind string
		Ends *time.Time
	}
	rows, err := db.Select[row](ctx, tx, `SELECT kind, ends_at AS ends FROM preferences WHERE smb_id = $1`, smbID)
	if err != nil {
		return p, fmt.Errorf("read the preferences of business %d: %w", smbID, err)
	}
	kinds := map[string]bool{}
	for _, r := range rows {
		kinds[r.Kind] = true
		if r.Kind == pauseKind && r.Ends != nil && r.Ends.After(tx.Now) {
			p.PausedUntil = r.Ends
		}
	}
	for _, t := range fibonacco.Topics {
		if kinds[withoutTopic+string(t)] {
			p.Unwanted = append(p.Unwanted, t)
		}
	}
	p.AtMostWeekly = kinds[weeklyKind]
	return p, nil
}

// storePreferences writes what c changes of the preferences, and returns the event that tells of it;
// none when nothing is different. The business is locked.
func storePreferences(ctx context.Context, tx *db.Tx, r *reader, c fibonacco.Choices) ([]fibonacco.Event, error) {
	was, err := readPreferences(ctx, tx, r.SMBID)
	if err != nil {
		return nil, err
	}
	is, err := chosenPreferences(was, c, r.Timezone, tx.Now)
	if err != nil {
		return nil, err
	}
	if slices.Equal(was.Unwanted, is.Unwanted) && was.AtMostWeekly == is.AtMostWeekly && sameTime(was.PausedUntil, is.PausedUntil) {
		return nil, nil
	}
	rows := db.NewBatch("kind text", "ends timestamptz")
	for _, t := range is.Unwanted {
		rows.Add(withoutTopic+string(t), nil)
	}
	if is.AtMostWeekly {
		rows.Add(weeklyKind, nil)
	}
	if is.PausedUntil != nil {
		rows.Add(pauseKind, *is.PausedUntil)
	}
	// What stays as it is keeps the moment since which it holds.
	if _, err := tx.Exec(ctx, `DELETE FROM preferences WHERE smb_id = $1 AND NOT (kind IN ($2...))`, r.SMBID, append(kindsOf(is), "")); err != nil {
		return nil, fmt.Errorf("take preferences of business %d away: %w", r.SMBID, err)
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO preferences (smb_id, kind, ends_at, created_at) SELECT $1, kind, ends, $2 FROM rows WHERE TRUE
		ON CONFLICT (smb_id, kind) DO UPDATE SET ends_at = excluded.ends_at, created_at = excluded.created_at
		WHERE COALESCE(preferences.ends_at, $2) <> COALESCE(excluded.ends_at, $2)`, r.SMBID, tx.Now); err != nil {
		return nil, fmt.Errorf("store the preferences of business %d: %w", r.SMBID, err)
	}
	return []fibonacco.Event{fibonacco.PreferencesChanged{
		SMBID: r.SMBID, Unwanted: is.Unwanted, AtMostWeekly: is.AtMostWeekly, PausedUntil: is.PausedUntil,
	}}, nil
}

func kindsOf(p fibonacco.Preferences) (kinds []string) {
	for _, t := range p.Unwanted {
		kinds = append(kinds, withoutTopic+string(t))
	}
	if p.AtMostWeekly {
		kinds = append(kinds, weeklyKind)
	}
	if p.PausedUntil != nil {
		kinds = append(kinds, pauseKind)
	}
	return kinds
}

// chosenPreferences is was with what c says. A pause counts local days: of 30, today is the first.
func chosenPreferences(was fibonacco.Preferences, c fibonacco.Choices, timezone string, now time.Time) (fibonacco.Preferences, error) {
	is := was
	if c.Topics != nil {
		is.Unwanted = nil
		for _, t := range fibonacco.Topics {
			if !slices.Contains(c.Topics, t) {
				is.Unwanted = append(is.Unwanted, t)
			}
		}
	}
	if c.AtMostWeekly != nil {
		is.AtMostWeekly = *c.AtMostWeekly
	}
	if c.PauseDays == nil {
		return is, nil
	}
	is.PausedUntil = nil
	if *c.PauseDays > 0 {
		zone, err := fibonacco.LoadZone(timezone)
		if err != nil {
			return is, fmt.Errorf("time zone %q: %w", timezone, err)
		}
		today := now.In(zone)
		until := time.Date(today.Year(), today.Month(), today.Day()+*c.PauseDays, 0, 0, 0, 0, zone).UTC()
		is.PausedUntil = &until
	}
	return is, nil
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
