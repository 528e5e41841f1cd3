package fibonacco_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

func TestClockTime(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ zone, at, clock, day string }{
		{"America/New_York", "2026-03-03T19:00:00Z", "2:00 p.m.", "Tuesday, March 3, 2026"},
		{"America/New_York", "2026-03-03T05:05:00Z", "12:05 a.m.", "Tuesday, March 3, 2026"},
		{"America/New_York", "2026-03-03T17:00:00Z", "12:00 p.m.", "Tuesday, March 3, 2026"},
		{"America/New_York", "2026-11-01T05:30:00Z", "1:30 a.m. EDT", "Sunday, November 1, 2026"},
		{"America/New_York", "2026-11-01T06:30:00Z", "1:30 a.m. EST", "Sunday, November 1, 2026"},
		{"America/New_York", "2026-11-01T07:00:00Z", "2:00 a.m.", "Sunday, November 1, 2026"},
		{"America/New_York", "2026-03-08T07:00:00Z", "3:00 a.m.", "Sunday, March 8, 2026"},
		{"Pacific/Kiritimati", "2026-03-03T19:00:00Z", "9:00 a.m.", "Wednesday, March 4, 2026"},
	} {
		zone, err := time.LoadLocation(tc.zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := fibonacco.ClockTime(at, zone); got != tc.clock {
			t.Errorf("%s in %s is %q, want %q", tc.at, tc.zone, got, tc.clock)
		}
		if got := fibonacco.LongDay(at, zone); got != tc.day {
			t.Errorf("%s in %s is on %q, want %q", tc.at, tc.zone, got, tc.day)
		}
	}
	for zone, want := range map[string]string{"America/New_York": "New York time", "America/Indiana/Tell_City": "Tell City time", "UTC": "UTC time"} {
		if got := fibonacco.ZonePlace(zone); got != want {
			t.Errorf("%s is %q, want %q", zone, got, want)
		}
	}
}
