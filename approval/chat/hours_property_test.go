package chat_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/chat"
)

// shown reports whether the business is open by the clocks on its wall alone: the weekday and the minute
// that they show. It is another way to the same answer wherever the clocks do not change.
func shown(hours []fibonacco.OpeningHours, at time.Time) bool {
	minute := func(clock string) (n int) {
		var h, m int
		_, _ = fmt.Sscanf(clock, "%d:%d", &h, &m)
		return 60*h + m
	}
	now := 60*at.Hour() + at.Minute()
	for _, h := range hours {
		from, until := minute(h.Opens), minute(h.Closes)
		switch day := at.Weekday(); {
		case from == until:
		case from < until && day == h.Day && now >= from && now < until:
			return true
		case from > until && (day == h.Day && now >= from || day == (h.Day+1)%7 && now < until):
			return true
		}
	}
	return false
}

var openWords = regexp.MustCompile(`open (now|around the clock)`)

// What is said of this moment is what the clocks on the wall say, in any zone and at any time of year.
func TestOpenNowIsWhatTheClocksShow(t *testing.T) {
	t.Parallel()
	zones := []string{"America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/St_Johns", "Asia/Kathmandu", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		clock := rapid.Custom(func(t *rapid.T) string {
			return fmt.Sprintf("%02d:%02d", rapid.IntRange(0, 23).Draw(t, "hour"), 15*rapid.IntRange(0, 3).Draw(t, "quarter"))
		})
		hours := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fibonacco.OpeningHours {
			h := fibonacco.OpeningHours{Day: time.Weekday(rapid.IntRange(0, 6).Draw(t, "day")), Opens: clock.Draw(t, "opens"), Closes: clock.Draw(t, "closes")}
			if rapid.IntRange(0, 9).Draw(t, "until midnight") == 0 {
				h.Closes = "24:00"
			}
			return h
		}), 1, 10).Draw(t, "hours")
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		now := rapid.Custom(func(t *rapid.T) time.Time {
			return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 365*24*60).Draw(t, "minute")) * time.Minute)
		}).Filter(func(now time.Time) bool { // no clock is changed within the days around it
			_, before := now.In(loc).Add(-36 * time.Hour).Zone()
			_, after := now.In(loc).Add(36 * time.Hour).Zone()
			return before == after
		}).Draw(t, "now")
		q := chat.Question{Text: "are you open now?", Profile: fibonacco.BusinessProfile{Name: "X", Zone: zone, Hours: hours}, Now: now}
		a, err := chat.Script{}.Answer(t.Context(), q, func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if want := shown(hours, now.In(loc)); openWords.MatchString(a.Text) != want {
			t.Fatalf("%s at %s: %q, want open %v", fmt.Sprint(hours), now.In(loc).Format("Mon 15:04"), a.Text, want)
		}
	})
}

// FuzzScript: whatever is asked, there is an answer, and no number in it that nobody told.
func FuzzScript(f *testing.F) {
	for _, seed := range []string{"are you open at 25:99 pm on sunday", "how much?", "\xff\x00", "call 911", strings.Repeat("open ", 500), "{{x}}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q := studio()
		q.Text = text
		a, err := chat.Script{}.Answer(t.Context(), q, func(string) error { return nil })
		if err != nil || strings.TrimSpace(a.Text) == "" || a.Intent == "" || len(a.Intent) > 100 || len(a.Text) > 2000 {
			t.Fatalf("%q: %+v %v", text, a, err)
		}
	})
}
