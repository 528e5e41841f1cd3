package public

import (
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// learn shows a learning page. Without a recipient it is the same for everybody, and may be found
// by a search engine.
func (s *site) learn(w http.ResponseWriter, r *http.Request) {
	recipient := r.URL.Query().Get("r")
	page, err := s.Pages.LearningPage(r.Context(), r.PathValue("slug"), recipient)
	if err != nil {
		s.refuse(w, r, "learning page", err)
		return
	}
	if recipient == "" {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Del("X-Robots-Tag")
	}
	s.show(w, r, http.StatusOK, s.learnPage(page))
}

//go:embed hero.svg
var heroArt string

// slide is one slide as the page lays it out.
type slide struct {
	fibonacco.Slide
	Number, Of int
	First      bool // carries the page's heading
}

func slidesOf(page *fibonacco.LearningPage) []slide {
	out := make([]slide, len(page.Slides))
	for i, s := range page.Slides {
		out[i] = slide{Slide: s, Number: i + 1, Of: len(page.Slides), First: i == 0}
	}
	return out
}

func (s slide) place() string { return fmt.Sprintf("%d of %d", s.Number, s.Of) }

// turned mirrors the picture of every other slide, so that two in a row differ.
func (s slide) turned() string {
	if s.Number%2 == 0 {
		return "translate(0 0)"
	}
	return "matrix(-1 0 0 1 430 0)"
}

// group is what a comparison, or a table of figures, says under one label.
type group struct {
	Label string
	Lines []string
}

// groups takes "Label: sentence" lines apart and puts those of one label together. A
// line without a label has "".
func (s slide) groups() []group {
	var out []group
	for _, item := range s.Items {
		label, line, ok := strings.Cut(item, ": ")
		if !ok || len(label) > 60 {
			label, line = "", item
		}
		i := 0
		for i < len(out) && out[i].Label != label {
			i++
		}
		if i == len(out) {
			out = append(out, group{Label: label})
		}
		line = strings.TrimSpace(line)
		out[i].Lines = append(out[i].Lines, line)
	}
	return out
}

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
