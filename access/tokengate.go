package access

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	// cacheLife is how long a token is remembered, and so how late a revocation, or what becomes of
	// its user, is noticed by another node.
	cacheLife = 5 * time.Second
	cacheMost = 10_000
)

// ByToken implements fibonacco.Gate. What it found is remembered for five seconds.
func (s *Service) ByToken(ctx context.Context, secret string) (*fibonacco.Principal, error) {
	if !tokenShaped(secret) {
		return nil, noToken()
	}
	hash, now := digest(secret), s.clock.Now()
	if p, ok := s.tokens.get(hash, now); ok {
		return p, nil
	}
	var t fibonacco.AccessToken
	var p *fibonacco.Principal
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if t, err = scanToken(tx.QueryRow(ctx, `SELECT `+tokenColumns+` FROM access_tokens WHERE token_hash = $1`, hash)); err != nil {
			return err
		}
		if t.Communities, err = communitiesOf(ctx, tx, tokenLimits, t.ID); err != nil {
			return err
		}
		var u *fibonacco.User
		if t.UserID != nil {
			if u, err = findUser(ctx, tx, *t.UserID, ""); err != nil {
				return err
			}
		}
		p, err = principalOf(&t, u)
		return err
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
	if t.LastUsedAt == nil || now.Sub(*t.LastUsedAt) >= seenInterval {
		s.noteUse(ctx, t.ID, now)
	}
	s.tokens.put(hash, p, now, t.ExpiresAt)
	return p, nil
}

// principalOf is what a token may: what it was given, as far as its user may as well at this moment.
func principalOf(t *fibonacco.AccessToken, u *fibonacco.User) (*fibonacco.Principal, error) {
	p := &fibonacco.Principal{TokenID: t.ID, Name: t.Name, Role: t.Role, Abilities: t.Abilities, Communities: t.Communities}
	if u == nil {
		return p, nil
	}
	if u.Disabled {
		return nil, noToken()
	}
	p.UserID, p.Role = u.ID, lesser(t.Role, u.Role)
	switch {
	case len(u.Communities) == 0:
	case len(t.Communities) == 0:
		p.Communities = u.Communities
	default:
		p.Communities = slices.DeleteFunc(slices.Clone(t.Communities), func(id int64) bool { return !slices.Contains(u.Communities, id) })
		if len(p.Communities) == 0 { // which would mean all of them
			return nil, noToken()
		}
	}
	return p, nil
}

// noteUse writes when and from where a token was used. Failing to is no reason to turn the caller away.
func (s *Service) noteUse(ctx context.Context, id int64, now time.Time) {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			UPDATE access_tokens SET last_used_at = $1, last_used_ip = $2 WHERE id = $3 AND (last_used_at IS NULL OR last_used_at <= $4)`,
			now, fibonacco.VisitOf(ctx).IP, id, now.Add(-seenInterval))
		return err
	})
	if err != nil && ctx.Err() == nil {
		slog.WarnContext(ctx, "the use of a token could not be noted", "token", id, "error", err)
	}
}

func noToken() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "the token is unknown, has expired, or is of somebody who cannot come in")
}

// tokenShaped keeps nonsense away from the database.
func tokenShaped(secret string) bool {
	rest, ok := strings.CutPrefix(secret, tokenPrefix)
	return ok && len(rest) == secretSize
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
	c.forgetWhere(func(p *fibonacco.Principal) bool { return p.TokenID == tokenID })
}

func (c *tokenCache) forgetUser(userID int64) {
	c.forgetWhere(func(p *fibonacco.Principal) bool { return p.UserID == userID })
}

func (c *tokenCache) forgetWhere(is func(*fibonacco.Principal) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hash, e := range c.entries {
		if is(&e.principal) {
			delete(c.entries, hash)
		}
	}
}
