package track_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// verdict is that of the newest event of a type.
func (m mail) verdict(kind string) string {
	m.w.t.Helper()
	return get[string](m.w, `SELECT verdict FROM email_events WHERE campaign_send_id = $1 AND event_type = $2 ORDER BY id DESC LIMIT 1`, m.id, kind)
}

func TestVerdictByTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range map[string]struct {
			sent, delivered time.Duration // before the hit; 0 means not known
			open, click     string
		}{
			"a second after it was sent":      {sent: time.Second, open: "human", click: "machine"},
			"two seconds after it was sent":   {sent: 2 * time.Second, open: "human", click: "human"},
			"a second after it was delivered": {sent: time.Hour, delivered: time.Second, open: "unknown", click: "machine"},
			"a minute after it was delivered": {sent: time.Hour, delivered: time.Minute, open: "human", click: "human"},
			"just before it was recorded":     {sent: -time.Second, open: "human", click: "machine"},
			"long before: clocks differ":      {sent: -time.Hour, open: "human", click: "human"},
		} {
			m := w.send("HOOK-001")
			var delivered any
			if tc.delivered != 0 {
				delivered = clock.Now().Add(-tc.delivered)
			}
			w.exec(`UPDATE campaign_sends SET sent_at = $1, delivered_at = $2 WHERE id = $3`, clock.Now().Add(-tc.sent), delivered, m.id)
			m.open(human)
			m.click(render.LinkLearn, human)
			equal(t, name+": open", m.verdict("opened"), tc.open)
			equal(t, name+": click", m.verdict("clicked"), tc.click)
		}
	})
}

func TestVerdictOfBurst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		links := []int64{render.LinkLearn, render.LinkApprove, w.links["HOOK-001"]}

		quick := w.send("HOOK-001") // one after the other, each in a batch of its own
		for i, link := range links {
			quick.click(link, human)
			equal(t, "link "+string(rune('1'+i)), quick.verdict("clicked"), []string{"human", "human", "machine"}[i])
			clock.Advance(time.Second)
		}
		slow := w.send("HOOK-001")
		for _, link := range links {
			slow.click(link, human)
			equal(t, "slowly", slow.verdict("clicked"), "human")
			clock.Advance(3 * time.Second)
		}
		again := w.send("HOOK-001")
		for range 5 {
			again.click(render.LinkLearn, human)
		}
		equal(t, "the same link again and again", again.rows("clicked", "human"), 5)
	})
}

func TestVerdictAfterHiddenLink(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m, other := w.send("HOOK-001"), w.send("HOOK-001")
		elsewhere := fibonacco.Hit{IP: "198.51.100.77", UserAgent: iphone, Method: "GET"}
		v6 := fibonacco.Hit{IP: "2001:db8::77", UserAgent: iphone, Method: "GET"}
		m.click(render.LinkTrap, human)
		m.click(render.LinkTrap, v6)
		equal(t, "the hidden link", m.verdict("clicked"), "machine")
		clock.Advance(4 * time.Second)
		for _, hit := range []fibonacco.Hit{human, v6} {
			m.open(hit)
			equal(t, "an open from the same address", m.verdict("opened"), "machine")
		}
		m.open(elsewhere)
		equal(t, "an open from elsewhere", m.verdict("opened"), "human")
		other.open(human)
		equal(t, "an open of another mail", other.verdict("opened"), "human")
		clock.Advance(7 * time.Second)
		m.open(human)
		equal(t, "an open eleven seconds later", m.verdict("opened"), "human")
		equal(t, "rule", get[string](w, `SELECT rule FROM email_events WHERE campaign_send_id = $1 ORDER BY id LIMIT 1`, m.id), "hidden_link")
	})
}
