package campaign_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// ledger is six sends of two businesses in two communities, oldest first.
func ledger(t *testing.T, b *bundle) (ids []int64, towns [2]int64) {
	t.Helper()
	var smbs []int64
	for i := range towns {
		towns[i] = b.community("America/New_York")
		smbs = append(smbs, b.smbs(towns[i], 1)...)
	}
	for i, s := range []struct {
		campaign, status, reason string
		sent                     time.Duration // after the start; 0 is not sent
	}{
		{"HOOK-001", "sent", "", 5 * time.Hour},
		{"EDU-001", "sent", "", 3 * time.Hour},
		{"HOWTO-001", "queued", "", 0},
		{"HOOK-002", "cancelled", "paused", 0},
		{"EDU-002", "sent", "", 4 * time.Hour},
		{"HOWTO-002", "bounced", "", time.Hour},
	} {
		sent := any(nil)
		if s.sent > 0 {
			sent = b.clock.Now().Add(s.sent)
		}
		// The community of the plan is not where the business is now: it must not count.
		b.exec(`
			INSERT INTO campaign_sends (uuid, smb_id, campaign_id, email, status, skip_reason, scheduled_for, sent_at, community_id, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7, $7)`,
			fmt.Sprintf("0193c2f0-0000-7000-8000-%012d", i), smbs[i%2], s.campaign, fmt.Sprintf("Owner%d@example.com", i%2), s.status, db.Null(s.reason),
			b.clock.Now().Add(time.Duration(i)*time.Hour), sent, towns[(i+1)%2])
	}
	for i, id := range smbs {
		b.exec(`UPDATE smbs SET primary_email = $2, email_key = $3 WHERE id = $1`, id, fmt.Sprintf("Owner%d@example.com", i), fmt.Sprintf("owner%d@example.com", i))
	}
	return smbs, towns
}

func TestQuerySends(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		smbs, towns := ledger(t, b)
		at := func(hours int) string { return clock.Now().Add(time.Duration(hours) * time.Hour).Format(time.RFC3339) }
		for name, tc := range map[string]struct {
			filter fibonacco.Filter
			sort   string
			want   string
		}{
			"all, newest first":       {nil, "", "HOWTO-002 EDU-002 HOOK-002 HOWTO-001 EDU-001 HOOK-001"},
			"the other way":           {nil, "id", "HOOK-001 EDU-001 HOWTO-001 HOOK-002 EDU-002 HOWTO-002"},
			"of a business":           {fibonacco.Filter{"smb_id": fmt.Sprint(smbs[0])}, "", "EDU-002 HOWTO-001 HOOK-001"},
			"of a business, by time":  {fibonacco.Filter{"smb_id": fmt.Sprint(smbs[0])}, "sent_at", "EDU-002 HOOK-001 HOWTO-001"},
			"sent, last first":        {fibonacco.Filter{"status": "sent"}, "-sent_at", "HOOK-001 EDU-002 EDU-001"},
			"not sent":                {fibonacco.Filter{"status": "!sent,bounced"}, "", "HOOK-002 HOWTO-001"},
			"of a campaign":           {fibonacco.Filter{"campaign_id": "EDU-001,EDU-002"}, "", "EDU-002 EDU-001"},
			"skipped":                 {fibonacco.Filter{"skip_reason": "!null"}, "", "HOOK-002"},
			"of a community, by now":  {fibonacco.Filter{"community_id": fmt.Sprint(towns[1])}, "", "HOWTO-002 HOOK-002 EDU-001"},
			"to an address":           {fibonacco.Filter{"email": "OWNER1@example.com"}, "", "HOWTO-002 HOOK-002 EDU-001"},
			"to all but an address":   {fibonacco.Filter{"email": "!owner1@example.com"}, "", "EDU-002 HOWTO-001 HOOK-001"},
			"to an address now given": {fibonacco.Filter{"email": "owner@example.com"}, "", ""},
			"sent within":             {fibonacco.Filter{"sent_at": at(3) + ".." + at(4)}, "", "EDU-002 EDU-001"},
			"due from":                {fibonacco.Filter{"scheduled_for": at(4) + ".."}, "", "HOWTO-002 EDU-002"},
			"never opened":            {fibonacco.Filter{"opened_at": "null", "status": "sent"}, "", "EDU-002 EDU-001 HOOK-001"},
		} {
			q := fibonacco.ListQuery{Filter: tc.filter, Size: 2, Total: true}
			if tc.sort != "" {
				q.Sort = []string{tc.sort}
			}
			var got []string
			for {
				page, err := b.svc.QuerySends(t.Context(), q)
				must(t, err)
				for _, s := range page.Data {
					got = append(got, s.CampaignID)
				}
				equal(t, name+": total", *page.Total, len(strings.Fields(tc.want)))
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			equal(t, name, strings.Join(got, " "), tc.want)
		}
		for name, q := range map[string]fibonacco.ListQuery{
			"sorting everything that was ever sent": {Sort: []string{"-sent_at"}},
			"sorting by two statuses":               {Sort: []string{"sent_at"}, Filter: fibonacco.Filter{"status": "sent,bounced"}},
			"an unknown filter":                     {Filter: fibonacco.Filter{"subject": "x"}},
			"an unknown status":                     {Filter: fibonacco.Filter{"status": "lost"}},
		} {
			_, err := b.svc.QuerySends(t.Context(), q)
			equal(t, name, fibonacco.CodeOf(err), fibonacco.Invalid)
		}
	})
}

// Who is limited to one community sees the mails of the businesses that are there now.
func TestSendsStayWithinLimits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		smbs, towns := ledger(t, b)
		ctx := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Role: fibonacco.Viewer, Communities: []int64{towns[0]}})
		for name, filter := range map[string]fibonacco.Filter{
			"all": nil, "of another business": {"smb_id": fmt.Sprint(smbs[1])}, "of another community": {"community_id": fmt.Sprint(towns[1])},
			"to another address": {"email": "owner1@example.com"}, "by its id": {"id": "2"}, "of none of theirs": {"smb_id": "!" + fmt.Sprint(smbs[0])},
		} {
			page, err := b.svc.QuerySends(ctx, fibonacco.ListQuery{Filter: filter, Total: true})
			must(t, err)
			for _, s := range page.Data {
				equal(t, name+": whose", s.SMBID, smbs[0])
			}
			want := 0
			if name == "all" {
				want = 3
			}
			equal(t, name, len(page.Data), want)
			equal(t, name+": total", *page.Total, want)
		}
		for i, want := range []int{3, 0} {
			page, _, err := b.svc.ListSends(ctx, fibonacco.SendFilter{SMBID: smbs[i]}, 0, 10)
			must(t, err)
			equal(t, fmt.Sprintf("list of business %d", i), len(page), want)
		}
		_, err := b.svc.Explain(ctx, smbs[0], "2026-03-02")
		must(t, err)
		_, err = b.svc.Explain(ctx, smbs[1], "2026-03-02")
		equal(t, "explain another's", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

// A community that moves to another time zone: what is planned stays planned, nothing is planned
// twice, and the programme goes on with the days of the new zone.
func TestAChangedTimezoneRepeatsNothing(t *testing.T) {
	for zone, want := range map[string]string{
		"Pacific/Pago_Pago":  "HOOK-001 EDU-001 HOWTO-001", // eight hours back: 1 March again, where nothing is due any more
		"Pacific/Kiritimati": "HOOK-001 EDU-001 HOWTO-001", // 19 hours ahead: 3 March already
	} {
		t.Run(strings.ReplaceAll(zone, "/", " "), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
				clock.Set(time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)) // 3:30 in New York
				b := setup(t, d, clock)
				town := b.community("America/New_York")
				b.start(b.smbs(town, 1)...)
				planned := b.text(`SELECT CAST(scheduled_for AS text) FROM campaign_sends`)
				b.exec(`UPDATE communities SET timezone = $2 WHERE id = $1`, town, zone)
				equal(t, "what is planned leaves as planned", b.text(`SELECT CAST(scheduled_for AS text) FROM campaign_sends`), planned)

				local, err := fibonacco.LoadZone(zone)
				must(t, err)
				for range 5 * 24 { // five days, hour by hour
					_, err := b.svc.PlanCommunity(t.Context(), town, clock.Now().In(local).Format(time.DateOnly))
					must(t, err)
					clock.Advance(time.Hour)
				}
				var got []string
				must(t, d.View(t.Context(), func(tx *db.Tx) error {
					got, err = db.Select[string](t.Context(), tx, `SELECT campaign_id FROM campaign_sends ORDER BY id`)
					return err
				}))
				equal(t, "planned in all", strings.Join(got[:min(len(got), 3)], " "), want)
				slices.Sort(got)
				equal(t, "planned twice", len(got)-len(slices.Compact(got)), 0)
				equal(t, "missed", b.n(`SELECT COUNT(*) FROM skips`), 0)
			})
		})
	}
}
