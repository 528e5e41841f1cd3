// Package access knows who may come in: users and what they are limited to, their sessions, tokens,
// second factors and passkeys, and single sign-on. It owns the tables users, user_communities,
// sessions, access_tokens, access_token_communities, sign_in_attempts, sign_in_steps, first_runs,
// password_links, totp_secrets, recovery_codes and passkeys. What a role may do is not decided here
// but in web's permission table; what a person may do to other people's accounts is (reach.go).
//
// Everything here runs on real time, whatever the product's clock says: a virtual quarter that
// passes in minutes must not sign anybody out.
package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Service implements fibonacco.AccessService. Safe for concurrent use.
type Service struct {
	db      *db.DB
	clock   fibonacco.Clock
	cfg     fibonacco.Config
	signer  *fibonacco.Signer  // nil: neither TOTP nor links to set a password
	rp      *webauthn.WebAuthn // nil: no passkeys
	sso     *provider          // nil: no single sign-on
	params  *argon2id.Params
	decoy   func() string // a hash that no password matches, as costly to check as a real one
	hashed  atomic.Int64  // how often that was done
	hashing chan struct{} // bounds the memory that passwords take at once
	tokens  tokenCache
}

var _ fibonacco.AccessService = (*Service)(nil)

// Option changes how New sets a Service up.
type Option func(*Service)

// WithParams sets what a password hash costs. Hashes made at another cost still work, and are
// made anew when their owner signs in.
func WithParams(p argon2id.Params) Option { return func(s *Service) { s.params = &p } }

// WithClock sets the clock of sessions, tokens and throttling. For tests.
func WithClock(c fibonacco.Clock) Option { return func(s *Service) { s.clock = c } }

// WithConfig says how the product is reached, what it is called, how long a session may idle, and
// who signs people in. Without it there are neither passkeys nor single sign-on.
func WithConfig(cfg fibonacco.Config) Option { return func(s *Service) { s.cfg = cfg } }

// WithSigner sets the keys that links are signed with and second factors are sealed with. Without
// it there are neither.
func WithSigner(signer *fibonacco.Signer) Option { return func(s *Service) { s.signer = signer } }

const (
	hashesAtOnce = 4
	// idleDefault is for a Service without a configuration.
	idleDefault = 72 * time.Hour
)

// New makes the service. A password hash costs 19 MiB of memory and two passes (OWASP's
// recommendation for argon2id) unless WithParams says otherwise.
func New(d *db.DB, options ...Option) *Service {
	s := &Service{
		db:      d,
		clock:   fibonacco.SystemClock{},
		params:  &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		hashing: make(chan struct{}, hashesAtOnce),
		tokens:  tokenCache{entries: map[string]cachedToken{}},
	}
	for _, o := range options {
		o(s)
	}
	if s.cfg.Access.SessionIdle <= 0 {
		s.cfg.Access.SessionIdle = idleDefault
	}
	s.rp = relyingParty(s.cfg.HTTP.PublicURL, s.productName())
	s.sso = newProvider(s.cfg, s.clock)
	s.decoy = decoyOf(s.params)
	go s.decoy() // ready before it is needed, so that the first unknown e-mail takes no longer either
	return s
}

// productName is how this product is called in other people's apps and dialogs.
func (s *Service) productName() string {
	if name := strings.TrimSpace(s.cfg.Company.Name); name != "" {
		return name
	}
	return "Fibonacco"
}

// inHashing runs f when not too many others hash a password, or returns ctx's error.
func (s *Service) inHashing(ctx context.Context, f func() error) error {
	select {
	case s.hashing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.hashing }()
	s.hashed.Add(1)
	return f()
}

// digest is what is stored of a secret. The secret is random and long: it needs no salt, and
// nothing slow.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// secretSize characters of base62 are 256 bits.
const secretSize = 43

// base62 is n random characters of 5.95 bits each.
func base62(n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	out := make([]byte, 0, n)
	raw := make([]byte, n)
	for len(out) < n {
		_, _ = rand.Read(raw) // never fails
		for _, b := range raw {
			// 248 is the largest multiple of 62 in a byte: above it, small digits would come up more often.
			if b < 248 && len(out) < n {
				out = append(out, digits[b%62])
			}
		}
	}
	return string(out)
}
