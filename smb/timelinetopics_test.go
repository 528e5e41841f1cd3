package smb_test

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

// What came to nothing, what machines did and what customers did is part of the history, too.
func TestTimelineTopics(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := bare(t, d)
		at := func(minutes int) time.Time { return clock.Now().Add(time.Duration(minutes) * time.Minute) }
		send := mail(t, d, b.ID, nil)
		for i, kind := range []string{"opened", "opened", "clicked"} {
			exec(t, d, `INSERT INTO email_events (campaign_send_id, event_type, event_at, verdict, rule) VALUES ($1, $2, $3, 'machine', 'apple_mpp')`, send, kind, at(i))
		}
		exec(t, d, `INSERT INTO email_events (campaign_send_id, event_type, event_at, verdict) VALUES ($1, 'opened', $2, 'human')`, send, at(1))
		exec(t, d, `
			INSERT INTO campaign_sends (uuid, smb_id, community_id, campaign_id, occurrence, email, status, skip_reason, created_at, updated_at)
			VALUES ('0193c2f0-0000-7000-8000-00000000aaaa', $1, $2, 'HOOK-001', 7, 'a@example.com', 'suppressed', 'do_not_contact', $3, $4)`, b.ID, b.CommunityID, at(0), at(5))
		exec(t, d, `
			INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at) VALUES ($1, $2, 'EDU-001', 2, '2026-03-02', 'health_pause', $3)`,
			b.ID, b.CommunityID, at(6))
		exec(t, d, `
			INSERT INTO consents (smb_id, channel, granted, wording, source, occurred_at, created_at) VALUES ($1, 'rvm', TRUE, 'Yes.', 'import', $2, $2)`, b.ID, at(7))
		happened(t, d, b.ID, "email.unsubscribed", `{}`, at(8))
		exec(t, d, `UPDATE analytics_events SET created_at = occurred_at`)
		exec(t, d, `
			INSERT INTO consents (smb_id, channel, granted, source, occurred_at, created_at) VALUES ($1, 'email', FALSE, 'unsubscribe link', $2, $2)`, b.ID, at(8))
		exec(t, d, `
			INSERT INTO bookings (uuid, smb_id, kind, minutes, starts_at, ends_at, state, name, email, email_key, cancelled_by, cancelled_at, created_at, updated_at)
			VALUES ('0193c2f0-0000-7000-8000-00000000bbbb', $1, 'Haircut', 30, $2, $2, 'cancelled', 'Ann Lee', 'ann@example.com', 'ann@example.com', 'customer', $4, $3, $4)`,
			b.ID, at(5000), at(9), at(10))
		exec(t, d, `
			INSERT INTO reviews (smb_id, form_key, name, stars, body, status, publish_at, created_at, updated_at) VALUES ($1, 'k', 'Ann', 4, 'Fine', 'waiting', $2, $2, $2)`,
			b.ID, at(11))
		happened(t, d, b.ID, "inbound_email.received", `{}`, at(12))
		happened(t, d, b.ID, "content.viewed", `{"content_slug":"find-you"}`, at(13))
		exec(t, d, `INSERT INTO content (slug, type, title) VALUES ('find-you', 'hook', 'Find you')`)

		page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Sort: []string{"at"}})
		must(t, err)
		var got []string
		seen := map[int64]bool{}
		for _, e := range page.Data {
			got = append(got, e.Topic+": "+e.Summary)
			if seen[e.ID] {
				t.Errorf("two entries are %d", e.ID)
			}
			seen[e.ID] = true
			if strings.Contains(fmt.Sprint(e.Summary, e.Details), "Ann") {
				t.Errorf("%s tells who a customer is", e.Summary)
			}
		}
		want := []string{
			"mail: A machine loaded HOOK-001 2 times: not counted as opened.", "mail: A machine followed links in HOOK-001: not counted.",
			"mail: HOOK-001 was not sent: do not contact.", "mail: EDU-001 was due and not planned: health pause.",
			"consent: A yes to voicemail came from import.", "consent: Unsubscribed from e-mail.",
			"services: A customer booked: Haircut.", "services: A booking was canceled by the customer: Haircut.", "services: A customer left a review: 4 stars of 5.",
			"replies: Wrote a mail.", "learning: Opened the learning page “Find you”.",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		machine := page.Data[0]
		if machine.Kind != "email.machine_opened" || machine.SendID == nil || *machine.SendID != send || machine.Details["reason"] != "apple_mpp" {
			t.Errorf("machine %+v", machine)
		}
		for topic, n := range map[string]int{"mail": 4, "consent": 2, "services": 3, "mail,learning": 5, "!mail": 7, "notes": 0} {
			page, err := s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"topic": topic}})
			must(t, err)
			equal(t, topic, len(page.Data), n)
		}
		_, err = s.Timeline(t.Context(), b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"topic": "gossip"}})
		code(t, "an unknown topic", err, fibonacco.Invalid)
	})
}
