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
	Gone         bool   // deleted
	Timezone     string // of its community
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
			m.business_name AS business_name, m.email_opted_in AS email_in, m.rvm_opted_in AS voicemail_in, m.do_not_contact AS do_not_contact,
			m.deleted_at IS NOT NULL AS gone, c.timezone AS timezone
		FROM campaign_sends s JOIN smbs m ON m.id = s.smb_id JOIN communities c ON c.id = m.community_id WHERE s.id = $1`
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
		if err != nil {
			return err
		}
		prefs, err := readPreferences(ctx, tx, r.SMBID)
		sub = &fibonacco.Subscription{
			SMBID: r.SMBID, BusinessName: r.BusinessName, MaskedEmail: maskEmail(r.Email),
			Email: r.EmailIn && held == 0, Voicemail: r.VoicemailIn, DoNotContact: r.DoNotContact,
			Timezone: r.Timezone, Preferences: prefs,
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
	var out []outcome
	if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		out, err = s.write(ctx, tx, []*note{s.leaveNote(claim.SendID, hit, s.db.Clock().Now())})
		return err
	}); err != nil {
		return fmt.Errorf("unsubscribe by a link: %w", err)
	}
	return out[0].Err
}

func (s *Service) leaveNote(sendID int64, hit fibonacco.Hit, now time.Time) *note {
	n := s.hitNote(unsubscribed, fibonacco.SendClaim{SendID: sendID}, hit)
	n.tracked = false
	if hit.At.IsZero() {
		n.at = now
	}
	return n
}

// SetSubscription implements fibonacco.Unsubscriber. What is queued and not wanted any more is closed
// when it is claimed.
func (s *Service) SetSubscription(ctx context.Context, token string, c fibonacco.Choices, hit fibonacco.Hit) error {
	if err := checkChoices(c); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		r, err := s.findReader(ctx, tx, token, true)
		if err != nil {
			return err
		}
		n := s.leaveNote(r.SendID, hit, tx.Now)
		if !c.Email {
			if _, err := s.write(ctx, tx, []*note{n}); err != nil {
				return err
			}
		}
		events, err := storePreferences(ctx, tx, r, c)
		if err != nil {
			return err
		}
		if c.Voicemail == r.VoicemailIn {
			return s.queue.Publish(ctx, tx, events...)
		}
		if c.Voicemail {
			events = append(events, fibonacco.SMBUpdated{SMBID: r.SMBID, CommunityID: r.CommunityID, Fields: []string{"rvm_opted_in"}})
		} else {
			events = append(events, fibonacco.Unsubscribed{SMBID: r.SMBID, CampaignSendID: r.SendID, CampaignID: r.CampaignID, Channel: voicemailChannel})
		}
		if _, err := tx.Exec(ctx, `UPDATE smbs SET rvm_opted_in = $1, version = version + 1, updated_at = $2 WHERE id = $3`,
			c.Voicemail, tx.Now, r.SMBID); err != nil {
			return fmt.Errorf("store the choices of business %d: %w", r.SMBID, err)
		}
		if err := s.record(ctx, tx, []fibonacco.Consent{chosen(r, c.Voicemail, n)}); err != nil {
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
