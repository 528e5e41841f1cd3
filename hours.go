package fibonacco

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// OpenAt tells whether a business with these hours in a zone is open at a moment, and when that
// changes next: the zero time for one that is always open, and for one that never is. On the day on
// which clocks change, a time that does not exist is taken as the moment the clocks leap, and one that
// comes twice as the first.
func OpenAt(hours []OpeningHours, zone *time.Location, at time.Time) (open bool, changes time.Time) {
	const week = 7
	local := at.In(zone)
	var spans []span
	for offset := -1; offset <= week+1; offset++ {
		day := time.Date(local.Year(), local.Month(), local.Day()+offset, 12, 0, 0, 0, time.UTC)
		for _, h := range hours {
			if h.Day != day.Weekday() {
				continue
			}
			if s, ok := spanOn(day, h, zone); ok {
				spans = append(spans, s)
			}
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	for i := 0; i < len(spans); i++ {
		s := spans[i]
		for i+1 < len(spans) && !spans[i+1].from.After(s.to) {
			i++
			if spans[i].to.After(s.to) {
				s.to = spans[i].to
			}
		}
		switch {
		case !s.to.After(at):
		case s.from.After(at):
			return false, s.from
		case s.to.Sub(at) > week*24*time.Hour:
			return true, time.Time{}
		default:
			return true, s.to
		}
	}
	return false, time.Time{}
}

// span is from one moment until another.
type span struct{ from, to time.Time }

// spanOn is one span of hours on a date, whose own zone does not matter; false when it cannot be read.
func spanOn(day time.Time, h OpeningHours, zone *time.Location) (s span, ok bool) {
	opens, ok1 := DayMinute(h.Opens)
	closes, ok2 := DayMinute(h.Closes)
	if !ok1 || !ok2 {
		return span{}, false
	}
	if closes <= opens {
		closes += 24 * 60
	}
	return span{minuteOf(day, opens, zone), minuteOf(day, closes, zone)}, true
}

// minuteOf is a minute of a date in a zone.
func minuteOf(day time.Time, minute int, zone *time.Location) time.Time {
	t, _ := LocalTime(zone, day.Year(), day.Month(), day.Day()+minute/(24*60), minute/60%24, minute%60)
	return t
}

// DayMinute reads "09:30" as the minutes since midnight; "24:00" is the day's end.
func DayMinute(clock string) (minute int, ok bool) {
	h, m, found := strings.Cut(clock, ":")
	hour, err1 := strconv.ParseUint(h, 10, 8)
	min, err2 := strconv.ParseUint(m, 10, 8)
	if !found || len(h) != 2 || len(m) != 2 || err1 != nil || err2 != nil || min > 59 || hour > 24 || hour == 24 && min > 0 {
		return 0, false
	}
	return int(hour)*60 + int(min), true
}

// LocalTimeKind says what the clocks of a place do at a time of day.
type LocalTimeKind int

// What a time of day can be.
const (
	TimeOnce    LocalTimeKind = iota
	TimeSkipped               // the clocks leap over it
	TimeTwice                 // the clocks go back over it
)

// LocalTime is the moment at which clocks in a zone show a time: of two the first; where clocks leap
// over it, the moment at which they leap.
func LocalTime(zone *time.Location, year int, month time.Month, day, hour, minute int) (time.Time, LocalTimeKind) {
	wall := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	// The offsets before and after whatever happens around this time.
	_, before := wall.Add(-26 * time.Hour).In(zone).Zone()
	_, after := wall.Add(26 * time.Hour).In(zone).Zone()
	first, second := wall.Add(-time.Duration(before)*time.Second), wall.Add(-time.Duration(after)*time.Second)
	fits := func(t time.Time) bool { return t.In(zone).Format(wallTime) == wall.Format(wallTime) }
	switch a, b := fits(first), fits(second); {
	case a && b && !first.Equal(second):
		if second.Before(first) {
			first = second
		}
		return first, TimeTwice
	case a:
		return first, TimeOnce
	case b:
		return second, TimeOnce
	}
	// Between second and first the clocks leap: find the minute.
	low, high := second, first
	if high.Before(low) {
		low, high = high, low
	}
	_, offset := low.In(zone).Zone()
	for t := low; !t.After(high); t = t.Add(time.Minute) {
		if _, now := t.In(zone).Zone(); now != offset {
			return t, TimeSkipped
		}
	}
	return high, TimeSkipped
}

const wallTime = "2006-01-02 15:04"
