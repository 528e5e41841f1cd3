package campaign_test

import (
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestSettleSend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		b.start(b.smbs(town, 4)...)
		b.exec(`UPDATE campaign_sends SET status = 'unknown' WHERE id <= 3`)
		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Name: "Ana", Role: fibonacco.Operator, Communities: []int64{town + 1}})
		code(t, "of another community", b.svc.SettleSend(elsewhere, 1, fibonacco.SendSent, "seen"), fibonacco.NotFound)
		code(t, "nobody's", b.svc.SettleSend(t.Context(), 99, fibonacco.SendSent, "seen"), fibonacco.NotFound)
		code(t, "a known one", b.svc.SettleSend(t.Context(), 4, fibonacco.SendSent, "seen"), fibonacco.Conflict)
		code(t, "nonsense", b.svc.SettleSend(t.Context(), 1, fibonacco.SendUnknown, " "), fibonacco.Invalid)
		events := b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.completed'`)
		chunks := b.n(`SELECT COUNT(*) FROM send_batches`)
		for id, became := range map[int64]fibonacco.SendStatus{1: fibonacco.SendSent, 2: fibonacco.SendFailed, 3: fibonacco.SendQueued} {
			must(t, b.svc.SettleSend(t.Context(), id, became, "looked it up"))
			equal(t, "status", b.text(`SELECT status FROM campaign_sends WHERE id = $1`, id), string(became))
			code(t, "a second time", b.svc.SettleSend(t.Context(), id, became, "looked it up"), fibonacco.Conflict)
		}
		equal(t, "sent at", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE id IN (1, 2, 3) AND sent_at IS NOT NULL`), 1)
		equal(t, "events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.completed'`)-events, 2)
		equal(t, "chunks", b.n(`SELECT COUNT(*) FROM send_batches`)-chunks, 1)
		equal(t, "noted", b.n(`SELECT COUNT(*) FROM audit_log WHERE action = 'send.settled'`), 3)
	})
}
