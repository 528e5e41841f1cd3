// Package render makes mail out of campaigns.
//
// A campaign is compiled once per version: its Markdown becomes HTML and plain text in the mail's
// layout, encoded for transport, with gaps where a recipient's name and links go. A mail is then
// the filling of those gaps, in a few microseconds and without the database. The same input gives
// the same bytes.
//
// It decides nothing about whom to mail and hands nothing over: that is package campaign.
package render

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// The link ids that every mail has (SendClaim.LinkID). The pixel and the unsubscribe link have 0.
const (
	LinkTrap    int64 = -1 // a link that no person sees: who follows it is a scanner
	LinkLearn   int64 = 1  // the learning page
	LinkApprove int64 = 2  // the approval page
	// FirstStoredLink is the smallest id of a link out of a campaign's text.
	FirstStoredLink int64 = 100
)

// Settings is what all mails of a company share.
type Settings struct {
	PublicURL     string // base of every link, "https://go.example.com"; a slash at the end does not matter
	FromName      string // "" sends the bare address
	FromEmail     string
	ReplyTo       string // "" lets replies go to FromEmail
	CompanyName   string
	PostalAddress string // on one line; CAN-SPAM asks for it
	TotalDays     int    // length of the programme, for "day 4 of 90"; 0 means 90
	Signer        *fibonacco.Signer

	// ResolveLink says under which id (FirstStoredLink or more) a http or https link in a body is
	// stored, so that its clicks are counted; 0 leaves the link as it is. nil leaves all of them.
	ResolveLink func(url string) (linkID int64)
}

// Mail is a compiled campaign. Safe for concurrent use.
type Mail struct {
	subject, preheader *template.Template
	html, text         part
	links              []claim // what the gaps for links are filled with
	signer             *fibonacco.Signer

	// Header lines that are the same in every mail.
	from, replyTo, listID string
	domain                string // of FromEmail
	unsubscribe           string // base of the unsubscribe link
}

// claim is one link of a mail.
type claim struct {
	kind fibonacco.TokenKind
	id   int64
}

// The places of the links that every mail has.
const (
	pixelLink = iota
	unsubscribeLink
	learnLink
	approveLink
	trapLink
	bodyLinks
)

// Compile makes a campaign ready to be mailed. It returns Invalid naming each field of the
// campaign or the settings that cannot be used; where a template is wrong, the error wraps the
// *template.Error with its line.
func Compile(c fibonacco.Campaign, s Settings) (*Mail, error) {
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if err := s.validate(); err != nil {
		return nil, err
	}
	if c.ServiceType != "" && c.ApprovalButtonText == "" {
		return nil, fibonacco.InvalidFields("campaign "+c.ID+" cannot be mailed",
			[]fibonacco.FieldError{{Field: "approval_button_text", Reason: "is missing: the campaign has a service"}})
	}
	at := strings.LastIndexByte(s.FromEmail, '@')
	m := &Mail{
		signer: s.Signer, domain: s.FromEmail[at+1:], unsubscribe: s.PublicURL + "/u/",
		links: []claim{
			pixelLink: {fibonacco.TrackToken, 0}, unsubscribeLink: {fibonacco.UnsubscribeToken, 0},
			learnLink: {fibonacco.TrackToken, LinkLearn}, approveLink: {fibonacco.TrackToken, LinkApprove},
			trapLink: {fibonacco.TrackToken, LinkTrap},
		},
	}
	m.headers(s)
	bad := &problems{}
	m.subject = bad.compile("subject", c.Subject, template.Header)
	m.preheader = bad.compile("preheader", c.Preheader, template.Text)
	bad.compile("title", c.Title, template.Text)
	bad.compile("approval_button_text", c.ApprovalButtonText, template.Text)
	bad.compile("learning_button", c.LearningButton, template.Text)
	b, err := readBody(c.BodyMarkdown, m.clickOn(s))
	bad.add("body_markdown", err)
	if bad.fields == nil {
		bad.add("body_markdown", m.parts(c, s, b))
	}
	if bad.fields != nil {
		return nil, &fibonacco.Error{
			Code: fibonacco.Invalid, Message: "campaign " + c.ID + " cannot be mailed", Fields: bad.fields, Err: errors.Join(bad.errs...),
		}
	}
	return m, nil
}

// problems collects what is wrong, field by field.
type problems struct {
	fields []fibonacco.FieldError
	errs   []error
}

func (p *problems) add(field string, err error) {
	if err != nil {
		p.fields = append(p.fields, fibonacco.FieldError{Field: field, Reason: err.Error()})
		p.errs = append(p.errs, err)
	}
}

func (p *problems) compile(field, source string, escape template.Escape) *template.Template {
	t, err := template.Compile(source, escape)
	p.add(field, err)
	return t
}

func (s Settings) validate() error {
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	u, err := url.Parse(s.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		!isLine(s.PublicURL) || strings.ContainsAny(s.PublicURL, ` <>"'&{`) {
		refuse("public_url", "is not the base of a web address")
	}
	if !isAddress(s.FromEmail) {
		refuse("from_email", "is not an e-mail address")
	}
	if s.ReplyTo != "" && !isAddress(s.ReplyTo) {
		refuse("reply_to", "is not an e-mail address")
	}
	if template.Clean(s.CompanyName) == "" {
		refuse("company_name", "is missing: every mail says who sent it")
	}
	if template.Clean(s.PostalAddress) == "" {
		refuse("postal_address", "is missing: every mail has to show one")
	}
	if s.Signer == nil {
		refuse("signer", "is missing")
	}
	return fibonacco.InvalidFields("the mail settings cannot be used", bad)
}

// clickOn turns the links of a body into tracked ones, the same address into the same one.
func (m *Mail) clickOn(s Settings) func(string) (string, error) {
	known := map[string]int{}
	return func(address string) (string, error) {
		if s.ResolveLink == nil {
			return address, nil
		}
		place, ok := known[address]
		if !ok {
			id := s.ResolveLink(address)
			if id == 0 {
				return address, nil
			}
			if id < FirstStoredLink {
				return "", fmt.Errorf("links to %q, which is stored under the reserved id %d", address, id)
			}
			place = len(m.links)
			known[address] = place
			m.links = append(m.links, claim{fibonacco.TrackToken, id})
		}
		return s.PublicURL + "/track/click/" + string(rune(firstLink+place)), nil
	}
}

// parts compiles both bodies.
func (m *Mail) parts(c fibonacco.Campaign, s Settings, b *body) error {
	h, err := b.html()
	if err != nil {
		return err
	}
	t, err := b.plain()
	if err != nil {
		return err
	}
	link := func(path string, place int) string { return s.PublicURL + path + string(rune(firstLink+place)) }
	p := page{
		ApproveURL: link("/track/click/", approveLink), LearnURL: link("/track/click/", learnLink),
		UnsubscribeURL: link("/u/", unsubscribeLink),
		PixelURL:       link("/track/open/", pixelLink), TrapURL: link("/track/click/", trapLink),
	}
	hp, tp := p, p
	hp.escape, tp.escape = escapeSource, func(s string) (string, error) { return s, nil }
	if err := errors.Join(hp.fill(c, s, b), tp.fill(c, s, b)); err != nil {
		return err
	}
	htmlPage, err := execute(htmlTemplate, &hp)
	if err != nil {
		return err
	}
	textPage, err := execute(textTemplate, &tp)
	if err != nil {
		return err
	}
	if m.html, err = compilePart(htmlPage, b.restore(h), template.HTML); err != nil {
		return err
	}
	m.text, err = compilePart(textPage, b.restore(t), template.Text)
	return err
}

// Subject is the subject for one recipient: one line of at most 255 characters.
func (m *Mail) Subject(f template.Fields) (string, error) {
	out, err := m.subject.Render(nil, f.Clean())
	if err != nil {
		return "", fmt.Errorf("render the subject: %w", err)
	}
	return template.Clean(string(out)), nil
}

// Preheader is the line that an inbox shows after the subject, as plain text.
func (m *Mail) Preheader(f template.Fields) (string, error) {
	out, err := m.preheader.Render(nil, f.Clean())
	if err != nil {
		return "", fmt.Errorf("render the preheader: %w", err)
	}
	return template.Clean(string(out)), nil
}
