package fibonacco_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
)

func hours(day time.Weekday, spans ...string) (out []fibonacco.OpeningHours) {
	for i := 0; i < len(spans); i += 2 {
		out = append(out, fibonacco.OpeningHours{Day: day, Opens: spans[i], Closes: spans[i+1]})
	}
	return out
}

func TestOpenAt(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	var always []fibonacco.OpeningHours
	for day := time.Sunday; day <= time.Saturday; day++ {
		always = append(always, hours(day, "00:00", "24:00")...)
	}
	split := hours(time.Monday, "09:00", "12:00", "13:00", "17:30")
	bar := append(hours(time.Friday, "18:00", "02:00"), hours(time.Saturday, "18:00", "24:00")...)
	night := append(hours(time.Friday, "20:00", "24:00"), hours(time.Saturday, "00:00", "03:00")...)
	for name, tc := range map[string]struct {
		hours   []fibonacco.OpeningHours
		at      string
		open    bool
		changes string // "" is never
	}{
		"morning":                    {split, "2026-03-02 08:59", false, "2026-03-02 09:00"},
		"as it opens":                {split, "2026-03-02 09:00", true, "2026-03-02 12:00"},
		"as it closes":               {split, "2026-03-02 12:00", false, "2026-03-02 13:00"},
		"the afternoon":              {split, "2026-03-02 17:29", true, "2026-03-02 17:30"},
		"a week away":                {split, "2026-03-02 17:30", false, "2026-03-09 09:00"},
		"after midnight":             {bar, "2026-03-07 01:59", true, "2026-03-07 02:00"},
		"before midnight":            {bar, "2026-03-06 23:59", true, "2026-03-07 02:00"},
		"until the day's end":        {bar, "2026-03-07 23:59", true, "2026-03-08 00:00"},
		"and not longer":             {bar, "2026-03-08 00:00", false, "2026-03-13 18:00"},
		"two spans are one":          {night, "2026-03-06 21:00", true, "2026-03-07 03:00"},
		"always":                     {always, "2026-03-04 03:00", true, ""},
		"never":                      {nil, "2026-03-04 03:00", false, ""},
		"rubbish":                    {hours(time.Monday, "nine", "25:00"), "2026-03-02 10:00", false, ""},
		"the night the clocks leap":  {hours(time.Sunday, "02:30", "05:00"), "2026-03-08 03:01", true, "2026-03-08 05:00"},
		"the night they go back":     {hours(time.Sunday, "00:00", "01:30"), "2026-11-01 01:29", true, "2026-11-01 01:30"},
		"all but one hour of a week": {append(always[1:len(always):len(always)], hours(time.Sunday, "00:00", "23:00")...), "2026-03-04 03:00", true, "2026-03-08 23:00"},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", tc.at, zone)
		if err != nil {
			t.Fatal(err)
		}
		open, changes := fibonacco.OpenAt(tc.hours, zone, at.UTC())
		got := ""
		if !changes.IsZero() {
			got = changes.In(zone).Format("2006-01-02 15:04")
		}
		if open != tc.open || got != tc.changes {
			t.Errorf("%s: open %v until %q, want %v until %q", name, open, got, tc.open, tc.changes)
		}
	}
}

func TestDayMinute(t *testing.T) {
	t.Parallel()
	for clock, want := range map[string]int{"00:00": 0, "09:05": 545, "23:59": 1439, "24:00": 1440} {
		if got, ok := fibonacco.DayMinute(clock); !ok || got != want {
			t.Errorf("%s is %d, %v", clock, got, ok)
		}
	}
	for _, clock := range []string{"", "9:00", "09:0", "24:01", "25:00", "09:60", "+9:00", "-1:00", "09-00", "09:00:00", "٠٩:٠٠"} {
		if got, ok := fibonacco.DayMinute(clock); ok {
			t.Errorf("%s is %d", clock, got)
		}
	}
}

// Whatever the zone and the time: a time that comes once is the one the clocks show, of two it is the
// first, and one that is skipped becomes the moment of the leap.
func TestLocalTime(t *testing.T) {
	t.Parallel()
	zones := []string{"America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns", "Australia/Lord_Howe", "Europe/Dublin", "Pacific/Apia", "UTC"}
	const wall = "2006-01-02 15:04"
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		day, minute := rapid.IntRange(0, 8000).Draw(t, "day"), rapid.IntRange(0, 1439).Draw(t, "minute")
		want := time.Date(2008, 1, 1+day, minute/60, minute%60, 0, 0, time.UTC)
		got, kind := fibonacco.LocalTime(zone, want.Year(), want.Month(), want.Day(), want.Hour(), want.Minute())
		// Every minute of three days, as clocks show it.
		var times []time.Time
		for at := want.Add(-36 * time.Hour); at.Before(want.Add(36 * time.Hour)); at = at.Add(time.Minute) {
			if at.In(zone).Format(wall) == want.Format(wall) {
				times = append(times, at)
			}
		}
		switch {
		case len(times) == 0:
			_, before := got.Add(-time.Minute).In(zone).Zone()
			_, after := got.In(zone).Zone()
			if kind != fibonacco.TimeSkipped || after <= before {
				t.Fatalf("%s in %s is skipped: %s, %v", want, zone, got, kind)
			}
		case !got.Equal(times[0]), (len(times) > 1) != (kind == fibonacco.TimeTwice):
			t.Fatalf("%s in %s: %s, %v; want %v", want, zone, got, kind, times)
		}
	})
	ny, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		month     time.Month
		day, hour int
		want      string
		kind      fibonacco.LocalTimeKind
	}{
		"skipped": {3, 8, 2, "2026-03-08T07:00:00Z", fibonacco.TimeSkipped}, "twice": {11, 1, 1, "2026-11-01T05:30:00Z", fibonacco.TimeTwice},
		"once": {3, 8, 3, "2026-03-08T07:30:00Z", fibonacco.TimeOnce},
	} {
		if got, kind := fibonacco.LocalTime(ny, 2026, tc.month, tc.day, tc.hour, 30); got.UTC().Format(time.RFC3339) != tc.want || kind != tc.kind {
			t.Errorf("%s: %s, %v", name, got.UTC(), kind)
		}
	}
}
