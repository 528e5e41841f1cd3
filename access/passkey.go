package access

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// mostPasskeys bounds how many one person registers.
const mostPasskeys = 25

// relyingParty is this product as passkeys know it, nil where the public address has no host name:
// passkeys belong to names.
func relyingParty(publicURL, name string) *webauthn.WebAuthn {
	u, err := url.Parse(publicURL)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	rp, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey: protocol.ResidentKeyRequirementRequired, RequireResidentKey: protocol.ResidentKeyRequired(),
			UserVerification: protocol.VerificationRequired, // it stands for both factors
		},
		// Password managers send some unasked; none of them says anything that is believed here.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
	if err != nil {
		return nil
	}
	return rp
}

func (s *Service) hasPasskeys() error {
	if s.rp == nil {
		return fibonacco.Errorf(fibonacco.NotImplemented, "there are no passkeys here: the public address has no host name")
	}
	return nil
}

// holder is a user as the library wants to see them.
type holder struct {
	user fibonacco.User
	keys []keyRow
}

// keyRow is a stored passkey.
type keyRow struct {
	fibonacco.Passkey
	credential webauthn.Credential
}

// WebAuthnID implements webauthn.User: the uuid, which tells an authenticator nothing about whose it is.
func (h *holder) WebAuthnID() []byte {
	id, err := uuid.Parse(h.user.UUID)
	if err != nil {
		return nil // refused by the library
	}
	return id[:]
}

// WebAuthnName implements webauthn.User.
func (h *holder) WebAuthnName() string { return h.user.Email }

// WebAuthnDisplayName implements webauthn.User.
func (h *holder) WebAuthnDisplayName() string { return h.user.Name }

// WebAuthnCredentials implements webauthn.User.
func (h *holder) WebAuthnCredentials() []webauthn.Credential {
	all := make([]webauthn.Credential, len(h.keys))
	for i, k := range h.keys {
		all[i] = k.credential
	}
	return all
}

func findHolder(ctx context.Context, tx *db.Tx, userID int64) (*holder, error) {
	u, err := findUser(ctx, tx, userID, "")
	if err != nil {
		return nil, err
	}
	h := &holder{user: *u}
	rows, err := tx.Query(ctx, `
		SELECT id, name, CAST(credential AS text), sign_count, last_used_at, created_at FROM passkeys WHERE user_id = $1 ORDER BY id`, userID)
	if err != nil {
		return nil, fmt.Errorf("read passkeys of user %d: %w", userID, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k keyRow
		var text string
		var count int64
		if err := rows.Scan(&k.ID, &k.Name, &text, &count, db.TimePtr(&k.LastUsedAt), db.Time(&k.CreatedAt)); err != nil {
			return nil, fmt.Errorf("read passkeys of user %d: %w", userID, err)
		}
		if err := json.Unmarshal([]byte(text), &k.credential); err != nil {
			return nil, fmt.Errorf("read passkey %d: %w", k.ID, err)
		}
		k.credential.Authenticator.SignCount = uint32(count)
		k.Synced = k.credential.Flags.BackupState
		h.keys = append(h.keys, k)
	}
	return h, rows.Err()
}

func (s *Service) holder(ctx context.Context, userID int64) (h *holder, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		h, err = findHolder(ctx, tx, userID)
		return err
	})
	return h, err
}

// ListPasskeys implements fibonacco.AccountService.
func (s *Service) ListPasskeys(ctx context.Context) ([]fibonacco.Passkey, error) {
	me, err := s.person(ctx)
	if err != nil {
		return nil, err
	}
	h, err := s.holder(ctx, me.UserID)
	if err != nil {
		return nil, err
	}
	all := make([]fibonacco.Passkey, len(h.keys))
	for i, k := range h.keys {
		all[i] = k.Passkey
	}
	return all, nil
}

const newPasskeyKind = "new_passkey"

// BeginNewPasskey implements fibonacco.AccountService.
func (s *Service) BeginNewPasskey(ctx context.Context) (*fibonacco.Ceremony, error) {
	if err := s.hasPasskeys(); err != nil {
		return nil, err
	}
	me, err := s.freshPerson(ctx)
	if err != nil {
		return nil, err
	}
	h, err := s.holder(ctx, me.UserID)
	if err != nil {
		return nil, err
	}
	if len(h.keys) >= mostPasskeys {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "there are %d passkeys already: remove one first", len(h.keys))
	}
	known := make([]protocol.CredentialDescriptor, len(h.keys))
	for i, k := range h.keys {
		known[i] = k.credential.Descriptor()
	}
	options, session, err := s.rp.BeginRegistration(h, webauthn.WithExclusions(known))
	if err != nil {
		return nil, fmt.Errorf("begin a passkey: %w", err)
	}
	return s.ceremony(ctx, newPasskeyKind, me.UserID, options.Response, session)
}

// ceremony keeps what the answer is checked against.
func (s *Service) ceremony(ctx context.Context, kind string, userID int64, options any, session *webauthn.SessionData) (*fibonacco.Ceremony, error) {
	text, err := json.Marshal(options)
	if err != nil {
		return nil, fmt.Errorf("write passkey options: %w", err)
	}
	c := &fibonacco.Ceremony{Options: text}
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		c.ID, err = s.begin(ctx, tx, kind, userID, session)
		return err
	})
	return c, err
}

// AddPasskey implements fibonacco.AccountService.
func (s *Service) AddPasskey(ctx context.Context, ceremony, name string, answer json.RawMessage) (*fibonacco.Passkey, error) {
	if err := s.hasPasskeys(); err != nil {
		return nil, err
	}
	me, err := s.freshPerson(ctx)
	if err != nil {
		return nil, err
	}
	name = strings.TrimSpace(name)
	if err := fibonacco.InvalidFields("the passkey cannot be saved", validateName(name)); err != nil {
		return nil, err
	}
	var session webauthn.SessionData
	if err := s.take(ctx, newPasskeyKind, ceremony, me.UserID, &session); err != nil {
		return nil, badAnswer("ceremony", "is over: begin again", err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return nil, badAnswer("credential", "cannot be read", err)
	}
	h, err := s.holder(ctx, me.UserID)
	if err != nil {
		return nil, err
	}
	credential, err := s.rp.CreateCredential(h, session, parsed)
	if err != nil {
		return nil, badAnswer("credential", "does not prove what it says", err)
	}
	credential.Attestation = webauthn.CredentialAttestation{} // none was asked for, and none is believed
	made := &fibonacco.Passkey{Name: name, Synced: credential.Flags.BackupState, CreatedAt: s.clock.Now()}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, `
			INSERT INTO passkeys (user_id, name, credential_id, credential, sign_count, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
			me.UserID, name, credentialKey(credential.ID), db.JSON(credential), int64(credential.Authenticator.SignCount), made.CreatedAt).Scan(&made.ID)
		if db.IsUnique(err) {
			return fibonacco.Errorf(fibonacco.Conflict, "this passkey is registered already")
		}
		if err != nil {
			return fmt.Errorf("store passkey: %w", err)
		}
		return audit.Record(ctx, tx, ownEntry("passkey.added", me, nil, map[string]any{"passkey": made.ID, "name": name}))
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func credentialKey(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// badAnswer is what a browser's answer is refused with; why is for the log. An error that is not
// about the answer stays what it is.
func badAnswer(field, reason string, why error) error {
	if code := fibonacco.CodeOf(why); field == "ceremony" && code != fibonacco.Unauthorized {
		return why
	}
	return &fibonacco.Error{
		Code: fibonacco.Invalid, Message: "the passkey cannot be used",
		Fields: []fibonacco.FieldError{{Field: field, Reason: reason}}, Err: why,
	}
}

// RenamePasskey implements fibonacco.AccountService.
func (s *Service) RenamePasskey(ctx context.Context, id int64, name string) (*fibonacco.Passkey, error) {
	name = strings.TrimSpace(name)
	if err := fibonacco.InvalidFields("the passkey cannot be saved", validateName(name)); err != nil {
		return nil, err
	}
	var renamed *fibonacco.Passkey
	err := s.ownPasskey(ctx, id, func(tx *db.Tx, me *fibonacco.Principal, k *fibonacco.Passkey) error {
		if _, err := tx.Exec(ctx, `UPDATE passkeys SET name = $1 WHERE id = $2`, name, id); err != nil {
			return fmt.Errorf("rename passkey %d: %w", id, err)
		}
		was := k.Name
		k.Name, renamed = name, k
		return audit.Record(ctx, tx, ownEntry("passkey.renamed", me, map[string]any{"passkey": id, "name": was}, map[string]any{"passkey": id, "name": name}))
	})
	return renamed, err
}

// RemovePasskey implements fibonacco.AccountService.
func (s *Service) RemovePasskey(ctx context.Context, id int64) error {
	if _, err := s.freshPerson(ctx); err != nil {
		return err
	}
	return s.ownPasskey(ctx, id, func(tx *db.Tx, me *fibonacco.Principal, k *fibonacco.Passkey) error {
		if _, err := tx.Exec(ctx, `DELETE FROM passkeys WHERE id = $1`, id); err != nil {
			return fmt.Errorf("remove passkey %d: %w", id, err)
		}
		return audit.Record(ctx, tx, ownEntry("passkey.removed", me, map[string]any{"passkey": id, "name": k.Name}, nil))
	})
}

// ownPasskey lets do change one of one's own.
func (s *Service) ownPasskey(ctx context.Context, id int64, do func(tx *db.Tx, me *fibonacco.Principal, k *fibonacco.Passkey) error) error {
	me, err := s.person(ctx)
	if err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		h, err := findHolder(ctx, tx, me.UserID)
		if err != nil {
			return err
		}
		for _, k := range h.keys {
			if k.ID == id {
				return do(tx, me, &k.Passkey)
			}
		}
		return fibonacco.Errorf(fibonacco.NotFound, "there is no such passkey")
	})
}
