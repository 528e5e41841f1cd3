package access

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	failureWindow = 15 * time.Minute
	failuresMost  = 10
)

// Throttled is the cause of a TooMany error: web says it in Retry-After.
type Throttled struct{ wait time.Duration }

func (t Throttled) Error() string { return fmt.Sprintf("wait %s", t.wait.Round(time.Second)) }

// RetryAfter is how long until another attempt is heard.
func (t Throttled) RetryAfter() time.Duration { return t.wait }

// admitAttempt counts this attempt as a failure before the password is looked at, and refuses
// it when there were ten already. Counted first and in a transaction of its own, so that many
// attempts at once cannot slip through together; a success forgets it. Unknown addresses are
// counted like known ones.
func (s *Service) admitAttempt(ctx context.Context, key string) error {
	now := s.clock.Now()
	var id int64
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_failures WHERE email_key = $1 AND failed_at <= $2`, key, now.Add(-failureWindow)); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `INSERT INTO sign_in_failures (email_key, failed_at) VALUES ($1, $2) RETURNING id`, key, now).Scan(&id)
	})
	if err != nil {
		return fmt.Errorf("count sign-in attempt: %w", err)
	}
	var attempts int
	var oldest time.Time
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(ctx, `
			SELECT COUNT(*), MIN(failed_at) FROM sign_in_failures WHERE email_key = $1`, key).Scan(&attempts, db.Time(&oldest)); err != nil {
			return err
		}
		if attempts <= failuresMost {
			return nil
		}
		// A refused attempt does not make the wait longer.
		_, err := tx.Exec(ctx, `DELETE FROM sign_in_failures WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("count sign-in failures: %w", err)
	}
	if attempts <= failuresMost {
		return nil
	}
	refused := fibonacco.Errorf(fibonacco.TooMany, "too many failed attempts: try again in a few minutes")
	refused.Err = Throttled{max(oldest.Add(failureWindow).Sub(now), time.Second)}
	return refused
}
