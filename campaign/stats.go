package campaign

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// accepted is the sends that a provider has taken: it said so, or has reported something that
// happens to no other mail. Every other figure of a mail's life is among them, so that no rate is
// above 100 %.
const accepted = `(s.sent_at IS NOT NULL OR s.delivered_at IS NOT NULL OR s.opened_at IS NOT NULL OR s.clicked_at IS NOT NULL
	OR s.bounced_at IS NOT NULL OR s.complained_at IS NOT NULL)`

// CampaignStats implements fibonacco.CampaignReporter.
func (s *Service) CampaignStats(ctx context.Context, id string, version int) (*fibonacco.CampaignStats, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	out := &fibonacco.CampaignStats{CampaignID: id, Version: version}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		of, args := ` FROM campaign_sends s WHERE s.campaign_id = $1 AND ($2 = 0 OR s.campaign_version = $2)`, []any{id, version}
		scope := fibonacco.ScopeOf(ctx)
		if scope != nil {
			of += ` AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = s.smb_id AND smbs.community_id IN ($3...))`
			args = append(args, scope)
		}
		if err := tx.QueryRow(ctx, `
			SELECT COUNT(*), COUNT(CASE WHEN s.status IN ('queued', 'sending') THEN 1 END), COUNT(CASE WHEN `+accepted+` THEN 1 END),
				COUNT(s.delivered_at), COUNT(s.opened_at), COUNT(s.clicked_at), COUNT(s.bounced_at), COUNT(s.complained_at),
				COUNT(CASE WHEN s.status = 'failed' THEN 1 END), COUNT(CASE WHEN s.status = 'unknown' THEN 1 END),
				COUNT(CASE WHEN s.status = 'suppressed' THEN 1 END), COUNT(CASE WHEN s.status = 'cancelled' THEN 1 END)`+of, args...).Scan(
			&out.Planned, &out.Queued, &out.Sent, &out.Delivered, &out.Opened, &out.Clicked, &out.Bounced, &out.Complained,
			&out.Failed, &out.Unknown, &out.Suppressed, &out.Cancelled); err != nil {
			return err
		}
		var err error
		out.Unsubscribed, err = db.Count(ctx, tx, `SELECT COUNT(*)`+of+` AND `+accepted+` AND (
			EXISTS (SELECT 1 FROM email_events e WHERE e.campaign_send_id = s.id AND e.event_type = 'unsubscribed')
			OR EXISTS (SELECT 1 FROM email_event_days d WHERE d.campaign_send_id = s.id AND d.event_type = 'unsubscribed'))`, args...)
		if err != nil || scope != nil {
			return err
		}
		shown := version
		if shown == 0 {
			shown = c.Version
		}
		return s.subjectStats(ctx, tx, id, shown, out)
	})
	if err != nil {
		return nil, fmt.Errorf("count what became of %s: %w", id, err)
	}
	rate := func(n int) float64 {
		if out.Sent == 0 {
			return 0
		}
		return 100 * float64(n) / float64(out.Sent)
	}
	out.DeliveryRate, out.OpenRate, out.ClickRate = rate(out.Delivered), rate(out.Opened), rate(out.Clicked)
	out.BounceRate, out.ComplaintRate, out.UnsubscribeRate = rate(out.Bounced), rate(out.Complained), rate(out.Unsubscribed)
	return out, nil
}
