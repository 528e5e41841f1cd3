package ui_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// shelf is everything about writing campaigns over a town: HOOK-001 has two versions and two subjects,
// of which nothing is decided.
type shelf struct {
	fibonacco.CampaignMailing
	*town
}

func newShelf(w *town) *shelf { return &shelf{town: w} }

func (s *shelf) Campaign(_ context.Context, id string) (*fibonacco.Campaign, error) {
	for _, c := range s.campaigns {
		if c.ID == id {
			return &c, nil
		}
	}
	return nil, missing()
}

func (s *shelf) CreateCampaign(_ context.Context, d fibonacco.CampaignDraft, _ string) (*fibonacco.Campaign, []fibonacco.CampaignFinding, error) {
	if d.Subject == "" {
		return nil, nil, fibonacco.InvalidFields("the campaign cannot be saved", []fibonacco.FieldError{{Field: "subject", Reason: "is missing"}})
	}
	c := fibonacco.Campaign{ID: d.ID, Type: d.Type, Slug: d.Slug, Title: d.Title, Subject: d.Subject, Day: d.Day, Version: 1}
	s.campaigns = append(s.campaigns, c)
	return &c, nil, nil
}

func (s *shelf) UpdateCampaign(_ context.Context, version int, d fibonacco.CampaignDraft, by string) (*fibonacco.Campaign, []fibonacco.CampaignFinding, error) {
	for i := range s.campaigns {
		c := &s.campaigns[i]
		if c.ID != d.ID {
			continue
		}
		if d.Subject == "" {
			return nil, nil, fibonacco.InvalidFields("the campaign cannot be saved", []fibonacco.FieldError{{Field: "subject", Reason: "is missing"}})
		}
		if version != s.now2() {
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "%s is at version %d by now", d.ID, s.now2())
		}
		s.saved, c.Subject, c.BodyMarkdown, c.Day, c.Subjects = by, d.Subject, d.BodyMarkdown, d.Day, d.Subjects
		c.Version = version + 1
		return c, nil, nil
	}
	return nil, nil, missing()
}

// now2 is the version of HOOK-001 that is stored.
func (s *shelf) now2() int { return max(s.campaigns[0].Version, 2) }

func (s *shelf) SetCampaignActive(_ context.Context, id string, active bool) (bool, error) {
	for i := range s.campaigns {
		if s.campaigns[i].ID == id {
			changed := s.campaigns[i].IsActive != active
			s.campaigns[i].IsActive = active
			return changed, nil
		}
	}
	return false, missing()
}

func (s *shelf) ChooseSubject(_ context.Context, _ string, version int, variant *int, by string) (bool, error) {
	s.choice = fmt.Sprint("none by ", by)
	if variant != nil {
		s.choice = fmt.Sprintf("%d of version %d by %s", *variant, version, by)
	}
	return true, nil
}

func (s *shelf) CampaignVersion(ctx context.Context, id string, version int) (*fibonacco.CampaignVersion, error) {
	all, err := s.ListCampaignVersions(ctx, id)
	for _, v := range all {
		if v.Version == version {
			return &v, nil
		}
	}
	if err == nil {
		err = missing()
	}
	return nil, err
}

func (s *shelf) ListCampaignVersions(ctx context.Context, id string) ([]fibonacco.CampaignVersion, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	return []fibonacco.CampaignVersion{
		{CampaignID: id, Version: s.now2(), Subject: c.Subject, BodyMarkdown: c.BodyMarkdown, Day: c.Day, Title: c.Title, CreatedBy: "Sam Lee", CreatedAt: monday.Add(-3e11)},
		{CampaignID: id, Version: 1, Subject: "Were you found?", BodyMarkdown: c.BodyMarkdown, Day: c.Day, Title: c.Title, CreatedBy: "library", CreatedAt: monday.AddDate(0, -1, 0)},
	}, nil
}

func (s *shelf) LintCampaign(d fibonacco.CampaignDraft) (all []fibonacco.CampaignFinding) {
	if strings.Contains(d.Subject, "ACT NOW") {
		all = append(all, fibonacco.CampaignFinding{Field: "subject", Message: "is mostly in capitals", Severity: "warning"})
	}
	return all
}

func (s *shelf) PreviewCampaign(ctx context.Context, id string, version int, smbID int64) (*fibonacco.MailPreview, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	p, err := s.PreviewDraft(ctx, fibonacco.CampaignDraft{ID: id, Subject: c.Subject, BodyMarkdown: c.BodyMarkdown}, smbID)
	if p != nil {
		p.Version = version
	}
	return p, err
}

func (s *shelf) PreviewDraft(_ context.Context, d fibonacco.CampaignDraft, smbID int64) (*fibonacco.MailPreview, error) {
	if strings.Contains(d.BodyMarkdown, "{{ nobody") {
		return nil, fibonacco.InvalidFields("it cannot be mailed", []fibonacco.FieldError{{Field: "body_markdown", Reason: "has an unknown placeholder"}})
	}
	return &fibonacco.MailPreview{
		CampaignID: d.ID, Subject: d.Subject, Preheader: "In short", HTML: fmt.Sprintf("<html><body>For %d: %s</body></html>", smbID, d.BodyMarkdown), Text: "Plain: " + d.BodyMarkdown, Size: 5120,
	}, nil
}

func (s *shelf) TestSend(_ context.Context, id string, _ int, smbID int64, to, _ string) error {
	switch {
	case !fibonacco.ValidEmail(to):
		return fibonacco.InvalidFields("the test cannot be sent", []fibonacco.FieldError{{Field: "to", Reason: "is not an e-mail address"}})
	case to == "often@example.com":
		return fibonacco.Errorf(fibonacco.TooMany, "there were 30 test-sends in the last hour")
	}
	s.tested = fmt.Sprint(id, smbID, to)
	return nil
}

func (s *shelf) CampaignStats(ctx context.Context, id string, version int) (*fibonacco.CampaignStats, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	st := &fibonacco.CampaignStats{
		CampaignID: id, Version: version, Planned: 214, Sent: 205, Delivered: 203, Opened: 82, Clicked: 20, Learnt: 18, Approved: 4,
		Skips: []fibonacco.SkipCount{{Reason: fibonacco.NotOptedIn, Count: 9}},
	}
	if len(c.Subjects) > 0 {
		st.Subjects = []fibonacco.SubjectStats{{Subject: c.Subject, Sent: 102, Reacted: 47}, {Variant: 1, Subject: c.Subjects[0], Sent: 103, Reacted: 35}}
		st.Test = &fibonacco.SubjectTest{Metric: "opens", MinSends: 100, Chance: 0.31, Threshold: 0.05}
	}
	return st, nil
}

func (s *shelf) ListCampaignFigures(context.Context) (all []fibonacco.CampaignFigures, err error) {
	for i, c := range s.campaigns {
		all = append(all, fibonacco.CampaignFigures{CampaignID: c.ID, Sent: 200 / (i + 1), Opened: 82 / (i + 1), Clicked: 20 / (i + 1), Approved: 4, Today: 3 * (1 - min(i, 1)), Testing: len(c.Subjects) > 0})
	}
	return all, nil
}

func (s *shelf) ImportLibrary(_ context.Context, files fs.FS, dry bool) (*fibonacco.LibraryReport, error) {
	names, err := fs.Glob(files, "*.md")
	r := &fibonacco.LibraryReport{Campaigns: len(names), DryRun: dry}
	if slices.Contains(names, "bad.md") {
		r.Errors = 1
		r.Problems = []fibonacco.LibraryFinding{{File: "bad.md", Line: 4, Field: "subject", Message: "is missing", Severity: "error"}}
	} else if !dry {
		r.Changed = len(names)
	}
	return r, err
}

func (s *shelf) ListHolidays(context.Context, int64) ([]fibonacco.Holiday, error) {
	return []fibonacco.Holiday{{Day: "2026-01-02", Name: "Long ago"}, {Day: "2026-11-27", Name: "Founders Day"}}, nil
}

func (s *shelf) SetHoliday(_ context.Context, id int64, day, name string) error {
	s.dayOff = fmt.Sprint(id, day, name)
	return nil
}

func TestCalendar(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	s.campaigns[0].Subjects = []string{"Another"}
	a := s.get("/programme")
	a.wants(t, http.StatusOK, "3 businesses are on one of them today", "200 sent, 41.0% opened, 10.0% clicked, 4 said yes; 3 businesses are on this day today; subjects under test",
		"A full bar is 50% opened", "Founders Day", "Fri 27 Nov 2026", "Import a library")
	if strings.Contains(a.body, "Long ago") {
		t.Error("a day that is over is shown")
	}
	s.get("/programme?show=clicked").wants(t, http.StatusOK, "A full bar is 10% clicked")
	a = s.get("/programme?type=EDU&show=clicked")
	a.wants(t, http.StatusOK, "How local search picks three names", "/programme?show=clicked&type=HOOK")
	if strings.Contains(a.body, "Claim your listing") {
		t.Error("the filter lets another type through")
	}
	s.get("/programme?type=CONV").wants(t, http.StatusOK, "Nothing matches")
	s.campaigns[1].Subject = "ACT NOW"
	s.get("/programme?check=1").wants(t, http.StatusOK, "1 campaign has something to look at")
	s.do("POST", "/programme/holidays", url.Values{"town": {"1"}, "day": {"2026-12-01"}}).wants(t, http.StatusUnprocessableEntity, "Give the day a name")
	if a := s.do("POST", "/programme/holidays", url.Values{"town": {"1"}, "day": {"2026-12-01"}, "name": {"Fair"}}); a.StatusCode != http.StatusSeeOther || s.dayOff != "12026-12-01Fair" {
		t.Errorf("%d, %q", a.StatusCode, s.dayOff)
	}
	if s.do("POST", "/programme/holidays", url.Values{"town": {"1"}, "day": {"2026-12-01"}, "name": {"Fair"}, "do": {"free"}}); s.dayOff != "12026-12-01" {
		t.Errorf("still off: %q", s.dayOff)
	}
}

func TestCampaignTabs(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	s.get("/programme/HOOK-001").wants(t, http.StatusOK, "Can people find you on the map?", "Marisol Hair Studio", "/programme/HOOK-001/mail?smb=1", "EDU-001", "tab=edit", "5 KB")
	s.get("/programme/HOOK-001?view=text&smb=4").wants(t, http.StatusOK, "Plain: Hello {{ first_name }}", "Kayak Shed", "Kailua Bay")
	s.get("/programme/HOOK-001?q=kayak&view=phone").wants(t, http.StatusOK, "/programme/HOOK-001?smb=4&view=phone")
	s.get("/programme/HOOK-001?smb=0").wants(t, http.StatusOK, "a business hardly known")
	s.get("/programme/HOOK-001?smb=99").wants(t, http.StatusNotFound, "There is no business with this number")
	mail := s.get("/programme/HOOK-001/mail?smb=4")
	mail.wants(t, http.StatusOK, "For 4: Hello")
	if csp := mail.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") {
		t.Errorf("the mail may do too much: %s", csp)
	}
	s.get("/programme/HOOK-001?tab=versions").wants(t, http.StatusOK, "Version 2", "Sam Lee", "a library", "Restore")
	s.get("/programme/HOOK-001?tab=versions&from=1&to=2").wants(t, http.StatusOK, "From version 1 to version 2", "<del>Were</del>", "<ins>Can</ins>")
	s.get("/programme/HOOK-001?tab=figures").wants(t, http.StatusOK, "214", "95.8% of those planned", "8.8% of those sent", "Not opted in", "/sends?campaign_id=HOOK-001&skip_reason=not_opted_in")
	s.get("/programme/HOOK-001?tab=subjects").wants(t, http.StatusOK, "One subject only")
	s.campaigns[0].Subjects = []string{"Another"}
	s.get("/programme/HOOK-001?tab=subjects").wants(t, http.StatusOK, "Subject A is ahead", "31% of tests", "Choose")
	s.do("POST", "/programme/HOOK-001/subject", url.Values{"variant": {"1"}, "version": {"2"}})
	if s.choice != "1 of version 2 by Dana Whitfield" {
		t.Error(s.choice)
	}
	s.get("/programme/HOOK-001?tab=subjects&done=chosen").wants(t, http.StatusOK, `action="/programme/HOOK-001/subject"`, "Undo")
	if s.do("POST", "/programme/HOOK-001/subject", nil); s.choice != "none by Dana Whitfield" {
		t.Error(s.choice)
	}
	if s.do("POST", "/programme/HOOK-001/active?on=0", nil); s.campaigns[0].IsActive {
		t.Error("still on")
	}
	if a := s.get("/programme/HOOK-001?tab=poem"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a tab that is none: %d", a.StatusCode)
	}
	if a := serve(t, fibonacco.Viewer).get("/programme/HOOK-001?tab=edit"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a viewer's editor: %d", a.StatusCode)
	}
	serve(t, fibonacco.Operator).get("/programme/HOOK-001?tab=edit").wants(t, http.StatusOK, "Saving takes a manager")
}

func TestWritingACampaign(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	form := url.Values{"version": {"2"}, "smb": {"4"}, "title": {"T"}, "subject": {"A new one"}, "subjects": {"Another", " ", "A third"}, "body_markdown": {"Line\r\nline"}, "day": {"1"}}
	s.get("/programme/HOOK-001?tab=edit").wants(t, http.StatusOK, "Hello {{ first_name }}", "Ready to save", "programme.js")
	with := func(name, value string) url.Values {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set(name, value)
		return f
	}
	s.do("POST", "/programme/HOOK-001/lint", with("subject", "ACT NOW")).wants(t, http.StatusOK, `id="found-subject"`, `hx-swap-oob="true"`, "The subject is mostly in capitals.", "1 thing to look at")
	s.do("POST", "/programme/HOOK-001/draft", form).wants(t, http.StatusOK, "For 4: Line\nline")
	s.do("POST", "/programme/HOOK-001/draft", with("view", "text")).wants(t, http.StatusOK, "Plain: Line")
	s.do("POST", "/programme/HOOK-001/draft", with("body_markdown", "{{ nobody }}")).wants(t, http.StatusOK, "The text has an unknown placeholder.")
	s.do("POST", "/programme/HOOK-001", with("subject", " ")).wants(t, http.StatusUnprocessableEntity, "Not saved.", `href="#f-subject"`, "Line\nline")
	s.do("POST", "/programme/HOOK-001", with("day", "soon")).wants(t, http.StatusUnprocessableEntity, "must be 1 to 90")
	late := s.do("POST", "/programme/HOOK-001", with("version", "1"))
	late.wants(t, http.StatusConflict, "Sam Lee saved version 2, 5 min ago.", "Take theirs", "<ins>A</ins>", `name="version" value="2"`)
	if s.saved != "" {
		t.Error("it was saved all the same")
	}
	a := s.do("POST", "/programme/HOOK-001", form)
	if a.Header.Get("Location") != "/programme/HOOK-001?tab=edit&smb=4&done=saved" || s.campaigns[0].BodyMarkdown != "Line\nline" || len(s.campaigns[0].Subjects) != 2 {
		t.Errorf("%d %s, %+v", a.StatusCode, a.Header.Get("Location"), s.campaigns[0])
	}
	if a := s.do("POST", "/programme/HOOK-001/restore", url.Values{"version": {"1"}}); a.Header.Get("Location") != "/programme/HOOK-001?tab=versions&done=restored-1" || s.campaigns[0].Subject != "Were you found?" {
		t.Errorf("%d %s, %s", a.StatusCode, a.Header.Get("Location"), s.campaigns[0].Subject)
	}
	limited := serve(t, fibonacco.Manager)
	limited.sessions["yes"].Communities = []int64{1}
	limited.do("POST", "/programme/HOOK-001", form).wants(t, http.StatusForbidden, "you are limited to some")
	limited.get("/programme/HOOK-001?tab=edit").wants(t, http.StatusOK, "you are limited to some")

	form.Set("id", "HOOK-090")
	s.do("POST", "/programme/new", with("subject", "")).wants(t, http.StatusUnprocessableEntity, "Not saved.", "HOOK-090")
	if a := s.do("POST", "/programme/new", form); a.Header.Get("Location") != "/programme/HOOK-090?done=created" {
		t.Errorf("%d %s", a.StatusCode, a.Header.Get("Location"))
	}
}

func TestTestSend(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator)
	send := func(to string) answer {
		return s.do("POST", "/programme/HOOK-001/test-send", url.Values{"smb": {"4"}, "to": {to}})
	}
	s.get("/programme/HOOK-001?tab=test&smb=4").wants(t, http.StatusOK, "Kayak Shed", "Send the test")
	send("ana").wants(t, http.StatusUnprocessableEntity, "is not an e-mail address", `value="ana"`)
	send("often@example.com").wants(t, http.StatusTooManyRequests, "Thirty in an hour")
	if a := send("ana@example.com"); a.StatusCode != http.StatusSeeOther || s.tested != "HOOK-0014ana@example.com" {
		t.Errorf("%d, %q", a.StatusCode, s.tested)
	}
	serve(t, fibonacco.Operator, func(d *ui.Deps) { d.Directory = emptyTown{d.Directory} }).get("/programme/HOOK-001?tab=test").wants(t, http.StatusOK, "Import one first")
}

// emptyTown has no business at all.
type emptyTown struct{ fibonacco.SMBDirectory }

func (emptyTown) ListSMBs(context.Context, fibonacco.SMBFilter, int64, int) ([]fibonacco.SMB, int64, error) {
	return nil, 0, nil
}

func TestLibraryImport(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	post := func(do string, archive []byte) answer {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField("do", do)
		part, _ := w.CreateFormFile("file", "mine.zip")
		_, _ = part.Write(archive)
		_ = w.Close()
		return s.send("POST", "/programme/import", b.String(), "Content-Type", w.FormDataContentType())
	}
	zipped := func(names ...string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, n := range names {
			if _, err := w.Create("mine/" + n); err != nil {
				t.Fatal(err)
			}
		}
		_ = w.Close()
		return b.Bytes()
	}
	s.get("/programme/import").wants(t, http.StatusOK, "Try it, store nothing")
	post("import", zipped("a.md", "b.md")).wants(t, http.StatusOK, "2 campaigns read, 2 new or different.", "mine.zip")
	post("try", zipped("a.md", "b.md")).wants(t, http.StatusOK, "It can be imported.")
	post("import", zipped("a.md", "bad.md")).wants(t, http.StatusUnprocessableEntity, "Nothing was stored: 1 error.", "Line 4.", "bad.md")
	post("import", []byte("no archive")).wants(t, http.StatusUnprocessableEntity, "The body is no ZIP archive.")
	s.do("POST", "/programme/import", nil).wants(t, http.StatusUnprocessableEntity, "Choose an archive first.")
}
