package voicemail

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// namedSend is a mail that somebody names.
type namedSend struct {
	candidate
	CommunityID int64 // that the business is in now
	Status      fibonacco.SendStatus
	Opened      bool
	Triggered   bool
}

// findSend reads one send; NotFound when there is none, or its business is not the caller's to see.
func findSend(ctx context.Context, tx *db.Tx, sendID int64) (c namedSend, err error) {
	var sent *time.Time
	err = tx.QueryRow(ctx, `
		SELECT s.id, s.smb_id, s.campaign_id, s.sent_at, s.status, s.opened_at IS NOT NULL, s.rvm_triggered, smbs.community_id
		FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id WHERE s.id = $1`, sendID).Scan(
		&c.SendID, &c.SMBID, &c.CampaignID, db.TimePtr(&sent), &c.Status, &c.Opened, &c.Triggered, &c.CommunityID)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, c.CommunityID) {
		err = fibonacco.Errorf(fibonacco.NotFound, "there is no send %d", sendID)
	}
	if sent != nil {
		c.SentAt = *sent
	}
	return c, err
}

// ShouldTriggerRVM implements fibonacco.CampaignVoicemail.
func (s *Service) ShouldTriggerRVM(ctx context.Context, campaignSendID int64) (bool, error) {
	should := false
	err := s.db.View(ctx, func(tx *db.Tx) error {
		c, err := findSend(ctx, tx, campaignSendID)
		if err != nil || c.Status != fibonacco.SendSent || c.Opened || c.Triggered || tx.Now.Sub(c.SentAt) < s.triggerAfter() || !s.setUp() {
			return err
		}
		businesses, err := s.loadBusinesses(ctx, tx, []int64{c.SMBID})
		if err != nil {
			return err
		}
		scripts, err := s.loadScripts(ctx, tx, []string{c.CampaignID})
		if err != nil {
			return err
		}
		waiting, err := withDrops(ctx, tx, []int64{c.SMBID})
		b := businesses[c.SMBID]
		if err != nil || b == nil || waiting[c.SMBID] {
			return err
		}
		p := planned{candidate: c.candidate, b: b}
		if s.permit(ctx, &p, scripts[c.CampaignID], tx.Now) != "" {
			return nil
		}
		free, err := s.free(ctx, tx, b, p.when)
		should = free
		return err
	})
	return should, err
}

// free reports whether the tier leaves room for one more in the month of a moment.
func (s *Service) free(ctx context.Context, tx *db.Tx, b *business, when time.Time) (bool, error) {
	inMonth, inQuarter, err := used(ctx, tx, b.ID, month(when, b.zone))
	most, quarterly := s.limit(b.Tier)
	if quarterly {
		return inQuarter < most, err
	}
	return inMonth < most, err
}

// TriggerRVM implements fibonacco.CampaignVoicemail.
func (s *Service) TriggerRVM(ctx context.Context, campaignSendID int64) error {
	if !s.setUp() {
		return fibonacco.Errorf(fibonacco.Unavailable, "voicemail is not set up: rvm.key, rvm.callback_number and rvm.opt_out_number")
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := findSend(ctx, tx, campaignSendID)
		switch {
		case err != nil:
			return err
		case c.Triggered:
			return fibonacco.Errorf(fibonacco.Conflict, "a voicemail follows this mail already")
		case c.Status != fibonacco.SendSent:
			return fibonacco.Errorf(fibonacco.Conflict, "this mail has not been sent, or not arrived")
		}
		refused, err := s.plan(ctx, tx, []candidate{c.candidate})
		if err != nil {
			return err
		}
		if reason := refused[campaignSendID]; reason != "" {
			return refusal(reason)
		}
		n, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM rvm_drops WHERE campaign_send_id = $1`, campaignSendID)
		if err == nil && n == 0 {
			err = fibonacco.Errorf(fibonacco.Conflict, "a voicemail follows this mail already")
		}
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.voicemail_triggered", Entity: "smb", EntityID: fmt.Sprint(c.SMBID), CommunityID: &c.CommunityID,
			After: map[string]any{"campaign_send_id": campaignSendID, "campaign_id": c.CampaignID},
		})
	})
}
