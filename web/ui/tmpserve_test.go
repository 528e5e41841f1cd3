package ui_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

func TestTmpServe(t *testing.T) {
	if os.Getenv("TMPSERVE") == "" {
		t.Skip()
	}
	w := newTown()
	r := rand.New(rand.NewPCG(1, 2))
	zones := []string{"America/New_York", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu"}
	w.places = nil
	w.overview.Communities = nil
	loc := func(n string) *time.Location { z, _ := time.LoadLocation(n); return z }
	for i, n := range []string{"Port Avery", "Millbrook", "Cedar Bluff", "Granger Falls", "Harbor Point", "Kailua Bay"} {
		w.places = append(w.places, fibonacco.CommunityCount{Community: fibonacco.Community{ID: int64(i + 1), Name: n, Timezone: zones[i]}, SMBs: 800 - i*60, Active: 500 - i*40})
		c := fibonacco.CommunityToday{ID: int64(i + 1), Name: n, Timezone: zones[i], LocalTime: monday.In(loc(zones[i])).Format("15:04"), Sent: 412 - i*40, Skipped: 31 - i*3, TopReason: fibonacco.NotOptedIn, Opened: 157 - i*15, Clicked: 20}
		h := monday.In(loc(zones[i])).Hour()
		for k := 10; k <= h; k++ {
			c.ByHour[k] = 60 - 10*(k-10)
		}
		next := time.Date(2026, 11, 18, 10, 0, 0, 0, loc(zones[i])).UTC()
		if i == 5 {
			c.Sent, c.Opened, c.Queued = 0, 0, 154
			c.ByHour = [24]int{}
			next = time.Date(2026, 11, 17, 10, 0, 0, 0, loc(zones[i])).UTC()
		}
		c.NextWaveAt = &next
		w.overview.Communities = append(w.overview.Communities, c)
	}
	for h, n := range []int{118, 164, 158, 141, 31} {
		w.overview.OpensByHour[10+h] = n
	}
	for h, n := range []int{104, 151, 139, 120, 92, 71, 58, 49, 55, 61} {
		w.overview.OpensBefore[10+h] = n
	}
	w.overview.Skips = []fibonacco.SkipCount{{Reason: fibonacco.NotOptedIn, Count: 56}, {Reason: fibonacco.Suppressed, Count: 21}, {Reason: fibonacco.NoAddress, Count: 13}, {Reason: fibonacco.Paused, Count: 8}, {Reason: fibonacco.Missed, Count: 2}}
	old := monday.Add(-2 * time.Hour)
	w.overview.Attention = []fibonacco.Attention{{Kind: "unknown_sends", Count: 3, OldestAt: &old}, {Kind: "failed_sends", Count: 4, OldestAt: &old}, {Kind: "failed_jobs", Count: 2}}
	names := []string{"Cooper’s Auto Care", "Old Mill Bicycles", "Hartwell Hardware", "The Lantern Room", "Vega Tax & Books", "Blue Door Framing", "Pine Street Dental", "Juniper Bakehouse", "Tran & Daughters Nails", "Ridgeline Roofing", "Mae’s Corner Diner", "Marisol Hair Studio"}
	kinds := []string{"Car repair", "Bicycle shop", "Hardware store", "Music bar", "Accountant", "Picture framer", "Dentist", "Bakery", "Nail salon", "Roofer", "Restaurant", "Hair salon"}
	w.overview.Feed = nil
	types := []string{"email.clicked", "email.opened", "email.opened", "smb.tier_changed", "email.bounced", "email.unsubscribed", "campaign_send.completed", "email.opened", "email.complained", "approval.submitted"}
	details := []string{"https://x", "", "", "4 to 3", "Permanent", "email", "failed", "", "", "listing_claim"}
	for i, ty := range types {
		w.overview.Feed = append(w.overview.Feed, fibonacco.FeedItem{ID: int64(100 - i), At: monday.Add(-time.Duration(i) * 21 * time.Second), Type: ty, SMBID: int64(i + 1), BusinessName: names[i], CampaignID: fmt.Sprintf("HOOK-%03d", 1+i%6), Detail: details[i]})
	}
	w.queues = []fibonacco.QueueState{{Name: "ai", Waiting: 46, Running: 3, Wait: 78 * time.Second, Workers: 5}, {Name: "ai-high"}, {Name: "default", Waiting: 5, Running: 1, Wait: 300 * time.Millisecond, Workers: 2, Done: 5321}, {Name: "email-high", Wait: 0}, {Name: "emails", Waiting: 14, Running: 6, Wait: 600 * time.Millisecond, Workers: 6, Done: 91234, Failed: 2}, {Name: "rvm"}}
	w.smbs = nil
	sts := []fibonacco.CampaignStatus{"active", "active", "active", "active", "paused", "completed", "pending"}
	for i := range 130 {
		s := business(int64(i+1), int64(1+i%6), names[i%12], sts[i%7])
		s.Category = kinds[i%12]
		s.EngagementScore = r.IntN(101)
		s.EngagementTier = map[bool]int{true: 1 + r.IntN(4), false: 4}[s.EngagementScore > 20]
		s.ManifestDestinyDay = 1 + r.IntN(90)
		s.ManifestDestinyStartDate = monday.AddDate(0, 0, 1-s.ManifestDestinyDay).Format(time.DateOnly)
		if s.CampaignStatus == "pending" {
			s.ManifestDestinyDay, s.ManifestDestinyStartDate = 0, ""
		}
		if s.CampaignStatus != "paused" {
			s.PausedOn = ""
		}
		at := monday.Add(-time.Duration(r.IntN(3000)) * time.Minute)
		if i%5 != 0 {
			s.LastEmailOpen = &at
		}
		s.PrimaryPhone, s.RVMOptedIn = "+15555550142", i%3 != 0
		s.EmailOptedIn = i%6 != 0
		s.PrimaryContactName, s.Address, s.City, s.State, s.ZIP, s.Source, s.DataQualityScore = "Marisol Vega", "18 Wharf Street", "Port Avery", "NY", "10001", "import", 85
		nx := monday.Add(20 * time.Hour)
		if s.CampaignStatus == "active" {
			s.NextScheduledSend, s.CurrentCampaignID = &nx, "EDU-006"
		}
		w.smbs = append(w.smbs, s)
	}
	m := &w.smbs[11]
	m.BusinessName, m.CommunityID, m.CampaignStatus, m.ManifestDestinyDay, m.ManifestDestinyStartDate, m.EngagementScore, m.EngagementTier, m.EmailOptedIn = "Marisol Hair Studio", 1, "active", 41, "2026-10-08", 78, 2, true
	m.PausedOn = ""
	w.campaigns = nil
	days := []int{1, 2, 4, 6}
	tp := []fibonacco.CampaignType{"HOOK", "EDU", "HOWTO", "HOWTO"}
	cnt := map[fibonacco.CampaignType]int{}
	titles := []string{"Can people find you on the map?", "How local search picks three names", "Claim your listing in ten minutes", "Five facts every listing needs", "What your last ten reviews say", "Why recent reviews beat old ones", "Ask for a review without begging", "Answer a bad review in four lines"}
	for wk := 1; wk <= 13; wk++ {
		for k, d := range days {
			cnt[tp[k]]++
			c := fibonacco.Campaign{ID: fmt.Sprintf("%s-%03d", tp[k], cnt[tp[k]]), Type: tp[k], Week: wk, Day: (wk-1)*7 + d, Title: titles[((wk-1)*4+k)%8], Subject: "Somebody wanted to book {{ business_name }} at 9 p.m.", Slug: "s", LandingPageSlug: "slug", IsActive: true, EmailTemplateID: "ab12cd34ef56aa", Preheader: "You were closed. Here is what a booking page would have done.", BodyMarkdown: "Hello {{ first_name | default: \"there\" }},\n\nIt is nine in the evening. Somebody in {{ community }} has just decided they need a {{ category }}. They find you, they like what they see, and they look for a way to book.\n\nIf there is none, most people do not write it down for tomorrow.", ServiceType: "appointment_booking", ApprovalButtonText: "Yes, set up my booking page", LearningButton: "See how it works"}
			w.campaigns = append(w.campaigns, c)
			if c.Day <= 41 {
				if r.IntN(9) == 0 {
					date := time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC).AddDate(0, 0, c.Day-1).Format(time.DateOnly)
					w.skips[date] = fibonacco.ExplanationRow{CampaignID: c.ID, Outcome: "skipped", Reason: fibonacco.HealthPause, Sentence: c.ID + " of programme day " + fmt.Sprint(c.Day) + " was not planned: sending was paused for health."}
					continue
				}
				at := time.Date(2026, 10, 8, 14, 0, 3, 0, time.UTC).AddDate(0, 0, c.Day-1)
				s := fibonacco.CampaignSend{ID: int64(c.Day), SMBID: 12, CampaignID: c.ID, Occurrence: 1, Subject: c.Title, ScheduledFor: &at, SentAt: &at, Status: "sent"}
				op := at.Add(3 * time.Hour)
				switch r.IntN(6) {
				case 0, 1:
					s.OpenedAt = &op
				case 2:
					s.OpenedAt, s.ClickedAt = &op, &op
				case 3:
					if c.Day == 15 {
						s.Status = "failed"
					}
				}
				if c.Day == 22 {
					s.Status, s.SentAt = "unknown", nil
				}
				if c.Day == 30 {
					s.Status, s.SentAt, s.SkipReason = "suppressed", nil, fibonacco.Suppressed
				}
				w.sends = append([]fibonacco.CampaignSend{s}, w.sends...)
			}
		}
	}
	w.campaigns = append(w.campaigns, fibonacco.Campaign{ID: "WELCOME-PREMIUM", Type: "INTRO", Title: "Welcome to Premium", Subject: "You are one of our most active readers", IsActive: true})
	html, _ := os.ReadFile("/work/shared/design/ui/email.html")
	raw := "From: Sarah at Port Avery Local <sarah@portavery.example>\r\nTo: marisol@marisolhair.example\r\nSubject: Somebody wanted to book Marisol Hair Studio at 9 p.m.\r\nDate: Tue, 17 Nov 2026 10:00:02 -0500\r\nMessage-ID: <01890000-0000-7000-8000-000000000001@portavery.example>\r\nList-Unsubscribe: <http://localhost/u/abc>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello Marisol,\r\n\r\nIt is nine in the evening.\r\n\r\n--b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + string(html) + "\r\n--b1--\r\n"
	for i := range 75 {
		id := int64(75 - i)
		w.mails = append(w.mails, fibonacco.CaughtMail{ID: id, At: monday.Add(-time.Duration(i) * 31 * time.Minute), From: "sarah@portavery.example", To: fmt.Sprintf("owner%d@example.org", id), Subject: titles[i%8], Size: len(raw)})
		w.raw[id] = []byte(raw)
	}
	mux := http.NewServeMux()
	d := deps(w)
	switch os.Getenv("TMPSERVE") {
	case "demo":
		d.Demo = &fibonacco.Principal{UserID: 1, Name: "Dana Whitfield", Role: fibonacco.Manager}
	case "login":
		d.ClockControl = nil
	}
	ui.Mount(mux, d)
	go func() {
		for range time.Tick(time.Second) {
			if os.Getenv("MOVE") != "" {
				w.change(func(o *fibonacco.Overview) { o.Today.Sent++; o.Today.Opened++; o.OpensByHour[14]++ })
			}
		}
	}()
	t.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}
