package queue

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/riverqueue/river/rivertype"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

const reasonMost = 500

// PauseQueue implements fibonacco.QueueControl.
func (q *Queue) PauseQueue(ctx context.Context, name, reason, by string) error {
	reason, err := mayPause(ctx, reason)
	if err != nil {
		return err
	}
	return q.hold(ctx, name, func(tx *db.Tx) error { return q.pauseOne(ctx, tx, name, reason, by) })
}

// ResumeQueue implements fibonacco.QueueControl.
func (q *Queue) ResumeQueue(ctx context.Context, name, by string) error {
	if err := mayDecide(ctx); err != nil {
		return err
	}
	return q.hold(ctx, name, func(tx *db.Tx) error { return q.resumeOne(ctx, tx, name, by) })
}

// PauseAllQueues implements fibonacco.QueueControl.
func (q *Queue) PauseAllQueues(ctx context.Context, reason, by string) ([]string, error) {
	reason, err := mayPause(ctx, reason)
	if err != nil {
		return nil, err
	}
	return q.holdAll(ctx, `paused_at IS NULL`, func(tx *db.Tx, name string) error { return q.pauseOne(ctx, tx, name, reason, by) })
}

// ResumeAllQueues implements fibonacco.QueueControl.
func (q *Queue) ResumeAllQueues(ctx context.Context, by string) ([]string, error) {
	if err := mayDecide(ctx); err != nil {
		return nil, err
	}
	return q.holdAll(ctx, `paused_at IS NOT NULL`, func(tx *db.Tx, name string) error { return q.resumeOne(ctx, tx, name, by) })
}

// mayPause is the reason as it is stored.
func mayPause(ctx context.Context, reason string) (string, error) {
	if err := mayDecide(ctx); err != nil {
		return "", err
	}
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > reasonMost || !utf8.ValidString(reason) || strings.ContainsRune(reason, 0) {
		return "", fibonacco.InvalidFields("the queue cannot be paused", []fibonacco.FieldError{{Field: "reason", Reason: fmt.Sprintf("must say why, in at most %d characters", reasonMost)}})
	}
	return reason, nil
}

func (q *Queue) pauseOne(ctx context.Context, tx *db.Tx, name, reason, by string) error {
	if err := q.insert.pause(ctx, tx, name); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO queue_pauses (queue, reason, paused_by, since) VALUES ($1, $2, $3, $4)
		ON CONFLICT (queue) DO UPDATE SET reason = excluded.reason, paused_by = excluded.paused_by`, name, reason, by, fibonacco.RealTime()); err != nil {
		return err
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "queue.paused", Entity: "queue", EntityID: name, After: map[string]any{"reason": reason, "by": by}})
}

func (q *Queue) resumeOne(ctx context.Context, tx *db.Tx, name, by string) error {
	held, err := db.Count(ctx, tx, `SELECT count(*) FROM river_queue WHERE name = $1 AND paused_at IS NOT NULL`, name)
	if err != nil {
		return err
	}
	if err := q.insert.resume(ctx, tx, name); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM queue_pauses WHERE queue = $1`, name); err != nil || held == 0 {
		return err
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "queue.resumed", Entity: "queue", EntityID: name, After: map[string]any{"by": by}})
}

// holdAll changes each queue that stands in a way, in one transaction.
func (q *Queue) holdAll(ctx context.Context, standing string, change func(tx *db.Tx, name string) error) (names []string, err error) {
	err = q.db.Update(ctx, func(tx *db.Tx) (err error) {
		if names, err = db.Select[string](ctx, tx, `SELECT name FROM river_queue WHERE `+standing+` ORDER BY name`); err != nil {
			return err
		}
		for _, name := range names { // a handful
			if err := change(tx, name); err != nil {
				return fmt.Errorf("queue %s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("hold or release all queues: %w", err)
	}
	if len(names) > 0 {
		q.tell()
	}
	return names, nil
}

// hold runs a change of one queue, and says in words when there is no such queue.
func (q *Queue) hold(ctx context.Context, name string, change func(tx *db.Tx) error) error {
	err := q.db.Update(ctx, change)
	if errors.Is(err, rivertype.ErrNotFound) {
		return fibonacco.Errorf(fibonacco.NotFound, "no node has ever worked on a queue of this name")
	}
	if err != nil {
		return fmt.Errorf("hold or release queue %s: %w", name, err)
	}
	q.tell()
	return nil
}

// mayDecide refuses whoever sees some communities only: jobs are of all.
func mayDecide(ctx context.Context) error {
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "jobs belong to no community, and you are limited to some")
	}
	return nil
}
