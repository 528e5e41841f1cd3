package smb

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb/merge"
	"github.com/fibonacco/fibonacco/smb/search"
)

// keepDeleted is how long a deleted SMB can still be looked up by those who may (M1-24).
const keepDeleted = 90 * 24 * time.Hour

// purgeAtOnce bounds one transaction: each SMB has hundreds of rows in other tables.
const purgeAtOnce = 100

// purgeSQL removes the SMBs $1 with every row that belongs to them, children first. What others
// keep about them is cut loose: a call of somebody else that was linked to their voicemail, and
// the suppression of their address, which must outlast them.
var purgeSQL = []string{
	`UPDATE suppressions SET smb_id = NULL, campaign_send_id = NULL WHERE smb_id IN ($1...)`,
	`UPDATE callbacks SET rvm_drop_id = NULL WHERE rvm_drop_id IN (SELECT id FROM rvm_drops WHERE smb_id IN ($1...))`,
	`UPDATE rvm_drops SET campaign_send_id = NULL WHERE campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ($1...))`,
	`UPDATE email_conversations SET campaign_send_id = NULL WHERE campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ($1...))`,
	`UPDATE approval_upsells SET resulting_approval_id = NULL WHERE resulting_approval_id IN (SELECT id FROM approvals WHERE smb_id IN ($1...))`,
	`DELETE FROM approval_upsells WHERE approval_id IN (SELECT id FROM approvals WHERE smb_id IN ($1...))`,
	`DELETE FROM provisioning_tasks WHERE smb_id IN ($1...) OR approval_id IN (SELECT id FROM approvals WHERE smb_id IN ($1...))`,
	`DELETE FROM approvals WHERE smb_id IN ($1...)`,
	`DELETE FROM callbacks WHERE smb_id IN ($1...)`,
	`DELETE FROM rvm_drops WHERE smb_id IN ($1...)`,
	`DELETE FROM email_events WHERE campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ($1...))`,
	`DELETE FROM email_event_days WHERE campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ($1...))`,
	`DELETE FROM email_conversations WHERE smb_id IN ($1...)`,
	`DELETE FROM voicemail_skips WHERE smb_id IN ($1...) OR campaign_send_id IN (SELECT id FROM campaign_sends WHERE smb_id IN ($1...))`,
	`DELETE FROM voicemail_quota WHERE smb_id IN ($1...)`,
	`DELETE FROM campaign_sends WHERE smb_id IN ($1...)`,
	`DELETE FROM skips WHERE smb_id IN ($1...)`,
	`DELETE FROM chat_messages WHERE smb_id IN ($1...)`,
	`DELETE FROM chat_sessions WHERE smb_id IN ($1...)`,
	`DELETE FROM chat_assistants WHERE smb_id IN ($1...)`,
	`DELETE FROM ai_tasks WHERE smb_id IN ($1...)`,
	`DELETE FROM content_views WHERE smb_id IN ($1...)`,
	`DELETE FROM analytics_events WHERE smb_id IN ($1...)`,
	`DELETE FROM score_history WHERE smb_id IN ($1...)`,
	`DELETE FROM notices WHERE smb_id IN ($1...)`,
	`DELETE FROM business_links WHERE smb_id IN ($1...)`,
	`DELETE FROM bookings WHERE smb_id IN ($1...)`,
	`DELETE FROM booking_pages WHERE smb_id IN ($1...)`,
	`DELETE FROM coupon_redemptions WHERE smb_id IN ($1...) OR coupon_id IN (SELECT id FROM coupons WHERE smb_id IN ($1...))`,
	`DELETE FROM coupons WHERE smb_id IN ($1...)`,
	`DELETE FROM coupon_pages WHERE smb_id IN ($1...)`,
	`DELETE FROM reviews WHERE smb_id IN ($1...) OR request_id IN (SELECT id FROM review_requests WHERE smb_id IN ($1...))`,
	`DELETE FROM review_requests WHERE smb_id IN ($1...)`,
	`DELETE FROM review_pages WHERE smb_id IN ($1...)`,
	`DELETE FROM community_events WHERE smb_id IN ($1...)`,
	`DELETE FROM event_posters WHERE smb_id IN ($1...)`,
	`DELETE FROM business_photos WHERE profile_id IN (SELECT id FROM business_profiles WHERE smb_id IN ($1...))`,
	`DELETE FROM business_profiles WHERE smb_id IN ($1...)`,
	`DELETE FROM smb_addresses WHERE smb_id IN ($1...)`,
	`DELETE FROM smb_tags WHERE smb_id IN ($1...)`,
	`DELETE FROM smb_notes WHERE smb_id IN ($1...)`,
	`DELETE FROM preferences WHERE smb_id IN ($1...)`,
	`DELETE FROM confirmations WHERE smb_id IN ($1...)`,
	`DELETE FROM consents WHERE smb_id IN ($1...)`,
	`DELETE FROM import_changes WHERE smb_id IN ($1...)`,
	`DELETE FROM smbs WHERE id IN ($1...)`,
}

// purge removes what was deleted over 90 days ago. What was erased stays: there is only history in
// it, and it tells of nobody.
func (s *Service) purge(ctx context.Context) error {
	var last int64
	for more := true; more; {
		if err := s.db.Update(ctx, func(tx *db.Tx) error {
			ids, err := db.Select[int64](ctx, tx, `
				SELECT id FROM smbs WHERE id > $1 AND deleted_at < $2 AND erased_at IS NULL ORDER BY id LIMIT $3`, last, tx.Now.Add(-keepDeleted), purgeAtOnce)
			if err != nil || len(ids) == 0 {
				more = false
				return err
			}
			if err := merge.Forget(ctx, tx, ids); err != nil {
				return err
			}
			if err := search.Remove(ctx, tx, ids); err != nil {
				return err
			}
			for _, query := range purgeSQL {
				if _, err := tx.Exec(ctx, query, ids); err != nil {
					return fmt.Errorf("%s: %w", query, err)
				}
			}
			tx.AfterCommit(func() { last = ids[len(ids)-1] })
			return nil
		}); err != nil {
			return fmt.Errorf("purge deleted SMBs: %w", err)
		}
		if more && nearlyOver(ctx) {
			return queue.Snooze(time.Second)
		}
	}
	return nil
}
