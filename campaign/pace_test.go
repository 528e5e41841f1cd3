package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// paced is a service whose programme is configured otherwise.
func paced(b *bundle, change func(c *fibonacco.ManifestDestinyConfig)) {
	change(&b.options.Config.ManifestDestiny)
	b.svc = sibling(b)
}

// plan plans the present local day of a town.
func (b *bundle) plan(town int64) campaign.PlanResult {
	b.t.Helper()
	zone, err := fibonacco.LoadZone("America/New_York")
	must(b.t, err)
	res, err := b.svc.PlanCommunity(b.t.Context(), town, b.clock.Now().In(zone).Format("2006-01-02"))
	must(b.t, err)
	return res
}

// The dates that the Office of Personnel Management lists for 2026 and 2027.
func TestFederalHolidays(t *testing.T) {
	kept := map[string]bool{}
	for _, day := range []string{
		"2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03", "2026-07-04", "2026-09-07", "2026-10-12", "2026-11-11",
		"2026-11-26", "2026-12-25",
		"2027-01-01", "2027-01-18", "2027-02-15", "2027-05-31", "2027-06-18", "2027-06-19", "2027-07-04", "2027-07-05", "2027-09-06", "2027-10-11",
		"2027-11-11", "2027-11-25", "2027-12-24", "2027-12-25", "2027-12-31", // for 1 January 2028, a Saturday
	} {
		kept[day] = true
	}
	for day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2028; day = day.AddDate(0, 0, 1) {
		if name := campaign.FederalHoliday(day); (name != "") != kept[day.Format("2006-01-02")] {
			t.Errorf("%s: %q", day.Format("2006-01-02"), name)
		}
	}
}

// On a quiet day the programme waits: its steps come a day later, each on a day of its own.
func TestQuietDaysMoveTheProgramme(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock) // Monday, 2 March 2026
		paced(b, func(c *fibonacco.ManifestDestinyConfig) {
			c.Quiet = fibonacco.QuietConfig{Weekdays: []int{6, 7}, Dates: []string{"03-03"}, Action: "move"}
		})
		town := b.community("America/New_York")
		must(t, b.svc.SetHoliday(t.Context(), town, "2026-03-05", "Founders' day"))
		ids := b.smbs(town, 3)
		b.exec(`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, ids[2])
		b.start(ids...)
		for range 13 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
			b.plan(town) // a second time, as after a crash
		}
		rows := ""
		sends, _, err := b.svc.ListSends(t.Context(), fibonacco.SendFilter{SMBID: ids[0]}, 0, 20)
		must(t, err)
		zone, err := fibonacco.LoadZone("America/New_York")
		must(t, err)
		for i := len(sends) - 1; i >= 0; i-- {
			rows += fmt.Sprintf("%s %s; ", sends[i].ScheduledFor.In(zone).Format("Mon 02 15:04"), sends[i].CampaignID)
		}
		// Day 2 waits for Wednesday; day 4, on Friday. Day 6 would be Sunday 8.
		equal(t, "sends", rows, "Mon 02 10:00 HOOK-001; Wed 04 10:00 EDU-001; Fri 06 10:00 HOWTO-001; Mon 09 10:00 HOWTO-002; "+
			"Wed 11 10:00 HOOK-002; Thu 12 10:00 EDU-002; ")
		equal(t, "days off", b.n(`SELECT paused_days FROM smbs WHERE id = $1`, ids[0]), b.n(`SELECT paused_days FROM smbs WHERE id = $1`, ids[1]))
		equal(t, "reason", b.text(`SELECT reason FROM skips WHERE smb_id = $1 AND campaign_id = 'EDU-001'`, ids[0]), "quiet_day")
		equal(t, "reason of who may not be mailed", b.n(`SELECT COUNT(*) FROM skips WHERE smb_id = $1 AND reason <> 'not_opted_in'`, ids[2]), 0)
		e, err := b.svc.Explain(t.Context(), ids[0], "2026-03-03")
		must(t, err)
		if len(e.Lines) != 1 || e.Lines[0].Reason != fibonacco.QuietDay {
			t.Errorf("explained as %+v", e.Lines)
		}
	})
}

func TestQuietDaysLeaveStepsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		paced(b, func(c *fibonacco.ManifestDestinyConfig) {
			c.Quiet = fibonacco.QuietConfig{Dates: []string{"2026-03-03"}, Action: "skip"}
		})
		town := b.community("America/New_York")
		ids := b.smbs(town, 1)
		b.start(ids...)
		for range 3 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
		}
		equal(t, "skipped", b.text(`SELECT campaign_id || ' ' || reason FROM skips WHERE smb_id = $1`, ids[0]), "EDU-001 quiet_day")
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE campaign_id IN ('HOOK-001', 'HOWTO-001')`), 2)
		equal(t, "all sends", b.n(`SELECT COUNT(*) FROM campaign_sends`), 2)
		code(t, "a holiday that is none", b.svc.SetHoliday(t.Context(), town, "tomorrow", "x"), fibonacco.Invalid)
		code(t, "a holiday of nobody", b.svc.SetHoliday(t.Context(), town+999, "2026-03-05", "x"), fibonacco.NotFound)
		must(t, b.svc.SetHoliday(t.Context(), town, "2026-03-07", "x"))
		e, err := b.svc.Explain(t.Context(), ids[0], "2026-03-07")
		must(t, err)
		equal(t, "what is to come", e.Lines[0].Reason, fibonacco.QuietDay)
		must(t, b.svc.SetHoliday(t.Context(), town, "2026-03-07", ""))
		equal(t, "holidays", b.n(`SELECT COUNT(*) FROM community_holidays`), 0)
	})
}

func TestFrequencyCap(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		paced(b, func(c *fibonacco.ManifestDestinyConfig) {
			c.FrequencyCap = fibonacco.FrequencyConfig{Mails: 2, Days: 7}
		})
		town := b.community("America/New_York")
		ids := b.smbs(town, 1)
		b.start(ids...)
		for range 9 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
		}
		// Days 1 and 2 go, 4 and 6 do not; a week after day 1, day 8 goes, and then day 9.
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE campaign_id IN ('HOOK-001', 'EDU-001', 'HOOK-002', 'EDU-002')`), 4)
		equal(t, "all sends", b.n(`SELECT COUNT(*) FROM campaign_sends`), 4)
		equal(t, "skips", b.n(`SELECT COUNT(*) FROM skips WHERE reason = 'frequency_cap' AND campaign_id IN ('HOWTO-001', 'HOWTO-002')`), 2)
	})
}

func TestLearnedHours(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 400)
		b.start(ids...) // on Monday, at the fixed hour
		at := func(hour int) time.Time { return time.Date(2026, 3, 2, hour+5, 20, 0, 0, time.UTC) }
		// The first reads at two in the afternoon, the second at night; bakers at eight. Of the rest nothing is known.
		b.exec(`UPDATE smbs SET category = 'Baker' WHERE id IN ($1...)`, ids[100:200])
		b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE smb_id IN ($2...)`, at(8), ids[100:150])
		b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE smb_id = $2`, at(14), ids[0])
		for i := range 3 {
			b.exec(`INSERT INTO campaign_sends (uuid, smb_id, community_id, campaign_id, email, status, occurrence, opened_at)
				VALUES ($1, $2, $3, 'HOOK-001', 'a@shop.example', 'sent', $4, $5)`, uuid.NewString(), ids[0], town, i+2, at(14))
		}
		b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE smb_id = $2`, at(23), ids[1])

		paced(b, func(c *fibonacco.ManifestDestinyConfig) {
			c.SendTime = fibonacco.SendTimeConfig{Choice: "learned", FromLocal: "08:00", UntilLocal: "18:00", Explore: 0.2}
		})
		clock.Set(time.Date(2026, 3, 3, 6, 0, 0, 0, time.UTC)) // Tuesday, 01:00
		equal(t, "planned", b.plan(town).Planned, int64(400))
		equal(t, "planned again", b.plan(town).Planned, int64(0))
		hours := map[string]map[int]int{}
		sends, _, err := b.svc.ListSends(t.Context(), fibonacco.SendFilter{CampaignID: "EDU-001"}, 0, 1000)
		must(t, err)
		zone, err := fibonacco.LoadZone("America/New_York")
		must(t, err)
		other := 0
		for _, s := range sends {
			who := "others"
			switch {
			case s.SMBID == ids[0]:
				who = "first"
			case s.SMBID >= ids[100] && s.SMBID < ids[200]:
				who = "bakers"
			}
			if hours[who] == nil {
				hours[who] = map[int]int{}
			}
			local := s.ScheduledFor.In(zone)
			hours[who][local.Hour()]++
			if h := local.Hour(); h < 8 || h > 18 || h == 18 && local.Minute() > 0 || local.Format("2006-01-02") != "2026-03-03" {
				t.Errorf("a mail leaves at %v", local)
			}
			if who == "others" && local.Hour() != 10 {
				other++
			}
		}
		if hours["first"][14] != 1 || hours["bakers"][8] < 60 || hours["others"][10] < 200 || other < 25 || other > 100 {
			t.Errorf("hours are %v", hours)
		}
		equal(t, "batches hold every mail", b.n(`SELECT COUNT(DISTINCT scheduled_for) FROM campaign_sends WHERE campaign_id = 'EDU-001'`),
			b.n(`SELECT COUNT(DISTINCT scheduled_for) FROM send_batches WHERE scheduled_for > $1`, clock.Now()))
	})
}

func TestOldEventsAreAddedUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 1)
		b.start(ids...)
		rows := db.NewBatch("at timestamptz", "kind text", "verdict text")
		for i := range 4500 { // three chunks; the middle of a day's events falls on a border
			rows.Add(clock.Now().Add(time.Duration(i)*time.Minute), "opened", []any{"human", "machine", nil}[i%3])
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.ExecBatch(t.Context(), rows, `
				INSERT INTO email_events (campaign_send_id, event_type, event_at, verdict) SELECT (SELECT MIN(id) FROM campaign_sends), kind, at, verdict FROM rows`)
			return err
		}))
		clock.Advance(70 * 24 * time.Hour)
		n, err := b.svc.ForgetEvents(t.Context())
		must(t, err)
		equal(t, "deleted without a setting", n, 0)
		paced(b, func(c *fibonacco.ManifestDestinyConfig) { c.EventRetentionDays = 68 })
		n, err = b.svc.ForgetEvents(t.Context())
		must(t, err)
		equal(t, "deleted", n, 2*24*60)
		equal(t, "left", b.n(`SELECT COUNT(*) FROM email_events`), 4500-2*24*60)
		equal(t, "kept", b.n(`SELECT SUM(events) FROM email_event_days`), 2*24*60)
		equal(t, "kept of people", b.n(`SELECT SUM(events) FROM email_event_days WHERE verdict = 'human'`), 2*24*60/3)
		equal(t, "days", b.n(`SELECT COUNT(DISTINCT day) FROM email_event_days`), 3) // from 14:00 UTC, two days long
		n, err = b.svc.ForgetEvents(t.Context())
		must(t, err)
		equal(t, "deleted again", n, 0)
	})
}
