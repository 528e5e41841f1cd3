package queue

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// alertEvery is in which time one queue is told of once.
const alertEvery = time.Hour

// OnLongWait registers who tells people that jobs of a queue wait longer than its threshold. Of all
// nodes one calls it, once an hour for each queue, in the transaction that notes it: an error lets it be
// tried again within seconds. Call before Start.
func (q *Queue) OnLongWait(tell func(ctx context.Context, tx *db.Tx, w fibonacco.LongWait) error) {
	q.longWait = append(q.longWait, tell)
}

// lookForLongWaits tells of queues whose oldest job waits too long. A queue that a person holds is not
// told of: they know.
func (q *Queue) lookForLongWaits(ctx context.Context) error {
	if len(q.waitAlerts) == 0 {
		return nil
	}
	waits, err := q.waits(ctx, slices.Sorted(maps.Keys(q.waitAlerts)))
	if err != nil {
		return fmt.Errorf("see how long jobs wait: %w", err)
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(waits)) {
		if waits[name] > q.waitAlerts[name] {
			errs = append(errs, q.alert(ctx, name, waits[name]))
		}
	}
	return errors.Join(errs...)
}

func (q *Queue) alert(ctx context.Context, name string, wait time.Duration) error {
	told := false
	err := q.db.Update(ctx, func(tx *db.Tx) error {
		told = false
		held, err := db.Count(ctx, tx, `SELECT count(*) FROM river_queue WHERE name = $1 AND paused_at IS NOT NULL`, name)
		if err != nil || held > 0 {
			return err
		}
		w := fibonacco.LongWait{Queue: name, Wait: wait, Threshold: q.waitAlerts[name], At: fibonacco.RealTime().UTC()}
		if w.Waiting, err = countWaiting(ctx, tx, name); err != nil {
			return err
		}
		var post any
		if q.postAlert != nil {
			post = w.At
		}
		first, err := tx.Exec(ctx, `
			INSERT INTO queue_alerts (queue, at, waiting, wait_ms, threshold_ms, post_at, post_tries) VALUES ($1, $2, $3, $4, $5, $7, 0)
			ON CONFLICT (queue) DO UPDATE SET at = excluded.at, waiting = excluded.waiting, wait_ms = excluded.wait_ms, threshold_ms = excluded.threshold_ms,
				post_at = excluded.post_at, post_tries = 0
			WHERE queue_alerts.at <= $6`, name, w.At, w.Waiting, wait.Milliseconds(), w.Threshold.Milliseconds(), w.At.Add(-alertEvery), post)
		if err != nil || first == 0 {
			return err
		}
		for _, tell := range q.longWait {
			if err := tell(ctx, tx, w); err != nil {
				return err
			}
		}
		told = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("tell that jobs of %s wait long: %w", name, err)
	}
	if told {
		q.log.Warn("jobs wait long", "queue", name, "wait", wait.Round(time.Second), "threshold", q.waitAlerts[name])
		q.tell()
	}
	return nil
}
