package access

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// identify checks what the library leaves to us: that the token was made for this very sign-in and
// for nobody else, and that the address in it is proven.
func (p *provider) identify(token *oidc.IDToken, step ssoStep) (*identity, error) {
	var claims map[string]json.RawMessage
	if err := token.Claims(&claims); err != nil {
		return nil, untrusted(err)
	}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(claims[name], &s) // what is no text counts as none
		return s
	}
	who := &identity{Issuer: token.Issuer, Subject: token.Subject, Email: fibonacco.NormalizeEmail(text("email")), Name: strings.TrimSpace(text("name"))}
	switch {
	case subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(step.Nonce)) != 1:
		return nil, untrusted(errors.New("the nonce is not of this sign-in"))
	case len(token.Audience) > 1 && text("azp") != p.cfg.ClientID:
		return nil, untrusted(errors.New("the token was made for another client"))
	case who.Subject == "" || len(who.Subject) > 255 || !storable(who.Subject) || len(who.Issuer) > 255:
		return nil, untrusted(errors.New("the subject cannot be used"))
	case !isTrue(claims["email_verified"]):
		return nil, untrusted(errors.New("the e-mail address is not verified"))
	case !fibonacco.ValidEmail(who.Email) || !storable(who.Email):
		return nil, untrusted(errors.New("there is no e-mail address"))
	}
	who.Groups = texts(claims[p.cfg.GroupsClaim])
	if who.Name == "" || !storable(who.Name) || utf8.RuneCountInString(who.Name) > 255 {
		who.Name, _, _ = strings.Cut(who.Email, "@")
	}
	return who, nil
}

// isTrue takes true and, as some providers have it, "true".
func isTrue(raw json.RawMessage) bool { return string(raw) == "true" || string(raw) == `"true"` }

// texts is a list of texts, or one.
func texts(raw json.RawMessage) []string {
	var all []string
	if json.Unmarshal(raw, &all) == nil {
		return all
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// role is what the provider's word makes of somebody; "" when it makes nothing. decides is whether
// it holds for those who have a role here, too.
func (p *provider) role(groups []string) (role fibonacco.Role, decides bool) {
	role = p.cfg.DefaultRole
	matched := false
	for _, entry := range p.cfg.GroupRoles {
		group, r, ok := p.cfg.GroupRole(entry)
		if ok && slices.Contains(groups, group) && (!matched || above(r, role)) {
			role, matched = r, true
		}
	}
	return role, len(p.cfg.GroupRoles) > 0
}

// openBySSO opens a session for whom the provider vouches for, and adds or changes them as the
// settings have it.
func (s *Service) openBySSO(ctx context.Context, attempt *attempt, who *identity) (in *fibonacco.SignedIn, err error) {
	var refusedID int64
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := db.Select[int64](ctx, tx, `SELECT id FROM users WHERE email_key = $1 OR role = 'admin' ORDER BY id FOR UPDATE`, emailKey(who.Email)); err != nil {
			return fmt.Errorf("lock users: %w", err)
		}
		u, err := findByIdentity(ctx, tx, who)
		if err != nil {
			return err
		}
		role, decides := s.sso.role(who.Groups)
		switch {
		case u != nil && u.Disabled, role == "" && (u == nil || decides):
			if u != nil {
				refusedID = u.ID
			}
			return fibonacco.Errorf(fibonacco.Forbidden, "nobody has let you in here: ask an administrator of your team")
		case u == nil:
			u, err = s.insertUser(ctx, tx, fibonacco.User{Name: who.Name, Email: who.Email, Role: role}, "")
		case decides && u.Role != role:
			err = s.takeRole(ctx, tx, u, role)
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE users SET sso_issuer = $1, sso_subject = $2 WHERE id = $3`, who.Issuer, who.Subject, u.ID); err != nil {
			return fmt.Errorf("tie user %d to the provider: %w", u.ID, err)
		}
		if err := attempt.forgive(ctx, tx); err != nil {
			return err
		}
		in, err = s.openSession(ctx, tx, u.ID, "sso")
		return err
	})
	if fibonacco.CodeOf(err) == fibonacco.Forbidden {
		if refusedID != 0 {
			return nil, s.refuse(ctx, &account{ID: refusedID}, "sso", err)
		}
		return nil, s.refuse(ctx, nil, "sso", err)
	}
	if err != nil {
		return nil, userError(err)
	}
	return in, nil
}

// findByIdentity is the user that an identity is tied to or, when it is new here, the one with its
// address; nil when there is neither. Forbidden when that one is tied to another identity: an
// address may change hands.
func findByIdentity(ctx context.Context, tx *db.Tx, who *identity) (*fibonacco.User, error) {
	var id int64
	err := tx.QueryRow(ctx, `SELECT id FROM users WHERE sso_issuer = $1 AND sso_subject = $2`, who.Issuer, who.Subject).Scan(&id)
	if db.IsNoRows(err) {
		var subject string
		err = tx.QueryRow(ctx, `SELECT id, COALESCE(sso_subject, '') FROM users WHERE email_key = $1`, emailKey(who.Email)).Scan(&id, &subject)
		if err == nil && subject != "" {
			return nil, fibonacco.Errorf(fibonacco.Forbidden, "this address is of somebody else here: ask an administrator of your team")
		}
	}
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find user of the provider: %w", err)
	}
	return findUser(ctx, tx, id, "")
}

// takeRole gives a user the role that their groups call for, unless nobody would be left to run all.
func (s *Service) takeRole(ctx context.Context, tx *db.Tx, u *fibonacco.User, role fibonacco.Role) error {
	if runsAll(u) {
		err := anotherRuns(ctx, tx, u.ID)
		if fibonacco.CodeOf(err) == fibonacco.Conflict {
			return nil
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `UPDATE users SET role = $1, updated_at = $2 WHERE id = $3`, string(role), s.clock.Now(), u.ID); err != nil {
		return fmt.Errorf("change role of user %d: %w", u.ID, err)
	}
	tx.AfterCommit(func() { s.tokens.forgetUser(u.ID) })
	return audit.Record(ctx, tx, userEntry("user.updated", u, map[string]any{"role": string(u.Role)}, map[string]any{"role": string(role)}))
}
