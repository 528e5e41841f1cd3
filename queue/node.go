package queue

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	beatEvery = 2 * time.Second
	deadAfter = 30 * time.Second // a node not seen for so long is taken to be dead
)

// OnDead registers what else to do when a node has died: settle what it had in hand. It is
// called with the NodeID of a run that is over: at Start for earlier runs of this node, later
// for other nodes that fell silent. It may be called again for the same run. Call before Start.
func (q *Queue) OnDead(settle func(ctx context.Context, node string) error) {
	q.dead = append(q.dead, settle)
}

// announce writes this run's row and buries earlier runs of the same node: they are over,
// however they ended, because this one holds the node's name.
func (q *Queue) announce(ctx context.Context) error {
	var before []string
	if err := q.db.Update(ctx, func(tx *db.Tx) error {
		err := q.enter(ctx, tx)
		if err != nil {
			return err
		}
		before, err = db.Select[string](ctx, tx, `SELECT id FROM nodes WHERE id LIKE $1 AND id <> $2`, q.node+"/%", q.NodeID())
		return err
	}); err != nil {
		return err
	}
	for _, id := range before {
		if err := q.bury(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// enter says that this run lives.
func (q *Queue) enter(ctx context.Context, tx *db.Tx) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO nodes (id, hostname, roles, started_at, seen_at) VALUES ($1, $2, $3, $4, $4)
		ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at`, q.NodeID(), host, "worker", fibonacco.SystemClock{}.Now())
	if err != nil {
		return err
	}
	return q.announceWorkers(ctx, tx)
}

// heartbeat says every two seconds that this node lives, and buries those that stopped saying so.
func (q *Queue) heartbeat(ctx context.Context) {
	for (fibonacco.SystemClock{}).Sleep(ctx, beatEvery) == nil {
		if err := q.beat(ctx); err != nil && ctx.Err() == nil {
			q.log.Warn("heartbeat failed", "error", err)
		}
	}
}

// How often, in real time, keepBooks does its parts.
const (
	booksEvery = 2 * time.Second
	pruneEvery = 10 * time.Minute
)

// keepBooks stores what jobs came to, tells of queues where they wait long, and forgets what is old.
func (q *Queue) keepBooks(ctx context.Context) {
	var pruned time.Time
	for (fibonacco.SystemClock{}).Sleep(ctx, booksEvery) == nil {
		errs := []error{q.store(ctx), q.lookForLongWaits(ctx)}
		if fibonacco.RealTime().Sub(pruned) >= pruneEvery {
			pruned = fibonacco.RealTime()
			errs = append(errs, q.prune(ctx))
		}
		if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
			q.log.Warn("the books of the queues are not kept", "error", err)
		}
	}
}

func (q *Queue) beat(ctx context.Context) error {
	var silent []string
	if err := q.db.Update(ctx, func(tx *db.Tx) error {
		// Anew, when others have buried this run while it was only held up: it has work in hand again.
		err := q.enter(ctx, tx)
		if err != nil {
			return err
		}
		silent, err = db.Select[string](ctx, tx, `SELECT id FROM nodes WHERE seen_at < $1`, fibonacco.SystemClock{}.Now().Add(-deadAfter))
		return err
	}); err != nil {
		return err
	}
	var errs []error
	for _, id := range silent {
		q.log.Warn("a node fell silent: taking over its work", "node", id)
		errs = append(errs, q.bury(ctx, id))
	}
	return errors.Join(errs...)
}

// bury hands the jobs of a dead run back to their queues, lets others settle what it had in
// hand, and forgets it. The row goes last, so that a failure is tried again.
func (q *Queue) bury(ctx context.Context, id string) error {
	for _, settle := range q.dead {
		if err := settle(ctx, id); err != nil {
			return fmt.Errorf("settle what node %s left: %w", id, err)
		}
	}
	return q.db.Update(ctx, func(tx *db.Tx) error {
		if err := handBack(ctx, tx, id); err != nil {
			return fmt.Errorf("hand back jobs of node %s: %w", id, err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM queue_workers WHERE node = $1`, id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM nodes WHERE id = $1`, id)
		return err
	})
}

func randomID() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
