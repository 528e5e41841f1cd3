package approval_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

const tasksIn = `SELECT count(*) FROM provisioning_tasks WHERE status = $1`

// What starts by itself is made, moves from pending to activated, and is mailed to the address on record.
func TestAutomaticServiceIsMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`UPDATE smbs SET primary_email = 'old@example.com', services_activated = '["seo"]' WHERE id = 1`)
		w.start()
		w.approve(1, "listing_claim")
		w.until(1, tasksIn, "completed")
		w.each(map[string]int{
			`SELECT count(*) FROM approvals WHERE status = 'provisioned' AND provisioned_at IS NOT NULL AND provisioning_started_at IS NOT NULL`: 1,
			`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_approved_pending AS text) = '[]'`:                                          1,
			`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_activated AS text) LIKE '["seo",%"listing_claim"]'`:                        1,
			`SELECT count(*) FROM analytics_events WHERE event_type = 'approval.provisioned'`:                                                    1,
			`SELECT count(*) FROM provisioning_tasks WHERE due_at IS NULL AND attempts = 1 AND CAST(result_data AS text) LIKE '%/b/marisol%'`:    1,
			`SELECT count(*) FROM ai_tasks WHERE task_type = 'service_setup'`:                                                                    0,
		})
		ready := w.mailed("approval.provisioned")
		equal(t, "mails", len(ready), 1)
		equal(t, "to", ready[0].To, "old@example.com")
		if !strings.HasPrefix(ready[0].ButtonURL, "https://go.example.com/my/") || !strings.HasSuffix(ready[0].ButtonURL, "/page") {
			t.Errorf("leads to %s", ready[0].ButtonURL)
		}
		equal(t, "start what is done", fibonacco.CodeOf(w.svc.StartProvisioning(t.Context(), 1)), fibonacco.Conflict)
		equal(t, "complete what is done", fibonacco.CodeOf(w.svc.CompleteProvisioning(t.Context(), 1, nil)), fibonacco.Conflict)
		equal(t, "cancel what is done", fibonacco.CodeOf(w.svc.CancelApproval(t.Context(), 1)), fibonacco.Conflict)
		equal(t, "retry what is done", fibonacco.CodeOf(w.svc.RetryTask(t.Context(), 1)), fibonacco.Conflict)
	})
}

// sweepUntil moves the clock and sweeps until a count comes out.
func (w *world) sweepUntil(want int, query string, args ...any) {
	w.Helper()
	const tries = `SELECT COALESCE(SUM(attempts), 0) FROM provisioning_tasks WHERE status = 'queued'`
	for range 12 {
		before := w.count(tries)
		w.clock.Advance(2*time.Hour + time.Minute)
		must(w.T, w.svc.Sweep(w.Context(), time.Time{}))
		for range 100 {
			if w.count(query, args...) == want {
				return
			}
			if w.count(tries) > before {
				break // tried, in vain
			}
			time.Sleep(4 * time.Millisecond)
		}
	}
	w.Fatalf("%s = %d, want %d", query, w.count(query, args...), want)
}

// What fails is tried again, later each time, and leaves nothing half-made; then a person is asked.
func TestFailuresAreTriedAgain(t *testing.T) {
	broken := errors.New("out of paper")
	cases := map[string]struct {
		fails []error
		done  bool
		tries int
	}{
		"twice":     {[]error{broken, broken}, true, 3},
		"always":    {[]error{broken, broken, broken, broken, broken, broken}, false, 5},
		"never can": {[]error{fibonacco.Errorf(fibonacco.Invalid, "no name"), broken}, false, 1},
		"at once":   {nil, true, 1},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.start()
		for name, tc := range cases {
			for _, table := range []string{"approval_upsells", "provisioning_tasks", "approvals", "ai_tasks", "smb_tags"} {
				w.exec(`DELETE FROM ` + table)
			}
			w.maker.mu.Lock()
			w.maker.fails = tc.fails
			w.maker.mu.Unlock()
			w.approve(1, "listing_claim")
			status, approval := "failed", "failed"
			if tc.done {
				status, approval = "completed", "provisioned"
			}
			if tc.tries == 1 {
				w.until(1, tasksIn, status)
			} else {
				w.until(1, `SELECT count(*) FROM provisioning_tasks WHERE status = 'queued' AND attempts = 1 AND failure_reason = 'out of paper'`)
				must(t, w.svc.Sweep(t.Context(), time.Time{})) // not due yet
				w.sweepUntil(1, tasksIn, status)
			}
			equal(t, name+": tries", w.count(`SELECT attempts FROM provisioning_tasks`), tc.tries)
			equal(t, name+": approval", w.count(`SELECT count(*) FROM approvals WHERE status = $1`, approval), 1)
			made := 0
			if tc.done {
				made = 1
			}
			equal(t, name+": made", w.count(`SELECT count(*) FROM smb_tags`), made)
			equal(t, name+": asked", w.count(`SELECT count(*) FROM ai_tasks WHERE task_type = 'service_setup' AND status = 'suggested'`), 1-made)
			if !tc.done {
				w.maker.mu.Lock()
				w.maker.fails = nil
				w.maker.mu.Unlock()
				must(t, w.svc.RetryTask(t.Context(), int64(w.count(`SELECT id FROM provisioning_tasks`))))
				w.until(1, tasksIn, "completed")
				equal(t, name+": asked no more", w.count(`SELECT count(*) FROM ai_tasks WHERE task_type = 'service_setup' AND status = 'completed'`), 1)
			}
		}
	})
}

// A process that dies between the claim and the end leaves a task that is taken up; one that dies every
// time is a person's. An approval whose event was lost is processed.
func TestWhatADeathLeavesIsTakenUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.approve(1, "listing_claim")
		w.approve(2, "listing_claim")
		lost, err := w.svc.Create(t.Context(), yes(w.claim(1, "sms_reminders", "")))
		must(t, err)
		w.exec(`DELETE FROM river_job`)
		claimed := clock.Now().Add(2 * time.Hour)
		w.exec(`UPDATE provisioning_tasks SET status = 'processing', attempts = 1, due_at = $1 WHERE smb_id = 1`, claimed)
		w.exec(`UPDATE provisioning_tasks SET status = 'processing', attempts = 5, due_at = $1 WHERE smb_id = 2`, claimed)
		must(t, w.svc.Sweep(t.Context(), time.Time{}))
		equal(t, "left alone for a while", w.count(tasksIn, "processing"), 2)
		w.start()
		w.sweepUntil(1, tasksIn, "completed")
		w.each(map[string]int{
			`SELECT count(*) FROM provisioning_tasks WHERE smb_id = 1 AND status = 'completed' AND attempts >= 2`: 1,
			`SELECT count(*) FROM provisioning_tasks WHERE smb_id = 2 AND status = 'failed'`:                      1,
			`SELECT count(*) FROM ai_tasks WHERE smb_id = 2 AND task_type = 'service_setup'`:                      1,
		})
		equal(t, "the lost one", w.count(`SELECT count(*) FROM provisioning_tasks WHERE approval_id = $1`, lost.ID), 1)
	})
}

// A job that comes again, because its node died, takes its task over at once; a provisioner that panics
// is one that failed.
func TestAJobThatComesAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.approve(1, "listing_claim")
		w.exec(`UPDATE provisioning_tasks SET status = 'processing', attempts = 1`)
		w.maker.during = func() {
			if w.maker.during = nil; w.maker.made == 0 {
				panic("out of paper")
			}
		}
		w.start()
		w.until(1, `SELECT count(*) FROM provisioning_tasks WHERE status = 'queued' AND attempts = 2 AND failure_reason LIKE '%panicked: out of paper'`)
		w.sweepUntil(1, tasksIn, "completed")
		equal(t, "made", w.maker.made, 1)
	})
}

// Of a cancellation and the making at the same time, the one that came first holds.
func TestCancelWhileItIsMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		cancelled := make(chan error, 1)
		w.maker.during = func() {
			go func() { cancelled <- w.svc.CancelApproval(context.WithoutCancel(t.Context()), 1) }()
			time.Sleep(20 * time.Millisecond)
		}
		w.approve(1, "listing_claim")
		w.start()
		equal(t, "cancelled too late", fibonacco.CodeOf(<-cancelled), fibonacco.Conflict)
		w.each(map[string]int{`SELECT count(*) FROM approvals WHERE status = 'provisioned'`: 1, `SELECT count(*) FROM provisioning_tasks WHERE status = 'completed'`: 1})
		equal(t, "withdrawn", w.maker.withdrawn, 0)
	})
}

// What was taken back before it is made is not there afterwards.
func TestCancelBeforeItIsMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.approve(1, "listing_claim")
		must(t, w.svc.CancelApproval(t.Context(), 1))
		w.start()
		w.until(0, `SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', 'discarded')`)
		w.each(map[string]int{
			`SELECT count(*) FROM smb_tags`:                                                             0,
			`SELECT count(*) FROM approvals WHERE status = 'cancelled'`:                                 1,
			`SELECT count(*) FROM provisioning_tasks WHERE status = 'failed' AND due_at IS NULL`:        1,
			`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_approved_pending AS text) = '[]'`: 1,
			`SELECT count(*) FROM audit_log WHERE action = 'approval.cancelled' AND entity_id = '1'`:    1,
		})
		equal(t, "withdrawn", w.maker.withdrawn, 1)
		equal(t, "told", len(w.mailed("approval.cancelled")), 1)
		equal(t, "cancel again", fibonacco.CodeOf(w.svc.CancelApproval(t.Context(), 1)), fibonacco.Conflict)
		equal(t, "retry", fibonacco.CodeOf(w.svc.RetryTask(t.Context(), 1)), fibonacco.Conflict)
		w.approve(1, "listing_claim") // and may be approved again
	})
}

// What this program does not make is a person's, and the operator's own program is told until it takes it.
func TestAPersonMakesIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.start()
		w.approve(1, "sms_reminders")
		w.until(1, `SELECT count(*) FROM provisioning_tasks WHERE attempts = 1 AND failure_reason LIKE 'the webhook was not taken%'`)
		w.each(map[string]int{`SELECT count(*) FROM ai_tasks WHERE task_type = 'service_setup' AND status = 'suggested'`: 1, `SELECT count(*) FROM approvals WHERE status = 'pending'`: 1})
		w.told = make(chan string, 9)
		w.clock.Advance(2 * time.Minute)
		must(t, w.svc.Sweep(t.Context(), time.Time{}))
		var body map[string]any
		must(t, json.Unmarshal([]byte(<-w.told), &body))
		equal(t, "told", body["event"], any("approval.requested"))
		equal(t, "where to", body["complete_url"], any("https://go.example.com/api/v1/provisioning-tasks/1/complete"))
		w.until(1, `SELECT count(*) FROM provisioning_tasks WHERE due_at IS NULL AND failure_reason IS NULL`)

		must(t, w.svc.StartProvisioning(t.Context(), 1))
		equal(t, "start again", fibonacco.CodeOf(w.svc.StartProvisioning(t.Context(), 1)), fibonacco.Conflict)
		clock.Advance(100 * time.Hour)
		must(t, w.svc.Sweep(t.Context(), time.Time{}))
		equal(t, "still in hand", w.count(tasksIn, "processing"), 1)
		for name, result := range map[string]map[string]any{
			"script": {"url": "javascript:alert(1)"}, "no text": {"note": 7}, "path": {"manage": "../../x"}, "zero": {"note": "a\x00"}, "long": {"x": strings.Repeat("x", 20_000)},
		} {
			equal(t, name, fibonacco.CodeOf(w.svc.CompleteTask(t.Context(), 1, result)), fibonacco.Invalid)
		}
		must(t, w.svc.CompleteTask(t.Context(), 1, map[string]any{"note": "It texts the day before."}))
		w.each(map[string]int{
			`SELECT count(*) FROM approvals WHERE status = 'provisioned'`:                                       1,
			`SELECT count(*) FROM ai_tasks WHERE task_type = 'service_setup' AND status = 'completed'`:          1,
			`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_activated AS text) = '["sms_reminders"]'`: 1,
			`SELECT count(*) FROM audit_log WHERE action = 'approval.completed' AND community_id = 1`:           1,
		})
		equal(t, "fail what is done", fibonacco.CodeOf(w.svc.FailTask(t.Context(), 1, "x")), fibonacco.Conflict)

		w.approve(2, "sms_reminders")
		equal(t, "no reason", fibonacco.CodeOf(w.svc.FailTask(t.Context(), 2, "")), fibonacco.Invalid)
		must(t, w.svc.FailTask(t.Context(), 2, "closed"))
		w.approve(2, "sms_reminders")
		equal(t, "retry in the way of another", fibonacco.CodeOf(w.svc.RetryTask(t.Context(), 2)), fibonacco.Conflict)
	})
}

// Whoever is limited to a community sees and changes nothing of another.
func TestScope(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.approve(1, "sms_reminders")
		ctx := fibonacco.WithPrincipal(context.WithoutCancel(t.Context()), &fibonacco.Principal{Role: fibonacco.Manager, Communities: []int64{2}})
		_, found := w.svc.FindApproval(ctx, 1)
		_, _, link := w.svc.ApprovalLink(ctx, 1, "sms_reminders")
		for what, err := range map[string]error{
			"find": found, "link": link, "start": w.svc.StartProvisioning(ctx, 1), "cancel": w.svc.CancelApproval(ctx, 1),
			"complete": w.svc.CompleteTask(ctx, 1, nil), "fail": w.svc.FailTask(ctx, 1, "x"), "retry": w.svc.RetryTask(ctx, 1), "revoke": w.svc.RevokeLinks(ctx, 1),
		} {
			equal(t, what, fibonacco.CodeOf(err), fibonacco.NotFound)
		}
		for who, want := range map[context.Context]int{ctx: 0, t.Context(): 1} {
			approvals, err := w.svc.QueryApprovals(who, fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "pending"}})
			must(t, err)
			tasks, err := w.svc.QueryProvisioningTasks(who, fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "queued"}})
			must(t, err)
			equal(t, "listed", len(approvals.Data)*10+len(tasks.Data), want*11)
		}
	})
}
