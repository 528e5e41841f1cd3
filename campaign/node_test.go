package campaign_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/cluster"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/mail/smtp"
	"github.com/fibonacco/fibonacco/queue"
)

// node is a process that tests start, kill and start again: a whole sending node, which ends by
// itself when its work is done.
type node struct {
	Name  string
	URL   string // of the database
	SMTP  string
	Data  string                 // folder of the flight log
	Clock *fibonacco.ClockAnchor // nil: the machine's clock
	Mails int                    // the work is done when so many mails are

	Die string // the point at which the process kills itself (trap_test.go); "" is none
	Nth int    // when it gets there for the nth time; 0 is the first

	Sleep bool // it does not die there but stops, until it is told to go on

	Redis     string
	PerSecond float64

	Task string // something else than sending (task_test.go)
}

const nodeVariable = "FIBONACCO_TEST_NODE"

func TestMain(m *testing.M) {
	if text := os.Getenv(nodeVariable); text != "" {
		var n node
		err := json.Unmarshal([]byte(text), &n)
		if err == nil {
			err = n.run(context.Background())
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// life is one run of a node.
type life struct {
	*exec.Cmd
	out    strings.Builder // what it wrote to stdout
	log    strings.Builder
	exited chan error
}

func (n node) start(t testing.TB) *life {
	t.Helper()
	l := &life{Cmd: exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$"), exited: make(chan error, 1)}
	l.Env = append(os.Environ(), nodeVariable+"="+db.JSON(n))
	l.Stdout, l.Stderr = &l.out, &l.log
	must(t, l.Start())
	go func() { l.exited <- l.Wait() }()
	return l
}

// end waits until a life is over, and reports whether somebody killed it. Any other end but a good
// one fails the test.
func (l *life) end(t testing.TB) (killed bool) {
	t.Helper()
	select {
	case err := <-l.exited:
		l.exited <- err
		if err == nil {
			return false
		}
		if status, ok := l.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true
		}
		t.Fatalf("the node failed: %v\n%s", err, l.log.String())
	case <-time.After(2 * time.Minute):
		_ = l.Process.Kill()
		err := <-l.exited
		t.Fatalf("the node does not come to an end: %v\n%s", err, l.log.String())
	}
	return false
}

func (n node) clock() fibonacco.Clock {
	if n.Clock == nil {
		return fibonacco.SystemClock{}
	}
	return fibonacco.NewScaledClock(*n.Clock)
}

// run is the process.
func (n node) run(ctx context.Context) error {
	tr := newTrap(n.Die, n.Nth)
	tr.sleep = n.Sleep
	ctx = db.Watch(ctx, tr.statement)
	d, err := db.Open(ctx, n.URL, n.clock(), 24)
	if err != nil {
		return err
	}
	if task := tasks[n.Task]; task != nil {
		return task(ctx, n, d, tr)
	}
	// Base workers enough that every town's chunk is in hand at once.
	supervisors := []queue.Supervisor{{
		Name: "email", Queues: []string{queue.EmailHigh, queue.Emails}, Balance: "auto",
		MinProcesses: 8, MaxProcesses: 20, Tries: 3, Timeout: 5 * time.Minute,
	}, {Name: "default", Queues: []string{queue.Default}, Balance: "none", MinProcesses: 2, MaxProcesses: 2, Tries: 3, Timeout: time.Minute}}
	q, err := queue.New(queue.Options{DB: d, Supervisors: supervisors, Node: n.Name, Notify: tr.published})
	if err != nil {
		return err
	}
	limits, err := cluster.New(ctx, n.Redis, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	mailer, err := smtp.New(smtp.Options{URL: n.SMTP, Dial: tr.dial, Limiter: limits, PerSecond: n.PerSecond})
	if err != nil {
		return err
	}
	svc, err := newNodeService(n, d, q, trapped{mailer, tr})
	if err != nil {
		return err
	}
	svc.Schedule()
	svc.Start(ctx)
	if err := q.Start(ctx); err != nil {
		return err
	}
	for done := 0; done < n.Mails; {
		time.Sleep(20 * time.Millisecond)
		if err := d.View(context.WithoutCancel(ctx), func(tx *db.Tx) error {
			done, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM campaign_sends WHERE status NOT IN ('queued', 'sending')`)
			return err
		}); err != nil && !n.Sleep { // who sleeps in a transaction finds it ended
			return err
		}
	}
	if err := q.Stop(ctx); err != nil {
		return err
	}
	if err := svc.Stop(); err != nil {
		return err
	}
	if err := q.Depart(ctx); err != nil {
		return err
	}
	return limits.Close()
}

func newNodeService(n node, d *db.DB, q *queue.Queue, m fibonacco.Mailer) (*campaign.Service, error) {
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		return nil, err
	}
	return campaign.New(campaign.Options{DB: d, Queue: q, Config: testConfig(n.Data), Signer: signer, Mailer: m, FilterSQL: filterSQL})
}
