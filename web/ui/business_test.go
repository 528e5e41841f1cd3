package ui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

func TestBusinessGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator)
	s.get("/businesses/2").wants(t, http.StatusOK, "Start programme")
	if a := s.do("POST", "/businesses/2/start", nil); a.Header.Get("Location") != "/businesses/2?done=started" {
		t.Fatalf("start: %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	s.get("/businesses/2?done=started").wants(t, http.StatusOK, "Programme started for", "Pause…")
	s.do("POST", "/businesses/2/start", nil).wants(t, http.StatusConflict, "started before")
	if a := s.do("POST", "/businesses/2/pause", url.Values{"reason": {"New chairs"}}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("pause: %d", a.StatusCode)
	}
	if s.smbs[1].PauseReason != "New chairs" {
		t.Error("the reason is lost")
	}
	s.get("/businesses/2?done=paused").wants(t, http.StatusOK, "Undo", "/businesses/2/resume", "“New chairs”.")
	if a := s.do("POST", "/businesses/2/resume", nil); a.StatusCode != http.StatusSeeOther || s.smbs[1].CampaignStatus != fibonacco.StatusActive {
		t.Errorf("resume: %d", a.StatusCode)
	}
}

// Every step of the strip says how far it got, and every one that did not go says why.
func TestProgrammeStrip(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	sent := monday.AddDate(0, 0, -2).Add(-4 * time.Hour)
	opened := sent.Add(time.Hour)
	s.sends = []fibonacco.CampaignSend{{ID: 1, SMBID: 1, CampaignID: "HOOK-001", Occurrence: 1, Status: fibonacco.SendSent, ScheduledFor: &sent, SentAt: &sent, OpenedAt: &opened}}
	s.skips["2026-11-16"] = fibonacco.ExplanationRow{
		CampaignID: "EDU-001", Outcome: "skipped", Reason: fibonacco.HealthPause, Sentence: "EDU-001 was not planned: sending was paused for health.",
	}
	s.get("/businesses/1").wants(
		t, http.StatusOK, "Active, day 3", "of 2 due",
		"Day 1, 15 Nov, HOOK-001 “Can people find you on the map?”: opened",
		"Day 2, 16 Nov, EDU-001 “How local search picks three names”: skipped: sending paused for health",
		"Day 4, 18 Nov, HOWTO-001 “Claim your listing”: planned",
		"EDU-001 was not planned: sending was paused for health.", "Explain this day",
	)
}

// A pause shifts what comes after it; the send before it stays on its day.
func TestProgrammeStripAfterAPause(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	b := &s.smbs[0]
	b.ManifestDestinyStartDate, b.PausedDays = "2026-11-10", 5 // day 3 today, as before
	sent := time.Date(2026, 11, 10, 15, 0, 0, 0, time.UTC)
	s.sends = []fibonacco.CampaignSend{{ID: 1, SMBID: 1, CampaignID: "HOOK-001", Occurrence: 1, Status: fibonacco.SendSent, SentAt: &sent}}
	s.get("/businesses/1").wants(t, http.StatusOK, "Day 1, 10 Nov, HOOK-001", "Day 4, 18 Nov, HOWTO-001")
}

func TestExplainADay(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.skips["2026-11-16"] = fibonacco.ExplanationRow{Outcome: "skipped", Reason: fibonacco.NotOptedIn, Sentence: "Nothing went, for a reason."}
	s.get("/businesses/1?date=2026-11-16").wants(t, http.StatusOK, "Nothing went, for a reason.", "Not opted in", "Monday, 16 November 2026 in New York")
	s.get("/businesses/1?date=yesterday").wants(t, http.StatusOK, "Give a day like 2026-11-17.")
}

func TestListOfBusinesses(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	for i := int64(5); i <= 60; i++ {
		s.smbs = append(s.smbs, business(i, 1, fmt.Sprintf("Shop %02d", i), fibonacco.StatusActive))
	}
	s.places[0].SMBs = 59
	a := s.get("/businesses")
	a.wants(t, http.StatusOK, "1 to 25 of 60")
	seen := map[string]bool{}
	for range 3 {
		for _, m := range regexp.MustCompile(`href="(/businesses/\d+)"`).FindAllStringSubmatch(a.body, -1) {
			if seen[m[1]] {
				t.Errorf("%s is on two pages", m[1])
			}
			seen[m[1]] = true
		}
		next := regexp.MustCompile(`href="([^"]+)" rel="next"`).FindStringSubmatch(a.body)
		if next == nil {
			break
		}
		a = s.get(strings.ReplaceAll(next[1], "&amp;", "&"))
	}
	if len(seen) != 60 {
		t.Errorf("%d businesses on all pages", len(seen))
	}
	a.wants(t, http.StatusOK, "51 to 60 of 60")
	back := regexp.MustCompile(`href="([^"]+)" rel="prev"`).FindStringSubmatch(a.body)
	s.get(strings.ReplaceAll(back[1], "&amp;", "&")).wants(t, http.StatusOK, "26 to 50 of 60")

	s.get("/businesses?status=paused").wants(t, http.StatusOK, "Blue Door Framing", "1 to 1 of 1", `Status <b>Paused</b>`)
	s.get("/businesses?q=kayak").wants(t, http.StatusOK, "Kayak Shed")
	s.get("/businesses?q=nobody").wants(t, http.StatusOK, "No business matches")
	s.smbs = nil
	s.get("/businesses?community=2").wants(t, http.StatusOK, "No businesses in Kailua Bay yet", "The programme starts only when you say so.")
	s.get("/businesses?after=x&trail=.,a&view=x&from=-1&sort=").wants(t, http.StatusOK, "No businesses yet")
}

func TestProgrammePages(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.get("/programme").wants(t, http.StatusOK, "3 campaigns over 90 days", "Can people find you on the map?", "Outside the 90 days")
	s.get("/programme/HOOK-001").wants(t, http.StatusOK, "day 1, week 1", "/learn/find-you", "Can people find {{ business_name }}?")
	s.campaigns = nil
	s.get("/programme").wants(t, http.StatusOK, "No campaigns yet")
}

const raw = "From: Sarah <sarah@example.org>\r\nTo: owner@example.org\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nPlain words\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\n<html><head></head><body><script>alert(1)</script><a href=\"https://x\">Go</a></body></html>\r\n--b--\r\n"

func TestMailbox(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.get("/mailbox").wants(t, http.StatusOK, "No mail yet")
	for id := int64(40); id >= 1; id-- {
		s.mails = append(s.mails, fibonacco.CaughtMail{ID: id, At: monday, From: "sarah@example.org", To: fmt.Sprintf("owner%d@example.org", id), Subject: "<b>Café</b>", Size: len(raw)})
		s.raw[id] = []byte(raw)
	}
	a := s.get("/mailbox")
	a.wants(t, http.StatusOK, "40 mails", "<b>Café</b>", "14:12", "times are New York time")
	if strings.Contains(a.body, "<b>Café</b>") {
		t.Error("a subject is not text")
	}
	older := regexp.MustCompile(`href="(/mailbox\?before=\d+)"`).FindStringSubmatch(a.body)
	s.get(older[1]).wants(t, http.StatusOK, "owner1@example.org", "Newest")
	s.get("/mailbox?q=owner7%40").wants(t, http.StatusOK, "1 mail")

	s.get("/mailbox/7").wants(t, http.StatusOK, "Café", "Plain words", `src="/mailbox/7/html"`, `sandbox="allow-popups allow-popups-to-escape-sandbox"`)
	shown := s.get("/mailbox/7/html")
	shown.wants(t, http.StatusOK, `<base target="_blank">`)
	csp := shown.Header.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "img-src 'self' data: https://mail.example.org;", "sandbox allow-popups"} {
		if !strings.Contains(csp, must) {
			t.Errorf("policy of a mail lacks %q: %s", must, csp)
		}
	}
	if strings.Contains(csp, "script-src") || strings.Contains(csp, "allow-scripts") || strings.Contains(csp, "allow-same-origin") {
		t.Errorf("a mail may run scripts: %s", csp)
	}
	if a := s.get("/mailbox/7/source"); a.body != raw || a.Header.Get("Content-Type") != "message/rfc822" {
		t.Errorf("source: %s", a.Header.Get("Content-Type"))
	}

	s.raw[8] = []byte("no mail at all")
	s.get("/mailbox/8").wants(t, http.StatusOK, "no mail at all")
	if a := serve(t, fibonacco.Admin, func(d *ui.Deps) { d.Mailbox = nil }).get("/mailbox"); a.StatusCode != http.StatusNotFound || strings.Contains(a.body, `href="/mailbox"`) {
		t.Errorf("there is no catcher, and yet a mailbox: %d", a.StatusCode)
	}
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.get("/find?q=mari").wants(t, http.StatusOK, "Marisol Hair Studio", "Port Avery", "<html")
	a := s.do("GET", "/find?q=hook", nil, "HX-Request", "true")
	a.wants(t, http.StatusOK, "/programme/HOOK-001")
	if strings.Contains(a.body, "<html") {
		t.Error("the dialog gets a whole page")
	}
	s.get("/find?q=zzz").wants(t, http.StatusOK, "Nothing found for “zzz”")
}
