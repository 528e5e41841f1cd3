package queue

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// postEvery is how often, in real time, each node looks for an alert that is to be posted.
const postEvery = 2 * time.Second

// postPauses are between the tries of one alert. The first is longer than a try may last, so that two
// nodes do not try at once, and all of them together end before the queue's next alert.
var postPauses = []time.Duration{15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute}

// PostLongWaits says how a program is told of the alerts of OnLongWait, outside of any transaction. It
// waits in no queue: the nodes do it themselves. An alert that is not taken, or whose node ends
// meanwhile, is posted again, five times at most and within an hour. post must end within ten seconds.
// Call before Start.
func (q *Queue) PostLongWaits(post func(ctx context.Context, w fibonacco.LongWait) error) {
	q.postAlert = post
}

// postAlerts posts what is due until ctx ends.
func (q *Queue) postAlerts(ctx context.Context) {
	for (fibonacco.SystemClock{}).Sleep(ctx, postEvery) == nil {
		if err := q.postDue(ctx); err != nil && ctx.Err() == nil {
			q.log.Warn("alerts are not posted", "error", err)
		}
	}
}

// postDue posts every alert that is due.
func (q *Queue) postDue(ctx context.Context) error {
	for {
		w, try, err := q.claimAlert(ctx)
		if err != nil || w == nil {
			return err
		}
		if err := q.postAlert(ctx, *w); err != nil {
			if ctx.Err() == nil {
				q.log.Warn("a program was not told that jobs wait long", "queue", w.Queue, "try", try, "of", len(postPauses)+1, "error", err)
			}
			continue // the next try is noted
		}
		// That it was taken is stored even when this process is told to stop meanwhile.
		stored := context.WithoutCancel(ctx)
		if err := q.db.Update(stored, func(tx *db.Tx) error {
			_, err := tx.Exec(stored, `UPDATE queue_alerts SET post_at = NULL WHERE queue = $1 AND at = $2`, w.Queue, w.At)
			return err
		}); err != nil {
			return fmt.Errorf("note that the alert of %s was taken: %w", w.Queue, err)
		}
	}
}

// claimAlert is an alert that is ours to post now, and which try it is; nil when none is due, or others were
// faster. The next try is noted before this one is made: a process that ends meanwhile leaves it to
// whoever looks then. What is older than the time between two alerts is history: a queue in which jobs
// still wait has a new one.
func (q *Queue) claimAlert(ctx context.Context) (w *fibonacco.LongWait, try int, err error) {
	type due struct {
		Queue       string
		At          time.Time
		Waiting     int
		WaitMS      int64 `db:"wait_ms"`
		ThresholdMS int64 `db:"threshold_ms"`
		PostAt      time.Time
		PostTries   int
	}
	now := fibonacco.RealTime()
	var found []due
	if err := q.db.View(ctx, func(tx *db.Tx) (err error) { // first, because most looks find nothing
		found, err = db.Select[due](ctx, tx, `
			SELECT queue, at, waiting, wait_ms, threshold_ms, post_at, post_tries FROM queue_alerts
			WHERE post_at <= $1 AND at > $2 ORDER BY post_at LIMIT 1`, now, now.Add(-alertEvery))
		return err
	}); err != nil {
		return nil, 0, fmt.Errorf("look for alerts to post: %w", err)
	}
	if len(found) == 0 {
		return nil, 0, nil
	}
	a := found[0]
	var next any
	if a.PostTries < len(postPauses) {
		next = now.Add(postPauses[a.PostTries])
	}
	var n int64
	if err := q.db.Update(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `
			UPDATE queue_alerts SET post_at = $1, post_tries = post_tries + 1 WHERE queue = $2 AND at = $3 AND post_at = $4`, next, a.Queue, a.At, a.PostAt)
		return err
	}); err != nil {
		return nil, 0, fmt.Errorf("claim the alert of %s: %w", a.Queue, err)
	}
	if n == 0 {
		return nil, 0, nil
	}
	return &fibonacco.LongWait{
		Queue: a.Queue, Waiting: a.Waiting, At: a.At,
		Wait: time.Duration(a.WaitMS) * time.Millisecond, Threshold: time.Duration(a.ThresholdMS) * time.Millisecond,
	}, a.PostTries + 1, nil
}
