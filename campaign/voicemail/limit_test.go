package voicemail_test

import (
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Two nodes trigger voicemails of the same businesses at once: no limit is exceeded, and none is left
// unused (M2-13).
func TestLimitsHoldUnderConcurrency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		nodes := []*voicemail.Service{w.svc, w.service(testConfig())}
		smbs, sends := map[int]int64{}, map[int][]int64{}
		for tier := 1; tier <= 4; tier++ {
			smbs[tier] = w.smbIn(w.town, phone(tier), tier)
			for range 8 {
				id := w.send(smbs[tier], "HOOK-001", 25*time.Hour)
				sends[tier] = append(sends[tier], id)
			}
		}
		var wg sync.WaitGroup
		for tier := range sends {
			for i, id := range sends[tier] {
				wg.Go(func() {
					for {
						// A second voicemail of a business is planned once the first is over.
						w.exec(`UPDATE rvm_drops SET status = 'delivered' WHERE smb_id = $1 AND status = 'queued'`, smbs[tier])
						err := nodes[i%2].TriggerRVM(t.Context(), id)
						if err == nil || len(err.Error()) < 9 || err.Error()[len(err.Error())-9:] != "duplicate" {
							return
						}
					}
				})
			}
		}
		wg.Wait()
		for tier, want := range map[int]int{1: 4, 2: 2, 3: 1, 4: 1} {
			equal(t, "voicemails of tier", w.count(`SELECT COUNT(*) FROM rvm_drops WHERE smb_id = $1`, smbs[tier]), want)
			equal(t, "counted", w.used(smbs[tier], "2026-03"), want)
			equal(t, "marked", w.count(`SELECT COUNT(*) FROM campaign_sends WHERE smb_id = $1 AND rvm_triggered`, smbs[tier]), want)
		}
	})
}

// Of many who consider the same mails at once, one plans each voicemail.
func TestConsiderOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for n := range 30 {
			w.send(w.smb(phone(n)), "HOOK-001", 25*time.Hour)
		}
		nodes := []*voicemail.Service{w.svc, w.service(testConfig()), w.service(testConfig())}
		var wg sync.WaitGroup
		for _, svc := range nodes {
			wg.Go(func() {
				if err := svc.Consider(t.Context(), clock.Now()); err != nil {
					t.Error(err)
				}
				if err := svc.ConsiderLate(t.Context(), clock.Now()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "voicemails", w.count(`SELECT COUNT(*) FROM rvm_drops`), 30)
		equal(t, "told", w.events("rvm_drop.queued"), 30)
		equal(t, "counted", w.count(`SELECT SUM(used) FROM voicemail_quota WHERE period = '2026-03'`), 30)
	})
}

// Two nodes with the same job hand each voicemail over once.
func TestClaimOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var ids []int64
		for n := range 40 {
			ids = append(ids, w.drop(w.smb(phone(n))))
		}
		w.due(ids[0])
		var wg sync.WaitGroup
		for range 4 {
			svc := w.service(testConfig())
			wg.Go(func() {
				if err := svc.HandOver(t.Context(), ids); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "handed over", w.provider.count(), 40)
		equal(t, "sent", w.count(`SELECT COUNT(*) FROM rvm_drops WHERE status = 'sent'`), 40)
	})
}

// Two businesses with one number get their voicemails on two days.
func TestOneNumberAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		one, two := w.drop(w.smb(phone(1))), w.drop(w.smb(phone(1)))
		w.due(one)
		must(t, w.svc.HandOver(t.Context(), []int64{one, two}))
		equal(t, "the first", w.state(one), "sent/")
		equal(t, "the second", w.state(two), "queued/")
		equal(t, "moved to", w.local(two), "2026-03-04 10:00")
	})
}

// A voicemail is counted in the month in which it leaves.
func TestMonthMoves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		clock.Set(time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)) // a Tuesday
		free, full := w.smbIn(w.town, phone(1), 3), w.smbIn(w.town, phone(2), 3)
		one, two := w.drop(free), w.drop(full)
		equal(t, "planned for", w.local(one), "2026-03-31 10:00")
		equal(t, "counted in March", w.used(free, "2026-03"), 1)
		w.exec(`INSERT INTO voicemail_quota (smb_id, period, used) VALUES ($1, '2026-04', 1), ($1, '2026-Q2', 1)`, full)
		clock.Set(time.Date(2026, 3, 31, 23, 0, 0, 0, time.UTC)) // its hours are over
		must(t, w.svc.HandOver(t.Context(), []int64{one, two}))
		equal(t, "moved to", w.local(one), "2026-04-01 10:00")
		equal(t, "no more in March", w.used(free, "2026-03"), 0)
		equal(t, "nor in its quarter", w.used(free, "2026-Q1"), 0)
		equal(t, "counted in April", w.used(free, "2026-04"), 1)
		equal(t, "and in its quarter", w.used(free, "2026-Q2"), 1)
		equal(t, "no room in April", w.state(two), "cancelled/monthly_limit")
		equal(t, "given back", w.used(full, "2026-03"), 0)
		equal(t, "April's own", w.used(full, "2026-04"), 1)
	})
}

// What another module cancels is given back by the sweep.
func TestSweepGivesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(1))
		id := w.drop(smb)
		w.exec(`UPDATE rvm_drops SET status = 'cancelled', delivery_status = 'not_opted_in' WHERE id = $1`, id)
		equal(t, "counted", w.used(smb, "2026-03"), 1)
		must(t, w.svc.Sweep(t.Context()))
		must(t, w.svc.Sweep(t.Context()))
		equal(t, "given back", w.used(smb, "2026-03"), 0)
	})
}
