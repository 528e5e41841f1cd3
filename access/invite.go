package access

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// passwordLinkLife is how long a link to set a password is good: over a long weekend.
const passwordLinkLife = 96 * time.Hour

// PasswordPath is where links to set a password lead; the token follows.
const PasswordPath = "/password/"

// InviteUser implements fibonacco.UserService.
func (s *Service) InviteUser(ctx context.Context, u fibonacco.User) (made *fibonacco.User, link *fibonacco.PasswordLink, err error) {
	if err := s.canSign(); err != nil {
		return nil, nil, err
	}
	u = normalUser(u)
	if err := validateUser(ctx, u); err != nil {
		return nil, nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		if made, err = s.insertUser(ctx, tx, u, ""); err != nil {
			return err
		}
		link, err = s.insertPasswordLink(ctx, tx, made.ID)
		return err
	})
	return made, link, userError(err)
}

// ResetPassword implements fibonacco.UserService.
func (s *Service) ResetPassword(ctx context.Context, id int64) (link *fibonacco.PasswordLink, err error) {
	if err := s.canSign(); err != nil {
		return nil, err
	}
	_, err = s.change(ctx, id, func(tx *db.Tx, u *fibonacco.User) error {
		if u.Disabled {
			return fibonacco.Errorf(fibonacco.Conflict, "the user is disabled: enable them first")
		}
		if err := s.storePassword(ctx, tx, id, "", 0); err != nil {
			return err
		}
		if link, err = s.insertPasswordLink(ctx, tx, id); err != nil {
			return err
		}
		return audit.Record(ctx, tx, userEntry("user.password_reset", u, nil, nil))
	})
	return link, err
}

func (s *Service) canSign() error {
	if s.signer == nil {
		return fibonacco.Errorf(fibonacco.NotImplemented, "there is no secret key to sign links and seal secrets with")
	}
	return nil
}

// insertPasswordLink makes the one link of a user that is good.
func (s *Service) insertPasswordLink(ctx context.Context, tx *db.Tx, userID int64) (*fibonacco.PasswordLink, error) {
	random := make([]byte, 24)
	_, _ = rand.Read(random) // never fails
	token := s.signer.Sign(fibonacco.PasswordToken, random)
	expires := s.clock.Now().Add(passwordLinkLife)
	if _, err := tx.Exec(ctx, `DELETE FROM password_links WHERE user_id = $1 OR expires_at <= $2`, userID, s.clock.Now()); err != nil {
		return nil, fmt.Errorf("clear links of user %d: %w", userID, err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO password_links (token_hash, user_id, expires_at) VALUES ($1, $2, $3)`, digest(token), userID, expires)
	if err != nil {
		return nil, fmt.Errorf("store link of user %d: %w", userID, err)
	}
	return &fibonacco.PasswordLink{URL: strings.TrimSuffix(s.cfg.HTTP.PublicURL, "/") + PasswordPath + token, ExpiresAt: expires}, nil
}

// FindPasswordLink implements fibonacco.SignInService.
func (s *Service) FindPasswordLink(ctx context.Context, token string) (u *fibonacco.User, err error) {
	if !s.signed(token) {
		return nil, noLink()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, `SELECT user_id FROM password_links WHERE token_hash = $1 AND expires_at > $2`, digest(token), s.clock.Now()).Scan(&id)
		if db.IsNoRows(err) {
			return noLink()
		}
		if err != nil {
			return fmt.Errorf("find link: %w", err)
		}
		u, err = findUser(ctx, tx, id, "")
		return err
	})
	return u, err
}

// SetPasswordByLink implements fibonacco.SignInService.
func (s *Service) SetPasswordByLink(ctx context.Context, token, password string) error {
	u, err := s.FindPasswordLink(ctx, token)
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
	return s.db.Update(ctx, func(tx *db.Tx) error {
		// The row is what makes the link good once: of two who use it, one finds it gone.
		n, err := tx.Exec(ctx, `DELETE FROM password_links WHERE token_hash = $1 AND expires_at > $2`, digest(token), s.clock.Now())
		if err != nil {
			return fmt.Errorf("use up link: %w", err)
		}
		if n == 0 {
			return noLink()
		}
		if err := s.storePassword(ctx, tx, u.ID, hash, 0); err != nil {
			return err
		}
		if err := forget(ctx, tx, emailMeter(emailKey(u.Email))); err != nil {
			return err
		}
		return audit.Record(inNameOf(ctx, u), tx, userEntry("user.password_set", u, nil, nil))
	})
}

func (s *Service) signed(token string) bool {
	if s.signer == nil {
		return false
	}
	_, ok := s.signer.Verify(fibonacco.PasswordToken, token)
	return ok
}

func noLink() error {
	return fibonacco.Errorf(fibonacco.NotFound, "this link is not good any more: ask for another")
}

// inNameOf is ctx with a user as who asks: they have just proven who they are.
func inNameOf(ctx context.Context, u *fibonacco.User) context.Context {
	visit := fibonacco.VisitOf(ctx)
	return fibonacco.WithPrincipal(ctx, &fibonacco.Principal{
		UserID: u.ID, Name: u.Name, Role: u.Role, Communities: u.Communities, IP: visit.IP, RequestID: visit.RequestID,
	})
}
