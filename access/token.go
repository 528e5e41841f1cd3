package access

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	tokenPrefix = "fib_" // so that secret scanners and people know what they found
	tokenSize   = 43     // characters of base62 after the prefix: 256 bits

	cacheLife    = 5 * time.Second
	cacheMost    = 10_000
	usedInterval = time.Minute // last_used_at is not written more often
)

// CreateToken implements fibonacco.AccessService.
func (s *Service) CreateToken(ctx context.Context, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	now := s.clock.Now()
	t.Name = strings.TrimSpace(t.Name)
	var bad []fibonacco.FieldError
	switch {
	case t.Name == "":
		bad = append(bad, fibonacco.FieldError{Field: "name", Reason: "is required"})
	case utf8.RuneCountInString(t.Name) > 255 || !storable(t.Name):
		bad = append(bad, fibonacco.FieldError{Field: "name", Reason: "cannot be stored"})
	}
	if !t.Role.Valid() {
		bad = append(bad, fibonacco.FieldError{Field: "role", Reason: "must be one of " + roleNames()})
	}
	if t.ExpiresAt != nil && !t.ExpiresAt.After(now) {
		bad = append(bad, fibonacco.FieldError{Field: "expires_at", Reason: "has passed already"})
	}
	if err := fibonacco.InvalidFields("the token cannot be made", bad); err != nil {
		return "", nil, err
	}
	secret := tokenPrefix + base62(tokenSize)
	t.CreatedAt, t.LastUsedAt = now, nil
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			INSERT INTO access_tokens (name, token_hash, role, user_id, expires_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
			t.Name, digest(secret), string(t.Role), t.UserID, t.ExpiresAt, now).Scan(&t.ID)
	})
	if db.IsForeignKey(err) {
		return "", nil, fibonacco.InvalidFields("the token cannot be made", []fibonacco.FieldError{{Field: "user_id", Reason: "is not a known user"}})
	}
	if err != nil {
		return "", nil, fmt.Errorf("insert token: %w", err)
	}
	return secret, &t, nil
}

// ListTokens is every token, newest first, without the secrets, which nobody has.
func (s *Service) ListTokens(ctx context.Context) ([]fibonacco.AccessToken, error) {
	var all []fibonacco.AccessToken
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		all, err = db.Select[fibonacco.AccessToken](ctx, tx, `
			SELECT id, name, role, user_id, last_used_at, expires_at, created_at FROM access_tokens ORDER BY id DESC`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return all, nil
}

// RevokeToken ends a token. Nodes that have just seen it notice within five seconds. Returns
// NotFound when there is none of this id.
func (s *Service) RevokeToken(ctx context.Context, id int64) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM access_tokens WHERE id = $1`, id)
		if err == nil && n == 0 {
			err = fibonacco.Errorf(fibonacco.NotFound, "there is no token %d", id)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke token %d: %w", id, err)
	}
	s.tokens.forget(id)
	return nil
}

// ByToken implements fibonacco.AccessService. What it found is remembered for five seconds.
func (s *Service) ByToken(ctx context.Context, secret string) (*fibonacco.Principal, error) {
	if !tokenShaped(secret) {
		return nil, noToken()
	}
	hash, now := digest(secret), s.clock.Now()
	if p, ok := s.tokens.get(hash, now); ok {
		return p, nil
	}
	var t fibonacco.AccessToken
	var userID int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, `
			SELECT id, name, role, COALESCE(user_id, 0), last_used_at, expires_at FROM access_tokens WHERE token_hash = $1`, hash).
			Scan(&t.ID, &t.Name, &t.Role, &userID, &t.LastUsedAt, &t.ExpiresAt)
	})
	if db.IsNoRows(err) {
		return nil, noToken()
	}
	if err != nil {
		return nil, fmt.Errorf("find token: %w", err)
	}
	if t.ExpiresAt != nil && !t.ExpiresAt.After(now) {
		return nil, noToken()
	}
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) >= usedInterval {
		s.noteUse(ctx, t.ID, now)
	}
	p := &fibonacco.Principal{UserID: userID, TokenID: t.ID, Name: t.Name, Role: t.Role}
	s.tokens.put(hash, p, now, t.ExpiresAt)
	return p, nil
}

// noteUse writes last_used_at. Failing to is no reason to turn the caller away.
func (s *Service) noteUse(ctx context.Context, id int64, now time.Time) {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE access_tokens SET last_used_at = $1 WHERE id = $2 AND (last_used_at IS NULL OR last_used_at <= $3)`,
			now, id, now.Add(-usedInterval))
		return err
	})
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "the use of a token could not be noted", "token", id, "error", err)
	}
}

func noToken() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "the token is unknown or has expired")
}

// tokenShaped keeps nonsense away from the database.
func tokenShaped(secret string) bool {
	rest, ok := strings.CutPrefix(secret, tokenPrefix)
	return ok && len(rest) == tokenSize
}

// tokenCache remembers tokens that were found, never those that were not.
type tokenCache struct {
	mu      sync.Mutex
	entries map[string]cachedToken // by digest
}

type cachedToken struct {
	principal fibonacco.Principal
	until     time.Time
}

func (c *tokenCache) get(hash string, now time.Time) (*fibonacco.Principal, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[hash]
	if !ok || !now.Before(e.until) {
		return nil, false
	}
	return &e.principal, true
}

func (c *tokenCache) put(hash string, p *fibonacco.Principal, now time.Time, expires *time.Time) {
	until := now.Add(cacheLife)
	if expires != nil && expires.Before(until) {
		until = *expires
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.entries) >= cacheMost {
		clear(c.entries)
	}
	c.entries[hash] = cachedToken{*p, until}
}

func (c *tokenCache) forget(tokenID int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hash, e := range c.entries {
		if e.principal.TokenID == tokenID {
			delete(c.entries, hash)
		}
	}
}
