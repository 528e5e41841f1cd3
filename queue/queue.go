// Package queue is how work waits and events travel: River behind four verbs.
//
//	Enqueue   a job commits with the change that caused it (D3)
//	Publish   an event is stored once and wakes its handlers, in the same transaction
//	Handle    says what does a job; On says what an event wakes
//	Every     runs something by cron on the product's clock, once among all nodes
//
// Handlers run at least once: each begins with a compare-and-set or a unique key. Bulk work
// travels as one job per chunk, never one per row.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// The queues of the specification. A job that does not say otherwise waits in Default.
const (
	Emails    = "emails"
	EmailHigh = "email-high"
	RVM       = "rvm"
	AI        = "ai"
	AIHigh    = "ai-high"
	Default   = "default"
)

// Job is a piece of work: a struct that is stored as JSON.
type Job interface {
	// Kind names the work, "campaign.send". It must be the same for every value of the type, and
	// never change while jobs wait.
	Kind() string
}

// Placed is a Job that waits elsewhere than in Default.
type Placed interface {
	Job
	Queue() string
}

// Options make a Queue.
type Options struct {
	DB          *db.DB
	Supervisors []Supervisor // none: this process enqueues and publishes, but works on nothing
	Node        string       // name of this node, the same after a restart; "" means a random one
	NoTicks     bool         // this node does what periodic tasks call for, but leaves looking at the clock to others
	// WaitAlerts says for each queue how long a job may wait before people are told (OnLongWait). nil takes
	// those of Supervisors; nodes without workers need it said.
	WaitAlerts map[string]time.Duration
	// Notify is told the type of what was published, after it is committed, so that pages can move.
	// It must not block. nil tells nobody.
	Notify func(topic string)
	Logger *slog.Logger // nil means slog.Default()
}

// Queue is one node's part of the job queue. Register handlers, then Start.
type Queue struct {
	db          *db.DB
	log         *slog.Logger
	supervisors []Supervisor
	placement   map[string]Supervisor // queue → its supervisor
	node        string
	boot        string
	workers     *river.Workers
	insert      client
	events      map[string][]*subscription
	periodics   []*periodic
	dead        []func(ctx context.Context, node string) error
	gauges      map[string]*gauge
	meter       meter
	waitAlerts  map[string]time.Duration
	longWait    []func(ctx context.Context, tx *db.Tx, w fibonacco.LongWait) error
	postAlert   func(ctx context.Context, w fibonacco.LongWait) error // nil tells no program
	noTicks     bool
	notify      func(topic string)

	mu      sync.Mutex
	started bool
	clients []client
	stop    context.CancelFunc
	loops   sync.WaitGroup
}

type gauge struct {
	done    atomic.Int64
	workers atomic.Int64
}

// New connects to the job tables. Returns Invalid when two supervisors share a queue.
func New(opts Options) (*Queue, error) {
	q := &Queue{
		db:          opts.DB,
		log:         opts.Logger,
		supervisors: opts.Supervisors,
		placement:   map[string]Supervisor{},
		boot:        randomID(),
		node:        opts.Node,
		workers:     river.NewWorkers(),
		events:      map[string][]*subscription{},
		gauges:      map[string]*gauge{},
		meter:       meter{sums: map[statKey]int64{}},
		waitAlerts:  opts.WaitAlerts,
		noTicks:     opts.NoTicks,
		notify:      opts.Notify,
	}
	if q.log == nil {
		q.log = slog.Default()
	}
	if q.node == "" {
		q.node = randomID()
	}
	if q.waitAlerts == nil {
		q.waitAlerts = map[string]time.Duration{}
		for _, s := range opts.Supervisors {
			for _, name := range s.Queues {
				if s.WaitAlert > 0 {
					q.waitAlerts[name] = s.WaitAlert
				}
			}
		}
	}
	for _, s := range opts.Supervisors {
		if err := s.validate(); err != nil {
			return nil, err
		}
		for _, name := range s.Queues {
			if other, taken := q.placement[name]; taken {
				return nil, fibonacco.Errorf(fibonacco.Invalid, "queue %s belongs to supervisors %s and %s", name, other.Name, s.Name)
			}
			q.placement[name] = s
			q.gauges[name] = &gauge{}
		}
	}
	var err error
	q.insert, err = q.newClient("insert", nil, false)
	return q, err
}

// NodeID names this run of this node: its name and a boot id that is new with every start.
func (q *Queue) NodeID() string { return q.node + "/" + q.boot }

// Enqueue stores jobs in the caller's transaction: they run after it commits, or never.
func (q *Queue) Enqueue(ctx context.Context, tx *db.Tx, jobs ...Job) error {
	if len(jobs) == 0 {
		return nil
	}
	params := make([]river.InsertManyParams, len(jobs))
	for i, j := range jobs {
		params[i] = river.InsertManyParams{Args: j, InsertOpts: q.insertOpts(j)}
	}
	if err := q.insert.insertMany(ctx, tx, params); err != nil {
		return fmt.Errorf("enqueue %d jobs of kind %s: %w", len(jobs), jobs[0].Kind(), err)
	}
	return nil
}

func (q *Queue) insertOpts(j Job) *river.InsertOpts {
	opts := &river.InsertOpts{Queue: Default, MaxAttempts: 3}
	if p, ok := j.(Placed); ok {
		opts.Queue = p.Queue()
	}
	if s, ok := q.placement[opts.Queue]; ok {
		opts.MaxAttempts = s.Tries
	}
	return opts
}

// Handle says what does the jobs of type J. An error makes the job try again, later each time,
// until its queue's tries are used up; see Snooze and Abandon for the other endings.
// Call before Start.
func Handle[J Job](q *Queue, do func(ctx context.Context, job J) error) {
	river.AddWorker(q.workers, &worker[J]{q: q, do: do})
}

// Snooze returned by a handler puts the job back for d of real time without counting a try.
func Snooze(d time.Duration) error { return river.JobSnooze(d) }

// Abandon returned by a handler ends the job as failed without further tries.
func Abandon(err error) error { return river.JobCancel(err) }

// worker fits a handler to River.
type worker[J Job] struct {
	river.WorkerDefaults[J]
	q  *Queue
	do func(ctx context.Context, job J) error
}

func (w *worker[J]) Work(ctx context.Context, job *river.Job[J]) error {
	began := fibonacco.RealTime()
	defer func() {
		if p := recover(); p != nil { // River stores it; here it is only counted
			w.q.count(job.JobRow, began, errPanicked)
			panic(p)
		}
	}()
	err := w.do(ctx, job.Args)
	w.q.count(job.JobRow, began, err)
	return err
}

// errPanicked stands for a handler that did not return.
var errPanicked = errors.New("the handler panicked")

// count notes an attempt that is over.
func (q *Queue) count(job *rivertype.JobRow, began time.Time, err error) {
	q.meter.note(job, began, fibonacco.RealTime(), err)
	if g := q.gauges[job.Queue]; g != nil && err == nil {
		g.done.Add(1)
	}
}

func (w *worker[J]) Timeout(job *river.Job[J]) time.Duration {
	if s, ok := w.q.placement[job.Queue]; ok {
		return s.Timeout
	}
	return time.Minute
}

// Start begins to work: this node announces itself, takes over what its last run left behind,
// and its supervisors start.
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.started {
		return fibonacco.Errorf(fibonacco.Conflict, "the queue has been started already")
	}
	if err := q.announce(ctx); err != nil {
		return fmt.Errorf("announce node %s: %w", q.node, err)
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	q.stop = stop
	if err := q.supervise(run); err != nil {
		stop()
		return err
	}
	q.started = true
	q.loops.Go(func() { q.heartbeat(run) })
	q.loops.Go(func() { q.keepBooks(run) })
	if q.postAlert != nil {
		q.loops.Go(func() { q.postAlerts(run) })
	}
	if !q.noTicks {
		q.loops.Go(func() { q.tick(run) })
	}
	return nil
}

// Stop lets running jobs finish until ctx ends, then cancels the rest, which go back to their
// queue. Jobs that wait stay for other nodes, or the next start.
func (q *Queue) Stop(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.started {
		return nil
	}
	q.started = false
	q.stop()
	q.loops.Wait()
	var wg sync.WaitGroup
	errs := make([]error, len(q.clients))
	for i, c := range q.clients {
		wg.Go(func() { errs[i] = c.stop(ctx) })
	}
	wg.Wait()
	q.clients = nil
	if err := q.store(context.WithoutCancel(ctx)); err != nil {
		q.log.Warn("what the last jobs came to is not stored", "error", err)
	}
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("stop queue: %w", err)
		}
	}
	return nil
}

// Depart forgets this run, once everything it had in hand is stored. A run that does not get
// here is buried by the next one.
func (q *Queue) Depart(ctx context.Context) error { return q.bury(ctx, q.NodeID()) }
