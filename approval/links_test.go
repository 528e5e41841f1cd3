package approval_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// last is the last part of a link's path.
func last(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// A fresh link goes to the address on record, once an hour at most, and for a token that was once good
// only.
func TestRenew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`UPDATE smbs SET primary_email = 'marisol@example.com' WHERE id = 1`)
		old, err := w.svc.GenerateToken(t.Context(), 1, "listing_claim", "HOOK-001")
		must(t, err)
		nobody, err := w.svc.GenerateToken(t.Context(), 2, "listing_claim", "")
		must(t, err)
		owner := w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 1, Expires: clock.Now()})
		clock.Advance(8 * 24 * time.Hour)
		for _, token := range []string{"", "x", old + "A", nobody, w.signer.SignID(fibonacco.ReceiptToken, 1)} {
			must(t, w.svc.RenewApproval(t.Context(), token))
			must(t, w.svc.RenewOwner(t.Context(), token))
		}
		equal(t, "mails for nothing", len(w.post.mails), 0)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { must(t, w.svc.RenewApproval(context.WithoutCancel(t.Context()), old)) })
			wg.Go(func() { must(t, w.svc.RenewOwner(context.WithoutCancel(t.Context()), owner)) })
		}
		wg.Wait()
		links, owners := w.mailed("approval.link"), w.mailed("approval.owner_link")
		equal(t, "mails", len(links)*10+len(owners), 11)
		equal(t, "to", links[0].To+" "+owners[0].To, "marisol@example.com marisol@example.com")
		c, err := w.svc.ValidateToken(t.Context(), last(links[0].ButtonURL))
		must(t, err)
		equal(t, "claim", *c, fibonacco.ApprovalClaim{SMBID: 1, ServiceType: "listing_claim", SourceID: "HOOK-001", Expires: clock.Now().Add(7 * 24 * time.Hour)})
		_, err = w.svc.Owner(t.Context(), last(owners[0].ButtonURL))
		must(t, err)
		clock.Advance(time.Hour)
		must(t, w.svc.RenewApproval(t.Context(), old))
		equal(t, "an hour later", len(w.mailed("approval.link")), 2)

		// The second business has become a part of the first.
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 2`, clock.Now())
		w.exec(`INSERT INTO merges (uuid, community_id, survivor_id, other_id, merged_at, undo_until) VALUES ($1, 1, 1, 2, $2, $2)`, uuid.NewString(), clock.Now())
		clock.Advance(time.Hour)
		must(t, w.svc.RenewApproval(t.Context(), nobody))
		merged := w.mailed("approval.link")
		c, err = w.svc.ValidateToken(t.Context(), last(merged[len(merged)-1].ButtonURL))
		must(t, err)
		equal(t, "of the one that is left", len(merged)*10+int(c.SMBID), 31)
	})
}

// Revoked links open nothing, of any kind; those that are made afterwards do, even within the second.
func TestRevoke(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.exec(`UPDATE smbs SET primary_email = 'marisol@example.com'`)
		receipt, other := w.approve(1, "sms_reminders"), w.approve(2, "sms_reminders")
		token, err := w.svc.GenerateToken(t.Context(), 1, "listing_claim", "")
		must(t, err)
		owner := w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 1, Expires: clock.Now().Add(90 * 24 * time.Hour)})
		opens := func(token, receipt, owner string) (n int) {
			if _, err := w.svc.ApprovalPage(t.Context(), token); err == nil {
				n += 100
			}
			if _, err := w.svc.ApprovalReceipt(t.Context(), receipt); err == nil {
				n += 10
			}
			if _, err := w.svc.Owner(t.Context(), owner); err == nil {
				n++
			}
			return n
		}
		equal(t, "before", opens(token, receipt, owner), 111)
		must(t, w.svc.RevokeLinks(t.Context(), 1))
		equal(t, "after", opens(token, receipt, owner), 0)
		_, err = w.svc.Approve(t.Context(), token, yes(fibonacco.ApprovalClaim{}))
		equal(t, "approve", fibonacco.CodeOf(err), fibonacco.Forbidden)
		equal(t, "ask for a meeting", fibonacco.CodeOf(w.svc.AskMeeting(t.Context(), receipt, "")), fibonacco.Forbidden)
		must(t, w.svc.RenewOwner(t.Context(), owner))
		url, _, err := w.svc.ApprovalLink(t.Context(), 1, "listing_claim")
		must(t, err)
		equal(t, "fresh ones", opens(last(url), other, last(w.mailed("approval.owner_link")[0].ButtonURL)), 111)
		equal(t, "unknown", fibonacco.CodeOf(w.svc.RevokeLinks(t.Context(), 9)), fibonacco.NotFound)
	})
}

// A link that staff make for the owner opens the owner's pages, also after the older ones were revoked.
func TestOwnerLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		first, expires, err := w.svc.OwnerLink(t.Context(), 1)
		must(t, err)
		equal(t, "expires", expires.Sub(clock.Now()), 90*24*time.Hour)
		o, err := w.svc.Owner(t.Context(), last(first))
		must(t, err)
		equal(t, "whose", o.SMBID, 1)
		must(t, w.svc.RevokeLinks(t.Context(), 1))
		second, _, err := w.svc.OwnerLink(t.Context(), 1)
		must(t, err)
		if _, err := w.svc.Owner(t.Context(), last(first)); fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("revoked: %v", err)
		}
		_, err = w.svc.Owner(t.Context(), last(second))
		must(t, err)
		equal(t, "noted", w.count(`SELECT count(*) FROM audit_log WHERE action = 'smb.owner_link_made' AND entity_id = '1'`), 2)
		_, _, err = w.svc.OwnerLink(t.Context(), 9)
		equal(t, "unknown", fibonacco.CodeOf(err), fibonacco.NotFound)
		far := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Admin, Communities: []int64{77}})
		_, _, err = w.svc.OwnerLink(far, 1)
		equal(t, "another community's", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

func TestReceipt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		receipt := w.approve(1, "sms_reminders")
		for range 3 {
			must(t, w.svc.AskMeeting(t.Context(), receipt, "  Tuesday\n<b>noon</b> "))
		}
		equal(t, "asked", w.count(`SELECT count(*) FROM ai_tasks WHERE task_type = 'meeting_request' AND CAST(input_data AS text) LIKE '%Tuesday %noon%'`), 1)
		equal(t, "long", fibonacco.CodeOf(w.svc.AskMeeting(t.Context(), receipt, strings.Repeat("x", 501))), fibonacco.Invalid)
		equal(t, "zero", fibonacco.CodeOf(w.svc.AskMeeting(t.Context(), receipt, "a\x00b")), fibonacco.Invalid)
		r, err := w.svc.ApprovalReceipt(t.Context(), receipt)
		must(t, err)
		equal(t, "receipt", r.MaskedEmail+" "+r.Status+" "+r.Zone, "m•••@example.com pending America/New_York")
		equal(t, "asked for", r.MeetingAsked, true)
		for what, token := range map[string]string{
			"another kind": w.signer.SignID(fibonacco.BookingToken, 1), "none": "", "unknown": w.signer.SignID(fibonacco.ReceiptToken, 99), "altered": receipt[:len(receipt)-1],
		} {
			_, err := w.svc.ApprovalReceipt(t.Context(), token)
			equal(t, what, fibonacco.CodeOf(err), fibonacco.Forbidden)
		}
		page, err := w.svc.ApprovalPage(t.Context(), w.signer.SignApproval(fibonacco.ApprovalClaim{SMBID: 1, ServiceType: "sms_reminders", Expires: clock.Now().Add(time.Hour)}))
		must(t, err)
		equal(t, "approved already", page.Receipt, receipt)
	})
}

// An owner turns a service off and on; nobody else's.
func TestHideService(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.start()
		w.approve(1, "listing_claim")
		w.until(1, tasksIn, "completed")
		w.approve(1, "sms_reminders")
		hide := func(what string, smb, id int64, hidden bool, want fibonacco.Code) {
			t.Helper()
			equal(t, what, fibonacco.CodeOf(w.svc.HideService(t.Context(), smb, id, hidden)), want)
		}
		hide("of another", 2, 1, true, fibonacco.NotFound)
		hide("unknown", 1, 99, true, fibonacco.NotFound)
		hide("a person's", 1, 2, true, fibonacco.Conflict)
		hide("off", 1, 1, true, "")
		hide("off again", 1, 1, true, "")
		all, err := w.svc.OwnedServices(t.Context(), 1)
		must(t, err)
		equal(t, "services", len(all), 2)
		equal(t, "listed", all[1].Withdrawn && all[1].CanHide && all[1].URL != "" && all[1].Manage == "page" && !all[0].CanHide, true)
		equal(t, "active", w.count(`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_activated AS text) = '[]'`), 1)
		hide("on", 1, 1, false, "")
		equal(t, "active", w.count(`SELECT count(*) FROM smbs WHERE id = 1 AND CAST(services_activated AS text) = '["listing_claim"]'`), 1)
		equal(t, "made and withdrawn", w.maker.made*10+w.maker.withdrawn, 21)
		equal(t, "mails of it", len(w.mailed("approval.provisioned")), 1)
	})
}
