package access

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// stepLife is how long somebody may take from one step of signing in to the next.
const stepLife = 5 * time.Minute

// begin keeps what the next step needs, and returns what names it: a secret of whoever is to take it.
func (s *Service) begin(ctx context.Context, tx *db.Tx, kind string, userID int64, data any) (string, error) {
	token, now := base62(secretSize), s.clock.Now()
	if _, err := tx.Exec(ctx, `DELETE FROM sign_in_steps WHERE expires_at <= $1`, now); err != nil {
		return "", fmt.Errorf("clear steps: %w", err)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO sign_in_steps (token_hash, kind, user_id, data, expires_at) VALUES ($1, $2, $3, $4, $5)`,
		digest(token), kind, db.Null(userID), db.JSON(data), now.Add(stepLife))
	if err != nil {
		return "", fmt.Errorf("store step %s: %w", kind, err)
	}
	return token, nil
}

// begun is whose a step is, without taking it.
func (s *Service) begun(ctx context.Context, kind, token string) (userID int64, err error) {
	if len(token) != secretSize {
		return 0, stepOver()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT user_id FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 AND expires_at > $3`,
			digest(token), kind, s.clock.Now()).Scan(&userID)
	})
	if db.IsNoRows(err) {
		return 0, stepOver()
	}
	if err != nil {
		return 0, fmt.Errorf("find step %s: %w", kind, err)
	}
	return userID, nil
}

// useUp takes a step that was begun; of two who take it, one gets Unauthorized.
func useUp(ctx context.Context, tx *db.Tx, kind, token string) error {
	n, err := tx.Exec(ctx, `DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2`, digest(token), kind)
	if err != nil {
		return fmt.Errorf("take step %s: %w", kind, err)
	}
	if n == 0 {
		return stepOver()
	}
	return nil
}

// take takes a step with what was kept for it, in a transaction of its own: whatever comes after,
// it is good once. user is whose it must be; 0 is nobody's.
func (s *Service) take(ctx context.Context, kind, token string, user int64, data any) error {
	if len(token) != secretSize {
		return stepOver()
	}
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		var text string
		err := tx.QueryRow(ctx, `
			DELETE FROM sign_in_steps WHERE token_hash = $1 AND kind = $2 AND COALESCE(user_id, 0) = $3 AND expires_at > $4
			RETURNING CAST(data AS text)`, digest(token), kind, user, s.clock.Now()).Scan(&text)
		if err != nil {
			return err
		}
		return json.Unmarshal([]byte(text), data)
	})
	if db.IsNoRows(err) {
		return stepOver()
	}
	if err != nil {
		return fmt.Errorf("take step %s: %w", kind, err)
	}
	return nil
}

func stepOver() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "this took too long, or has been done already: begin again")
}
