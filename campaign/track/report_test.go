package track_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// A provider's message counts once, whoever brings it and however often.
func TestTakeReportsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		m := w.sendTo(w.smb("owner@shop.example"), "HOOK-001", fibonacco.SendSent, "owner@shop.example")
		delivery := fibonacco.MailDelivery{ID: "sns:1", Reports: []fibonacco.MailReport{
			{SendID: m.id, Recipient: "OWNER@shop.example", Kind: "delivered", At: clock.Now()},
			{SendID: m.id, Recipient: "owner@shop.example", Kind: "complained", At: clock.Now(), Raw: `{"a":1}`},
		}}
		var firsts int
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				first, err := w.svc.TakeReports(t.Context(), delivery)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if first {
					firsts++
				}
			})
		}
		wg.Wait()
		if firsts != 1 {
			t.Errorf("%d were the first", firsts)
		}
		if n := w.count(`SELECT count(*) FROM email_events`); n != 2 {
			t.Errorf("%d events are kept", n)
		}
		if n := w.count(`SELECT count(*) FROM suppressions WHERE email_key = 'owner@shop.example' AND reason = 'complaint'`); n != 1 {
			t.Error("the address is not suppressed")
		}
		if n := w.count(`SELECT count(*) FROM campaign_sends WHERE status = 'complained' AND delivered_at IS NOT NULL AND complained_at IS NOT NULL`); n != 1 {
			t.Error("the send does not show it")
		}
		if n := w.count(`SELECT count(*) FROM analytics_events WHERE event_type IN ('email.delivered', 'email.complained')`); n != 2 {
			t.Errorf("%d events were published", n)
		}
		must(t, w.svc.SweepMessages(t.Context(), clock.Now()))
		if n := w.count(`SELECT count(*) FROM provider_messages`); n != 1 {
			t.Error("a message that may come again was forgotten")
		}
	})
}

func TestTakeReports(t *testing.T) {
	cases := map[string]struct {
		change func(m mail, r *fibonacco.MailReport)
		want   string // status
		held   bool
		events int
	}{
		"by the tag":                 {func(mail, *fibonacco.MailReport) {}, "bounced", true, 1},
		"by the Message-ID":          {func(m mail, r *fibonacco.MailReport) { r.SendID, r.UUID = 0, m.uuid() }, "bounced", true, 1},
		"a transient bounce":         {func(_ mail, r *fibonacco.MailReport) { r.BounceType = "Transient" }, "sent", false, 1},
		"an undetermined one":        {func(_ mail, r *fibonacco.MailReport) { r.BounceType = "Undetermined" }, "sent", false, 1},
		"about somebody else":        {func(_ mail, r *fibonacco.MailReport) { r.Recipient = "other@shop.example" }, "sent", false, 0},
		"about nobody in particular": {func(_ mail, r *fibonacco.MailReport) { r.Recipient = "" }, "bounced", true, 1},
		"about an unknown mail":      {func(_ mail, r *fibonacco.MailReport) { r.SendID = 999_999 }, "sent", false, 0},
		"about no mail":              {func(_ mail, r *fibonacco.MailReport) { r.SendID = 0 }, "sent", false, 0},
		"an unknown Message-ID":      {func(_ mail, r *fibonacco.MailReport) { r.SendID, r.UUID = 0, "0193c2f0-0000-7000-8000-000000000001" }, "sent", false, 0},
		"a broken Message-ID":        {func(_ mail, r *fibonacco.MailReport) { r.SendID, r.UUID = 0, "nobody" }, "sent", false, 0},
		"of an unknown kind":         {func(_ mail, r *fibonacco.MailReport) { r.Kind = "exploded" }, "sent", false, 0},
		"with a strange time":        {func(_ mail, r *fibonacco.MailReport) { r.At = time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC) }, "bounced", true, 1},
		"with a zero in its JSON":    {func(_ mail, r *fibonacco.MailReport) { r.Raw = `{"a":"\u0000"}` }, "bounced", true, 1},
		"with a huge JSON":           {func(_ mail, r *fibonacco.MailReport) { r.Raw = `"` + strings.Repeat("x", 100_000) + `"` }, "bounced", true, 1},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			address := "someone-" + uuidOf(name) + "@example.com"
			m := w.sendTo(w.smb(address), "HOOK-001", fibonacco.SendSent, address)
			r := fibonacco.MailReport{SendID: m.id, Recipient: address, Kind: "bounced", At: clock.Now(), BounceType: "Permanent", Hold: true}
			tc.change(m, &r)
			first, err := w.svc.TakeReports(t.Context(), fibonacco.MailDelivery{ID: "sns:" + uuidOf(name), Reports: []fibonacco.MailReport{r}})
			if err != nil || !first {
				t.Errorf("%s: first %t, %v", name, first, err)
			}
			status := w.count(`SELECT count(*) FROM campaign_sends WHERE id = $1 AND status = $2`, m.id, tc.want)
			held := w.count(`SELECT count(*) FROM suppressions WHERE email_key = $1`, address) == 1
			events := w.count(`SELECT count(*) FROM email_events WHERE campaign_send_id = $1`, m.id)
			if status != 1 || held != tc.held || events != tc.events {
				t.Errorf("%s: is it %s: %d, held %t, %d events", name, tc.want, status, held, events)
			}
		}
	})
}

func TestTakeReportsNeedsAnID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for _, id := range []string{"", "a\x00b", strings.Repeat("x", 101)} {
			if _, err := w.svc.TakeReports(t.Context(), fibonacco.MailDelivery{ID: id}); fibonacco.CodeOf(err) != fibonacco.Invalid {
				t.Errorf("%q: %v", id, err)
			}
		}
	})
}

// A replayed day of events changes nothing.
func TestReplayedReportsChangeNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var day []fibonacco.MailDelivery
		for i := range 300 {
			address := fmt.Sprintf("owner%d@shop.example", i)
			m := w.sendTo(w.smb(address), "HOOK-001", fibonacco.SendSent, address)
			r := fibonacco.MailReport{SendID: m.id, Recipient: address, At: clock.Now(), Kind: []string{"delivered", "bounced", "complained", "delayed", "opened"}[i%5]}
			if r.Kind == "bounced" {
				r.BounceType = []string{"Permanent", "Transient"}[i%2]
			}
			day = append(day, fibonacco.MailDelivery{ID: fmt.Sprintf("sns:%d", i), Reports: []fibonacco.MailReport{r}})
		}
		play := func() string {
			var wg sync.WaitGroup
			for part := range 10 {
				wg.Go(func() {
					for i := part; i < len(day); i += 10 {
						if _, err := w.svc.TakeReports(t.Context(), day[i]); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
			return fmt.Sprint(w.count(`SELECT count(*) FROM email_events`), w.count(`SELECT count(*) FROM suppressions`), w.count(`SELECT count(*) FROM analytics_events`),
				w.count(`SELECT count(*) FROM campaign_sends WHERE status = 'bounced'`), w.count(`SELECT count(*) FROM campaign_sends WHERE opened_at IS NOT NULL`))
		}
		first := play()
		clock.Advance(24 * time.Hour)
		if again := play(); again != first {
			t.Errorf("played again: %s, before %s", again, first)
		}
	})
}

func (m mail) uuid() string {
	return get[string](m.w, `SELECT CAST(uuid AS text) FROM campaign_sends WHERE id = $1`, m.id)
}
