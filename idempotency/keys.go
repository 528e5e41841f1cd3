// Package idempotency remembers the answers to requests that carried an Idempotency-Key, so that
// a client that never heard the answer can ask again and nothing happens twice. It owns the table
// idempotency_keys, whose primary key is the lock: of many tries, on any node, one claims a key.
//
// A try that dies leaves its claim behind; the claim lapses after fibonacco.IdempotencyLease and
// the key is free again. What that try had done by then stays done.
package idempotency

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Service implements fibonacco.Idempotency. Safe for concurrent use.
type Service struct {
	db     *db.DB
	signer *fibonacco.Signer
	clock  fibonacco.Clock
}

var _ fibonacco.Idempotency = (*Service)(nil)

// New makes a Service. clock is the machine's, because a retry has nothing to do with the time of
// the programme; a test passes its own. Answers are sealed with signer's secret.
func New(d *db.DB, signer *fibonacco.Signer, clock fibonacco.Clock) *Service {
	return &Service{db: d, signer: signer, clock: clock}
}

// sealedFor is the purpose that answers are sealed for.
const sealedFor = "idempotency"

// errRunning is what the second of two tries at the same time is told.
var errRunning = &fibonacco.Error{Code: fibonacco.Conflict, Message: "the first request with this Idempotency-Key is not over yet"}

// Claim implements fibonacco.Idempotency.
func (s *Service) Claim(ctx context.Context, r fibonacco.KeyedRequest) (try string, kept *fibonacco.KeptAnswer, err error) {
	try = newTry()
	now := s.clock.Now()
	var claimed bool
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		claimed, err = insertClaim(ctx, tx, r, try, now)
		if err != nil || claimed {
			return err
		}
		kept, err = s.findAnswer(ctx, tx, r)
		return err
	})
	if err != nil || !claimed {
		return "", kept, err
	}
	return try, nil, nil
}

// insertClaim takes a key that nobody used, or whose use is forgotten: its answer is too old, or
// its try has died without one.
func insertClaim(ctx context.Context, tx *db.Tx, r fibonacco.KeyedRequest, try string, now time.Time) (claimed bool, err error) {
	n, err := tx.Exec(ctx, `
		INSERT INTO idempotency_keys (owner, key, address, try, leased_until, created_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (owner, key) DO UPDATE
		SET address = excluded.address, try = excluded.try, leased_until = excluded.leased_until, answer = NULL, created_at = excluded.created_at
		WHERE idempotency_keys.leased_until <= $6 OR idempotency_keys.created_at <= $7 AND idempotency_keys.leased_until IS NULL`,
		r.Owner, r.Key, fingerprint(r.Address), try, now.Add(fibonacco.IdempotencyLease), now, now.Add(-fibonacco.IdempotencyKept))
	if err != nil {
		return false, fmt.Errorf("claim an idempotency key: %w", err)
	}
	return n == 1, nil
}

// findAnswer is the answer kept under a key that could not be claimed.
func (s *Service) findAnswer(ctx context.Context, tx *db.Tx, r fibonacco.KeyedRequest) (*fibonacco.KeptAnswer, error) {
	var address string
	var sealed []byte
	err := tx.QueryRow(ctx, `SELECT address, answer FROM idempotency_keys WHERE owner = $1 AND key = $2`, r.Owner, r.Key).Scan(&address, &sealed)
	switch {
	case db.IsNoRows(err):
		return nil, errRunning // freed this very moment: worth another try
	case err != nil:
		return nil, fmt.Errorf("find an idempotency key: %w", err)
	case address != fingerprint(r.Address):
		return nil, refused("was used for another request: take a new key for each")
	case sealed == nil:
		return nil, errRunning
	}
	text, ok := s.signer.Open(sealedFor, sealed)
	if !ok { // the secret key was replaced since: carrying it out again would be worse than saying so
		return nil, refused("was carried out, but its answer can no longer be read")
	}
	var kept fibonacco.KeptAnswer
	if err := json.Unmarshal(text, &kept); err != nil {
		return nil, fmt.Errorf("read a kept answer: %w", err)
	}
	return &kept, nil
}

// Extend implements fibonacco.Idempotency.
func (s *Service) Extend(ctx context.Context, r fibonacco.KeyedRequest, try string) (held bool, err error) {
	n, err := s.end(ctx, "extend the claim of", `
		UPDATE idempotency_keys SET leased_until = $4
		WHERE owner = $1 AND key = $2 AND try = $3 AND leased_until IS NOT NULL`, r, try, s.clock.Now().Add(fibonacco.IdempotencyLease))
	return n == 1, err
}

// Keep implements fibonacco.Idempotency.
func (s *Service) Keep(ctx context.Context, r fibonacco.KeyedRequest, try string, a fibonacco.KeptAnswer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write an answer down: %w", err)
	}
	_, err = s.end(ctx, "keep the answer of", `
		UPDATE idempotency_keys SET leased_until = NULL, answer = $4
		WHERE owner = $1 AND key = $2 AND try = $3 AND leased_until IS NOT NULL`, r, try, s.signer.Seal(sealedFor, text))
	return err
}

// Free implements fibonacco.Idempotency.
func (s *Service) Free(ctx context.Context, r fibonacco.KeyedRequest, try string) error {
	_, err := s.end(ctx, "free", `
		DELETE FROM idempotency_keys WHERE owner = $1 AND key = $2 AND try = $3 AND leased_until IS NOT NULL`, r, try)
	return err
}

func (s *Service) end(ctx context.Context, what, query string, r fibonacco.KeyedRequest, try string, more ...any) (n int64, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec(ctx, query, append([]any{r.Owner, r.Key, try}, more...)...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s an idempotency key: %w", what, err)
	}
	return n, nil
}

// Sweep forgets what need not be kept any longer. It has the form of a periodic task.
func (s *Service) Sweep(ctx context.Context, _ time.Time) error {
	now := s.clock.Now()
	for {
		var n int64
		err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
			// Some at a time, so that nobody waits long for the one writer of SQLite.
			n, err = tx.Exec(ctx, `
				DELETE FROM idempotency_keys WHERE (owner, key) IN (
					SELECT owner, key FROM idempotency_keys
					WHERE created_at <= $1 AND (leased_until IS NULL OR leased_until <= $2) LIMIT 1000)`,
				now.Add(-fibonacco.IdempotencyKept), now)
			return err
		})
		if err != nil {
			return fmt.Errorf("forget old idempotency keys: %w", err)
		}
		if n == 0 {
			return nil
		}
	}
}

func refused(reason string) error {
	return fibonacco.InvalidFields("the request cannot be carried out under this key",
		[]fibonacco.FieldError{{Field: "Idempotency-Key", Reason: reason}})
}

// fingerprint keeps ids, and whatever else a query holds, out of the table.
func fingerprint(address string) string {
	sum := sha256.Sum256([]byte(address))
	return hex.EncodeToString(sum[:])
}

func newTry() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
