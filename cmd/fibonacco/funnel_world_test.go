package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// town is the whole product, served: everything in it is done over HTTP, as staff with a token, as an
// owner with the links of mails, or as a customer. What it stored is looked at by a connection of the
// test's own.
type town struct {
	*testing.T
	app         *app
	base, staff string
	store       *db.DB
	bulk        string // a change of many that is done, by its uuid
}

// settleTown starts the product on an empty database, on a Monday morning at half past eight. An hour
// of its time is two seconds until somebody slows it down.
func settleTown(t *testing.T, engine db.Engine) *town {
	t.Helper()
	database, dir := dbtest.URL(t, engine), t.TempDir()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, "listen", err)
	w := &town{T: t, base: config.PublicURL(ln.Addr().String())}
	settings, err := config.Read(config.Options{Environ: []string{}, Dir: dir, Set: []string{
		"data_dir=" + dir, "database.url=" + database, "secret_key=a secret key for tests that is long enough to sign with", "email.mailer=catcher",
		"http.listen=" + ln.Addr().String(), "http.public_url=" + w.base, "company.name=Red Hook Local",
		"company.postal_address=200 Example Street, Brooklyn, NY 11231", "email.from_email=sarah@redhook-local.example",
		"clock.start=2026-03-02T08:30:00-05:00", "clock.scale=1800",
	}})
	must(t, "settings", err)
	roles := wiring{works: true, ticks: true, migrate: true}
	ctx, stop := context.WithCancel(t.Context())
	w.app, err = wire(ctx, settings, roles)
	must(t, "wire", err)
	ended := make(chan error, 1)
	go func() { ended <- w.app.runUntil(ctx, roles, ln, w.app.site(nil), 10*time.Second) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	waitFor(t, "the server", func() bool { return strings.Contains(get(t, w.base+"/health"), "ok") })
	w.staff, _, err = w.app.access.CreateToken(t.Context(), fibonacco.AccessToken{Name: "staff", Role: fibonacco.Admin})
	must(t, "a token", err)
	w.store, err = db.Open(t.Context(), database, fibonacco.SystemClock{}, 2)
	must(t, "look at the database", err)
	t.Cleanup(func() { _ = w.store.Close() })
	return w
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// ask sends a request of staff to the interface, and reads its answer.
func (w *town) ask(method, path, kind string, body []byte, want int) (answer map[string]any) {
	w.Helper()
	req, err := http.NewRequestWithContext(w.Context(), method, w.base+"/api/v1"+path, bytes.NewReader(body))
	must(w.T, path, err)
	req.Header.Set("Authorization", "Bearer "+w.staff)
	req.Header.Set("Content-Type", kind)
	resp, err := http.DefaultClient.Do(req)
	must(w.T, path, err)
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	must(w.T, path, err)
	if resp.StatusCode != want {
		w.Fatalf("%s %s: %d, want %d: %s", method, path, resp.StatusCode, want, raw)
	}
	if len(raw) > 0 {
		must(w.T, path, json.Unmarshal(raw, &answer))
	}
	return answer
}

// zipped is an archive with one file in it.
func zipped(t *testing.T, name, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	f, err := z.Create(name)
	must(t, "archive", err)
	_, err = io.WriteString(f, text)
	must(t, "archive", err)
	must(t, "archive", z.Close())
	return b.Bytes()
}

// letter is a mail as its reader gets it.
type letter struct {
	subject, text string
	page          string            // the HTML part
	files         map[string]string // attachments and calendar parts by their media type
}

// waitForMail is the newest mail to an address whose subject holds some words, once there is one.
func (w *town) waitForMail(to, subject string) letter {
	w.Helper()
	var raw []byte
	waitFor(w.T, fmt.Sprintf("the mail %q to %s", subject, to), func() bool {
		page, _, err := w.app.mailbox.ListCaught(w.Context(), to, 0, 200)
		must(w.T, "mailbox", err)
		for _, m := range page {
			if m.To == to && strings.Contains(m.Subject, subject) {
				_, raw, err = w.app.mailbox.Caught(w.Context(), m.ID)
				must(w.T, "mailbox", err)
				return true
			}
		}
		return false
	})
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	must(w.T, "mail", err)
	l := letter{files: map[string]string{}}
	l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	must(w.T, "subject", err)
	l.take(w.T, m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	return l
}

// take reads one part, and those inside it.
func (l *letter) take(t *testing.T, contentType, encoding string, body io.Reader) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(contentType)
	must(t, "media type", err)
	if strings.HasPrefix(kind, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			must(t, "part", err)
			l.take(t, part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part)
		}
	}
	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	text, err := io.ReadAll(body)
	must(t, "part", err)
	switch kind {
	case "text/plain":
		l.text = string(text)
	case "text/html":
		l.page = string(text)
	default:
		l.files[kind] = string(text)
	}
}

// link is the last address in a mail's text with something in it.
func (l letter) link(t *testing.T, holds string) string {
	t.Helper()
	found := ""
	for _, link := range regexp.MustCompile(`https?://[^\s>)\]]+`).FindAllString(l.text, -1) {
		if strings.Contains(link, holds) {
			found = link
		}
	}
	if found == "" {
		t.Fatalf("%q has no link with %q:\n%s", l.subject, holds, l.text)
	}
	return found
}

// pixel is the address of a mail's pixel.
func (l letter) pixel() string {
	return regexp.MustCompile(`https?://[^"]+/track/open/[\w-]+`).FindString(l.page)
}

// rows is what a statement selects, each row's columns joined by a space.
func (w *town) rows(query string, args ...any) (all []string) {
	w.Helper()
	must(w.T, query, w.store.View(w.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](w.Context(), tx, query, args...)
		return err
	}))
	return all
}

// stored holds what a statement selects against what is wanted, and waits for it: handlers take a moment.
func (w *town) stored(query string, smb int64, want ...string) {
	w.Helper()
	var got []string
	for range 60 {
		if got = w.rows(query, smb); strings.Join(got, "\n") == strings.Join(want, "\n") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.Errorf("%s\n  gives %s\n  want  %s", query, strings.Join(got, "\n        "), strings.Join(want, "\n        "))
}

// pass lets the product's clock go on by d, fast, and slows it down then: a minute a second.
func (w *town) pass(d time.Duration) {
	w.Helper()
	until := w.app.clock.Now().Add(d)
	must(w.T, "clock", w.app.clock.SetScale(w.Context(), 1800))
	must(w.T, "clock", w.app.clock.Sleep(w.Context(), until.Sub(w.app.clock.Now())))
	must(w.T, "clock", w.app.clock.SetScale(w.Context(), 60))
}
