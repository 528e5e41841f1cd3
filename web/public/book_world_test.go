package public_test

import (
	"context"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/public"
)

// shop is the booking pages over the real module: Marisol's (1) is open from nine to five on weekdays,
// New York time; Rosa's (2) was never opened. It is Monday, March 2, 9 in the morning.
type shop struct {
	*testing.T
	svc   *booking.Service
	clock *fibonacco.FakeClock
	db    *db.DB
	mux   *http.ServeMux
	mails []fibonacco.Notice
}

// owners lets "good" into the pages of business 1.
type owners struct{}

func (owners) Owner(_ context.Context, token string) (*fibonacco.BusinessOwner, error) {
	if token != "good" {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "no")
	}
	return &fibonacco.BusinessOwner{SMBID: 1, Business: "Marisol", Token: token}, nil
}

func (owners) RenewOwner(context.Context, string) error { return nil }

// impatient grants nothing once it is told to.
type impatient struct{ refuse bool }

func (l *impatient) Take(context.Context, string, float64, int) time.Duration {
	if l.refuse {
		return time.Second
	}
	return 0
}

func (l *impatient) State() string { return "test" }

func newShop(t *testing.T, name string, limiter fibonacco.Limiter) *shop {
	t.Helper()
	clock := fibonacco.NewFakeClock(dbtest.Start)
	d := dbtest.Open(t, db.SQLite, clock)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	w := &shop{T: t, clock: clock, db: d, mux: http.NewServeMux()}
	cfg := fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}, Email: fibonacco.EmailConfig{FromEmail: "sarah@example.com"}}
	w.svc = booking.New(booking.Options{
		DB: d, Signer: signer, Config: cfg,
		Post: func(_ context.Context, _ *db.Tx, n fibonacco.Notice) error {
			w.mails = append(w.mails, n)
			return nil
		},
		Cancel: func(context.Context, *db.Tx, ...string) error { return nil },
		OwnerURL: func(_ context.Context, _ *db.Tx, _ int64, page string) (string, error) {
			return "https://go.example.com/my/good/" + page, nil
		},
	})
	public.Mount(w.mux, public.Deps{Booking: w.svc, Owners: owners{}, Limiter: limiter, PublicURL: cfg.HTTP.PublicURL, Log: slog.New(slog.DiscardHandler)})
	w.update(func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY', 'America/New_York')`, uuid.NewString())
		return err
	})
	for i, name := range []string{name, "Rosa"} {
		w.update(func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `
				INSERT INTO smbs (id, uuid, community_id, business_name, primary_email, address, city, primary_phone) VALUES ($1, $2, 1, $3, 'owner@example.com', '18 Wharf Street', 'Brooklyn', '+17185550142')`,
				i+1, uuid.NewString(), name); err != nil {
				return err
			}
			_, err := w.svc.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: int64(i + 1)})
			return err
		})
	}
	if err := w.svc.OpenBooking(t.Context(), 1, true); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *shop) update(f func(tx *db.Tx) error) {
	w.Helper()
	if err := w.db.Update(w.Context(), f); err != nil {
		w.Fatal(err)
	}
}

func (w *shop) bookings() (n int) {
	w.Helper()
	if err := w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, `SELECT count(*) FROM bookings`)
		return err
	}); err != nil {
		w.Fatal(err)
	}
	return n
}

// get is a page that must be there with a status.
func (w *shop) get(path string, status int) string {
	w.Helper()
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	if rec.Code != status {
		w.Fatalf("GET %s: %d, want %d\n%s", path, rec.Code, status, rec.Body)
	}
	return rec.Body.String()
}

// post is a form that must be answered with a status; location is where it leads.
func (w *shop) post(path string, form url.Values, status int) (body, location string) {
	w.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	if rec.Code != status {
		w.Fatalf("POST %s: %d, want %d\n%s", path, rec.Code, status, rec.Body)
	}
	return rec.Body.String(), rec.Header().Get("Location")
}

var hrefs = regexp.MustCompile(`href="([^"]*)"`)

// link is where the n-th link that holds a text in its address leads, as from path.
func link(t *testing.T, path, body, holds string, n int) string {
	t.Helper()
	for _, m := range hrefs.FindAllStringSubmatch(body, -1) {
		to := html.UnescapeString(m[1])
		if !strings.Contains(to, holds) {
			continue
		}
		if n--; n < 0 {
			if strings.HasPrefix(to, "?") {
				to = path + to
			}
			before, _, _ := strings.Cut(to, "#")
			return before
		}
	}
	t.Fatalf("no such link %q in\n%s", holds, body)
	return ""
}

var fields = regexp.MustCompile(`<(input|textarea|select)([^>]*)>([^<]*)`)

// filled is a form as a browser would send it.
func filled(body string, more url.Values) url.Values {
	attr := func(tag, name string) (string, bool) {
		m := regexp.MustCompile(`\s` + name + `(?:="([^"]*)")?(?:[\s/]|$)`).FindStringSubmatch(tag)
		if m == nil {
			return "", false
		}
		return html.UnescapeString(m[1]), true
	}
	form := url.Values{}
	for _, m := range fields.FindAllStringSubmatch(body, -1) {
		name, _ := attr(m[2], "name")
		value, _ := attr(m[2], "value")
		kind, _ := attr(m[2], "type")
		_, checked := attr(m[2], "checked")
		if m[1] == "textarea" {
			value = html.UnescapeString(m[3])
		}
		if name != "" && ((kind != "checkbox" && kind != "radio") || checked) && m[1] != "select" {
			form.Set(name, value)
		}
	}
	for _, m := range regexp.MustCompile(`(?s)<select[^>]*name="([^"]*)".*?</select>`).FindAllStringSubmatch(body, -1) {
		if s := regexp.MustCompile(`<option value="([^"]*)" selected`).FindStringSubmatch(m[0]); s != nil {
			form.Set(m[1], s[1])
		}
	}
	for name, values := range more {
		form[name] = values
	}
	return form
}
