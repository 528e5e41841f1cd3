package queue

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/robfig/cron/v3"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// tickEvery is how often, in real time, this node looks at the clock for periodic work.
const tickEvery = 100 * time.Millisecond

// periodic is one task that Every registered.
type periodic struct {
	name     string
	schedule cron.Schedule
	zone     *time.Location
	due      time.Time // what this node last saw in the database; zero when it has not looked
}

// periodicJob runs a periodic task once. At most one of a name waits or runs at a time.
type periodicJob struct {
	name string
	Due  time.Time `json:"due"`
}

func (j periodicJob) Kind() string { return "every." + j.name }

var onlyOne = river.UniqueOpts{ByQueue: true, ByState: []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
	rivertype.JobStateRetryable, rivertype.JobStateScheduled,
}}

// errStillRunning rolls the tick back: it is tried again until the last run is over.
var errStillRunning = errors.New("the last run is not over")

// Every runs a task by cron ("*/15 * * * *", "@every 1m") in an IANA zone, on the product's
// clock, once among all nodes. due is the moment that called for it. Ticks missed while nobody
// ran, or while the task itself took long, are made up for by one run, not by many. Panics on a
// bad spec or zone: both are constants of the program. Call before Start.
func (q *Queue) Every(name, spec, zone string, do func(ctx context.Context, due time.Time) error) {
	schedule, err := cron.ParseStandard(spec)
	if err != nil {
		panic(fmt.Sprintf("queue: periodic %s: %v", name, err))
	}
	loc, err := fibonacco.LoadZone(zone)
	if err != nil {
		panic(fmt.Sprintf("queue: periodic %s: %v", name, err))
	}
	q.periodics = append(q.periodics, &periodic{name: name, schedule: schedule, zone: loc})
	river.AddWorkerArgs(q.workers, periodicJob{name: name}, &worker[periodicJob]{q: q, do: func(ctx context.Context, j periodicJob) error {
		return do(ctx, j.Due)
	}})
}

// tick looks at the clock until ctx ends.
func (q *Queue) tick(ctx context.Context) {
	for {
		for _, p := range q.periodics {
			if err := q.runDue(ctx, p); err != nil && ctx.Err() == nil {
				q.log.Error("periodic task not started", "task", p.name, "error", err)
			}
		}
		if (fibonacco.SystemClock{}).Sleep(ctx, tickEvery) != nil {
			return
		}
	}
}

// runDue starts p when it is due. The row in periodic_runs is the lock: of several nodes one
// moves due_at on, and enqueues.
func (q *Queue) runDue(ctx context.Context, p *periodic) error {
	if !p.due.IsZero() && q.db.Clock().Now().Before(p.due) {
		return nil
	}
	var seen time.Time
	err := q.db.Update(ctx, func(tx *db.Tx) error {
		next := p.schedule.Next(tx.Now.In(p.zone)).UTC()
		var stored time.Time
		err := tx.QueryRow(ctx, `SELECT due_at FROM periodic_runs WHERE name = $1`, p.name).Scan(&stored)
		switch {
		case db.IsNoRows(err):
			// A new task runs as soon as it is known: what it looks after may be waiting already.
			n, err := tx.Exec(ctx, `
				INSERT INTO periodic_runs (name, due_at, updated_at) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO NOTHING`, p.name, next, tx.Now)
			if err != nil || n == 0 {
				return err
			}
			stored = tx.Now
		case err != nil:
			return err
		case tx.Now.Before(stored):
			seen = stored
			return nil
		default:
			n, err := tx.Exec(ctx, `
				UPDATE periodic_runs SET due_at = $1, updated_at = $2 WHERE name = $3 AND due_at = $4`, next, tx.Now, p.name, stored)
			if err != nil || n == 0 {
				return err
			}
		}
		seen = next
		job := periodicJob{name: p.name, Due: stored}
		opts := q.insertOpts(job)
		opts.UniqueOpts = onlyOne
		inserted, err := q.insert.insertUnique(ctx, tx, job, opts)
		if err == nil && !inserted {
			err = errStillRunning
		}
		return err
	})
	if errors.Is(err, errStillRunning) {
		return nil
	}
	if err == nil && !seen.IsZero() { // zero: another node was faster; look again at the next tick
		p.due = seen
	}
	return err
}
