package campaign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// TestWarmup: a day lets its volume leave; the rest waits for the next with the reason, and then
// goes, at the same time of the day. Nothing is dropped, and what did not leave does not count.
func TestWarmup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock, func(c *fibonacco.Config) {
			c.Email.Warmup = fibonacco.WarmupConfig{Start: "2026-03-02", Volumes: []int{5, 8}}
		})
		nine := clock.Now() // of a Monday in New York
		refused := map[int64]bool{}
		b.mailer.answer = func(m *fibonacco.Mail) fibonacco.Handover {
			if len(refused) < 2 && !refused[m.SendID] { // two do not get through at first
				refused[m.SendID] = true
				return fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the domain is busy", After: time.Minute}
			}
			return fibonacco.Handover{Result: fibonacco.Accepted}
		}
		var sends []int64
		for _, id := range b.smbs(b.community("America/New_York"), 20) {
			send, err := b.svc.QueueSend(t.Context(), id, fibonacco.PremiumWelcomeID, nil)
			must(t, err)
			sends = append(sends, send.ID)
		}
		b.run()
		left := func(n int) func() bool { return func() bool { return b.mailer.count() == n } }
		eventually(t, "five leave, of them two at their second try or others in their place, and the rest is put off", func() bool {
			clock.Advance(time.Second)
			return b.mailer.count() == 5 && b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'queued' AND last_error LIKE 'waits for the next day%'`) == 15
		})
		state, err := b.svc.SendingState(t.Context())
		must(t, err)
		if w := state.Warmup; w == nil || w.Day != 1 || w.Volume != 5 || w.Sent != 5 || w.Postponed != 15 {
			t.Fatalf("%+v", w)
		}
		why, err := b.svc.Explain(t.Context(), b.smbOf(sends[19]), "2026-03-03")
		must(t, err)
		if len(why.Lines) != 1 || !strings.Contains(why.Lines[0].Sentence, "2026-03-03 at 09:") || !strings.Contains(why.Lines[0].Sentence, "the warm-up lets 5 mails leave") {
			t.Errorf("%+v", why.Lines)
		}

		next := nine.AddDate(0, 0, 1)
		clock.Advance(next.Add(-10 * time.Minute).Sub(clock.Now())) // the next day, and not the time of day
		time.Sleep(300 * time.Millisecond)
		equal(t, "mails before nine", b.mailer.count(), 5)
		clock.Advance(40 * time.Minute)
		eventually(t, "eight more on the second day", left(13))
		eventually(t, "the rest is put off again", func() bool {
			return b.n(`SELECT postponed FROM warmup_days WHERE day = '2026-03-03'`) == 7
		})
		clock.Advance(24 * time.Hour) // the warm-up is over
		eventually(t, "all have left", left(20))
		eventually(t, "all are recorded", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status = 'sent' AND last_error IS NULL`) == 20
		})
		state, err = b.svc.SendingState(t.Context())
		must(t, err)
		if state.Warmup != nil {
			t.Errorf("after the warm-up: %+v", state.Warmup)
		}
	})
}

func (b *bundle) smbOf(send int64) int64 {
	b.t.Helper()
	return int64(b.n(`SELECT smb_id FROM campaign_sends WHERE id = $1`, send))
}
