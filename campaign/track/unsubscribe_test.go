package track_test

import (
	"reflect"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func (m mail) subscription() fibonacco.Subscription {
	m.w.t.Helper()
	sub, err := m.w.svc.Subscription(m.w.t.Context(), m.leaveToken())
	must(m.w.t, err)
	return *sub
}

func TestUnsubscribe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, other := w.send("HOOK-001"), w.send("HOOK-001")
		queued := w.sendTo(m.smb, "EDU-001", fibonacco.SendQueued, "marisol@example.com")
		sending := w.sendTo(m.smb, "EDU-001", fibonacco.SendSending, "marisol@example.com")
		theirs := w.sendTo(other.smb, "EDU-001", fibonacco.SendQueued, "marisol@example.com")

		// Looking changes nothing.
		for range 3 {
			want := fibonacco.Subscription{SMBID: m.smb, BusinessName: "Marisol Hair Studio", MaskedEmail: "M•••@Example.com", Email: true, Voicemail: true, Timezone: "America/New_York"}
			if got := m.subscription(); !reflect.DeepEqual(got, want) {
				t.Errorf("subscription = %+v, want %+v", got, want)
			}
		}
		equal(t, "rows after looking", w.count(`SELECT COUNT(*) FROM email_events`), 0)

		var wg sync.WaitGroup
		for range 16 { // a mail program, the person, and again
			wg.Go(func() {
				if err := w.svc.Unsubscribe(t.Context(), m.leaveToken(), human); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		email, voicemail := w.optedIn(m.smb)
		equal(t, "e-mail", email, false)
		equal(t, "voicemail", voicemail, true)
		equal(t, "suppressed", w.suppressed("marisol@example.com"), "unsubscribe")
		equal(t, "rows", m.rows("unsubscribed"), 1)
		equal(t, "events", m.events("email.unsubscribed"), 1)
		equal(t, "queued", queued.state().Status, "suppressed")
		equal(t, "reason", *queued.state().SkipReason, "not_opted_in")
		equal(t, "on its way", sending.state().Status, "sending")
		equal(t, "another business", theirs.state().Status, "queued")
		equal(t, "subscription", m.subscription().Email, false)
	})
}

func TestUnsubscribeRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		gone := mail{w: w, id: m.id + 100, smb: m.smb}
		for name, token := range map[string]string{"empty": "", "a click's": m.token(0), "gone": gone.leaveToken(), "altered": "A" + m.leaveToken()} {
			_, err := w.svc.Subscription(t.Context(), token)
			for what, err := range map[string]error{
				"Subscription":    err,
				"Unsubscribe":     w.svc.Unsubscribe(t.Context(), token, human),
				"SetSubscription": w.svc.SetSubscription(t.Context(), token, fibonacco.Choices{}, human),
			} {
				if fibonacco.CodeOf(err) != fibonacco.NotFound {
					t.Errorf("%s, %s: %v", name, what, err)
				}
			}
		}
		email, _ := w.optedIn(m.smb)
		equal(t, "e-mail", email, true)
	})
}

func TestSetSubscription(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		set := func(email, voicemail, in bool) {
			t.Helper()
			must(t, w.svc.SetSubscription(t.Context(), m.leaveToken(), fibonacco.Choices{Email: email, Voicemail: voicemail}, human))
			sub := m.subscription()
			equal(t, "e-mail", sub.Email, in)
			equal(t, "voicemail", sub.Voicemail, voicemail)
		}
		set(true, true, true)
		equal(t, "events of no change", w.count(`SELECT COUNT(*) FROM analytics_events`), 0)

		set(true, false, true)
		equal(t, "voicemail off", m.events("email.unsubscribed"), 1)
		equal(t, "channel", get[string](w, `SELECT properties ->> 'channel' FROM analytics_events`), "rvm")
		equal(t, "rows", m.rows("unsubscribed"), 0)

		set(false, false, false)
		set(false, false, false) // a second farewell is one
		equal(t, "e-mail off", m.events("email.unsubscribed"), 2)
		equal(t, "rows", m.rows("unsubscribed"), 1)
		equal(t, "suppressed", w.suppressed("marisol@example.com"), "unsubscribe")

		set(true, true, false) // a tick brings nobody back
		equal(t, "suppressed", w.suppressed("marisol@example.com"), "unsubscribe")
		equal(t, "voicemail back in", m.events("smb.updated"), 1)
	})
}

func TestMaskedEmail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for address, want := range map[string]string{
			"marisol@example.com": "m•••@example.com", "a@example.com": "a•••@example.com", "élan@example.com": "é•••@example.com",
			"@example.com": "•••", "nonsense": "•••",
		} {
			m := w.sendTo(w.smb(address), "HOOK-001", fibonacco.SendSent, address)
			equal(t, address, m.subscription().MaskedEmail, want)
		}
	})
}
