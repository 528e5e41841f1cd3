package ui_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

// classroom is a Learning Center with one page, "find-you", of three slides, at version 2.
type classroom struct {
	fibonacco.LearningCenter
	content  fibonacco.Content
	versions []fibonacco.ContentVersion
	saved    fibonacco.ContentDraft
}

func newClassroom() *classroom {
	c := &classroom{content: fibonacco.Content{
		Slug: "find-you", Type: "hook", Title: "Can people find you?", CampaignID: "HOOK-001", DurationSeconds: 95, ServiceType: "listing_claim", IsActive: true, Version: 2,
		ArticleBody: "More of it.", Slides: []fibonacco.Slide{
			{Component: "HeroSlide", Headline: "First", Seconds: 5}, {Component: "StepSlide", Headline: "Second", Items: []string{"a", "b"}, Audio: "2.mp3"}, {Component: "CTASlide", Headline: "Third"},
		},
	}}
	old := slices.Clone(c.content.Slides)
	old[0].Headline = "Once"
	c.versions = []fibonacco.ContentVersion{
		{Slug: "find-you", Version: 2, Slides: c.content.Slides, ArticleBody: "More of it.", CreatedBy: "Sam Lee", CreatedAt: monday.Add(-3e11)},
		{Slug: "find-you", Version: 1, Slides: old, ArticleBody: "More of it.", CreatedBy: "library", CreatedAt: monday.AddDate(0, -1, 0)},
	}
	return c
}

func (c *classroom) there(slug string) error {
	if slug != c.content.Slug {
		return fibonacco.Errorf(fibonacco.NotFound, "there is no such page")
	}
	return nil
}

func (c *classroom) ListContentFigures(context.Context) ([]fibonacco.ContentFigures, error) {
	mean := 88.0
	return []fibonacco.ContentFigures{
		{Slug: "find-you", Type: "hook", Title: "Can people find you?", CampaignID: "HOOK-001", ServiceType: "listing_claim", IsActive: true, Slides: 3, DurationSeconds: 95, Views: 200, Completed: 90, ApprovalClicks: 31, MeanSeconds: &mean},
		{Slug: "an-idea", Type: "edu", Title: "An idea", IsActive: true, Slides: 5, DurationSeconds: 60, Views: 300, Completed: 60},
	}, nil
}

func (c *classroom) ContentSource(_ context.Context, slug string) (*fibonacco.Content, error) {
	if err := c.there(slug); err != nil {
		return nil, err
	}
	found := c.content
	return &found, nil
}

func (c *classroom) ContentStats(_ context.Context, slug string) (*fibonacco.ContentStats, error) {
	percent := 71.5
	return &fibonacco.ContentStats{
		Slug: slug, Version: 2, SlideVisits: 100, Views: 200, KnownViews: 180, Businesses: 171, Completed: 90, ApprovalClicks: 31, MeanPercent: &percent,
		Slides: []fibonacco.SlideViews{{Slide: 1, Views: 100}, {Slide: 2, Views: 92}, {Slide: 3, Views: 40}},
	}, c.there(slug)
}

func (c *classroom) QueryViews(_ context.Context, slug string, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.ContentView], error) {
	known, seconds := int64(1), 75
	page := fibonacco.Page[fibonacco.ContentView]{Data: []fibonacco.ContentView{
		{ID: 9, SMBID: &known, ContentVersion: 2, StartedAt: monday, CompletionPercentage: 66, SlidesViewed: []int{1, 2}, SourceCampaignID: "HOOK-001", TimeOnPageSeconds: &seconds, ApprovalClicked: true},
		{ID: 8, ContentVersion: 1, StartedAt: monday, CompletionPercentage: 40, SlidesViewed: []int{1}},
	}}
	if q.Cursor == "" {
		page.Next = "more"
	}
	return page, c.there(slug)
}

func (c *classroom) UpdateContent(_ context.Context, slug string, version int, d fibonacco.ContentDraft, _ string) (*fibonacco.Content, error) {
	if err := c.there(slug); err != nil {
		return nil, err
	}
	if version != c.content.Version {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "%s is at version %d by now", slug, c.content.Version)
	}
	for i, s := range d.Slides {
		if s.Headline == "" {
			return nil, fibonacco.InvalidFields("the page cannot be saved", []fibonacco.FieldError{{Field: fmt.Sprintf("slides[%d].headline", i), Reason: "is missing"}})
		}
	}
	c.saved = d
	c.content.Version, c.content.Slides, c.content.ArticleBody = version+1, d.Slides, d.ArticleBody
	return &c.content, nil
}

func (c *classroom) PreviewContent(_ context.Context, slug string, d fibonacco.ContentDraft, smbID int64) (*fibonacco.LearningPage, error) {
	return &fibonacco.LearningPage{Content: fibonacco.Content{Slug: slug, Slides: d.Slides}, For: fmt.Sprint(smbID)}, c.there(slug)
}

func (c *classroom) ListContentVersions(_ context.Context, slug string) ([]fibonacco.ContentVersion, error) {
	return c.versions, c.there(slug)
}

// publicPage stands in for the template of web/public.
func publicPage(page *fibonacco.LearningPage) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, "<html>%d slides for %s</html>", len(page.Slides), page.For)
		return err
	})
}

func serveClass(t *testing.T, role fibonacco.Role) (*site, *classroom) {
	c := newClassroom()
	return serve(t, role, func(d *ui.Deps) { d.Learning = c }), c
}

func TestLearningPages(t *testing.T) {
	t.Parallel()
	s, _ := serveClass(t, fibonacco.Viewer)
	a := s.get("/learning")
	a.wants(t, http.StatusOK, "2 pages", "45.0%", "1 min 28 s", "HOOK-001, 3 slides, 1 min 35 s", `aria-sort="descending"`)
	if strings.Index(a.body, "An idea") > strings.Index(a.body, "Can people find you?") {
		t.Error("the most visited is not first")
	}
	if a := s.get("/learning?sort=approvals"); strings.Index(a.body, "An idea") < strings.Index(a.body, "Can people find you?") {
		t.Error("not by approvals")
	}
	if a := s.get("/learning?type=edu"); strings.Contains(a.body, "Can people find you?") {
		t.Error("the filter lets another kind through")
	}
	a = s.get("/learning/find-you")
	a.wants(t, http.StatusOK, "Most leave after slide 2: 52 visits go no further.", "8 leave here", "/learn/find-you.pdf", "/learn/find-you/handout.pdf", "/programme/HOOK-001", "Version 2, live")
	if strings.Contains(a.body, "tab=edit") {
		t.Error("a viewer is offered the editor")
	}
	s.get("/learning/find-you?tab=visits").wants(t, http.StatusOK, "Marisol Hair Studio", "1 min 15 s", "Pressed yes", "Somebody unknown", "40% of version 1", "after=more&tab=visits")
	s.get("/learning/find-you?tab=page&smb=4").wants(t, http.StatusOK, "Kayak Shed", "/learning/find-you/page?smb=4")
	page := s.get("/learning/find-you/page?smb=4")
	page.wants(t, http.StatusOK, "3 slides for 4")
	if csp := page.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") {
		t.Errorf("the page may do too much: %s", csp)
	}
	s.get("/learning/find-you?tab=versions&from=1&to=2").wants(t, http.StatusOK, "Sam Lee", "<del>Once</del>", "<ins>First</ins>")
	s.get("/learning/nowhere").wants(t, http.StatusNotFound, "There is no such page.")
	if a := s.get("/learning/find-you?tab=edit"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("a viewer's editor: %d", a.StatusCode)
	}
}

// slideForm is a page's form with slides of these headlines.
func slideForm(version string, headlines ...string) url.Values {
	f := url.Values{"version": {version}, "article_body": {"Art\r\nicle"}}
	for i, h := range headlines {
		for name, v := range map[string]string{"component": "ConceptSlide", "headline": h, "body": "", "items": "x\r\n\r\n y ", "narration": "", "seconds": "", "audio": fmt.Sprintf("%d.mp3", i+1)} {
			f.Add(name, v)
		}
	}
	return f
}

func TestWritingALearningPage(t *testing.T) {
	t.Parallel()
	s, c := serveClass(t, fibonacco.Manager)
	s.get("/learning/find-you?tab=edit&slide=2").wants(t, http.StatusOK, `id="slide-2" open`, "a\nb", "Save as version 3", "programme.js")
	s.do("POST", "/learning/find-you/draft", slideForm("2", "A", "B")).wants(t, http.StatusOK, "2 slides for 0")
	late := s.do("POST", "/learning/find-you", slideForm("1", "A"))
	late.wants(t, http.StatusConflict, "Sam Lee saved version 2, 5 min ago.", "Take theirs", `name="version" value="2"`)
	s.do("POST", "/learning/find-you", slideForm("2", "A", "")).wants(t, http.StatusUnprocessableEntity, "Slide 2: headline is missing.", "Look here")
	torn := slideForm("2", "A", "B")
	torn["headline"] = torn["headline"][:1]
	s.do("POST", "/learning/find-you", torn).wants(t, http.StatusUnprocessableEntity, "did not arrive whole")
	if c.saved.Slides != nil {
		t.Fatal("it was saved all the same")
	}
	a := s.do("POST", "/learning/find-you", slideForm("2", "A", "B"))
	if a.Header.Get("Location") != "/learning/find-you?tab=edit&done=saved" || len(c.saved.Slides) != 2 || c.saved.ArticleBody != "Art\nicle" ||
		fmt.Sprint(c.saved.Slides[1].Items) != "[x y]" || c.saved.Slides[1].Audio != "2.mp3" {
		t.Errorf("%d %s, %+v", a.StatusCode, a.Header.Get("Location"), c.saved)
	}
	c.content.Version = 2
	if a := s.do("POST", "/learning/find-you/restore", url.Values{"version": {"1"}}); a.Header.Get("Location") != "/learning/find-you?tab=versions&done=restored-1" || c.content.Slides[0].Headline != "Once" {
		t.Errorf("%d %s, %+v", a.StatusCode, a.Header.Get("Location"), c.content.Slides)
	}
	limited, _ := serveClass(t, fibonacco.Manager)
	limited.sessions["yes"].Communities = []int64{1}
	limited.do("POST", "/learning/find-you", slideForm("2", "A")).wants(t, http.StatusForbidden, "you are limited to some")
	tries, _ := serveClass(t, fibonacco.Operator)
	tries.get("/learning/find-you?tab=edit").wants(t, http.StatusOK, "Saving takes a manager")
}

func TestArrangingSlides(t *testing.T) {
	t.Parallel()
	s, c := serveClass(t, fibonacco.Operator)
	for do, want := range map[string]string{
		"up-2": "B A C", "down-2": "A C B", "remove-2": "A C", "add-1": "A No headline yet B C", "add-3": "A B C No headline yet", "up-1": "A B C", "down-3": "A B C", "up-9": "A B C", "up-x": "A B C",
	} {
		form := slideForm("2", "A", "B", "C")
		form.Set("do", do)
		a := s.do("POST", "/learning/find-you/arrange", form)
		a.wants(t, http.StatusOK, `name="version" value="2"`)
		var got []string
		for _, part := range strings.Split(a.body, `<span class="grow">`)[1:] {
			if word, _, _ := strings.Cut(part, "<"); len(word) < 20 && strings.TrimSpace(word) != "" {
				got = append(got, word)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", do, got, want)
		}
	}
	if c.saved.Slides != nil {
		t.Error("arranging has stored something")
	}
}
