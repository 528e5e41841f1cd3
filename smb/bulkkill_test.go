package smb_test

import (
	"context"
	"fmt"
	"os"
	process "os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("FIBONACCO_BULK_CHILD"); url != "" {
		if err := bulkChild(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var bulkSupervisors = []queue.Supervisor{
	{Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute},
}

// bulkChild is the process that gets killed: a node that does bulk changes until none is left.
func bulkChild(url string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, url, fibonacco.SystemClock{}, 4)
	if err != nil {
		return err
	}
	q, err := queue.New(queue.Options{DB: d, Supervisors: bulkSupervisors, Node: "killed"})
	if err != nil {
		return err
	}
	smb.New(d, q, settings()).Register()
	if err := q.Start(ctx); err != nil {
		return err
	}
	for open := 1; open > 0; {
		time.Sleep(20 * time.Millisecond)
		if err := d.View(ctx, func(tx *db.Tx) (err error) {
			open, err = db.Count(ctx, tx, `SELECT count(*) FROM bulk_jobs WHERE finished_at IS NULL`)
			return err
		}); err != nil {
			return err
		}
	}
	if err := q.Stop(ctx); err != nil {
		return err
	}
	return q.Depart(ctx)
}

// The process that does a bulk change is killed in the middle and started again until it is
// through: each business has been changed once.
func TestBulkKilledInTheMiddle(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t, engine)
			d, err := db.Open(t.Context(), url, fibonacco.SystemClock{}, 4)
			must(t, err)
			defer func() { must(t, d.Close()) }()
			s := newService(t, d)
			const n = 12_000
			many(t, d, newCommunity(t, s, "town", "America/New_York"), n)
			job, err := s.StartBulk(t.Context(), fibonacco.BulkRequest{Action: fibonacco.BulkSet, Change: fibonacco.SMBChange{Category: ptr("Bakery")}})
			must(t, err)
			kills := 0
			for over := false; !over; {
				child := process.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
				child.Env = append(os.Environ(), "FIBONACCO_BULK_CHILD="+url)
				var out strings.Builder
				child.Stderr = &out
				must(t, child.Start())
				exited := make(chan error, 1)
				go func() { exited <- child.Wait() }()
				before := progress(t, s, job)
				for kills < 3 && !over && progress(t, s, job) == before { // it has done something in this life
					select {
					case err := <-exited:
						exited <- err
						over = true
					case <-time.After(5 * time.Millisecond):
					}
				}
				if kills < 3 && !over {
					must(t, child.Process.Kill())
					if <-exited != nil {
						kills++
						continue
					}
					over = true
					continue
				}
				select {
				case err := <-exited:
					if err != nil {
						t.Fatalf("the child failed: %v\n%s", err, out.String())
					}
					over = true
				case <-time.After(3 * time.Minute):
					_ = child.Process.Kill()
					t.Fatalf("the last run does not come to an end\n%s", out.String())
				}
			}
			if kills == 0 {
				t.Error("no kill hit the middle")
			}
			got, err := s.FindBulk(t.Context(), job.UUID)
			must(t, err)
			equal(t, "came to", fmt.Sprint(got.Status, " ", got.Matched, " ", got.Done, " ", got.Changed), fmt.Sprint("completed ", n, " ", n, " ", n))
			equal(t, "changed once", count(t, d, `SELECT count(*) FROM smbs WHERE version = 2 AND category = 'Bakery'`), n)
			equal(t, "events", count(t, d, `SELECT count(*) FROM analytics_events WHERE event_type = 'smb.updated'`), n)
			equal(t, "found", count(t, d, `SELECT count(*) FROM smb_search WHERE category = 'Bakery'`), n)
		})
	}
}

func progress(t *testing.T, s *smb.Service, job *fibonacco.BulkJob) int {
	t.Helper()
	got, err := s.FindBulk(t.Context(), job.UUID)
	must(t, err)
	return got.Done
}
