package access

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"rsc.io/qr"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// What every authenticator app takes without asking: six digits, half a minute, SHA-1.
const (
	totpPeriod = 30
	// totpSkew is how many steps a code may be early or late: phones' clocks differ.
	totpSkew = 1
)

var totpOptions = hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// sealPurpose makes what is sealed for one user useless in another's row.
func sealPurpose(userID int64) string { return fmt.Sprintf("TOTP secret of user %d", userID) }

// BeginTOTP implements fibonacco.AccountService.
func (s *Service) BeginTOTP(ctx context.Context) (*fibonacco.TOTPEnrolment, error) {
	if err := s.canSign(); err != nil {
		return nil, err
	}
	me, err := s.freshPerson(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.Account(ctx)
	if err != nil {
		return nil, err
	}
	// A colon would end the issuer in the label, and its slash the path.
	issuer := strings.NewReplacer(":", " ", "/", " ").Replace(s.productName())
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: u.Email, Period: totpPeriod, Digits: totpOptions.Digits, Algorithm: totpOptions.Algorithm})
	if err != nil {
		return nil, fmt.Errorf("make a TOTP secret: %w", err)
	}
	picture, err := qr.Encode(key.URL(), qr.M)
	if err != nil {
		return nil, fmt.Errorf("draw the QR code: %w", err)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			INSERT INTO totp_secrets (user_id, secret, last_step, created_at) VALUES ($1, $2, 0, $3)
			ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0, created_at = excluded.created_at
			WHERE totp_secrets.confirmed_at IS NULL`, me.UserID, s.signer.Seal(sealPurpose(me.UserID), []byte(key.Secret())), s.clock.Now())
		if err != nil {
			return fmt.Errorf("store TOTP secret of user %d: %w", me.UserID, err)
		}
		if n == 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "there is an authenticator app already: turn it off first")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &fibonacco.TOTPEnrolment{
		Secret: key.Secret(), URI: key.URL(),
		QR: "data:image/png;base64," + base64.StdEncoding.EncodeToString(picture.PNG()),
	}, nil
}

// ConfirmTOTP implements fibonacco.AccountService.
func (s *Service) ConfirmTOTP(ctx context.Context, code string) (recovery []string, err error) {
	me, err := s.freshPerson(ctx)
	if err != nil {
		return nil, err
	}
	err = s.withCode(ctx, me, func(tx *db.Tx) (bool, error) {
		ok, err := s.useTOTP(ctx, tx, me.UserID, code, "confirmed_at IS NULL")
		if err != nil || !ok {
			return ok, err
		}
		n, err := tx.Exec(ctx, `UPDATE totp_secrets SET confirmed_at = $1 WHERE user_id = $2 AND confirmed_at IS NULL`, s.clock.Now(), me.UserID)
		if err != nil || n == 0 {
			return false, err
		}
		if recovery, err = newRecoveryCodes(ctx, tx, me.UserID); err != nil {
			return false, err
		}
		return true, audit.Record(ctx, tx, ownEntry("user.totp_enabled", me, map[string]any{"totp": false}, map[string]any{"totp": true}))
	})
	if err != nil {
		return nil, err
	}
	return recovery, nil
}

// DisableTOTP implements fibonacco.AccountService.
func (s *Service) DisableTOTP(ctx context.Context, code string) error {
	me, err := s.freshPerson(ctx)
	if err != nil {
		return err
	}
	return s.withCode(ctx, me, func(tx *db.Tx) (bool, error) {
		method, err := s.useCode(ctx, tx, me.UserID, code)
		if err != nil || method == "" {
			return false, err
		}
		if err := dropSecondFactor(ctx, tx, me.UserID); err != nil {
			return false, err
		}
		return true, audit.Record(ctx, tx, ownEntry("user.totp_disabled", me, map[string]any{"totp": true}, map[string]any{"totp": false}))
	})
}

// withCode runs what takes a code, a bounded number of times; it returns Invalid when do says that
// the code was wrong.
func (s *Service) withCode(ctx context.Context, me *fibonacco.Principal, do func(tx *db.Tx) (ok bool, err error)) error {
	meter := secondFactorMeter(me.UserID)
	if _, err := s.admit(ctx, meter); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		ok, err := do(tx)
		if err != nil {
			return err
		}
		if !ok {
			return fibonacco.InvalidFields("the code cannot be used", []fibonacco.FieldError{{Field: "code", Reason: "is wrong, or was used before"}})
		}
		return forget(ctx, tx, meter)
	})
}

// useTOTP checks a code against the secret that where names, and uses its step up: of two who send
// the same code, and of everything older, only the first is right.
func (s *Service) useTOTP(ctx context.Context, tx *db.Tx, userID int64, code, where string) (bool, error) {
	var sealed []byte
	var last int64
	err := tx.QueryRow(ctx, `SELECT secret, last_step FROM totp_secrets WHERE user_id = $1 AND `+where, userID).Scan(&sealed, &last)
	if db.IsNoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find TOTP secret of user %d: %w", userID, err)
	}
	if s.signer == nil {
		return false, s.canSign()
	}
	secret, ok := s.signer.Open(sealPurpose(userID), sealed)
	if !ok {
		return false, fmt.Errorf("the TOTP secret of user %d was sealed with a secret key that is not known any more", userID)
	}
	step := matchingStep(string(secret), code, s.clock.Now().Unix()/totpPeriod)
	if step <= last {
		return false, nil
	}
	// Sealed anew with today's key, so that an old one can be retired some time.
	n, err := tx.Exec(ctx, `UPDATE totp_secrets SET last_step = $1, secret = $2 WHERE user_id = $3 AND last_step < $1`,
		step, s.signer.Seal(sealPurpose(userID), secret), userID)
	if err != nil {
		return false, fmt.Errorf("use TOTP step of user %d: %w", userID, err)
	}
	return n == 1, nil
}

// matchingStep is the step whose code this is, near now; 0 when it is none's.
func matchingStep(secret, code string, now int64) int64 {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	found := int64(0)
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		if ok, err := hotp.ValidateCustom(code, uint64(step), secret, totpOptions); err == nil && ok {
			found = step
		}
	}
	return found
}

// dropSecondFactor takes TOTP and its recovery codes away.
func dropSecondFactor(ctx context.Context, tx *db.Tx, userID int64) error {
	for _, table := range []string{"totp_secrets", "recovery_codes"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1`, userID); err != nil {
			return fmt.Errorf("clear %s of user %d: %w", table, userID, err)
		}
	}
	return nil
}

// ResetSecondFactor implements fibonacco.UserService.
func (s *Service) ResetSecondFactor(ctx context.Context, id int64) error {
	_, err := s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		if err := dropSecondFactor(ctx, tx, id); err != nil {
			return err
		}
		if _, err := endEntrances(ctx, tx, id, 0); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.totp_reset", u, map[string]any{"totp": u.TOTP}, map[string]any{"totp": false}))
	})
	return err
}

// ownEntry is an entry about the account of whoever asks.
func ownEntry(action string, me *fibonacco.Principal, before, after map[string]any) fibonacco.AuditEntry {
	return userEntry(action, &fibonacco.User{ID: me.UserID, Communities: me.Communities}, before, after)
}
