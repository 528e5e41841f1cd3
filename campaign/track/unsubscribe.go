package track

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// reader is the send behind an unsubscribe token, with its business.
type reader struct {
	SendID       int64
	SMBID        int64 `db:"smb_id"`
	CommunityID  int64
	CampaignID   string
	Email        string // the address that was mailed
	BusinessName string
	EmailIn      bool
	VoicemailIn  bool
	DoNotContact bool
}

// findReader returns NotFound when the token proves nothing or its mail is gone. lock keeps others
// from changing the business meanwhile.
func (s *Service) findReader(ctx context.Context, tx *db.Tx, token string, lock bool) (*reader, error) {
	claim, ok := s.signer.VerifySend(fibonacco.UnsubscribeToken, token)
	if !ok {
		return nil, unknownLink()
	}
	query := `
		SELECT s.id AS send_id, m.id AS smb_id, m.community_id AS community_id, s.campaign_id AS campaign_id, s.email AS email,
			m.business_name AS business_name, m.email_opted_in AS email_in, m.rvm_opted_in AS voicemail_in, m.do_not_contact AS do_not_contact
		FROM campaign_sends s JOIN smbs m ON m.id = s.smb_id WHERE s.id = $1`
	if lock {
		query += ` FOR UPDATE OF m`
	}
	r, err := db.Get[reader](ctx, tx, query, claim.SendID)
	if db.IsNoRows(err) || err == nil && r.Email == "" { // gone, or erased
		return nil, unknownLink()
	}
	if err != nil {
		return nil, fmt.Errorf("read the recipient of send %d: %w", claim.SendID, err)
	}
	return &r, nil
}

// Subscription implements fibonacco.Unsubscriber. A suppressed address counts as mail not wanted.
func (s *Service) Subscription(ctx context.Context, token string) (*fibonacco.Subscription, error) {
	var sub *fibonacco.Subscription
	err := s.db.View(ctx, func(tx *db.Tx) error {
		r, err := s.findReader(ctx, tx, token, false)
		if err != nil {
			return err
		}
		held, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM suppressions WHERE email_key = $1`, emailKey(r.Email))
		sub = &fibonacco.Subscription{
			SMBID: r.SMBID, BusinessName: r.BusinessName, MaskedEmail: maskEmail(r.Email),
			Email: r.EmailIn && held == 0, Voicemail: r.VoicemailIn, DoNotContact: r.DoNotContact,
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return sub, nil
}

// Unsubscribe implements fibonacco.Unsubscriber. What is queued for the business is suppressed in
// the same transaction.
func (s *Service) Unsubscribe(ctx context.Context, token string, hit fibonacco.Hit) error {
	claim, ok := s.signer.VerifySend(fibonacco.UnsubscribeToken, token)
	if !ok {
		return unknownLink()
	}
	out, err := s.store(ctx, []*note{s.leaveNote(claim.SendID, hit, s.db.Clock().Now())})
	if err != nil {
		return err
	}
	return out[0].err
}

func (s *Service) leaveNote(sendID int64, hit fibonacco.Hit, now time.Time) *note {
	n := s.hitNote(unsubscribed, fibonacco.SendClaim{SendID: sendID}, hit)
	n.tracked = false
	if hit.At.IsZero() {
		n.at = now
	}
	return n
}

// SetSubscription implements fibonacco.Unsubscriber. Opting in again publishes SMBUpdated.
func (s *Service) SetSubscription(ctx context.Context, token string, email, voicemail bool, hit fibonacco.Hit) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := s.findReader(ctx, tx, token, true)
		if err != nil {
			return err
		}
		var events []fibonacco.Event
		var fields []string // that were opted in to
		if email {
			if _, err := tx.Exec(ctx, `DELETE FROM suppressions WHERE email_key = $1 AND reason = $2`, emailKey(r.Email), forUnsubscribe); err != nil {
				return fmt.Errorf("lift the suppression of send %d: %w", r.SendID, err)
			}
			if !r.EmailIn {
				fields = append(fields, "email_opted_in")
			}
		} else if _, err := s.write(ctx, tx, []*note{s.leaveNote(r.SendID, hit, tx.Now)}); err != nil {
			return err
		}
		switch {
		case voicemail && !r.VoicemailIn:
			fields = append(fields, "rvm_opted_in")
		case !voicemail && r.VoicemailIn:
			events = append(events, fibonacco.Unsubscribed{SMBID: r.SMBID, CampaignSendID: r.SendID, CampaignID: r.CampaignID, Channel: voicemailChannel})
		}
		if len(fields) > 0 {
			events = append(events, fibonacco.SMBUpdated{SMBID: r.SMBID, CommunityID: r.CommunityID, Fields: fields})
		}
		if len(events) == 0 {
			return nil
		}
		if _, err := tx.Exec(ctx, `
			UPDATE smbs SET email_opted_in = $1, rvm_opted_in = $2, version = version + 1, updated_at = $3 WHERE id = $4`, email, voicemail, tx.Now, r.SMBID); err != nil {
			return fmt.Errorf("store the choices of business %d: %w", r.SMBID, err)
		}
		if err := s.record(ctx, tx, chosen(r, email, voicemail, s.leaveNote(r.SendID, hit, tx.Now))); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, events...)
	})
}

// maskEmail shows the owner which address is meant, and nobody else what it is.
func maskEmail(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	_, size := utf8.DecodeRuneInString(local)
	if !ok || size == 0 {
		return "•••"
	}
	return local[:size] + "•••@" + domain
}
