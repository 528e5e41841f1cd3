package voicemail_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// How many unopened mails a second are decided on, each with a voicemail planned.
func BenchmarkConsider(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			clock := fibonacco.NewFakeClock(monday)
			d := dbtest.Open(b, engine, clock)
			w := newWorld(b, d, clock)
			const each = 5000
			n := 0
			for b.Loop() {
				b.StopTimer()
				clock.Advance(24 * time.Hour)
				smbs, sends := db.NewBatch("uuid uuid", "phone text"), db.NewBatch("uuid uuid", "smb bigint")
				for range each {
					n++
					smbs.Add(uuid.NewString(), fmt.Sprintf("+1718%07d", 2_000_000+n))
				}
				must(b, d.Update(b.Context(), func(tx *db.Tx) error {
					if err := tx.QueryBatch(b.Context(), smbs, `
						INSERT INTO smbs (uuid, community_id, business_name, primary_phone, engagement_tier, campaign_status, created_at, updated_at)
						SELECT uuid, $1, 'Business', phone, 1, 'active', $2, $2 FROM rows RETURNING id`, func(r db.Row) error {
						var id int64
						err := r.Scan(&id)
						sends.Add(uuid.NewString(), id)
						return err
					}, w.town, tx.Now); err != nil {
						return err
					}
					_, err := tx.ExecBatch(b.Context(), sends, `
						INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, sent_at, occurrence, created_at, updated_at)
						SELECT uuid, smb, 'HOOK-001', 'o@shop.example', 'sent', $1, 1, $1, $1 FROM rows`, tx.Now.Add(-25*time.Hour))
					return err
				}))
				b.StartTimer()
				must(b, w.svc.Consider(b.Context(), clock.Now()))
			}
			if got := w.count(`SELECT COUNT(*) FROM rvm_drops`); got != n {
				b.Fatalf("%d voicemails for %d mails", got, n)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
