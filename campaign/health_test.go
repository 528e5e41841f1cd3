package campaign_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// came makes sends of the last hour, of which some came back.
func (b *bundle) came(sent, bounced, complained int) {
	b.t.Helper()
	b.exec(`DELETE FROM campaign_sends`)
	if sent == 0 {
		return
	}
	ids := b.smbs(b.community("America/New_York"), sent)
	rows := db.NewBatch("smb bigint", "uuid uuid", "status text", "bounced timestamptz", "complained timestamptz")
	at := b.clock.Now().Add(-time.Hour)
	for i, id := range ids {
		status, back, spam := "sent", any(nil), any(nil)
		if i < bounced {
			status, back = "bounced", at
		} else if i < bounced+complained {
			status, spam = "complained", at
		}
		rows.Add(id, b.text(`SELECT CAST(uuid AS text) FROM smbs WHERE id = $1`, id), status, back, spam)
	}
	must(b.t, b.db.Update(b.t.Context(), func(tx *db.Tx) error {
		_, err := tx.ExecBatch(b.t.Context(), rows, `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, sent_at, bounced_at, complained_at, created_at)
			SELECT uuid, smb, 'HOOK-001', 'a@b.example', status, $1, bounced, complained, $1 FROM rows`, at)
		return err
	}))
}

func TestMailHealth(t *testing.T) {
	cases := map[string]struct {
		sent, bounced, complained int
		level                     string
	}{
		"nothing sent":                {0, 0, 0, "ok"},
		"all is well":                 {400, 12, 0, "ok"}, // 3 % exactly
		"bounces begin to show":       {400, 13, 0, "warning"},
		"five percent exactly":        {400, 20, 0, "warning"},
		"more than five percent":      {400, 21, 0, "critical"},
		"one complaint in a thousand": {1000, 0, 1, "warning"}, // 0.1 % exactly
		"two in a thousand":           {1000, 0, 2, "critical"},
		"too few to say":              {99, 99, 0, "ok"},
		"just enough":                 {100, 6, 0, "critical"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		for name, tc := range cases {
			b.exec(`DELETE FROM settings WHERE key = 'sending'`)
			b.came(tc.sent, tc.bounced, tc.complained)
			must(t, b.svc.GuardHealth(t.Context(), clock.Now()))
			s, err := b.svc.SendingState(t.Context())
			must(t, err)
			if s.Health.Level != tc.level || s.Paused != (tc.level == "critical") {
				t.Errorf("%s: %+v", name, s)
			}
		}
	})
}

// A critical rate holds what is queued, tells staff once, and a person lets it go again.
func TestSendingPausesAndResumes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		b.came(100, 10, 0)
		must(t, b.svc.GuardHealth(t.Context(), clock.Now()))
		must(t, b.svc.GuardHealth(t.Context(), clock.Now()))
		equal(t, "pauses told", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'sending.paused'`), 1)

		ids := b.smbs(b.community("America/New_York"), 3)
		b.start(ids...)
		b.run()
		clock.Advance(24 * time.Hour) // day 1 is due, and day 2 for those who were started before ten
		eventually(t, "two days are planned", func() bool { return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'queued'`) == 6 })
		time.Sleep(300 * time.Millisecond)
		equal(t, "mails while paused", b.mailer.count(), 0)
		clock.Advance(24 * time.Hour)

		must(t, b.svc.ResumeSending(t.Context(), "Ana"))
		must(t, b.svc.ResumeSending(t.Context(), "Ana"))
		equal(t, "resumes told", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'sending.resumed'`), 1)
		eventually(t, "a mail leaves for each", func() bool { return b.mailer.count() == 3 })
		eventually(t, "what they missed is closed with the reason", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'cancelled' AND skip_reason = 'missed'`) == 3
		})
		must(t, b.svc.GuardHealth(t.Context(), clock.Now()))
		s, err := b.svc.SendingState(t.Context())
		must(t, err)
		equal(t, "paused again by what was before", s.Paused, false)
	})
}

func TestPauseSendingByHand(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		equal(t, "without a reason", fibonacco.CodeOf(b.svc.PauseSending(t.Context(), " ", "Ana")), fibonacco.Invalid)
		must(t, b.svc.PauseSending(t.Context(), "a wrong subject", "Ana"))
		must(t, b.svc.PauseSending(t.Context(), "something else", "Ben"))
		s, err := b.svc.SendingState(t.Context())
		must(t, err)
		equal(t, "reason", s.Reason, "a wrong subject")
		equal(t, "by", s.By, "Ana")
	})
}
