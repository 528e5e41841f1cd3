package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// change lets do alter a user within reach, who is locked together with all administrators, so that
// of two who take each other's rank at once one is told no.
func (s *Service) change(ctx context.Context, id int64, do func(tx *db.Tx, u *fibonacco.User) error) (changed *fibonacco.User, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := db.Select[int64](ctx, tx, `SELECT id FROM users WHERE id = $1 OR role = 'admin' ORDER BY id FOR UPDATE`, id); err != nil {
			return fmt.Errorf("lock user %d: %w", id, err)
		}
		u, err := reachUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := do(tx, u); err != nil {
			return err
		}
		tx.AfterCommit(func() { s.tokens.forgetUser(id) })
		changed, err = findUser(ctx, tx, id, "")
		return err
	})
	return changed, userError(err)
}

// UpdateUser implements fibonacco.UserService.
func (s *Service) UpdateUser(ctx context.Context, id int64, c fibonacco.UserChange) (*fibonacco.User, error) {
	return s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		before, next := userFields(u), *u
		if c.Name != nil {
			next.Name = strings.TrimSpace(*c.Name)
		}
		if c.Role != nil {
			next.Role = *c.Role
		}
		if c.Communities != nil {
			next.Communities = sortedSet(*c.Communities)
		}
		bad := append(validateName(next.Name), validateReach(ctx, next.Role, next.Communities)...)
		if err := fibonacco.InvalidFields("the user cannot be saved", bad); err != nil {
			return err
		}
		was, is := audit.Changed(before, userFields(&next))
		if len(is) == 0 {
			return nil
		}
		if runsAll(u) && !runsAll(&next) {
			if err := anotherRuns(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET name = $1, role = $2, updated_at = $3 WHERE id = $4`,
			next.Name, string(next.Role), s.clock.Now(), id); err != nil {
			return fmt.Errorf("update user %d: %w", id, err)
		}
		if err := setCommunities(ctx, tx, userLimits, id, next.Communities); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.updated", u, was, is))
	})
}

// DisableUser implements fibonacco.UserService.
func (s *Service) DisableUser(ctx context.Context, id int64) (*fibonacco.User, error) {
	return s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		if u.Disabled {
			return nil
		}
		if p := fibonacco.PrincipalOf(ctx); p != nil && p.UserID == id {
			return fibonacco.Errorf(fibonacco.Conflict, "nobody can disable their own account: ask another administrator")
		}
		if runsAll(u) {
			if err := anotherRuns(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET disabled_at = $1, updated_at = $1 WHERE id = $2`, s.clock.Now(), id); err != nil {
			return fmt.Errorf("disable user %d: %w", id, err)
		}
		if _, err := endEntrances(ctx, tx, id, 0); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.disabled", u, map[string]any{"disabled": false}, map[string]any{"disabled": true}))
	})
}

// EnableUser implements fibonacco.UserService.
func (s *Service) EnableUser(ctx context.Context, id int64) (*fibonacco.User, error) {
	return s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		if !u.Disabled {
			return nil
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET disabled_at = NULL, updated_at = $1 WHERE id = $2`, s.clock.Now(), id); err != nil {
			return fmt.Errorf("enable user %d: %w", id, err)
		}
		return audit.Record(ctx, tx, userEntry("user.enabled", u, map[string]any{"disabled": true}, map[string]any{"disabled": false}))
	})
}

// runsAll is somebody who may do everything, everywhere, and can come in.
func runsAll(u *fibonacco.User) bool {
	return u.Role == fibonacco.Admin && len(u.Communities) == 0 && !u.Disabled && !u.Invited
}

// anotherRuns returns Conflict when nobody but this user runs all.
func anotherRuns(ctx context.Context, tx *db.Tx, id int64) error {
	n, err := db.Count(ctx, tx, `
		SELECT COUNT(*) FROM users WHERE role = 'admin' AND id <> $1 AND disabled_at IS NULL
			AND (password_hash <> '' OR last_seen_at IS NOT NULL)
			AND NOT EXISTS (SELECT 1 FROM user_communities WHERE user_communities.user_id = users.id)`, id)
	if err != nil {
		return fmt.Errorf("count administrators: %w", err)
	}
	if n == 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "this is the last administrator of everything: make somebody else one first")
	}
	return nil
}

// endEntrances ends a user's sessions but one, what they have begun, and their links to set a
// password. It returns how many sessions there were.
func endEntrances(ctx context.Context, tx *db.Tx, userID, but int64) (sessions int, err error) {
	n, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, userID, but)
	if err != nil {
		return 0, fmt.Errorf("end sessions of user %d: %w", userID, err)
	}
	for _, table := range []string{"sign_in_steps", "password_links"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1`, userID); err != nil {
			return 0, fmt.Errorf("clear %s of user %d: %w", table, userID, err)
		}
	}
	return int(n), nil
}
