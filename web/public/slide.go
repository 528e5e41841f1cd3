package public

import (
	_ "embed"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

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

// layout is which of the six layouts a slide has. A component that is not known shows its text as a
// concept does (M3-13).
func (s slide) layout() string {
	switch {
	case s.Component == "HeroSlide" && s.First:
		return "hero"
	case s.Component == "ComparisonSlide":
		return "comparison"
	case s.Component == "StepSlide" && len(s.Items) > 0:
		return "steps"
	case s.Component == "DataSlide" && len(s.Items) > 0:
		return "data"
	case s.Component == "CTASlide":
		return "last"
	}
	return "concept"
}

// attributes are what the script reads of a slide, and what a screen reader says of it.
func (s slide) attributes(page *fibonacco.LearningPage) templ.Attributes {
	class := "slide step " + s.layout()
	switch s.layout() {
	case "hero":
		class = "slide hero"
	case "comparison", "last":
		class = "slide wide " + s.layout()
	}
	a := templ.Attributes{
		"class": class, "data-slide": strconv.Itoa(s.Number), "data-seconds": strconv.Itoa(s.seconds()),
		"aria-roledescription": "slide", "aria-label": "Slide " + s.place(), "tabindex": "-1",
	}
	if u := audioURL(page.AudioBaseURL, s.Audio); u != "" {
		a["data-audio"] = u
	}
	return a
}

// seconds is how long a slide stays when nothing is heard: as long as its narration is said to take, or
// as long as reading it does.
func (s slide) seconds() int {
	if s.Seconds > 0 {
		return min(s.Seconds, 120)
	}
	words := len(strings.Fields(s.Headline + " " + s.Body + " " + s.Narration + " " + strings.Join(s.Items, " ")))
	return min(max(words*2/5, 5), 60)
}

// audioURL is where a slide's narration is, or "": on our own server or by https, and never a program.
func audioURL(base, file string) string {
	if base == "" || file == "" {
		return ""
	}
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "" && u.Scheme != "https" || u.Scheme == "" && u.Host != "" {
		return ""
	}
	return u.JoinPath(file).String()
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

// figure is one line of a data slide.
type figure struct {
	Label, Figure, Text string
	Source              bool // says where the others are from
}

var number = regexp.MustCompile(`^[^\s\pL]{0,2}[0-9][^\s]{0,11}( (percent|million|billion|hours?|days?|minutes?|seconds?))?$`)

// figures takes "Label: 3. What else" apart. A line that does not begin with a number is all text.
func (s slide) figures() []figure {
	var out []figure
	for _, g := range s.groups() {
		for i, line := range g.Lines {
			f := figure{Text: line, Source: g.Label == "Source" || g.Label == "Sources"}
			if i == 0 {
				f.Label = g.Label
			}
			if head, rest, _ := strings.Cut(line, ". "); !f.Source && number.MatchString(strings.TrimSuffix(head, ".")) {
				f.Figure, f.Text = strings.TrimSuffix(head, "."), rest
			}
			out = append(out, f)
		}
	}
	return out
}

// pictures stand beside concepts: the product's rectangles, each time in another order.
var pictures = [...]string{
	`<rect class="f-ink4" x="0" y="0" width="258" height="266" rx="13"/><rect class="f-ink3" x="271" y="0" width="159" height="157" rx="10"/><rect class="f-ink2" x="334" y="170" width="96" height="96" rx="8"/><rect class="f-honey" x="271" y="216" width="50" height="50" rx="6"/><rect class="f-ink2" x="271" y="170" width="50" height="33" rx="5"/>`,
	`<rect class="f-ink2" x="0" y="0" width="96" height="96" rx="8"/><rect class="f-honey" x="109" y="0" width="50" height="50" rx="6"/><rect class="f-ink3" x="0" y="109" width="159" height="157" rx="10"/><rect class="f-ink2" x="109" y="63" width="50" height="33" rx="5"/><rect class="f-ink4" x="172" y="0" width="258" height="266" rx="13"/>`,
	`<rect class="f-ink3" x="0" y="0" width="430" height="60" rx="10"/><rect class="f-ink4" x="0" y="73" width="266" height="193" rx="13"/><rect class="f-ink2" x="279" y="73" width="151" height="90" rx="8"/><rect class="f-ink2" x="279" y="176" width="70" height="90" rx="8"/><rect class="f-honey" x="362" y="176" width="68" height="90" rx="8"/>`,
	`<rect class="f-ink2" x="0" y="0" width="130" height="90" rx="8"/><rect class="f-ink3" x="143" y="0" width="130" height="180" rx="10"/><rect class="f-ink4" x="286" y="0" width="144" height="266" rx="13"/><rect class="f-ink3" x="0" y="103" width="130" height="163" rx="10"/><rect class="f-honey" x="143" y="193" width="60" height="73" rx="6"/><rect class="f-ink2" x="216" y="193" width="57" height="73" rx="6"/>`,
}

func (s slide) picture() string {
	return `<svg viewBox="0 0 430 266" aria-hidden="true" focusable="false">` + pictures[s.Number%len(pictures)] + `</svg>`
}
