package campaign_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
)

var (
	// From UTC+14 to UTC-11, with half hours and quarters, a change of the clock by half an hour and
	// changes of it at midnight.
	planZones = loadZones(
		"America/New_York", "America/Chicago", "America/Phoenix", "America/Los_Angeles", "America/Anchorage", "Pacific/Honolulu",
		"America/St_Johns", "America/Havana", "America/Asuncion", "Europe/London", "Europe/Berlin", "Asia/Beirut", "Asia/Kathmandu",
		"Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Pacific/Apia", "UTC")
	// Moments around which the clock or the calendar does something unusual.
	planEdges = []time.Time{
		time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 0, 0, 0, time.UTC),
		time.Date(2028, 2, 29, 12, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC), time.Date(2027, 3, 14, 5, 0, 0, 0, time.UTC),
	}
	sendTimes = []string{"10:00", "10:00", "02:30", "01:30", "00:00", "23:45", "02:00"}
)

func loadZones(names ...string) (all []*time.Location) {
	for _, name := range names {
		z, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		all = append(all, z)
	}
	return all
}

func drawMoment(r *rand.Rand) time.Time {
	if r.IntN(3) == 0 {
		return planEdges[r.IntN(len(planEdges))].Add(time.Duration(r.Int64N(int64(96*time.Hour))) - 48*time.Hour)
	}
	return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Int64N(int64(4 * 365 * 24 * time.Hour))))
}

// dayNumber counts calendar days without any clock.
func dayNumber(y int, m time.Month, d int) int {
	if m < 3 { // Gauss: the year begins in March, so that the leap day ends it
		y, m = y-1, m+12
	}
	return 365*y + y/4 - y/100 + y/400 + (153*int(m)-457)/5 + d
}

// shows finds the moments at which clocks in a zone show a date and time: none when the clock leaps
// over it, two when it comes again.
func shows(zone *time.Location, y int, m time.Month, d int, clock time.Duration) (all []time.Time) {
	wall := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(clock)
	for _, near := range []time.Duration{-36 * time.Hour, 36 * time.Hour} {
		_, offset := wall.Add(near).In(zone).Zone()
		at := wall.Add(-time.Duration(offset) * time.Second)
		if at.In(zone).Format(time.DateTime) == wall.Format(time.DateTime) && !slices.ContainsFunc(all, at.Equal) {
			all = append(all, at)
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// cases is how many of n are tried: a part of them under the race detector.
func cases(n int) int {
	if underRace {
		return max(1, n/20)
	}
	return n
}

// A mail leaves when the clocks of its town show the time that is set: the first of two such moments,
// and never before it where the clock leaps over it.
func TestLocalHour(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	once, twice, never := 0, 0, 0
	for range cases(40_000) {
		zone := planZones[r.IntN(len(planZones))]
		y, m, d := planEdges[r.IntN(len(planEdges))].Add(time.Duration(r.IntN(3)-1) * 24 * time.Hour).In(zone).Date()
		if r.IntN(3) == 0 {
			y, m, d = drawMoment(r).In(zone).Date()
		}
		clock := time.Duration(r.IntN(24*60)) * time.Minute
		if r.IntN(2) == 0 {
			clock = time.Duration(r.IntN(4*4)) * 15 * time.Minute // at night, when clocks are changed
		}
		date := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		got, err := campaign.LocalMoment(date, clock, zone)
		must(t, err)
		all := shows(zone, y, m, d, clock)
		switch len(all) {
		case 1:
			once++
		case 2:
			twice++
		default:
			never++
			local := got.In(zone)
			late := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute - clock
			if local.Format(time.DateOnly) != date || late <= 0 || late > time.Hour {
				t.Fatalf("%s %s in %s, which no clock shows, is %s", date, clock, zone, local)
			}
			continue
		}
		if !got.Equal(all[0]) {
			t.Fatalf("%s %s in %s is %s, want %s", date, clock, zone, got.In(zone), all[0].In(zone))
		}
	}
	if !underRace && (twice < 50 || never < 50) {
		t.Errorf("of the moments %d came once, %d twice, %d never", once, twice, never)
	}
}

// drawPlanner draws a programme and how it is set.
func drawPlanner(rt *rapid.T) (*campaign.Planner, fibonacco.ManifestDestinyConfig, []int) {
	cfg := testConfig("").ManifestDestiny
	cfg.SendTimeLocal = rapid.SampledFrom(sendTimes).Draw(rt, "send time")
	cfg.FrequencyCap = fibonacco.FrequencyConfig{Mails: rapid.IntRange(0, 4).Draw(rt, "cap"), Days: 7}
	if cfg.FrequencyCap.Mails == 0 {
		cfg.FrequencyCap.Mails = 1000 // none
	}
	cfg.Quiet.Action = rapid.SampledFrom([]string{"move", "skip"}).Draw(rt, "action")
	cfg.Quiet.Holidays = rapid.Bool().Draw(rt, "holidays")
	if rapid.Bool().Draw(rt, "weekends") {
		cfg.Quiet.Weekdays = []int{6, 7}
	}
	var days []int
	for day := 1; day <= 90; day++ {
		if day%7 < 5 {
			days = append(days, day)
		}
	}
	return campaign.NewPlanner(cfg, days), cfg, days
}

// Over more than a hundred thousand businesses, zones, days and histories: a mail is planned for its
// own programme day only, at its town's hour, for who may be mailed, below the cap and not on a quiet
// day; and who gets none although a step is due has a reason stored.
func TestNoMailOutsideTheRules(t *testing.T) {
	t.Parallel()
	each := cases(1010)
	tried, planned, refused := 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		p, cfg, days := drawPlanner(rt)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
		at, err := time.Parse("15:04", cfg.SendTimeLocal)
		if err != nil {
			rt.Fatal(err)
		}
		clock := at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
		for range each {
			tried++
			zone := planZones[r.IntN(len(planZones))]
			now := drawMoment(r)
			y, m, d := now.In(zone).Date()
			start := time.Date(y, m, d-r.IntN(100)+4, 0, 0, 0, 0, time.UTC)
			c := campaign.PlanCase{
				Zone: zone, Now: now, Email: []string{"owner@shop.example", "owner@shop.example", "owner@shop.example", "", "no address"}[r.IntN(5)],
				OptedIn: r.IntN(6) > 0, DNC: r.IntN(8) == 0, Suppressed: r.IntN(8) == 0, Start: start.Format(time.DateOnly),
				PausedDays: max(0, r.IntN(8)-4), Recent: r.IntN(4),
			}
			today := time.Date(y, m, d, 12, 0, 0, 0, time.UTC)
			if r.IntN(12) == 0 {
				c.Holidays = map[string]string{today.Format(time.DateOnly): "Founders' day"}
			}
			day := dayNumber(y, m, d) - dayNumber(start.Date()) + 1 - c.PausedDays
			c.Through = max(0, day-r.IntN(3))
			got, err := p.Plan(c)
			if err != nil {
				rt.Fatal(err)
			}
			due := day > c.Through && slices.Contains(days, day)
			reachable := c.OptedIn && !c.DNC && !c.Suppressed && strings.Contains(c.Email, "@")
			weekend := today.Weekday() == time.Saturday || today.Weekday() == time.Sunday
			quiet := c.Holidays != nil || cfg.Quiet.Weekdays != nil && weekend || cfg.Quiet.Holidays && campaign.FederalHoliday(today) != ""
			want := due && reachable && !quiet && c.Recent < cfg.FrequencyCap.Mails
			if want != (got.Sends == 1) || got.Sends > 1 {
				rt.Fatalf("%+v on programme day %d got %d mails", c, day, got.Sends)
			}
			if due && !want {
				refused++
				if got.Skips == 0 {
					rt.Fatalf("%+v on programme day %d gets no mail, and no reason is stored", c, day)
				}
			}
			if !want {
				continue
			}
			planned++
			if got.Day != day || !got.Moved || got.Waits {
				rt.Fatalf("%+v on programme day %d then stands at %+v", c, day, got)
			}
			moments := shows(zone, y, m, d, clock)
			switch {
			case got.At.Before(now):
				rt.Fatalf("%+v: planned for the past, %s", c, got.At)
			case len(moments) == 0: // TestLocalHour looks at these
			case moments[0].Before(now) && !got.At.Equal(now), !moments[0].Before(now) && !got.At.Equal(moments[0]):
				rt.Fatalf("%+v: planned for %s, %s is shown at %s", c, got.At.In(zone), cfg.SendTimeLocal, moments[0].In(zone))
			}
		}
	})
	if !t.Failed() && !underRace && (tried < 100_000 || planned < tried/20 || refused < tried/20) {
		t.Errorf("only %d cases, %d planned, %d refused", tried, planned, refused)
	}
}

// Businesses live through their programme while nodes plan each day several times, or not at all,
// and their choices change: no step is planned twice, none goes back, no local day has two, and none
// goes out while its business may not be mailed.
func TestNoStepTwice(t *testing.T) {
	t.Parallel()
	plans, sends := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		p, cfg, _ := drawPlanner(rt)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
		for range cases(6) {
			zone := planZones[r.IntN(len(planZones))]
			now := drawMoment(r)
			c := campaign.PlanCase{Zone: zone, Email: "owner@shop.example", OptedIn: true, Start: now.In(zone).Format(time.DateOnly)}
			had := map[int]bool{}
			on := map[string]bool{}
			var sent []time.Time
			last, over := 0, now.Add(100*24*time.Hour)
			for ; now.Before(over); now = now.Add(time.Duration(r.Int64N(int64(22 * time.Hour)))) {
				if r.IntN(40) == 0 {
					now = now.Add(time.Duration(r.IntN(5*24)) * time.Hour) // nobody planned for days
				}
				c.Now, c.OptedIn, c.DNC = now, r.IntN(15) > 0, r.IntN(30) == 0
				c.Recent = 0
				for _, at := range sent {
					if at.After(now.AddDate(0, 0, -cfg.FrequencyCap.Days)) {
						c.Recent++
					}
				}
				got, err := p.Plan(c)
				if err != nil {
					rt.Fatal(err)
				}
				plans++
				if got.Sends > 0 {
					sends++
					date := now.In(zone).Format(time.DateOnly)
					if had[got.Day] || got.Day <= last || on[date] || !c.OptedIn || c.DNC {
						rt.Fatalf("%s in %s: step %d is planned after step %d (twice %t, second of the day %t): %+v", now, zone, got.Day, last, had[got.Day], on[date], c)
					}
					had[got.Day], on[date], last = true, true, got.Day
					sent = append(sent, got.At)
				}
				switch { // as write.go and quiet.go store it
				case got.Waits:
					c.PausedDays, c.Through = c.PausedDays+1, got.Day
				case got.Moved:
					c.Through = got.Day
				}
				if got.Status == fibonacco.StatusCompleted {
					break
				}
			}
		}
	})
	if !t.Failed() && !underRace && (plans < 100_000 || sends < plans/20) {
		t.Errorf("only %d plans and %d mails", plans, sends)
	}
}
