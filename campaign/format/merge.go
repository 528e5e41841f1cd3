package format

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// checkTemplates compiles every text and tries it on businesses that are hard to address.
func (d *document) checkTemplates() {
	c := &d.campaign
	d.checkTemplate("title", c.Title)
	d.checkTemplate("subject", c.Subject)
	for i, s := range c.Subjects {
		d.checkTemplate("subjects["+itoa(i)+"]", s)
	}
	d.checkTemplate("preheader", c.Preheader)
	d.checkTemplate("approval_button", c.ApprovalButtonText)
	d.checkTemplate("learning_button", c.LearningButton)
	d.checkTemplate("rvm_script", c.RVMScript)
	d.checkTemplate("email", c.BodyMarkdown)
	used := map[string]bool{}
	learn := func(field, source string) {
		for _, name := range d.checkTemplate(field, source) {
			used[name] = true
		}
	}
	for i, s := range d.content.Slides {
		field := "slides[" + itoa(i) + "]"
		learn(field+".headline", s.Headline)
		learn(field+".body", s.Body)
		learn(field+".narration", s.Narration)
		for j, item := range s.Items {
			learn(field+".items["+itoa(j)+"]", item)
		}
	}
	learn("article", d.content.ArticleBody)
	for _, name := range template.Known {
		if used[name] {
			d.content.PersonalizationFields = append(d.content.PersonalizationFields, name)
		}
	}
	if !d.failed() {
		d.checkMarkdown()
	}
}

// checkTemplate returns the names of the placeholders in use.
func (d *document) checkTemplate(field, source string) []string {
	t, err := template.Compile(source, template.Text)
	if err != nil {
		d.templateError(field, err)
		return nil
	}
	for _, name := range t.Fields() {
		if field != "rvm_script" && slices.Contains(template.VoicemailOnly, name) {
			d.error(field, "uses {{ %s }}, which is for voicemail only", name)
		}
	}
	for _, f := range hard {
		out, err := t.Render(nil, f)
		if err != nil {
			d.templateError(field, err)
			return nil
		}
		if line, bad := gap(string(out)); bad != "" {
			d.at(d.line(field)+line, field, Warning, "reads "+bad+" when a name or category is missing")
			break
		}
	}
	return t.Fields()
}

// templateError reports err at its place in the file.
func (d *document) templateError(field string, err error) {
	line, message := d.line(field), err.Error()
	var bad *template.Error
	if errors.As(err, &bad) {
		line, message = line+bad.Line-1, bad.Message
	}
	d.at(line, field, Error, message)
}

// hard is the businesses of the merge test: nothing known but what always is, and a long name in
// capitals.
var hard = []template.Fields{
	{
		BusinessName: "Marisol", Community: "Port Avery",
		CompanyName: "Port Avery Local", OptOutNumber: "(800) 555-0100", CallbackNumber: "(555) 555-0142",
	},
	{
		FirstName: "MARIA-MAGDALENA", BusinessName: "MARIA-MAGDALENA'S HAIR STUDIO AND DAY SPA OF GREATER AVERY CO",
		Community: "Port Avery", Category: "beauty salon and day spa",
		CompanyName: "Port Avery Local", OptOutNumber: "(800) 555-0100", CallbackNumber: "(555) 555-0142",
	},
}

var gaps = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`\S {2,}\S`), `with two blanks in a row`},
	{regexp.MustCompile(` [,.;:!?](\s|$)`), `with a blank before a comma or full stop`},
	{regexp.MustCompile(`(?m)^\s*[,.;:!?](\s|$)`), `with a comma or full stop at the beginning of a line`},
	{regexp.MustCompile(`(?i)^\W*(hello|hi|dear)\s*[,.!]`), `with a greeting to nobody`},
	{regexp.MustCompile(`\(\s*\)`), `with nothing in parentheses`},
}

// gap finds the first sign of a missing value, and its line from 0. Lines of a table are left
// alone: their blanks are on purpose.
func gap(text string) (line int, what string) {
	for i, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, "|") {
			continue
		}
		for _, g := range gaps {
			if g.pattern.MatchString(l) {
				return i, g.name
			}
		}
	}
	return 0, ""
}

// trial is settings to compile a mail with that nobody gets.
var trial = sync.OnceValues(func() (render.Settings, error) {
	signer, err := fibonacco.NewSigner("a trial that signs nothing that leaves")
	return render.Settings{
		PublicURL: "https://example.com", FromEmail: "sarah@example.com", CompanyName: "Example", PostalAddress: "Example",
		Signer: signer,
	}, err
})

// checkMarkdown compiles the mail and the article the way they will be.
func (d *document) checkMarkdown() {
	s, err := trial()
	if err == nil {
		_, err = render.Compile(d.campaign, s)
	}
	if err != nil {
		d.templateError("email", err)
	}
	if _, err := render.CompileArticle(d.content.ArticleBody); err != nil {
		d.templateError("article", err)
	}
}
