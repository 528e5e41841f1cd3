package campaign

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// manyMails is from how many mails of a campaign its figures are not counted for everybody who asks.
const manyMails = 10_000

// CampaignStats implements fibonacco.CampaignReporter.
func (s *Service) CampaignStats(ctx context.Context, id string, version int) (*fibonacco.CampaignStats, error) {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return nil, err
	}
	var out *fibonacco.CampaignStats
	err = s.db.View(ctx, func(tx *db.Tx) error {
		scope := fibonacco.ScopeOf(ctx)
		counted, at, err := s.ledgerOf(ctx, tx, id, version, scope)
		if err != nil {
			return err
		}
		var skips map[fibonacco.SkipReason]int
		out, skips = counted.stats(id, version)
		out.CountedAt = at
		if out.Skips, err = skipReasons(ctx, tx, id, version, scope, skips); err != nil || scope != nil {
			return err
		}
		return s.subjectStats(ctx, tx, id, cmp.Or(version, c.Version), out)
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

// ledgerOf is what became of a campaign's mails, and when that was counted: now, or, where they are
// many, when those of all campaigns were, if somebody has asked for these.
func (s *Service) ledgerOf(ctx context.Context, tx *db.Tx, id string, version int, scope []int64) (ledger, time.Time, error) {
	if scope == nil {
		n, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM (SELECT 1 FROM campaign_sends WHERE campaign_id = $1 LIMIT $2) mails`, id, manyMails)
		if err != nil {
			return nil, time.Time{}, err
		}
		if n == manyMails {
			if counts, ok := s.figures.Soon(ctx, struct{}{}); ok {
				return counts.ledger, counts.at, nil
			}
		}
	}
	of, args := `s.campaign_id = $1`, []any{id}
	add := func(condition string, value any) {
		args = append(args, value)
		of += strings.ReplaceAll(condition, "$n", fmt.Sprintf("$%d", len(args)))
	}
	if version != 0 {
		add(` AND s.campaign_version = $n`, version)
	}
	if scope != nil {
		add(` AND EXISTS (SELECT 1 FROM smbs WHERE smbs.id = s.smb_id AND smbs.community_id IN ($n...))`, scope)
	}
	l, err := countLedger(ctx, tx, of, args...)
	return l, tx.Now, err
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
