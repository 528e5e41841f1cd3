package chat

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// hours answers when the business is open.
func (s *speaker) hours() (Answer, bool) {
	a, ok := s.openingTimes()
	a.Text = strings.NewReplacer("a.m..", "a.m.", "p.m..", "p.m.").Replace(a.Text)
	return a, ok
}

// openingTimes are about now, a day, a time, or a week.
func (s *speaker) openingTimes() (Answer, bool) {
	if !s.heard.says("open", "opening", "opened", "close", "closed", "closing", "hours", "what time", "when do you", "opening times", "business hours") {
		return Answer{}, false
	}
	if len(s.Profile.Hours) == 0 {
		return s.passOn("I do not have the opening hours."), true
	}
	if !s.zoned { // when it is there, nobody has said
		return Answer{Text: "The regular hours are: " + weekWords(s.Profile.Hours, s.Now.UTC()) + "."}, true
	}
	if s.heard.says("holiday", "holidays", "christmas", "thanksgiving", "easter", "new years", "new year", "memorial day", "labor day", "independence day", "july 4", "july 4th", "4th of july", "fourth of july") {
		a := s.passOn("I only know the regular hours, and holidays can differ. They are: " + weekWords(s.Profile.Hours, s.now) + ".")
		return a, true
	}
	day, named := s.day()
	at, timed := s.clock()
	switch {
	case timed:
		return s.openAtTime(day, at), true
	case named:
		return s.openOnDay(day), true
	case s.heard.says("weekend", "weekends"):
		saturday := s.weekday(time.Saturday)
		return Answer{Text: s.openOnDay(saturday).Text + " " + s.openOnDay(saturday.AddDate(0, 0, 1)).Text}, true
	case s.aboutNow():
		return s.openNow(), true
	}
	return Answer{Text: "The regular hours are: " + weekWords(s.Profile.Hours, s.now) + ". " + s.openNow().Text}, true
}

// aboutNow reports whether a message without a day or a time means this moment.
func (s *speaker) aboutNow() bool {
	if s.heard.says("now", "right now", "currently", "at the moment", "still open", "open yet", "when do you close", "what time do you close") {
		return true
	}
	return len(s.heard.words) <= 4 && s.heard.says("are you open", "you open", "u open", "are you closed", "you closed") && !s.heard.says("when", "late", "early")
}

// weekday is the next such day, or today.
func (s *speaker) weekday(d time.Weekday) time.Time {
	y, m, day := s.now.Date()
	return time.Date(y, m, day+(int(d-s.now.Weekday())+7)%7, 12, 0, 0, 0, s.now.Location())
}

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// day is the local day that a message names; today when it names none.
func (s *speaker) day() (day time.Time, named bool) {
	y, m, d := s.now.Date()
	on := func(days int) time.Time { return time.Date(y, m, d+days, 12, 0, 0, 0, s.now.Location()) }
	switch {
	case s.heard.says("tomorrow"):
		return on(1), true
	case s.heard.says("today", "tonight", "this morning", "this afternoon", "this evening"):
		return on(0), true
	}
	for i, name := range weekdays {
		if s.heard.says(name, name+"s", name[:3]) {
			return s.weekday(time.Weekday(i)), true
		}
	}
	return on(0), false
}

var clockTime = regexp.MustCompile(`(?i)\b([0-9]{1,2})(?::([0-5][0-9]))?\s*([ap])\.?\s?m\b|\b([0-9]{1,2}):([0-5][0-9])\b|\b(noon|midnight)\b`)

// clock is the time of day that a message names, in minutes since midnight. A time without a.m. or p.m. is
// the one in the afternoon, when it could be both.
func (s *speaker) clock() (minute int, named bool) {
	m := clockTime.FindStringSubmatch(s.Text)
	if m == nil {
		return 0, false
	}
	hour, minute := 0, 0
	switch {
	case m[6] != "":
		if strings.EqualFold(m[6], "noon") {
			hour = 12
		} else {
			hour = 24
		}
	case m[3] != "":
		hour, _ = strconv.Atoi(m[1])
		minute, _ = strconv.Atoi(m[2])
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
		if strings.EqualFold(m[3], "p") {
			hour += 12
		}
	default:
		hour, _ = strconv.Atoi(m[4])
		minute, _ = strconv.Atoi(m[5])
		if hour > 23 {
			return 0, false
		}
		if hour >= 1 && hour <= 7 {
			hour += 12
		}
	}
	return 60*hour + minute, true
}

// openNow is about this moment.
func (s *speaker) openNow() Answer {
	if until, open := openAt(s.Profile.Hours, s.now); open {
		if until.Sub(s.now) > 7*24*time.Hour {
			return Answer{Text: "Yes, it is open around the clock."}
		}
		return Answer{Text: "By the regular hours, it is open now, until " + s.when(until) + "."}
	}
	next, ok := nextOpening(s.Profile.Hours, s.now)
	if !ok {
		return Answer{Text: "By the regular hours, it is closed now."}
	}
	return Answer{Text: "By the regular hours, it is closed now. It opens " + dayWords(next, s.now) + " at " + clockWords(next) + "."}
}

// openOnDay is about a day as a whole.
func (s *speaker) openOnDay(day time.Time) Answer {
	spans := spansOn(s.Profile.Hours, day)
	when := dayWords(day, s.now)
	if len(spans) == 0 {
		text := "By the regular hours, it is closed " + when + "."
		if until, open := openAt(s.Profile.Hours, time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())); open && days(until) == days(day) {
			text = "By the regular hours, it is open " + when + " only from the night before, until " + clockWords(until) + "."
		}
		if next, ok := nextOpening(s.Profile.Hours, day); ok {
			text += " It opens " + dayWords(next, s.now) + " at " + clockWords(next) + "."
		}
		return Answer{Text: text}
	}
	text := "By the regular hours, it is open " + when + " from " + spanWords(spans) + "."
	text = strings.Replace(text, "from all day", "all day", 1)
	if days(day) == days(s.now) && !s.now.Before(spans[len(spans)-1].until) {
		text += " That is over for today."
	}
	return Answer{Text: text}
}

// openAtTime is about one time of a day.
func (s *speaker) openAtTime(day time.Time, minute int) Answer {
	at := clockTimeOn(day.Year(), day.Month(), day.Day(), minute, day.Location())
	when := dayWords(day, s.now) + " at " + clockWords(at)
	if minute == 24*60 {
		when = dayWords(day, s.now) + " at midnight"
	}
	if until, open := openAt(s.Profile.Hours, at); open {
		return Answer{Text: "By the regular hours, it is open " + when + ", until " + clockWords(until) + "."}
	}
	spans := spansOn(s.Profile.Hours, day)
	if len(spans) == 0 {
		return Answer{Text: "By the regular hours, it is closed " + when + ": it does not open that day."}
	}
	return Answer{Text: "By the regular hours, it is closed " + when + ". The hours that day are " + spanWords(spans) + "."}
}

// when is a time near now: with its day, where that is another one and it is not just past midnight.
func (s *speaker) when(t time.Time) string {
	words := clockWords(t)
	if n := days(t) - days(s.now); n == 0 || n == 1 && t.Hour() < 6 {
		return words
	}
	return words + " " + dayWords(t, s.now)
}
