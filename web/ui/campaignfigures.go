package ui

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// figuresData is what became of a campaign's mails.
type figuresData struct {
	ID       string
	Stats    fibonacco.CampaignStats
	Versions []choice
	Funnel   []funnelStep
	Other    []mailFigure // what is no step of the way
	Skipped  int
	Counted  string // when, if that is a while ago
}

// funnelStep is one step of the way from a plan to a yes.
type funnelStep struct {
	Name  string
	N     int
	Width string // of 100, of what was planned
	Of    string // "36.3% of those before"; "" for the first
	Sub   string
	Path  string // the mails themselves
}

type mailFigure struct {
	Name, Value, Sub string
	Path             string
}

func (u *ui) figuresTab(r *http.Request, _ frame, h campaignHead) (templ.Component, error) {
	version, _ := strconv.Atoi(r.URL.Query().Get("version"))
	if version < 0 || version > h.C.Version {
		version = 0
	}
	stats, err := u.Reporter.CampaignStats(r.Context(), h.C.ID, version)
	if err != nil {
		return nil, err
	}
	d := figuresData{ID: h.C.ID, Stats: *stats, Funnel: funnelOf(*stats), Other: otherFigures(*stats)}
	for _, s := range stats.Skips {
		d.Skipped += s.Count
	}
	if now := u.Clock.Now(); now.Sub(stats.CountedAt) >= time.Minute {
		d.Counted = ", counted " + changedAgo(stats.CountedAt, now)
	}
	q := url.Values{"tab": {"figures"}}
	d.Versions = append(d.Versions, choice{"All versions", pathWith(campaignPath(h.C.ID), q), version == 0})
	for v := h.C.Version; v >= 1 && v > h.C.Version-versionsShown; v-- {
		q.Set("version", strconv.Itoa(v))
		d.Versions = append(d.Versions, choice{fmt.Sprint("Version ", v), pathWith(campaignPath(h.C.ID), q), v == version})
	}
	return figuresTabView(d), nil
}

// versionsShown is of how many versions the figures can be had by a button.
const versionsShown = 8

// funnelOf is the way of a campaign's mails, step by step.
func funnelOf(s fibonacco.CampaignStats) []funnelStep {
	of := func(extra ...string) string {
		q := url.Values{"campaign_id": {s.CampaignID}}
		for i := 0; i+1 < len(extra); i += 2 {
			q.Set(extra[i], extra[i+1])
		}
		return pathWith("/sends", q)
	}
	steps := []funnelStep{
		{Name: "Planned", N: s.Planned, Path: of()},
		{Name: "Sent", N: s.Sent, Sub: "a mail server took it", Path: of("status", "sent,bounced,complained")},
		{Name: "Delivered", N: s.Delivered, Sub: "the receiving side said so; many never do"},
		{Name: "Opened", N: s.Opened, Sub: "by a person", Path: of("opened_at", "!null")},
		{Name: "Clicked", N: s.Clicked, Sub: "by a person", Path: of("clicked_at", "!null")},
		{Name: "Learned", N: s.Learnt, Sub: "came to the learning page by its link"},
		{Name: "Approved", N: s.Approved, Sub: "said yes", Path: "/approvals"},
	}
	for i := range steps {
		steps[i].Width = f(rate(steps[i].N, s.Planned))
		switch i {
		case 0:
		case 1:
			steps[i].Of = percent(rate(steps[i].N, s.Planned)) + " of those planned"
		default:
			steps[i].Of = percent(rate(steps[i].N, s.Sent)) + " of those sent"
		}
	}
	return steps
}

func otherFigures(s fibonacco.CampaignStats) (all []mailFigure) {
	add := func(name string, n int, sub, status string) {
		path := ""
		if n > 0 && status != "" {
			path = pathWith("/sends", url.Values{"campaign_id": {s.CampaignID}, "status": {status}})
		}
		all = append(all, mailFigure{name, number(n), sub, path})
	}
	add("Waiting to leave", s.Queued, "", "queued,sending")
	add("Bounced for good", s.Bounced, percent(s.BounceRate)+" of those sent", "bounced")
	add("Reported as spam", s.Complained, fmt.Sprintf("%.2f%% of those sent", s.ComplaintRate), "complained")
	add("Unsubscribed", s.Unsubscribed, fmt.Sprintf("%.2f%% of those sent", s.UnsubscribeRate), "")
	add("Refused", s.Failed, "", "failed")
	if s.Unknown > 0 {
		add("Unknown", s.Unknown, "settle them", "unknown")
	}
	return all
}

// subjectsData is the test of a campaign's subjects.
type subjectsData struct {
	ID      string
	Version int
	May     bool
	Limited bool
	Active  bool
	Arms    []subjectArm
	Test    *fibonacco.SubjectTest
	Winner  int // -1 while there is none
	Said    string
	Badge   badge
	When    string
}

type subjectArm struct {
	fibonacco.SubjectStats
	Letter  string
	Rate    float64
	Width   string
	Winner  bool
	Waiting int // mails that are still missing before anything is said
}

func (u *ui) subjectsTab(r *http.Request, _ frame, h campaignHead) (templ.Component, error) {
	stats, err := u.Reporter.CampaignStats(r.Context(), h.C.ID, h.C.Version)
	if err != nil {
		return nil, err
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return nil, err
	}
	d := subjectsData{ID: h.C.ID, Version: h.C.Version, May: h.May, Limited: fibonacco.ScopeOf(r.Context()) != nil, Active: h.C.IsActive, Winner: -1, Test: stats.Test}
	if stats.Winner != nil {
		d.Winner = *stats.Winner
	}
	top := 0.0
	for _, s := range stats.Subjects {
		top = max(top, rate(s.Reacted, s.Sent))
	}
	for _, s := range stats.Subjects {
		arm := subjectArm{SubjectStats: s, Letter: variantLetter(s.Variant), Rate: rate(s.Reacted, s.Sent), Winner: s.Variant == d.Winner, Width: "0"}
		if top > 0 {
			arm.Width = f(100 * arm.Rate / top)
		}
		if d.Test != nil {
			arm.Waiting = max(d.Test.MinSends-s.Sent, 0)
		}
		d.Arms = append(d.Arms, arm)
	}
	if d.Test != nil && d.Test.DecidedAt != nil {
		d.When = moment(u.local(t, *d.Test.DecidedAt), u.local(t, time.Time{}))
	}
	d.Badge, d.Said = d.standing()
	return subjectsTabView(d), nil
}

// standing says in a sentence how the test stands.
func (d subjectsData) standing() (badge, string) {
	if d.Test == nil {
		return badge{}, ""
	}
	waiting := 0
	for _, a := range d.Arms {
		waiting = max(waiting, a.Waiting)
	}
	reacted := map[string]string{"clicks": "clicked"}[d.Test.Metric]
	if reacted == "" {
		reacted = "opened"
	}
	switch {
	case d.Winner >= 0 && d.Test.DecidedBy != "":
		return badge{"ink", "Chosen by hand"}, fmt.Sprintf("%s chose subject %s on %s. Every mail that is planned gets it.", d.Test.DecidedBy, variantLetter(d.Winner), d.When)
	case d.Winner >= 0:
		return badge{"leaf", "Decided"}, fmt.Sprintf("Subject %s was %s more often, and not by chance. Every mail that has been planned since %s gets it.", variantLetter(d.Winner), reacted, d.When)
	case waiting > 0:
		return badge{"open", "Gathering"}, fmt.Sprintf("Each subject needs %s that are a day old before anything is said. The last one lacks %s.", plural(d.Test.MinSends, "mail", "mails"), number(waiting))
	}
	return badge{"ink", "Running"}, fmt.Sprintf("Subject %s is ahead. If all were alike, such a lead would come up by chance in %s of tests; the test ends by itself at %s.",
		variantLetter(d.Test.Leader), chanceWord(d.Test.Chance), chanceWord(d.Test.Threshold))
}

func chanceWord(p float64) string {
	if p < 0.001 {
		return "less than 0.1%"
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", 100*p), ".0") + "%"
}

func (u *ui) chooseSubject(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	c, err := u.Mailing.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return sentenceError(err)
	}
	version, done := c.Version, "reopened"
	var variant *int
	if text := r.PostFormValue("variant"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fibonacco.Errorf(fibonacco.Invalid, "Choose one of the subjects.")
		}
		variant, done = &n, "chosen"
		if version, err = strconv.Atoi(r.PostFormValue("version")); err != nil {
			return fibonacco.Errorf(fibonacco.Malformed, "The form did not arrive whole. Go back and try again.")
		}
	}
	_, err = u.Editor.ChooseSubject(r.Context(), c.ID, version, variant, visitor(r.Context()))
	return u.redone(w, r, campaignPath(c.ID)+"?tab=subjects", done, sentenceError(err))
}

// testForm sends a mail to oneself.
type testForm struct {
	Who     mailView
	To      string
	Problem *fibonacco.Error
}

func (u *ui) testTab(r *http.Request, _ frame, h campaignHead) (templ.Component, error) {
	v, err := u.mailView(r, h.C.ID)
	return testTabView(testForm{Who: v}), err
}

func (u *ui) testSend(w http.ResponseWriter, r *http.Request) error {
	fr := u.frame(r, r.PathValue("id"), "/programme")
	h, err := u.campaignHead(r, fr)
	if err != nil {
		return err
	}
	smb, err := idOf(r.PostFormValue("smb"))
	if err != nil {
		return fibonacco.Errorf(fibonacco.Invalid, "Choose a business first: the mail is written for it.")
	}
	to := strings.TrimSpace(r.PostFormValue("to"))
	back := fmt.Sprintf("%s?tab=test&smb=%d", campaignPath(h.C.ID), smb)
	err = u.Previewer.TestSend(r.Context(), h.C.ID, 0, smb, to, visitor(r.Context()))
	known, err := shownError(err)
	if err != nil || known == nil {
		return u.redone(w, r, back, "tested", sentenceError(err))
	}
	form := testForm{To: to, Problem: known}
	if form.Who, err = u.mailView(r, h.C.ID); err != nil {
		return err
	}
	form.Who.query = url.Values{"tab": {"test"}}
	if form.Who.SMB, err = u.sampleBusiness(r.Context(), strconv.FormatInt(smb, 10)); err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if known.Code == fibonacco.TooMany {
		status = http.StatusTooManyRequests
	}
	h.Tab = "test"
	for i := range h.Tabs {
		h.Tabs[i].On = h.Tabs[i].Text == "Test-send"
	}
	u.show(w, r, status, campaignPage(fr, h, testTabView(form)))
	return nil
}
