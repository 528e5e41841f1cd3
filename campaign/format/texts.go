package format

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/campaign/template"
)

func itoa(n int) string { return strconv.Itoa(n) }

// words counts the words of a template's source, a placeholder as so many.
func words(source string, placeholder func(string) int) int {
	tokens, err := template.Scan(source)
	if err != nil {
		return 0 // said by checkTemplates
	}
	n := 0
	var text strings.Builder
	for _, t := range tokens {
		switch t.Kind {
		case template.PlaceholderToken:
			n += placeholder(t.Source) - 1
			text.WriteString("x")
		case template.TextToken:
			text.WriteString(t.Source)
		}
	}
	for w := range strings.FieldsSeq(text.String()) {
		if strings.IndexFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0 {
			n++
		}
	}
	return n
}

func one(string) int { return 1 }

// spoken is how long narration takes at 2.4 words a second, rounded up.
func spoken(words int) int { return int(math.Ceil(float64(words) / 2.4)) }

var replyPrefix = regexp.MustCompile(`(?i)^\s*(re|fwd?|aw|wg)\s*:`)

func (d *document) checkSubject() {
	d.checkSubjectText("subject", d.campaign.Subject)
	if n := len(d.campaign.Subjects); n > maxSubjects {
		d.error("subjects", "has %d; at most %d beside the subject", n, maxSubjects)
	}
	for i, s := range d.campaign.Subjects {
		field := "subjects[" + itoa(i) + "]"
		d.checkSubjectText(field, s)
		if strings.Contains(s, "\n") || utf8.RuneCountInString(s) > column {
			d.error(field, "must be one line of at most %d characters", column)
		}
	}
}

// maxSubjects is how many subjects may be tried against the campaign's own.
const maxSubjects = 4

func (d *document) checkSubjectText(field, s string) {
	if n := utf8.RuneCountInString(s); n > 50 {
		d.style(field, "has %d characters; at most 50", n)
	}
	if replyPrefix.MatchString(s) {
		d.warn(field, "pretends to be an answer")
	}
	if strings.ContainsAny(s, "!¡") {
		d.style(field, "has an exclamation mark")
	}
	if strings.IndexFunc(s, isEmoji) >= 0 {
		d.style(field, "has an emoji")
	}
	if shouts(s) {
		d.warn(field, "is in capitals")
	}
}

func isEmoji(r rune) bool {
	return r >= 0x2190 && unicode.Is(unicode.So, r) || r >= 0x1f000 && r < 0x20000 || r == '\ufe0f'
}

var placeholders = regexp.MustCompile(`\{\{.*?\}\}`)

// shouts reports whether a line is in capitals, or one of its words that is too long for an
// abbreviation.
func shouts(s string) bool {
	upper, letters := 0, 0
	for w := range strings.FieldsSeq(placeholders.ReplaceAllString(s, "")) {
		u, l := 0, 0
		for _, r := range w {
			if unicode.IsLetter(r) {
				l++
			}
			if unicode.IsUpper(r) {
				u++
			}
		}
		if l > 5 && u == l {
			return true
		}
		upper, letters = upper+u, letters+l
	}
	return letters > 3 && upper == letters
}

func (d *document) checkPreheader() {
	if n := utf8.RuneCountInString(d.campaign.Preheader); n > 0 && (n < 40 || n > 85) {
		d.style("preheader", "has %d characters; 40 to 85", n)
	}
}

// within warns when there is too little or too much of something.
func (d *document) within(field, what string, n int, most [2]int) {
	if n < most[0] || n > most[1] {
		d.style(field, "has %d %s; %d to %d", n, what, most[0], most[1])
	}
}

func (d *document) checkSlides() {
	slides := d.content.Slides
	if d.lines["slides"] == 0 {
		return
	}
	limits := limitsOf(d.campaign.Type)
	d.within("slides", "slides", len(slides), limits.slides)
	if len(slides) == 0 {
		d.strict("slides", "is empty")
	}
	total := 0
	for i, s := range slides {
		field := "slides[" + itoa(i) + "]"
		total += s.Seconds
		if s.Component != "" && !slices.Contains(components, s.Component) {
			d.warn(field+".component", "is %q, which has no layout; its text is shown", quote(s.Component))
		}
		if n := words(s.Headline, one); n > 9 {
			d.style(field+".headline", "has %d words; at most 9", n)
		}
		n := words(s.Narration, one)
		d.within(field+".narration", "words", n, [2]int{20, 45})
		switch {
		case s.Seconds < 0 || s.Seconds > 600:
			d.error(field+".seconds", "is %d; 0 to 600", s.Seconds)
		case d.lines[field+".seconds"] != 0 && s.Seconds != spoken(n):
			d.style(field+".seconds", "is %d, but %d words take %d", s.Seconds, n, spoken(n))
		}
	}
	d.content.DurationSeconds = total
	d.within("slides", "seconds in all", total, limits.seconds)
}

var links = regexp.MustCompile(`(?i)https?://|www\.|mailto:|\btel:|\]\(`)

func (d *document) checkEmail() {
	text := d.campaign.BodyMarkdown
	if strings.TrimSpace(text) == "" {
		d.strict("email", `is missing: the section "# Email"`)
		return
	}
	d.within("email", "words", words(text, one), limitsOf(d.campaign.Type).email)
	if at := links.FindStringIndex(text); at != nil {
		d.at(d.line("email")+strings.Count(text[:at[0]], "\n"), "email", Warning, "holds a link; the layout adds the links")
	}
}

func (d *document) checkArticle() {
	text := d.content.ArticleBody
	if strings.TrimSpace(text) == "" {
		d.strict("article", `is missing: the section "# Article"`)
		return
	}
	d.within("article", "words", words(text, one), limitsOf(d.campaign.Type).article)
}
