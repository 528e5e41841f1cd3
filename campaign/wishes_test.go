package campaign_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func (b *bundle) wish(smb int64, kind string, ends any) {
	b.t.Helper()
	b.exec(`INSERT INTO preferences (smb_id, kind, ends_at, created_at) VALUES ($1, $2, $3, $4)`, smb, kind, ends, b.clock.Now())
}

// sendsOf is the sends of an SMB: local day, campaign, status.
func (b *bundle) sendsOf(smb int64) string {
	b.t.Helper()
	sends, _, err := b.svc.ListSends(b.t.Context(), fibonacco.SendFilter{SMBID: smb}, 0, 50)
	must(b.t, err)
	zone, err := fibonacco.LoadZone("America/New_York")
	must(b.t, err)
	var rows []string
	for i := len(sends) - 1; i >= 0; i-- {
		rows = append(rows, fmt.Sprintf("%s %s", sends[i].ScheduledFor.In(zone).Format("Mon 02"), sends[i].CampaignID))
	}
	return strings.Join(rows, "; ")
}

func (b *bundle) reasons(smb int64) string {
	b.t.Helper()
	return b.text(`SELECT COALESCE((SELECT string_agg(campaign_id || ' ' || reason, '; ' ORDER BY id) FROM skips WHERE smb_id = $1), '')`, smb)
}

func TestUnwantedTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock) // Monday, 2 March 2026
		town := b.community("America/New_York")
		ids := b.smbs(town, 2)
		b.wish(ids[0], "without_offers", nil)
		b.wish(ids[1], "without_tips", nil)
		b.start(ids...)
		for range 8 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
		}
		equal(t, "without offers", b.sendsOf(ids[0]), "Tue 03 EDU-001; Thu 05 HOWTO-001; Sat 07 HOWTO-002; Tue 10 EDU-002")
		equal(t, "without tips", b.sendsOf(ids[1]), "Mon 02 HOOK-001; Mon 09 HOOK-002")
		equal(t, "why", b.reasons(ids[0]), "HOOK-001 unwanted_topic; HOOK-002 unwanted_topic")
		explained(t, b, ids[0], "2026-03-09", fibonacco.UnwantedTopic, "wants no mails on this topic")
		explained(t, b, ids[0], "2026-03-16", fibonacco.UnwantedTopic, "Offers and services") // to come

		b.wish(ids[0], "without_account", nil)
		_, err := b.svc.QueueSend(t.Context(), ids[0], fibonacco.PremiumWelcomeID, nil)
		code(t, "a welcome", err, fibonacco.Invalid)
		_, err = b.svc.QueueSend(t.Context(), ids[1], fibonacco.PremiumWelcomeID, nil)
		must(t, err)
	})
}

func explained(t *testing.T, b *bundle, smb int64, date string, reason fibonacco.SkipReason, words string) {
	t.Helper()
	e, err := b.svc.Explain(t.Context(), smb, date)
	must(t, err)
	if len(e.Lines) != 1 || e.Lines[0].Reason != reason || !strings.Contains(e.Lines[0].Sentence, words) {
		t.Errorf("%s is explained as %+v", date, e.Lines)
	}
}

func TestAtMostWeekly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 1)
		b.wish(ids[0], "at_most_weekly", nil)
		b.start(ids...)
		for range 14 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
		}
		equal(t, "sends", b.sendsOf(ids[0]), "Mon 02 HOOK-001; Mon 09 HOOK-002; Mon 16 HOOK-003")
		explained(t, b, ids[0], "2026-03-10", fibonacco.AtMostWeekly, "one mail a week at most")
	})
}

// A pause holds the programme where it stands, and it goes on by itself.
func TestPauseThatWasAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 2)
		b.start(ids...)
		zone, err := fibonacco.LoadZone("America/New_York")
		must(t, err)
		b.wish(ids[0], "pause", time.Date(2026, 3, 8, 0, 0, 0, 0, zone).UTC())
		b.exec(`UPDATE smbs SET email_opted_in = FALSE WHERE id = $1`, ids[1])
		explained(t, b, ids[0], "2026-03-06", fibonacco.AskedForPause, "goes on on 2026-03-08") // to come
		e, err := b.svc.Explain(t.Context(), ids[0], "2026-03-10")
		must(t, err)
		equal(t, "programme day after the pause", e.Day, 4)
		for range 9 {
			clock.Advance(24 * time.Hour)
			b.plan(town)
			b.plan(town) // a second time, as after a crash
		}
		equal(t, "sends", b.sendsOf(ids[0]), "Mon 02 HOOK-001; Sun 08 EDU-001; Tue 10 HOWTO-001")
		equal(t, "days off", b.n(`SELECT paused_days FROM smbs WHERE id = $1`, ids[0]), 5)
		equal(t, "days off of who may not be mailed", b.n(`SELECT paused_days FROM smbs WHERE id = $1`, ids[1]), 0)
		explained(t, b, ids[0], "2026-03-07", fibonacco.AskedForPause, "asked for a pause")
	})
}

// What was chosen after planning holds when the mail is to leave.
func TestWishesAreAskedAtTheLastMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 4)
		b.start(ids...)
		b.run()
		b.wish(ids[0], "without_offers", nil)
		b.wish(ids[1], "pause", clock.Now().Add(30*24*time.Hour))
		b.wish(ids[2], "without_tips", nil)
		b.wish(ids[2], "pause", clock.Now().Add(-time.Hour)) // over
		clock.Advance(time.Hour)
		eventually(t, "all are settled", func() bool {
			return b.n(`SELECT COUNT(*) FROM campaign_sends WHERE status IN ('queued', 'sending')`) == 0
		})
		for i, want := range []string{"suppressed unwanted_topic", "cancelled asked_for_pause", "sent ", "sent "} {
			equal(t, fmt.Sprint("business ", i), b.text(`SELECT status || ' ' || COALESCE(skip_reason, '') FROM campaign_sends WHERE smb_id = $1`, ids[i]), want)
		}
		equal(t, "mails", b.mailer.count(), 2)
		explained(t, b, ids[1], "2026-03-02", fibonacco.AskedForPause, "did not leave: the business had asked for a pause")
	})
}
