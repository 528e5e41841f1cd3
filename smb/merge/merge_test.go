package merge_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestMergeFillsAndChooses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		keep := w.smb("Rosa's Bakery", func(s *fibonacco.SMB) {
			s.PrimaryEmail, s.City, s.PrimaryContactName = "rosa@rosas.example", "Brooklyn", "Rosa Diaz"
			s.Metadata = map[string]any{"a": 1, "b": "mine"}
		})
		other := w.smb("Rosas Bakery LLC", func(s *fibonacco.SMB) {
			s.PrimaryEmail, s.PrimaryPhone, s.City, s.ZIP = "info@rosas.example", "718-555-0142", "New York", "11231"
			s.PrimaryContactName, s.SubscriptionTier = "Info", "growth"
			s.Coordinates = &fibonacco.Point{Longitude: -73.99, Latitude: 40.68}
			s.Metadata = map[string]any{"b": "theirs", "c": true}
			s.RVMOptedIn, s.DoNotContact = false, true
		})
		w.exec(`UPDATE smbs SET services_activated = '["seo"]', services_approved_pending = '["ads","chat"]', total_approvals = 2, total_meetings = 1 WHERE id = $1`, keep)
		w.exec(`UPDATE smbs SET services_activated = '["ads"]', total_approvals = 3, last_email_open = $2 WHERE id = $1`, other, clock.Now())
		w.exec(`INSERT INTO smb_tags (smb_id, tag) VALUES ($1, 'bread'), ($1, 'vip'), ($2, 'vip'), ($2, 'pastry')`, keep, other)

		choose := map[string]string{"city": "other", "business_name": "survivor", "rvm_opted_in": "survivor"}
		preview, err := w.svc.PreviewMerge(t.Context(), keep, other, choose)
		must(t, err)
		equal(t, "tags that move", preview.Rows["smb_tags"], 1)
		equal(t, "tags that stay", preview.Kept["smb_tags"], 1)
		m := w.merge(keep, other, choose)
		equal(t, "fields", fieldNames(m.Fields), fieldNames(preview.Fields))
		equal(t, "fields", fieldNames(m.Fields), "business_name city coordinates do_not_contact last_email_open metadata primary_contact_name primary_email "+
			"primary_phone rvm_opted_in secondary_contacts services_activated services_approved_pending subscription_tier total_approvals total_meetings zip")

		s := w.find(keep)
		equal(t, "name", s.BusinessName, "Rosa's Bakery")
		equal(t, "city", s.City, "New York")
		equal(t, "phone", s.PrimaryPhone, "+17185550142")
		equal(t, "ZIP", s.ZIP, "11231")
		equal(t, "e-mail", s.PrimaryEmail, "rosa@rosas.example")
		equal(t, "longitude", s.Coordinates.Longitude, -73.99)
		equal(t, "paid subscription", s.SubscriptionTier, "growth")
		equal(t, "opt-out stays whatever is chosen", s.RVMOptedIn, false)
		equal(t, "do not contact", s.DoNotContact, true)
		equal(t, "approvals", s.TotalApprovals, 5)
		equal(t, "meetings", s.TotalMeetings, 1)
		equal(t, "services", db.JSON(s.ServicesActivated), `["seo","ads"]`)
		equal(t, "pending services", db.JSON(s.ServicesApprovedPending), `["chat"]`)
		equal(t, "metadata", db.JSON(s.Metadata), `{"a":1,"b":"mine","c":true}`)
		equal(t, "the other's contact is kept", db.JSON(s.SecondaryContacts), `[{"name":"Info","email":"info@rosas.example","phone":"","role":""}]`)
		equal(t, "last open", s.LastEmailOpen.Equal(clock.Now()), true)
		equal(t, "data quality", s.DataQualityScore, 25+20+15+15+3+3+3)
		equal(t, "tags", all(w, `SELECT tag FROM smb_tags WHERE smb_id = $1 ORDER BY tag`, keep), "bread pastry vip")
		_, err = w.smbs.Find(t.Context(), other)
		code(t, "the other", err, fibonacco.NotFound)
		equal(t, "found by the other's number", get[int64](w, `SELECT smb_id FROM smb_search WHERE words LIKE '%5550142%'`), keep)
		equal(t, "the other is not found", get[int](w, `SELECT count(*) FROM smb_search WHERE smb_id = $1`, other), 0)
		equal(t, "events", all(w, `SELECT smb_id || ' ' || CASE WHEN properties->>'fields' LIKE '%deleted_at%' THEN 'deleted' ELSE 'changed' END
			FROM analytics_events WHERE event_type = 'smb.updated' ORDER BY id`), "1 changed 2 deleted")
		equal(t, "audited", all(w, `SELECT action || ' ' || entity_id FROM audit_log WHERE action = 'smb.merged' ORDER BY id`), "smb.merged 1 smb.merged 2")
	})
}

func TestMergeRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b, gone, erased := w.smb("A"), w.smb("B"), w.smb("C"), w.smb("D")
		elsewhere := w.smb("E", func(s *fibonacco.SMB) { s.CommunityID = 2 })
		w.exec(`UPDATE smbs SET deleted_at = $2 WHERE id = $1`, gone, clock.Now())
		w.exec(`UPDATE smbs SET erased_at = $2 WHERE id = $1`, erased, clock.Now())
		for name, tc := range map[string]struct {
			survivor, other int64
			choose          map[string]string
			want            fibonacco.Code
		}{
			"itself":              {a, a, nil, fibonacco.Invalid},
			"unknown":             {a, 99, nil, fibonacco.NotFound},
			"deleted survivor":    {gone, a, nil, fibonacco.NotFound},
			"deleted other":       {a, gone, nil, fibonacco.NotFound},
			"erased":              {a, erased, nil, fibonacco.NotFound},
			"another community":   {a, elsewhere, nil, fibonacco.Conflict},
			"choice of no field":  {a, b, map[string]string{"nonsense": "other"}, fibonacco.Invalid},
			"choice of a list":    {a, b, map[string]string{"metadata": "other"}, fibonacco.Invalid},
			"choice of no side":   {a, b, map[string]string{"city": "b"}, fibonacco.Invalid},
			"choice of a counter": {a, b, map[string]string{"total_approvals": "other"}, fibonacco.Invalid},
		} {
			_, err := w.svc.MergeSMBs(t.Context(), tc.survivor, tc.other, tc.choose)
			code(t, name, err, tc.want)
			_, err = w.svc.PreviewMerge(t.Context(), tc.survivor, tc.other, tc.choose)
			code(t, "preview of "+name, err, tc.want)
		}
		equal(t, "merges", get[int](w, `SELECT count(*) FROM merges`), 0)
	})
}

func TestMergeStaysWithinTheScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B")
		outside, inside := as(t, 2), as(t, 1)
		_, err := w.svc.PreviewMerge(outside, a, b, nil)
		code(t, "preview", err, fibonacco.NotFound)
		_, err = w.svc.MergeSMBs(outside, a, b, nil)
		code(t, "merge", err, fibonacco.NotFound)
		m, err := w.svc.MergeSMBs(inside, a, b, nil)
		must(t, err)
		equal(t, "who", *m.MergedBy, 7)
		_, err = w.svc.ListMerges(outside, a)
		code(t, "list", err, fibonacco.NotFound)
		code(t, "undo", w.svc.UndoMerge(outside, m.UUID), fibonacco.NotFound)
		list, err := w.svc.ListMerges(inside, b)
		must(t, err)
		equal(t, "merges of the other", len(list), 1)
		must(t, w.svc.UndoMerge(inside, m.UUID))
		list, err = w.svc.ListMerges(inside, a)
		must(t, err)
		equal(t, "undone", list[0].UndoneAt.Equal(clock.Now()), true)
		equal(t, "by whom", get[int64](w, `SELECT undone_by FROM merges`), 7)
		equal(t, "in the log", all(w, `SELECT action || ' ' || entity_id || ' ' || user_id FROM audit_log WHERE action LIKE 'smb.merge%' ORDER BY id`),
			"smb.merged 1 7 smb.merged 2 7 smb.merge_undone 1 7 smb.merge_undone 2 7")
	})
}

// What was sent once is not sent again, and what waits leaves at most once (R1).
func TestMergedMessages(t *testing.T) {
	const (
		sent, queued, cancelled = fibonacco.SendSent, fibonacco.SendQueued, fibonacco.SendCancelled
	)
	type ledger map[int]fibonacco.SendStatus
	cases := map[string]struct {
		survivor, other fibonacco.CampaignStatus
		has, brings     ledger
		choose          map[string]string
		want, stays     string
		status          fibonacco.CampaignStatus
		day             int
	}{
		"both in step: one step waits": {
			"active", "active",
			ledger{1: sent, 2: queued},
			ledger{1: sent, 2: queued},
			nil,
			"HOOK-001:sent HOOK-002:queued", "HOOK-001:sent HOOK-002:cancelled", "active", 2,
		},
		"the other had today's step already": {
			"active", "active",
			ledger{1: sent, 2: queued},
			ledger{1: sent, 2: sent},
			nil,
			"HOOK-001:sent HOOK-002:cancelled", "HOOK-001:sent HOOK-002:sent", "active", 2,
		},
		"what the other had and the survivor did not": {
			"active", "active",
			ledger{1: sent},
			ledger{2: sent, 3: "bounced", 4: cancelled, 5: "failed"},
			nil,
			"HOOK-001:sent HOOK-002:sent HOOK-003:bounced", "HOOK-004:cancelled HOOK-005:failed", "active", 1,
		},
		"a pending one takes the place, and the step that waits": {
			"pending", "active",
			ledger{},
			ledger{1: sent, 2: sent, 3: queued},
			nil,
			"HOOK-001:sent HOOK-002:sent HOOK-003:queued", "HOOK-003:cancelled", "active", 3,
		},
		"a pending one is chosen to stay so": {
			"pending", "active",
			ledger{},
			ledger{1: sent, 2: queued},
			map[string]string{"programme": "survivor"},
			"HOOK-001:sent", "HOOK-002:cancelled", "pending", 0,
		},
		"the other's place is chosen": {
			"active", "active",
			ledger{1: sent, 2: queued},
			ledger{1: sent, 3: queued},
			map[string]string{"programme": "other"},
			"HOOK-001:sent HOOK-002:cancelled HOOK-003:queued", "HOOK-001:sent HOOK-003:cancelled", "active", 3,
		},
		"the other's place is chosen, with the same step": {
			"active", "active",
			ledger{2: queued},
			ledger{1: sent, 2: queued},
			map[string]string{"programme": "other"},
			"HOOK-001:sent HOOK-002:queued", "HOOK-002:cancelled", "active", 2,
		},
		"a paused one leads a pending one": {
			"pending", "paused", ledger{}, ledger{1: sent}, nil, "HOOK-001:sent", "", "paused", 1,
		},
		"what is no step does not move with the place": {
			"pending", "active", ledger{}, ledger{0: queued, 1: sent}, nil, "HOOK-001:sent", fibonacco.PremiumWelcomeID + ":cancelled", "active", 1,
		},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			w.t = t
			withMail := func(s *fibonacco.SMB) { s.PrimaryEmail = "rosa@rosas.example" }
			keep, other := w.smb("A", withMail), w.smb("B", withMail)
			var last int64
			for id, of := range map[int64]struct {
				status fibonacco.CampaignStatus
				ledger ledger
			}{keep: {tc.survivor, tc.has}, other: {tc.other, tc.brings}} {
				lastStep, start := 0, ""
				for step, status := range of.ledger {
					last = max(last, w.send(id, step, status))
					lastStep = max(lastStep, step)
				}
				if of.status != fibonacco.StatusPending {
					start = clock.Now().AddDate(0, 0, 1-lastStep).Format(time.DateOnly)
				} else {
					lastStep = 0
				}
				w.place(id, of.status, start, lastStep)
			}
			batches := get[int](w, `SELECT count(*) FROM send_batches`)
			m := w.merge(keep, other, tc.choose)
			equal(t, name+": survivor's ledger", w.sends(keep), tc.want)
			equal(t, name+": the other's ledger", w.sends(other), tc.stays)
			s := w.find(keep)
			equal(t, name+": status", s.CampaignStatus, tc.status)
			equal(t, name+": day", s.ManifestDestinyDay, tc.day)
			fresh := get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id = $1 AND status = 'queued' AND id > $2`, keep, last)
			equal(t, name+": batches for what was planned anew", get[int](w, `SELECT count(*) FROM send_batches`), batches+fresh)

			w.undo(m)
			equal(t, name+": survivor's status", w.find(keep).CampaignStatus, tc.survivor)
			equal(t, name+": the other's status", w.find(other).CampaignStatus, tc.other)
			equal(t, name+": the other's cancelled stay so", get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id = $1 AND status = 'queued'`, other), 0)
			equal(t, name+": nothing new waits", get[int](w, `SELECT count(*) FROM campaign_sends WHERE status = 'queued' AND id > $1`, last), 0)
			equal(t, name+": what the survivor had is its", get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id = $1 AND status = 'sent'`, keep), countOf(tc.has, sent))
			equal(t, name+": what the other had is its", get[int](w, `SELECT count(*) FROM campaign_sends WHERE smb_id = $1 AND status = 'sent'`, other), countOf(tc.brings, sent))
		}
	})
}

func countOf(ledger map[int]fibonacco.SendStatus, status fibonacco.SendStatus) (n int) {
	for _, s := range ledger {
		if s == status {
			n++
		}
	}
	return n
}

func TestMergeWaitsForWhatIsOnItsWay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B")
		w.send(b, 1, fibonacco.SendQueued)
		on := w.send(b, 2, fibonacco.SendSending)
		_, err := w.svc.MergeSMBs(t.Context(), a, b, nil)
		code(t, "merge", err, fibonacco.Conflict)
		equal(t, "nothing happened", w.sends(b), "HOOK-001:queued HOOK-002:sending")
		w.exec(`UPDATE campaign_sends SET status = 'sent' WHERE id = $1`, on)
		w.merge(a, b, nil)
		equal(t, "it came along", w.sends(a), "HOOK-002:sent")
	})
}

func TestMergedScore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		a, b := w.smb("A"), w.smb("B")
		for n := 1; n <= 4; n++ { // the first two steps both had: one opened mail each counts once
			owner := map[bool]int64{true: a, false: b}[n <= 2]
			w.exec(`UPDATE campaign_sends SET opened_at = $2 WHERE id = $1`, w.send(owner, n, fibonacco.SendSent), clock.Now())
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error { return w.smbs.Rescore(t.Context(), tx, []int64{a, b}) }))
		equal(t, "before", w.find(a).EngagementScore, 10)
		m := w.merge(a, b, nil)
		equal(t, "together", w.find(a).EngagementScore, 20)
		equal(t, "tier", w.find(a).EngagementTier, 3)
		w.undo(m)
		equal(t, "afterwards", w.find(a).EngagementScore, 10)
		equal(t, "and the other", w.find(b).EngagementScore, 10)
		equal(t, "tier of the other", w.find(b).EngagementTier, 4)
	})
}
