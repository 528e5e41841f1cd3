package approval_test

import (
	"context"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestUpsell(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		receipt, other := w.approve(1, "listing_claim"), w.approve(2, "sms_reminders")
		answer := func(what, receipt, service string, yes bool, want fibonacco.Code) {
			t.Helper()
			equal(t, what, fibonacco.CodeOf(w.svc.AnswerUpsell(t.Context(), receipt, service, yes)), want)
		}
		answer("with another's receipt", other, "sms_reminders", true, fibonacco.NotFound)
		answer("with an approval link", w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 1, ServiceType: "listing_claim", Expires: clock.Now()}), "sms_reminders", true, fibonacco.Forbidden)
		answer("what was not offered", receipt, "listing_claim", true, fibonacco.NotFound)
		answer("no text", receipt, "a\x00b", false, fibonacco.NotFound)
		answer("accept", receipt, "sms_reminders", true, "")
		answer("accept again", receipt, "sms_reminders", true, fibonacco.Conflict)
		answer("decline after all", receipt, "sms_reminders", false, fibonacco.Conflict)
		answer("decline", receipt, "coupon_campaign", false, "")
		answer("decline again", receipt, "coupon_campaign", false, "")
		answer("accept after all", receipt, "coupon_campaign", true, fibonacco.Conflict)
		w.each(map[string]int{
			`SELECT count(*) FROM approval_upsells WHERE upsell_service_type = 'sms_reminders' AND accepted AND declined_at IS NULL AND resulting_approval_id = 3`:                     1,
			`SELECT count(*) FROM approval_upsells WHERE upsell_service_type = 'coupon_campaign' AND NOT accepted AND accepted_at IS NULL`:                                             1,
			`SELECT count(*) FROM approvals WHERE id = 3 AND smb_id = 1 AND source_type = 'upsell' AND source_id = '1' AND approver_email = 'marisol@example.com' AND contact_consent`: 1,
			`SELECT count(*) FROM analytics_events WHERE event_type = 'upsell.accepted'`:                                                                                               1,
			`SELECT total_approvals FROM smbs WHERE id = 1`:                                   2,
			`SELECT count(*) FROM ai_tasks WHERE task_type = 'profile_update' AND smb_id = 1`: 1,
			`SELECT count(*) FROM provisioning_tasks`:                                         3,
		})
		r, err := w.svc.ApprovalReceipt(t.Context(), receipt)
		must(t, err)
		equal(t, "shown", len(r.Offers) == 2 && *r.Offers[0].Accepted && !*r.Offers[1].Accepted, true)
	})
}

// A yes and a no at the same time: one of them holds, and what is stored is of one piece.
func TestUpsellAnsweredAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		receipt := w.approve(1, "listing_claim")
		var wg sync.WaitGroup
		accepted := make([]error, 8)
		for i := range accepted {
			wg.Go(func() {
				accepted[i] = w.svc.AnswerUpsell(context.WithoutCancel(t.Context()), receipt, "sms_reminders", i%2 == 0)
			})
		}
		wg.Wait()
		yes := w.count(`SELECT count(*) FROM approval_upsells WHERE upsell_service_type = 'sms_reminders' AND accepted`)
		equal(t, "approvals", w.count(`SELECT count(*) FROM approvals WHERE service_type = 'sms_reminders'`), yes)
		equal(t, "events", w.count(`SELECT count(*) FROM analytics_events WHERE event_type = 'upsell.accepted'`), yes)
		won := 0
		for i, err := range accepted {
			if i%2 == 0 && err == nil {
				won++
			}
		}
		equal(t, "accepted by", won, yes)
	})
}

func TestRecordUpsellOffer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.approve(1, "sms_reminders")
		for range 2 {
			must(t, w.svc.RecordUpsellOffer(t.Context(), 1, "coupon_campaign"))
		}
		w.each(map[string]int{`SELECT count(*) FROM approval_upsells`: 1, `SELECT count(*) FROM analytics_events WHERE event_type = 'upsell.offered'`: 1})
		equal(t, "unknown service", fibonacco.CodeOf(w.svc.RecordUpsellOffer(t.Context(), 1, "gold")), fibonacco.Invalid)
		equal(t, "unknown approval", fibonacco.CodeOf(w.svc.RecordUpsellOffer(t.Context(), 9, "coupon_campaign")), fibonacco.NotFound)
		offers, err := w.svc.UpsellOffers(t.Context(), "listing_claim")
		must(t, err)
		equal(t, "offers", len(offers), 2)
		none, err := w.svc.UpsellOffers(t.Context(), "gold")
		must(t, err)
		equal(t, "offers with nothing", len(none), 0)
	})
}
