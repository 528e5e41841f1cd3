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
func (s *Service) DeleteSMB(ctx context.Context, id int64) error { return s.deleteSMB(ctx, id, nil) }

// DeleteSMBIf implements fibonacco.SMBDirectory.
func (s *Service) DeleteSMBIf(ctx context.Context, id int64, version int) error {
	return s.deleteSMB(ctx, id, &version)
}

func (s *Service) deleteSMB(ctx context.Context, id int64, ifVersion *int) error {
	var from int64
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		smb, err := lockSMB(ctx, tx, id)
		if err != nil {
			return err
		}
		if ifVersion != nil && *ifVersion != smb.Version {
			return fibonacco.Errorf(fibonacco.Conflict, "the business has been changed since version %d", *ifVersion)
		}
		from = smb.CommunityID
		if err := markDeleted(ctx, tx, []int64{id}); err != nil {
			return err
		}
		if err := recordChange(ctx, tx, "smb.deleted", smb, nil); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: id, CommunityID: smb.CommunityID, Fields: []string{"deleted_at"}})
	})
	if err == nil {
		s.heads.forget(from)
	}
	return err
}

// markDeleted deletes SMBs and cancels what is queued for them.
func markDeleted(ctx context.Context, tx *db.Tx, ids []int64) error {
	for _, query := range []string{
		`UPDATE smbs SET deleted_at = $2, updated_at = $2, version = version + 1, next_scheduled_send = NULL WHERE id IN ($1...)`,
		`UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'deleted', updated_at = $2 WHERE smb_id IN ($1...) AND status = 'queued'`,
		`UPDATE rvm_drops SET status = 'cancelled', delivery_status = 'deleted', updated_at = $2 WHERE smb_id IN ($1...) AND status = 'queued'`,
	} {
		if _, err := tx.Exec(ctx, query, ids, tx.Now); err != nil {
			return fmt.Errorf("delete %d SMBs: %w", len(ids), err)
		}
	}
	return nil
}
