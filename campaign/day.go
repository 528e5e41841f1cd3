package campaign

import (
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
)

const dateLayout = "2006-01-02"

// parseClockTime reads "HH:MM" as the time since midnight.
func parseClockTime(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fibonacco.Errorf(fibonacco.Invalid, "%q is not a time of day like 10:00", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// localDate is the calendar day of a moment in a zone.
func localDate(at time.Time, zone *time.Location) string { return at.In(zone).Format(dateLayout) }

// localMoment is a wall-clock time of a local day. In the hour that a change to daylight-saving
// time skips, it is the same distance after the change; of an hour that comes twice, the first.
func localMoment(date string, sinceMidnight time.Duration, zone *time.Location) (time.Time, error) {
	d, err := time.Parse(dateLayout, date)
	if err != nil {
		return time.Time{}, fmt.Errorf("date %q: %w", date, err)
	}
	// time.Date does not say which of two moments it picks, nor on which side of a skipped hour it
	// lands: in fact it depends on which side of Greenwich one is.
	wall := d.Add(sinceMidnight)
	before, after := wall.Add(-offsetAt(wall.AddDate(0, 0, -1), zone)), wall.Add(-offsetAt(wall.AddDate(0, 0, 1), zone))
	if before.Equal(after) || shown(before, zone).Equal(wall) || !shown(after, zone).Equal(wall) {
		return before, nil
	}
	return after, nil
}

// offsetAt is how far a zone's clocks are ahead of UTC.
func offsetAt(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// shown is what a zone's clocks show at a moment, as if it were UTC.
func shown(at time.Time, zone *time.Location) time.Time { return at.Add(offsetAt(at, zone)) }

// daysBetween counts calendar days from one local date to another: zones and daylight-saving
// changes have no say in it.
func daysBetween(from, to string) (int, error) {
	a, err := time.Parse(dateLayout, from)
	if err != nil {
		return 0, fmt.Errorf("date %q: %w", from, err)
	}
	b, err := time.Parse(dateLayout, to)
	if err != nil {
		return 0, fmt.Errorf("date %q: %w", to, err)
	}
	return int(b.Sub(a) / (24 * time.Hour)), nil
}

// programmeDay is R4's: local date − start date + 1 − days paused. Day 1 is the start date;
// below 1 the programme has not begun.
func programmeDay(start, today string, pausedDays int) (int, error) {
	n, err := daysBetween(start, today)
	return n + 1 - pausedDays, err
}
