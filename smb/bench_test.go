package smb_test

import (
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// BenchmarkRescore is one job of opened mails: 200 SMBs with 50 opens and 5 clicks each, among
// 2,000 such SMBs. Every time their last_email_open moves on; every second time their score too.
func BenchmarkRescore(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			clock := fibonacco.NewFakeClock(dbtest.Start)
			d := dbtest.Open(b, engine, clock)
			s := newService(b, d)
			last := many(b, d, newCommunity(b, s, "town", "America/New_York"), 2000)
			campaign(b, d)
			fillOpens(b, d, 50, 5)
			exec(b, d, `ANALYZE`)
			events := make([]fibonacco.EmailOpened, 200)
			b.ResetTimer()
			for i := range b.N {
				clock.Advance(minute / 60)
				for e := range events {
					events[e] = fibonacco.EmailOpened{SMBID: last - int64(e*9), At: clock.Now()}
				}
				if i%2 == 1 {
					b.StopTimer()
					exec(b, d, `UPDATE smbs SET engagement_score = 0, engagement_tier = 4 WHERE id > $1`, last-2000)
					b.StartTimer()
				}
				must(b, s.RescoreOpened(b.Context(), events))
			}
		})
	}
}

// BenchmarkNightly is a night over 20,000 SMBs with 12 opens each.
func BenchmarkNightly(b *testing.B) {
	const n = 20_000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			clock := fibonacco.NewFakeClock(dbtest.Start)
			d := dbtest.Open(b, engine, clock)
			s := newService(b, d)
			many(b, d, newCommunity(b, s, "town", "America/New_York"), n)
			campaign(b, d)
			fillOpens(b, d, 12, 0)
			exec(b, d, `ANALYZE`)
			b.ResetTimer()
			for range b.N {
				clock.Advance(day)
				must(b, s.Nightly(b.Context(), clock.Now()))
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "SMBs/s")
		})
	}
}

// fillOpens gives every SMB opened mails, and clicks on the first few of them.
func fillOpens(b *testing.B, d *db.DB, opens, clicks int) {
	b.Helper()
	for i := range opens {
		exec(b, d, `
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, occurrence, email, status, opened_at, created_at)
			SELECT CAST(handle AS uuid), id, 'HOOK-001', $2, 'a@example.com', 'sent', $3, $3
			FROM (SELECT id, '00000000-0000-7000-8000-' || CAST(100000000000 + id * 100 + $1 AS text) AS handle FROM smbs) AS s`, i, i+1, dbtest.Start.Add(-day))
	}
	for i := range clicks {
		exec(b, d, `
			INSERT INTO email_events (campaign_send_id, event_type, event_at, link_id, verdict)
			SELECT id, 'clicked', $1, 1, 'human' FROM campaign_sends WHERE occurrence = $2`, dbtest.Start.Add(-day), i+1)
	}
	if got, want := count(b, d, `SELECT count(*) FROM campaign_sends`), opens*count(b, d, `SELECT count(*) FROM smbs`); got != want {
		b.Fatalf("%d sends, want %d", got, want)
	}
}
