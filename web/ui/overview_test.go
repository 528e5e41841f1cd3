package ui_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

func TestOverviewSaysWhatIsSo(t *testing.T) {
	t.Parallel()
	soon := monday.Add(48 * time.Minute)
	cases := map[string]struct {
		change func(*fibonacco.Overview)
		texts  []string
	}{
		"a day in full swing": {func(o *fibonacco.Overview) {
			o.OpensByHour[10], o.OpensBefore[10], o.OpensByHour[14], o.OpensBefore[14] = 118, 104, 31, 92
			o.Total = fibonacco.DayFigures{Sent: 20000, Opened: 7260, Clicked: 1400}
		}, []string{
			"Tuesday, 17 November", "14:12 in New York. Today’s wave has left.", "36.3%", "1.5 pts", "from 34.9%", "8.5%", "from 1,552",
			"10:00 118 against 104, 14:00 so far 31 against 92 for the full hour.", "203 machine hits are left out", "38.1%",
			"sends with unknown result", "4,812 businesses", "Since the start 20,000 sent, 36.3% opened, 7.0% clicked", "opened EDU-003",
		}},
		"a wave to come": {func(o *fibonacco.Overview) {
			o.Communities = append(o.Communities, fibonacco.CommunityToday{ID: 2, Name: "Kailua Bay", Timezone: "Pacific/Honolulu", Queued: 154, NextWaveAt: &soon})
		}, []string{"One of two waves has left; Kailua Bay goes in 48 min.", "154 queued", "in 48 min", "none yet"}},
		"a quiet day": {func(o *fibonacco.Overview) {
			*o = fibonacco.Overview{
				Now: monday, Timezone: "America/New_York", Before: fibonacco.DayFigures{Sent: 368, Opened: 90},
				Communities: []fibonacco.CommunityToday{{ID: 1, Name: "Port Avery", Timezone: "America/New_York"}},
			}
		}, []string{
			"Nothing is due today so far.", "none yet, 368 last week", "Nothing waits for a person.", "Nothing has happened yet.",
			"Everything that was due has gone", "none planned",
		}},
		"nothing at all": {func(o *fibonacco.Overview) {
			*o = fibonacco.Overview{Now: monday, Timezone: "America/New_York"}
		}, []string{"There is no community yet.", "No communities yet", "none last week", "0 businesses"}},
		"approvals": {func(o *fibonacco.Overview) {
			o.Total.Approvals, o.Today.Approvals, o.Before.Approvals = 40, 9, 6
		}, []string{"Approvals", "from 6"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, fibonacco.Viewer)
			tc.change(&s.overview)
			s.get("/overview").wants(t, http.StatusOK, tc.texts...)
		})
	}
}

// Every reason has its word: staff never read a bare "skipped", nor a stored value.
func TestEveryReasonHasAWord(t *testing.T) {
	t.Parallel()
	words := map[fibonacco.SkipReason]string{
		fibonacco.NotOptedIn: "Not opted in", fibonacco.DoNotContact: "Do not contact", fibonacco.Suppressed: "Address suppressed",
		fibonacco.NoAddress: "No e-mail address", fibonacco.InvalidAddress: "Address not valid", fibonacco.NoPhone: "No phone number",
		fibonacco.NoConsent: "No written consent", fibonacco.Paused: "Paused", fibonacco.NotActive: "Not in the programme",
		fibonacco.MonthlyLimit: "Monthly limit reached", fibonacco.OutsideHours: "Outside calling hours", fibonacco.NoCampaign: "No campaign that day",
		fibonacco.Missed: "Day went by", fibonacco.Duplicate: "Already planned", fibonacco.Deleted: "Business deleted",
		fibonacco.HealthPause: "Sending paused for health", fibonacco.InvalidPhone: "Number takes no voicemail",
		fibonacco.AttemptLimit: "Number tried often enough", fibonacco.UnfitScript: "Voicemail script may not be spoken",
	}
	s := serve(t, fibonacco.Viewer)
	s.overview.Skips = nil
	var all []string
	for reason, word := range words {
		s.overview.Skips = append(s.overview.Skips, fibonacco.SkipCount{Reason: reason, Count: 1})
		all = append(all, "<td>"+word+"</td>")
	}
	s.get("/overview").wants(t, http.StatusOK, all...)
}

func TestFeedSpeaksInSentences(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.overview.Feed = nil
	var all []string
	for kind, words := range map[string][2]string{
		"email.clicked":           {"https://example.org", "clicked HOOK-002"},
		"email.unsubscribed":      {"email", "unsubscribed"},
		"email.bounced":           {"Permanent", "bounced for good, address suppressed"},
		"email.complained":        {"", "reported a mail as spam"},
		"campaign_send.completed": {"failed", "was refused for good"},
		"smb.tier_changed":        {"4 to 3", "moved up to Active"},
		"approval.submitted":      {"listing_claim", "said yes to a service"},
	} {
		s.overview.Feed = append(s.overview.Feed, fibonacco.FeedItem{Type: kind, Detail: words[0], SMBID: 1, BusinessName: "Shop", CampaignID: "HOOK-002", At: monday.Add(-26 * time.Hour)})
		all = append(all, words[1])
	}
	s.get("/overview").wants(t, http.StatusOK, append(all, "Mon 12:12")...)
}
