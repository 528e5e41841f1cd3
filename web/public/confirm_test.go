package public_test

import (
	"context"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/mail/catcher"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/web/public"
)

// sending puts everything behind the pages that hands a mail over, as the product does, and returns
// where mails end up.
func (w *world) sending(t *testing.T) *catcher.Catcher {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cfg := fibonacco.Config{
		HTTP:    fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"},
		Company: fibonacco.CompanyConfig{Name: "Port Avery Local", PostalAddress: "200 Market Street"},
		Email:   fibonacco.EmailConfig{FromName: "Sarah Nuñez", FromEmail: "sarah@local.example", ReplyTo: "reply@local.example", RetryAfter: []int{60}},
		ManifestDestiny: fibonacco.ManifestDestinyConfig{
			TotalDays: 90, PlanTimeLocal: "00:05", SendTimeLocal: "10:00",
		},
		DataDir: t.TempDir(),
	}
	q, err := queue.New(queue.Options{DB: w.db, Node: "node", Supervisors: []queue.Supervisor{
		{Name: "all", Queues: []string{queue.EmailHigh, queue.Emails, queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: 60 * time.Second},
	}})
	ok(err)
	box, err := catcher.Open(t.TempDir(), w.db.Clock())
	ok(err)
	svc, err := campaign.New(campaign.Options{DB: w.db, Queue: q, Config: cfg, Signer: w.signer, Mailer: box})
	ok(err)
	tracker := track.New(w.db, q, w.signer, cfg)
	tracker.KeepConsents(consent.Add)
	tracker.KeepAddresses(track.Addresses{Held: consent.Held, Change: smb.New(w.db, q, cfg).ChangeEmail})
	tracker.Start()
	queue.On(q, "campaign.confirm", svc.MailConfirmations)
	svc.Start(t.Context())
	ok(q.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		ok(q.Stop(ctx))
		ok(svc.Stop())
		tracker.Close()
		ok(q.Depart(ctx))
		ok(box.Close())
	})
	w.mux = http.NewServeMux()
	public.Mount(w.mux, public.Deps{
		Tracker: tracker, Unsubscriber: tracker, Resubscriber: tracker, Company: cfg.Company, PublicURL: cfg.HTTP.PublicURL, Log: slog.New(slog.DiscardHandler),
	})
	return box
}

// caught waits for the mail to an address and returns its header and its texts.
func caught(t *testing.T, box *catcher.Catcher, to string) (h mail.Header, text, html string) {
	t.Helper()
	for range 1200 {
		page, total, err := box.ListCaught(t.Context(), to, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		if total == 0 {
			time.Sleep(25 * time.Millisecond)
			continue
		}
		_, raw, err := box.Caught(t.Context(), page[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		var parts []string
		for r := multipart.NewReader(m.Body, params["boundary"]); ; {
			p, err := r.NextPart()
			if err != nil {
				break
			}
			body, err := io.ReadAll(p) // decodes quoted-printable
			if err != nil {
				t.Fatal(err)
			}
			parts = append(parts, string(body))
		}
		if len(parts) != 2 {
			t.Fatalf("the mail has %d parts", len(parts))
		}
		return m.Header, parts[0], parts[1]
	}
	t.Fatalf("no mail came to %s", to)
	return nil, "", ""
}

var confirmLink = regexp.MustCompile(`https://go\.example\.com(/u/confirm/[\w-]+)`)

// Whoever left comes back by a mail of their own, at another address, and the proof says how.
func TestDoubleOptIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d)
		box := w.sending(t)
		equal(t, "leaves", w.do(form("/u/"+w.leave(), "List-Unsubscribe=One-Click")).Code, http.StatusOK)
		contains(t, "asked", w.do(form("/u/"+w.leave(), "action=address&address=Rosa%40Example.org")).Body.String(), "One more step")

		h, text, html := caught(t, box, "Rosa@example.org")
		equal(t, "to", h.Get("To"), "Rosa@example.org")
		equal(t, "subject", h.Get("Subject"), "Please confirm: emails from Port Avery Local")
		equal(t, "an answer to nobody", h.Get("Auto-Submitted"), "auto-generated")
		contains(t, "text", text, "for Marisol Hair Studio", fibonacco.EmailChoice, "until Monday, March 9", "200 Market Street")
		contains(t, "HTML", html, "for Marisol Hair Studio", "Yes, send them")
		link := confirmLink.FindStringSubmatch(text)
		if link == nil || !strings.Contains(html, link[0]) {
			t.Fatalf("no link in %s", text)
		}
		for _, no := range []string{"/track/", "<img", "List-Unsubscribe"} {
			if strings.Contains(text+html, no) {
				t.Errorf("the confirmation holds %q", no)
			}
		}

		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} { // a scanner
			equal(t, "the question", w.do(httptest.NewRequest(method, link[1], nil)).Code, http.StatusOK)
		}
		equal(t, "opted in by looking", w.text(t, `SELECT 'out' FROM smbs WHERE id = 7 AND NOT email_opted_in`), "out")
		clock.Advance(time.Minute)
		r := form(link[1], "action=confirm")
		r.RemoteAddr = "198.51.100.7:4711"
		contains(t, "answer", w.do(r).Body.String(), "R•••@example.org")
		equal(t, "once", w.do(form(link[1], "action=confirm")).Code, http.StatusGone)

		equal(t, "on record", w.text(t, `
			SELECT channel || '|' || source || '|' || address || '|' || ip || '|' || version || '|' || wording FROM consents WHERE granted`),
			"email|double opt-in|Rosa@example.org|198.51.100.7|"+fibonacco.ChoicesVersion+"|"+fibonacco.EmailChoice)
		equal(t, "user agent", strings.Contains(w.text(t, `SELECT user_agent FROM consents WHERE granted`), "Firefox"), true)
		equal(t, "opted in at", w.text(t, `SELECT primary_email || ' ' || email_key FROM smbs WHERE id = 7 AND email_opted_in`), "Rosa@example.org rosa@example.org")
		// The old address was left, and stays so.
		equal(t, "suppressions", w.text(t, `SELECT email_key || ' ' || reason FROM suppressions`), "marisol@example.com unsubscribe")
		_, total, err := box.ListCaught(t.Context(), "", 0, 10)
		equal(t, "mails", total, 1)
		equal(t, "error", err, nil)
	})
}

func (w *world) text(t *testing.T, query string) (s string) {
	t.Helper()
	if err := w.db.View(t.Context(), func(tx *db.Tx) error {
		err := tx.QueryRow(t.Context(), query).Scan(&s)
		if db.IsNoRows(err) {
			return nil
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return s
}
