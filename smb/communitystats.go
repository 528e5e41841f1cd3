package smb

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// CommunityStats implements fibonacco.CommunityService.
func (s *Service) CommunityStats(ctx context.Context, id int64) (*fibonacco.CommunityStats, error) {
	stats := &fibonacco.CommunityStats{
		CommunityID: id,
		ByStatus: map[fibonacco.CampaignStatus]int{
			fibonacco.StatusPending: 0, fibonacco.StatusActive: 0, fibonacco.StatusPaused: 0, fibonacco.StatusCompleted: 0,
		},
		ByTier: map[int]int{1: 0, 2: 0, 3: 0, 4: 0},
	}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findCommunity(ctx, tx, "communities.id = $1", id); err != nil {
			return err
		}
		if err := countMembers(ctx, tx, stats); err != nil {
			return fmt.Errorf("count the businesses of community %d: %w", id, err)
		}
		if err := countMonth(ctx, tx, stats); err != nil {
			return fmt.Errorf("count the month of community %d: %w", id, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return stats, nil
}

// countMembers counts what the businesses are now.
func countMembers(ctx context.Context, tx *db.Tx, stats *fibonacco.CommunityStats) error {
	type group struct {
		Status                   fibonacco.CampaignStatus
		Tier                     int
		N, Contactable, OptedOut int
		TotalScore, TotalQuality int64
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT campaign_status AS status, engagement_tier AS tier, count(*) AS n,
			SUM(CASE WHEN email_opted_in AND NOT do_not_contact AND email_key IS NOT NULL
				AND NOT EXISTS (SELECT 1 FROM suppressions WHERE suppressions.email_key = smbs.email_key) THEN 1 ELSE 0 END) AS contactable,
			SUM(CASE WHEN email_opted_in THEN 0 ELSE 1 END) AS opted_out,
			CAST(SUM(engagement_score) AS bigint) AS total_score, CAST(SUM(data_quality_score) AS bigint) AS total_quality
		FROM smbs WHERE community_id = $1 AND deleted_at IS NULL
		GROUP BY campaign_status, engagement_tier`, stats.CommunityID)
	if err != nil {
		return err
	}
	var score, quality int64
	for _, g := range groups {
		stats.SMBs += g.N
		stats.ByStatus[g.Status] += g.N
		stats.ByTier[g.Tier] += g.N
		stats.Contactable += g.Contactable
		stats.Unsubscribed += g.OptedOut
		score += g.TotalScore
		quality += g.TotalQuality
	}
	if stats.SMBs > 0 {
		stats.AverageScore = tenths(float64(score) / float64(stats.SMBs))
		stats.DataQuality = tenths(float64(quality) / float64(stats.SMBs))
	}
	return nil
}

func tenths(x float64) float64 { return math.Round(x*10) / 10 }

// countMonth counts what happened in the last 30 days. It begins with the community's businesses,
// which CROSS JOIN and COALESCE keep SQLite from doing otherwise: everybody's mails of the month
// are many more than all mails of a town.
func countMonth(ctx context.Context, tx *db.Tx, stats *fibonacco.CommunityStats) error {
	since := tx.Now.Add(-30 * 24 * time.Hour)
	err := tx.QueryRow(ctx, `
		SELECT count(*), count(s.opened_at), count(s.clicked_at) FROM smbs CROSS JOIN campaign_sends s
		WHERE smbs.community_id = $1 AND smbs.deleted_at IS NULL AND s.smb_id = smbs.id
			AND COALESCE(s.status, '') IN ('sent', 'bounced', 'complained') AND s.sent_at >= $2`, stats.CommunityID, since).
		Scan(&stats.Sent30, &stats.Opened30, &stats.Clicked30)
	if err != nil {
		return err
	}
	return tx.QueryRow(ctx, `
		SELECT count(*) FROM smbs CROSS JOIN approvals a
		WHERE smbs.community_id = $1 AND smbs.deleted_at IS NULL AND a.smb_id = smbs.id
			AND COALESCE(a.status, '') <> 'cancelled' AND a.approved_at >= $2`, stats.CommunityID, since).Scan(&stats.Approvals30)
}
