package campaign_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestDueSendsLeaveOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 1200)
		b.start(ids...)
		b.run()
		time.Sleep(300 * time.Millisecond)
		equal(t, "before ten", b.mailer.count(), 0)
		clock.Set(time.Date(2026, 3, 2, 15, 0, 5, 0, time.UTC))
		eventually(t, "all sent", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent' AND sent_at IS NOT NULL AND message_id IS NOT NULL AND claimed_by IS NULL`) == 1200
		})
		equal(t, "mails", b.mailer.count(), 1200)
		equal(t, "events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.completed'`), 1200)
		m := string(b.mailer.accepted[0].Message)
		for _, want := range []string{"From: ", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Town"} {
			if !strings.Contains(m, want) {
				t.Errorf("the mail lacks %q", want)
			}
		}
	})
}

// Between planning and sending anything may happen to a recipient (R3): nothing leaves, and
// explain says why.
func TestCheckedAtTheLastMoment(t *testing.T) {
	cases := []struct {
		change string
		status fibonacco.SendStatus
		reason fibonacco.SkipReason
	}{
		{`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, fibonacco.SendSuppressed, fibonacco.NotOptedIn},
		{`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, fibonacco.SendSuppressed, fibonacco.DoNotContact},
		{`UPDATE smbs SET campaign_status = 'paused', paused_on = '2026-03-02' WHERE id = $1`, fibonacco.SendCancelled, fibonacco.Paused},
		{`UPDATE smbs SET deleted_at = created_at WHERE id = $1`, fibonacco.SendCancelled, fibonacco.Deleted},
		{`INSERT INTO suppressions (email_key, reason, created_at) SELECT email_key, 'complaint', created_at FROM smbs WHERE id = $1`, fibonacco.SendSuppressed, fibonacco.Suppressed},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), len(cases)+1)
		b.start(ids...)
		for i, tc := range cases {
			b.exec(tc.change, ids[i])
		}
		clock.Set(time.Date(2026, 3, 2, 15, 0, 5, 0, time.UTC))
		b.run()
		eventually(t, "everything settled", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status IN ('queued', 'sending')`) == 0
		})
		equal(t, "mails", b.mailer.count(), 1)
		for i, tc := range cases {
			got := b.text(`SELECT status || ' ' || skip_reason FROM campaign_sends WHERE smb_id = $1`, ids[i])
			equal(t, tc.change, got, string(tc.status)+" "+string(tc.reason))
			x, err := b.svc.Explain(t.Context(), ids[i], "2026-03-02")
			must(t, err)
			equal(t, "explained", x.Lines[0].Reason, tc.reason)
		}
	})
}

func TestRefusals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 4)
		b.start(ids...)
		b.mailer.answer = func(m *fibonacco.Mail) fibonacco.Handover {
			switch m.To[:strings.IndexByte(m.To, '@')][len(m.To[:strings.IndexByte(m.To, '@')])-1] {
			case '0':
				return fibonacco.Handover{Result: fibonacco.Deferred, Reason: "451 later"}
			case '1':
				return fibonacco.Handover{Result: fibonacco.Refused, Reason: "550 no such user"}
			case '2':
				return fibonacco.Handover{Result: fibonacco.Unanswered, Reason: "connection lost"}
			}
			return fibonacco.Handover{Result: fibonacco.Accepted, MessageID: "provider-id"}
		}
		at := time.Date(2026, 3, 2, 15, 0, 5, 0, time.UTC)
		clock.Set(at)
		b.run()
		status := func(i int) string {
			return b.text(`SELECT status || ' ' || CAST(attempts AS text) FROM campaign_sends WHERE smb_id = $1`, ids[i])
		}
		eventually(t, "first round", func() bool { return status(0) == "queued 1" && status(3) == "sent 0" })
		equal(t, "refused for good", status(1), "failed 1")
		equal(t, "no answer", status(2), "unknown 0")
		equal(t, "provider id", b.text(`SELECT message_id FROM campaign_sends WHERE smb_id = $1`, ids[3]), "provider-id")
		for i, wait := range []time.Duration{60, 300, 900} {
			clock.Advance(wait*time.Second - 3*time.Second)
			time.Sleep(250 * time.Millisecond)
			if got := status(0); !strings.HasPrefix(got, "queued") {
				t.Fatalf("retry %d came early: %s", i+1, got)
			}
			clock.Advance(10 * time.Second)
			want := []string{"queued 2", "queued 3", "failed 4"}[i]
			eventually(t, want, func() bool { return status(0) == want })
		}
		clock.Advance(24 * time.Hour)
		time.Sleep(250 * time.Millisecond)
		equal(t, "unknown is never resent", b.text(`SELECT status FROM campaign_sends WHERE smb_id = $1 AND campaign_id = 'HOOK-001'`, ids[2]), "unknown")
		equal(t, "failures as events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.completed' AND CAST(properties->>'campaign_id' AS text) = 'HOOK-001'`), 3)
	})
}

// A provider that is away costs nothing: sending resumes by itself.
func TestProviderDown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 30)
		b.start(ids...)
		b.mailer.down = context.DeadlineExceeded
		clock.Set(time.Date(2026, 3, 2, 15, 0, 5, 0, time.UTC))
		b.run()
		time.Sleep(500 * time.Millisecond)
		equal(t, "queued while down", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'queued' AND attempts = 0`), 30)
		b.mailer.mu.Lock()
		b.mailer.down = nil
		b.mailer.mu.Unlock()
		eventually(t, "sent", func() bool { return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent'`) == 30 })
	})
}

// Jobs that were lost do not lose their mails: the sweep gives them a new one.
func TestSweepFindsLostChunks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 5)
		b.start(ids...)
		b.exec(`DELETE FROM send_batches`)
		b.run()
		clock.Set(time.Date(2026, 3, 2, 15, 20, 0, 0, time.UTC))
		eventually(t, "first look", func() bool { return b.n(`SELECT COUNT(*) FROM periodic_runs WHERE name = 'campaign.sweep'`) == 1 })
		clock.Advance(6 * time.Minute)
		eventually(t, "swept", func() bool {
			clock.Advance(time.Minute)
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent'`) == 5
		})
		equal(t, "mails", b.mailer.count(), 5)
	})
}

func TestQueueSend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 2)
		send, err := b.svc.QueueSend(t.Context(), ids[0], "EDU-003", nil)
		must(t, err)
		equal(t, "status", send.Status, fibonacco.SendQueued)
		_, err = b.svc.QueueSend(t.Context(), ids[0], "EDU-003", nil)
		equal(t, "again", fibonacco.CodeOf(err), fibonacco.Conflict)
		_, err = b.svc.QueueSend(t.Context(), ids[0], "EDU-999", nil)
		equal(t, "unknown campaign", fibonacco.CodeOf(err), fibonacco.NotFound)
		b.exec(`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, ids[1])
		_, err = b.svc.QueueSend(t.Context(), ids[1], "EDU-003", nil)
		equal(t, "may not be mailed", fibonacco.CodeOf(err), fibonacco.Invalid)
	})
}

// One premium welcome per promotion (M1-10), however often the event is seen.
func TestWelcomePremium(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		id := b.smbs(b.community("America/New_York"), 1)[0]
		up := fibonacco.SMBTierChanged{SMBID: id, OldTier: 2, NewTier: 1, Direction: "upgrade"}
		publish := func() {
			must(t, d.Update(t.Context(), func(tx *db.Tx) error { return b.queue.Publish(t.Context(), tx, up) }))
		}
		publish()
		for range 2 {
			must(t, b.svc.WelcomePremium(t.Context(), []fibonacco.SMBTierChanged{up}))
		}
		equal(t, "welcomes", b.n(`SELECT COUNT(*) FROM campaign_sends`), 1)
		publish()
		must(t, b.svc.WelcomePremium(t.Context(), []fibonacco.SMBTierChanged{up}))
		equal(t, "second promotion", b.n(`SELECT COUNT(*) FROM campaign_sends`), 2)
		must(t, b.svc.WelcomePremium(t.Context(), []fibonacco.SMBTierChanged{{SMBID: id, OldTier: 1, NewTier: 2, Direction: "downgrade"}}))
		equal(t, "downgrade", b.n(`SELECT COUNT(*) FROM campaign_sends`), 2)
	})
}
