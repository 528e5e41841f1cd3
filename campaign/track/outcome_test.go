package track_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestRecord(t *testing.T) {
	permanent := fibonacco.EmailEventData{BounceType: "Permanent", Raw: `{"a":1}`}
	transient := fibonacco.EmailEventData{BounceType: "Transient"}
	cases := map[string]struct {
		kind       string
		data       fibonacco.EmailEventData
		from       fibonacco.SendStatus
		status     string
		suppressed string
		optedIn    bool
		event      string
		events     int
	}{
		"delivered":                       {"delivered", fibonacco.EmailEventData{}, "sent", "sent", "", true, "email.delivered", 1},
		"delivered settles what was open": {"delivered", fibonacco.EmailEventData{}, "unknown", "sent", "", true, "email.delivered", 1},
		"delivered before it was noted":   {"delivered", fibonacco.EmailEventData{}, "sending", "sending", "", true, "email.delivered", 1},
		"permanent bounce":                {"bounced", permanent, "sent", "bounced", "bounce", true, "email.bounced", 1},
		"permanent bounce settles":        {"bounced", permanent, "unknown", "bounced", "bounce", true, "email.bounced", 1},
		"transient bounce":                {"bounced", transient, "sent", "sent", "", true, "email.bounced", 1},
		"bounce of some kind":             {"bounced", fibonacco.EmailEventData{BounceType: "?"}, "sent", "sent", "", true, "email.bounced", 1},
		"complaint":                       {"complained", fibonacco.EmailEventData{}, "sent", "complained", "complaint", false, "email.complained", 1},
		"unsubscribed by the provider":    {"unsubscribed", fibonacco.EmailEventData{}, "sent", "sent", "unsubscribe", false, "email.unsubscribed", 1},
		"delayed":                         {"delayed", fibonacco.EmailEventData{}, "sent", "sent", "", true, "", 0},
		"rejected":                        {"rejected", fibonacco.EmailEventData{}, "sent", "sent", "", true, "", 0},
		"opened counts when nobody knows": {"opened", fibonacco.EmailEventData{}, "sent", "sent", "", true, "email.opened", 1},
		"opened by a machine":             {"opened", fibonacco.EmailEventData{Verdict: fibonacco.Machine}, "sent", "sent", "", true, "", 0},
		"clicked":                         {"clicked", fibonacco.EmailEventData{LinkClicked: storedURL, Verdict: fibonacco.Human}, "sent", "sent", "", true, "email.clicked", 1},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			address := "someone-" + uuidOf(name) + "@Example.com"
			m := w.sendTo(w.smb(address), "HOOK-001", tc.from, address)
			queued := w.sendTo(m.smb, "EDU-001", fibonacco.SendQueued, address)
			m.record(tc.kind, tc.data)
			first := m.state()
			clock.Advance(time.Hour)
			m.record(tc.kind, tc.data) // a repeat
			again := m.state()

			equal(t, name+": status", first.Status, tc.status)
			equal(t, name+": suppression", w.suppressed("someone-"+uuidOf(name)+"@example.com"), tc.suppressed)
			email, _ := w.optedIn(m.smb)
			equal(t, name+": opted in", email, tc.optedIn)
			equal(t, name+": queued mail", queued.state().Status, map[bool]string{true: "queued", false: "suppressed"}[tc.optedIn])
			rows := 2
			if tc.kind == "unsubscribed" {
				rows = 1
			}
			equal(t, name+": rows", m.rows(tc.kind), rows)
			if tc.event != "" {
				equal(t, name+": events", m.events(tc.event), tc.events)
			}
			for what, pair := range map[string][2]*time.Time{
				"delivered": {first.Delivered, again.Delivered}, "opened": {first.Opened, again.Opened}, "clicked": {first.Clicked, again.Clicked},
				"bounced": {first.Bounced, again.Bounced}, "complained": {first.Complained, again.Complained}, "sent": {first.Sent, again.Sent},
			} {
				if (pair[0] == nil) != (pair[1] == nil) || pair[0] != nil && !pair[0].Equal(*pair[1]) {
					t.Errorf("%s: a repeat moved %s from %v to %v", name, what, pair[0], pair[1])
				}
			}
			if first.Status == "bounced" != (first.Bounced != nil) || first.Status == "complained" != (first.Complained != nil) {
				t.Errorf("%s: %+v", name, first)
			}
			if tc.from == "unknown" && first.Sent == nil {
				t.Errorf("%s: settled, but without a time", name)
			}
		}
	})
}

// uuidOf makes a name fit for an address.
func uuidOf(name string) string {
	out := []byte(name)
	for i, c := range out {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			out[i] = '-'
		}
	}
	return string(out)
}

func TestRecordRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		if err := w.svc.Record(t.Context(), m.id+1, "delivered", fibonacco.EmailEventData{}); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("unknown send: %v", err)
		}
		if err := w.svc.Record(t.Context(), m.id, "eaten", fibonacco.EmailEventData{}); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("unknown type: %v", err)
		}
		for _, raw := range []string{"{", "\xff", `{"a":"\u0000"}`} { // what cannot be kept is left out, not fatal
			m.record("delivered", fibonacco.EmailEventData{Raw: raw})
		}
		equal(t, "rows", m.rows("delivered"), 3)
	})
}

// A complaint outranks a bounce, and neither is undone by what arrives late.
func TestLateReports(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.send("HOOK-001")
		must(t, w.svc.Unsubscribe(t.Context(), m.leaveToken(), human))
		equal(t, "held", w.suppressed("marisol@example.com"), "unsubscribe")
		m.record("bounced", fibonacco.EmailEventData{BounceType: "Permanent"})
		equal(t, "held for good", w.suppressed("marisol@example.com"), "bounce")
		m.record("complained", fibonacco.EmailEventData{})
		m.record("delivered", fibonacco.EmailEventData{})
		m.record("bounced", fibonacco.EmailEventData{BounceType: "Permanent"})
		equal(t, "status", m.state().Status, "complained")
		equal(t, "delivered is still worth knowing", m.state().Delivered != nil, true)

		never := w.sendTo(m.smb, "EDU-001", fibonacco.SendCancelled, "marisol@example.com")
		never.record("delivered", fibonacco.EmailEventData{})
		equal(t, "cancelled stays cancelled", never.state().Status, "cancelled")
	})
}

// Three mails that come back within thirty days hold an address; repeats of one do not.
func TestSoftBounces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb("a@example.com")
		soft := fibonacco.EmailEventData{BounceType: "Transient"}
		bounce := func() {
			m := w.sendTo(smb, "HOOK-001", fibonacco.SendSent, "A@example.com")
			m.record("bounced", soft)
			m.record("bounced", soft)
		}
		bounce()
		clock.Advance(31 * 24 * time.Hour)
		bounce()
		bounce()
		equal(t, "two in thirty days", w.suppressed("a@example.com"), "")
		bounce()
		equal(t, "three in thirty days", w.suppressed("a@example.com"), "bounce")
		equal(t, "email.bounced", w.count(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'email.bounced'`), 4)
	})
}
