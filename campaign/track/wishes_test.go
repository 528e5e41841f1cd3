package track_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestPreferencesAreStored(t *testing.T) {
	yes, no, none, thirty, sixty := true, false, 0, 30, 60
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock) // Monday, 2 March 2026
		m := w.send("HOOK-001")
		for _, step := range []struct {
			name   string
			c      fibonacco.Choices
			want   string
			events int
		}{
			{"nothing", fibonacco.Choices{}, "[] false", 0},
			{"everything", fibonacco.Choices{Topics: fibonacco.Topics, AtMostWeekly: &no, PauseDays: &none}, "[] false", 0},
			{"two topics", fibonacco.Choices{Topics: []fibonacco.Topic{"tips", "account"}}, "[offers] false", 1},
			{"once more", fibonacco.Choices{Topics: []fibonacco.Topic{"account", "tips", "tips"}}, "[offers] false", 1},
			{"weekly", fibonacco.Choices{AtMostWeekly: &yes}, "[offers] true", 2},
			{"a pause", fibonacco.Choices{PauseDays: &thirty}, "[offers] true 2026-04-01T04:00:00Z", 3}, // midnight in New York, in summer time
			{"a longer one", fibonacco.Choices{PauseDays: &sixty, Topics: fibonacco.Topics}, "[] true 2026-05-01T04:00:00Z", 4},
			{"kept", fibonacco.Choices{AtMostWeekly: &no}, "[] false 2026-05-01T04:00:00Z", 5},
			{"no topic", fibonacco.Choices{Topics: []fibonacco.Topic{}}, "[tips offers account] false 2026-05-01T04:00:00Z", 6},
			{"no pause", fibonacco.Choices{PauseDays: &none}, "[tips offers account] false", 7},
		} {
			step.c.Email, step.c.Voicemail = true, true
			must(t, w.svc.SetSubscription(t.Context(), m.leaveToken(), step.c, human))
			equal(t, step.name, told(m.subscription().Preferences), step.want)
			equal(t, step.name+": events", m.events("email.preferences_changed"), step.events)
		}
		must(t, w.svc.SetSubscription(t.Context(), m.leaveToken(), fibonacco.Choices{Email: true, Voicemail: true, PauseDays: &thirty}, human))
		clock.Advance(31 * 24 * time.Hour)
		equal(t, "over", told(m.subscription().Preferences), "[tips offers account] false")

		ten := 10
		for name, c := range map[string]fibonacco.Choices{"a pause of ten days": {PauseDays: &ten}, "a topic": {Topics: []fibonacco.Topic{"weather"}}} {
			err := w.svc.SetSubscription(t.Context(), m.leaveToken(), c, human)
			equal(t, name, fibonacco.CodeOf(err), fibonacco.Invalid)
		}
		email, _ := w.optedIn(m.smb)
		equal(t, "e-mail after what was refused", email, true)
	})
}

func told(p fibonacco.Preferences) string {
	s := fmt.Sprint(p.Unwanted, p.AtMostWeekly)
	if p.PausedUntil != nil {
		s += " " + p.PausedUntil.UTC().Format(time.RFC3339)
	}
	return s
}
