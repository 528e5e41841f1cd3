package reviews_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// A request is good for one review, however many arrive at once; tokens of other things open nothing.
func TestARequestIsAnsweredOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.ask("Ana ana@example.com")
		token := w.token()
		id, _ := w.signer.VerifyID(fibonacco.ReviewToken, token)
		for what, foreign := range map[string]string{
			"a booking's":       w.signer.SignID(fibonacco.BookingToken, id),
			"a receipt's":       w.signer.SignID(fibonacco.ReceiptToken, id),
			"of no request":     w.signer.SignID(fibonacco.ReviewToken, id+1),
			"altered":           token[:len(token)-2] + "AA",
			"an owner's":        w.signer.SignOwner(fibonacco.OwnerClaim{SMBID: 1, Expires: clock.Now().Add(day)}),
			"nothing":           "",
			"with a slash more": token + "/",
		} {
			_, err := w.svc.ReviewRequest(t.Context(), foreign)
			code(t, what+": look", err, fibonacco.NotFound)
			code(t, what+": answer", w.svc.AnswerRequest(t.Context(), foreign, draft("1", 5)), fibonacco.NotFound)
			code(t, what+": decline", w.svc.DeclineRequests(t.Context(), foreign), fibonacco.NotFound)
		}
		r, err := w.svc.ReviewRequest(t.Context(), token)
		must(t, err)
		equal(t, "request", *r, fibonacco.ReviewRequest{ID: id, SMBID: 1, Business: "Marisol Hair", Slug: "marisol-hair", Name: "Ana", Email: "ana@example.com", CreatedAt: clock.Now()})
		code(t, "without stars", w.svc.AnswerRequest(t.Context(), token, draft("1", 0)), fibonacco.Invalid)

		errs := make([]error, 20)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() {
				errs[i] = w.svc.AnswerRequest(context.WithoutCancel(t.Context()), token, draft(fmt.Sprint(i), 2))
			})
		}
		wg.Wait()
		taken := 0
		for _, err := range errs {
			if err == nil {
				taken++
			} else {
				code(t, "the others", err, fibonacco.Conflict)
			}
		}
		equal(t, "taken", taken, 1)
		equal(t, "stored", get[int](w, `SELECT count(*) FROM reviews WHERE request_id = $1 AND email = 'ana@example.com' AND sender IS NULL`, id), 1)
		equal(t, "mails to the owner", w.mails("review.new"), 1)
		r, err = w.svc.ReviewRequest(t.Context(), token)
		must(t, err)
		equal(t, "answered", r.Answered, true)

		w.ask("bo@example.com")
		clock.Advance(60 * day)
		code(t, "too late", w.svc.AnswerRequest(t.Context(), w.token(), draft("1", 5)), fibonacco.Conflict)
	})
}

func TestWriteReview(t *testing.T) {
	cases := map[string]struct {
		change func(d *fibonacco.ReviewDraft)
		fields string // that are refused
	}{
		"fine":          {func(*fibonacco.ReviewDraft) {}, ""},
		"only stars":    {func(d *fibonacco.ReviewDraft) { d.Body, d.Email = "", "" }, ""},
		"hostile":       {func(d *fibonacco.ReviewDraft) { d.Body = hostile; d.Name = hostile }, ""},
		"10 KB":         {func(d *fibonacco.ReviewDraft) { d.Body = strings.Repeat("é", 5000) }, "body"},
		"as long as it": {func(d *fibonacco.ReviewDraft) { d.Body = strings.Repeat("é", 4000) }, ""},
		"nothing":       {func(d *fibonacco.ReviewDraft) { *d = fibonacco.ReviewDraft{FormKey: d.FormKey} }, "stars name"},
		"six stars":     {func(d *fibonacco.ReviewDraft) { d.Stars = 6 }, "stars"},
		"no stars":      {func(d *fibonacco.ReviewDraft) { d.Stars = -1 }, "stars"},
		"all wrong": {func(d *fibonacco.ReviewDraft) {
			*d = fibonacco.ReviewDraft{FormKey: strings.Repeat("x", 60), Body: "\x00", Name: "\xff", Email: "nobody"}
		}, "stars body name email form"},
		"an escape": {func(d *fibonacco.ReviewDraft) { d.Name = "A\x1b[1mna" }, "name"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		for name, tc := range cases {
			w.exec(`DELETE FROM reviews`)
			r := draft(uuid.NewString(), 3)
			tc.change(&r)
			err := w.svc.WriteReview(t.Context(), "marisol-hair", r)
			var e *fibonacco.Error
			var refused []string
			if errors.As(err, &e) {
				for _, f := range e.Fields {
					refused = append(refused, f.Field)
				}
			}
			equal(t, name, strings.Join(refused, " "), tc.fields)
			if tc.fields != "" {
				equal(t, name+": stored", get[int](w, `SELECT count(*) FROM reviews`), 0)
				continue
			}
			must(t, err)
			equal(t, name+": stored", get[int](w, `SELECT count(*) FROM reviews WHERE body = $1 AND status = 'waiting' AND request_id IS NULL`, strings.TrimSpace(r.Body)), 1)
		}
	})
}

// The button pressed twice is one review; a connection that writes more than people do is stopped, for
// a day.
func TestStrangersAreLimited(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		must(t, w.svc.OpenReviews(t.Context(), 2, true))
		from := func(slug, ip, key string) error {
			r := draft(key, 5)
			r.ClientIP = ip
			return w.svc.WriteReview(context.WithoutCancel(t.Context()), slug, r)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := from("marisol-hair", "2001:db8:1:2::5", "same"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "pressed eight times", get[int](w, `SELECT count(*) FROM reviews`), 1)
		equal(t, "mails to the owner", w.mails("review.new"), 1)
		must(t, from("sams-books", "2001:db8:1:2::5", "same"))

		must(t, from("marisol-hair", "2001:db8:1:2::6", "b"))
		must(t, from("marisol-hair", "2001:db8:1:2:ffff::7", "c"))
		code(t, "a fourth of one subscriber", from("marisol-hair", "2001:db8:1:2::8", "d"), fibonacco.TooMany)
		must(t, from("marisol-hair", "2001:db8:1:2::8", "c")) // was stored before
		must(t, from("marisol-hair", "2001:db8:1:3::8", "d"))
		must(t, from("sams-books", "2001:db8:1:2::8", "e"))
		equal(t, "addresses kept", get[int](w, `SELECT count(*) FROM reviews WHERE sender LIKE '%2001%'`), 0)
		for i := range 46 {
			must(t, from("marisol-hair", fmt.Sprint("192.0.2.", i), fmt.Sprint("s", i)))
		}
		code(t, "a flood of strangers", from("marisol-hair", "198.51.100.1", "f"), fibonacco.TooMany)
		w.ask("ana@example.com")
		must(t, w.svc.AnswerRequest(t.Context(), w.token(), draft("1", 5)))
		clock.Advance(24*time.Hour + time.Second)
		must(t, from("marisol-hair", "2001:db8:1:2::8", "next day"))
		clock.Advance(25 * time.Hour)
		w.tend()
		equal(t, "forgotten", get[int](w, `SELECT count(*) FROM reviews WHERE sender IS NOT NULL`), 1)
	})
}
