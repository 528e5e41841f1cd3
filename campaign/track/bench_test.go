package track_test

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// BenchmarkClicks is durable clicks a second with 128 callers, over 20,000 mails, a third of the
// clicks being a link's first and two events each. Run it against a PostgreSQL that waits for its disk:
//
//	go run ./scripts/testenv --durable --without redis,chromium -- go test -run '^$' -bench Clicks ./campaign/track
func BenchmarkClicks(b *testing.B) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		b.Run(string(engine), func(b *testing.B) {
			if engine == db.Postgres && os.Getenv("FIBONACCO_TEST_POSTGRES") == "" {
				b.Skip("FIBONACCO_TEST_POSTGRES is not set")
			}
			const callers, mails = 128, 20_000
			clock := fibonacco.NewFakeClock(dbtest.Start)
			w := newWorld(b, dbtest.Open(b, engine, clock), clock)
			tokens := w.manySends(mails)
			for _, token := range tokens[:500] {
				_, err := w.svc.Click(b.Context(), token, human)
				must(b, err)
			}
			if pool := w.db.Pool(); pool != nil { // as autovacuum does within a minute; without it every plan is a guess
				_, err := pool.Exec(b.Context(), "ANALYZE")
				must(b, err)
			}
			var next atomic.Int64
			took := make([][]time.Duration, callers)
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range callers {
				wg.Go(func() {
					for {
						i := next.Add(1) - 1
						if i >= int64(b.N) {
							return
						}
						start := time.Now()
						if _, err := w.svc.Click(b.Context(), tokens[i%int64(len(tokens))], human); err != nil {
							b.Error(err)
							return
						}
						took[c] = append(took[c], time.Since(start))
					}
				})
			}
			wg.Wait()
			all := slices.Sorted(slices.Values(slices.Concat(took...)))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "hits/s")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// manySends makes n mails to n businesses and returns a click token for each.
func (w *world) manySends(n int) []string {
	w.t.Helper()
	smbs := db.NewBatch("id bigint", "uuid uuid")
	sends := db.NewBatch("id bigint", "uuid uuid", "email text")
	tokens := make([]string, n)
	for i := range n {
		id := int64(i + 1)
		smbs.Add(id, uuid.NewString())
		sends.Add(id, uuid.NewString(), fmt.Sprintf("owner%d@example.com", i))
		tokens[i] = w.signer.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: id, SMBID: id, LinkID: render.LinkLearn})
	}
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		if _, err := tx.ExecBatch(w.t.Context(), smbs, `
			INSERT INTO smbs (id, uuid, community_id, business_name) SELECT id, uuid, 1, 'Business' FROM rows`); err != nil {
			return err
		}
		_, err := tx.ExecBatch(w.t.Context(), sends, `
			INSERT INTO campaign_sends (id, uuid, smb_id, community_id, campaign_id, email, status, sent_at)
			SELECT id, uuid, id, 1, 'HOOK-001', email, 'sent', $1 FROM rows`, tx.Now.Add(-time.Hour))
		return err
	}))
	return tokens
}
