package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

var _ fibonacco.SetupService = (*Service)(nil)

// firstRun is the one row about how an installation gets its first user.
type firstRun struct {
	Nonce    string
	Finished bool
	Users    bool // somebody is there
}

// findFirstRun is that row; nil where there never was one, because there were users before it.
func (s *Service) findFirstRun(ctx context.Context) (*firstRun, error) {
	var found *firstRun
	err := s.db.View(ctx, func(tx *db.Tx) error {
		f, err := db.Get[firstRun](ctx, tx, `
			SELECT nonce, finished_at IS NOT NULL AS finished, EXISTS (SELECT 1 FROM users) AS users FROM first_runs WHERE id = 1`)
		if db.IsNoRows(err) {
			return nil
		}
		found = &f
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find the first run: %w", err)
	}
	return found, nil
}

// BeginSetup makes sure that an installation without users has a setup code, and returns it; "" when
// there is somebody who can sign in. For who starts the server, and the command line.
func (s *Service) BeginSetup(ctx context.Context) (code string, err error) {
	if err := s.canSign(); err != nil {
		return "", err
	}
	raw := make([]byte, 24)
	_, _ = rand.Read(raw) // never fails
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `
			INSERT INTO first_runs (id, nonce, created_at) SELECT 1, $1, $2 WHERE NOT EXISTS (SELECT 1 FROM users)
			ON CONFLICT (id) DO NOTHING`, hex.EncodeToString(raw), s.clock.Now())
		return err
	})
	if err != nil {
		return "", fmt.Errorf("begin the setup: %w", err)
	}
	f, err := s.findFirstRun(ctx)
	if err != nil || f == nil || f.Users {
		return "", err
	}
	return s.setupCode(f.Nonce), nil
}

// SetupState implements fibonacco.SetupService.
func (s *Service) SetupState(ctx context.Context) (fibonacco.SetupState, error) {
	f, err := s.findFirstRun(ctx)
	if err != nil || f == nil {
		return fibonacco.SetupState{Done: err == nil}, err
	}
	return fibonacco.SetupState{NeedsUser: !f.Users, Done: f.Finished && f.Users}, nil
}

// setupDigits are those of Crockford's base 32, in which no two look alike.
const setupDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// setupCode is 80 bits that whoever has both the database and the secret key can work out, and nobody
// else: nothing is stored that would let somebody in.
func (s *Service) setupCode(nonce string) string {
	token, err := base64.RawURLEncoding.DecodeString(s.signer.Sign(fibonacco.SetupToken, []byte(nonce)))
	if err != nil {
		panic(err) // tokens are base64 by their making
	}
	sum := sha256.Sum256(token)
	var code strings.Builder
	for i, b := range sum[:16] {
		if i > 0 && i%4 == 0 {
			code.WriteByte('-')
		}
		code.WriteByte(setupDigits[b%32])
	}
	return code.String()
}

// sameCode compares in the same time wherever the codes differ, and takes what people make of one:
// small letters, no dashes, O for 0, I or L for 1.
func sameCode(typed, code string) bool {
	plain := strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1")
	a, b := plain.Replace(strings.ToUpper(typed)), plain.Replace(code)
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}

// setupMeters bear few from one client, and bound all clients together.
func setupMeters(ctx context.Context) []meter {
	return []meter{{digest("setup"), 300}, ipMeter(ctx, "setup", 10)}
}

// CreateFirstUser implements fibonacco.SetupService.
func (s *Service) CreateFirstUser(ctx context.Context, code string, u fibonacco.User, password string) (in *fibonacco.SignedIn, err error) {
	if err := s.canSign(); err != nil {
		return nil, err
	}
	f, err := s.findFirstRun(ctx)
	if err != nil {
		return nil, err
	}
	if f == nil || f.Users {
		return nil, begunAlready()
	}
	attempt, err := s.admit(ctx, setupMeters(ctx)...)
	if err != nil {
		return nil, err
	}
	if !sameCode(code, s.setupCode(f.Nonce)) {
		wrong := []fibonacco.FieldError{{Field: "code", Reason: "is not the one that the server printed when it started"}}
		return nil, s.refuse(ctx, nil, "setup_code", fibonacco.InvalidFields("the user cannot be saved", wrong))
	}
	u.Role, u.Communities = fibonacco.Admin, nil
	u = normalUser(u)
	bad := fibonacco.JoinInvalid("the user cannot be saved", validateUser(ctx, u), validatePassword("password", password, u.Email))
	hash := ""
	if bad == nil {
		if hash, err = s.hash(ctx, password); err != nil {
			return nil, err
		}
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if err := attempt.forgive(ctx, tx); err != nil || bad != nil {
			return err
		}
		in, err = s.insertFirstUser(ctx, tx, u, hash)
		return err
	})
	if err == nil {
		err = bad
	}
	return in, userError(err)
}

func begunAlready() error {
	return fibonacco.Errorf(fibonacco.Conflict, "somebody has been let in already: sign in")
}

// insertFirstUser uses the code up. The row is what makes it good once: of two who have it, one finds it
// used.
func (s *Service) insertFirstUser(ctx context.Context, tx *db.Tx, u fibonacco.User, hash string) (*fibonacco.SignedIn, error) {
	n, err := tx.Exec(ctx, `
		UPDATE first_runs SET used_at = $1 WHERE id = 1 AND used_at IS NULL AND NOT EXISTS (SELECT 1 FROM users)`, s.clock.Now())
	if err != nil {
		return nil, fmt.Errorf("use the setup code: %w", err)
	}
	if n == 0 {
		return nil, begunAlready()
	}
	made, err := s.insertUser(ctx, tx, u, hash)
	if err != nil {
		return nil, err
	}
	return s.openSession(ctx, tx, made.ID, "password")
}

// FinishSetup implements fibonacco.SetupService.
func (s *Service) FinishSetup(ctx context.Context) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE first_runs SET finished_at = $1 WHERE id = 1 AND finished_at IS NULL`, s.clock.Now())
		if err != nil {
			return fmt.Errorf("finish the setup: %w", err)
		}
		if n == 0 {
			return nil
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "setup.finished", Entity: "setup"})
	})
}
