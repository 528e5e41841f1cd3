package chat

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// span is one time of being open, as instants.
type span struct{ from, until time.Time }

// spansOn are the spans that begin on a local day, oldest first.
func spansOn(hours []fibonacco.OpeningHours, day time.Time) (all []span) {
	y, m, d := day.Date()
	for _, h := range hours {
		if h.Day != day.Weekday() {
			continue
		}
		from, ok1 := minutes(h.Opens)
		until, ok2 := minutes(h.Closes)
		if !ok1 || !ok2 || from == until {
			continue
		}
		if until < from {
			until += 24 * 60 // it ends on the next day
		}
		all = append(all, span{clockTimeOn(y, m, d, from, day.Location()), clockTimeOn(y, m, d, until, day.Location())})
	}
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	return all
}

// clockTimeOn is when the clocks of a place show a time, so many minutes after a midnight that may be another
// day's. It is the first of two when the clocks go back, and as much later as they leave out when they go
// forward: what ends at two o'clock then ends at three.
func clockTimeOn(y int, m time.Month, d, minute int, zone *time.Location) time.Time {
	shown := time.Date(y, m, d, 0, minute, 0, 0, time.UTC)
	t := time.Date(y, m, d, 0, minute, 0, 0, zone)
	_, before := t.Add(-4 * time.Hour).Zone()
	first := time.Unix(shown.Unix()-int64(before), 0).In(zone)
	same := func(t time.Time) bool { return t.Hour() == shown.Hour() && t.Minute() == shown.Minute() }
	if !same(first) && same(t) {
		return t
	}
	return first
}

// minutes since midnight of "09:00"; "24:00" is the day's end.
func minutes(clock string) (n int, ok bool) {
	var h, m int
	if len(clock) != 5 || clock[2] != ':' {
		return 0, false
	}
	if _, err := fmt.Sscanf(clock, "%02d:%02d", &h, &m); err != nil || h < 0 || m < 0 || m > 59 || h > 24 || h == 24 && m != 0 {
		return 0, false
	}
	return 60*h + m, true
}

// around are the spans near an instant, those that follow on one another made one, so that an evening
// that ends at midnight and goes on is one evening.
func around(hours []fibonacco.OpeningHours, at time.Time, days int) (all []span) {
	y, m, d := at.Date()
	for i := -2; i <= days; i++ {
		all = append(all, spansOn(hours, time.Date(y, m, d+i, 12, 0, 0, 0, at.Location()))...)
	}
	slices.SortFunc(all, func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range all {
		if n := len(out); n > 0 && !s.from.After(out[n-1].until) {
			if s.until.After(out[n-1].until) {
				out[n-1].until = s.until
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// openAt reports whether the business is open at an instant, and until when.
func openAt(hours []fibonacco.OpeningHours, at time.Time) (until time.Time, open bool) {
	for _, s := range around(hours, at, 8) {
		if !at.Before(s.from) && at.Before(s.until) {
			return s.until, true
		}
	}
	return time.Time{}, false
}

// nextOpening is when it opens next after an instant.
func nextOpening(hours []fibonacco.OpeningHours, at time.Time) (from time.Time, ok bool) {
	for _, s := range around(hours, at, 8) {
		if s.from.After(at) {
			return s.from, true
		}
	}
	return time.Time{}, false
}

// clockWords is a time as people say it: "5:30 p.m.", "noon".
func clockWords(t time.Time) string {
	switch {
	case t.Hour() == 0 && t.Minute() == 0:
		return "midnight"
	case t.Hour() == 12 && t.Minute() == 0:
		return "noon"
	}
	half := "a.m."
	if t.Hour() >= 12 {
		half = "p.m."
	}
	if t.Minute() == 0 {
		return fmt.Sprintf("%d %s", (t.Hour()+11)%12+1, half)
	}
	return fmt.Sprintf("%d:%02d %s", (t.Hour()+11)%12+1, t.Minute(), half)
}

// dayWords is a local day as seen from another: today, tomorrow, or its name.
func dayWords(day, now time.Time) string {
	switch days(day) - days(now) {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return "on " + day.Weekday().String()
}

// days counts local days.
func days(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

// spanWords are the spans that begin on a day: "9 a.m. to noon and 1 p.m. to 5 p.m.".
func spanWords(spans []span) string {
	parts := make([]string, len(spans))
	for i, s := range spans {
		if s.until.Sub(s.from) == 24*time.Hour && s.from.Hour() == 0 && s.from.Minute() == 0 {
			parts[i] = "all day"
			continue
		}
		parts[i] = clockWords(s.from) + " to " + clockWords(s.until)
	}
	return list(parts)
}

// weekWords is the week, Monday first, days that are alike together: "Monday to Friday 9 a.m. to 5 p.m.; Sunday closed".
func weekWords(hours []fibonacco.OpeningHours, now time.Time) string {
	y, m, d := now.Date()
	monday := time.Date(y, m, d-(int(now.Weekday())+6)%7, 12, 0, 0, 0, time.UTC) // a week without a change of the clocks in it
	var parts []string
	for i := 0; i < 7; {
		first := monday.AddDate(0, 0, i)
		words := dayHours(hours, first)
		j := i + 1
		for j < 7 && dayHours(hours, monday.AddDate(0, 0, j)) == words {
			j++
		}
		name := first.Weekday().String()
		switch j - i {
		case 1:
		case 2:
			name += " and " + monday.AddDate(0, 0, j-1).Weekday().String()
		default:
			name += " to " + monday.AddDate(0, 0, j-1).Weekday().String()
		}
		parts = append(parts, name+" "+words)
		i = j
	}
	return strings.Join(parts, "; ")
}

func dayHours(hours []fibonacco.OpeningHours, day time.Time) string {
	spans := spansOn(hours, day)
	if len(spans) == 0 {
		return "closed"
	}
	return spanWords(spans)
}

// list is "a", "a and b", "a, b and c".
func list(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	return strings.Join(parts[:len(parts)-1], ", ") + " and " + parts[len(parts)-1]
}
