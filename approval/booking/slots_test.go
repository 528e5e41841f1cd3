package booking_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
)

func zoneOf(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := fibonacco.LoadZone(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// every is open on each day of the week.
func every(opens, closes string) (all []fibonacco.OpeningHours) {
	for day := time.Sunday; day <= time.Saturday; day++ {
		all = append(all, fibonacco.OpeningHours{Day: day, Opens: opens, Closes: closes})
	}
	return all
}

// What a day offers, as a customer reads it.
func TestFree(t *testing.T) {
	t.Parallel()
	type plan = booking.Plan
	cases := map[string]struct {
		zone, now, day string
		minutes        int
		change         func(p *plan)
		want           []string
	}{
		"a plain day":           {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(*plan) {}, []string{"9:00 a.m.", "10:00 a.m.", "11:00 a.m."}},
		"today after lead time": {"America/New_York", "2026-03-03T14:30:00Z", "2026-03-03", 60, func(p *plan) { p.LeadMinutes = 30 }, []string{"10:00 a.m.", "11:00 a.m."}},
		"yesterday":             {"America/New_York", "2026-03-03T14:30:00Z", "2026-03-02", 60, func(*plan) {}, nil},
		"too far ahead":         {"America/New_York", "2026-03-01T14:30:00Z", "2026-03-09", 60, func(p *plan) { p.DaysAhead = 7 }, nil},
		"longer than the hours": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 181, func(*plan) {}, nil},
		"a day off": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Special = []fibonacco.SpecialDays{{From: "2026-03-02", To: "2026-03-05"}}
		}, nil},
		"open for once in a week off": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Special = []fibonacco.SpecialDays{{From: "2026-03-03", Opens: "18:00", Closes: "20:00"}, {From: "2026-03-02", To: "2026-03-05"}}
		}, []string{"6:00 p.m.", "7:00 p.m."}},
		"a break": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Hours = append(every("09:00", "10:30"), every("13:00", "15:00")...)
		}, []string{"9:00 a.m.", "1:00 p.m.", "2:00 p.m."}},
		"two openings that touch are one": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 90, func(p *plan) {
			p.Hours = append(every("09:00", "10:00"), every("10:00", "12:00")...)
		}, []string{"9:00 a.m.", "10:00 a.m."}},
		"booked": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Book(at(t, "2026-03-03T15:00:00Z"), 60)
		}, []string{"9:00 a.m.", "11:00 a.m."}},
		"booked, with a gap after": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.GapAfter = 10
			p.Book(at(t, "2026-03-03T14:00:00Z"), 60)
		}, []string{"11:00 a.m."}},
		"booked, one of two seats": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Seats = 2
			p.Book(at(t, "2026-03-03T15:00:00Z"), 60)
		}, []string{"9:00 a.m.", "10:00 a.m.", "11:00 a.m."}},
		"booked, both seats, one after the other": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 120, func(p *plan) {
			p.Seats, p.Hours = 2, every("09:00", "11:00")
			p.Book(at(t, "2026-03-03T14:00:00Z"), 60)
			p.Book(at(t, "2026-03-03T15:00:00Z"), 60)
		}, []string{"9:00 a.m."}},
		"an evening into the next day": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Hours = []fibonacco.OpeningHours{{Day: time.Monday, Opens: "22:00", Closes: "02:00"}}
		}, []string{"12:00 a.m.", "1:00 a.m."}},
		"an hour that is not there": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-08", 30, func(p *plan) {
			p.Hours, p.EveryMinutes = every("01:00", "04:00"), 30
		}, []string{"1:00 a.m.", "1:30 a.m.", "3:00 a.m.", "3:30 a.m."}},
		"open only in the hour that is not there": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-08", 30, func(p *plan) {
			p.Hours, p.EveryMinutes = every("02:00", "03:00"), 30
		}, nil},
		"over the hour that is not there": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-08", 120, func(p *plan) {
			p.Hours = every("01:00", "04:00")
		}, []string{"1:00 a.m."}},
		"an hour that is there twice": {"America/New_York", "2026-10-30T00:00:00Z", "2026-11-01", 30, func(p *plan) {
			p.Hours, p.EveryMinutes = every("00:30", "02:30"), 30
		}, []string{"12:30 a.m.", "1:00 a.m. EDT", "1:30 a.m. EDT", "1:00 a.m. EST", "1:30 a.m. EST", "2:00 a.m."}},
		"opening within the hour that is there twice": {"America/New_York", "2026-10-30T00:00:00Z", "2026-11-01", 30, func(p *plan) {
			p.Hours, p.EveryMinutes = every("01:30", "02:30"), 30
		}, []string{"1:30 a.m. EDT", "1:30 a.m. EST", "2:00 a.m."}},
		"fourteen hours ahead":        {"Pacific/Kiritimati", "2026-03-02T09:30:00Z", "2026-03-03", 60, func(*plan) {}, []string{"9:00 a.m.", "10:00 a.m.", "11:00 a.m."}},
		"the day that Samoa left out": {"Pacific/Apia", "2011-12-28T00:00:00Z", "2011-12-30", 60, func(*plan) {}, nil},
		"round the clock": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 8 * 60, func(p *plan) {
			p.Hours, p.EveryMinutes = every("00:00", "00:00"), 8*60
		}, []string{"12:00 a.m.", "8:00 a.m.", "4:00 p.m."}},
		"over midnight": {"America/New_York", "2026-03-01T00:00:00Z", "2026-03-03", 60, func(p *plan) {
			p.Hours, p.EveryMinutes = append(every("22:30", "24:00"), every("00:00", "01:00")...), 60
		}, []string{"12:00 a.m.", "10:30 p.m.", "11:30 p.m."}},
	}
	for name, tc := range cases {
		zone := zoneOf(t, tc.zone)
		p := &plan{Zone: zone, Now: at(t, tc.now)}
		p.BookingSettings = fibonacco.BookingSettings{Hours: every("09:00", "12:00"), EveryMinutes: 60, DaysAhead: 90, Seats: 1}
		tc.change(p)
		var got []string
		for _, s := range p.Free(tc.day, tc.minutes) {
			got = append(got, fibonacco.ClockTime(s, zone))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// Whatever the zone, the hours, the gaps and what is booked: every time that is offered begins on its
// day, lies within hours that the wall shows, keeps lead time and reach, and leaves room for the gaps.
// Taking one after the other never has more at once than there are seats.
func TestFreeIsTrue(t *testing.T) {
	t.Parallel()
	zones := []string{"America/New_York", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Australia/Lord_Howe", "Europe/Dublin", "Asia/Kathmandu", "America/St_Johns", "Africa/Casablanca"}
	days := []string{"2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-05", "2026-10-04", "2026-02-15", "2026-03-22", "2026-12-31"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := fibonacco.LoadZone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		day := rapid.SampledFrom(days).Draw(t, "day")
		noon, err := time.ParseInLocation("2006-01-02 15:04", day+" 12:00", zone)
		if err != nil {
			t.Fatal(err)
		}
		clock := rapid.Custom(func(t *rapid.T) string {
			m := 5 * rapid.IntRange(0, 24*12-1).Draw(t, "of day")
			return fmt.Sprintf("%02d:%02d", m/60, m%60)
		})
		p := &booking.Plan{Zone: zone, Now: noon.Add(-time.Duration(rapid.IntRange(0, 72).Draw(t, "hours before")) * time.Hour)}
		p.BookingSettings = fibonacco.BookingSettings{
			EveryMinutes: rapid.SampledFrom([]int{10, 15, 30, 45, 60}).Draw(t, "every"), LeadMinutes: rapid.IntRange(0, 600).Draw(t, "lead"),
			DaysAhead: rapid.IntRange(1, 5).Draw(t, "ahead"), Seats: rapid.IntRange(1, 3).Draw(t, "seats"),
			GapBefore: 5 * rapid.IntRange(0, 6).Draw(t, "before"), GapAfter: 5 * rapid.IntRange(0, 6).Draw(t, "after"),
		}
		for range rapid.IntRange(1, 3).Draw(t, "openings") {
			opens, closes := clock.Draw(t, "opens"), clock.Draw(t, "closes")
			if opens != closes {
				p.Hours = append(p.Hours, every(opens, closes)...)
			}
		}
		if rapid.Bool().Draw(t, "special") {
			p.Special = []fibonacco.SpecialDays{{From: day, Opens: "10:00", Closes: "16:00"}}
		}
		minutes := 5 * rapid.IntRange(1, 30).Draw(t, "minutes")
		for range 6 {
			free := p.Free(day, minutes)
			if len(free) == 0 {
				break
			}
			if !slices.IsSortedFunc(free, time.Time.Compare) {
				t.Fatalf("out of order: %v", free)
			}
			for _, s := range free {
				check(t, p, day, s, minutes)
			}
			p.Book(rapid.SampledFrom(free).Draw(t, "pick"), minutes)
		}
		before, after := time.Duration(p.GapBefore)*time.Minute, time.Duration(p.GapAfter)*time.Minute
		for _, b := range p.Booked() {
			n := 0
			for _, o := range p.Booked() {
				if !o[0].Add(-before).After(b[0].Add(-before)) && o[1].Add(after).After(b[0].Add(-before)) {
					n++
				}
			}
			if n > p.Seats {
				t.Fatalf("%d at once for %d seats at %v", n, p.Seats, b[0])
			}
		}
	})
}

// check looks at one time minute by minute.
func check(t *rapid.T, p *booking.Plan, day string, s time.Time, minutes int) {
	local := s.In(p.Zone)
	if local.Format(time.DateOnly) != day {
		t.Fatalf("%v is not on %s", local, day)
	}
	if s.Before(p.Now.Add(time.Duration(p.LeadMinutes) * time.Minute)) {
		t.Fatalf("%v is too soon after %v", s, p.Now)
	}
	if day > p.Now.In(p.Zone).AddDate(0, 0, p.DaysAhead).Format(time.DateOnly) {
		t.Fatalf("%s is too far ahead of %v", day, p.Now)
	}
	for m := range minutes {
		on := s.Add(time.Duration(m) * time.Minute).In(p.Zone)
		if !openAt(p, on) {
			t.Fatalf("%v, in the appointment at %v, is outside the hours", on, local)
		}
	}
}

// openAt reads the hours off the wall.
func openAt(p *booking.Plan, on time.Time) bool {
	clock := on.Format("15:04")
	today, yesterday := on.Format(time.DateOnly), time.Date(on.Year(), on.Month(), on.Day()-1, 0, 0, 0, 0, time.UTC)
	if len(p.Special) == 1 && p.Special[0].From == today && clock >= p.Special[0].Opens && clock < p.Special[0].Closes {
		return true
	}
	for _, h := range p.Hours {
		special := func(date string) bool { return len(p.Special) == 1 && p.Special[0].From == date }
		over := h.Closes < h.Opens
		switch {
		case h.Day == on.Weekday() && !special(today) && clock >= h.Opens && (over || clock < h.Closes):
			return true
		case h.Day == yesterday.Weekday() && !special(yesterday.Format(time.DateOnly)) && over && clock < h.Closes:
			return true
		}
	}
	return false
}
