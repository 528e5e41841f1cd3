package ui

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/jhillyerd/enmime/v2"

	"github.com/fibonacco/fibonacco"
)

const mailsPerPage = 30

// mailboxData is one page of caught mails, newest first.
type mailboxData struct {
	Query  string
	Before int64
	Mails  []fibonacco.CaughtMail
	Total  int
	Older  string    // address; "" on the last page
	Place  string    // whose time the times are
	Now    time.Time // local to Place
}

func mailboxPath(query string, before int64) string {
	q := url.Values{}
	if query != "" {
		q.Set("q", query)
	}
	if before != 0 {
		q.Set("before", strconv.FormatInt(before, 10))
	}
	if len(q) == 0 {
		return "/mailbox"
	}
	return "/mailbox?" + q.Encode()
}

func mailPath(id int64) string { return "/mailbox/" + strconv.FormatInt(id, 10) }

// mountMailbox adds the caught mails, where they are caught. A mail belongs to no community, so that
// whoever is limited to some sees none.
func (u *ui) mountMailbox(page func(pattern string, h handler)) {
	if u.Mailbox == nil {
		return
	}
	for pattern, h := range map[string]handler{
		"GET /mailbox": u.mailbox, "GET /mailbox/events": u.mailboxEvents, "GET /mailbox/{id}": u.mail, "GET /mailbox/{id}/html": u.mailHTML, "GET /mailbox/{id}/source": u.mailSource,
	} {
		page(pattern, func(w http.ResponseWriter, r *http.Request) error {
			if fibonacco.ScopeOf(r.Context()) != nil {
				return fibonacco.Errorf(fibonacco.Forbidden, "Caught mail is of all communities, and you see some of them. The mails of a business are on its own page.")
			}
			return h(w, r)
		})
	}
}

func (u *ui) mailbox(w http.ResponseWriter, r *http.Request) error {
	d, err := u.readMailbox(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, mailboxPage(u.frame(r, "Mailbox", "/mailbox"), d))
	return nil
}

// mailboxEvents is the stream behind the newest mails.
func (u *ui) mailboxEvents(w http.ResponseWriter, r *http.Request) error {
	return u.move(w, r, func(ctx context.Context) ([]livePart, error) {
		d, err := u.readMailbox(ctx, r.URL.Query())
		if err != nil {
			return nil, err
		}
		return renderParts(ctx, []string{"now", "mails"}, map[string]templ.Component{"now": liveNow(d.Now), "mails": mailList(d)})
	})
}

// mailboxLive names the stream of a list that begins with the newest: older ones stand still.
func mailboxLive(d mailboxData) templ.Attributes {
	if d.Before != 0 {
		return nil
	}
	return templ.Attributes{"data-live": strings.Replace(mailboxPath(d.Query, 0), "/mailbox", "/mailbox/events", 1)}
}

func (u *ui) readMailbox(ctx context.Context, asked url.Values) (d mailboxData, err error) {
	now, err := u.homeTime(ctx)
	if err != nil {
		return d, err
	}
	d = mailboxData{Query: strings.TrimSpace(asked.Get("q")), Now: now, Place: place(now.Location().String())}
	d.Before, _ = strconv.ParseInt(asked.Get("before"), 10, 64)
	page, total, err := u.Mailbox.ListCaught(ctx, d.Query, max(d.Before, 0), mailsPerPage+1)
	if err != nil {
		return d, fmt.Errorf("list caught mails: %w", err)
	}
	if len(page) > mailsPerPage {
		page = page[:mailsPerPage]
		d.Older = mailboxPath(d.Query, page[mailsPerPage-1].ID)
	}
	d.Mails, d.Total = page, total
	return d, nil
}

// homeTime is now, in the zone that is meant where no business is.
func (u *ui) homeTime(ctx context.Context) (time.Time, error) {
	t, err := u.towns(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return u.Clock.Now().In(zone(t.home())), nil
}

// mailData is one caught mail, taken apart.
type mailData struct {
	*fibonacco.CaughtMail
	Headers  []mailHeader
	HasHTML  bool
	Text     string
	Raw      string
	Cut      bool   // Raw is only the beginning
	Mistake  string // why it could not be taken apart; "" when it could
	Attached []string
}

type mailHeader struct{ Name, Value string }

const rawShown = 256 << 10

func (u *ui) readMail(r *http.Request) (*fibonacco.CaughtMail, []byte, error) {
	id, err := idOf(r.PathValue("id"))
	if err != nil {
		return nil, nil, err
	}
	return u.Mailbox.Caught(r.Context(), id)
}

func (u *ui) mail(w http.ResponseWriter, r *http.Request) error {
	caught, raw, err := u.readMail(r)
	if err != nil {
		return err
	}
	d := mailData{CaughtMail: caught, Raw: string(raw[:min(len(raw), rawShown)]), Cut: len(raw) > rawShown}
	if envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw)); err != nil {
		d.Mistake = "This message could not be taken apart; its source is below."
	} else {
		d.HasHTML, d.Text = envelope.HTML != "", envelope.Text
		for _, name := range []string{"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe"} {
			if v := envelope.GetHeader(name); v != "" {
				d.Headers = append(d.Headers, mailHeader{name, v})
			}
		}
		for _, part := range envelope.Attachments {
			d.Attached = append(d.Attached, part.FileName)
		}
	}
	now, err := u.homeTime(r.Context())
	if err != nil {
		return err
	}
	u.show(w, r, http.StatusOK, mailPage(u.frame(r, orWord(d.Subject, "No subject"), "/mailbox"), d, now))
	return nil
}

// mailHTML is the HTML of a mail for the frame that shows it: a stranger's document, so no
// scripts, no forms, an origin of its own, and no pictures but this product's. The tracking
// picture among them is loaded as any reader's would be: looking at a mail here opens it.
func (u *ui) mailHTML(w http.ResponseWriter, r *http.Request) error {
	_, raw, err := u.readMail(r)
	if err != nil {
		return err
	}
	envelope, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil || envelope.HTML == "" {
		return fibonacco.Errorf(fibonacco.NotFound, "This mail has no HTML part.")
	}
	head := w.Header()
	head.Set("Content-Security-Policy", "default-src 'none'; img-src 'self' data: "+u.pixels+
		"; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox")
	head.Set("X-Frame-Options", "SAMEORIGIN") // for browsers that do not know frame-ancestors
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Referrer-Policy", "no-referrer")
	head.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	_, _ = w.Write([]byte(newTabs(envelope.HTML))) //nolint:gosec // sandboxed and without scripts by the policy above
	return nil
}

// newTabs makes links open beside the mailbox: the frame they are in may not leave its page.
func newTabs(html string) string {
	const base = `<base target="_blank">`
	if i := strings.Index(strings.ToLower(html), "<head"); i >= 0 {
		if end := strings.IndexByte(html[i:], '>'); end >= 0 {
			return html[:i+end+1] + base + html[i+end+1:]
		}
	}
	return base + html
}

func (u *ui) mailSource(w http.ResponseWriter, r *http.Request) error {
	caught, raw, err := u.readMail(r)
	if err != nil {
		return err
	}
	head := w.Header()
	head.Set("Content-Type", "message/rfc822")
	head.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="mail-%d.eml"`, caught.ID))
	_, _ = w.Write(raw) //nolint:gosec // a file to save, never a page
	return nil
}

// size writes 38 KB.
func size(bytes int) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.0f KB", float64(bytes)/1000)
}
