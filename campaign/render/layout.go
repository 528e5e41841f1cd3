package render

import (
	_ "embed" // layout.html, layout.txt
	"fmt"
	"html"
	"regexp"
	"strings"
	"text/template"
	"unicode"

	"github.com/fibonacco/fibonacco"
	liquid "github.com/fibonacco/fibonacco/campaign/template"
)

//go:embed layout.html
var htmlLayout string

//go:embed layout.txt
var textLayout string

// The layouts' own actions are in square brackets, so that what they make can hold Liquid. The
// blanks before a line serve readers of the file, not of the mail.
var (
	htmlTemplate = parseLayout("layout.html", regexp.MustCompile(`(?m)^ +`).ReplaceAllString(htmlLayout, ""))
	textTemplate = parseLayout("layout.txt", textLayout)
)

func parseLayout(name, text string) *template.Template {
	return template.Must(template.New(name).Delims("[[", "]]").Option("missingkey=error").Parse(text))
}

// page is what a layout is filled with: Liquid source each, escaped for the part it is in. URLs
// hold a rune of a link.
type page struct {
	Font                      string
	Subject, Preheader, Title string
	Body                      string
	Approve, Learn            string // labels; Approve is "" without a service
	Name, Role, Initial       string // who signs
	Company, Address, Why     string
	ApproveURL, LearnURL      string
	UnsubscribeURL            string
	PixelURL, TrapURL         string
	escape                    func(source string) (string, error)
	err                       error
}

// DefaultLearningButton is the label of the learning link when a campaign has none.
const DefaultLearningButton = "Read it as slides"

// fill sets what both layouts show, but for the URLs.
func (p *page) fill(c fibonacco.Campaign, s Settings, b *body) error {
	p.Font, p.Body = font, bodyMark
	p.Subject, p.Preheader, p.Title = p.source(c.Subject), p.source(c.Preheader), p.source(c.Title)
	if c.ServiceType != "" {
		p.Approve = p.source(c.ApprovalButtonText)
	}
	learn := c.LearningButton
	if learn == "" {
		learn = DefaultLearningButton
	}
	p.Learn = p.source(learn)
	name := b.name
	if name == "" {
		name = s.FromName
	}
	if name == "" {
		name = s.CompanyName
	}
	p.Name, p.Role, p.Initial = p.text(name), p.text(b.role), p.text(initial(name))
	p.Company, p.Address = p.text(s.CompanyName), p.text(s.PostalAddress)
	p.Why = p.text("You get this marketing email because ") + "{{ " + liquid.BusinessName + " }}" +
		p.text(" is on the mailing list of "+s.CompanyName+".")
	if c.Day > 0 {
		total := s.TotalDays
		if total == 0 {
			total = 90
		}
		p.Why += fmt.Sprintf(" This is day %d of %d.", c.Day, total)
	}
	return p.err
}

// source is a campaign's text, which may hold placeholders.
func (p *page) source(text string) string {
	out, err := p.escape(text)
	if err == nil && strings.IndexFunc(text, func(r rune) bool { return r >= firstToken }) >= 0 {
		err = &liquid.Error{Line: 1, Message: "holds a character that no font has"}
	}
	if err != nil && p.err == nil {
		p.err = err
	}
	return out
}

// text is a setting, which is shown as it is.
func (p *page) text(text string) string { return p.source(liquid.Literal(text)) }

func execute(t *template.Template, p *page) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, p); err != nil {
		return "", fmt.Errorf("fill %s: %w", t.Name(), err)
	}
	return b.String(), nil
}

// initial is what stands in the round mark beside a name.
func initial(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToUpper(r))
		}
	}
	return html.UnescapeString("&bull;")
}
