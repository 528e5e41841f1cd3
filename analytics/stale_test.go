package analytics_test

import (
	"context"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/analytics"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// slowQueues answers only when it is let, with one more job that gave up each time.
type slowQueues struct {
	let   chan time.Duration // how long it takes then
	asked int
}

func (q *slowQueues) Queues(context.Context) ([]fibonacco.QueueState, error) {
	time.Sleep(<-q.let)
	q.asked++
	return []fibonacco.QueueState{{Name: "emails", Failed: q.asked}}, nil
}

// Where counting takes long, nobody waits for it but the first: the last answer is shown until the next
// is there.
func TestNobodyWaitsForASlowCount(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, db.SQLite, fibonacco.NewFakeClock(dbtest.Start))
	q := &slowQueues{let: make(chan time.Duration, 1)}
	svc := analytics.New(d, q)
	failed := func() int {
		t.Helper()
		o, err := svc.Overview(t.Context())
		must(t, err)
		for _, a := range o.Attention {
			if a.Kind == "failed_jobs" {
				return a.Count
			}
		}
		return 0
	}
	q.let <- 150 * time.Millisecond
	if n := failed(); n != 1 {
		t.Fatalf("the first count says %d", n)
	}
	time.Sleep(2 * time.Second) // it may take a tenth of the time
	for range 3 {
		if n := failed(); n != 1 { // this would wait for ever
			t.Fatalf("while it is counted again: %d", n)
		}
	}
	q.let <- 150 * time.Millisecond
	for end := fibonacco.RealTime().Add(time.Minute); fibonacco.RealTime().Before(end); time.Sleep(10 * time.Millisecond) {
		if failed() == 2 {
			return
		}
	}
	t.Error("the second count never came")
}
