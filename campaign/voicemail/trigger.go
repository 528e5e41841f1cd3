package voicemail

import (
	"context"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// findCandidate reads one send; NotFound when there is no such send.
func findCandidate(ctx context.Context, tx *db.Tx, sendID int64) (c candidate, status fibonacco.SendStatus, opened, triggered bool, err error) {
	var sent *time.Time
	err = tx.QueryRow(ctx, `
		SELECT id, smb_id, campaign_id, sent_at, status, opened_at IS NOT NULL, rvm_triggered FROM campaign_sends WHERE id = $1`, sendID).Scan(
		&c.SendID, &c.SMBID, &c.CampaignID, db.TimePtr(&sent), &status, &opened, &triggered)
	if db.IsNoRows(err) {
		err = fibonacco.Errorf(fibonacco.NotFound, "there is no send %d", sendID)
	}
	if sent != nil {
		c.SentAt = *sent
	}
	return c, status, opened, triggered, err
}

// ShouldTriggerRVM implements fibonacco.CampaignVoicemail.
func (s *Service) ShouldTriggerRVM(ctx context.Context, campaignSendID int64) (bool, error) {
	should := false
	err := s.db.View(ctx, func(tx *db.Tx) error {
		c, status, opened, triggered, err := findCandidate(ctx, tx, campaignSendID)
		if err != nil || status != fibonacco.SendSent || opened || triggered || tx.Now.Sub(c.SentAt) < s.triggerAfter() || !s.setUp() {
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
		p := planned{candidate: c, b: b}
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
		c, status, _, triggered, err := findCandidate(ctx, tx, campaignSendID)
		switch {
		case err != nil:
			return err
		case triggered:
			return fibonacco.Errorf(fibonacco.Conflict, "a voicemail follows this mail already")
		case status != fibonacco.SendSent:
			return fibonacco.Errorf(fibonacco.Conflict, "this mail has not been sent, or not arrived")
		}
		refused, err := s.plan(ctx, tx, []candidate{c})
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
		return err
	})
}
