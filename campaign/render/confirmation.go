package render

import (
	"bytes"
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"mime/quotedprintable"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

//go:embed confirmation.html
var confirmationHTML string

//go:embed confirmation.txt
var confirmationText string

var (
	confirmHTML = htmltemplate.Must(htmltemplate.New("confirmation.html").Delims("[[", "]]").Parse(confirmationHTML))
	confirmText = texttemplate.Must(texttemplate.New("confirmation.txt").Delims("[[", "]]").Parse(confirmationText))
)

// Confirmation is a mail that asks whether mail is wanted, and asks for nothing else: no pixel, no
// tracked link, nothing to buy.
type Confirmation struct {
	UUID     string // the Message-ID and the boundary are made of it
	Email    string
	Business string // on whose behalf it was asked; "" when it has no name
	Wording  string // what is agreed to
	URL      string
	At       time.Time // the Date header
	Until    string    // the day until which the link is good, as people write it
}

// Render is the whole message, as Mail.Render makes one. Invalid when it cannot be addressed.
func (c Confirmation) Render(s Settings) ([]byte, error) {
	if !isAddress(c.Email) || !isUUID(c.UUID) || c.At.IsZero() {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "the confirmation has no proper address, uuid or date")
	}
	c.Business = template.Clean(c.Business)
	view := struct {
		Confirmation
		Company, Address string
		Font             htmltemplate.CSS
	}{c, s.CompanyName, s.PostalAddress, font}
	var text, html bytes.Buffer
	if err := confirmText.Execute(&text, view); err != nil {
		return nil, fmt.Errorf("write the text of a confirmation: %w", err)
	}
	if err := confirmHTML.Execute(&html, view); err != nil {
		return nil, fmt.Errorf("write the HTML of a confirmation: %w", err)
	}

	domain := s.FromEmail[strings.LastIndexByte(s.FromEmail, '@')+1:]
	var m bytes.Buffer
	fmt.Fprintf(&m, "From: %s\r\nTo: %s\r\n", appendMailbox(nil, len("From: "), s.FromName, s.FromEmail), c.Email)
	if s.ReplyTo != "" {
		fmt.Fprintf(&m, "Reply-To: %s\r\n", s.ReplyTo)
	}
	fmt.Fprintf(&m, "Subject: %s\r\n", appendText(nil, len("Subject: "), "Please confirm: emails from "+s.CompanyName))
	fmt.Fprintf(&m, "Date: %s\r\nMessage-ID: <%s@%s>\r\n", c.At.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000"), c.UUID, domain)
	fmt.Fprintf(&m, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_%s\"\r\n\r\n", c.UUID)
	for _, part := range []struct {
		kind string
		body []byte
	}{{"text/plain", text.Bytes()}, {"text/html", html.Bytes()}} {
		fmt.Fprintf(&m, "--=_%s\r\nContent-Type: %s; charset=utf-8%s", c.UUID, part.kind, encoding)
		w := quotedprintable.NewWriter(&m)
		_, err := w.Write(part.body)
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return nil, fmt.Errorf("encode a confirmation: %w", err)
		}
		m.WriteString("\r\n")
	}
	fmt.Fprintf(&m, "--=_%s--\r\n", c.UUID)
	return m.Bytes(), nil
}
