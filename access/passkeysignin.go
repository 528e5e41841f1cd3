package access

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const passkeyKind = "passkey"

// BeginPasskey implements fibonacco.SignInService. Nobody says who they are: the passkey knows.
func (s *Service) BeginPasskey(ctx context.Context) (*fibonacco.Ceremony, error) {
	if err := s.hasPasskeys(); err != nil {
		return nil, err
	}
	if _, err := s.admit(ctx, beginMeter(ctx)); err != nil {
		return nil, err
	}
	options, session, err := s.rp.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, fmt.Errorf("begin signing in with a passkey: %w", err)
	}
	return s.ceremony(ctx, passkeyKind, 0, options.Response, session)
}

// FinishPasskey implements fibonacco.SignInService.
func (s *Service) FinishPasskey(ctx context.Context, ceremony string, answer json.RawMessage) (*fibonacco.SignedIn, error) {
	if err := s.hasPasskeys(); err != nil {
		return nil, err
	}
	attempt, err := s.admit(ctx, signInMeter(ctx))
	if err != nil {
		return nil, err
	}
	var session webauthn.SessionData
	if err := s.take(ctx, passkeyKind, ceremony, 0, &session); err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, noPasskey(err)
	}
	var found *holder
	var failed error // of ours, which the library would make its own
	_, credential, err := s.rp.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		found, failed = s.findByHandle(ctx, handle)
		if failed != nil || found == nil {
			return nil, noPasskey(failed)
		}
		return found, nil
	}, session, parsed)
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		if found == nil {
			return nil, s.refuse(ctx, nil, "passkey", noPasskey(err))
		}
		return nil, s.refuse(ctx, &account{ID: found.user.ID}, "passkey", noPasskey(err))
	}
	if credential.Authenticator.CloneWarning {
		return nil, s.refuse(ctx, &account{ID: found.user.ID}, "copied passkey", noPasskey(nil))
	}
	return s.openByPasskey(ctx, attempt, found, credential)
}

// findByHandle is the user of a handle, who is not disabled; nil when there is none.
func (s *Service) findByHandle(ctx context.Context, handle []byte) (h *holder, err error) {
	id, err := uuid.FromBytes(handle)
	if err != nil {
		return nil, nil //nolint:nilerr // no handle of ours
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var userID int64
		err := tx.QueryRow(ctx, `SELECT id FROM users WHERE uuid = CAST($1 AS uuid) AND disabled_at IS NULL`, id.String()).Scan(&userID)
		if err != nil {
			return err
		}
		h, err = findHolder(ctx, tx, userID)
		return err
	})
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user of passkey: %w", err)
	}
	return h, nil
}

// openByPasskey moves the passkey's counter on and opens a session. Of two answers with the same
// count, one is a copy's.
func (s *Service) openByPasskey(ctx context.Context, attempt *attempt, h *holder, c *webauthn.Credential) (in *fibonacco.SignedIn, err error) {
	count, now := int64(c.Authenticator.SignCount), s.clock.Now()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, `
			UPDATE passkeys SET sign_count = $1, credential = $2, last_used_at = $3
			WHERE credential_id = $4 AND user_id = $5 AND (sign_count < $1 OR sign_count = 0 AND $1 = 0)`,
			count, db.JSON(c), now, credentialKey(c.ID), h.user.ID)
		if err != nil {
			return fmt.Errorf("note use of passkey: %w", err)
		}
		if n == 0 {
			return noPasskey(nil)
		}
		if err := attempt.forgive(ctx, tx); err != nil {
			return err
		}
		in, err = s.openSession(ctx, tx, h.user.ID, "passkey")
		return err
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

func noPasskey(why error) error {
	return &fibonacco.Error{Code: fibonacco.Unauthorized, Message: "this passkey is not known here, or could not be checked", Err: why}
}
