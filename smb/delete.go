package smb

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// DeleteSMB implements fibonacco.SMBDirectory. Queued voicemails are cancelled too, with "deleted"
// as their delivery status. Publishes SMBUpdated naming deleted_at. NotFound when it is gone
// already.
func (s *Service) DeleteSMB(ctx context.Context, id int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		smb, err := lockSMB(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, query := range []string{
			`UPDATE smbs SET deleted_at = $2, updated_at = $2, next_scheduled_send = NULL WHERE id = $1`,
			`UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'deleted', updated_at = $2 WHERE smb_id = $1 AND status = 'queued'`,
			`UPDATE rvm_drops SET status = 'cancelled', delivery_status = 'deleted', updated_at = $2 WHERE smb_id = $1 AND status = 'queued'`,
		} {
			if _, err := tx.Exec(ctx, query, id, tx.Now); err != nil {
				return fmt.Errorf("delete SMB %d: %w", id, err)
			}
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: id, CommunityID: smb.CommunityID, Fields: []string{"deleted_at"}})
	})
}
