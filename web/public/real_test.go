package public_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/track"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/learning"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/web/public"
)

// world is the pages over the real modules, with one mail (send 5) to one business (SMB 7).
type world struct {
	db     *db.DB
	signer *fibonacco.Signer
	mux    *http.ServeMux
}

func newReal(t testing.TB) *world {
	return newWorld(t, dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start)))
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	signer, err := fibonacco.NewSigner("a secret key for tests that is long enough to sign with")
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.New(queue.Options{DB: d})
	if err != nil {
		t.Fatal(err)
	}
	cfg := fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}}
	tracker := track.New(d, q, signer, cfg)
	tracker.Start()
	t.Cleanup(tracker.Close)
	w := &world{d, signer, http.NewServeMux()}
	public.Mount(w.mux, public.Deps{
		Tracker: tracker, Unsubscriber: tracker, Pages: learning.New(d, q, signer, cfg, nil), PublicURL: cfg.HTTP.PublicURL, Log: slog.New(slog.DiscardHandler),
	})
	now := d.Clock().Now()
	for _, insert := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Port Avery', 'port-avery', 'NY')`, []any{uuid.NewString()}},
		{`INSERT INTO smbs (id, uuid, community_id, business_name) VALUES (7, $1, 1, 'Marisol Hair Studio')`, []any{uuid.NewString()}},
		{`INSERT INTO campaigns (id, type, week, day, title, subject, slug, service_type) VALUES ('HOOK-001', 'HOOK', 1, 1, 'A', 'A', 'a-page', 'listing_claim')`, nil},
		{`INSERT INTO content (slug, type, title, article_body, campaign_id, service_type, updated_at) VALUES ('a-page', 'hook', 'For {{ business_name }}', 'Text', 'HOOK-001', 'listing_claim', $1)`, []any{now}},
		{`INSERT INTO campaign_sends (id, uuid, smb_id, campaign_id, email, status, sent_at) VALUES (5, $1, 7, 'HOOK-001', 'marisol@example.com', 'sent', $2)`, []any{uuid.NewString(), now.Add(-time.Hour)}},
	} {
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), insert.query, insert.args...)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) track(link int64) string {
	return w.signer.SignSend(fibonacco.TrackToken, fibonacco.SendClaim{SendID: 5, SMBID: 7, LinkID: link})
}

func (w *world) leave() string {
	return w.signer.SignSend(fibonacco.UnsubscribeToken, fibonacco.SendClaim{SendID: 5, SMBID: 7})
}

// rows counts everything that following links could have left behind.
func (w *world) rows(t testing.TB) (n int) {
	t.Helper()
	if err := w.db.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(t.Context(), tx, `
			SELECT (SELECT COUNT(*) FROM email_events) + (SELECT COUNT(*) FROM analytics_events) + (SELECT COUNT(*) FROM suppressions)
				+ (SELECT COUNT(*) FROM smbs WHERE NOT email_opted_in OR NOT rvm_opted_in)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) do(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0")
	w.mux.ServeHTTP(rec, r)
	return rec
}

// A reader's way through the pages, on the real modules.
func TestReader(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		w := newWorld(t, d)
		// A scanner looks at the way out as often as it likes.
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
			equal(t, "preference page", w.do(httptest.NewRequest(method, "/u/"+w.leave(), nil)).Code, http.StatusOK)
		}
		equal(t, "changed by looking", w.rows(t), 0)

		equal(t, "pixel", w.do(get("/track/open/"+w.track(0))).Code, http.StatusOK)
		equal(t, "an open and its event", w.rows(t), 2)

		target := w.do(get("/track/click/" + w.track(render.LinkLearn))).Header().Get("Location")
		path, ok := strings.CutPrefix(target, "https://go.example.com")
		equal(t, "our own page", ok, true)
		page := w.do(get(path))
		equal(t, "learning page", page.Code, http.StatusOK)
		contains(t, "learning page", page.Body.String(), "For Marisol Hair Studio", "https://go.example.com/approve/")

		before := w.rows(t)
		for range 2 {
			equal(t, "one click", w.do(form("/u/"+w.leave(), "List-Unsubscribe=One-Click")).Code, http.StatusOK)
		}
		// The opt-out, the suppression, the event and its row: once.
		equal(t, "rows of the way out", w.rows(t)-before, 4)
		contains(t, "preference page", w.do(get("/u/"+w.leave())).Body.String(), `name="email" value="on">`)
	})
}

// FuzzToken sends anything where a token belongs, to real modules.
func FuzzToken(f *testing.F) {
	w := newReal(f)
	good := w.track(0)
	for _, seed := range []string{"", "x", good, good + "=", good[:len(good)-1], w.leave(), "..", "%2e%2e", "\x00", strings.Repeat("A", 600)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if token == good || token == w.leave() {
			return
		}
		for _, prefix := range []string{"/track/open/", "/track/click/", "/u/", "/learn/"} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				r := httptest.NewRequest(method, prefix+"x", strings.NewReader("List-Unsubscribe=One-Click"))
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				r.URL = &url.URL{Path: prefix + token, RawQuery: url.Values{"r": {token}}.Encode()}
				rec := httptest.NewRecorder()
				w.mux.ServeHTTP(rec, r)
				if rec.Code >= 500 {
					t.Fatalf("%s %s%q: %d", method, prefix, token, rec.Code)
				}
				if loc := rec.Header().Get("Location"); rec.Code == http.StatusFound || loc != "" && !strings.HasPrefix(loc, "/") {
					t.Fatalf("%s %s%q leads to %q", method, prefix, token, loc)
				}
				_, _ = io.Copy(io.Discard, rec.Body)
			}
		}
		if n := w.rows(t); n != 0 {
			t.Fatalf("%q left %d rows", token, n)
		}
	})
}
