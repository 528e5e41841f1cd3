package campaign_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// The figures of all campaigns are those of the rows, and nobody is told of communities that are not theirs.
func TestFiguresOfAllCampaigns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		here, there := b.community("America/New_York"), b.community("America/Chicago")
		mine, theirs := b.smbs(here, 4), b.smbs(there, 2)
		b.start(append(mine, theirs...)...)
		b.run()
		first, err := b.svc.CampaignForDay(t.Context(), 1)
		must(t, err)
		b.exec(`UPDATE campaign_sends SET sent_at = $1, status = 'sent' WHERE campaign_id = $2`, dbtest.Start, first.ID)
		b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE smb_id IN ($2...) AND campaign_id = $3`, dbtest.Start, []int64{mine[0], theirs[0]}, first.ID)
		b.exec(`UPDATE campaign_sends SET clicked_at = $1 WHERE smb_id = $2 AND campaign_id = $3`, dbtest.Start, mine[0], first.ID)
		approve := func(smb int64, uuid, source, status string) {
			b.exec(`INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, source_type, source_id, status, approved_at)
				VALUES ($1, $2, $3, 'Ann', 'ann@example.com', 'email', $4, $5, $6)`, uuid, smb, "s-"+uuid, source, status, dbtest.Start)
		}
		approve(mine[0], "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e91", first.ID, "pending")
		approve(mine[0], "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e92", first.ID, "cancelled")
		approve(theirs[0], "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e93", "elsewhere", "pending")
		b.exec(`INSERT INTO content_views (smb_id, content_slug, started_at, source_campaign_id) VALUES ($1, 'x', $2, $3)`, mine[0], dbtest.Start, first.ID)
		b.exec(`INSERT INTO skips (smb_id, community_id, campaign_id, programme_day, local_date, reason, created_at) VALUES ($1, $2, $3, 1, '2026-03-02', 'missed', $4)`,
			mine[3], here, first.ID, dbtest.Start)

		all, err := b.svc.ListCampaignFigures(t.Context())
		must(t, err)
		equal(t, "all of it", fmt.Sprintf("%+v", all[1]), fmt.Sprintf("{CampaignID:%s Sent:6 Opened:2 Clicked:1 Approved:1 Today:6 Testing:false}", first.ID))
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Viewer, Communities: []int64{there}})
		few, err := b.svc.ListCampaignFigures(limited)
		must(t, err)
		equal(t, "of two", fmt.Sprintf("%+v", few[1]), fmt.Sprintf("{CampaignID:%s Sent:2 Opened:1 Clicked:0 Approved:0 Today:2 Testing:false}", first.ID))

		s, err := b.svc.CampaignStats(t.Context(), first.ID, 0)
		must(t, err)
		equal(t, "led to", fmt.Sprint(s.Learnt, s.Approved, s.Skips), "1 1 [{missed 1}]")
		equal(t, "what became of them", fmt.Sprint(s.Planned, s.Sent, s.Opened, s.Clicked, s.CountedAt.Equal(clock.Now())), "6 6 2 1 true")
		sameInAll(t, d, s)
		s, err = b.svc.CampaignStats(t.Context(), first.ID, 1)
		must(t, err)
		sameInAll(t, d, s)
		equal(t, "what was never planned is of no version", fmt.Sprint(s.Learnt, s.Approved, len(s.Skips)), "1 1 0")
		s, err = b.svc.CampaignStats(limited, first.ID, 0)
		must(t, err)
		equal(t, "led to, of two", fmt.Sprint(s.Learnt, s.Approved, len(s.Skips)), "0 0 0")
	})
}

// A subject that is chosen by hand is the one that is planned, until the choice is taken back.
func TestChoosingASubject(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		draft := draftOf("HOOK-900", 0)
		_, _, err := b.svc.CreateCampaign(t.Context(), draft, "Ann")
		must(t, err)
		one := 1
		_, err = b.svc.ChooseSubject(t.Context(), "HOOK-900", 1, &one, "Ann")
		code(t, "of one subject", err, fibonacco.Conflict)
		draft.Subjects = []string{"Another", "A third"}
		_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Ann")
		must(t, err)
		_, err = b.svc.ChooseSubject(t.Context(), "HOOK-900", 1, &one, "Ann")
		code(t, "of a version that is old", err, fibonacco.Conflict)
		_, err = b.svc.ChooseSubject(t.Context(), "HOOK-901", 1, &one, "Ann")
		code(t, "of nothing", err, fibonacco.NotFound)
		four := 4
		_, err = b.svc.ChooseSubject(t.Context(), "HOOK-900", 2, &four, "Ann")
		code(t, "a subject that it has not got", err, fibonacco.Invalid)

		s, err := b.svc.CampaignStats(t.Context(), "HOOK-900", 2)
		must(t, err)
		equal(t, "running", fmt.Sprint(s.Winner == nil, s.Test.MinSends, s.Test.Chance, s.Test.DecidedAt == nil, s.Test.DecidedBy), "true 100 1 true")
		for i, want := range []bool{true, false} {
			changed, err := b.svc.ChooseSubject(t.Context(), "HOOK-900", 2, &one, "Ann")
			must(t, err)
			equal(t, fmt.Sprint("changed ", i), changed, want)
		}
		s, err = b.svc.CampaignStats(t.Context(), "HOOK-900", 0)
		must(t, err)
		equal(t, "chosen", fmt.Sprint(*s.Winner, s.Test.DecidedBy, s.Test.DecidedAt.Equal(clock.Now())), "1Anntrue")
		must(t, b.svc.JudgeSubjects(t.Context()))

		town := b.community("America/New_York")
		id := b.smbs(town, 1)[0]
		send, err := b.svc.QueueSend(t.Context(), id, "HOOK-900", nil)
		must(t, err)
		equal(t, "what is planned", fmt.Sprint(send.Variant, send.Subject), "1Another")

		changed, err := b.svc.ChooseSubject(t.Context(), "HOOK-900", 2, nil, "Bob")
		must(t, err)
		equal(t, "taken back", changed, true)
		changed, err = b.svc.ChooseSubject(t.Context(), "HOOK-900", 2, nil, "Bob")
		must(t, err)
		equal(t, "taken back again", changed, false)
		clock.Advance(time.Hour)
		must(t, b.svc.JudgeSubjects(t.Context()))
		s, err = b.svc.CampaignStats(t.Context(), "HOOK-900", 2)
		must(t, err)
		equal(t, "running again", s.Winner == nil && s.Test.DecidedAt == nil, true)
		equal(t, "noted", b.n(`SELECT COUNT(*) FROM audit_log WHERE action = 'campaign.subject_chosen'`), 2)
	})
}

func TestPreviewOfADraft(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		id := b.smbs(town, 1)[0]
		draft := draftOf("HOOK-900", 0)
		draft.BodyMarkdown += " See [the list](https://lists.example/new)."
		p, err := b.svc.PreviewDraft(t.Context(), draft, id)
		must(t, err)
		name := b.text(`SELECT business_name FROM smbs WHERE id = ` + fmt.Sprint(id))
		equal(t, "for a business", p.Subject, "A page for "+name)
		p, err = b.svc.PreviewDraft(t.Context(), draft, 0)
		must(t, err)
		equal(t, "for anybody", p.Subject, "A page for Marisol")
		equal(t, "links stored", b.n(`SELECT COUNT(*) FROM campaign_links WHERE campaign_id = 'HOOK-900'`), 0)
		_, err = b.svc.PreviewDraft(t.Context(), draft, 999)
		code(t, "for nobody", err, fibonacco.NotFound)
		draft.BodyMarkdown = "{{ nobody }}"
		_, err = b.svc.PreviewDraft(t.Context(), draft, id)
		code(t, "of what is no mail", err, fibonacco.Invalid)
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Operator, Communities: []int64{town + 1}})
		_, err = b.svc.PreviewDraft(limited, draftOf("HOOK-900", 0), id)
		code(t, "for a business of others", err, fibonacco.NotFound)
	})
}

// sameInAll is that counting all campaigns at once gives the same figures of one.
func sameInAll(t *testing.T, d *db.DB, one *fibonacco.CampaignStats) {
	t.Helper()
	all, err := campaign.StatsOfAll(t.Context(), d, one.CampaignID, one.Version)
	must(t, err)
	figures := func(s *fibonacco.CampaignStats) string {
		return fmt.Sprint(s.Planned, s.Queued, s.Sent, s.Delivered, s.Opened, s.Clicked, s.Bounced, s.Complained, s.Unsubscribed, s.Failed, s.Unknown, s.Suppressed, s.Cancelled, s.Learnt, s.Approved)
	}
	equal(t, "among all", figures(all), figures(one))
}
