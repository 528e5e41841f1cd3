package calendar

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/plaintext"
)

const (
	farAhead = 2 * 366 * 24 * time.Hour // how long before it an event may be posted
	longest  = 31 * 24 * time.Hour
)

// event is a draft that was understood.
type event struct {
	fibonacco.EventDraft
	starts time.Time
	ends   *time.Time
	over   time.Time
}

// read cleans a draft and finds its moments in a zone, or says everything that is wrong with it.
func read(d fibonacco.EventDraft, zone *time.Location, now time.Time) (event, error) {
	e := event{EventDraft: d}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	e.About = plaintext.Paragraphs(e.About)
	if n := utf8.RuneCountInString(e.About); n > 3000 {
		refuse("about", fmt.Sprintf("has %d characters: at most 3,000 fit", n))
	}
	for _, f := range []struct {
		name, missing string
		text          *string
		most          int
	}{
		{"title", "is missing: what is it called?", &e.Title, 120},
		{"place", "is missing: where do people go?", &e.Place, 200},
		{"audience", "", &e.Audience, 120},
		{"link", "", &e.Link, 500},
	} {
		*f.text = plaintext.Line(*f.text)
		if *f.text == "" && f.missing != "" {
			refuse(f.name, f.missing)
		}
		if n := utf8.RuneCountInString(*f.text); n > f.most {
			refuse(f.name, fmt.Sprintf("has %d characters: at most %d fit", n, f.most))
		}
	}
	if e.Link != "" {
		link, ok := plaintext.WebAddress(e.Link)
		if !ok {
			refuse("link", "is not the address of a website: it should look like www.example.com")
		}
		e.Link = link
	}
	bad = append(bad, e.when(zone, now)...)
	return e, fibonacco.InvalidFields("the event cannot be saved", bad)
}

// when finds the moments.
func (e *event) when(zone *time.Location, now time.Time) (bad []fibonacco.FieldError) {
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	day, err := time.Parse(time.DateOnly, strings.TrimSpace(e.Day))
	if err != nil {
		refuse("day", "is missing: on which day is it?")
	}
	minute, ok := fibonacco.DayMinute(e.Starts)
	if !ok || minute == 24*60 {
		refuse("starts", "is missing: at what time?")
	}
	last, ends := day, -1
	if e.LastDay != "" {
		if last, err = time.Parse(time.DateOnly, strings.TrimSpace(e.LastDay)); err != nil {
			refuse("last_day", "is not a day")
		}
	}
	if e.Ends != "" {
		if ends, ok = fibonacco.DayMinute(e.Ends); !ok {
			refuse("ends", "is not a time of day")
		}
	}
	if bad != nil {
		return bad
	}
	var kind fibonacco.LocalTimeKind
	if e.starts, kind = at(zone, day, minute); kind == fibonacco.TimeSkipped {
		refuse("starts", skipped(day))
	}
	if e.LastDay == "" && ends >= 0 && ends <= minute {
		last = day.AddDate(0, 0, 1)
	}
	if ends >= 0 {
		end, kind := at(zone, last, ends)
		if kind == fibonacco.TimeSkipped {
			refuse("ends", skipped(last))
		}
		e.ends, e.over = &end, end
		if !end.After(e.starts) {
			refuse("ends", "comes before the start")
		}
	} else {
		e.over, _ = at(zone, last.AddDate(0, 0, 1), 0)
		if last.Before(day) {
			refuse("last_day", "comes before the first")
		}
	}
	switch {
	case !e.over.After(now):
		refuse("day", "is over already")
	case e.starts.Sub(now) > farAhead:
		refuse("day", "is more than two years ahead")
	case e.over.Sub(e.starts) > longest:
		refuse("last_day", "is more than a month after the first")
	}
	return bad
}

// at is a minute of a day, whose own zone does not matter.
func at(zone *time.Location, day time.Time, minute int) (time.Time, fibonacco.LocalTimeKind) {
	return fibonacco.LocalTime(zone, day.Year(), day.Month(), day.Day()+minute/(24*60), minute/60%24, minute%60)
}

func skipped(day time.Time) string {
	return "does not exist on " + day.Format("January 2, 2006") + ": the clocks go forward over it. Choose an earlier or a later time"
}
