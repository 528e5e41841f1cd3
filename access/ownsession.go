package access

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// freshFor is how young a session must be for what opens another way in: a browser that was left
// open must not.
const freshFor = time.Hour

// person is whoever asks, in person; Forbidden for tokens and for the product itself.
func (s *Service) person(ctx context.Context) (*fibonacco.Principal, error) {
	p := fibonacco.PrincipalOf(ctx)
	if p == nil || p.UserID == 0 || p.SessionID == 0 {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "this takes a person who has signed in")
	}
	return p, nil
}

// freshly returns Forbidden when it is too long since p has signed in.
func (s *Service) freshly(ctx context.Context, p *fibonacco.Principal) error {
	var since time.Time
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `SELECT created_at FROM sessions WHERE id = $1 AND user_id = $2`, p.SessionID, p.UserID).Scan(db.Time(&since))
	})
	switch {
	case db.IsNoRows(err):
		return noSession()
	case err != nil:
		return fmt.Errorf("find session %d: %w", p.SessionID, err)
	case s.clock.Now().Sub(since) >= freshFor:
		refused := fibonacco.Errorf(fibonacco.Forbidden, "sign in again first: this opens another way in, and takes a session that is younger than an hour")
		refused.Err = fibonacco.ErrSignInAgain
		return refused
	}
	return nil
}

// freshPerson is person and freshly.
func (s *Service) freshPerson(ctx context.Context) (*fibonacco.Principal, error) {
	me, err := s.person(ctx)
	if err != nil {
		return nil, err
	}
	return me, s.freshly(ctx, me)
}

// Account implements fibonacco.AccountService.
func (s *Service) Account(ctx context.Context) (u *fibonacco.User, err error) {
	me, err := s.person(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		u, err = findUser(ctx, tx, me.UserID, "")
		return err
	})
	return u, err
}

// ListSessions implements fibonacco.AccountService.
func (s *Service) ListSessions(ctx context.Context) (all []fibonacco.Session, err error) {
	me, err := s.person(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT id, method, ip, user_agent, last_seen_at, expires_at, created_at FROM sessions
			WHERE user_id = $1 AND expires_at > $2 AND last_seen_at > $3 ORDER BY id DESC`, me.UserID, now, now.Add(-s.cfg.Access.SessionIdle))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var one fibonacco.Session
			err := rows.Scan(&one.ID, &one.Method, &one.IP, &one.UserAgent, db.Time(&one.LastSeenAt), db.Time(&one.ExpiresAt), db.Time(&one.CreatedAt))
			if err != nil {
				return err
			}
			one.Current = one.ID == me.SessionID
			all = append(all, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list sessions of user %d: %w", me.UserID, err)
	}
	return all, nil
}

// EndSession implements fibonacco.AccountService.
func (s *Service) EndSession(ctx context.Context, id int64) error {
	me, err := s.person(ctx)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, id, me.UserID)
		if err != nil {
			return fmt.Errorf("end session %d: %w", id, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no such session")
		}
		return audit.Record(ctx, tx, sessionEntry("session.ended", id, &fibonacco.User{ID: me.UserID, Communities: me.Communities}, nil))
	})
}

// EndOtherSessions implements fibonacco.AccountService.
func (s *Service) EndOtherSessions(ctx context.Context) (int, error) {
	me, err := s.person(ctx)
	if err != nil {
		return 0, err
	}
	return s.endSessions(ctx, &fibonacco.User{ID: me.UserID, Communities: me.Communities}, me.SessionID)
}

// EndSessions implements fibonacco.UserService.
func (s *Service) EndSessions(ctx context.Context, id int64) (int, error) {
	u, err := s.FindUser(ctx, id)
	if err != nil {
		return 0, err
	}
	return s.endSessions(ctx, u, 0)
}

func (s *Service) endSessions(ctx context.Context, u *fibonacco.User, but int64) (ended int, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, u.ID, but)
		ended = int(n)
		if err != nil || n == 0 {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.sessions_ended", u, nil, map[string]any{"sessions": ended}))
	})
	if err != nil {
		return 0, fmt.Errorf("end sessions of user %d: %w", u.ID, err)
	}
	return ended, nil
}
