package ui

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// mountLearning adds the learning pages: what became of each, where people leave, who came, and writing them.
func (u *ui) mountLearning(page func(pattern string, h handler)) {
	page("GET /learning", u.learning)
	page("GET /learning/{slug}", u.learningContent)
	page("POST /learning/{slug}", u.saveContent)
	page("GET /learning/{slug}/page", u.contentPage)
	page("POST /learning/{slug}/draft", u.contentDraftPage)
	page("POST /learning/{slug}/arrange", u.arrangeSlides)
	page("POST /learning/{slug}/restore", u.restoreContent)
}

func learningPath(slug string) string { return "/learning/" + url.PathEscape(slug) }

// learningData is the list of pages.
type learningData struct {
	Kind, Sort string
	Rows       []fibonacco.ContentFigures
	Kinds      []choice
	Count      int
	Views      int
}

// learningSorts are the orders that a head of the table asks for.
var learningSorts = map[string]func(a, b fibonacco.ContentFigures) int{
	"title": func(a, b fibonacco.ContentFigures) int { return strings.Compare(a.Title, b.Title) },
	"views": func(a, b fibonacco.ContentFigures) int { return cmp.Compare(b.Views, a.Views) },
	"completed": func(a, b fibonacco.ContentFigures) int {
		return cmp.Compare(rate(b.Completed, b.Views), rate(a.Completed, a.Views))
	},
	"time": func(a, b fibonacco.ContentFigures) int {
		return cmp.Compare(seconds(b.MeanSeconds), seconds(a.MeanSeconds))
	},
	"approvals": func(a, b fibonacco.ContentFigures) int { return cmp.Compare(b.ApprovalClicks, a.ApprovalClicks) },
}

func seconds(mean *float64) float64 {
	if mean == nil {
		return -1
	}
	return *mean
}

func (u *ui) learning(w http.ResponseWriter, r *http.Request) error {
	all, err := u.Learning.ListContentFigures(r.Context())
	if err != nil {
		return fmt.Errorf("figures of the learning pages: %w", err)
	}
	q := r.URL.Query()
	d := learningData{Kind: q.Get("type"), Sort: q.Get("sort"), Count: len(all)}
	if learningSorts[d.Sort] == nil {
		d.Sort = "views"
	}
	kinds := []string{""}
	for _, c := range all {
		d.Views += c.Views
		if !slices.Contains(kinds, c.Type) {
			kinds = append(kinds, c.Type)
		}
		if d.Kind == "" || c.Type == d.Kind {
			d.Rows = append(d.Rows, c)
		}
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		d.Kinds = append(d.Kinds, choice{contentKind(k), d.with("type", k), k == d.Kind})
	}
	slices.SortStableFunc(d.Rows, learningSorts[d.Sort])
	u.show(w, r, http.StatusOK, learningListPage(u.frame(r, "Learning", "/learning"), d))
	return nil
}

// with is the address of the list with one thing changed.
func (d learningData) with(name, value string) string {
	q := url.Values{}
	if d.Kind != "" {
		q.Set("type", d.Kind)
	}
	if d.Sort != "" && d.Sort != "views" {
		q.Set("sort", d.Sort)
	}
	q.Del(name)
	if value != "" && value != "views" {
		q.Set(name, value)
	}
	return pathWith("/learning", q)
}

func contentKind(kind string) string {
	if kind == "" {
		return "All"
	}
	if w, ok := map[string]string{"hook": "Offers", "edu": "Ideas", "howto": "Ten-minute jobs", "article": "Articles"}[kind]; ok {
		return w
	}
	return capital(kind)
}

// contentHead is what every tab of a learning page has above it.
type contentHead struct {
	C    fibonacco.Content
	Tab  string
	Tabs []choice
	May  bool
	Try  bool
}

func (u *ui) contentHead(r *http.Request, fr frame) (contentHead, error) {
	h := contentHead{Tab: r.URL.Query().Get("tab"), May: mayWrite(r.Context(), fr), Try: fr.may(fibonacco.Operator)}
	c, err := u.Learning.ContentSource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return h, sentenceError(err)
	}
	h.C = *c
	h.open(h.Tab)
	return h, nil
}

// open makes a tab the present one.
func (h *contentHead) open(tab string) {
	h.Tab, h.Tabs = tab, nil
	for _, t := range []struct{ tab, text string }{{"", "Slides and figures"}, {"visits", "Visits"}, {"edit", "Edit"}, {"page", "The page"}, {"versions", "Versions"}} {
		if t.tab == "edit" && !h.Try {
			continue
		}
		path := learningPath(h.C.Slug)
		if t.tab != "" {
			path += "?tab=" + t.tab
		}
		h.Tabs = append(h.Tabs, choice{t.text, path, t.tab == tab})
	}
}

func (u *ui) learningContent(w http.ResponseWriter, r *http.Request) error {
	fr := u.frame(r, "Learning page", "/learning")
	h, err := u.contentHead(r, fr)
	if err != nil {
		return err
	}
	show := map[string]func(*http.Request, contentHead) (templ.Component, error){
		"": u.contentFigures, "visits": u.contentVisits, "edit": u.contentEdit, "page": u.contentPageTab, "versions": u.contentVersions,
	}[h.Tab]
	if show == nil || !slices.ContainsFunc(h.Tabs, func(c choice) bool { return c.On }) {
		http.Redirect(w, r, learningPath(h.C.Slug), http.StatusSeeOther) // another role's tab, or none
		return nil
	}
	body, err := show(r, h)
	if err != nil {
		return err
	}
	fr.Title = h.C.Title
	switch what, n, _ := strings.Cut(r.URL.Query().Get("done"), "-"); what {
	case "saved":
		fr.Toast.Text = fmt.Sprintf("Saved as version %d. Visitors see it from now on.", h.C.Version)
	case "same":
		fr.Toast.Text = "Nothing was different, so there is no new version."
	case "restored":
		fr.Toast.Text = fmt.Sprintf("Version %s is back, as version %d.", n, h.C.Version)
	}
	u.show(w, r, http.StatusOK, learningContentPage(fr, h, body))
	return nil
}

// contentFiguresData is what became of a page, slide by slide.
type contentFiguresData struct {
	Stats  fibonacco.ContentStats
	Slides []slideFigures
	Worst  int // the slide at which most leave; 0 when nobody does
}

type slideFigures struct {
	N         int
	Component string
	Headline  string
	Views     int
	Left      int // went no further
	Rate      float64
	Width     string
	Seconds   int
}

func (u *ui) contentFigures(r *http.Request, h contentHead) (templ.Component, error) {
	stats, err := u.Learning.ContentStats(r.Context(), h.C.Slug)
	if err != nil {
		return nil, sentenceError(err)
	}
	d := contentFiguresData{Stats: *stats}
	most := 0
	for i, s := range h.C.Slides {
		row := slideFigures{N: i + 1, Component: s.Component, Headline: s.Headline, Seconds: s.Seconds, Width: "0"}
		if i < len(stats.Slides) {
			row.Views = stats.Slides[i].Views
		}
		if i+1 < len(stats.Slides) {
			row.Left = max(row.Views-stats.Slides[i+1].Views, 0)
		}
		if stats.SlideVisits > 0 {
			row.Rate = rate(row.Views, stats.SlideVisits)
			row.Width = f(min(row.Rate, 100))
		}
		if row.Left > most {
			most, d.Worst = row.Left, row.N
		}
		d.Slides = append(d.Slides, row)
	}
	return contentFiguresView(h, d), nil
}

func (u *ui) contentPageTab(r *http.Request, h contentHead) (templ.Component, error) {
	smb, err := u.sampleBusiness(r.Context(), cmp.Or(r.URL.Query().Get("smb"), "0"))
	if err != nil {
		return nil, err
	}
	phone := r.URL.Query().Get("view") == "phone"
	return contentPageView(h, smb, phone), nil
}

// contentPage is the public page in a frame: the real one, where nothing runs and nothing counts.
func (u *ui) contentPage(w http.ResponseWriter, r *http.Request) error {
	c, err := u.Learning.ContentSource(r.Context(), r.PathValue("slug"))
	if err != nil {
		return sentenceError(err)
	}
	smb, _ := strconv.ParseInt(r.URL.Query().Get("smb"), 10, 64)
	return u.writeContent(w, r, c.Slug, fibonacco.ContentDraft{Slides: c.Slides, ArticleBody: c.ArticleBody}, max(smb, 0))
}

func (u *ui) contentDraftPage(w http.ResponseWriter, r *http.Request) error {
	d, err := readContentDraft(r)
	if err != nil {
		return err
	}
	return u.writeContent(w, r, r.PathValue("slug"), d, smbOf(r))
}

func (u *ui) writeContent(w http.ResponseWriter, r *http.Request, slug string, d fibonacco.ContentDraft, smbID int64) error {
	page, err := u.Learning.PreviewContent(r.Context(), slug, d, smbID)
	known, err := shownError(err)
	switch {
	case err != nil:
		return err
	case known != nil:
		var lines []string
		for _, field := range known.Fields {
			lines = append(lines, fieldWord(field.Field)+" "+field.Reason+".")
		}
		u.writeMail(w, plainDocument("No page yet", "No page can be made of this yet.\n\n"+strings.Join(lines, "\n")))
		return nil
	}
	body, err := render(r.Context(), u.LearningPage(page))
	if err != nil {
		return fmt.Errorf("show a draft of %s: %w", slug, err)
	}
	head := w.Header()
	// Its origin stays, so that its fonts load; without scripts there is nothing that could use it.
	head.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self' data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-same-origin")
	head.Set("X-Frame-Options", "SAMEORIGIN")
	head.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body) // rendered by the public page's own template
	return nil
}
