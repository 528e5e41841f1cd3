package render

import (
	"bytes"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
)

// Recipient is whom one mail goes to.
type Recipient struct {
	SendID  int64
	SMBID   int64
	UUID    string // of the send, in its usual form; the Message-ID and the boundary are made of it
	Email   string
	ToName  string // "" addresses the bare mailbox
	Fields  template.Fields
	At      time.Time // the Date header
	Subject string    // as planned; "" renders the campaign's
}

// tokens are the signed tokens of one mail's links, made once and used in several places.
type tokens struct {
	text []byte
	ends []int
}

// of is the token of the link in a place.
func (t *tokens) of(place int) []byte {
	if place == 0 {
		return t.text[:t.ends[0]]
	}
	return t.text[t.ends[place-1]:t.ends[place]]
}

// sign makes the tokens for one recipient, into the space given.
func (m *Mail) sign(r *Recipient, t *tokens) {
	for _, l := range m.links {
		t.text = m.signer.AppendSend(t.text, l.kind, fibonacco.SendClaim{SendID: r.SendID, SMBID: r.SMBID, LinkID: l.id})
		t.ends = append(t.ends, len(t.text))
	}
}

// headers prepares the header lines that do not change.
func (m *Mail) headers(s Settings) {
	m.from = "From: " + string(appendMailbox(nil, len("From: "), s.FromName, s.FromEmail)) + "\r\n"
	if s.ReplyTo != "" {
		m.replyTo = "Reply-To: " + s.ReplyTo + "\r\n"
	}
	m.listID = "List-Id: " + string(appendMailbox(nil, len("List-Id: "), s.CompanyName, "programme."+m.domain)) + "\r\n"
}

// Render appends the whole message for r to dst: RFC 5322 with CRLF, 7-bit, lines of at most 76
// characters in the bodies. It returns Invalid when r's address or uuid cannot stand in a header
// or At is zero, and the template's error when its tags exceed a limit; dst is then as it was.
func (m *Mail) Render(dst []byte, r Recipient) ([]byte, error) {
	switch {
	case !isAddress(r.Email):
		return dst, fibonacco.Errorf(fibonacco.Invalid, "the address of send %d cannot be mailed to", r.SendID)
	case !isUUID(r.UUID):
		return dst, fibonacco.Errorf(fibonacco.Invalid, "send %d has no proper uuid", r.SendID)
	case r.At.IsZero():
		return dst, fibonacco.Errorf(fibonacco.Invalid, "send %d has no date", r.SendID)
	}
	fields := r.Fields.Clean()
	var space [640]byte
	var ends [16]int
	t := tokens{text: space[:0], ends: ends[:0]}
	m.sign(&r, &t)

	before := len(dst)
	dst, err := m.head(dst, &r, &fields, &t)
	if err != nil {
		return dst[:before], err
	}
	dst = append(append(append(dst, "--=_"...), r.UUID...), "\r\nContent-Type: text/plain; charset=utf-8"+encoding...)
	if dst, err = m.text.append(dst, &fields, &t); err != nil {
		return dst[:before], fmt.Errorf("render the text of send %d: %w", r.SendID, err)
	}
	dst = append(append(append(dst, "\r\n--=_"...), r.UUID...), "\r\nContent-Type: text/html; charset=utf-8"+encoding...)
	if dst, err = m.html.append(dst, &fields, &t); err != nil {
		return dst[:before], fmt.Errorf("render the HTML of send %d: %w", r.SendID, err)
	}
	return append(append(append(dst, "\r\n--=_"...), r.UUID...), "--\r\n"...), nil
}

const encoding = "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"

// head writes the header and the blank line behind it. "=_" in the boundary cannot occur in
// quoted-printable text.
func (m *Mail) head(dst []byte, r *Recipient, f *template.Fields, t *tokens) ([]byte, error) {
	dst = append(append(dst, m.from...), "To: "...)
	dst = append(appendMailbox(dst, len("To: "), r.ToName, r.Email), "\r\n"...)
	dst = append(append(dst, m.replyTo...), "Subject: "...)
	dst, err := m.appendSubject(dst, r, f)
	if err != nil {
		return dst, err
	}
	dst = r.At.UTC().AppendFormat(append(dst, "\r\nDate: "...), "Mon, 02 Jan 2006 15:04:05 +0000")
	dst = append(append(dst, "\r\nMessage-ID: <"...), r.UUID...)
	dst = append(append(append(dst, '@'), m.domain...), ">\r\nMIME-Version: 1.0\r\n"...)
	dst = append(append(append(dst, m.listID...), "List-Unsubscribe: <"...), m.unsubscribe...)
	dst = append(append(dst, t.of(unsubscribeLink)...), ">\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	dst = strconv.AppendInt(append(dst, "Precedence: bulk\r\nX-Fibonacco-Send: "...), r.SendID, 10)
	dst = append(append(dst, "\r\nContent-Type: multipart/alternative;\r\n boundary=\"=_"...), r.UUID...)
	return append(dst, "\"\r\n\r\n"...), nil
}

func (m *Mail) appendSubject(dst []byte, r *Recipient, f *template.Fields) ([]byte, error) {
	const column = len("Subject: ")
	if r.Subject != "" {
		return appendText(dst, column, template.Cut(r.Subject, 255)), nil
	}
	var space [512]byte
	out, err := m.subject.Render(space[:0], *f)
	if err != nil {
		return dst, fmt.Errorf("render the subject of send %d: %w", r.SendID, err)
	}
	return appendText(dst, column, template.Clean(string(out))), nil
}

// isUUID reports whether s is a uuid in its usual form of 36 characters.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := s[i] >= '0' && s[i] <= '9' || s[i] >= 'a' && s[i] <= 'f' || s[i] >= 'A' && s[i] <= 'F'
		if dash && s[i] != '-' || !dash && !hex {
			return false
		}
	}
	return true
}

// Preview is a mail as a person sees it.
type Preview struct {
	Subject   string
	Preheader string
	HTML      string // a whole document; its links are real: show it without following them
	Text      string
}

// Preview renders a mail for people to look at. Only r's ids, Fields and Subject matter.
func (m *Mail) Preview(r Recipient) (p Preview, err error) {
	if p.Subject = template.Clean(r.Subject); p.Subject == "" {
		if p.Subject, err = m.Subject(r.Fields); err != nil {
			return Preview{}, err
		}
	}
	if p.Preheader, err = m.Preheader(r.Fields); err != nil {
		return Preview{}, err
	}
	fields, t := r.Fields.Clean(), tokens{}
	m.sign(&r, &t)
	if p.HTML, err = m.html.decoded(&fields, &t); err != nil {
		return Preview{}, err
	}
	p.Text, err = m.text.decoded(&fields, &t)
	return p, err
}

// decoded is the part before its encoding, with "\n" at the end of a line.
func (p part) decoded(f *template.Fields, t *tokens) (string, error) {
	encoded, err := p.append(nil, f, t)
	if err != nil {
		return "", err
	}
	out, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(encoded)))
	if err != nil {
		return "", fmt.Errorf("decode a preview: %w", err)
	}
	return string(bytes.ReplaceAll(out, []byte("\r\n"), []byte("\n"))), nil
}
