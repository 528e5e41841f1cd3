package reviews_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval"
	"github.com/fibonacco/fibonacco/approval/reviews"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/notice"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/consent"
)

const hostile = `<script>alert("é")</script> {{ x }} </script> ` + "\u202e\u2028" + `👩‍🦱 ' " & javascript:`

var _ approval.Provisioner = (*reviews.Service)(nil)

type world struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	svc    *reviews.Service
	signer *fibonacco.Signer
}

// newWorld has two businesses with a page each, the first of them open.
func newWorld(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	cfg := fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}}
	w := &world{T: t, db: d, clock: clock, signer: signer}
	w.svc = reviews.New(reviews.Options{
		DB: d, Signer: signer, Config: cfg, Held: consent.Held, Post: notice.New(notice.Options{DB: d, Queue: q, Config: cfg}).Post,
		OwnerURL: approval.New(approval.Options{DB: d, Queue: q, Signer: signer, Config: cfg}).OwnerURL,
	})
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY', 'America/New_York')`, uuid.NewString())
	for id, name := range map[int]string{1: "Marisol Hair", 2: "Sam's Books"} {
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, primary_email) VALUES ($1, $2, 1, $3, $4)`, id, uuid.NewString(), name,
			map[int]string{1: "marisol@example.com", 2: ""}[id])
		w.provision(int64(id))
	}
	must(t, w.svc.OpenReviews(t.Context(), 1, true))
	return w
}

func (w *world) provision(smb int64) (result map[string]any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) (err error) {
		result, err = w.svc.Provision(w.Context(), tx, &fibonacco.ProvisioningTask{SMBID: smb, ServiceType: "review_automation"})
		return err
	}))
	return result
}

func (w *world) withdraw(smb int64) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error { return w.svc.Withdraw(w.Context(), tx, smb) }))
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	}))
}

func get[T any](w *world, query string, args ...any) (v T) {
	w.Helper()
	must(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		v, err = db.Get[T](w.Context(), tx, query, args...)
		return err
	}))
	return v
}

// mails is how many notices of a purpose were stored.
func (w *world) mails(purpose string) int {
	w.Helper()
	return get[int](w, `SELECT count(*) FROM notices WHERE purpose = $1`, purpose)
}

// token is that of the newest request.
func (w *world) token() string {
	w.Helper()
	return w.signer.SignID(fibonacco.ReviewToken, get[int64](w, `SELECT MAX(id) FROM review_requests`))
}

func (w *world) ask(list string) fibonacco.ReviewAsked {
	w.Helper()
	done, err := w.svc.AskForReviews(w.Context(), 1, fibonacco.ReviewAsk{Customers: list, Statement: true})
	must(w.T, err)
	return done
}

// write is a review of anybody; its id is returned.
func (w *world) write(stars int) int64 {
	w.Helper()
	must(w.T, w.svc.WriteReview(w.Context(), "marisol-hair", draft(uuid.NewString(), stars)))
	return get[int64](w, `SELECT MAX(id) FROM reviews`)
}

func draft(key string, stars int) fibonacco.ReviewDraft {
	return fibonacco.ReviewDraft{FormKey: key, ClientIP: "192.0.2." + key[:1], Stars: stars, Name: "Ana", Body: "Fine.", Email: "ana@example.com"}
}

func (w *world) status(id int64) string {
	w.Helper()
	return get[string](w, `SELECT status || ' ' || COALESCE(held_reason, '') FROM reviews WHERE id = $1`, id)
}

func (w *world) tend() {
	w.Helper()
	must(w.T, w.svc.Tend(context.WithoutCancel(w.Context()), w.clock.Now()))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t *testing.T, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: %v has code %q, want %q", what, err, got, want)
	}
}

const day = 24 * time.Hour

// What a yes makes is hidden; made twice it stays as its owner has it; withdrawn it is hidden again.
func TestProvision(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		equal(t, "service", w.svc.ServiceType(), "review_automation")
		_, err := w.svc.ReviewPage(t.Context(), "sams-books", 0)
		code(t, "before it is opened", err, fibonacco.NotFound)
		code(t, "a review before it is opened", w.svc.WriteReview(t.Context(), "sams-books", draft("1", 5)), fibonacco.NotFound)
		_, err = w.svc.AskForReviews(t.Context(), 2, fibonacco.ReviewAsk{Customers: "a@example.com", Statement: true})
		code(t, "asking before it is opened", err, fibonacco.Conflict)

		id := w.write(1)
		result := w.provision(1)
		equal(t, "url", result["url"].(string), "https://go.example.com/review/marisol-hair")
		equal(t, "manage", result["manage"].(string), "reviews")
		_, err = w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		must(t, err)

		w.ask("ana@example.com")
		token := w.token()
		w.withdraw(1)
		w.withdraw(1)
		_, err = w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		code(t, "withdrawn", err, fibonacco.NotFound)
		_, err = w.svc.ReviewDesk(t.Context(), 1, 0)
		code(t, "desk", err, fibonacco.NotFound)
		code(t, "open", w.svc.OpenReviews(t.Context(), 1, true), fibonacco.NotFound)
		code(t, "publish", w.svc.PublishReview(t.Context(), 1, id), fibonacco.NotFound)
		code(t, "answer", w.svc.AnswerRequest(t.Context(), token, draft("1", 5)), fibonacco.NotFound)
		clock.Advance(8 * day)
		w.tend()
		equal(t, "published meanwhile", w.status(id), "waiting ")
		equal(t, "reminded meanwhile", w.mails("review.reminder"), 0)

		w.provision(1)
		w.tend()
		equal(t, "back again", w.status(id), "published ")
		equal(t, "reminded then", w.mails("review.reminder"), 1)
		must(t, w.svc.AnswerRequest(t.Context(), token, draft("1", 5)))
		w.exec(`UPDATE smbs SET deleted_at = $1 WHERE id = 1`, clock.Now())
		_, err = w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		code(t, "deleted", err, fibonacco.NotFound)
		_, err = w.svc.ListReviews(t.Context(), 1, fibonacco.ListQuery{})
		code(t, "list of a deleted one", err, fibonacco.NotFound)
	})
}
