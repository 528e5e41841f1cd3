package law

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// everybody is the key of the days off that hold in every state.
const everybody = "federal"

// holiday is a day off with the rule it is found by.
type holiday struct {
	name     string
	in       func(year int) time.Time
	observed bool // has a date, and so is kept on a neighbouring weekday too
}

// readHoliday understands "July 4", "third Monday of January", "Tuesday after first Monday of
// November" and "Easter-2".
func readHoliday(name, when string) (holiday, error) {
	h := holiday{name: name}
	if shift, ok := strings.CutPrefix(when, "Easter"); ok {
		days, err := strconv.Atoi(shift)
		if err != nil {
			return h, fmt.Errorf("%q is not a number of days from Easter", shift)
		}
		h.in = func(year int) time.Time { return easter(year).AddDate(0, 0, days) }
		return h, nil
	}
	words := strings.Fields(when)
	switch {
	case len(words) == 2:
		month, err := readMonth(words[0])
		if err != nil {
			return h, err
		}
		day, err := strconv.Atoi(words[1])
		if err != nil || day < 1 || day > 31 {
			return h, fmt.Errorf("%q is not a day of a month", words[1])
		}
		h.in, h.observed = func(year int) time.Time { return date(year, month, day) }, true
		return h, nil
	case len(words) == 4 && words[2] == "of":
		in, err := readNth(words)
		h.in = in
		return h, err
	case len(words) == 6 && words[1] == "after" && words[4] == "of":
		weekday, err := readWeekday(words[0])
		if err != nil {
			return h, err
		}
		first, err := readNth(words[2:])
		h.in = func(year int) time.Time { return next(first(year).AddDate(0, 0, 1), weekday) }
		return h, err
	}
	return h, fmt.Errorf("%q is no rule for a day", when)
}

// readNth understands "third Monday of January" and "last Monday of May".
func readNth(words []string) (func(year int) time.Time, error) {
	nth := slices.Index([]string{"first", "second", "third", "fourth", "last"}, words[0])
	if nth < 0 {
		return nil, fmt.Errorf("%q is not first to fourth, or last", words[0])
	}
	weekday, err := readWeekday(words[1])
	if err != nil {
		return nil, err
	}
	month, err := readMonth(words[3])
	if err != nil {
		return nil, err
	}
	return func(year int) time.Time {
		if nth == 4 {
			return next(date(year, month+1, 1).AddDate(0, 0, -7), weekday)
		}
		return next(date(year, month, 1), weekday).AddDate(0, 0, 7*nth)
	}, nil
}

func readWeekday(name string) (time.Weekday, error) {
	for d := range time.Weekday(7) {
		if d.String() == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("%q is not a weekday", name)
}

func readMonth(name string) (time.Month, error) {
	for m := time.January; m <= time.December; m++ {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("%q is not a month", name)
}

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// next is the first such weekday on or after a day.
func next(day time.Time, weekday time.Weekday) time.Time {
	return day.AddDate(0, 0, (int(weekday)-int(day.Weekday())+7)%7)
}

// easter is Easter Sunday of the western churches, by the rule of Meeus, Jones and Butcher.
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 19*l) / 433
	month := (h + l - 7*m + 90) / 25
	return date(year, time.Month(month), (h+l-7*m+33*month+19)%32)
}

// day is a date without a place.
type day struct {
	year  int
	month time.Month
	day   int
}

type calendarKey struct {
	state string
	year  int
}

var calendars sync.Map // calendarKey → map[day]string; a few states and years

// Holiday is the name of the day off that a local date is in a state, "" when it is none. Those of
// the whole country are days off in each.
func Holiday(state string, local time.Time) string {
	y, m, d := local.Date()
	on := day{y, m, d}
	if name := calendar(everybody, y)[on]; name != "" {
		return name
	}
	return calendar(state, y)[on]
}

// calendar is the days off of a year that a state has for itself. A New Year's Day on a Saturday is
// kept on the last day of the year before.
func calendar(state string, year int) map[day]string {
	key := calendarKey{state, year}
	if known, ok := calendars.Load(key); ok {
		return known.(map[day]string)
	}
	days := map[day]string{}
	for _, h := range theBook().holidays[state] {
		for _, y := range []int{year, year + 1} {
			on := h.in(y)
			days[day{on.Year(), on.Month(), on.Day()}] = h.name
			if !h.observed {
				continue
			}
			switch on.Weekday() {
			case time.Saturday:
				on = on.AddDate(0, 0, -1)
			case time.Sunday:
				on = on.AddDate(0, 0, 1)
			default:
				continue
			}
			days[day{on.Year(), on.Month(), on.Day()}] = h.name + ", observed"
		}
	}
	calendars.Store(key, days)
	return days
}
