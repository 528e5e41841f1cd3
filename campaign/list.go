package campaign

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const sendColumns = `
	id, CAST(uuid AS text), smb_id, campaign_id, occurrence, email, COALESCE(subject, ''), scheduled_for, sent_at,
	COALESCE(message_id, ''), status, COALESCE(skip_reason, ''), campaign_version, subject_variant, attempts, COALESCE(last_error, ''), delivered_at,
	opened_at, clicked_at, bounced_at, complained_at, rvm_triggered, rvm_drop_id, created_at, updated_at`

func scanSend(row db.Row) (fibonacco.CampaignSend, error) {
	var s fibonacco.CampaignSend
	err := row.Scan(&s.ID, &s.UUID, &s.SMBID, &s.CampaignID, &s.Occurrence, &s.Email, &s.Subject,
		db.TimePtr(&s.ScheduledFor), db.TimePtr(&s.SentAt), &s.MessageID, &s.Status, &s.SkipReason, &s.Version, &s.Variant, &s.Attempts, &s.LastError,
		db.TimePtr(&s.DeliveredAt), db.TimePtr(&s.OpenedAt), db.TimePtr(&s.ClickedAt), db.TimePtr(&s.BouncedAt),
		db.TimePtr(&s.ComplainedAt), &s.RVMTriggered, &s.RVMDropID, db.Time(&s.CreatedAt), db.Time(&s.UpdatedAt))
	return s, err
}

// Send is one send, or NotFound.
func (s *Service) Send(ctx context.Context, id int64) (*fibonacco.CampaignSend, error) {
	var send fibonacco.CampaignSend
	err := s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		send, err = scanSend(tx.QueryRow(ctx, `SELECT `+sendColumns+` FROM campaign_sends WHERE id = $1`, id))
		return err
	})
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no send %d", id)
	}
	if err != nil {
		return nil, fmt.Errorf("find send %d: %w", id, err)
	}
	return &send, nil
}

// ListSends implements fibonacco.CampaignDirectory.
func (s *Service) ListSends(ctx context.Context, f fibonacco.SendFilter, before int64, limit int) (page []fibonacco.CampaignSend, next int64, err error) {
	limit = min(max(limit, 1), 1000)
	where, args := []string{"TRUE"}, []any{}
	add := func(condition string, v any) {
		args = append(args, v)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if before > 0 {
		add("id < $%d", before)
	}
	if f.SMBID > 0 {
		add("smb_id = $%d", f.SMBID)
	}
	if f.CampaignID != "" {
		add("campaign_id = $%d", f.CampaignID)
	}
	if f.Status != "" {
		add("status = $%d", string(f.Status))
	}
	if condition := inScope(ctx, func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}); condition != "" {
		where = append(where, condition)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+sendColumns+` FROM campaign_sends WHERE `+strings.Join(where, " AND ")+
			` ORDER BY id DESC LIMIT `+fmt.Sprint(limit+1), args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			one, err := scanSend(rows)
			if err != nil {
				return err
			}
			page = append(page, one)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list sends: %w", err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// RecordEmailEvent implements fibonacco.CampaignMailing.
func (s *Service) RecordEmailEvent(ctx context.Context, campaignSendID int64, eventType string, data fibonacco.EmailEventData) error {
	return s.record(ctx, campaignSendID, eventType, data)
}

// WelcomePremium queues the welcome mail of an SMB that has reached tier 1, once per promotion
// (M1-10). An SMB that may not be mailed gets none: that is its choice, not an error.
func (s *Service) WelcomePremium(ctx context.Context, events []fibonacco.SMBTierChanged) error {
	steps, err := s.steps(ctx)
	if err != nil {
		return err
	}
	if steps.byID[fibonacco.PremiumWelcomeID] == nil {
		return nil // the library in use has no such message
	}
	for _, e := range events {
		if e.NewTier != 1 || e.Direction != "upgrade" {
			continue
		}
		err := s.db.Update(ctx, func(tx *db.Tx) error {
			// The promotions so far tell this one from earlier ones: seen again, it is the same number.
			promotions, err := db.Count(ctx, tx, `
				SELECT COUNT(*) FROM analytics_events WHERE smb_id = $1 AND event_type = $2
					AND CAST(properties->>'new_tier' AS text) = '1' AND CAST(properties->>'direction' AS text) = 'upgrade'`, e.SMBID, e.Meta().Type)
			if err != nil {
				return err
			}
			_, err = s.queueSend(ctx, tx, steps, e.SMBID, fibonacco.PremiumWelcomeID, max(promotions, 1), nil)
			return err
		})
		switch fibonacco.CodeOf(err) {
		case "", fibonacco.Conflict, fibonacco.Invalid, fibonacco.NotFound:
		default:
			return fmt.Errorf("welcome SMB %d: %w", e.SMBID, err)
		}
	}
	return nil
}

// CountSends counts the ledger by status.
func (s *Service) CountSends(ctx context.Context) (map[fibonacco.SendStatus]int64, error) {
	out := map[fibonacco.SendStatus]int64{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT status, COUNT(*) FROM campaign_sends GROUP BY status`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var status fibonacco.SendStatus
			var n int64
			if err := rows.Scan(&status, &n); err != nil {
				return err
			}
			out[status] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("count sends: %w", err)
	}
	return out, nil
}
