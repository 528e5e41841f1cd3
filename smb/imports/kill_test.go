package imports_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/imports"
)

func TestMain(m *testing.M) {
	if args := os.Getenv("FIBONACCO_IMPORT_CHILD"); args != "" {
		if err := importChild(strings.Split(args, "\n")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// importChild is the process that gets killed: it works on one import.
func importChild(args []string) error {
	ctx := context.Background()
	d, err := db.Open(ctx, args[0], fibonacco.SystemClock{}, 4)
	if err != nil {
		return err
	}
	q, err := queue.New(queue.Options{DB: d, Node: "killed"})
	if err != nil {
		return err
	}
	id, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return err
	}
	s := imports.New(d, q, fibonacco.Config{})
	s.SetBatchRows(50)
	return errors.Join(s.Work(ctx, id), d.Close())
}

// Two processes import files that overlap into one community, and are killed again and again:
// every row counts once, and no business is there twice.
func TestKilledInTheMiddle(t *testing.T) {
	const rows, kills = 6000, 4
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t, engine)
			d, err := db.Open(t.Context(), url, fibonacco.SystemClock{}, 4)
			must(t, err)
			defer func() { must(t, d.Close()) }()
			h := newHouse(t, d, nil)
			var wg sync.WaitGroup
			jobs := make([]*fibonacco.ImportJob, 2)
			hits := make([]int, 2)
			for i := range jobs {
				jobs[i], err = h.imports.StartImport(t.Context(), h.request(), strings.NewReader(spread(i*rows/2, rows, true)), 0)
				must(t, err)
				wg.Go(func() { hits[i] = untilDone(t, url, jobs[i].ID, kills) })
			}
			wg.Wait()
			got, created := h.stored(), 0
			for i := range jobs {
				job, err := h.imports.ImportJob(t.Context(), jobs[i].UUID)
				must(t, err)
				if job.Status != "completed" || job.Total != rows || job.Created+job.Skipped != rows {
					t.Errorf("import %d ended %+v", i, job)
				}
				created += job.Created
			}
			h.community = h.addCommunity("undisturbed")
			h.run(spread(0, rows+rows/2, true))
			if want := h.stored(); got != want {
				t.Errorf("%d businesses are stored, want %d, or others", strings.Count(got, "\n")+1, strings.Count(want, "\n")+1)
			}
			if n := strings.Count(got, "\n") + 1; created != n {
				t.Errorf("%d count as created, %d are stored", created, n)
			}
			if n := h.events("smb.created"); n != 2*created {
				t.Errorf("%d events, want %d", n, 2*created)
			}
			if hits[0]+hits[1] == 0 {
				t.Error("no kill hit: too quick to prove anything")
			}
			t.Logf("%v kills hit", hits)
		})
	}
}

// untilDone has children work on an import, and kills the first of them. It returns how many were
// killed before they were done.
func untilDone(t *testing.T, url string, id int64, kills int) (hit int) {
	for life := 0; ; life++ {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), "FIBONACCO_IMPORT_CHILD="+url+"\n"+strconv.FormatInt(id, 10))
		var out strings.Builder
		child.Stderr = &out
		if err := child.Start(); err != nil {
			t.Error(err)
			return hit
		}
		exited := make(chan error, 1)
		go func() { exited <- child.Wait() }()
		patience := 2 * time.Minute
		if life < kills {
			patience = 60*time.Millisecond + time.Duration(rand.IntN(200))*time.Millisecond
		}
		select {
		case err := <-exited:
			if err != nil {
				t.Errorf("the child failed: %v\n%s", err, out.String())
			}
			return hit
		case <-time.After(patience):
			_ = child.Process.Kill()
			if err := <-exited; err == nil {
				return hit
			}
			hit++
			if life >= kills {
				t.Errorf("the last run does not come to an end\n%s", out.String())
				return hit
			}
		}
	}
}
