package public

import (
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// weekdays in the order in which people read them.
var weekdays = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// dayHours is a line of the table of hours.
type dayHours struct {
	Day   time.Weekday
	Text  string // "9 a.m. to 5:30 p.m.", a line for each span
	Today bool
}

// week is the table of hours; nil when they are not told.
func (v window) week() []dayHours {
	if len(v.Hours) == 0 {
		return nil
	}
	var out []dayHours
	for _, day := range weekdays {
		var spans []string
		for _, h := range v.Hours {
			if h.Day != day {
				continue
			}
			if h.Opens == "00:00" && h.Closes == "24:00" {
				spans = append(spans, "Day and night")
				continue
			}
			spans = append(spans, clockText(h.Opens)+" to "+clockText(h.Closes))
		}
		text := "Closed"
		if len(spans) > 0 {
			text = strings.Join(spans, ",\n")
		}
		out = append(out, dayHours{day, text, day == v.Now.Weekday()})
	}
	return out
}

// openNow says whether it is open, and what comes next; "" when the hours are not told.
func (v window) openNow() (open bool, text string) {
	if len(v.Hours) == 0 {
		return false, ""
	}
	open, changes := fibonacco.OpenAt(v.Hours, v.zone, v.Now)
	switch {
	case open && changes.IsZero():
		return true, "Open day and night"
	case open:
		return true, "Open now, until " + whenText(v.Now, changes.In(v.zone), false)
	case changes.IsZero():
		return false, "Closed"
	}
	return false, "Closed now, opens " + whenText(v.Now, changes.In(v.zone), true)
}

// whenText is a moment to come, with its day where that is not clear: "at 9 a.m.", "tomorrow at 9 a.m.".
func whenText(now, then time.Time, at bool) string {
	clock := timeText(then)
	if at {
		clock = "at " + clock
	}
	days := daysBetween(now, then)
	if !at { // what ends at midnight ends with the day before
		days = daysBetween(now, then.Add(-time.Second))
	}
	switch {
	case days == 0, !at && then.Sub(now) < 12*time.Hour:
		return clock
	case days == 1:
		return "tomorrow " + clock
	case days < 7:
		return then.Format("Monday ") + clock
	}
	return then.Format("Monday, January 2, ") + clock
}

// daysBetween is how many midnights lie between two moments of one zone.
func daysBetween(from, to time.Time) int {
	a := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	b := time.Date(to.Year(), to.Month(), to.Day(), 0, 0, 0, 0, time.UTC)
	return int(b.Sub(a) / (24 * time.Hour))
}

// timeText is a time of day as Americans write it: "9 a.m.", "5:30 p.m.", "noon", "midnight".
func timeText(t time.Time) string {
	switch {
	case t.Hour() == 0 && t.Minute() == 0:
		return "midnight"
	case t.Hour() == 12 && t.Minute() == 0:
		return "noon"
	}
	layout := "3:04"
	if t.Minute() == 0 {
		layout = "3"
	}
	half := " a.m."
	if t.Hour() >= 12 {
		half = " p.m."
	}
	return t.Format(layout) + half
}

// clockText is timeText of "17:30".
func clockText(clock string) string {
	minute, ok := fibonacco.DayMinute(clock)
	if !ok {
		return clock
	}
	return timeText(time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC))
}

// readClock reads a time as a browser sends it ("17:30") or as somebody types it ("5:30 pm", "9am",
// "noon"), and writes it as a browser does. What it cannot read it leaves as it is.
func readClock(typed string) string {
	text := strings.ToLower(strings.NewReplacer(" ", "", ".", "", "\u00a0", "", "\u202f", "").Replace(typed))
	switch text {
	case "noon":
		return "12:00"
	case "midnight":
		return "00:00"
	}
	for _, layout := range []string{"15:04", "15:04:05", "3:04pm", "3pm", "15"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format("15:04")
		}
	}
	return strings.TrimSpace(typed)
}
