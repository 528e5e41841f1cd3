package campaign

import (
	"cmp"
	"context"
	"fmt"
	"slices"

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
		groups, err := db.Select[sendGroup](ctx, tx, `
			SELECT s.status, COALESCE(s.skip_reason, '') AS reason, COUNT(*) AS n, COUNT(CASE WHEN `+accepted+` THEN 1 END) AS sent, COUNT(s.delivered_at) AS delivered,
				COUNT(s.opened_at) AS opened, COUNT(s.clicked_at) AS clicked, COUNT(s.bounced_at) AS bounced, COUNT(s.complained_at) AS complained`+
			of+` GROUP BY s.status, COALESCE(s.skip_reason, '')`, args...)
		if err != nil {
			return err
		}
		skips := addUp(out, groups)
		out.Unsubscribed, err = db.Count(ctx, tx, `SELECT COUNT(*)`+of+` AND `+accepted+` AND s.id IN (
			SELECT e.campaign_send_id FROM email_events e WHERE e.event_type = 'unsubscribed'
			UNION SELECT d.campaign_send_id FROM email_event_days d WHERE d.event_type = 'unsubscribed')`, args...)
		if err != nil {
			return err
		}
		if err := ledTo(ctx, tx, out, c, of, args); err != nil {
			return err
		}
		if out.Skips, err = skipReasons(ctx, tx, id, version, scope, skips); err != nil || scope != nil {
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

// ledTo counts the mails whose business came to the page, and those whose business said yes.
func ledTo(ctx context.Context, tx *db.Tx, out *fibonacco.CampaignStats, c *fibonacco.Campaign, of string, args []any) (err error) {
	if out.Learnt, err = db.Count(ctx, tx, `SELECT COUNT(*)`+of+` AND `+accepted+` AND s.occurrence = 1
		AND s.smb_id IN (SELECT v.smb_id FROM content_views v WHERE v.source_campaign_id = $1)`, args...); err != nil {
		return err
	}
	page := fmt.Sprintf("$%d", len(args)+1)
	out.Approved, err = db.Count(ctx, tx, `SELECT COUNT(*)`+of+` AND `+accepted+` AND s.occurrence = 1
		AND s.smb_id IN (SELECT a.smb_id FROM approvals a WHERE a.source_id IN ($1, `+page+`) AND a.status <> 'cancelled')`,
		append(slices.Clone(args), c.Slug)...)
	return err
}

// sendGroup is the mails of one status, and of one reason why they did not go.
type sendGroup struct {
	Status fibonacco.SendStatus
	Reason fibonacco.SkipReason

	N, Sent, Delivered, Opened, Clicked, Bounced, Complained int
}

// addUp puts groups together, and returns why some did not go.
func addUp(out *fibonacco.CampaignStats, groups []sendGroup) map[fibonacco.SkipReason]int {
	skips := map[fibonacco.SkipReason]int{}
	of := map[fibonacco.SendStatus]*int{
		fibonacco.SendQueued: &out.Queued, fibonacco.SendSending: &out.Queued, fibonacco.SendFailed: &out.Failed, fibonacco.SendUnknown: &out.Unknown,
		fibonacco.SendSuppressed: &out.Suppressed, fibonacco.SendCancelled: &out.Cancelled,
	}
	for _, g := range groups {
		out.Planned, out.Sent, out.Delivered = out.Planned+g.N, out.Sent+g.Sent, out.Delivered+g.Delivered
		out.Opened, out.Clicked = out.Opened+g.Opened, out.Clicked+g.Clicked
		out.Bounced, out.Complained = out.Bounced+g.Bounced, out.Complained+g.Complained
		if sum := of[g.Status]; sum != nil {
			*sum += g.N
		}
		if g.Status == fibonacco.SendSuppressed || g.Status == fibonacco.SendCancelled {
			skips[g.Reason] += g.N
		}
	}
	return skips
}

// skipReasons is why what was due did not go: sums, and what was never planned, which is of no version.
func skipReasons(ctx context.Context, tx *db.Tx, id string, version int, scope []int64, sums map[fibonacco.SkipReason]int) ([]fibonacco.SkipCount, error) {
	if version == 0 {
		type group struct {
			Reason fibonacco.SkipReason
			N      int
		}
		seen, args := ``, []any{id}
		if scope != nil {
			seen, args = ` AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = k.smb_id AND smbs.community_id IN ($2...))`, append(args, scope)
		}
		never, err := db.Select[group](ctx, tx, `SELECT k.reason AS reason, COUNT(*) AS n FROM skips k WHERE k.campaign_id = $1`+seen+` GROUP BY k.reason`, args...)
		if err != nil {
			return nil, err
		}
		for _, g := range never {
			sums[g.Reason] += g.N
		}
	}
	all := make([]fibonacco.SkipCount, 0, len(sums))
	for reason, n := range sums {
		all = append(all, fibonacco.SkipCount{Reason: reason, Count: n})
	}
	slices.SortFunc(all, func(a, b fibonacco.SkipCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return all, nil
}
