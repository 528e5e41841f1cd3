package voicemail_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestReports(t *testing.T) {
	cases := map[string]struct {
		report  func(r *fibonacco.DropReport)
		want    string
		counted int
		optedIn int
		event   int // rvm_drop.delivered
	}{
		"delivered":         {func(r *fibonacco.DropReport) { r.Outcome = fibonacco.DropDelivered }, "delivered/delivered", 1, 1, 1},
		"by the number":     {func(r *fibonacco.DropReport) { r.UUID, r.Outcome = "", fibonacco.DropDelivered }, "delivered/delivered", 1, 1, 1},
		"by our own proof":  {func(r *fibonacco.DropReport) { r.EventID, r.Outcome = "", fibonacco.DropDelivered }, "delivered/delivered", 1, 1, 1},
		"a full mailbox":    {func(r *fibonacco.DropReport) { r.Outcome, r.Status = fibonacco.DropFailed, "mailbox_full" }, "failed/mailbox_full", 0, 1, 0},
		"do not call":       {func(r *fibonacco.DropReport) { r.Outcome, r.Status = fibonacco.DropOptedOut, "do_not_call" }, "failed/do_not_call", 0, 0, 0},
		"too many attempts": {func(r *fibonacco.DropReport) { r.Outcome, r.Status = fibonacco.DropDeferred, "too_many_attempts" }, "queued/", 1, 1, 0},
		"no funds":          {func(r *fibonacco.DropReport) { r.Outcome, r.Status = fibonacco.DropBlocked, "no_funds" }, "queued/", 1, 1, 0},
		"another's uuid": {func(r *fibonacco.DropReport) {
			r.UUID, r.Outcome = "0193c2f0-0000-7000-8000-00000000ffff", fibonacco.DropDelivered
		}, "sent/", 1, 1, 0},
		"another's number": {func(r *fibonacco.DropReport) { r.UUID, r.Phone, r.Outcome = "", phone(9999), fibonacco.DropDelivered }, "sent/", 1, 1, 0},
		"about nothing":    {func(r *fibonacco.DropReport) { r.UUID, r.Phone, r.Outcome = "", "", fibonacco.DropDelivered }, "sent/", 1, 1, 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		n := 100
		for name, tc := range cases {
			clock.Set(monday)
			n++
			smb := w.smb(phone(n))
			id := w.left(smb)
			drop, err := w.svc.Drop(t.Context(), id)
			must(t, err)
			r := fibonacco.DropReport{EventID: name, UUID: drop.UUID, Phone: phone(n), Code: 42, Reason: "their words"}
			tc.report(&r)
			if r.EventID == "" {
				r.DropID = id
			}
			before := w.events("rvm_drop.delivered")
			changed := w.report(r)
			equal(t, name+": changed", changed, tc.want != "sent/")
			equal(t, name, w.state(id), tc.want)
			equal(t, name+": counted", w.used(smb, "2026-03"), tc.counted)
			equal(t, name+": opted in", w.count(`SELECT COUNT(*) FROM smbs WHERE id = $1 AND rvm_opted_in`, smb), tc.optedIn)
			equal(t, name+": delivered", w.events("rvm_drop.delivered")-before, tc.event)

			equal(t, name+": again", w.report(r), false)
			r.EventID += "'"
			r.Outcome = fibonacco.DropFailed
			if tc.want != "sent/" {
				equal(t, name+": late word", w.report(r), false)
			}
			state, err := w.svc.VoicemailState(t.Context())
			must(t, err)
			equal(t, name+": paused", state.Paused, name == "no funds")
			must(t, w.svc.ResumeVoicemail(t.Context(), "me"))
		}
	})
}

// A voicemail that waits for another day goes out under another key, and not a fourth time.
func TestDeferredByReport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.left(w.smb(phone(1)))
		for n := range 3 {
			w.report(fibonacco.DropReport{DropID: id, Outcome: fibonacco.DropDeferred, Status: "no_answer"})
			if n == 2 {
				break
			}
			equal(t, "waits", w.state(id), "queued/")
			for range 4 { // the third try within three days is too many, and moves
				w.due(id)
				must(t, w.svc.ProcessRVMDrop(t.Context(), id))
				if w.state(id) == "sent/" {
					break
				}
			}
			equal(t, "leaves again", w.state(id), "sent/")
		}
		equal(t, "in the end", w.state(id), "failed/no_answer")
		keys := map[string]bool{}
		for _, v := range w.provider.got {
			keys[v.Key] = true
		}
		equal(t, "keys", len(keys), 3)
	})
}

// The same report brought twenty times at once counts once.
func TestReportOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.left(w.smb(phone(1)))
		var mu sync.Mutex
		var wg sync.WaitGroup
		firsts := 0
		for n := range 20 {
			wg.Go(func() {
				r := fibonacco.DropReport{EventID: "one", DropID: id, Outcome: fibonacco.DropDelivered}
				if n%2 == 0 {
					r.EventID = "" // the callback, which has no id
				}
				changed, err := w.svc.TakeDropReport(t.Context(), r)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if changed {
					firsts++
				}
			})
		}
		wg.Wait()
		equal(t, "changed", firsts, 1)
		equal(t, "delivered", w.events("rvm_drop.delivered"), 1)
	})
}

// A result that comes while the hand-over is being recorded, or after an opt-out, is the truth.
func TestReportRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.drop(w.smb(phone(1)))
		w.due(id)
		w.provider.answer = func(v fibonacco.Voicemail) fibonacco.Handover {
			w.report(fibonacco.DropReport{DropID: v.DropID, UUID: v.UUID, Outcome: fibonacco.DropDelivered})
			return fibonacco.Handover{Result: fibonacco.Accepted, MessageID: "late"}
		}
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "state", w.state(id), "delivered/delivered")
		equal(t, "the provider's id", get[string](w, `SELECT provider_message_id FROM rvm_drops WHERE id = $1`, id), "late")

		clock.Set(monday)
		smb := w.smb(phone(2))
		other := w.drop(smb)
		w.due(other)
		w.provider.answer = func(fibonacco.Voicemail) fibonacco.Handover { return fibonacco.Handover{Result: fibonacco.Unanswered} }
		must(t, w.svc.ProcessRVMDrop(t.Context(), other))
		w.exec(`UPDATE smbs SET rvm_opted_in = FALSE WHERE id = $1`, smb)
		clock.Advance(5 * time.Minute)
		must(t, w.svc.ProcessRVMDrop(t.Context(), other))
		equal(t, "cancelled", w.state(other), "cancelled/not_opted_in")
		equal(t, "not counted", w.used(smb, "2026-03"), 0)
		w.report(fibonacco.DropReport{DropID: other, Outcome: fibonacco.DropDelivered})
		equal(t, "it had left", w.state(other), "delivered/delivered")
		equal(t, "counted after all", w.used(smb, "2026-03"), 1)

		clock.Set(monday)
		never := w.drop(w.smb(phone(3)))
		equal(t, "before it left", w.report(fibonacco.DropReport{DropID: never, Outcome: fibonacco.DropDelivered}), false)
		equal(t, "planned", w.state(never), "queued/")
	})
}

// An opt-out stops everything that is planned for the number, whoever it belongs to (M2-18).
func TestOptOutByReport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.left(w.smb(phone(1)))
		clock.Set(monday)
		same, other := w.drop(w.smb(phone(1))), w.drop(w.smb(phone(2)))
		w.report(fibonacco.DropReport{EventID: "e", DropID: id, Outcome: fibonacco.DropOptedOut, Status: "litigator"})
		equal(t, "the same number", w.state(same), "cancelled/not_opted_in")
		equal(t, "another", w.state(other), "queued/")
		equal(t, "opted in", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 1)
		equal(t, "told", w.events("email.unsubscribed"), 2)
		equal(t, "channel", get[string](w, `SELECT properties ->> 'channel' FROM analytics_events WHERE event_type = 'email.unsubscribed' LIMIT 1`), "rvm")

		// Of a number that we have not dropped anything to.
		w.report(fibonacco.DropReport{EventID: "f", Phone: phone(2), Outcome: fibonacco.DropOptedOut, Status: "do_not_call"})
		equal(t, "by the number alone", w.state(other), "cancelled/not_opted_in")
		equal(t, "counted", w.count(`SELECT COALESCE(SUM(used), 0) FROM voicemail_quota`), 0)
	})
}

func TestReportRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.left(w.smb(phone(1)))
		for _, r := range []fibonacco.DropReport{{DropID: id, Outcome: "exploded"}, {EventID: strings.Repeat("x", 1000), DropID: id, Outcome: fibonacco.DropDelivered}} {
			if _, err := w.svc.TakeDropReport(t.Context(), r); fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Errorf("%+v: %v", r, err)
			}
		}
		equal(t, "state", w.state(id), "sent/")
	})
}
