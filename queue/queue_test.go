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

var supervisors = []queue.Supervisor{
	{Name: "email", Queues: []string{queue.EmailHigh, queue.Emails}, Balance: "auto", MinProcesses: 2, MaxProcesses: 8, Tries: 3, Timeout: 10 * time.Second},
	{Name: "default", Queues: []string{queue.Default}, Balance: "auto", MinProcesses: 2, MaxProcesses: 4, Tries: 3, Timeout: 10 * time.Second},
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newQueue(t *testing.T, d *db.DB, node string) *queue.Queue {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d, Supervisors: supervisors, Node: node})
	must(t, err)
	return q
}

func start(t *testing.T, q *queue.Queue) {
	t.Helper()
	must(t, q.Start(t.Context()))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := q.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 400 {
		if ok() {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}

type mail struct {
	IDs []int64 `json:"ids"`
}

func (mail) Kind() string  { return "test.mail" }
func (mail) Queue() string { return queue.Emails }

func TestJobCommitsWithItsCause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var got atomic.Int64
		queue.Handle(q, func(_ context.Context, m mail) error {
			got.Add(m.IDs[0])
			return nil
		})
		start(t, q)
		boom := errors.New("boom")
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			must(t, q.Enqueue(t.Context(), tx, mail{[]int64{1000}}))
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatal(err)
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			return q.Enqueue(t.Context(), tx, mail{[]int64{1}}, mail{[]int64{2}})
		}))
		eventually(t, "both jobs done", func() bool { return got.Load() == 3 })
	})
}

func TestPublishStoresOnceAndWakesHandlers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var mu sync.Mutex
		seen := map[string][]int64{}
		note := func(name string) func(context.Context, []fibonacco.EmailOpened) error {
			return func(_ context.Context, events []fibonacco.EmailOpened) error {
				mu.Lock()
				defer mu.Unlock()
				for _, e := range events {
					seen[name] = append(seen[name], e.CampaignSendID)
				}
				return nil
			}
		}
		queue.On(q, "one", note("one"))
		queue.On(q, "two", note("two"))
		start(t, q)
		const n = 450 // three jobs each
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			var events []fibonacco.Event
			for i := range n {
				events = append(events, fibonacco.EmailOpened{CampaignSendID: int64(i), At: tx.Now})
			}
			return q.Publish(t.Context(), tx, events...)
		}))
		eventually(t, "all events handled twice", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(seen["one"]) == n && len(seen["two"]) == n
		})
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			rows, err := db.Count(t.Context(), tx, `SELECT COUNT(*) FROM analytics_events WHERE event_type = 'email.opened' AND event_category = 'engagement'`)
			if rows != n {
				t.Errorf("%d analytics rows, want %d", rows, n)
			}
			return err
		}))
	})
}

// Two nodes look at the same clock: each due moment runs once, and a missed week runs once.
func TestEveryRunsOnceAmongNodes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		var runs atomic.Int64
		for _, node := range []string{"a", "b"} {
			q := newQueue(t, d, node)
			q.Every("count", "0 * * * *", "UTC", func(context.Context, time.Time) error {
				runs.Add(1)
				return nil
			})
			start(t, q)
		}
		eventually(t, "first run", func() bool { return runs.Load() == 1 })
		clock.Advance(7 * 24 * time.Hour)
		eventually(t, "one run for the missed week", func() bool { return runs.Load() == 2 })
		clock.Advance(time.Hour)
		eventually(t, "the next hour", func() bool { return runs.Load() == 3 })
		time.Sleep(300 * time.Millisecond)
		if n := runs.Load(); n != 3 {
			t.Errorf("ran %d times, want 3", n)
		}
	})
}

// A run that died without a word leaves a running job; the next run of the node takes it over.
func TestDeadRunIsTakenOver(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		dead := newQueue(t, d, "n")
		block := make(chan struct{})
		var startedOnce atomic.Int64
		queue.Handle(dead, func(ctx context.Context, _ mail) error {
			startedOnce.Add(1)
			<-block
			return nil
		})
		must(t, dead.Start(t.Context()))
		must(t, d.Update(t.Context(), func(tx *db.Tx) error { return dead.Enqueue(t.Context(), tx, mail{[]int64{7}}) }))
		eventually(t, "job started", func() bool { return startedOnce.Load() == 1 })

		next := newQueue(t, d, "n")
		var done atomic.Int64
		var buried []string
		next.OnDead(func(_ context.Context, node string) error { buried = append(buried, node); return nil })
		queue.Handle(next, func(_ context.Context, m mail) error { done.Store(m.IDs[0]); return nil })
		start(t, next)
		if len(buried) != 1 || buried[0] != dead.NodeID() {
			t.Errorf("buried %v, want %s", buried, dead.NodeID())
		}
		eventually(t, "job done by the next run", func() bool { return done.Load() == 7 })
		close(block)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		must(t, dead.Stop(ctx))
	})
}

// Jobs that wait long get more workers, up to the most.
func TestBalanceAddsWorkers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var running, most atomic.Int64
		release := make(chan struct{})
		queue.Handle(q, func(ctx context.Context, _ mail) error {
			n := running.Add(1)
			defer running.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil
		})
		start(t, q)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			var jobs []queue.Job
			for i := range 12 {
				jobs = append(jobs, mail{[]int64{int64(i)}})
			}
			return q.Enqueue(t.Context(), tx, jobs...)
		}))
		// emails has one of the two base workers; the other six of eight come by balancing.
		eventually(t, "seven emails workers", func() bool { return most.Load() == 7 })
		states, err := q.Queues(t.Context())
		must(t, err)
		for _, s := range states {
			if s.Name == queue.Emails && (s.Workers != 7 || s.Waiting != 5 || s.Running != 7) {
				t.Errorf("state %+v", s)
			}
		}
		close(release)
		eventually(t, "queue empty", func() bool {
			states, err := q.Queues(t.Context())
			must(t, err)
			for _, s := range states {
				if s.Waiting+s.Running > 0 {
					return false
				}
			}
			return true
		})
	})
}

func TestStopHandsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		started := make(chan struct{})
		queue.Handle(q, func(ctx context.Context, _ mail) error {
			close(started)
			<-ctx.Done()
			return ctx.Err()
		})
		must(t, q.Start(t.Context()))
		must(t, d.Update(t.Context(), func(tx *db.Tx) error { return q.Enqueue(t.Context(), tx, mail{[]int64{1}}) }))
		<-started
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		defer cancel()
		must(t, q.Stop(ctx))
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := q.Busy(t.Context(), tx, queue.Emails)
			if n != 1 {
				t.Errorf("%d jobs wait after the stop, want the one handed back", n)
			}
			return err
		}))
	})
}
