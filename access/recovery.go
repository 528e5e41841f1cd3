package access

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// Recovery codes: ten of 80 bits, which need no slow hash.
const (
	recoveryCodes = 10
	recoveryBytes = 10
	recoverySize  = 16 // characters
)

// newRecoveryCodes puts fresh codes in the place of those there are, and returns them as people
// read them: "ABCD-EFGH-IJKL-MNOP".
func newRecoveryCodes(ctx context.Context, tx *db.Tx, userID int64) ([]string, error) {
	if _, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, userID); err != nil {
		return nil, fmt.Errorf("clear recovery codes of user %d: %w", userID, err)
	}
	rows := db.NewBatch("code_hash text")
	codes := make([]string, recoveryCodes)
	for i := range codes {
		raw := make([]byte, recoveryBytes)
		_, _ = rand.Read(raw) // never fails
		code := base32.StdEncoding.EncodeToString(raw)
		rows.Add(recoveryHash(userID, code))
		codes[i] = code[0:4] + "-" + code[4:8] + "-" + code[8:12] + "-" + code[12:16]
	}
	if _, err := tx.ExecBatch(ctx, rows, `INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, code_hash FROM rows`, userID); err != nil {
		return nil, fmt.Errorf("store recovery codes of user %d: %w", userID, err)
	}
	return codes, nil
}

func recoveryHash(userID int64, code string) string {
	return digest("recovery code of " + strconv.FormatInt(userID, 10) + ": " + code)
}

// useCode uses up a TOTP code or a recovery code. method is which of them it was, "" when it is
// wrong.
func (s *Service) useCode(ctx context.Context, tx *db.Tx, userID int64, code string) (method string, err error) {
	plain := strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code)))
	if len(plain) != recoverySize {
		if ok, err := s.useTOTP(ctx, tx, userID, code, "confirmed_at IS NOT NULL"); err != nil || !ok {
			return "", err
		}
		return "totp", nil
	}
	n, err := tx.Exec(ctx, `DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2`, userID, recoveryHash(userID, plain))
	if err != nil {
		return "", fmt.Errorf("use recovery code of user %d: %w", userID, err)
	}
	if n == 0 {
		return "", nil
	}
	return "recovery_code", nil
}

// RenewRecoveryCodes implements fibonacco.AccountService.
func (s *Service) RenewRecoveryCodes(ctx context.Context, code string) (codes []string, err error) {
	me, err := s.freshPerson(ctx)
	if err != nil {
		return nil, err
	}
	err = s.withCode(ctx, me, func(tx *db.Tx) (bool, error) {
		method, err := s.useCode(ctx, tx, me.UserID, code)
		if err != nil || method == "" {
			return false, err
		}
		if codes, err = newRecoveryCodes(ctx, tx, me.UserID); err != nil {
			return false, err
		}
		return true, audit.Record(ctx, tx, ownEntry("user.recovery_codes_renewed", me, nil, nil))
	})
	if err != nil {
		return nil, err
	}
	return codes, nil
}
