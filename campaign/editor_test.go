package campaign_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// draftOf is a campaign that nothing is to be said about.
func draftOf(id string, day int) fibonacco.CampaignDraft {
	return fibonacco.CampaignDraft{
		ID: id, Type: fibonacco.Hook, Day: day, Title: "A page", Slug: strings.ToLower(id), Subject: "A page for {{ business_name }}",
		BodyMarkdown: `Hello {{ first_name | default: "there" }}, this is a mail with as many words as a mail needs to be a mail and not bait for anybody.`,
	}
}

func code(t testing.TB, what string, err error, want fibonacco.Code) {
	t.Helper()
	equal(t, what+": "+fmt.Sprint(err), fibonacco.CodeOf(err), want)
}

func TestEditingMakesVersions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		draft := draftOf("HOOK-900", 3)
		c, findings, err := b.svc.CreateCampaign(t.Context(), draft, "Ann")
		must(t, err)
		equal(t, "version", c.Version, 1)
		equal(t, "active", c.IsActive, false)
		equal(t, "findings", len(findings), 0)
		equal(t, "page", b.text(`SELECT title FROM content WHERE slug = 'hook-900'`), "A page")
		_, _, err = b.svc.CreateCampaign(t.Context(), draft, "Ann")
		code(t, "the same id", err, fibonacco.Conflict)

		draft.Subject, draft.Title = "Another subject", "Another page"
		c, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Bob")
		must(t, err)
		equal(t, "version", c.Version, 2)
		equal(t, "page", b.text(`SELECT title FROM content WHERE slug = 'hook-900'`), "Another page")
		c, _, err = b.svc.UpdateCampaign(t.Context(), 2, draft, "Bob")
		must(t, err)
		equal(t, "version of what says the same", c.Version, 2)
		_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Ann")
		code(t, "a version that is old", err, fibonacco.Conflict)
		draft.Slug = "elsewhere"
		_, _, err = b.svc.UpdateCampaign(t.Context(), 2, draft, "Ann")
		code(t, "another slug", err, fibonacco.Conflict)
		_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draftOf("HOOK-901", 3), "Ann")
		code(t, "an unknown campaign", err, fibonacco.NotFound)

		versions, err := b.svc.ListCampaignVersions(t.Context(), "HOOK-900")
		must(t, err)
		equal(t, "versions", fmt.Sprint(len(versions), versions[0].Subject, versions[0].CreatedBy, versions[1].Subject, versions[1].CreatedBy),
			"2Another subjectBobA page for {{ business_name }}Ann")
		_, err = b.svc.ListCampaignVersions(t.Context(), "HOOK-901")
		code(t, "versions of nothing", err, fibonacco.NotFound)
		_, err = b.svc.CampaignVersion(t.Context(), "HOOK-900", 3)
		code(t, "a version that is not there", err, fibonacco.NotFound)

		changed, err := b.svc.SetCampaignActive(t.Context(), "HOOK-900", true)
		must(t, err)
		equal(t, "changed", changed, true)
		changed, err = b.svc.SetCampaignActive(t.Context(), "HOOK-900", true)
		must(t, err)
		equal(t, "changed again", changed, false)
		day, err := b.svc.CampaignForDay(t.Context(), 3)
		must(t, err)
		equal(t, "day", day.ID, "HOOK-900")
		_, err = b.svc.SetCampaignActive(t.Context(), "HOOK-999", true)
		code(t, "activating nothing", err, fibonacco.NotFound)
		_, _, err = b.svc.CreateCampaign(t.Context(), draftOf("HOOK-902", 1), "Ann")
		must(t, err)
		_, err = b.svc.SetCampaignActive(t.Context(), "HOOK-902", true)
		code(t, "a day that is taken", err, fibonacco.Conflict)
	})
}

func TestLintOnSave(t *testing.T) {
	b := setup(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start)), fibonacco.NewFakeClock(dbtest.Start))
	cases := map[string]struct {
		change func(d *fibonacco.CampaignDraft)
		field  string
		says   string
		refuse bool
	}{
		"nothing":           {change: func(*fibonacco.CampaignDraft) {}},
		"no subject":        {func(d *fibonacco.CampaignDraft) { d.Subject = " " }, "subject", "missing", true},
		"no body":           {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown = "" }, "body_markdown", "missing", true},
		"unknown field":     {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown += "{{ nobody }}" }, "body_markdown", "unknown placeholder", true},
		"voicemail field":   {func(d *fibonacco.CampaignDraft) { d.Subject = "{{ opt_out_number }}" }, "subject", "voicemail only", true},
		"picture":           {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown += " ![](http://a.example/b.png)" }, "body_markdown", "picture", true},
		"day":               {func(d *fibonacco.CampaignDraft) { d.Day = 91 }, "day", "1 to 90", true},
		"service":           {func(d *fibonacco.CampaignDraft) { d.ServiceType = "listing_claim" }, "approval_button_text", "missing", true},
		"twice the subject": {func(d *fibonacco.CampaignDraft) { d.Subjects = []string{d.Subject} }, "subjects[0]", "of its own", true},
		"many subjects":     {func(d *fibonacco.CampaignDraft) { d.Subjects = []string{"a", "b", "c", "d", "e"} }, "subjects", "at most 4", true},
		"clipped by Gmail": {func(d *fibonacco.CampaignDraft) {
			d.BodyMarkdown = strings.Repeat("{{ business_name }} & co\n\n", 1000)
		}, "mail", "102 KB", true},
		"no fallback":     {func(d *fibonacco.CampaignDraft) { d.Subject = "Hello {{ first_name }}, a page" }, "subject", "has a hole", false},
		"spam phrase":     {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown += " Act now!" }, "body_markdown", "spam", false},
		"capitals":        {func(d *fibonacco.CampaignDraft) { d.Subject = "READ THIS TODAY" }, "subject", "capitals", false},
		"no answer":       {func(d *fibonacco.CampaignDraft) { d.Subject = "Re: your page" }, "subject", "law", false},
		"shortened link":  {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown += " [x](https://bit.ly/x)" }, "body_markdown", "hides", false},
		"plain link":      {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown += " [x](http://a.example/)" }, "body_markdown", "without encryption", false},
		"short":           {func(d *fibonacco.CampaignDraft) { d.BodyMarkdown = "Hello." }, "body_markdown", "bait", false},
		"a variant of it": {func(d *fibonacco.CampaignDraft) { d.Subjects = []string{"Hi {{ first_name }}, hm"} }, "subjects[0]", "has a hole", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			d := draftOf("HOOK-900", 3)
			tc.change(&d)
			found, refused := false, false
			findings := b.svc.LintCampaign(d)
			for _, f := range findings {
				found = found || f.Field == tc.field && strings.Contains(f.Message, tc.says)
				refused = refused || f.Severity == "error"
			}
			if refused != tc.refuse || found != (tc.field != "") || tc.field == "" && len(findings) > 0 {
				t.Errorf("got %+v", findings)
			}
			if tc.refuse {
				_, _, err := b.svc.CreateCampaign(t.Context(), d, "Ann")
				code(t, "create", err, fibonacco.Invalid)
			}
		})
	}
}

// What is planned goes out as it was planned, whatever is edited meanwhile.
func TestAPlannedSendKeepsItsVersion(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		ids := b.smbs(town, 2)
		b.start(ids[0])
		old, err := b.svc.CampaignForDay(t.Context(), 1)
		must(t, err)
		draft := fibonacco.CampaignDraft{
			ID: old.ID, Type: old.Type, Day: old.Day, Title: old.Title, Slug: old.Slug, Subject: "A new subject", BodyMarkdown: "A new text.",
		}
		_, _, err = b.svc.UpdateCampaign(t.Context(), old.Version, draft, "Ann")
		must(t, err)
		b.start(ids[1])
		// Another node, which has never seen the first version.
		b.svc = sibling(b)
		b.run()
		clock.Advance(2 * 60 * 60 * 1e9)
		eventually(t, "both are sent", func() bool { return b.mailer.count() == 2 })
		texts := map[string]string{}
		for _, m := range b.mailer.accepted {
			texts[m.To] = string(m.Message)
		}
		first, second := texts[fmt.Sprintf("owner%d-0@shop.example", town)], texts[fmt.Sprintf("owner%d-1@shop.example", town)]
		if !strings.Contains(first, "Hello =") || strings.Contains(first, "A new text") || !strings.Contains(first, "Subject: Business 0: day 1") {
			t.Errorf("the first says\n%s", first)
		}
		if !strings.Contains(second, "A new text.") || !strings.Contains(second, "Subject: A new subject") {
			t.Errorf("the second says\n%s", second)
		}
		sends, _, err := b.svc.ListSends(t.Context(), fibonacco.SendFilter{}, 0, 10)
		must(t, err)
		equal(t, "versions", fmt.Sprint(sends[0].Version, sends[1].Version), "2 1")
	})
}

func TestPreviewAndTestSend(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 1)
		draft := draftOf("HOOK-900", 3)
		_, _, err := b.svc.CreateCampaign(t.Context(), draft, "Ann")
		must(t, err)
		draft.Subject = "The second"
		_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Ann")
		must(t, err)

		for version, subject := range map[int]string{0: "The second", 1: "A page for Business 0", 2: "The second"} {
			p, err := b.svc.PreviewCampaign(t.Context(), "HOOK-900", version, ids[0])
			must(t, err)
			equal(t, "subject", p.Subject, subject)
			if !strings.Contains(p.HTML, "Hello there") || !strings.Contains(p.Text, "Hello there") || p.Size < 1000 ||
				!strings.Contains(p.Headers, "\nSubject: "+subject) || !strings.Contains(p.Headers, "List-Unsubscribe: <") {
				t.Errorf("preview is %+v", p)
			}
		}
		for what, try := range map[string]func() error{
			"campaign": func() error { _, err := b.svc.PreviewCampaign(t.Context(), "HOOK-999", 0, ids[0]); return err },
			"version":  func() error { _, err := b.svc.PreviewCampaign(t.Context(), "HOOK-900", 9, ids[0]); return err },
			"business": func() error { return b.svc.TestSend(t.Context(), "HOOK-900", 0, 999999, "ann@example.com", "Ann") },
		} {
			code(t, what, try(), fibonacco.NotFound)
		}
		code(t, "address", b.svc.TestSend(t.Context(), "HOOK-900", 0, ids[0], "ann", "Ann"), fibonacco.Invalid)

		b.run()
		must(t, b.svc.TestSend(t.Context(), "HOOK-900", 1, ids[0], "ann@example.com", "Ann"))
		eventually(t, "the test arrives", func() bool { return b.mailer.count() == 1 })
		m := b.mailer.accepted[0]
		if m.To != "ann@example.com" || !strings.Contains(string(m.Message), "Subject: [Test] A page for Business 0") {
			t.Errorf("got %s", m.Message)
		}
		equal(t, "sends", b.n(`SELECT COUNT(*) FROM campaign_sends`), 0)
		for range 29 {
			must(t, b.svc.TestSend(t.Context(), "HOOK-900", 1, ids[0], "ann@example.com", "Ann"))
		}
		code(t, "one more", b.svc.TestSend(t.Context(), "HOOK-900", 1, ids[0], "ann@example.com", "Ann"), fibonacco.TooMany)
	})
}

func TestStats(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		ids := b.smbs(b.community("America/New_York"), 8)
		b.start(ids...)
		set := func(i int, columns string) {
			b.exec(`UPDATE campaign_sends SET `+columns+` WHERE smb_id = $1`, ids[i])
		}
		set(0, `status = 'sent', sent_at = created_at, delivered_at = created_at, opened_at = created_at, clicked_at = created_at`)
		set(1, `status = 'sent', sent_at = created_at, delivered_at = created_at`)
		set(2, `status = 'bounced', sent_at = created_at, bounced_at = created_at`)
		set(3, `status = 'unknown', opened_at = created_at`) // nobody answered, and yet somebody read it
		set(4, `status = 'failed'`)
		set(5, `status = 'cancelled', skip_reason = 'paused', campaign_version = 7`)
		b.exec(`INSERT INTO email_events (campaign_send_id, event_type, event_at) SELECT id, 'unsubscribed', created_at FROM campaign_sends WHERE smb_id IN ($1...)`, ids[:1])
		got, err := b.svc.CampaignStats(t.Context(), "HOOK-001", 0)
		must(t, err)
		want := fibonacco.CampaignStats{
			CampaignID: "HOOK-001", Planned: 8, Queued: 2, Sent: 4, Delivered: 2, Opened: 2, Clicked: 1, Bounced: 1, Unsubscribed: 1,
			Failed: 1, Unknown: 1, Cancelled: 1, DeliveryRate: 50, OpenRate: 50, ClickRate: 25, BounceRate: 25, UnsubscribeRate: 25,
			Skips: []fibonacco.SkipCount{{Reason: fibonacco.Paused, Count: 1}}, CountedAt: got.CountedAt,
		}
		sameInAll(t, d, got)
		equal(t, "stats", fmt.Sprintf("%+v", *got), fmt.Sprintf("%+v", want))
		got, err = b.svc.CampaignStats(t.Context(), "HOOK-001", 7)
		must(t, err)
		equal(t, "of a version", fmt.Sprint(got.Planned, got.Cancelled, got.OpenRate), "1 1 0")
		_, err = b.svc.CampaignStats(t.Context(), "HOOK-999", 0)
		code(t, "nothing", err, fibonacco.NotFound)
	})
}

func TestChangesAreNoted(t *testing.T) {
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	b := setup(t, d, fibonacco.NewFakeClock(dbtest.Start))
	draft := draftOf("HOOK-900", 3)
	_, _, err := b.svc.CreateCampaign(t.Context(), draft, "Ann")
	must(t, err)
	_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Ann") // says the same
	must(t, err)
	draft.Subject = "Another one"
	_, _, err = b.svc.UpdateCampaign(t.Context(), 1, draft, "Ann")
	must(t, err)
	_, err = b.svc.SetCampaignActive(t.Context(), "HOOK-900", true)
	must(t, err)
	type entry struct{ Action, Before, After string }
	var noted []entry
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		noted, err = db.Select[entry](t.Context(), tx, `
			SELECT action, CAST(before AS text) AS before, CAST(after AS text) AS after FROM audit_log WHERE entity = 'campaign' AND entity_id = 'HOOK-900' ORDER BY id`)
		return err
	}))
	if len(noted) != 3 {
		t.Fatalf("noted %v", noted)
	}
	equal(t, "a new one was", noted[0].Before, "{}")
	equal(t, "edited", noted[1].After, `{"subject":"Another one","version":2}`)
	equal(t, "activated", fmt.Sprint(noted[2]), `{campaign.updated {"is_active":false} {"is_active":true}}`)
}

// Who is limited to communities previews, tests and counts there only.
func TestWritingWithinCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		smbs, towns := ledger(t, b)
		ctx := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ann", Role: fibonacco.Manager, Communities: towns[:1]})
		_, err := b.svc.PreviewCampaign(ctx, "HOOK-001", 0, smbs[0])
		must(t, err)
		_, err = b.svc.PreviewCampaign(ctx, "HOOK-001", 0, smbs[1])
		code(t, "a preview for a neighbour", err, fibonacco.NotFound)
		code(t, "a test for a neighbour", b.svc.TestSend(ctx, "HOOK-001", 0, smbs[1], "ann@example.com", "Ann"), fibonacco.NotFound)
		must(t, b.svc.TestSend(ctx, "HOOK-001", 0, smbs[0], "ann@example.com", "Ann"))
		equal(t, "tests on record", b.n(`SELECT COUNT(*) FROM audit_log WHERE action = 'campaign.test_sent' AND actor_name = 'Ann'`), 1)
		for id, want := range map[string]string{"HOOK-001": "1 1", "EDU-001": "0 1"} {
			mine, err := b.svc.CampaignStats(ctx, id, 0)
			must(t, err)
			all, err := b.svc.CampaignStats(t.Context(), id, 0)
			must(t, err)
			equal(t, "sent of "+id, fmt.Sprint(mine.Sent, all.Sent), want)
		}

		must(t, b.svc.SetHoliday(ctx, towns[0], "2026-07-03", "Fair"))
		must(t, b.svc.SetHoliday(ctx, towns[0], "2026-07-03", "Fair"))
		code(t, "a neighbour's holiday", b.svc.SetHoliday(ctx, towns[1], "2026-07-03", "Fair"), fibonacco.NotFound)
		_, err = b.svc.ListHolidays(ctx, towns[1])
		code(t, "a neighbour's holidays", err, fibonacco.NotFound)
		days, err := b.svc.ListHolidays(ctx, towns[0])
		must(t, err)
		equal(t, "holidays", fmt.Sprint(days), "[{2026-07-03 Fair}]")
		equal(t, "holidays on record", b.n(`SELECT COUNT(*) FROM audit_log WHERE action = 'community.holiday_set'`), 1)
	})
}
