package campaign_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestStartPlansTheFirstStep(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock) // 09:00 in New York
		town := b.community("America/New_York")
		ids := b.smbs(town, 3)
		b.exec(`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, ids[1])
		res := b.start(ids...)
		equal(t, "result", res, fibonacco.ProgrammeResult{Matched: 3, Changed: 3, Planned: 2, Skipped: 1})
		equal(t, "day", b.n(`SELECT manifest_destiny_day FROM smbs WHERE id = $1`, ids[0]), 1)
		equal(t, "start date", b.text(`SELECT CAST(manifest_destiny_start_date AS text) FROM smbs WHERE id = $1`, ids[0]), "2026-03-02")
		equal(t, "subject", b.text(`SELECT subject FROM campaign_sends WHERE smb_id = $1`, ids[0]), "Business 0: day 1")
		equal(t, "reason", b.text(`SELECT reason FROM skips WHERE smb_id = $1`, ids[1]), "not_opted_in")
		equal(t, "events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.queued'`), 2)

		again := b.start(ids...)
		equal(t, "second start", again, fibonacco.ProgrammeResult{Matched: 3, Refused: 3})

		sends, _, err := b.svc.ListSends(t.Context(), fibonacco.SendFilter{SMBID: ids[0]}, 0, 10)
		must(t, err)
		if want := time.Date(2026, 3, 2, 15, 0, 0, 0, time.UTC); len(sends) != 1 || !sends[0].ScheduledFor.Equal(want) {
			t.Errorf("sends = %+v, want one at %v", sends, want)
		}
	})
}

// The programme's local ten o'clock, across zones, daylight-saving changes and a leap day.
func TestLocalTenOClock(t *testing.T) {
	cases := []struct {
		name, zone string
		now        time.Time // when the programme is started
		step       time.Duration
		wantDate   string
		want       time.Time
	}{
		{"UTC+14 is a day ahead", "Pacific/Kiritimati", time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 0, "2026-03-02", time.Date(2026, 3, 1, 20, 0, 0, 0, time.UTC)},
		{"UTC-11 is a day behind", "Pacific/Pago_Pago", time.Date(2026, 3, 2, 5, 0, 0, 0, time.UTC), 0, "2026-03-01", time.Date(2026, 3, 1, 21, 0, 0, 0, time.UTC).Add(8 * time.Hour)},
		{"day before spring forward", "America/New_York", time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC), 0, "2026-03-07", time.Date(2026, 3, 7, 15, 0, 0, 0, time.UTC)},
		{"day of spring forward", "America/New_York", time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC), 24 * time.Hour, "2026-03-07", time.Date(2026, 3, 8, 14, 0, 0, 0, time.UTC)},
		{"day of fall back", "America/New_York", time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC), 24 * time.Hour, "2026-10-31", time.Date(2026, 11, 1, 15, 0, 0, 0, time.UTC)},
		{"leap day", "America/Chicago", time.Date(2028, 2, 28, 12, 0, 0, 0, time.UTC), 24 * time.Hour, "2028-02-28", time.Date(2028, 2, 29, 16, 0, 0, 0, time.UTC)},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		for _, tc := range cases {
			clock.Set(tc.now)
			town := b.community(tc.zone)
			ids := b.smbs(town, 1)
			b.start(ids...)
			equal(t, tc.name+": start", b.text(`SELECT CAST(manifest_destiny_start_date AS text) FROM smbs WHERE id = $1`, ids[0]), tc.wantDate)
			if tc.step > 0 {
				clock.Advance(tc.step)
				zone, err := fibonacco.LoadZone(tc.zone)
				must(t, err)
				_, err = b.svc.PlanCommunity(t.Context(), town, clock.Now().In(zone).Format("2006-01-02"))
				must(t, err)
			}
			sends, _, err := b.svc.ListSends(t.Context(), fibonacco.SendFilter{SMBID: ids[0]}, 0, 1)
			must(t, err)
			want := tc.want
			if want.Before(clock.Now()) {
				want = clock.Now()
			}
			if len(sends) == 0 || !sends[0].ScheduledFor.Equal(want) {
				t.Errorf("%s: planned %+v, want %v", tc.name, sends, want)
			}
		}
	})
}

// Ninety days and a few more: 52 steps, each once, then completed.
func TestWholeProgramme(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 2)
		b.start(ids...)
		for range 93 {
			clock.Advance(24 * time.Hour)
			must(t, b.svc.PlanDue(t.Context(), clock.Now()))
			_, err := b.svc.PlanCommunity(t.Context(), town, clock.Now().In(newYork).Format("2006-01-02"))
			must(t, err)
		}
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE smb_id = $1`, ids[0]), 52)
		equal(t, "steps", b.n(`SELECT COUNT(DISTINCT campaign_id) FROM campaign_sends WHERE smb_id = $1`, ids[0]), 52)
		equal(t, "skips", b.n(`SELECT COUNT(*) FROM skips`), 0)
		equal(t, "status", b.text(`SELECT campaign_status FROM smbs WHERE id = $1`, ids[0]), "completed")
		equal(t, "day", b.n(`SELECT manifest_destiny_day FROM smbs WHERE id = $1`, ids[0]), 90)
	})
}

var newYork = func() *time.Location {
	zone, err := fibonacco.LoadZone("America/New_York")
	if err != nil {
		panic(err)
	}
	return zone
}()

// A week nobody planned: the missed steps are skipped with a reason, not sent together (R4).
func TestMissedWeekIsNoBurst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 1)
		b.start(ids...)
		clock.Advance(7 * 24 * time.Hour) // day 8: HOOK-002; 2, 4 and 6 went by
		_, err := b.svc.PlanCommunity(t.Context(), town, "2026-03-09")
		must(t, err)
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends`), 2)
		equal(t, "missed", b.n(`SELECT COUNT(*) FROM skips WHERE reason = 'missed'`), 3)
		res, err := b.svc.PlanCommunity(t.Context(), town, "2026-03-08")
		must(t, err)
		equal(t, "a day that is over", res.Planned+res.Skipped, 0)
	})
}

// Several planners at once, and one more after: no SMB gets two rows for one step (R1).
func TestTwoPlannersAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 6000) // two chunks
		b.exec(`UPDATE smbs SET campaign_status = 'active', manifest_destiny_start_date = '2026-03-02'`)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var planned int64
		for range 4 {
			wg.Go(func() {
				res, err := b.svc.PlanCommunity(t.Context(), town, "2026-03-02")
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				planned += res.Planned
				mu.Unlock()
			})
		}
		wg.Wait()
		equal(t, "planned", planned, int64(len(ids)))
		equal(t, "rows", b.n(`SELECT COUNT(*) FROM campaign_sends`), len(ids))
		equal(t, "events", b.n(`SELECT COUNT(*) FROM analytics_events WHERE event_type = 'campaign_send.queued'`), len(ids))
	})
}

// Chunks take turns while others pause and resume the same SMBs: nobody waits for ever, and those
// who were left alone stand where their plan says.
func TestPlannersAndPausesAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 600)
		b.exec(`UPDATE smbs SET campaign_status = 'active', manifest_destiny_start_date = '2026-03-02'`)
		b.exec(`UPDATE smbs SET manifest_destiny_start_date = '2026-03-03' WHERE id IN ($1...)`, ids[:100]) // a second place
		f := fibonacco.SMBFilter{IDs: ids[300:]}
		for day := 2; day <= 6; day++ {
			var wg sync.WaitGroup
			for range 3 {
				wg.Go(func() {
					if _, err := b.svc.PlanCommunity(t.Context(), town, fmt.Sprintf("2026-03-%02d", day)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Go(func() {
				for range 5 {
					_, err := b.svc.PauseProgramme(t.Context(), f, "")
					_, err2 := b.svc.ResumeProgramme(t.Context(), f)
					if err != nil || err2 != nil {
						t.Errorf("%v, %v", err, err2)
					}
				}
			})
			wg.Wait()
			_, err := b.svc.PlanCommunity(t.Context(), town, fmt.Sprintf("2026-03-%02d", day)) // the resumed too
			must(t, err)
			equal(t, fmt.Sprint("not planned through day ", day-1), b.n(`
				SELECT COUNT(*) FROM smbs WHERE planned_through_day <> $1 - CASE WHEN id IN ($2...) THEN 2 ELSE 1 END
				OR manifest_destiny_day <> planned_through_day OR campaign_status <> 'active'`, day, ids[:100]), 0)
			clock.Advance(24 * time.Hour)
		}
		// The steps of days 1, 2 and 4, of those who began a day later too.
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE smb_id IN ($1...)`, ids[:300]), 900)
	})
}

func TestPauseAndResume(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 1)
		f := fibonacco.SMBFilter{IDs: ids}
		b.start(ids...)
		res, err := b.svc.PauseProgramme(t.Context(), f, "owner is travelling")
		must(t, err)
		equal(t, "paused", res.Changed, 1)
		equal(t, "send", b.text(`SELECT status || ' ' || skip_reason FROM campaign_sends`), "cancelled paused")
		again, err := b.svc.PauseProgramme(t.Context(), f, "")
		must(t, err)
		equal(t, "second pause", again.Refused, 1)

		clock.Advance(10 * 24 * time.Hour)
		_, err = b.svc.PlanCommunity(t.Context(), town, "2026-03-12")
		must(t, err)
		equal(t, "sends while paused", b.n(`SELECT COUNT(*) FROM campaign_sends`), 1)
		x, err := b.svc.Explain(t.Context(), ids[0], "2026-03-10")
		must(t, err)
		equal(t, "explained", x.Lines[0].Reason, fibonacco.Paused)

		_, err = b.svc.ResumeProgramme(t.Context(), f)
		must(t, err)
		equal(t, "no repeat on the day of the resume", b.n(`SELECT COUNT(*) FROM campaign_sends`), 1)
		clock.Advance(24 * time.Hour)
		_, err = b.svc.PlanCommunity(t.Context(), town, "2026-03-13")
		must(t, err)
		equal(t, "next step", b.text(`SELECT campaign_id FROM campaign_sends WHERE status = 'queued'`), "EDU-001")
		equal(t, "missed", b.n(`SELECT COUNT(*) FROM skips`), 0)
	})
}

func TestExplain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 9)
		b.exec(`UPDATE smbs SET do_not_contact = TRUE WHERE id = $1`, ids[1])
		b.exec(`UPDATE smbs SET primary_email = NULL, email_key = NULL WHERE id = $1`, ids[2])
		b.exec(`UPDATE smbs SET primary_email = 'nonsense' WHERE id = $1`, ids[3])
		b.exec(`INSERT INTO suppressions (email_key, reason, created_at) SELECT email_key, 'bounce', $1 FROM smbs WHERE id = $2`, clock.Now(), ids[4])
		b.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = $2`, clock.Now(), ids[5])
		for _, id := range ids[:6] {
			b.start(id)
		}
		for i, want := range []struct {
			date   string
			reason fibonacco.SkipReason
			out    string
		}{
			{"2026-03-02", "", "queued"},
			{"2026-03-02", fibonacco.DoNotContact, "skipped"},
			{"2026-03-02", fibonacco.NoAddress, "skipped"},
			{"2026-03-02", fibonacco.InvalidAddress, "skipped"},
			{"2026-03-02", fibonacco.Suppressed, "skipped"},
			{"2026-03-02", fibonacco.Deleted, "skipped"},
			{"2026-03-02", fibonacco.NotActive, "skipped"},
		} {
			x, err := b.svc.Explain(t.Context(), ids[i], want.date)
			must(t, err)
			name := fmt.Sprintf("SMB %d", i)
			equal(t, name+" lines", len(x.Lines), 1)
			equal(t, name+" reason", x.Lines[0].Reason, want.reason)
			equal(t, name+" outcome", x.Lines[0].Outcome, want.out)
			if x.Lines[0].Sentence == "" {
				t.Errorf("%s: nothing said", name)
			}
		}
		for date, want := range map[string]string{"2026-03-03": "not planned yet", "2026-03-04": "skipped", "2026-02-01": "skipped"} {
			x, err := b.svc.Explain(t.Context(), ids[0], date)
			must(t, err)
			equal(t, date, x.Lines[0].Outcome, want)
		}
		_, err := b.svc.Explain(t.Context(), ids[0], "yesterday")
		equal(t, "bad date", fibonacco.CodeOf(err), fibonacco.Invalid)
		_, err = b.svc.Explain(t.Context(), 999999, "2026-03-02")
		equal(t, "unknown SMB", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}
