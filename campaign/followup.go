package campaign

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// followUpPrefix begins the subject of a mail that repeats a step after a voicemail.
const followUpPrefix = "As promised by voicemail: "

// FollowUpVoicemail sends a step's mail once more, minutes after a voicemail about it was left in the
// mailbox (M2-14): that is what the voicemail says. It is the step's next occurrence, so that its links
// and figures are the campaign's, and a second event about the same voicemail plans nothing. An SMB
// that may not be mailed by then gets none, and the reason is stored.
func (s *Service) FollowUpVoicemail(ctx context.Context, events []fibonacco.RVMDropDelivered) error {
	steps, err := s.steps(ctx)
	if err != nil {
		return err
	}
	delay := time.Duration(s.cfg.RVM.FollowupEmailDelayMinutes) * time.Minute
	for _, e := range events {
		err := s.db.Update(ctx, func(tx *db.Tx) error { return s.followUp(ctx, tx, steps, e, delay) })
		var refused *fibonacco.Error
		if errors.As(err, &refused) && refused.Code == fibonacco.Invalid && len(refused.Fields) == 1 {
			err = s.db.Update(ctx, func(tx *db.Tx) error { return skipFollowUp(ctx, tx, e, refused.Fields[0].Reason) })
		}
		switch fibonacco.CodeOf(err) {
		case "", fibonacco.Conflict, fibonacco.NotFound:
		default:
			return fmt.Errorf("follow voicemail %d up: %w", e.RVMDropID, err)
		}
	}
	return nil
}

const repeated = 2 // the occurrence of a step that follows a voicemail; a step has one voicemail at most

func (s *Service) followUp(ctx context.Context, tx *db.Tx, steps steps, e fibonacco.RVMDropDelivered, delay time.Duration) error {
	campaignID, err := followedCampaign(ctx, tx, e.RVMDropID)
	if err != nil || campaignID == "" {
		return err
	}
	at := e.At.Add(delay)
	id, err := s.queueSend(ctx, tx, steps, e.SMBID, campaignID, repeated, &at)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE campaign_sends SET subject = $1 || subject WHERE id = $2 AND length(subject) < 200`, followUpPrefix, id)
	return err
}

// followedCampaign is whose mail a voicemail was about; "" when it followed none.
func followedCampaign(ctx context.Context, tx *db.Tx, dropID int64) (id string, err error) {
	err = tx.QueryRow(ctx, `
		SELECT s.campaign_id FROM rvm_drops d JOIN campaign_sends s ON s.id = d.campaign_send_id WHERE d.id = $1`, dropID).Scan(&id)
	if db.IsNoRows(err) {
		return "", nil
	}
	return id, err
}

// skipFollowUp stores why a follow-up was not planned (R2). It is of no programme day.
func skipFollowUp(ctx context.Context, tx *db.Tx, e fibonacco.RVMDropDelivered, reason string) error {
	campaignID, err := followedCampaign(ctx, tx, e.RVMDropID)
	if err != nil || campaignID == "" {
		return err
	}
	var communityID int64
	if err := tx.QueryRow(ctx, `SELECT community_id FROM smbs WHERE id = $1`, e.SMBID).Scan(&communityID); err != nil {
		return err
	}
	t, err := loadTown(ctx, tx, communityID)
	if err != nil {
		return err
	}
	rows := db.NewBatch("smb bigint", "campaign text", "day integer", "reason text")
	rows.Add(e.SMBID, campaignID, 0, reason)
	_, err = insertSkips(ctx, tx, communityID, t.today(tx.Now), rows)
	return err
}
