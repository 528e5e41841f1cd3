package campaign_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Towns from UTC+14 to UTC-11 live through eight days with changes of the clock, planned by two nodes
// again and again, while recipients change their minds: each mail leaves on its local day at ten or
// later, to who may have it at that moment, and each step once.
func TestEightDaysOfManyTowns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		other := sibling(b)
		r := rand.New(rand.NewPCG(8, 9))
		begin := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC) // New York changes on the 8th
		clock.Set(begin)
		zones := map[string]*time.Location{} // by address
		reachable := map[string]bool{}
		towns := map[int64]*time.Location{}
		had := map[string]map[string]bool{} // address → local days
		var addresses []string
		for _, zone := range loadZones("Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York", "America/Havana", "Asia/Kathmandu", "America/St_Johns") {
			town := b.community(zone.String())
			towns[town] = zone
			b.start(b.smbs(town, 5)...)
			must(t, d.View(t.Context(), func(tx *db.Tx) error {
				own, err := db.Select[string](t.Context(), tx, `SELECT email_key FROM smbs WHERE community_id = $1 ORDER BY id`, town)
				for _, a := range own {
					zones[a], reachable[a], had[a] = zone, true, map[string]bool{}
					addresses = append(addresses, a)
				}
				return err
			}))
		}
		b.mailer.answer = func(m *fibonacco.Mail) fibonacco.Handover {
			local := clock.Now().In(zones[m.To])
			day := local.Format(time.DateOnly)
			if local.Hour() < 10 || !reachable[m.To] || had[m.To][day] {
				t.Errorf("a mail leaves at %s; may it: %t, the day has one: %t", local, reachable[m.To], had[m.To][day])
			}
			had[m.To][day] = true
			return fibonacco.Handover{Result: fibonacco.Accepted}
		}
		b.svc.Start(t.Context())
		defer func() { must(t, b.svc.Stop()) }()
		for hour := range 8 * 24 / 3 {
			clock.Set(begin.Add(time.Duration(3*hour)*time.Hour + time.Duration(r.IntN(180))*time.Minute))
			a := addresses[r.IntN(len(addresses))]
			reachable[a] = !reachable[a]
			b.exec(`UPDATE smbs SET email_opted_in = $1 WHERE email_key = $2`, reachable[a], a)
			for town, zone := range towns {
				for range 1 + r.IntN(2) {
					plans := b.svc
					if r.IntN(2) == 0 {
						plans = other
					}
					_, err := plans.PlanCommunity(t.Context(), town, clock.Now().In(zone).Format(time.DateOnly))
					must(t, err)
				}
			}
			var due []int64
			must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
				due, err = db.Select[int64](t.Context(), tx, `SELECT id FROM campaign_sends WHERE status = 'queued' AND scheduled_for <= $1`, clock.Now())
				return err
			}))
			for _, id := range due {
				must(t, b.svc.ProcessSend(t.Context(), id))
			}
		}
		equal(t, "steps twice", b.n(`SELECT COUNT(*) FROM (SELECT smb_id FROM campaign_sends GROUP BY smb_id, campaign_id HAVING COUNT(*) > 1) AS twice`), 0)
		if n := b.mailer.count(); n < 40 {
			t.Errorf("only %d mails in eight days", n)
		}
		equal(t, "refused at the last moment, with a reason", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status IN ('suppressed', 'cancelled') AND skip_reason IS NULL`), 0)
	})
}
