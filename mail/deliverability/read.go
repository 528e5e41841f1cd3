package deliverability

import (
	"bytes"
	"net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco/mail/part"
)

// readMail is a mail as its reader's program has it.
type readMail struct {
	header   mail.Header
	from     string // domain of the From header; "" when there is none
	text     string // the plain part
	html     string // the other one
	words    int    // that the HTML shows
	pictures int    // that can be seen
	unnamed  int    // of them without an alt text
	links    []link
	longest  int // bytes of a line as it is on the wire
}

// link is where one link leads.
type link struct {
	host   string
	secure bool
}

// shorteners hide where a link leads, which is why filters list them.
var shorteners = []string{"bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly", "t.ly", "rb.gy", "shorturl.at"}

func (l link) shortener() bool { return slices.Contains(shorteners, l.host) }

func (l link) numeric() bool {
	_, err := netip.ParseAddr(l.host)
	return err == nil
}

func read(message []byte) (*readMail, error) {
	m, err := mail.ReadMessage(bytes.NewReader(message))
	if err != nil {
		return nil, err
	}
	r := &readMail{header: m.Header, longest: longestLine(message)}
	if list, err := m.Header.AddressList("From"); err == nil && len(list) == 1 {
		_, r.from, _ = strings.Cut(list[0].Address, "@")
	}
	// The first of each kind counts.
	if err := part.Each(textproto.MIMEHeader(m.Header), m.Body, func(media string, content []byte) error {
		switch {
		case media == "text/plain" && r.text == "":
			r.text = string(content)
		case media == "text/html" && r.html == "":
			r.html = string(content)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	r.look()
	return r, nil
}

// look goes through the HTML, and counts what a reader sees: not the picture of one point that counts
// openings, nor what is hidden.
func (r *readMail) look() {
	z := html.NewTokenizer(strings.NewReader(r.html))
	var hidden []string // elements that are open and hide what is within
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.TextToken:
			if len(hidden) == 0 {
				r.words += len(strings.Fields(string(z.Text())))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			r.element(t, len(hidden) > 0)
			if t.Type == html.StartTagToken && !void(t.Data) && (len(hidden) > 0 || hides(t)) {
				hidden = append(hidden, t.Data)
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			for i := len(hidden) - 1; i >= 0; i-- { // what was not closed within ends with it
				if hidden[i] == string(name) {
					hidden = hidden[:i]
					break
				}
			}
		}
	}
}

func (r *readMail) element(t html.Token, hidden bool) {
	switch t.Data {
	case "a":
		u, err := url.Parse(attribute(t, "href"))
		if err == nil && (u.Scheme == "http" || u.Scheme == "https") {
			r.links = append(r.links, link{strings.ToLower(u.Hostname()), u.Scheme == "https"})
		}
	case "img":
		if hidden || attribute(t, "width") == "1" || attribute(t, "height") == "1" {
			return
		}
		r.pictures++
		if !slices.ContainsFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "alt" }) {
			r.unnamed++
		}
	}
}

func attribute(t html.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hides(t html.Token) bool {
	switch t.Data {
	case "head", "style", "script", "title":
		return true
	}
	return strings.Contains(strings.ReplaceAll(strings.ToLower(attribute(t, "style")), " ", ""), "display:none")
}

// void reports whether an element has no end tag.
func void(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr":
		return true
	}
	return false
}
