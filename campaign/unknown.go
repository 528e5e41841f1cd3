package campaign

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// SettleSend implements fibonacco.SendingControl. A mail that goes again is looked at once more when it
// is claimed, as every other.
func (s *Service) SettleSend(ctx context.Context, id int64, became fibonacco.SendStatus, why string) error {
	why = strings.TrimSpace(why)
	var bad []fibonacco.FieldError
	if became != fibonacco.SendSent && became != fibonacco.SendFailed && became != fibonacco.SendQueued {
		bad = append(bad, fibonacco.FieldError{Field: "status", Reason: "must be sent, failed or queued"})
	}
	if why == "" || len(why) > 500 {
		bad = append(bad, fibonacco.FieldError{Field: "reason", Reason: "must be from 1 to 500 bytes long: it is kept in the audit log"})
	}
	if bad != nil {
		return fibonacco.InvalidFields("the mail cannot be settled so", bad)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		type row struct {
			SMBID       int64 `db:"smb_id"`
			CommunityID int64
			CampaignID  string
			Status      fibonacco.SendStatus
		}
		r, err := db.Get[row](ctx, tx, `
			SELECT s.smb_id AS smb_id, smbs.community_id AS community_id, s.campaign_id AS campaign_id, s.status AS status
			FROM campaign_sends s JOIN smbs ON smbs.id = s.smb_id WHERE s.id = $1 FOR UPDATE OF s`, id)
		if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, r.CommunityID) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no mail %d", id)
		}
		if err != nil {
			return fmt.Errorf("read send %d: %w", id, err)
		}
		if r.Status != fibonacco.SendUnknown {
			return fibonacco.Errorf(fibonacco.Conflict, "mail %d is %s: only one that is unknown waits for somebody to say what became of it", id, r.Status)
		}
		var sent any
		if became == fibonacco.SendSent {
			sent = tx.Now
		}
		if _, err := tx.Exec(ctx, `
			UPDATE campaign_sends SET status = $1, sent_at = COALESCE(sent_at, $2), last_error = NULL, updated_at = $3,
				scheduled_for = CASE WHEN CAST($4 AS boolean) THEN $3 ELSE scheduled_for END
			WHERE id = $5 AND status = 'unknown'`, string(became), sent, tx.Now, became == fibonacco.SendQueued, id); err != nil {
			return fmt.Errorf("settle send %d: %w", id, err)
		}
		if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "send.settled", Entity: "campaign_send", EntityID: fmt.Sprint(id), CommunityID: &r.CommunityID,
			Before: map[string]any{"status": r.Status}, After: map[string]any{"status": became, "reason": why},
		}); err != nil {
			return err
		}
		if became == fibonacco.SendQueued {
			return s.batchSends(ctx, tx, queue.Emails, tx.Now, []int64{id})
		}
		return s.queue.Publish(ctx, tx, fibonacco.CampaignSendCompleted{
			CampaignSendID: id, SMBID: r.SMBID, CommunityID: r.CommunityID, CampaignID: r.CampaignID, Status: became,
		})
	})
}
