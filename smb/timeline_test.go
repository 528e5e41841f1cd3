package smb_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// happened stores an event as publishing it does.
func happened(t testing.TB, d *db.DB, smb int64, kind, properties string, at time.Time) {
	t.Helper()
	exec(t, d, `
		INSERT INTO analytics_events (smb_id, event_type, event_category, properties, occurred_at) VALUES ($1, $2, 'crm', $3, $4)`, smb, kind, properties, at)
}

func noted(t testing.TB, d *db.DB, smb int64, action, after string, at time.Time) {
	t.Helper()
	exec(t, d, `
		INSERT INTO audit_log (at, actor_kind, actor_name, action, entity, entity_id, after) VALUES ($1, 'user', 'Ana Ruiz', $2, 'smb', $3, $4)`,
		at, action, fmt.Sprint(smb), after)
}

// bare is a business without any history, not even that it was added.
func bare(t testing.TB, d *db.DB) (s fibonacco.SMBRecords, b *fibonacco.SMB) {
	t.Helper()
	service, b := setup(t, d)
	exec(t, d, `DELETE FROM analytics_events`)
	exec(t, d, `DELETE FROM audit_log`)
	exec(t, d, `DELETE FROM consents`)
	return service, b
}

func sentencesOf(entries []fibonacco.TimelineEntry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Summary)
	}
	return all
}

func TestTimeline(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		send := mail(t, d, b.ID, nil)
		at := func(minutes int) time.Time { return clock.Now().Add(time.Duration(minutes) * time.Minute) }
		happened(t, d, b.ID, "smb.created", `{}`, at(0))
		happened(t, d, b.ID, "smb.updated", `{"fields":["city","state"]}`, at(1))
		noted(t, d, b.ID, "smb.updated", `{"city":"Brooklyn","state":"NY"}`, at(1))
		happened(t, d, b.ID, "smb.updated", `{"fields":["campaign_status"]}`, at(2)) // the product's own doing
		happened(t, d, b.ID, "campaign_send.queued", fmt.Sprintf(`{"campaign_send_id":%d,"campaign_id":"HOOK-001"}`, send), at(3))
		happened(t, d, b.ID, "email.delivered", fmt.Sprintf(`{"campaign_send_id":%d}`, send), at(4))
		happened(t, d, b.ID, "email.clicked", fmt.Sprintf(`{"campaign_send_id":%d,"campaign_id":"HOOK-001","link":"https://example.com/a_b"}`, send), at(5))
		happened(t, d, b.ID, "smb.tier_changed", `{"old_tier":4,"new_tier":3,"direction":"upgrade"}`, at(5))
		happened(t, d, b.ID, "something.new", `{}`, at(6))
		noted(t, d, b.ID, "smb.consent_recorded", `{"channel":"sms","granted":true}`, at(7))

		page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Total: true})
		must(t, err)
		want := []string{
			"Ana Ruiz wrote down a yes to text messages.", "Something new.", "Moved up from tier 4 to tier 3.", "Followed the link https://example.com/a_b in HOOK-001.",
			"HOOK-001 was delivered.", "HOOK-001 was planned.", "Changed campaign status.", "Ana Ruiz changed city and state.", "The business was added.",
		}
		if got := sentencesOf(page.Data); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		equal(t, "total", *page.Total, len(want))
		delivered, staff := page.Data[4], page.Data[7]
		if delivered.Kind != "email.delivered" || delivered.SendID == nil || *delivered.SendID != send || delivered.CampaignID != "HOOK-001" || !delivered.At.Equal(at(4)) {
			t.Errorf("delivered %+v", delivered)
		}
		if staff.Kind != "audit.smb.updated" || fmt.Sprint(staff.Details) != "map[actor:Ana Ruiz fields:[city state]]" {
			t.Errorf("staff %+v", staff)
		}
		for filter, n := range map[string]int{
			"kind=email.delivered,email.clicked": 2, "kind=!email.delivered": 8, "kind=audit.smb.updated": 1, "campaign_id=HOOK-001": 3, "campaign_id=null": 6,
			"at=" + at(3).Format(time.RFC3339) + ".." + at(5).Format(time.RFC3339): 4, "at=.." + at(0).Format(time.RFC3339): 1,
		} {
			name, condition, _ := strings.Cut(filter, "=")
			page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{name: condition}})
			must(t, err)
			equal(t, filter, len(page.Data), n)
		}
		_, err = s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"type": "x"}})
		code(t, "an unknown filter", err, fibonacco.Invalid)
		_, err = s.Timeline(t.Context(), b.ID+9, fibonacco.ListQuery{})
		code(t, "an unknown SMB", err, fibonacco.NotFound)
	})
}

// A voicemail is told from its plan to its end, and so is that there was none.
func TestTimelineOfVoicemails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		at := func(minutes int) time.Time { return clock.Now().Add(time.Duration(minutes) * time.Minute) }
		for i, status := range []string{"delivered", "failed", "cancelled"} {
			exec(t, d, `
				INSERT INTO rvm_drops (uuid, smb_id, campaign_id, phone, status, delivery_status, created_at, updated_at)
				VALUES ($1, $2, 'HOOK-001', '+17185550142', $3, $4, $5, $6)`,
				fmt.Sprintf("0193c2f0-0000-7000-8000-%012d", i), b.ID, status, []string{"delivered", `mailbox "full"`, "not_opted_in"}[i], at(i), at(10+i))
		}
		happened(t, d, b.ID, "rvm_drop.queued", `{"rvm_drop_id":1,"campaign_send_id":0}`, at(0))
		happened(t, d, b.ID, "rvm_drop.delivered", `{"rvm_drop_id":1}`, at(10))
		noted(t, d, b.ID, "smb.voicemail_triggered", `{"campaign_id":"HOOK-001"}`, at(0))
		send := mail(t, d, b.ID, nil)
		exec(t, d, `
			INSERT INTO voicemail_skips (campaign_send_id, smb_id, community_id, campaign_id, local_date, reason, created_at)
			VALUES ($1, $2, $3, 'HOOK-001', '2026-03-02', 'no_consent', $4)`, send, b.ID, b.CommunityID, at(20))
		page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{})
		must(t, err)
		want := []string{
			"No voicemail followed HOOK-001, which nobody had opened: no consent.", "A voicemail about HOOK-001 was planned and did not leave: not opted in.",
			`A voicemail about HOOK-001 did not arrive: mailbox "full".`, "A voicemail about HOOK-001 was delivered.",
			"Ana Ruiz asked for a voicemail.", "A voicemail about HOOK-001 was planned.",
		}
		if got := sentencesOf(page.Data); !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		none := page.Data[0]
		if none.Kind != "rvm_drop.skipped" || none.SendID == nil || *none.SendID != send || none.Details["reason"] != "no_consent" {
			t.Errorf("skipped %+v", none)
		}
		page, err = s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"kind": "rvm_drop.failed,rvm_drop.skipped", "campaign_id": "HOOK-001"}})
		must(t, err)
		equal(t, "those that came to nothing", len(page.Data), 2)
	})
}

// Whatever is added while somebody turns pages, what was there comes once each, in order.
func TestTimelinePages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		for i := range 20 { // four things a moment
			happened(t, d, b.ID, "email.opened", fmt.Sprintf(`{"n":%d}`, i), clock.Now().Add(time.Duration(i/4)*time.Minute))
			noted(t, d, b.ID, "smb.noted", `{}`, clock.Now().Add(time.Duration(i/4)*time.Minute))
		}
		for _, sort := range []string{"-at", "at"} {
			before, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Sort: []string{sort}, Size: 100})
			must(t, err)
			var got []fibonacco.TimelineEntry
			q := fibonacco.ListQuery{Sort: []string{sort}, Size: 7}
			for first := true; first || q.Cursor != ""; first = false {
				page, err := s.Timeline(t.Context(), b.ID, q)
				must(t, err)
				got, q.Cursor = append(got, page.Data...), page.Next
				if sort == "-at" {
					happened(t, d, b.ID, "email.opened", `{}`, clock.Now().Add(time.Hour))
				}
			}
			equal(t, sort+" entries", len(got), len(before.Data))
			if fmt.Sprint(got) != fmt.Sprint(before.Data) {
				t.Errorf("%s: pages differ from the whole", sort)
			}
			exec(t, d, `DELETE FROM analytics_events WHERE occurred_at = $1`, clock.Now().Add(time.Hour))
		}
	})
}

// Every event of event.go is told in words of its own.
func TestEveryEventHasASentence(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../event.go")
	must(t, err)
	found := regexp.MustCompile(`EventMeta\{Type: "([^"]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 25 {
		t.Fatalf("found %d events only", len(found))
	}
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	s, b := bare(t, d)
	for _, f := range found {
		happened(t, d, b.ID, f[1], `{}`, dbtest.Start)
	}
	page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Size: 100})
	must(t, err)
	equal(t, "entries", len(page.Data), len(found))
	for _, e := range page.Data {
		plain := strings.NewReplacer(".", " ", "_", " ").Replace(e.Kind) + "."
		if strings.EqualFold(e.Summary, plain) || !strings.HasSuffix(e.Summary, ".") || strings.Contains(e.Summary, "  ") {
			t.Errorf("%s is told as %q", e.Kind, e.Summary)
		}
	}
}

func TestScoreSeries(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		// Added on 20 February, 23:30 in New York, which is the 21st in Greenwich.
		exec(t, d, `UPDATE smbs SET created_at = $2 WHERE id = $1`, b.ID, time.Date(2026, 2, 21, 4, 30, 0, 0, time.UTC))
		for day, score := range map[string]int{"2026-02-22": 15, "2026-02-25": 55, "2026-02-26": 30} {
			exec(t, d, `INSERT INTO score_history (smb_id, day, score, tier) VALUES ($1, $2, $3, $4)`, b.ID, day, score, 4-score/20)
		}
		show := func(from, to string) string {
			t.Helper()
			series, err := s.ScoreSeries(t.Context(), b.ID, from, to)
			must(t, err)
			var all []string
			for _, day := range series {
				all = append(all, fmt.Sprintf("%s=%d/%d", day.Day[5:], day.Score, day.Tier))
			}
			return strings.Join(all, " ")
		}
		equal(t, "gaps are filled", show("2026-02-20", "2026-02-27"), "02-20=0/4 02-21=0/4 02-22=15/4 02-23=15/4 02-24=15/4 02-25=55/2 02-26=30/3 02-27=30/3")
		equal(t, "begins with the score before", show("2026-02-24", "2026-02-25"), "02-24=15/4 02-25=55/2")
		equal(t, "ends today", show("2026-03-01", "2026-03-09"), "03-01=30/3 03-02=30/3")
		equal(t, "30 days, since it was added", len(strings.Fields(show("", ""))), 11)
		equal(t, "before it was added", show("2026-01-01", "2026-02-19"), "")
		clock.Set(time.Date(2026, 3, 3, 4, 59, 0, 0, time.UTC)) // a minute to midnight
		equal(t, "today is local", show("2026-03-02", "2026-03-09"), "03-02=30/3")

		for ends, want := range map[string]string{
			"2026-02-30 2026-03-01": "from", "x y": "from to", "2026-03-02 2026-03-01": "from", "2025-01-01 2026-03-01": "from",
			" 2026-13-01": "to", "0000-01-01 0000-01-02": "from to",
		} {
			from, to, _ := strings.Cut(ends, " ")
			_, err := s.ScoreSeries(t.Context(), b.ID, from, to)
			equal(t, ends, strings.Join(fieldNames(err), " "), want)
		}
		_, err := s.ScoreSeries(t.Context(), b.ID+9, "", "")
		code(t, "an unknown SMB", err, fibonacco.NotFound)
	})
}

func TestListApprovals(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		for i := range 5 {
			approved(t, d, b.ID, []string{"pending", "provisioned"}[i%2], clock.Now().Add(-time.Duration(i)*time.Hour))
		}
		page, err := s.ListApprovals(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "pending"}, Sort: []string{"approved_at"}, Size: 2, Total: true})
		must(t, err)
		if len(page.Data) != 2 || *page.Total != 3 || page.Next == "" || !page.Data[0].ApprovedAt.Equal(clock.Now().Add(-4*time.Hour)) {
			t.Errorf("got %+v", page)
		}
		_, err = s.ListApprovals(t.Context(), b.ID+9, fibonacco.ListQuery{})
		code(t, "an unknown SMB", err, fibonacco.NotFound)
	})
}
