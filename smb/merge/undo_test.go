package merge_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb/merge"
)

const day = 24 * time.Hour

func TestUndoKeepsWhatChangedSince(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a := w.smb("A", func(s *fibonacco.SMB) { s.City = "Brooklyn" })
		b := w.smb("B", func(s *fibonacco.SMB) { s.City, s.ZIP, s.PrimaryPhone = "Queens", "11231", "718-555-0142" })
		w.exec(`UPDATE smbs SET total_approvals = id WHERE id IN ($1, $2)`, a, b)
		call := w.insert(`INSERT INTO callbacks (uuid, smb_id, caller_phone, called_number, started_at) VALUES ('0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f', $1, 'x', 'y', $2)`, b, clock.Now())
		mail := w.send(b, 1, fibonacco.SendSent)
		m := w.merge(a, b, map[string]string{"city": "other"})

		clock.Advance(day)
		phone := "347-555-0100"
		_, err := w.smbs.Update(t.Context(), a, fibonacco.SMBChange{PrimaryPhone: &phone})
		must(t, err)
		w.exec(`UPDATE smbs SET total_approvals = total_approvals + 1, last_email_open = $2 WHERE id = $1`, a, clock.Now())
		w.exec(`UPDATE campaign_sends SET opened_at = $2 WHERE id = $1`, mail, clock.Now()) // by the other's reader
		w.exec(`DELETE FROM callbacks WHERE id = $1`, call)
		w.undo(m)

		s, o := w.find(a), w.find(b)
		equal(t, "city as it was", s.City, "Brooklyn")
		equal(t, "ZIP as it was", s.ZIP, "")
		equal(t, "phone as changed", s.PrimaryPhone, "+13475550100")
		equal(t, "approvals without the other's", s.TotalApprovals, int(a)+1)
		equal(t, "nobody opened the survivor's mail", s.LastEmailOpen == nil, true)
		equal(t, "the other's phone", o.PrimaryPhone, "+17185550142")
		equal(t, "the other's approvals", o.TotalApprovals, int(b))
		equal(t, "the other's mail was opened", o.LastEmailOpen.Equal(clock.Now()), true)
		equal(t, "its score", o.EngagementScore, 5)
		equal(t, "whose number", get[int64](w, `SELECT smb_id FROM smb_search WHERE words LIKE '%5550142%'`), b)
		code(t, "once more", w.svc.UndoMerge(t.Context(), m.UUID), fibonacco.Conflict)
		equal(t, "event", all(w, `SELECT CAST(properties AS text) FROM analytics_events WHERE smb_id = $1 AND event_type = 'smb.updated' AND properties->>'fields' LIKE '%restored%'`, b) != "", true)
	})
}

// A no that is said while the two are one is heard by both.
func TestUndoKeepsRefusals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		in := func(s *fibonacco.SMB) { s.SMSOptedIn, s.PhoneOptedIn = true, true }
		a, b := w.smb("A", in), w.smb("B", in)
		w.exec(`UPDATE smbs SET sms_opted_in = FALSE WHERE id = $1`, b)
		m := w.merge(a, b, nil)
		equal(t, "opted out by the other", w.find(a).SMSOptedIn, false)
		clock.Advance(time.Minute)
		// The survivor's e-mail is withdrawn; so is SMS, where nothing is to be seen in the opt-in.
		w.exec(`UPDATE smbs SET email_opted_in = FALSE, do_not_contact = TRUE WHERE id = $1`, a)
		w.exec(`INSERT INTO consents (smb_id, channel, granted, source, occurred_at, created_at) VALUES ($1, 'sms', FALSE, 'phone call', $2, $2)`, a, clock.Now())
		w.undo(m)
		for _, id := range []int64{a, b} {
			s := w.find(id)
			equal(t, "e-mail", s.EmailOptedIn, false)
			equal(t, "SMS", s.SMSOptedIn, false)
			equal(t, "voicemail", s.RVMOptedIn, true)
			equal(t, "phone", s.PhoneOptedIn, true)
			equal(t, "do not contact", s.DoNotContact, true)
		}
	})
}

func TestUndoRefuses(t *testing.T) {
	cases := map[string]func(w *world, a, b int64){
		"survivor deleted":        func(w *world, a, _ int64) { must(w.t, w.smbs.DeleteSMB(w.t.Context(), a)) },
		"survivor merged away":    func(w *world, a, _ int64) { w.merge(w.smb("C"), a, nil) },
		"survivor erased":         func(w *world, a, _ int64) { w.exec(`UPDATE smbs SET erased_at = $2 WHERE id = $1`, a, w.clock.Now()) },
		"other erased":            func(w *world, _, b int64) { w.exec(`UPDATE smbs SET erased_at = $2 WHERE id = $1`, b, w.clock.Now()) },
		"more than 30 days later": func(w *world, _, _ int64) { w.clock.Advance(30*day + time.Second) },
		"a message is on its way": func(w *world, a, _ int64) { w.send(a, 5, fibonacco.SendSending) },
		"the other is gone": func(w *world, _, b int64) {
			w.exec(`DELETE FROM analytics_events WHERE smb_id = $1`, b)
			w.exec(`DELETE FROM smb_search WHERE smb_id = $1`, b)
			w.exec(`DELETE FROM smbs WHERE id = $1`, b)
		},
		"the merge was forgotten": func(w *world, a, _ int64) {
			must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error { return merge.Forget(w.t.Context(), tx, []int64{a}) }))
		},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, spoil := range cases {
			a, b := w.smb("A"), w.smb("B")
			w.place(b, "active", "2026-03-01", 2)
			m := w.merge(a, b, nil)
			spoil(w, a, b)
			code(t, name, w.svc.UndoMerge(t.Context(), m.UUID), fibonacco.Conflict)
			equal(t, name+": undone", get[int](w, `SELECT count(*) FROM merges WHERE undone_at IS NOT NULL`), 0)
		}
		for _, id := range []string{"", "x", "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f"} {
			code(t, "undo of "+id, w.svc.UndoMerge(t.Context(), id), fibonacco.NotFound)
		}
	})
}

// On the last moment of the 30th day it still can be, and the nightly purge has not taken the other.
func TestUndoOnTheLastDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B")
		m := w.merge(a, b, nil)
		clock.Advance(30 * day)
		must(t, w.smbs.Nightly(t.Context(), clock.Now()))
		w.undo(m)
		equal(t, "the other is back", w.find(b).BusinessName, "B")
	})
}

// A purge leaves that there was a merge, and nothing of whom it was about.
func TestPurgedMergesAreForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B", func(s *fibonacco.SMB) { s.PrimaryEmail = "b@b.example" })
		must(t, w.dismiss(a, b))
		m := w.merge(a, b, nil)
		clock.Advance(91 * day)
		must(t, w.smbs.Nightly(t.Context(), clock.Now()))
		list, err := w.svc.ListMerges(t.Context(), a)
		must(t, err)
		equal(t, "merges", len(list), 1)
		equal(t, "fields", len(list[0].Fields), 0)
		equal(t, "images", all(w, `SELECT CAST(before AS text) || CAST(after AS text) || CAST(other AS text) || CAST(moved AS text) FROM merges`), "{}{}{}{}")
		code(t, "undo", w.svc.UndoMerge(t.Context(), m.UUID), fibonacco.Conflict)
		equal(t, "rows of the other", get[int](w, `SELECT count(*) FROM smbs WHERE id = $1`, b), 0)
	})
}

// The place in the programme goes back as far as it has come, with the step that waits.
func TestUndoGivesThePlaceBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		mail := func(address string) func(*fibonacco.SMB) { return func(s *fibonacco.SMB) { s.PrimaryEmail = address } }
		a, b := w.smb("A", mail("a@a.example")), w.smb("B", mail("b@b.example"))
		today := clock.Now().Format(time.DateOnly)
		w.place(b, "active", today, 1)
		w.send(b, 1, fibonacco.SendSent)
		m := w.merge(a, b, nil)
		clock.Advance(day)
		_, err := w.mails.PlanCommunity(t.Context(), 1, clock.Now().Format(time.DateOnly))
		must(t, err)
		equal(t, "the survivor goes on", w.sends(a), "HOOK-001:sent HOOK-002:queued")
		w.exec(`UPDATE campaign_sends SET status = 'sent' WHERE smb_id = $1 AND status = 'queued'`, a)
		clock.Advance(day)
		_, err = w.mails.PlanCommunity(t.Context(), 1, clock.Now().Format(time.DateOnly))
		must(t, err)
		equal(t, "and on", w.sends(a), "HOOK-001:sent HOOK-002:sent HOOK-003:queued")
		_, err = w.mails.PauseProgramme(t.Context(), fibonacco.SMBFilter{IDs: []int64{a}}, "holiday")
		must(t, err)
		_, err = w.mails.ResumeProgramme(t.Context(), fibonacco.SMBFilter{IDs: []int64{a}})
		must(t, err)
		w.exec(`UPDATE campaign_sends SET status = 'queued', skip_reason = NULL WHERE smb_id = $1 AND status = 'cancelled'`, a)
		w.undo(m)
		equal(t, "what left stays", w.sends(a), "HOOK-002:sent HOOK-003:cancelled")
		equal(t, "what waits goes back", w.sends(b), "HOOK-001:sent HOOK-003:queued")
		equal(t, "to its address", all(w, `SELECT email FROM campaign_sends WHERE smb_id = $1 AND status = 'queued'`, b), "b@b.example")
		equal(t, "survivor", w.find(a).CampaignStatus, fibonacco.StatusPending)
		equal(t, "survivor's start", w.find(a).ManifestDestinyStartDate, "")
		o := w.find(b)
		equal(t, "other", o.CampaignStatus, fibonacco.StatusActive)
		equal(t, "its day", o.ManifestDestinyDay, 3)
		clock.Advance(time.Minute)
		_, err = w.mails.PlanCommunity(t.Context(), 1, clock.Now().Format(time.DateOnly))
		must(t, err)
		equal(t, "nothing twice", w.sends(b), "HOOK-001:sent HOOK-003:queued")
	})
}
