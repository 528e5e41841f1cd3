package access

import (
	"context"
	"fmt"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// account is what signing in looks at.
type account struct {
	ID           int64
	UUID         string
	Name         string
	Email        string
	Role         string
	PasswordHash string
	Disabled     bool
	TOTP         bool
}

const accountColumns = `users.id, CAST(users.uuid AS text) AS uuid, users.name, users.email, users.role, users.password_hash,
	users.disabled_at IS NOT NULL AS disabled,
	EXISTS (SELECT 1 FROM totp_secrets WHERE totp_secrets.user_id = users.id AND totp_secrets.confirmed_at IS NOT NULL) AS totp`

// findAccount is the one account that a condition names; nil when there is none.
func (s *Service) findAccount(ctx context.Context, where string, args ...any) (*account, error) {
	var found *account
	err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := db.Get[account](ctx, tx, `SELECT `+accountColumns+` FROM users WHERE users.`+where, args...)
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

// SignInMethods implements fibonacco.SignInService.
func (s *Service) SignInMethods() fibonacco.SignInMethods {
	m := fibonacco.SignInMethods{Passkeys: s.rp != nil}
	if s.sso != nil {
		m.SSO = s.sso.cfg.Name
	}
	return m
}

// SignIn implements fibonacco.SignInService. A wrong password, an unknown e-mail, a disabled user
// and one without a password take the same time and the same words.
func (s *Service) SignIn(ctx context.Context, email, password string) (*fibonacco.SignedIn, error) {
	key := emailKey(email)
	if !storable(key) || len(key) > 255 || len(password) > longestPassword {
		return nil, wrongCredentials()
	}
	attempt, err := s.admit(ctx, emailMeter(key), signInMeter(ctx))
	if err != nil {
		return nil, err
	}
	who, err := s.findAccount(ctx, `email_key = $1`, key)
	if err != nil {
		return nil, err
	}
	hash := ""
	if who != nil && !who.Disabled {
		hash = who.PasswordHash
	}
	match, cost, err := s.matches(ctx, password, hash)
	if err != nil {
		return nil, err
	}
	if !match {
		return nil, s.refuse(ctx, who, "password", wrongCredentials())
	}
	if err := s.rehash(ctx, who, password, cost); err != nil {
		return nil, err
	}
	var in *fibonacco.SignedIn
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if err := attempt.forgive(ctx, tx); err != nil {
			return err
		}
		if err := forget(ctx, tx, emailMeter(key)); err != nil {
			return err
		}
		if who.TOTP {
			in, err = s.beginSecondFactor(ctx, tx, who.ID)
			return err
		}
		in, err = s.openSession(ctx, tx, who.ID, "password")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sign in user %d: %w", who.ID, err)
	}
	return in, nil
}

func wrongCredentials() error {
	return fibonacco.Errorf(fibonacco.Unauthorized, "the e-mail address or the password is wrong")
}

// refuse writes a failure down, in nobody's name, and returns it. For an unknown account it is
// written down as well: it must not take less time.
func (s *Service) refuse(ctx context.Context, who *account, method string, failure error) error {
	e := fibonacco.AuditEntry{Action: "session.refused", Entity: "user", After: map[string]any{"method": method}}
	if who != nil {
		e.EntityID = strconv.FormatInt(who.ID, 10)
	}
	if err := s.db.Update(ctx, func(tx *db.Tx) error { return audit.Record(ctx, tx, e) }); err != nil {
		return err
	}
	return failure
}

const secondFactorKind = "second_factor"

func (s *Service) beginSecondFactor(ctx context.Context, tx *db.Tx, userID int64) (*fibonacco.SignedIn, error) {
	pending, err := s.begin(ctx, tx, secondFactorKind, userID, struct{}{})
	return &fibonacco.SignedIn{Pending: pending}, err
}

// SecondFactor implements fibonacco.SignInService.
func (s *Service) SecondFactor(ctx context.Context, pending, code string) (*fibonacco.SignedIn, error) {
	userID, err := s.begun(ctx, secondFactorKind, pending)
	if err != nil {
		return nil, err
	}
	attempt, err := s.admit(ctx, secondFactorMeter(userID), signInMeter(ctx))
	if err != nil {
		return nil, err
	}
	who, err := s.findAccount(ctx, `id = $1`, userID)
	if err != nil {
		return nil, err
	}
	if who == nil || who.Disabled {
		return nil, stepOver()
	}
	var in *fibonacco.SignedIn
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		in = nil
		method, err := s.useCode(ctx, tx, userID, code)
		if err != nil || method == "" {
			return err
		}
		if err := useUp(ctx, tx, secondFactorKind, pending); err != nil {
			return err
		}
		if err := attempt.forgive(ctx, tx); err != nil {
			return err
		}
		if err := forget(ctx, tx, secondFactorMeter(userID)); err != nil {
			return err
		}
		in, err = s.openSession(ctx, tx, userID, method)
		return err
	})
	if err != nil {
		return nil, err
	}
	if in == nil {
		return nil, s.refuse(ctx, who, "totp", fibonacco.Errorf(fibonacco.Unauthorized, "the code is wrong, or was used before"))
	}
	return in, nil
}
