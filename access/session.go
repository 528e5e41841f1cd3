package access

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

const (
	// sessionLife is how long a session lasts at most, however busy it is.
	sessionLife = 30 * 24 * time.Hour
	// seenInterval is how seldom last_seen_at and last_used_at are written.
	seenInterval = time.Minute
)

// openSession forgets what has expired and opens a session, always a new one: what a browser held
// before it signed in, somebody else may have put there.
func (s *Service) openSession(ctx context.Context, tx *db.Tx, userID int64, method string) (*fibonacco.SignedIn, error) {
	secret, now, visit := base62(secretSize), s.clock.Now(), fibonacco.VisitOf(ctx)
	u, err := findUser(ctx, tx, userID, "")
	if err != nil {
		return nil, err
	}
	if u.Disabled { // a moment ago
		return nil, noSession()
	}
	if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now); err != nil {
		return nil, fmt.Errorf("clear sessions: %w", err)
	}
	var id int64
	err = tx.QueryRow(ctx, `
		INSERT INTO sessions (token_hash, user_id, method, ip, user_agent, last_seen_at, expires_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $6) RETURNING id`,
		digest(secret), userID, method, visit.IP, agent(visit.UserAgent), now, now.Add(sessionLife)).Scan(&id)
	if err != nil {
		return nil, fmt.Errorf("store session: %w", err)
	}
	if _, err := tx.Exec(ctx, `UPDATE users SET last_seen_at = $1 WHERE id = $2`, now, userID); err != nil {
		return nil, fmt.Errorf("note user %d: %w", userID, err)
	}
	ctx = inNameOf(ctx, u)
	if err := audit.Record(ctx, tx, sessionEntry("session.opened", id, u, map[string]any{"method": method})); err != nil {
		return nil, err
	}
	p := fibonacco.PrincipalOf(ctx)
	p.SessionID = id
	return &fibonacco.SignedIn{Session: secret, Principal: p}, nil
}

// agent is what a browser calls itself, as far as it can be stored.
func agent(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "")
	if runes := []rune(text); len(runes) > 255 {
		text = string(runes[:255])
	}
	return text
}

func sessionEntry(action string, id int64, u *fibonacco.User, after map[string]any) fibonacco.AuditEntry {
	e := userEntry(action, u, nil, after)
	e.Entity, e.EntityID = "session", strconv.FormatInt(id, 10)
	return e
}

// SignOut implements fibonacco.SignInService.
func (s *Service) SignOut(ctx context.Context, session string) error {
	if len(session) != secretSize {
		return nil
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		var id, userID int64
		err := tx.QueryRow(ctx, `DELETE FROM sessions WHERE token_hash = $1 RETURNING id, user_id`, digest(session)).Scan(&id, &userID)
		if db.IsNoRows(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("end session: %w", err)
		}
		u, err := findUser(ctx, tx, userID, "")
		if err != nil {
			return err
		}
		return audit.Record(inNameOf(ctx, u), tx, sessionEntry("session.ended", id, u, nil))
	})
}

// BySession implements fibonacco.Gate.
func (s *Service) BySession(ctx context.Context, session string) (*fibonacco.Principal, error) {
	if len(session) != secretSize {
		return nil, noSession()
	}
	now := s.clock.Now()
	var p fibonacco.Principal
	var seen time.Time
	err := s.db.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT sessions.id, sessions.last_seen_at, users.id, users.name, users.role FROM sessions JOIN users ON users.id = sessions.user_id
			WHERE sessions.token_hash = $1 AND sessions.expires_at > $2 AND sessions.last_seen_at > $3 AND users.disabled_at IS NULL`,
			digest(session), now, now.Add(-s.cfg.Access.SessionIdle)).Scan(&p.SessionID, db.Time(&seen), &p.UserID, &p.Name, &p.Role)
		if err != nil {
			return err
		}
		p.Communities, err = communitiesOf(ctx, tx, userLimits, p.UserID)
		return err
	})
	if db.IsNoRows(err) {
		return nil, noSession()
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	if now.Sub(seen) >= seenInterval {
		s.noteSession(ctx, &p, now)
	}
	return &p, nil
}

// noteSession writes that a session is in use. Failing to is no reason to turn its owner away.
func (s *Service) noteSession(ctx context.Context, p *fibonacco.Principal, now time.Time) {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1`, now, p.SessionID); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE users SET last_seen_at = $1 WHERE id = $2 AND (last_seen_at IS NULL OR last_seen_at < $1)`, now, p.UserID)
		return err
	})
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "the use of a session could not be noted", "session", p.SessionID, "error", err)
	}
}

func noSession() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "sign in first: there is no such session, or it has ended")
}
