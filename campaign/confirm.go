package campaign

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// MailConfirmations asks addresses whether they want mail, once each: a confirmation that a process
// took with it when it died is not mailed again, and whoever waits for it asks once more. It goes the
// way of every mail and is no send: nobody is counted or tracked by it.
func (s *Service) MailConfirmations(ctx context.Context, events []fibonacco.ConfirmationAsked) error {
	if s.lane == nil || s.lane.mailer.Ready() != nil {
		return queue.Snooze(notReadyPause)
	}
	for _, e := range events {
		if err := s.mailConfirmation(ctx, e.ConfirmationID); err != nil {
			return fmt.Errorf("mail confirmation %d: %w", e.ConfirmationID, err)
		}
	}
	return nil
}

// asked is a confirmation that is to be mailed.
type asked struct {
	ID       int64
	Email    string
	Business string
	Timezone string
	Expires  time.Time
}

func (s *Service) mailConfirmation(ctx context.Context, id int64) error {
	a, at, err := s.takeConfirmation(ctx, id)
	if err != nil || a == nil {
		return err
	}
	zone, err := fibonacco.LoadZone(a.Timezone)
	if err != nil {
		zone = time.UTC
	}
	c := render.Confirmation{
		UUID: newUUID(), Email: a.Email, Business: a.Business, Wording: fibonacco.EmailChoice, At: at,
		Until: a.Expires.In(zone).Format("Monday, January 2"),
		URL:   strings.TrimRight(s.cfg.HTTP.PublicURL, "/") + "/u/confirm/" + s.signer.SignID(fibonacco.ConfirmToken, id),
	}
	message, err := c.Render(s.renderSettings())
	if err != nil {
		return err
	}
	h, err := s.lane.deliver(ctx, &fibonacco.Mail{
		From: s.cfg.Email.FromEmail, To: a.Email, Message: message, MessageID: c.UUID + s.cfg.Email.FromEmail[strings.LastIndexByte(s.cfg.Email.FromEmail, '@'):],
	})
	switch {
	case err != nil:
		return err
	case h.Result == fibonacco.Deferred || h.Result == fibonacco.NotTried:
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE confirmations SET mailed_at = NULL WHERE id = $1`, id)
			return err
		}); err != nil {
			return err
		}
		return fibonacco.Errorf(fibonacco.Unavailable, "not taken yet")
	case h.Result != fibonacco.Accepted:
		s.log.Warn("a confirmation was refused", "confirmation", id)
	}
	return nil
}

// takeConfirmation marks a confirmation as mailed and returns it, nil when that was done before or
// there is nothing to ask any more.
func (s *Service) takeConfirmation(ctx context.Context, id int64) (one *asked, at time.Time, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		one, at = nil, tx.Now
		n, err := tx.Exec(ctx, `
			UPDATE confirmations SET mailed_at = $1 WHERE id = $2 AND mailed_at IS NULL AND confirmed_at IS NULL AND expires_at > $1`, tx.Now, id)
		if err != nil || n == 0 {
			return err
		}
		a, err := db.Get[asked](ctx, tx, `
			SELECT c.id, c.email, smbs.business_name AS business, communities.timezone, c.expires_at AS expires
			FROM confirmations c JOIN smbs ON smbs.id = c.smb_id JOIN communities ON communities.id = smbs.community_id
			WHERE c.id = $1`, id)
		one = &a
		return err
	})
	return one, at, err
}
