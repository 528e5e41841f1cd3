package reviews_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Whatever its stars, a review waits in the order it came, is public after a week, and is held back for
// one of four reasons only.
func TestStarsDecideNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		var ids []int64
		for _, stars := range []int{5, 1, 3, 2, 4} {
			ids = append(ids, w.write(stars))
		}
		desk, err := w.svc.ReviewDesk(t.Context(), 1, 0)
		must(t, err)
		for i, r := range desk.Waiting {
			equal(t, "order", r.ID, ids[i])
		}
		for _, id := range ids {
			for _, reason := range []string{"", "bad", "1", "stars", "SPAM", "spam ", "low_rating"} {
				code(t, "held as "+reason, w.svc.HoldReview(t.Context(), 1, id, reason), fibonacco.Invalid)
			}
			equal(t, "still", w.status(id), "waiting ")
		}
		clock.Advance(7*day - time.Second)
		w.tend()
		equal(t, "before a week", get[int](w, `SELECT count(*) FROM reviews WHERE status = 'published'`), 0)
		clock.Advance(time.Second)
		w.tend()
		w.tend()
		equal(t, "writers told", w.mails("review.public"), 5)
		page, err := w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		must(t, err)
		equal(t, "count", page.Count, 5)
		equal(t, "average", page.Average, 3)

		for i, h := range fibonacco.HoldReasons {
			must(t, w.svc.HoldReview(t.Context(), 1, ids[i], h.Reason))
			equal(t, "held", w.status(ids[i]), "held "+h.Reason)
		}
		must(t, w.svc.HoldReview(t.Context(), 1, ids[0], "spam")) // again
		page, err = w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		must(t, err)
		equal(t, "what is left", fmt.Sprint(page.Count, page.Average, page.Held, len(page.Reviews)), "1 4 4 1")
		equal(t, "on record", get[int](w, `SELECT count(*) FROM audit_log WHERE action = 'review.held' AND entity = 'smb' AND entity_id = '1' AND community_id = 1`), 4)
		seen, err := w.svc.ListReviews(t.Context(), 1, fibonacco.ListQuery{Filter: fibonacco.Filter{"held_reason": "abusive", "stars": "1"}})
		must(t, err)
		equal(t, "staff see", len(seen.Data), 1)

		clock.Advance(7 * day)
		w.tend()
		equal(t, "held back stays so", w.status(ids[0]), "held spam")
		must(t, w.svc.PublishReview(t.Context(), 1, ids[0]))
		must(t, w.svc.PublishReview(t.Context(), 1, ids[0]))
		equal(t, "after all", w.status(ids[0]), "published ")
		equal(t, "told once", w.mails("review.public"), 5)
	})
}

// An owner publishes while the week ends: it is published once, and told once.
func TestPublishedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.write(2)
		clock.Advance(7 * day)
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				err := w.svc.Tend(context.WithoutCancel(t.Context()), clock.Now())
				if i%2 == 0 {
					err = w.svc.PublishReview(context.WithoutCancel(t.Context()), 1, id)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "status", w.status(id), "published ")
		equal(t, "told", w.mails("review.public"), 1)
	})
}

func TestModeration(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		id := w.write(1)
		for what, err := range map[string]error{
			"publish": w.svc.PublishReview(t.Context(), 2, id), "hold": w.svc.HoldReview(t.Context(), 2, id, "spam"),
			"respond": w.svc.RespondToReview(t.Context(), 2, id, "x"), "none": w.svc.PublishReview(t.Context(), 1, id+1),
			"of no business": w.svc.PublishReview(t.Context(), 3, id), "no desk": second(w.svc.ReviewDesk(t.Context(), 3, 0)),
		} {
			code(t, what, err, fibonacco.NotFound)
		}
		equal(t, "untouched", w.status(id), "waiting ")
		code(t, "an answer to what is not public", w.svc.RespondToReview(t.Context(), 1, id, "x"), fibonacco.Conflict)
		must(t, w.svc.PublishReview(t.Context(), 1, id))
		must(t, w.svc.RespondToReview(t.Context(), 1, id, " "+hostile+"\r\n"))
		code(t, "a zero byte", w.svc.RespondToReview(t.Context(), 1, id, "\x00"), fibonacco.Invalid)
		code(t, "too long", w.svc.RespondToReview(t.Context(), 1, id, strings.Repeat("x", 2001)), fibonacco.Invalid)
		page, err := w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		must(t, err)
		equal(t, "answer", page.Reviews[0].Response, strings.TrimSpace(hostile))
		equal(t, "verified", page.Reviews[0].Verified, false)
		must(t, w.svc.RespondToReview(t.Context(), 1, id, ""))
		page, err = w.svc.ReviewPage(t.Context(), "marisol-hair", 0)
		must(t, err)
		equal(t, "taken back", page.Reviews[0].Response, "")
		equal(t, "when", page.Reviews[0].RespondedAt == nil, true)

		w.ask("ana@example.com")
		must(t, w.svc.AnswerRequest(t.Context(), w.token(), draft("1", 2)))
		asked := get[int64](w, `SELECT MAX(id) FROM reviews`)
		code(t, "no customer, who was named one", w.svc.HoldReview(t.Context(), 1, asked, "not_a_customer"), fibonacco.Invalid)
		must(t, w.svc.HoldReview(t.Context(), 1, asked, "personal_data"))

		elsewhere := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Viewer, Communities: []int64{2}})
		_, err = w.svc.ListReviews(elsewhere, 1, fibonacco.ListQuery{})
		code(t, "staff of another community", err, fibonacco.NotFound)
		must(t, second(w.svc.ListReviews(t.Context(), 2, fibonacco.ListQuery{})))
	})
}

func second[T any](_ T, err error) error { return err }

// Pages of reviews hold each once, and the figures are of all of them.
func TestPages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		sum := 0
		for i := range 45 {
			stars := 1 + i%5
			sum += stars
			w.exec(`INSERT INTO reviews (smb_id, form_key, name, stars, body, status, publish_at, published_at, created_at, updated_at)
				VALUES (1, $1, 'Ana', $2, '', 'published', $3, $3, $3, $3)`, uuid.NewString(), stars, clock.Now())
		}
		seen, before := map[int64]bool{}, int64(0)
		for range 3 {
			page, err := w.svc.ReviewPage(t.Context(), "marisol-hair", before)
			must(t, err)
			equal(t, "count", page.Count, 45)
			if math.Abs(page.Average-float64(sum)/45) > 1e-9 {
				t.Errorf("average %v", page.Average)
			}
			for _, r := range page.Reviews {
				seen[r.ID] = true
			}
			before = page.Older
		}
		equal(t, "seen", len(seen), 45)
		equal(t, "the last page", before, 0)
	})
}
