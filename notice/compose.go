package notice

import (
	"bytes"
	_ "embed"
	"fmt"
	htmltemplate "html/template"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/fibonacco/fibonacco"
)

//go:embed layout.html
var htmlLayout string

//go:embed layout.txt
var textLayout string

var (
	htmlPage = htmltemplate.Must(htmltemplate.New("layout.html").Parse(htmlLayout))
	textPage = texttemplate.Must(texttemplate.New("layout.txt").Parse(textLayout))
)

// page is what the layouts show.
type page struct {
	*fibonacco.Notice
	Name, Initial, Company, Address string
}

// compose writes a notice as RFC 5322: text and HTML, and the calendar where there is one. Answers of
// machines are not wanted (RFC 3834).
func (s *Service) compose(n *fibonacco.Notice, id string, at time.Time) ([]byte, error) {
	clean := *n
	clean.Subject = oneLine(n.Subject)
	p := page{Notice: &clean, Name: s.cfg.Email.FromName, Company: s.cfg.Company.Name, Address: s.cfg.Company.PostalAddress}
	if p.Name == "" {
		p.Name = p.Company
	}
	p.Initial = string([]rune(p.Name + "?")[:1])
	var html, text bytes.Buffer
	if err := htmlPage.Execute(&html, p); err != nil {
		return nil, err
	}
	if err := textPage.Execute(&text, p); err != nil {
		return nil, err
	}

	var out bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&out, "%s: %s\r\n", name, value) }
	header("From", (&mail.Address{Name: oneLine(s.cfg.Email.FromName), Address: s.cfg.Email.FromEmail}).String())
	header("To", (&mail.Address{Address: n.To}).String())
	if reply := firstOf(n.ReplyTo, s.cfg.Email.ReplyTo); reply != "" && reply != s.cfg.Email.FromEmail {
		header("Reply-To", (&mail.Address{Address: reply}).String())
	}
	header("Subject", mime.QEncoding.Encode("utf-8", clean.Subject))
	header("Date", at.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	header("Message-ID", "<"+id+"@"+domainOf(s.cfg.Email.FromEmail)+">")
	if n.Leave != "" {
		header("List-Unsubscribe", "<"+n.Leave+">")
		header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	}
	header("Auto-Submitted", "auto-generated")
	header("X-Auto-Response-Suppress", "All")
	header("MIME-Version", "1.0")

	alternative := multipart.NewWriter(&out)
	if err := alternative.SetBoundary("a-" + id); err != nil {
		return nil, err
	}
	var mixed *multipart.Writer
	if n.Calendar != "" {
		mixed = multipart.NewWriter(&out)
		if err := mixed.SetBoundary("m-" + id); err != nil {
			return nil, err
		}
		header("Content-Type", `multipart/mixed; boundary="`+mixed.Boundary()+`"`)
		out.WriteString("\r\n")
		if _, err := mixed.CreatePart(textproto.MIMEHeader{"Content-Type": {`multipart/alternative; boundary="` + alternative.Boundary() + `"`}}); err != nil {
			return nil, err
		}
	} else {
		header("Content-Type", `multipart/alternative; boundary="`+alternative.Boundary()+`"`)
		out.WriteString("\r\n")
	}
	if err := addPart(alternative, "text/plain; charset=utf-8", "", text.String()); err != nil {
		return nil, err
	}
	if err := addPart(alternative, "text/html; charset=utf-8", "", html.String()); err != nil {
		return nil, err
	}
	if err := alternative.Close(); err != nil {
		return nil, err
	}
	if mixed != nil {
		if err := addPart(mixed, "text/calendar; charset=utf-8; method="+n.Method, `attachment; filename="invite.ics"`, n.Calendar); err != nil {
			return nil, err
		}
		if err := mixed.Close(); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

func addPart(w *multipart.Writer, kind, disposition, body string) error {
	h := textproto.MIMEHeader{"Content-Type": {kind}, "Content-Transfer-Encoding": {"quoted-printable"}}
	if disposition != "" {
		h.Set("Content-Disposition", disposition)
	}
	part, err := w.CreatePart(h)
	if err != nil {
		return err
	}
	qp := quotedprintable.NewWriter(part)
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
	if _, err := qp.Write([]byte(body)); err != nil {
		return err
	}
	return qp.Close()
}

// oneLine is a text without what would end a header line.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 }), " ")
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
