package voicemail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func rule(t *testing.T, p *fibonacco.VoicemailPermission, name string) fibonacco.VoicemailRule {
	t.Helper()
	for _, r := range p.Rules {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("there is no rule %q among %+v", name, p.Rules)
	return fibonacco.VoicemailRule{}
}

func TestCheck(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smbIn(w.town, "+13055550142", 3)
		p, err := w.svc.CheckVoicemail(t.Context(), smb, nil)
		must(t, err)
		equal(t, "allowed", p.Allowed, true)
		equal(t, "next", p.Next.Format(time.RFC3339), "2026-03-03T15:00:00Z")
		florida := rule(t, p, "hours of FL in America/New_York")
		if !strings.Contains(florida.Because, "08:00–20:00") || !strings.Contains(florida.Source, "Fla. Stat.") {
			t.Errorf("Florida: %+v", florida)
		}
		equal(t, "limit", rule(t, p, "limit of tier 3").Because, "0 of 1 in 2026-03")

		w.drop(smb)
		p, err = w.svc.CheckVoicemail(t.Context(), smb, nil)
		must(t, err)
		equal(t, "used up", p.Reason, fibonacco.MonthlyLimit)
		equal(t, "limit", rule(t, p, "limit of tier 3").Because, "1 of 1 in 2026-03")

		w.consents = map[int64]bool{}
		sunday := time.Date(2026, 4, 5, 22, 0, 0, 0, time.UTC)
		p, err = w.svc.CheckVoicemail(t.Context(), smb, &sunday)
		must(t, err)
		equal(t, "the first that refuses", p.Reason, fibonacco.NoConsent)
		equal(t, "another month", rule(t, p, "limit of tier 3").Allowed, true)
		equal(t, "on a Sunday", rule(t, p, "company hours in America/New_York").Allowed, false)
		equal(t, "Florida's hours", rule(t, p, "hours of FL in America/New_York").Allowed, true)
		_, err = w.svc.CheckVoicemail(t.Context(), 999_999, nil)
		equal(t, "unknown", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}

// What check says of the hours is what the sender keeps to.
func TestCheckAgrees(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		company := law.Company{Hours: law.Span{From: 600, Until: 1080}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}
		zone, err := time.LoadLocation("America/Chicago")
		must(t, err)
		town := w.community("LA", "America/Chicago")
		smb := w.smbIn(town, "+18505550142", 1)
		party := law.NewParty(zone, law.AreaOf("+18505550142"), "LA")
		for at := time.Date(2026, 2, 13, 12, 0, 0, 0, time.UTC); at.Before(time.Date(2026, 2, 20, 0, 0, 0, 0, time.UTC)); at = at.Add(47 * time.Minute) {
			p, err := w.svc.CheckVoicemail(t.Context(), smb, &at)
			must(t, err)
			equal(t, at.String(), p.Allowed, party.Allowed(company, at))
		}
	})
}

func TestExplain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(142))
		w.drop(smb)
		skipped := w.smb("")
		w.send(skipped, "HOOK-001", 25*time.Hour)
		must(t, w.svc.Consider(t.Context(), clock.Now()))
		lines, err := w.svc.ExplainVoicemail(t.Context(), smb, "2026-03-03")
		must(t, err)
		if len(lines) != 1 || lines[0].Sentence != "A voicemail about HOOK-001 is planned for 3 March, 10:00 EST." {
			t.Errorf("planned: %+v", lines)
		}
		lines, err = w.svc.ExplainVoicemail(t.Context(), skipped, "2026-03-02")
		must(t, err)
		if len(lines) != 1 || lines[0].Reason != fibonacco.NoPhone || !strings.Contains(lines[0].Sentence, "no telephone number on file") {
			t.Errorf("skipped: %+v", lines)
		}
		lines, err = w.svc.ExplainVoicemail(t.Context(), skipped, "2026-03-01")
		must(t, err)
		equal(t, "another day", len(lines), 0)
		_, err = w.svc.ExplainVoicemail(t.Context(), smb, "yesterday")
		equal(t, "no day", fibonacco.CodeOf(err), fibonacco.Invalid)
		_, err = w.svc.ExplainVoicemail(t.Context(), 999_999, "2026-03-01")
		equal(t, "nobody", fibonacco.CodeOf(err), fibonacco.NotFound)
	})
}
