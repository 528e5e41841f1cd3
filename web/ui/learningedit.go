package ui

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// layouts are the six of the public page, in words.
var layouts = []struct{ component, word string }{
	{"HeroSlide", "Opening: large heading, for the first slide"},
	{"ConceptSlide", "Idea: text beside a picture"},
	{"ComparisonSlide", "Comparison: “Label: sentence” lines side by side"},
	{"StepSlide", "Steps: numbered lines"},
	{"DataSlide", "Figures: “Label: 42. What it means” lines"},
	{"CTASlide", "Closing: what to do next"},
}

// contentForm is a page in its form, with what is to be said about it.
type contentForm struct {
	Slug    string
	D       fibonacco.ContentDraft
	Version int
	May     bool
	Limited bool
	Open    int // the slide that is open, from 1; 0 is the first
	Problem *fibonacco.Error
	Theirs  *theirs
	First   bool // nothing has been changed yet: the frame shows what is stored
}

// Why is what is wrong with a field of a slide, or with the page.
func (f contentForm) Why(field string) string {
	if f.Problem == nil {
		return ""
	}
	for _, w := range f.Problem.Fields {
		if w.Field == field || strings.HasPrefix(w.Field, field+"[") {
			return w.Reason
		}
	}
	return ""
}

// Bad reports whether anything of a slide is wrong.
func (f contentForm) Bad(i int) bool {
	return f.Problem != nil && slices.ContainsFunc(f.Problem.Fields, func(w fibonacco.FieldError) bool {
		return strings.HasPrefix(w.Field, fmt.Sprintf("slides[%d]", i))
	})
}

func (u *ui) contentForm(r *http.Request, h contentHead, d fibonacco.ContentDraft) contentForm {
	return contentForm{Slug: h.C.Slug, D: d, Version: h.C.Version, May: h.May, Limited: fibonacco.ScopeOf(r.Context()) != nil}
}

func (u *ui) contentEdit(r *http.Request, h contentHead) (templ.Component, error) {
	form := u.contentForm(r, h, fibonacco.ContentDraft{Slides: h.C.Slides, ArticleBody: h.C.ArticleBody})
	form.Open, _ = strconv.Atoi(r.URL.Query().Get("slide"))
	form.First = true
	return contentEditView(form), nil
}

// readContentDraft takes a page out of its form: the fields of each slide come in the order of the slides.
func readContentDraft(r *http.Request) (fibonacco.ContentDraft, error) {
	var d fibonacco.ContentDraft
	if err := r.ParseForm(); err != nil {
		return d, fibonacco.Errorf(fibonacco.Malformed, "The form did not arrive whole. Go back and try again.")
	}
	form := r.PostForm
	d.ArticleBody = strings.ReplaceAll(form.Get("article_body"), "\r\n", "\n")
	n := len(form["component"])
	for _, name := range []string{"headline", "body", "items", "narration", "seconds", "audio"} {
		if len(form[name]) != n {
			return d, fibonacco.Errorf(fibonacco.Malformed, "The form did not arrive whole. Go back and try again.")
		}
	}
	for i := range n {
		s := fibonacco.Slide{
			Component: form["component"][i], Headline: form["headline"][i], Body: strings.ReplaceAll(form["body"][i], "\r\n", "\n"),
			Narration: strings.ReplaceAll(form["narration"][i], "\r\n", "\n"), Audio: form["audio"][i],
		}
		for line := range strings.Lines(strings.ReplaceAll(form["items"][i], "\r\n", "\n")) {
			if line = strings.TrimSpace(line); line != "" {
				s.Items = append(s.Items, line)
			}
		}
		s.Seconds, _ = strconv.Atoi(strings.TrimSpace(form["seconds"][i])) // empty, or no number: not said
		d.Slides = append(d.Slides, s)
	}
	return d, nil
}

// arrangeSlides moves, adds or takes away a slide of a form. Nothing is stored: it is the same form, in
// another order.
func (u *ui) arrangeSlides(w http.ResponseWriter, r *http.Request) error {
	fr := u.frame(r, "Learning page", "/learning")
	h, err := u.contentHead(r, fr)
	if err != nil {
		return err
	}
	d, err := readContentDraft(r)
	if err != nil {
		return err
	}
	what, number, _ := strings.Cut(r.PostFormValue("do"), "-")
	i, _ := strconv.Atoi(number)
	form := u.contentForm(r, h, d)
	form.Version, _ = strconv.Atoi(r.PostFormValue("version"))
	form.D.Slides, form.Open = arranged(d.Slides, what, i-1)
	h.open("edit")
	u.show(w, r, http.StatusOK, learningContentPage(fr, h, contentEditView(form)))
	return nil
}

// arranged is the slides after one move, and which of them it was about, from 1.
func arranged(all []fibonacco.Slide, what string, i int) (out []fibonacco.Slide, open int) {
	out = slices.Clone(all)
	switch {
	case what == "add":
		i = min(max(i, -1), len(out)-1) + 1
		return slices.Insert(out, i, fibonacco.Slide{Component: "ConceptSlide"}), i + 1
	case i < 0 || i >= len(out):
		return out, 0
	case what == "up" && i > 0:
		out[i-1], out[i] = out[i], out[i-1]
		return out, i
	case what == "down" && i+1 < len(out):
		out[i], out[i+1] = out[i+1], out[i]
		return out, i + 2
	case what == "remove":
		return slices.Delete(out, i, i+1), min(i+1, len(out)-1)
	}
	return out, i + 1
}

// saveContent stores a version, unless somebody else was faster: then both texts are shown.
func (u *ui) saveContent(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	fr := u.frame(r, "Learning page", "/learning")
	h, err := u.contentHead(r, fr)
	if err != nil {
		return err
	}
	d, err := readContentDraft(r)
	if err != nil {
		return err
	}
	version, _ := strconv.Atoi(r.PostFormValue("version"))
	c, err := u.Learning.UpdateContent(r.Context(), h.C.Slug, version, d, visitor(r.Context()))
	if err == nil {
		done := "saved"
		if c.Version == version {
			done = "same"
		}
		return u.redone(w, r, learningPath(h.C.Slug)+"?tab=edit", done, nil)
	}
	form := u.contentForm(r, h, d)
	if form.Problem, err = shownError(err); err != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	if form.Problem.Code == fibonacco.Conflict {
		status = http.StatusConflict
		if form.Theirs, err = u.theirContent(r, h.C.Slug, d); err != nil {
			return err
		}
		form.Version = form.Theirs.Version
	}
	h.open("edit")
	u.show(w, r, status, learningContentPage(fr, h, contentEditView(form)))
	return nil
}

// theirContent is what somebody else has made of a page meanwhile, and how ours differs.
func (u *ui) theirContent(r *http.Request, slug string, ours fibonacco.ContentDraft) (*theirs, error) {
	all, err := u.Learning.ListContentVersions(r.Context(), slug)
	if err != nil {
		return nil, err
	}
	return &theirs{
		Version: all[0].Version, By: capital(authorWord(all[0].CreatedBy)), When: ago(all[0].CreatedAt, u.Clock.Now()),
		Changes: contentDifferences(fibonacco.ContentDraft{Slides: all[0].Slides, ArticleBody: all[0].ArticleBody}, ours),
	}, nil
}

// contentDifferences are what two pages say differently, slide by slide.
func contentDifferences(was, is fibonacco.ContentDraft) (all []difference) {
	for i := range max(len(was.Slides), len(is.Slides)) {
		if a, b := slideText(was.Slides, i), slideText(is.Slides, i); a != b {
			all = append(all, difference{fmt.Sprintf("Slide %d", i+1), a, b, diffWords(a, b), true})
		}
	}
	if a, b := strings.TrimSpace(was.ArticleBody), strings.TrimSpace(is.ArticleBody); a != b {
		all = append(all, difference{"Article", a, b, diffWords(a, b), true})
	}
	return all
}

// slideText is all of a slide as one text; "" where there is none.
func slideText(all []fibonacco.Slide, i int) string {
	if i >= len(all) {
		return ""
	}
	s := all[i]
	lines := []string{layoutWord(s.Component), s.Headline, s.Body}
	for _, item := range s.Items {
		lines = append(lines, "• "+item)
	}
	if s.Narration != "" {
		lines = append(lines, "Said: "+s.Narration)
	}
	if s.Seconds > 0 {
		lines = append(lines, fmt.Sprintf("%d seconds", s.Seconds))
	}
	return strings.Join(slices.DeleteFunc(lines, func(l string) bool { return strings.TrimSpace(l) == "" }), "\n")
}

// layoutWord is a layout's name.
func layoutWord(component string) string {
	for _, l := range layouts {
		if l.component == component {
			word, _, _ := strings.Cut(l.word, ":")
			return word
		}
	}
	return component
}

func (u *ui) contentVersions(r *http.Request, h contentHead) (templ.Component, error) {
	all, err := u.Learning.ListContentVersions(r.Context(), h.C.Slug)
	if err != nil {
		return nil, sentenceError(err)
	}
	t, err := u.towns(r.Context())
	if err != nil {
		return nil, err
	}
	path := learningPath(h.C.Slug)
	d := versionsData{Path: path}
	d.From, d.To = comparedVersions(r.URL.Query())
	var from, to *fibonacco.ContentVersion
	for i, v := range all {
		row := u.versionRow(t, v.Version, plural(len(v.Slides), "slide", "slides"), v.CreatedBy, v.CreatedAt)
		row.Now = v.Version == h.C.Version
		if i+1 < len(all) {
			row.Compare = comparePath(path, all[i+1].Version, v.Version)
		}
		d.Rows = append(d.Rows, row)
		if v.Version == d.From {
			from = &all[i]
		}
		if v.Version == d.To {
			to = &all[i]
		}
	}
	if from != nil && to != nil {
		d.Changes = contentDifferences(fibonacco.ContentDraft{Slides: from.Slides, ArticleBody: from.ArticleBody}, fibonacco.ContentDraft{Slides: to.Slides, ArticleBody: to.ArticleBody})
	} else {
		d.From, d.To = 0, 0
	}
	return versionsTabView(h.May, d), nil
}

// restoreContent makes an earlier version the next one.
func (u *ui) restoreContent(w http.ResponseWriter, r *http.Request) error {
	if err := u.mayWriteNow(r); err != nil {
		return err
	}
	slug := r.PathValue("slug")
	n, _ := strconv.Atoi(r.PostFormValue("version"))
	all, err := u.Learning.ListContentVersions(r.Context(), slug)
	if err != nil {
		return sentenceError(err)
	}
	i := slices.IndexFunc(all, func(v fibonacco.ContentVersion) bool { return v.Version == n })
	if i < 0 {
		return fibonacco.Errorf(fibonacco.NotFound, "There is no such version.")
	}
	_, err = u.Learning.UpdateContent(r.Context(), slug, all[0].Version, fibonacco.ContentDraft{Slides: all[i].Slides, ArticleBody: all[i].ArticleBody}, visitor(r.Context()))
	return u.redone(w, r, learningPath(slug)+"?tab=versions", fmt.Sprintf("restored-%d", n), sentenceError(err))
}
