package access

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

const (
	shortestPassword = 10   // characters
	longestPassword  = 1024 // bytes: a bound on the work, not on the taste
)

func validatePassword(field, password, email string) error {
	reason := ""
	switch {
	case utf8.RuneCountInString(password) < shortestPassword:
		reason = fmt.Sprintf("must have at least %d characters", shortestPassword)
	case len(password) > longestPassword:
		reason = fmt.Sprintf("is longer than %d bytes", longestPassword)
	case email != "" && strings.EqualFold(password, email):
		reason = "must not be the e-mail address"
	default:
		return nil
	}
	return fibonacco.InvalidFields("the password cannot be used", []fibonacco.FieldError{{Field: field, Reason: reason}})
}

func (s *Service) hash(ctx context.Context, password string) (hash string, err error) {
	err = s.inHashing(ctx, func() (err error) {
		hash, err = argon2id.CreateHash(password, s.params)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return hash, nil
}

// matches checks a password against a hash. Without one, "", it takes as long and does not match.
func (s *Service) matches(ctx context.Context, password, hash string) (match bool, cost *argon2id.Params, err error) {
	none := hash == ""
	if none {
		hash = s.decoy()
	}
	err = s.inHashing(ctx, func() (err error) {
		match, cost, err = argon2id.CheckHash(password, hash)
		return err
	})
	if err != nil {
		return false, nil, fmt.Errorf("check password: %w", err)
	}
	return match && !none, cost, nil
}

// decoyOf makes, once, the hash that is checked when there is no such user.
func decoyOf(params *argon2id.Params) func() string {
	return sync.OnceValue(func() string {
		hash, err := argon2id.CreateHash(base62(32), params)
		if err != nil {
			panic(err) // only when the machine's randomness fails, which Go turns into a crash itself
		}
		return hash
	})
}

// rehash stores the password at today's cost when its hash was made at another.
func (s *Service) rehash(ctx context.Context, who *account, password string, cost *argon2id.Params) error {
	if *cost == *s.params {
		return nil
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
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

// storePassword puts a hash in the place of the one there is and ends every way in that the old one
// has opened, but for one session.
func (s *Service) storePassword(ctx context.Context, tx *db.Tx, userID int64, hash string, butSession int64) error {
	if _, err := tx.Exec(ctx, `UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3`, hash, s.clock.Now(), userID); err != nil {
		return fmt.Errorf("store password of user %d: %w", userID, err)
	}
	_, err := endEntrances(ctx, tx, userID, butSession)
	return err
}

// ChangePassword implements fibonacco.AccountService.
func (s *Service) ChangePassword(ctx context.Context, current, password string) error {
	me, err := s.person(ctx)
	if err != nil {
		return err
	}
	who, err := s.findAccount(ctx, `id = $1`, me.UserID)
	if err != nil {
		return err
	}
	if who.PasswordHash == "" { // who comes in otherwise has no old one to show
		if err := s.freshly(ctx, me); err != nil {
			return err
		}
	} else if err := s.checkCurrent(ctx, who, current); err != nil {
		return err
	}
	if err := validatePassword("password", password, who.Email); err != nil {
		return err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if err := s.storePassword(ctx, tx, me.UserID, hash, me.SessionID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.password_changed", &fibonacco.User{ID: me.UserID, Communities: me.Communities}, nil, nil))
	})
}

// checkCurrent asks for the old password, a bounded number of times.
func (s *Service) checkCurrent(ctx context.Context, who *account, current string) error {
	meter := passwordMeter(who.ID)
	if _, err := s.admit(ctx, meter); err != nil {
		return err
	}
	match := false
	var err error
	if len(current) <= longestPassword {
		if match, _, err = s.matches(ctx, current, who.PasswordHash); err != nil {
			return err
		}
	}
	if !match {
		return fibonacco.InvalidFields("the password cannot be changed", []fibonacco.FieldError{{Field: "current_password", Reason: "is wrong"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return forget(ctx, tx, meter) })
}

// SetPassword implements fibonacco.UserService.
func (s *Service) SetPassword(ctx context.Context, id int64, password string) error {
	u, err := s.FindUser(ctx, id)
	if err != nil {
		return err
	}
	if err := validatePassword("password", password, u.Email); err != nil {
		return err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		if err := s.storePassword(ctx, tx, id, hash, 0); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.password_set", u, nil, nil))
	})
	return err
}
