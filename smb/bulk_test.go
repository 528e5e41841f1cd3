package smb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
)

// worker is a service whose bulk changes are done.
func worker(t *testing.T, d *db.DB) *smb.Service {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: bulkSupervisors, Node: "node"})
	must(t, err)
	s := smb.New(d, q, settings())
	s.Register()
	must(t, q.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		must(t, q.Stop(ctx))
	})
	return s
}

// done waits for a bulk change.
func done(t *testing.T, ctx context.Context, s *smb.Service, job *fibonacco.BulkJob) *fibonacco.BulkJob {
	t.Helper()
	for range 600 {
		j, err := s.FindBulk(ctx, job.UUID)
		must(t, err)
		if j.Status == "completed" || j.Status == "failed" {
			return j
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the change has no end")
	return nil
}

func TestBulk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := worker(t, d)
		town := newCommunity(t, s, "town", "America/New_York")
		const n = 1203 // more than two parts
		last := many(t, d, town, n)
		all := fibonacco.SMBFilter{CommunityIDs: []int64{town}}
		campaign(t, d)
		exec(t, d, `INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status) VALUES ($uuid, $1, 'HOOK-001', 'a@example.com', 'queued')`, last)
		exec(t, d, `INSERT INTO rvm_drops (uuid, smb_id, phone) VALUES ($uuid, $1, '+1')`, last)
		staff := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 5, Name: "Ana Ruiz", Role: fibonacco.Manager})
		start := func(r fibonacco.BulkRequest) *fibonacco.BulkJob {
			t.Helper()
			clock.Advance(minute)
			job, err := s.StartBulk(staff, r)
			must(t, err)
			return done(t, staff, s, job)
		}
		expect := func(what string, job *fibonacco.BulkJob, matched, changed int) {
			t.Helper()
			equal(t, what, fmt.Sprint(job.Status, " ", job.Matched, " ", job.Done, " ", job.Changed), fmt.Sprint("completed ", matched, " ", matched, " ", changed))
			equal(t, what+": parts left", count(t, d, `SELECT count(*) FROM bulk_parts`), 0)
		}

		preview, err := s.PreviewBulk(staff, fibonacco.BulkRequest{Filter: all, Action: fibonacco.BulkDelete})
		must(t, err)
		equal(t, "preview", fmt.Sprint(preview.Matched, " ", len(preview.Sample)), fmt.Sprint(n, " 5"))

		set := fibonacco.BulkRequest{Filter: all, Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{Category: ptr(" Bakery "), State: ptr("ny")}}
		before := find(t, s, last)
		expect("set", start(set), n, n)
		after := find(t, s, last)
		equal(t, "set", after.Category+" "+after.State, "Bakery NY")
		equal(t, "version", after.Version, before.Version+1)
		if after.DataQualityScore <= before.DataQualityScore || !after.UpdatedAt.After(before.UpdatedAt) {
			t.Errorf("quality %d, then %d; updated %v, then %v", before.DataQualityScore, after.DataQualityScore, before.UpdatedAt, after.UpdatedAt)
		}
		equal(t, "found by it", len(listIDs(t, s, fibonacco.SMBFilter{Categories: []string{"Bakery"}})), 1000)
		expect("set again", start(set), n, 0)
		equal(t, "events", len(published[fibonacco.SMBUpdated](t, d)), n)

		tag := fibonacco.BulkRequest{Filter: fibonacco.SMBFilter{IDs: []int64{last, last - 1}}, Action: fibonacco.BulkTag, Tags: []string{"VIP", "gold"}}
		expect("tag", start(tag), 2, 2)
		expect("tag again", start(tag), 2, 0)
		equal(t, "tags", fmt.Sprint(find(t, s, last).Tags), "[gold vip]")
		tag.Action, tag.Tags = fibonacco.BulkUntag, []string{"vip", "none"}
		expect("untag", start(tag), 2, 2)
		equal(t, "tags", fmt.Sprint(find(t, s, last-1).Tags, find(t, s, last-1).Version), "[gold] 4")
		_, err = s.Update(t.Context(), last, fibonacco.SMBChange{Tags: manyTags(49)})
		must(t, err)
		tag.Action, tag.Tags = fibonacco.BulkTag, []string{"one", "two"}
		expect("one is full", start(tag), 2, 1)

		expect("block", start(fibonacco.BulkRequest{Filter: fibonacco.SMBFilter{IDs: []int64{last - 1}}, Action: fibonacco.BulkBlock}), 1, 1)
		equal(t, "blocked", find(t, s, last-1).DoNotContact, true)

		expect("opt out", start(fibonacco.BulkRequest{Filter: all, Action: fibonacco.BulkOptOut, Reason: "asked by phone"}), n, n)
		out := find(t, s, last)
		equal(t, "opted out", out.EmailOptedIn || out.SMSOptedIn || out.RVMOptedIn || out.PhoneOptedIn, false)
		equal(t, "mail", text(t, d, `SELECT status || ' ' || skip_reason FROM campaign_sends`), "suppressed not_opted_in")
		equal(t, "voicemail", text(t, d, `SELECT status FROM rvm_drops`), "cancelled")
		equal(t, "on record", count(t, d, `SELECT count(*) FROM consents WHERE smb_id = $1 AND NOT granted AND recorded_by LIKE 'Ana Ruiz%'`, last), 2)

		exec(t, d, `UPDATE campaign_sends SET status = 'queued'`)
		expect("delete", start(fibonacco.BulkRequest{Filter: all, Action: fibonacco.BulkDelete}), n, n)
		equal(t, "mail", text(t, d, `SELECT status || ' ' || skip_reason FROM campaign_sends`), "cancelled deleted")
		_, err = s.Find(t.Context(), last)
		code(t, "deleted", err, fibonacco.NotFound)
		equal(t, "found", count(t, d, `SELECT count(*) FROM smb_search`), 0)
		expect("nothing left", start(set), 0, 0)

		equal(t, "started", count(t, d, `SELECT count(*) FROM audit_log WHERE action = 'smbs.bulk_started' AND actor_name = 'Ana Ruiz'`), 10)
		equal(t, "finished", count(t, d, `SELECT count(*) FROM audit_log WHERE action = 'smbs.bulk_finished' AND actor_name = 'Ana Ruiz'`), 10)
		equal(t, "parts", count(t, d, `SELECT count(*) FROM audit_log WHERE action = 'smbs.bulk_changed' AND user_id = 5`), 3*3+4)
		if told := text(t, d, `SELECT CAST(after AS text) FROM audit_log WHERE action = 'smbs.bulk_started' AND CAST(after AS text) LIKE '%asked by phone%'`); !strings.Contains(told, "opt_out") {
			t.Errorf("the log says %s", told)
		}
	})
}

func manyTags(n int) []string {
	tags := make([]string, n)
	for i := range tags {
		tags[i] = fmt.Sprint("tag", i)
	}
	return tags
}

func text(t *testing.T, d *db.DB, query string) (s string) {
	t.Helper()
	run(t, d, func(tx *db.Tx) error { return tx.QueryRow(t.Context(), query).Scan(&s) })
	return s
}

func TestBulkRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		one := fibonacco.SMBFilter{IDs: []int64{b.ID}}
		for fields, r := range map[string]fibonacco.BulkRequest{
			"action":                       {Filter: one, Action: "explode"},
			"change":                       {Filter: one, Action: fibonacco.BulkSet},
			"change.business_name":         {Filter: one, Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{BusinessName: ptr("Same")}},
			"change.category change.state": {Filter: one, Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{Category: ptr(strings.Repeat("x", 101)), State: ptr("New York")}},
			"tags":                         {Filter: one, Action: fibonacco.BulkTag},
			"tags[0]":                      {Filter: one, Action: fibonacco.BulkUntag, Tags: []string{strings.Repeat("x", 51)}},
			"reason":                       {Filter: one, Action: fibonacco.BulkBlock, Reason: strings.Repeat("x", 501)},
			"change tags":                  {Filter: one, Action: fibonacco.BulkBlock, Tags: []string{"x"}, Change: fibonacco.SMBChange{City: ptr("x")}},
			"filter":                       {Action: fibonacco.BulkDelete, Filter: fibonacco.SMBFilter{Search: " ", IDs: []int64{}}},
			"filter[colour]":               {Action: fibonacco.BulkBlock, Filter: fibonacco.SMBFilter{Where: fibonacco.Filter{"colour": "red"}}},
			"segment":                      {Action: fibonacco.BulkBlock, Filter: fibonacco.SMBFilter{Segment: "x"}},
		} {
			_, err := s.StartBulk(t.Context(), r)
			equal(t, "started", strings.Join(fieldNames(err), " "), fields)
			_, err = s.PreviewBulk(t.Context(), r)
			equal(t, "previewed", strings.Join(fieldNames(err), " "), fields)
		}
		equal(t, "jobs", count(t, d, `SELECT count(*) FROM bulk_jobs`), 0)
		for _, id := range []string{"", "x", "0193c2f0-0000-7000-8000-000000000001"} {
			_, err := s.FindBulk(t.Context(), id)
			code(t, "unknown", err, fibonacco.NotFound)
		}
	})
}

// A bulk change reaches no further than whoever asked for it, also when it is done later.
func TestBulkScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newService(t, d)
		own, other := newCommunity(t, s, "own", "America/New_York"), newCommunity(t, s, "other", "America/New_York")
		mine, moves, theirs := newSMB(t, s, own, "Mine"), newSMB(t, s, own, "Moves away"), newSMB(t, s, other, "Theirs")
		gone := newSMB(t, s, own, "Deleted meanwhile")
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{TokenID: 3, Name: "CI", Role: fibonacco.Admin, Communities: []int64{own}})
		job, err := s.StartBulk(limited, fibonacco.BulkRequest{Action: fibonacco.BulkTag, Tags: []string{"x"}, Filter: fibonacco.SMBFilter{Where: fibonacco.Filter{"tag": "!x"}}})
		must(t, err)
		equal(t, "matched", job.Matched, 3)
		_, err = s.Update(t.Context(), moves.ID, fibonacco.SMBChange{CommunityID: &other})
		must(t, err)
		must(t, s.DeleteSMB(t.Context(), gone.ID))
		late := newSMB(t, s, own, "Too late")

		w := worker(t, d)
		finished := done(t, limited, w, job)
		equal(t, "changed", finished.Changed, 1)
		for _, b := range []*fibonacco.SMB{mine, moves, theirs, late} {
			want := "[]"
			if b.ID == mine.ID {
				want = "[x]"
			}
			equal(t, b.BusinessName, fmt.Sprint(find(t, s, b.ID).Tags), want)
		}
		neighbour := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Bo", Role: fibonacco.Admin, Communities: []int64{other}})
		_, err = s.FindBulk(neighbour, job.UUID)
		code(t, "somebody else's", err, fibonacco.NotFound)
		ofAll, err := s.StartBulk(t.Context(), fibonacco.BulkRequest{Action: fibonacco.BulkTag, Tags: []string{"y"}})
		must(t, err)
		_, err = s.FindBulk(limited, ofAll.UUID)
		code(t, "one of all", err, fibonacco.NotFound)
		_ = done(t, t.Context(), w, ofAll)
		equal(t, "entries", count(t, d, `SELECT count(*) FROM audit_log WHERE entity = 'bulk' AND community_id = $1 AND token_id = 3`, own), 3)
	})
}
