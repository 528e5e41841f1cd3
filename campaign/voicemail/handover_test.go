package voicemail_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestHandOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.drop(w.smb(phone(142)))
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "before its time", w.state(id), "queued/")
		w.due(id)
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "after", w.state(id), "sent/")
		drop, err := w.svc.Drop(t.Context(), id)
		must(t, err)
		v := w.provider.got[0]
		equal(t, "to", v.To, phone(142))
		equal(t, "script", v.Script, drop.Script)
		equal(t, "uuid", v.UUID, drop.UUID)
		equal(t, "provider's id", drop.ProviderMessageID, "m-"+v.Key)
		equal(t, "sent at", *drop.SentAt, clock.Now())
		claim, ok := w.signer.VerifySend(fibonacco.VoicemailToken, v.CallbackURL[len("https://media.example/webhooks/rvm?proof="):])
		equal(t, "proof", ok && claim.SendID == id, true)

		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "handed over once", w.provider.count(), 1)
		equal(t, "unknown", fibonacco.CodeOf(w.svc.ProcessRVMDrop(t.Context(), 999_999)), fibonacco.NotFound)
	})
}

// Everything is looked at once more when a voicemail is claimed (R3).
func TestLastLook(t *testing.T) {
	cases := map[string]struct {
		change func(w *world, smb, drop int64)
		want   string
		when   string // of a voicemail that moved
	}{
		"opted out":       {func(w *world, id, _ int64) { w.exec(`UPDATE smbs SET rvm_opted_in = FALSE WHERE id = $1`, id) }, "cancelled/not_opted_in", ""},
		"do not contact":  {func(w *world, id, _ int64) { w.exec(`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, id) }, "cancelled/do_not_contact", ""},
		"consent revoked": {func(w *world, _, _ int64) { w.consents = map[int64]bool{} }, "cancelled/no_consent", ""},
		"blocked":         {func(w *world, _, _ int64) { w.blocked[phone(142)] = true }, "cancelled/suppressed", ""},
		"asked for quiet": {func(w *world, id, _ int64) {
			w.exec(`INSERT INTO preferences (smb_id, kind, ends_at, created_at) VALUES ($1, 'pause', $2, $3)`, id, w.clock.Now().Add(24*time.Hour), w.clock.Now())
		}, "cancelled/asked_for_pause", ""},
		"paused":         {func(w *world, id, _ int64) { w.exec(`UPDATE smbs SET campaign_status = 'paused' WHERE id = $1`, id) }, "cancelled/paused", ""},
		"phone gone":     {func(w *world, id, _ int64) { w.exec(`UPDATE smbs SET primary_phone = NULL WHERE id = $1`, id) }, "cancelled/no_phone", ""},
		"in the evening": {func(w *world, _, _ int64) { w.clock.Advance(9 * time.Hour) }, "queued/", "2026-03-04 10:00"},
		"over a weekend": {func(w *world, _, _ int64) { w.clock.Advance(3*24*time.Hour + 9*time.Hour) }, "queued/", "2026-03-09 10:00"},
		"too late":       {func(w *world, _, _ int64) { w.clock.Advance(11 * 24 * time.Hour) }, "cancelled/missed", ""},
		"a new number that is later": {func(w *world, id, _ int64) {
			w.exec(`UPDATE smbs SET primary_phone = '+12135550142' WHERE id = $1`, id)
		}, "queued/", "2026-03-03 13:00"},
		"another one under way": {func(w *world, id, _ int64) {
			w.exec(`INSERT INTO rvm_drops (uuid, smb_id, phone, status, claimed_at, created_at) VALUES ('0193c2f0-0000-7000-8000-000000000001', $1, $2, 'sending', $3, $3)`,
				id, phone(142), w.clock.Now())
		}, "queued/", "2026-03-04 10:00"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			clock.Set(monday)
			w.consents, w.blocked = nil, map[string]bool{}
			smb := w.smb(phone(142))
			id := w.drop(smb)
			w.due(id)
			tc.change(w, smb, id)
			must(t, w.svc.ProcessRVMDrop(t.Context(), id))
			equal(t, name, w.state(id), tc.want)
			counted := 1
			if tc.when == "" {
				counted = 0
			} else {
				equal(t, name+": moved to", w.local(id), tc.when)
			}
			equal(t, name+": counted", w.used(smb, "2026-03"), counted)
			w.exec(`UPDATE campaign_sends SET rvm_drop_id = NULL`)
			w.exec(`DELETE FROM rvm_drops`)
		}
		equal(t, "nothing left", w.provider.count(), 0)
	})
}

// What a provider answers, and what becomes of the voicemail.
func TestHandOverResults(t *testing.T) {
	cases := map[string]struct {
		result fibonacco.HandoverResult
		want   string
		same   bool // the next try has the same key
		counts int
	}{
		"accepted":   {fibonacco.Accepted, "sent/", false, 1},
		"refused":    {fibonacco.Refused, "failed/refused", false, 0},
		"deferred":   {fibonacco.Deferred, "queued/", false, 1},
		"not tried":  {fibonacco.NotTried, "queued/", true, 1},
		"unanswered": {fibonacco.Unanswered, "queued/", true, 1},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		n := 100
		for name, tc := range cases {
			clock.Set(monday)
			n++
			smb := w.smb(phone(n))
			id := w.drop(smb)
			w.due(id)
			w.provider.got = nil
			w.provider.answer = func(fibonacco.Voicemail) fibonacco.Handover {
				return fibonacco.Handover{Result: tc.result, Code: 400, Reason: "because"}
			}
			must(t, w.svc.ProcessRVMDrop(t.Context(), id))
			equal(t, name, w.state(id), tc.want)
			equal(t, name+": counted", w.used(smb, "2026-03"), tc.counts)
			if tc.want != "queued/" {
				continue
			}
			first := w.provider.got[0].Key
			w.provider.answer = nil
			clock.Advance(20 * time.Minute)
			must(t, w.svc.ProcessRVMDrop(t.Context(), id))
			equal(t, name+": then", w.state(id), "sent/")
			equal(t, name+": same key", w.provider.got[1].Key == first, tc.same)
		}
	})
}

// A provider that keeps deferring is asked three times.
func TestDeferredTooOften(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(142))
		id := w.drop(smb)
		w.due(id)
		w.provider.answer = func(fibonacco.Voicemail) fibonacco.Handover { return fibonacco.Handover{Result: fibonacco.Deferred} }
		for range 5 {
			must(t, w.svc.ProcessRVMDrop(t.Context(), id))
			clock.Advance(15 * time.Minute)
		}
		equal(t, "state", w.state(id), "failed/refused")
		equal(t, "tries", w.provider.count(), 3)
		equal(t, "counted", w.used(smb, "2026-03"), 0)
	})
}

// A node died between intent and result: the same key makes a second hand-over harmless, as long as
// the provider remembers it. A provider without keys is not asked twice (R1).
func TestSettle(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		die := func(id int64) {
			w.due(id)
			w.exec(`UPDATE rvm_drops SET status = 'sending', claimed_by = 'dead/1', claimed_at = $1, key_until = $2 WHERE id = $3`,
				clock.Now(), fibonacco.RealTime().Add(w.provider.repeatable-time.Hour), id)
			must(t, w.svc.SettleNode(t.Context(), "dead/1"))
		}
		again := w.drop(w.smb(phone(1)))
		die(again)
		equal(t, "taken over", w.state(again), "queued/")
		must(t, w.svc.ProcessRVMDrop(t.Context(), again))
		equal(t, "handed over under the same key", w.state(again), "sent/")

		clock.Set(monday)
		old := w.drop(w.smb(phone(2)))
		die(old)
		w.exec(`UPDATE rvm_drops SET key_until = $1 WHERE id = $2`, fibonacco.RealTime().Add(-time.Second), old)
		n := w.provider.count()
		must(t, w.svc.ProcessRVMDrop(t.Context(), old))
		equal(t, "the key is forgotten", w.state(old), "sent/unanswered")
		equal(t, "nothing left", w.provider.count(), n)
		equal(t, "it is counted", w.used(get[int64](w, `SELECT smb_id FROM rvm_drops WHERE id = $1`, old), "2026-03"), 1)

		clock.Set(monday)
		w.provider.repeatable = 0
		first := w.drop(w.smb(phone(3)))
		w.due(first)
		w.provider.answer = func(fibonacco.Voicemail) fibonacco.Handover { return fibonacco.Handover{Result: fibonacco.Unanswered} }
		must(t, w.svc.ProcessRVMDrop(t.Context(), first))
		equal(t, "no keys", w.state(first), "sent/unanswered")
	})
}

func TestPause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.drop(w.smb(phone(142)))
		w.due(id)
		equal(t, "without a reason", fibonacco.CodeOf(w.svc.PauseVoicemail(t.Context(), " ", "me")), fibonacco.Invalid)
		must(t, w.svc.PauseVoicemail(t.Context(), "a state of emergency in Louisiana", "me"))
		must(t, w.svc.PauseVoicemail(t.Context(), "again", "you"))
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "held", w.state(id), "queued/")
		state, err := w.svc.VoicemailState(t.Context())
		must(t, err)
		equal(t, "why", state.Reason, "a state of emergency in Louisiana")
		equal(t, "who", state.By, "me")
		must(t, w.svc.ResumeVoicemail(t.Context(), "me"))
		must(t, w.svc.ResumeVoicemail(t.Context(), "me"))
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "goes on", w.state(id), "sent/")
		equal(t, "events", w.events("voicemail.paused")+w.events("voicemail.resumed"), 2)
	})
}

// A provider that cannot be reached costs nothing: no try is counted, and nothing is claimed.
func TestProviderDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.drop(w.smb(phone(142)))
		w.due(id)
		w.provider.down = fibonacco.Errorf(fibonacco.Unavailable, "connection refused")
		if err := w.svc.ProcessRVMDrop(t.Context(), id); err == nil {
			t.Error("no word of it")
		}
		equal(t, "state", w.state(id), "queued/")
		w.provider.down = nil
		must(t, w.svc.ProcessRVMDrop(t.Context(), id))
		equal(t, "then", w.state(id), "sent/")
		equal(t, "tries", get[int](w, `SELECT attempts FROM rvm_drops WHERE id = $1`, id), 0)
	})
}

// Due voicemails become jobs, once; lost ones get another.
func TestRelease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for n := range 60 {
			w.drop(w.smb(phone(n)))
		}
		jobs := func() int { return w.count(`SELECT COUNT(*) FROM river_job WHERE kind = 'voicemail.drop'`) }
		must(t, w.svc.ReleaseDue(t.Context()))
		equal(t, "not due", jobs(), 0)
		clock.Set(time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC))
		must(t, w.svc.PauseVoicemail(t.Context(), "wait", "me"))
		must(t, w.svc.ReleaseDue(t.Context()))
		equal(t, "paused", jobs(), 0)
		must(t, w.svc.ResumeVoicemail(t.Context(), "me"))
		for range 2 {
			must(t, w.svc.ReleaseDue(t.Context()))
			equal(t, "due", jobs(), 2)
		}
		w.exec(`DELETE FROM river_job`)
		must(t, w.svc.Sweep(t.Context()))
		must(t, w.svc.ReleaseDue(t.Context()))
		equal(t, "a moment later", jobs(), 0)
		clock.Advance(2 * time.Hour)
		must(t, w.svc.Sweep(t.Context()))
		must(t, w.svc.ReleaseDue(t.Context()))
		equal(t, "after an hour", jobs(), 2)
	})
}
