package queue_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

// errand is a job that carries what nobody who looks at queues needs to see.
type errand struct {
	SMBID int64  `json:"smb_id"`
	To    string `json:"to"`
	Fails string `json:"fails"`
}

func (errand) Kind() string  { return "test.errand" }
func (errand) Queue() string { return queue.Default }

func enqueue(t *testing.T, d *db.DB, q *queue.Queue, jobs ...queue.Job) {
	t.Helper()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error { return q.Enqueue(t.Context(), tx, jobs...) }))
}

// jobsIn is the jobs of a filter.
func jobsIn(t *testing.T, q *queue.Queue, filter fibonacco.Filter) []fibonacco.QueuedJob {
	t.Helper()
	page, err := q.ListJobs(t.Context(), fibonacco.ListQuery{Filter: filter})
	must(t, err)
	return page.Data
}

// What jobs did is counted by minute and by hour, once, also over two nodes, and read back as figures.
func TestWhatJobsDidIsCounted(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		for _, node := range []string{"a", "b"} {
			q := newQueue(t, d, node)
			queue.Handle(q, func(_ context.Context, e errand) error {
				if e.Fails != "" {
					return queue.Abandon(errors.New(e.Fails))
				}
				return nil
			})
			must(t, q.Start(t.Context()))
			enqueue(t, d, q, errand{SMBID: 1}, errand{SMBID: 2}, errand{SMBID: 3, Fails: "no"})
			eventually(t, "all three are over", func() bool {
				return len(jobsIn(t, q, fibonacco.Filter{"state": "available,running", "kind": "test.errand"})) == 0
			})
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			must(t, q.Stop(ctx)) // stores what was counted
			cancel()
		}
		q := newQueue(t, d, "c")
		for _, period := range fibonacco.JobPeriods {
			kinds, err := q.JobKinds(t.Context(), period)
			must(t, err)
			if len(kinds) != 1 || kinds[0].Kind != "test.errand" || kinds[0].Done != 4 || kinds[0].Failed != 2 || kinds[0].GaveUp != 2 {
				t.Fatalf("%s: %+v", period, kinds)
			}
			for asked, want := range map[fibonacco.JobHistoryQuery]int{
				{Period: period}: 4, {Period: period, Queue: queue.Default, Kind: "test.errand"}: 4, {Period: period, Queue: queue.Emails}: 0,
			} {
				h, err := q.JobHistory(t.Context(), asked)
				must(t, err)
				done := 0
				for _, p := range h.Points {
					done += p.Done
				}
				if done != want || len(h.Points) != len(h.WeekBefore) || len(h.Points)*h.StepSeconds < 3600 {
					t.Errorf("%+v: %d done in %d points, want %d", asked, done, len(h.Points), want)
				}
			}
		}
		if _, err := q.JobHistory(t.Context(), fibonacco.JobHistoryQuery{Period: "century"}); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("a century: %v", err)
		}
		board, err := q.Board(t.Context())
		must(t, err)
		if board.DoneHour != 4 || board.FailedWeek != 2 {
			t.Errorf("done within the hour: %d; failed within the week: %d", board.DoneHour, board.FailedWeek)
		}
	})
}

// The board shows the workers of every node that lives, and the log why their number changed.
func TestBoardAndBalanceLog(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		release := make(chan struct{})
		queue.Handle(q, func(ctx context.Context, _ mail) error {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil
		})
		start(t, q)
		var jobs []queue.Job
		for i := range 12 {
			jobs = append(jobs, mail{[]int64{int64(i)}})
		}
		enqueue(t, d, q, jobs...)
		line := func() (l fibonacco.QueueLine) {
			board, err := q.Board(t.Context())
			must(t, err)
			if len(board.Nodes) != 1 || board.Nodes[0].ID != q.NodeID() {
				t.Fatalf("nodes %+v", board.Nodes)
			}
			for _, l := range board.Queues {
				if l.Name == queue.Emails {
					return l
				}
			}
			return l
		}
		eventually(t, "all workers there may be, at work", func() bool { l := line(); return l.Workers == 7 && l.Running == 7 })
		if l := line(); l.MinWorkers != 1 || l.MaxWorkers != 7 || l.Supervisor != "email" || l.Running != 7 || l.Waiting != 5 || len(l.Minutes) != 60 {
			l.Minutes = nil
			t.Errorf("%+v", l)
		}
		reasons := func() string {
			page, err := q.ListBalance(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"queue": queue.Emails}, Sort: []string{"id"}})
			must(t, err)
			var all []string
			for _, c := range page.Data {
				all = append(all, fmt.Sprintf("%s %d-%d", c.Reason, c.Before, c.After))
				if c.Reason == fibonacco.BalanceWaiting && (c.Waiting == 0 || c.WaitMS < 500) {
					t.Errorf("%+v", c)
				}
			}
			return strings.Join(all, ", ")
		}
		eventually(t, "the line about no more workers", func() bool {
			return reasons() == "started 0-1, waiting 1-3, waiting 3-5, waiting 5-7, most 7-7"
		})
		close(release)
		eventually(t, "queue empty", func() bool { l := line(); return l.Waiting+l.Running == 0 })
		must(t, q.Depart(t.Context()))
	})
}

// Personal data of a job stays with the job: ids are shown, addresses and free text are not.
func TestJobsAreShownWithoutPersonalData(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		queue.Handle(q, func(_ context.Context, e errand) error {
			return queue.Abandon(errors.New("550 5.1.1 <marisol@hair.example> unknown, call +1 (718) 555-0142"))
		})
		start(t, q)
		enqueue(t, d, q, errand{SMBID: 7, To: "marisol@hair.example"})
		var found []fibonacco.QueuedJob
		eventually(t, "it gave up", func() bool {
			found = jobsIn(t, q, fibonacco.Filter{"state": "cancelled", "queue": queue.Default})
			return len(found) == 1
		})
		job, err := q.FindJob(t.Context(), found[0].ID)
		must(t, err)
		text := fmt.Sprint(job.Args)
		for _, e := range job.Errors {
			text += " " + e.Message // not the moment, in which any digits may stand
		}
		for _, secret := range []string{"marisol", "718", "555"} {
			if strings.Contains(text, secret) {
				t.Errorf("%q is shown: %s", secret, text)
			}
		}
		for _, open := range []string{"smb_id:7", "m•••@hair.example", "550 5.1.1", "••42"} {
			if !strings.Contains(text, open) {
				t.Errorf("%q is hidden: %s", open, text)
			}
		}
		if job.Node != q.NodeID() || job.Attempt != 1 || job.AttemptedAt == nil || job.FinalizedAt == nil || time.Since(job.CreatedAt) > time.Minute {
			t.Errorf("%+v", job)
		}
		if _, err := q.FindJob(t.Context(), job.ID+1000); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("no such job: %v", err)
		}
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Admin, Communities: []int64{1}})
		if _, err := q.FindJob(limited, job.ID); fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("by somebody of one community: %v", err)
		}
		if _, err := q.DeleteJobs(limited, fibonacco.JobSelection{IDs: []int64{job.ID}}); fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("deleted by somebody of one community: %v", err)
		}
	})
}

// A person tries failed jobs again, cancels what waits or runs, and forgets the rest.
func TestJobsArePutRight(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var broken atomic.Bool
		broken.Store(true)
		var done atomic.Int64
		queue.Handle(q, func(context.Context, errand) error {
			if broken.Load() {
				return queue.Abandon(errors.New("not now"))
			}
			done.Add(1)
			return nil
		})
		queue.Handle(q, func(ctx context.Context, _ mail) error {
			<-ctx.Done()
			return ctx.Err()
		})
		start(t, q)
		enqueue(t, d, q, errand{SMBID: 1}, errand{SMBID: 2}, errand{SMBID: 3}, mail{[]int64{1}})
		eventually(t, "three have failed, one runs", func() bool {
			return len(jobsIn(t, q, fibonacco.Filter{"state": "cancelled"})) == 3 && len(jobsIn(t, q, fibonacco.Filter{"state": "running"})) == 1
		})
		broken.Store(false)
		out, err := q.RetryJobs(t.Context(), fibonacco.JobSelection{IDs: []int64{jobsIn(t, q, fibonacco.Filter{"state": "cancelled"})[0].ID}})
		must(t, err)
		if out != (fibonacco.JobOutcome{Found: 1, Changed: 1}) {
			t.Errorf("one again: %+v", out)
		}
		eventually(t, "one is done", func() bool { return done.Load() == 1 })
		out, err = q.RetryJobs(t.Context(), fibonacco.JobSelection{Filter: fibonacco.Filter{"kind": "test.errand", "state": "cancelled"}})
		must(t, err)
		if out.Changed != 2 {
			t.Errorf("the others again: %+v", out)
		}
		eventually(t, "all are done", func() bool { return done.Load() == 3 && len(jobsIn(t, q, fibonacco.Filter{"state": "completed"})) == 3 })

		out, err = q.CancelJobs(t.Context(), fibonacco.JobSelection{Filter: fibonacco.Filter{"kind": "test.mail"}})
		must(t, err)
		if out.Changed != 1 {
			t.Errorf("told to stop: %+v", out)
		}
		eventually(t, "the running one is cancelled", func() bool { return len(jobsIn(t, q, fibonacco.Filter{"state": "cancelled"})) == 1 })
		out, err = q.DeleteJobs(t.Context(), fibonacco.JobSelection{Filter: fibonacco.Filter{"queue": queue.Default + "," + queue.Emails}})
		must(t, err)
		if out.Changed != 4 || len(jobsIn(t, q, nil)) != 0 {
			t.Errorf("forgotten: %+v", out)
		}
		if _, err := q.RetryJobs(t.Context(), fibonacco.JobSelection{}); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("nothing chosen: %v", err)
		}
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM audit_log WHERE entity = 'job'`)
			if n != 4 {
				t.Errorf("%d audit entries", n)
			}
			return err
		}))
	})
}

// A periodic job that failed is not run beside a newer one of its name.
func TestRetryLeavesTheSupersededAlone(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var runs atomic.Int64
		q.Every("sometimes", "0 * * * *", "UTC", func(context.Context, time.Time) error {
			if runs.Add(1) == 1 {
				return queue.Abandon(errors.New("once"))
			}
			return nil
		})
		start(t, q)
		failed := fibonacco.JobSelection{Filter: fibonacco.Filter{"state": "cancelled"}}
		eventually(t, "the first failed", func() bool { return len(jobsIn(t, q, failed.Filter)) == 1 })
		clock.Advance(time.Hour)
		eventually(t, "the next was well", func() bool { return len(jobsIn(t, q, fibonacco.Filter{"state": "completed"})) == 1 })
		out, err := q.RetryJobs(t.Context(), failed)
		must(t, err)
		if out != (fibonacco.JobOutcome{Found: 1}) {
			t.Errorf("%+v", out)
		}
	})
}

// A queue that is held works on nothing until it is released; who did it and why is on the board.
func TestPauseQueue(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		var done atomic.Int64
		queue.Handle(q, func(context.Context, errand) error { done.Add(1); return nil })
		start(t, q)
		eventually(t, "the queue is known", func() bool { return q.PauseQueue(t.Context(), queue.Default, "the list is wrong", "Ana") == nil })
		must(t, q.PauseQueue(t.Context(), queue.Default, "the list is being mended", "Ana"))
		asked, held := int64(0), int64(0)
		eventually(t, "a job that is left alone", func() bool { // a node without notices looks every two seconds
			enqueue(t, d, q, errand{SMBID: 1})
			asked++
			time.Sleep(500 * time.Millisecond)
			held = asked - done.Load()
			return held > 0
		})
		board, err := q.Board(t.Context())
		must(t, err)
		var pause *fibonacco.QueuePause
		for _, l := range board.Queues {
			if l.Name == queue.Default {
				pause = l.Pause
			}
		}
		if pause == nil || pause.Reason != "the list is being mended" || pause.By != "Ana" || asked-done.Load() != held {
			t.Fatalf("%+v, %d of %d done", pause, done.Load(), asked)
		}
		var all []string
		eventually(t, "all queues are held", func() bool {
			names, err := q.PauseAllQueues(t.Context(), "a move", "Ben")
			must(t, err)
			all = append(all, names...)
			return len(all) == 2
		})
		board, err = q.Board(t.Context())
		must(t, err)
		for _, l := range board.Queues {
			if want := map[bool]string{true: "the list is being mended", false: "a move"}[l.Name == queue.Default]; l.Pause == nil || l.Pause.Reason != want {
				t.Errorf("%s is held with %+v", l.Name, l.Pause)
			}
		}
		if names, err := q.PauseAllQueues(t.Context(), "again", "Ben"); err != nil || len(names) != 0 {
			t.Errorf("held again: %v, %v", names, err)
		}
		if _, err := q.PauseAllQueues(t.Context(), "", "Ben"); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("all, without a reason: %v", err)
		}
		limited := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{Role: fibonacco.Admin, Communities: []int64{1}})
		if _, err := q.ResumeAllQueues(limited, "Lena"); fibonacco.CodeOf(err) != fibonacco.Forbidden {
			t.Errorf("by somebody of one community: %v", err)
		}
		names, err := q.ResumeAllQueues(t.Context(), "Ben")
		must(t, err)
		if len(names) != 3 {
			t.Errorf("going on: %v", names)
		}
		must(t, q.ResumeQueue(t.Context(), queue.Default, "Ana"))
		eventually(t, "it goes on", func() bool { return done.Load() == asked })
		if err := q.PauseQueue(t.Context(), "no-such-queue", "x", "Ana"); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("no such queue: %v", err)
		}
		if err := q.PauseQueue(t.Context(), queue.Default, " ", "Ana"); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("without a reason: %v", err)
		}
	})
}

// Two nodes look; people are told once, with what they need to know.
func TestLongWaitIsToldOnce(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		var told atomic.Int64
		var last atomic.Value
		var nodes []*queue.Queue
		for _, node := range []string{"a", "b"} { // without workers: nobody takes the job
			q, err := queue.New(queue.Options{DB: d, Node: node, WaitAlerts: map[string]time.Duration{queue.Emails: time.Millisecond}})
			must(t, err)
			q.OnLongWait(func(_ context.Context, _ *db.Tx, w fibonacco.LongWait) error {
				if told.Add(1) == 1 {
					return errors.New("the first try fails, and is made again")
				}
				last.Store(w)
				return nil
			})
			enqueue(t, d, q, mail{[]int64{1}})
			nodes = append(nodes, q)
		}
		for _, q := range nodes {
			start(t, q)
		}
		eventually(t, "people are told", func() bool { return last.Load() != nil })
		time.Sleep(300 * time.Millisecond)
		w := last.Load().(fibonacco.LongWait)
		if told.Load() != 2 || w.Queue != queue.Emails || w.Waiting != 2 || w.Wait <= 0 || w.Threshold != time.Millisecond {
			t.Errorf("told %d times: %+v", told.Load(), w)
		}
		q := newQueue(t, d, "c")
		board, err := q.Board(t.Context())
		must(t, err)
		for _, l := range board.Queues {
			if l.Name == queue.Emails && l.AlertedAt == nil {
				t.Error("the board does not say so")
			}
		}
	})
}

// The week before is compared with, and what is older than a look back goes.
func TestWeekBeforeAndPrune(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		now := time.Now().UTC()
		insert := func(width int, at time.Time, n int64) {
			must(t, d.Update(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `INSERT INTO job_stats (width, at, queue, kind, measure, bucket, n) VALUES ($1, $2, 'emails', 'test.mail', 'run', 4, $3)`, width, at, n)
				return err
			}))
		}
		insert(3600, now.Add(-7*24*time.Hour).Truncate(time.Hour), 120)
		insert(3600, now.Add(-30*24*time.Hour).Truncate(time.Hour), 7)
		insert(60, now.Add(-3*time.Hour).Truncate(time.Minute), 7)
		insert(60, now.Truncate(time.Minute), 5)
		h, err := q.JobHistory(t.Context(), fibonacco.JobHistoryQuery{Period: fibonacco.LastHour, Queue: queue.Emails})
		must(t, err)
		last := len(h.Points) - 1
		if h.WeekBefore[last].PerMinute != 2 || h.Points[last].Done+h.Points[last-1].Done != 5 {
			t.Errorf("now %+v, a week before %+v", h.Points[last], h.WeekBefore[last])
		}
		must(t, q.Prune(t.Context()))
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM job_stats`)
			if n != 2 {
				t.Errorf("%d rows are kept", n)
			}
			return err
		}))
	})
}
