package queue_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

// alerting is a node without workers, whose posts go to a function.
func alerting(t *testing.T, d *db.DB, node string, post func(w fibonacco.LongWait) error) *queue.Queue {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Node: node, WaitAlerts: map[string]time.Duration{queue.Emails: time.Millisecond}})
	must(t, err)
	q.PostLongWaits(func(_ context.Context, w fibonacco.LongWait) error { return post(w) })
	return q
}

// raise lets a queue's wait be noted, as if its last alert were old.
func raise(t *testing.T, d *db.DB, q *queue.Queue) {
	t.Helper()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE queue_alerts SET at = $1`, time.Now().Add(-2*time.Hour))
		return err
	}))
	eventually(t, "an alert", func() bool {
		must(t, q.Alert(t.Context()))
		n := 0
		must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
			n, err = db.Count(t.Context(), tx, `SELECT count(*) FROM queue_alerts WHERE post_at = at AND post_tries = 0`)
			return err
		}))
		return n == 1
	})
}

// pass is as if the pause until the next try were over, where there is one.
func pass(t *testing.T, d *db.DB) {
	t.Helper()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `UPDATE queue_alerts SET post_at = at WHERE post_at IS NOT NULL`)
		return err
	}))
}

// A process that ends while it posts leaves the alert to others, which tell the same once it is taken.
func TestAlertOutlivesWhoPostsIt(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		var posted []fibonacco.LongWait
		dies := alerting(t, d, "a", func(w fibonacco.LongWait) error {
			posted = append(posted, w)
			panic("the process ends")
		})
		takes := false
		other := alerting(t, d, "b", func(w fibonacco.LongWait) error {
			if posted = append(posted, w); !takes {
				return errors.New("not now")
			}
			return nil
		})
		enqueue(t, d, dies, mail{[]int64{1}})
		raise(t, d, dies)
		func() {
			defer func() { _ = recover() }()
			must(t, dies.PostDue(t.Context()))
		}()
		for _, step := range []struct {
			what        string
			late, takes bool
			tries       int
		}{
			{what: "at once, when the first may still be at it", tries: 1},
			{what: "later", late: true, tries: 2},
			{what: "at once after a refusal", tries: 2},
			{what: "later, when it is taken", late: true, takes: true, tries: 3},
			{what: "after it was taken", late: true, takes: true, tries: 3},
		} {
			if step.late {
				pass(t, d)
			}
			takes = step.takes
			must(t, other.PostDue(t.Context()))
			if len(posted) != step.tries {
				t.Fatalf("%s: posted %d times, not %d", step.what, len(posted), step.tries)
			}
		}
		first := posted[0]
		if first.Queue != queue.Emails || first.Waiting != 1 || first.Wait <= 0 || first.Threshold != time.Millisecond || time.Since(first.At) > time.Hour {
			t.Errorf("told %+v", first)
		}
		for _, w := range posted[1:] {
			if w != first {
				t.Errorf("told %+v after %+v", w, first)
			}
		}
	})
}

// A process that is told to stop while a program takes an alert still notes that it was taken.
func TestAlertIsTakenWhileStopping(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		ctx, stop := context.WithCancel(t.Context())
		tries := 0
		stops := alerting(t, d, "a", func(fibonacco.LongWait) error {
			tries++
			stop()
			return nil
		})
		enqueue(t, d, stops, mail{[]int64{1}})
		raise(t, d, stops)
		if err := stops.PostDue(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		pass(t, d)
		must(t, stops.PostDue(t.Context()))
		if tries != 1 {
			t.Errorf("posted %d times", tries)
		}
	})
}

// Nobody is told without end, of what is long past, or by two nodes at once.
func TestAlertIsPostedWithinLimits(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		var posts atomic.Int64
		refused := errors.New("not now")
		var answer error
		q := alerting(t, d, "a", func(fibonacco.LongWait) error {
			posts.Add(1)
			return answer
		})
		enqueue(t, d, q, mail{[]int64{1}})

		answer = refused
		raise(t, d, q)
		for range 8 {
			must(t, q.PostDue(t.Context()))
			pass(t, d)
		}
		if posts.Swap(0) != 5 {
			t.Error("not tried five times")
		}

		raise(t, d, q)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE queue_alerts SET at = $1, post_at = $1`, time.Now().Add(-61*time.Minute))
			return err
		}))
		must(t, q.PostDue(t.Context()))
		if posts.Swap(0) != 0 {
			t.Error("told of what is long past")
		}

		answer = nil
		raise(t, d, q)
		var nodes sync.WaitGroup
		for range 4 {
			nodes.Go(func() {
				if err := q.PostDue(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
		if posts.Load() != 1 {
			t.Errorf("posted %d times at once", posts.Load())
		}
	})
}
