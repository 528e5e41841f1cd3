package track

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	confirmationLife = 7 * 24 * time.Hour
	// mostConfirmations a day bounds what is mailed for one business, and to one address whoever asks:
	// nobody's inbox is filled by way of our page.
	mostConfirmations = 3
)

// Addresses is what the record of businesses knows of e-mail addresses. It acts in the caller's
// transaction.
type Addresses struct {
	// Held is why an address gets no mail, "" when it may.
	Held func(ctx context.Context, tx *db.Tx, address string) (reason string, err error)
	// Change makes an address the business's own.
	Change func(ctx context.Context, tx *db.Tx, smbID int64, address string) error
}

// KeepAddresses says who knows the addresses. Without it nobody can be asked to confirm one.
func (s *Service) KeepAddresses(a Addresses) { s.book = a }

// AskConfirmation implements fibonacco.Resubscriber. What may not be mailed leaves the same row behind
// and no event, so that neither the answer nor the limit tells the two apart.
func (s *Service) AskConfirmation(ctx context.Context, token, address string) error {
	if s.book.Held == nil || s.book.Change == nil {
		return fibonacco.Errorf(fibonacco.Unavailable, "addresses cannot be confirmed here")
	}
	if address = fibonacco.NormalizeEmail(address); address != "" && !fibonacco.ValidEmail(address) {
		return fibonacco.InvalidFields("the address cannot be asked", []fibonacco.FieldError{{Field: "address", Reason: "is not an e-mail address"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := s.findReader(ctx, tx, token, true)
		if err != nil {
			return err
		}
		if address == "" {
			address = r.Email
		}
		recent, err := db.Count(ctx, tx, `
			SELECT CASE WHEN mine.n > theirs.n THEN mine.n ELSE theirs.n END FROM
				(SELECT COUNT(*) AS n FROM confirmations WHERE smb_id = $1 AND created_at > $3) AS mine,
				(SELECT COUNT(*) AS n FROM confirmations WHERE email_key = $2 AND created_at > $3) AS theirs`,
			r.SMBID, emailKey(address), tx.Now.Add(-24*time.Hour))
		if err != nil {
			return fmt.Errorf("count the confirmations of business %d: %w", r.SMBID, err)
		}
		if recent >= mostConfirmations {
			return fibonacco.Errorf(fibonacco.TooMany, "it was asked %d times today", recent)
		}
		held, err := s.book.Held(ctx, tx, address)
		if err != nil {
			return err
		}
		var id int64
		if err := tx.QueryRow(ctx, `
			INSERT INTO confirmations (smb_id, email, email_key, created_at, expires_at) VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			r.SMBID, address, emailKey(address), tx.Now, tx.Now.Add(confirmationLife)).Scan(&id); err != nil {
			return fmt.Errorf("store a confirmation of business %d: %w", r.SMBID, err)
		}
		if held != "" && held != forUnsubscribe || r.DoNotContact || r.Gone {
			return nil
		}
		return s.queue.Publish(ctx, tx, fibonacco.ConfirmationAsked{ConfirmationID: id, SMBID: r.SMBID})
	})
}

// confirmation is an address that waits for its owner's yes.
type confirmation struct {
	ID           int64
	SMBID        int64 `db:"smb_id"`
	CommunityID  int64
	BusinessName string
	Email        string
	OwnKey       string // the business's address, as it is compared
	EmailIn      bool
	Open         bool // neither used nor too old
}

// findConfirmation locks the business, as everything that changes it does; of two who confirm at once
// the second sees what the first did.
func (s *Service) findConfirmation(ctx context.Context, tx *db.Tx, token string, lock bool) (*confirmation, error) {
	id, ok := s.signer.VerifyID(fibonacco.ConfirmToken, token)
	if !ok {
		return nil, unknownLink()
	}
	if lock {
		if _, err := db.Select[int64](ctx, tx, `
			SELECT m.id FROM smbs m WHERE m.id IN (SELECT smb_id FROM confirmations WHERE id = $1) FOR UPDATE`, id); err != nil {
			return nil, fmt.Errorf("lock the business of confirmation %d: %w", id, err)
		}
	}
	c, err := db.Get[confirmation](ctx, tx, `
		SELECT c.id, m.id AS smb_id, m.community_id, m.business_name, c.email, COALESCE(m.email_key, '') AS own_key, m.email_opted_in AS email_in,
			c.confirmed_at IS NULL AND c.expires_at > $2 AS open
		FROM confirmations c JOIN smbs m ON m.id = c.smb_id WHERE c.id = $1 AND m.deleted_at IS NULL`, id, tx.Now)
	if db.IsNoRows(err) {
		return nil, unknownLink()
	}
	if err != nil {
		return nil, fmt.Errorf("read confirmation %d: %w", id, err)
	}
	if !c.Open {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "this link was used, or is too old")
	}
	return &c, nil
}

func (c *confirmation) shown() *fibonacco.Confirmation {
	return &fibonacco.Confirmation{BusinessName: c.BusinessName, MaskedEmail: maskEmail(c.Email)}
}

// Confirmation implements fibonacco.Resubscriber.
func (s *Service) Confirmation(ctx context.Context, token string) (*fibonacco.Confirmation, error) {
	var shown *fibonacco.Confirmation
	err := s.db.View(ctx, func(tx *db.Tx) error {
		c, err := s.findConfirmation(ctx, tx, token, false)
		if err == nil {
			shown = c.shown()
		}
		return err
	})
	return shown, err
}

// Confirm implements fibonacco.Resubscriber. The links of other confirmations of the business are
// worth nothing from then on: the last word is about one address.
func (s *Service) Confirm(ctx context.Context, token string, hit fibonacco.Hit) (*fibonacco.Confirmation, error) {
	var shown *fibonacco.Confirmation
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := s.findConfirmation(ctx, tx, token, true)
		if err != nil {
			return err
		}
		shown = c.shown()
		if _, err := tx.Exec(ctx, `UPDATE confirmations SET confirmed_at = $1 WHERE id = $2`, tx.Now, c.ID); err != nil {
			return fmt.Errorf("use confirmation %d: %w", c.ID, err)
		}
		if _, err := tx.Exec(ctx, `
			UPDATE confirmations SET expires_at = $1 WHERE smb_id = $2 AND confirmed_at IS NULL AND expires_at > $1`, tx.Now, c.SMBID); err != nil {
			return fmt.Errorf("end the other confirmations of business %d: %w", c.SMBID, err)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE email_key = $1 AND reason = $2`, emailKey(c.Email), forUnsubscribe); err != nil {
			return fmt.Errorf("lift the unsubscribe of confirmation %d: %w", c.ID, err)
		}
		if emailKey(c.Email) != c.OwnKey {
			if err := s.book.Change(ctx, tx, c.SMBID, c.Email); err != nil {
				return err
			}
		}
		return s.optIn(ctx, tx, c, hit)
	})
	if err != nil {
		return nil, err
	}
	return shown, nil
}

// optIn records the yes, and lets mail go.
func (s *Service) optIn(ctx context.Context, tx *db.Tx, c *confirmation, hit fibonacco.Hit) error {
	if err := s.record(ctx, tx, []fibonacco.Consent{{
		SMBID: c.SMBID, Channel: fibonacco.ChannelEmail, Granted: true, Wording: fibonacco.EmailChoice, Version: fibonacco.ChoicesVersion,
		Source: byMail, Address: c.Email, IP: address(hit.IP), UserAgent: cutText(hit.UserAgent, maxAgent), OccurredAt: tx.Now, RecordedBy: "recipient",
	}}); err != nil {
		return err
	}
	if c.EmailIn {
		return nil
	}
	if _, err := tx.Exec(ctx, `
		UPDATE smbs SET email_opted_in = TRUE, version = version + 1, updated_at = $1 WHERE id = $2 AND NOT email_opted_in`, tx.Now, c.SMBID); err != nil {
		return fmt.Errorf("opt business %d in: %w", c.SMBID, err)
	}
	return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: c.SMBID, CommunityID: c.CommunityID, Fields: []string{"email_opted_in"}})
}
