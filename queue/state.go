package queue

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// River's tables are the engine's own: what asks them directly is in this file.

// handBack makes the running jobs of a dead run available again. A death does not count as a try.
func handBack(ctx context.Context, tx *db.Tx, node string) error {
	last := `attempted_by[array_length(attempted_by, 1)]`
	if tx.Engine() == db.SQLite {
		last = `json_extract(attempted_by, '$[#-1]')`
	}
	_, err := tx.Exec(ctx, `
		UPDATE river_job SET state = 'available', attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 END
		WHERE state = 'running' AND `+last+` LIKE $1`, node+"/%")
	return err
}

func ageOf(tx *db.Tx, column string) string {
	if tx.Engine() == db.SQLite {
		return `(julianday('now') - julianday(` + column + `)) * 86400.0`
	}
	return `CAST(EXTRACT(EPOCH FROM now() - ` + column + `) AS double precision)`
}

// waits is how long the oldest waiting job of each queue has waited; queues with none are absent.
func (q *Queue) waits(ctx context.Context, names []string) (map[string]time.Duration, error) {
	out := map[string]time.Duration{}
	err := q.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT queue, `+ageOf(tx, "MIN(scheduled_at)")+` FROM river_job
			WHERE state = 'available' AND queue IN ($1...) GROUP BY queue`, names)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name string
			var seconds float64
			if err := rows.Scan(&name, &seconds); err != nil {
				return err
			}
			out[name] = max(time.Duration(seconds*float64(time.Second)), time.Millisecond)
		}
		return rows.Err()
	})
	return out, err
}

// Busy is how many jobs of a queue wait or run, on all nodes.
func (q *Queue) Busy(ctx context.Context, tx *db.Tx, name string) (int, error) {
	return db.Count(ctx, tx, `
		SELECT COUNT(*) FROM river_job WHERE queue = $1 AND state IN ('available', 'running', 'retryable', 'scheduled', 'pending')`, name)
}

// Queues implements fibonacco.Queues: every queue this node knows or that holds a job.
func (q *Queue) Queues(ctx context.Context) ([]fibonacco.QueueState, error) {
	states := map[string]*fibonacco.QueueState{}
	at := func(name string) *fibonacco.QueueState {
		if states[name] == nil {
			states[name] = &fibonacco.QueueState{Name: name}
			if g := q.gauges[name]; g != nil {
				states[name].Done, states[name].Workers = g.done.Load(), int(g.workers.Load())
			}
		}
		return states[name]
	}
	for name := range q.gauges {
		at(name)
	}
	err := q.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT queue, CAST(state AS text), COUNT(*), `+ageOf(tx, "MIN(scheduled_at)")+` FROM river_job
			WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'discarded', 'cancelled') GROUP BY queue, state`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var name, state string
			var n int
			var seconds float64
			if err := rows.Scan(&name, &state, &n, &seconds); err != nil {
				return err
			}
			s := at(name)
			switch state {
			case "available":
				s.Waiting, s.Wait = n, max(time.Duration(seconds*float64(time.Second)), 0)
			case "running":
				s.Running = n
			case "retryable":
				s.Retryable = n
			case "scheduled":
				s.Scheduled = n
			default:
				s.Failed += n
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		paused, err := db.Select[string](ctx, tx, `SELECT name FROM river_queue WHERE paused_at IS NOT NULL`)
		for _, name := range paused {
			at(name).Paused = true
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []fibonacco.QueueState
	for _, s := range states {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b fibonacco.QueueState) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}
