package public_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/coupons"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/notice"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/web/public"
)

const nasty = `</script><script>alert("é")</script><img src=x onerror=alert(1)> {{ x }} ` + "\u202e\u2028" + `👩‍🦱 ' " &`

// holders lets "one" and "two" into the pages of businesses 1 and 2.
type holders struct{}

func (holders) Owner(_ context.Context, token string) (*fibonacco.BusinessOwner, error) {
	id := map[string]int64{"one": 1, "two": 2}[token]
	if id == 0 {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "no")
	}
	return &fibonacco.BusinessOwner{SMBID: id, Business: nasty, Token: token}, nil
}

func (holders) RenewOwner(context.Context, string) error { return nil }

// town is two businesses with public pages, on a real database. Their names are as bad as can be.
type town struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	signer *fibonacco.Signer
	deps   public.Deps
	mux    *http.ServeMux
	post   func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
}

func newTown(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *town {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	check(t, err)
	q, err := queue.New(queue.Options{DB: d})
	check(t, err)
	w := &town{T: t, db: d, clock: clock, signer: signer, mux: http.NewServeMux(), post: notice.New(notice.Options{DB: d, Queue: q}).Post}
	w.deps = public.Deps{Owners: holders{}, PublicURL: "https://go.example.com", Log: slog.New(slog.DiscardHandler)}
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Hilo', 'hilo', 'HI', 'Pacific/Honolulu')`, uuid.NewString())
	for id := range 2 {
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, primary_email) VALUES ($1, $2, 1, $3, $4)`, id+1, uuid.NewString(), nasty, "own@example.com")
		w.exec(`INSERT INTO smb_addresses (smb_id, slug, created_at) VALUES ($1, $2, $3)`, id+1, []string{"one", "two"}[id], clock.Now())
	}
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *town) exec(query string, args ...any) {
	w.Helper()
	check(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	}))
}

func number(w *town, query string, args ...any) (n int64) {
	w.Helper()
	check(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Get[int64](w.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (w *town) get(path string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, get(path))
	return rec
}

// send posts a form and follows where it leads.
func (w *town) send(path string, form url.Values) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w.mux.ServeHTTP(rec, r)
	if rec.Code == http.StatusSeeOther {
		return w.get(rec.Header().Get("Location"))
	}
	return rec
}

// page is an answer of which everything harmless is expected.
func (w *town) page(what string, rec *httptest.ResponseRecorder, status int, parts ...string) string {
	w.Helper()
	body := rec.Body.String()
	equal(w.T, what+": status", rec.Code, status)
	contains(w.T, what, body, parts...)
	for _, no := range []string{"<script>", "<img src=x", "onerror=alert(1)>", "style="} {
		if strings.Contains(body, no) {
			w.Errorf("%s holds %q:\n%s", what, no, body)
		}
	}
	for _, id := range describes.FindAllStringSubmatch(body, -1) {
		for one := range strings.FieldsSeq(id[1]) {
			if !strings.Contains(body, ` id="`+one+`"`) {
				w.Errorf("%s: nothing has the id %q", what, one)
			}
		}
	}
	return body
}

var describes = regexp.MustCompile(`(?:aria-describedby|aria-labelledby|<label for)="([^"]*)"`)

// newShops is a town with reviews and coupons set up for both businesses.
func newShops(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) (*town, *reviews.Service, *coupons.Service) {
	t.Helper()
	w := newTown(t, d, clock)
	said := reviews.New(reviews.Options{
		DB: d, Signer: w.signer, Config: fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}}, Held: consent.Held, Post: w.post,
		OwnerURL: func(_ context.Context, _ *db.Tx, _ int64, page string) (string, error) {
			return "https://go.example.com/my/one/" + page, nil
		},
	})
	offers := coupons.New(d, w.signer, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}})
	w.deps.Reviews, w.deps.Coupons = said, offers
	public.Mount(w.mux, w.deps)
	for id := range int64(2) {
		check(t, d.Update(t.Context(), func(tx *db.Tx) error {
			task := &fibonacco.ProvisioningTask{SMBID: id + 1}
			_, err := said.Provision(t.Context(), tx, task)
			_, err2 := offers.Provision(t.Context(), tx, task)
			return errors.Join(err, err2)
		}))
	}
	return w, said, offers
}

// The whole way on the pages: try, open, ask, write, moderate, answer, read.
func TestReviewPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w, _, _ := newShops(t, d, clock)
		desk := "/my/one/reviews"
		w.page("before", w.get("/reviews/one"), http.StatusNotFound, "There are no reviews here")
		w.page("nobody's", w.get("/review/three"), http.StatusNotFound, "There are no reviews here")
		w.page("closed desk", w.get(desk), http.StatusOK, "Not open", "Try the form")
		w.page("trial", w.get(desk+"/try"), http.StatusOK, "nothing that you send from here is kept")
		w.page("tried", w.send(desk+"/try", url.Values{"stars": {"5"}, "name": {"Me"}}), http.StatusOK, "Nothing was kept")
		equal(t, "kept of it", number(w, `SELECT count(*) FROM reviews`), 0)
		w.page("opened", w.send(desk, url.Values{"action": {"open"}}), http.StatusOK, "Your review page is open", "https://go.example.com/review/one")
		w.page("empty", w.get("/reviews/one"), http.StatusOK, "No reviews yet")
		w.page("the other's", w.get("/reviews/two"), http.StatusNotFound)

		w.page("ask badly", w.send(desk, url.Values{"action": {"ask"}, "customers": {nasty}}), http.StatusUnprocessableEntity,
			`href="#customers"`, `href="#statement"`, `id="customers-error"`, "👩‍🦱 &#39;", `aria-invalid="true"`)
		w.page("ask", w.send(desk, url.Values{"action": {"ask"}, "customers": {"Ana ana@example.com"}, "statement": {"on"}}), http.StatusOK,
			"1 customer is asked", "Asked March 2, 2026", "You may ask 49 more today")
		token := w.signer.SignID(fibonacco.ReviewToken, number(w, `SELECT MAX(id) FROM review_requests`))
		form := w.page("request", w.get("/review/r/"+token), http.StatusOK, `value="Ana"`, "Do not ask me again")
		if strings.Contains(form, `name="email"`) {
			t.Error("who was asked is asked for an address")
		}
		w.page("without stars", w.send("/review/r/"+token, url.Values{"name": {nasty}, "body": {nasty}}), http.StatusUnprocessableEntity, `href="#stars"`, "Choose how many stars")
		w.page("answered", w.send("/review/r/"+token, url.Values{"stars": {"1"}, "name": {nasty[:40]}, "body": {nasty + "\nsecond line"}}), http.StatusOK, "Thank you for your review")
		w.page("answered again", w.send("/review/r/"+token, url.Values{"stars": {"5"}, "name": {"Ana"}}), http.StatusOK, "good for one review")
		w.page("a foreign token", w.get("/review/r/"+w.signer.SignID(fibonacco.BookingToken, 1)), http.StatusNotFound)

		key := regexp.MustCompile(`name="form" value="([^"]+)"`).FindStringSubmatch(w.page("form", w.get("/review/one"), http.StatusOK, `name="email"`))[1]
		stranger := url.Values{"form": {key}, "stars": {"4"}, "name": {"Bo"}, "body": {"Nice."}, "email": {"bo@example.com"}}
		for range 2 {
			w.page("written", w.send("/review/one", stranger), http.StatusOK, "Thank you for your review")
		}
		w.page("a robot", w.send("/review/one", url.Values{"form": {"robot"}, "stars": {"5"}, "name": {"X"}, "website": {"https://example.org"}}), http.StatusOK, "Thank you")
		equal(t, "reviews", number(w, `SELECT count(*) FROM reviews`), 2)

		body := w.page("desk", w.get(desk), http.StatusOK, "Waiting for you", "Public by itself on March 9, 2026", "Asked as a customer", "Not verified as a customer")
		for _, query := range []string{"?stars=1", "?filter[stars]=5", "?sort=-stars", "?status=held"} {
			equal(t, "the desk with "+query, w.get(desk+query).Body.String(), body)
		}
		bad, good := number(w, `SELECT id FROM reviews WHERE stars = 1`), number(w, `SELECT id FROM reviews WHERE stars = 4`)
		act := func(action string, id int64, more url.Values) *httptest.ResponseRecorder {
			form := url.Values{"action": {action}, "id": {jsonOf(id)}}
			for name, v := range more {
				form[name] = v
			}
			return w.send(desk, form)
		}
		w.page("hide what is bad", act("hold", bad, url.Values{"reason": {"bad"}}), http.StatusUnprocessableEntity, "a bad review is none of them", `href="#reason-`+jsonOf(bad)+`"`)
		w.page("no such customer", act("hold", bad, url.Values{"reason": {"not_a_customer"}}), http.StatusUnprocessableEntity, "you named this customer yourself")
		equal(t, "the other owner", w.send("/my/two/reviews", url.Values{"action": {"publish"}, "id": {jsonOf(bad)}}).Code, http.StatusNotFound)
		equal(t, "a stranger", w.send("/my/three/reviews", url.Values{"action": {"publish"}, "id": {jsonOf(bad)}}).Code, http.StatusForbidden)
		w.page("publish", act("publish", bad, nil), http.StatusOK, "The review is public")
		w.page("hold", act("hold", good, url.Values{"reason": {"not_a_customer"}}), http.StatusOK, "its reason is on record", "never a customer")
		w.page("too long", act("respond", bad, url.Values{"response": {strings.Repeat("x", 2001)}}), http.StatusUnprocessableEntity, "Your answer is longer", "xxxx</textarea>")
		w.page("respond", act("respond", bad, url.Values{"response": {nasty}}), http.StatusOK, "Your answer is saved")

		rec := w.get("/reviews/one")
		body = w.page("public", rec, http.StatusOK, "1.0 of 5", "from 1 review", "1 is held back for that", "Answer by", "second line")
		equal(t, "may be found", rec.Header().Get("X-Robots-Tag"), "")
		contains(t, "cache", rec.Header().Get("Cache-Control"), "public")
		structured(t, body)
		w.page("nothing older", w.get("/reviews/one?before=1"), http.StatusOK, "Newest reviews")
		w.page("closed", w.send(desk, url.Values{"action": {"close"}}), http.StatusOK, "Nobody sees it")
		equal(t, "after that", w.get("/reviews/one").Code, http.StatusNotFound)
		w.page("nonsense", w.send(desk, url.Values{"action": {"delete"}}), http.StatusUnprocessableEntity, "could not be read")
	})
}

func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// structured holds a page to one piece of structured data, of what is shown on it.
func structured(t *testing.T, body string) {
	t.Helper()
	_, rest, _ := strings.Cut(body, `<script type="application/ld+json">`)
	text, _, found := strings.Cut(rest, "</script>")
	var data struct {
		Name      string
		Aggregate struct {
			Value string `json:"ratingValue"`
			Count int    `json:"reviewCount"`
		} `json:"aggregateRating"`
		Review []struct {
			Author struct{ Name string }
			Date   string `json:"datePublished"`
			Body   string `json:"reviewBody"`
		}
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil || !found {
		t.Fatalf("structured data: %v in %s", err, text)
	}
	if strings.ContainsAny(text, "<>\u2028") {
		t.Errorf("it holds what ends it: %s", text)
	}
	equal(t, "structured name", data.Name, nasty)
	equal(t, "structured count", data.Aggregate.Count, 1)
	equal(t, "structured average", data.Aggregate.Value, "1.0")
	equal(t, "structured reviews", len(data.Review), 1)
	equal(t, "structured text", data.Review[0].Body, strings.TrimSpace(nasty+"\nsecond line"))
	equal(t, "structured day", data.Review[0].Date, "2026-03-02")
}

// The way out of being asked changes nothing before its button is pressed.
func TestStopBeingAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w, svc, _ := newShops(t, d, clock)
		check(t, svc.OpenReviews(t.Context(), 1, true))
		_, err := svc.AskForReviews(t.Context(), 1, fibonacco.ReviewAsk{Customers: "ana@example.com", Statement: true})
		check(t, err)
		check(t, svc.OpenReviews(t.Context(), 1, false)) // the way out stays
		token := w.signer.SignID(fibonacco.ReviewToken, number(w, `SELECT MAX(id) FROM review_requests`))
		w.page("over", w.get("/review/r/"+token), http.StatusGone, "This link is over")
		for range 2 {
			w.page("asks", w.get("/review/r/"+token+"/stop"), http.StatusOK, "Nothing changes until")
		}
		equal(t, "declined by looking", number(w, `SELECT count(*) FROM review_requests WHERE declined_at IS NOT NULL`), 0)
		for range 2 {
			w.page("stopped", w.send("/review/r/"+token+"/stop", nil), http.StatusOK, "You are not asked again")
		}
		equal(t, "declined", number(w, `SELECT count(*) FROM review_requests WHERE declined_at IS NOT NULL AND remind_at IS NULL`), 1)
		equal(t, "by a mail program", w.send("/review/r/"+token+"/stop", url.Values{"List-Unsubscribe": {"One-Click"}}).Body.String(), "You are not asked again.\n")
		equal(t, "a foreign token", w.send("/review/r/x/stop", nil).Code, http.StatusNotFound)
	})
}
