package access

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	sessionLife = 30 * 24 * time.Hour
	// sessionSize characters of base62 are 256 bits.
	sessionSize = 43
)

type account struct {
	ID           int64
	Name         string
	Role         string
	PasswordHash string
}

// SignIn implements fibonacco.AccessService. A wrong password and an unknown e-mail take the
// same time and the same words.
func (s *Service) SignIn(ctx context.Context, email, password string) (string, *fibonacco.Principal, error) {
	key := emailKey(email)
	if !storable(key) || len(key) > 255 || len(password) > longestPassword {
		return "", nil, wrongCredentials()
	}
	if err := s.admitAttempt(ctx, key); err != nil {
		return "", nil, err
	}
	who, err := s.findAccount(ctx, key)
	if err != nil {
		return "", nil, err
	}
	hash := s.decoy()
	if who != nil {
		hash = who.PasswordHash
	}
	var match bool
	var cost *argon2id.Params
	err = s.inHashing(ctx, func() (err error) {
		match, cost, err = argon2id.CheckHash(password, hash)
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("check password: %w", err)
	}
	if who == nil || !match {
		return "", nil, wrongCredentials()
	}
	if err := s.rehash(ctx, who, password, cost); err != nil {
		return "", nil, err
	}
	session, err := s.openSession(ctx, key, who.ID)
	if err != nil {
		return "", nil, err
	}
	return session, &fibonacco.Principal{UserID: who.ID, Name: who.Name, Role: fibonacco.Role(who.Role)}, nil
}

func wrongCredentials() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "the e-mail address or the password is wrong")
}

func (s *Service) findAccount(ctx context.Context, key string) (*account, error) {
	var found *account
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := db.Get[account](ctx, tx, `SELECT id, name, role, password_hash FROM users WHERE email_key = $1`, key)
		if db.IsNoRows(err) {
			return nil
		}
		found = &a
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find user: %w", err)
	}
	return found, nil
}

// rehash stores the password at today's cost when its hash was made at another.
func (s *Service) rehash(ctx context.Context, who *account, password string, cost *argon2id.Params) error {
	if *cost == *s.params {
		return nil
	}
	var hash string
	err := s.inHashing(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, s.params)
		return err
	})
	if err != nil {
		return fmt.Errorf("hash password anew: %w", err)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		// Compare-and-set: a password changed in between must not come back.
		_, err := tx.Exec(ctx, `UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3 AND password_hash = $4`,
			hash, s.clock.Now(), who.ID, who.PasswordHash)
		return err
	})
	if err != nil {
		return fmt.Errorf("store hash of user %d: %w", who.ID, err)
	}
	return nil
}

// openSession forgets the failures of this e-mail and what has expired, and stores a new session.
func (s *Service) openSession(ctx context.Context, key string, userID int64) (string, error) {
	session, now := base62(sessionSize), s.clock.Now()
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM sign_in_failures WHERE email_key = $1 OR failed_at < $2`, key, now.Add(-failureWindow)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM sessions WHERE expires_at <= $1`, now); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO sessions (token_hash, user_id, expires_at, created_at) VALUES ($1, $2, $3, $4)`,
			digest(session), userID, now.Add(sessionLife), now)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("open session of user %d: %w", userID, err)
	}
	return session, nil
}

// SignOut implements fibonacco.AccessService.
func (s *Service) SignOut(ctx context.Context, session string) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM sessions WHERE token_hash = $1`, digest(session))
		return err
	})
	if err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// BySession implements fibonacco.AccessService.
func (s *Service) BySession(ctx context.Context, session string) (*fibonacco.Principal, error) {
	if len(session) != sessionSize {
		return nil, noSession()
	}
	var who account
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT users.id, users.name, users.role FROM sessions JOIN users ON users.id = sessions.user_id
			WHERE sessions.token_hash = $1 AND sessions.expires_at > $2`, digest(session), s.clock.Now()).Scan(&who.ID, &who.Name, &who.Role)
	})
	if db.IsNoRows(err) {
		return nil, noSession()
	}
	if err != nil {
		return nil, fmt.Errorf("find session: %w", err)
	}
	return &fibonacco.Principal{UserID: who.ID, Name: who.Name, Role: fibonacco.Role(who.Role)}, nil
}

func noSession() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "sign in first: there is no such session, or it has ended")
}
