package approval_test

import (
	"context"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Ten presses of the button at once make one approval, and what follows it follows once, also when its
// event comes after.
func TestTenApproveAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`UPDATE smbs SET engagement_tier = 2, primary_email = 'old@example.com', primary_phone = '+17185550142' WHERE id = 1`)
		token, err := w.svc.GenerateToken(t.Context(), 1, "listing_claim", "HOOK-001")
		must(t, err)
		var wg sync.WaitGroup
		receipts, errs := make([]string, 10), make([]error, 10)
		for i := range errs {
			wg.Go(func() {
				r := yes(fibonacco.ApprovalClaim{SMBID: 2, ServiceType: "sms_reminders"}) // the token decides, and not the form
				r.Phone = "(718) 555-0142"
				receipts[i], errs[i] = w.svc.Approve(context.WithoutCancel(t.Context()), token, r)
			})
		}
		wg.Wait()
		for i, err := range errs {
			must(t, err)
			equal(t, "receipt", receipts[i], receipts[0])
		}
		must(t, w.svc.ProcessSubmitted(t.Context(), []fibonacco.ApprovalSubmitted{{ApprovalID: 1}, {ApprovalID: 99}}))
		w.each(map[string]int{
			`SELECT count(*) FROM approvals`: 1,
			`SELECT count(*) FROM approvals WHERE smb_id = 1 AND service_type = 'listing_claim' AND status = 'provisioning'`:                         1,
			`SELECT total_approvals FROM smbs WHERE id = 1`:                                                                                          1,
			`SELECT total_approvals FROM smbs WHERE id = 2`:                                                                                          0,
			`SELECT count(*) FROM smbs WHERE id = 1 AND last_approval IS NOT NULL AND CAST(services_approved_pending AS text) = '["listing_claim"]'`: 1,
			`SELECT count(*) FROM smbs WHERE id = 1 AND primary_email = 'old@example.com' AND primary_contact_name IS NULL`:                          1,
			`SELECT count(*) FROM approval_upsells WHERE accepted IS NULL`:                                                                           2,
			`SELECT count(*) FROM analytics_events WHERE event_type = 'upsell.offered'`:                                                              2,
			`SELECT count(*) FROM analytics_events WHERE event_type = 'approval.submitted'`:                                                          1,
			`SELECT count(*) FROM provisioning_tasks WHERE status = 'queued' AND priority = 2 AND due_at IS NOT NULL`:                                1,
			`SELECT count(*) FROM ai_tasks WHERE task_type = 'profile_update' AND CAST(input_data AS text) LIKE '%marisol@example.com%'`:             1,
			`SELECT count(*) FROM ai_tasks WHERE CAST(input_data AS text) LIKE '%primary_phone%'`:                                                    0,
			`SELECT count(*) FROM ai_tasks`: 1,
		})
		// Who typed another address than the one on record is thanked there, but the link to the
		// business's own pages goes to the address on record alone.
		confirmed, told := w.mailed("approval.confirmation"), w.mailed("approval.told")
		equal(t, "mails", len(confirmed)*10+len(told), 11)
		equal(t, "confirmed to", confirmed[0].To+" "+confirmed[0].ButtonURL, "marisol@example.com ")
		equal(t, "told to", told[0].To, "old@example.com")
		if told[0].ButtonURL == "" {
			t.Error("the address on record got no link")
		}
	})
}

func TestConfirmationToTheOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`UPDATE smbs SET primary_email = 'Marisol@example.com', primary_contact_name = 'marisol ortiz' WHERE id = 1`)
		for smb, suggestions := range map[int64]int{1: 0, 2: 1} { // the second has no address on record
			w.post.mails = nil
			w.approve(smb, "listing_claim")
			equal(t, "mails", len(w.post.mails), 1)
			if w.post.mails[0].ButtonURL == "" {
				t.Errorf("%d: no link", smb)
			}
			equal(t, "suggestions", w.count(`SELECT count(*) FROM ai_tasks WHERE task_type = 'profile_update' AND smb_id = $1`, smb), suggestions)
		}
	})
}

// What was approved already is not offered, and what was taken back is not processed.
func TestProcessNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		equal(t, "unknown", fibonacco.CodeOf(w.svc.Process(t.Context(), 99)), fibonacco.NotFound)
		reminders, err := w.svc.Create(t.Context(), yes(w.claim(1, "sms_reminders", "")))
		must(t, err)
		listing, err := w.svc.Create(t.Context(), yes(w.claim(1, "listing_claim", "")))
		must(t, err)
		must(t, w.svc.Process(t.Context(), listing.ID))
		w.each(map[string]int{
			`SELECT count(*) FROM approval_upsells WHERE upsell_service_type = 'sms_reminders'`: 0,
			`SELECT count(*) FROM approval_upsells`:                                             1,
		})
		must(t, w.svc.CancelApproval(t.Context(), reminders.ID))
		must(t, w.svc.Process(t.Context(), reminders.ID))
		w.each(map[string]int{`SELECT total_approvals FROM smbs WHERE id = 1`: 1, `SELECT count(*) FROM provisioning_tasks`: 1})
	})
}
