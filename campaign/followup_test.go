package campaign_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// voicemail adds a delivered voicemail about a sent step, and returns the event that says so.
func (b *bundle) voicemail(smb int64, campaign string) fibonacco.RVMDropDelivered {
	b.t.Helper()
	e := fibonacco.RVMDropDelivered{SMBID: smb}
	must(b.t, b.db.Update(b.t.Context(), func(tx *db.Tx) error {
		var send int64
		if err := tx.QueryRow(b.t.Context(), `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, subject, status, occurrence, sent_at, created_at, updated_at)
			VALUES ($1, $2, $3, 'owner@shop.example', 'As it was', 'sent', 1, $4, $4, $4) RETURNING id`,
			uuid.NewString(), smb, campaign, tx.Now.Add(-48*time.Hour)).Scan(&send); err != nil {
			return err
		}
		e.At = tx.Now
		return tx.QueryRow(b.t.Context(), `
			INSERT INTO rvm_drops (uuid, smb_id, campaign_send_id, phone, status, delivered_at, created_at, updated_at)
			VALUES ($1, $2, $3, '+17185550142', 'delivered', $4, $4, $4) RETURNING id`, uuid.NewString(), smb, send, tx.Now).Scan(&e.RVMDropID)
	}))
	return e
}

// Five minutes after a voicemail has arrived the step's mail goes once more, once (M2-14).
func TestFollowUpVoicemail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		smbs := b.smbs(b.community("America/New_York"), 3)
		b.exec(`UPDATE smbs SET campaign_status = 'active'`)
		first := b.voicemail(smbs[0], "HOOK-001")
		gone := b.voicemail(smbs[1], "HOOK-001")
		b.exec(`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, smbs[1])
		loose := fibonacco.RVMDropDelivered{RVMDropID: 999_999, SMBID: smbs[2], At: clock.Now()}
		for range 2 { // the event may come twice
			must(t, b.svc.FollowUpVoicemail(t.Context(), []fibonacco.RVMDropDelivered{first, gone, loose}))
		}
		equal(t, "follow-ups", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE occurrence = 2`), 1)
		equal(t, "subject", b.text(`SELECT subject FROM campaign_sends WHERE occurrence = 2 AND smb_id = $1`, smbs[0]), "As promised by voicemail: Business 0: day 1")
		equal(t, "when", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE occurrence = 2 AND scheduled_for = $1`, first.At.Add(5*time.Minute)), 1)
		equal(t, "why not", b.text(`SELECT reason FROM skips WHERE smb_id = $1 AND campaign_id = 'HOOK-001' AND programme_day = 0`, smbs[1]), "not_opted_in")

		b.run()
		clock.Advance(5 * time.Minute)
		eventually(t, "it leaves", func() bool { return b.mailer.count() == 1 })
	})
}
