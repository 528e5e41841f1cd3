package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// logBalance notes why the workers of queues on this node changed. It is never worth stopping for.
func (q *Queue) logBalance(ctx context.Context, changes ...fibonacco.BalanceChange) {
	err := q.db.Update(ctx, func(tx *db.Tx) error {
		rows := db.NewBatch("supervisor text", "queue text", "was integer", "became integer", "reason text", "waiting integer", "wait_ms bigint")
		for _, c := range changes {
			rows.Add(c.Supervisor, c.Queue, c.Before, c.After, string(c.Reason), c.Waiting, c.WaitMS)
		}
		if _, err := tx.ExecBatch(ctx, rows, `
			INSERT INTO balance_changes (at, node, supervisor, queue, workers_before, workers_after, reason, waiting, wait_ms)
			SELECT $1, $2, supervisor, queue, was, became, reason, waiting, wait_ms FROM rows`, fibonacco.RealTime(), q.NodeID()); err != nil {
			return err
		}
		return q.announceWorkers(ctx, tx)
	})
	if err != nil && ctx.Err() == nil {
		q.log.Warn("the balance log is not kept", "error", err)
		return
	}
	q.tell()
}

// waiting is how many jobs of a queue wait; 0 when it cannot be seen.
func (q *Queue) waiting(ctx context.Context, name string) (n int) {
	if err := q.db.View(ctx, func(tx *db.Tx) (err error) {
		n, err = countWaiting(ctx, tx, name)
		return err
	}); err != nil && ctx.Err() == nil {
		q.log.Warn("cannot count waiting jobs", "queue", name, "error", err)
	}
	return n
}

func countWaiting(ctx context.Context, tx *db.Tx, name string) (int, error) {
	return db.Count(ctx, tx, `SELECT count(*) FROM river_job WHERE state = 'available' AND queue = $1`, name)
}

// tell says to open pages that something about the queues is different.
func (q *Queue) tell() {
	if q.notify != nil {
		q.notify("queues")
	}
}

// workersOf is how many workers a queue of this node has now, at least and at most.
func (q *Queue) workersOf(s Supervisor, name string) (now, least, most int) {
	share, base := s.share(), 0
	for _, n := range share {
		base += n
	}
	now, least = int(q.gauges[name].workers.Load()), share[name]
	if s.Balance == "none" {
		return now, least, least
	}
	return now, least, least + max(s.MaxProcesses-base, 0)
}

// announceWorkers stores how many workers this node has; nothing is written when nothing changed.
func (q *Queue) announceWorkers(ctx context.Context, tx *db.Tx) error {
	rows := db.NewBatch("queue text", "supervisor text", "balance text", "now integer", "least integer", "most integer")
	for _, s := range q.supervisors {
		for _, name := range s.Queues {
			now, least, most := q.workersOf(s, name)
			rows.Add(name, s.Name, s.Balance, now, least, most)
		}
	}
	if _, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO queue_workers (node, queue, supervisor, balance, workers, min_workers, max_workers)
		SELECT $1, queue, supervisor, balance, now, least, most FROM rows WHERE 1 = 1
		ON CONFLICT (node, queue) DO UPDATE SET supervisor = excluded.supervisor, balance = excluded.balance,
			workers = excluded.workers, min_workers = excluded.min_workers, max_workers = excluded.max_workers
		WHERE queue_workers.workers <> excluded.workers OR queue_workers.max_workers <> excluded.max_workers
			OR queue_workers.min_workers <> excluded.min_workers OR queue_workers.supervisor <> excluded.supervisor
			OR queue_workers.balance <> excluded.balance`, q.NodeID()); err != nil {
		return fmt.Errorf("store the workers of node %s: %w", q.node, err)
	}
	return nil
}

var balanceTable = query.Table{Listing: fibonacco.BalanceListing, From: "balance_changes", Key: "balance_changes.id"}

const balanceColumns = `balance_changes.id, balance_changes.at, balance_changes.node, balance_changes.supervisor, balance_changes.queue,
	balance_changes.workers_before, balance_changes.workers_after, balance_changes.reason, balance_changes.waiting, balance_changes.wait_ms`

// ListBalance implements fibonacco.QueueControl.
func (q *Queue) ListBalance(ctx context.Context, asked fibonacco.ListQuery) (page fibonacco.Page[fibonacco.BalanceChange], err error) {
	err = q.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, balanceTable, asked, balanceColumns, func(row db.Row) (c fibonacco.BalanceChange, err error) {
			err = row.Scan(&c.ID, db.Time(&c.At), &c.Node, &c.Supervisor, &c.Queue, &c.Before, &c.After, &c.Reason, &c.Waiting, &c.WaitMS)
			return c, err
		}, nil, nil)
		return err
	})
	return page, err
}

// changeOf is a line of the balance log about one queue of a supervisor.
func changeOf(s Supervisor, name string, before, after int, reason fibonacco.BalanceReason, wait time.Duration) fibonacco.BalanceChange {
	return fibonacco.BalanceChange{Supervisor: s.Name, Queue: name, Before: before, After: after, Reason: reason, WaitMS: wait.Milliseconds()}
}
