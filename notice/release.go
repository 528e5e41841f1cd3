package notice

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// releasedAtOnce bounds one transaction.
const releasedAtOnce = 500

// lost is how long a notice may be on its way, in real time, before nobody is thought to know of it any
// more.
const lost = 10 * time.Minute

// Release gives what is due its job, and settles what a death left on its way: it may have arrived,
// and is not mailed again.
func (s *Service) Release(ctx context.Context) error {
	for more := true; more; {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			ids, err := db.Select[int64](ctx, tx, `
				UPDATE notices SET released_at = $1, updated_at = $1 WHERE id IN (
					SELECT id FROM notices WHERE status = 'queued' AND released_at IS NULL AND due_at <= $1 ORDER BY due_at LIMIT $2)
				AND released_at IS NULL RETURNING id`, tx.Now, releasedAtOnce)
			if err != nil {
				return err
			}
			more = len(ids) == releasedAtOnce
			jobs := make([]queue.Job, len(ids))
			for i, id := range ids {
				jobs[i] = job{ID: id}
			}
			return s.queue.Enqueue(ctx, tx, jobs...)
		}); err != nil {
			return fmt.Errorf("release notices: %w", err)
		}
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE notices SET status = 'unknown', last_error = 'the process that mailed it ended', content = '{}', updated_at = $1
			WHERE status = 'sending' AND updated_at < $2`, tx.Now, tx.Now.Add(-fibonacco.Lasting(s.db.Clock(), lost)))
		return err
	})
}
