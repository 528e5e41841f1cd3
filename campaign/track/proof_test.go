package track_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Every opt-in that a recipient changes leaves a consent in the same transaction, with where it
// came from; what changes nothing leaves none.
func TestConsentsAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var said []fibonacco.Consent
		w.svc.KeepConsents(func(_ context.Context, tx *db.Tx, list []fibonacco.Consent) (map[int64][]string, error) {
			tx.AfterCommit(func() { said = append(said, list...) })
			return nil, nil
		})
		w.keepAddresses()
		m := w.send("HOOK-001")
		hit := fibonacco.Hit{IP: "198.51.100.9", UserAgent: iphone, Method: "POST", At: clock.Now()}
		set := func(email, voicemail bool) {
			t.Helper()
			must(t, w.svc.SetSubscription(t.Context(), m.leaveToken(), fibonacco.Choices{Email: email, Voicemail: voicemail}, hit))
		}
		for _, step := range []struct {
			name string
			do   func()
			want string
		}{
			{"nothing new", func() { set(true, true) }, ""},
			{"the link", func() { must(t, w.svc.Unsubscribe(t.Context(), m.leaveToken(), hit)) }, "email no by unsubscribe link at Marisol@Example.com"},
			{"the link again", func() { must(t, w.svc.Unsubscribe(t.Context(), m.leaveToken(), hit)) }, ""},
			{"a tick brings nobody back; no voicemail", func() { set(true, false) }, "rvm no by preference page at "},
			{"confirmed", func() { m.comeBack("", hit) }, "email yes by double opt-in at Marisol@Example.com"},
			{"both", func() { set(false, true) }, "email no by unsubscribe link at Marisol@Example.com|rvm yes by preference page at "},
			{"in again", func() { m.comeBack("", hit) }, "email yes by double opt-in at Marisol@Example.com"},
			{"a complaint", func() { m.record("complained", fibonacco.EmailEventData{At: clock.Now()}) }, "email no by spam complaint at Marisol@Example.com"},
			{"a second one", func() { m.record("complained", fibonacco.EmailEventData{At: clock.Now()}) }, ""},
		} {
			said = nil
			step.do()
			var got []string
			for _, c := range said {
				answer := "no"
				if c.Granted {
					answer = "yes"
				}
				got = append(got, fmt.Sprintf("%s %s by %s at %s", c.Channel, answer, c.Source, c.Address))
				if c.SMBID != m.smb || c.Granted != (c.Wording != "") || !c.OccurredAt.Equal(clock.Now()) {
					t.Errorf("%s: %+v", step.name, c)
				}
				if c.Source != "spam complaint" && (c.IP != "198.51.100.9" || c.UserAgent != iphone) {
					t.Errorf("%s: from %s, %s", step.name, c.IP, c.UserAgent)
				}
			}
			equal(t, step.name, strings.Join(got, "|"), step.want)
		}
	})
}

// Of a mail whose business was erased nothing is noted any more, and its links open nothing.
func TestErasedMail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		w.exec(`UPDATE campaign_sends SET email = '' WHERE id = $1`, m.id)
		m.open(human)
		_, err := w.svc.Click(t.Context(), m.token(1), human)
		for what, err := range map[string]error{
			"click": err, "unsubscribe": w.svc.Unsubscribe(t.Context(), m.leaveToken(), human), "bounce": w.svc.Record(t.Context(), m.id, "bounced", fibonacco.EmailEventData{BounceType: "Permanent"}),
			"preferences": w.svc.SetSubscription(t.Context(), m.leaveToken(), fibonacco.Choices{}, human),
		} {
			if fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("%s: %v", what, err)
			}
		}
		equal(t, "rows", w.count(`SELECT (SELECT count(*) FROM email_events) + (SELECT count(*) FROM suppressions) + (SELECT count(*) FROM analytics_events)`), 0)
		email, _ := w.optedIn(m.smb)
		equal(t, "opt-in", email, true)
	})
}
