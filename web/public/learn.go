package public

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// learnRoutes are the learning pages:
//
//	GET /learn/{slug}              the presentation; ?r= says for whom
//	GET /learn/{slug}/article      its article alone
//	GET /learn/{slug}.pdf          the article as a PDF
//	GET /learn/{slug}/handout.pdf  the slides as a PDF, with room for notes
func (s *site) learnRoutes() routes {
	return routes{
		"GET /learn/{slug}":             s.learn,
		"GET /learn/{slug}/article":     s.article,
		"GET /learn/{slug}/handout.pdf": s.handout,
		"/learn/":                       s.notFound,
	}
}

// learn shows a learning page. Without a recipient it is the same for everybody, and may be found
// by a search engine. Looking counts nothing: the page reports by its script what is really seen.
func (s *site) learn(w http.ResponseWriter, r *http.Request) {
	if slug, ok := strings.CutSuffix(r.PathValue("slug"), ".pdf"); ok { // a slug has no dot
		s.print(w, r, slug, fibonacco.ArticlePaper)
		return
	}
	s.showLearning(w, r, s.learnPage)
}

// article shows a learning page's article. One that has none shows its slides.
func (s *site) article(w http.ResponseWriter, r *http.Request) {
	s.showLearning(w, r, func(page *fibonacco.LearningPage, recipient string) templ.Component {
		if page.ArticleHTML == "" {
			return s.learnPage(page, recipient)
		}
		return s.articlePage(page, recipient)
	})
}

func (s *site) showLearning(w http.ResponseWriter, r *http.Request, show func(page *fibonacco.LearningPage, recipient string) templ.Component) {
	recipient := r.URL.Query().Get("r")
	page, err := s.Pages.LearningPage(r.Context(), r.PathValue("slug"), recipient)
	if err != nil {
		s.refuse(w, r, "learning page", err)
		return
	}
	w.Header().Set("Content-Security-Policy", policy+"; script-src 'self'; connect-src 'self'; media-src 'self'"+audioOrigin(page.AudioBaseURL))
	if recipient == "" {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Del("X-Robots-Tag")
	}
	if page.For == "" {
		recipient = "" // it proves nothing, so that nothing is to be gained by carrying it on
	}
	s.show(w, r, http.StatusOK, show(page, recipient))
}

// LearningPreview is a learning page as visitors get it, for those who write it: to be shown where no
// script runs, so that nothing is counted.
func LearningPreview(d Deps) func(*fibonacco.LearningPage) templ.Component {
	s := newSite(d)
	return func(page *fibonacco.LearningPage) templ.Component { return s.learnPage(page, "") }
}

// audioOrigin is where the narration comes from, as the page's policy names it; "" when it is here, or
// nowhere that a page may load from.
func audioOrigin(base string) string {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "https" || !hostname.MatchString(u.Host) {
		return ""
	}
	return " https://" + u.Host
}

// hostname keeps everything out of the policy that means something there.
var hostname = regexp.MustCompile(`^[A-Za-z0-9.-]+(:[0-9]+)?$`)

// eyebrow is the line over the page's heading: for whom, and how long.
func eyebrow(page *fibonacco.LearningPage) string {
	seconds := 0
	for _, s := range page.Slides {
		seconds += s.Seconds
	}
	if seconds == 0 {
		seconds = page.DurationSeconds
	}
	var parts []string
	if page.For != "" {
		parts = append(parts, "For "+page.For)
	}
	switch minutes := (seconds + 30) / 60; {
	case minutes > 1:
		parts = append(parts, fmt.Sprintf("%d minutes", minutes))
	case seconds > 0:
		parts = append(parts, "1 minute")
	}
	return strings.Join(parts, ". ")
}

// button is the label of the approval button.
func button(page *fibonacco.LearningPage) string {
	if page.ApprovalButtonText != "" {
		return page.ApprovalButtonText
	}
	return "See what happens next"
}

// hasHero reports whether the first slide carries the page's heading.
func hasHero(page *fibonacco.LearningPage) bool {
	return len(page.Slides) > 0 && page.Slides[0].Component == "HeroSlide"
}

// approvalAfter is the slide with which the approval button comes up (M3-15): the fourth, unless the
// content's metadata says otherwise, and never later than the last.
func approvalAfter(page *fibonacco.LearningPage) int {
	after := 4
	if v, ok := page.Metadata["approval_after_slide"].(float64); ok && v >= 1 && v <= 1000 {
		after = int(v)
	}
	return min(after, max(len(page.Slides), 1))
}

func endingTitle(page *fibonacco.LearningPage) string {
	if page.ApprovalURL != "" {
		return "That is all of it"
	}
	return "Thank you for reading"
}

// learnURL is a page's address; the same reader stays known on the next page.
func learnURL(slug, recipient string) templ.SafeURL {
	u := url.URL{Path: "/learn/" + slug}
	if recipient != "" {
		u.RawQuery = url.Values{"r": {recipient}}.Encode()
	}
	return templ.SafeURL(u.String())
}

func kindWord(kind string) string {
	switch strings.ToLower(kind) {
	case "hook":
		return "An offer"
	case "edu":
		return "An idea"
	case "howto":
		return "A ten-minute job"
	}
	return "An article"
}
