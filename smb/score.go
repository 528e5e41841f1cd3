package smb

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Points of an approval that is older than the window (M1-06). Never more than a fresh one's.
const (
	agedApprovalPoints = 15 // up to 90 days old
	oldApprovalPoints  = 5
)

const maxScore = 100

// CalculateEngagementScore implements fibonacco.SMBService.
func (s *Service) CalculateEngagementScore(ctx context.Context, smbID int64) (b fibonacco.ScoreBreakdown, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID); err != nil {
			return err
		}
		counts, err := s.countEngagement(ctx, tx, []int64{smbID})
		if err != nil {
			return err
		}
		b = s.breakdown(smbID, counts[smbID])
		return nil
	})
	return b, err
}

// breakdown weighs what was counted; c may be nil. An approval's points take in the older ones,
// its count does not.
func (s *Service) breakdown(smbID int64, c *counted) fibonacco.ScoreBreakdown {
	if c == nil {
		c = &counted{}
	}
	b := fibonacco.ScoreBreakdown{SMBID: smbID, Parts: make([]fibonacco.ScorePart, len(fibonacco.EngagementKinds))}
	for i, kind := range fibonacco.EngagementKinds {
		p := fibonacco.ScorePart{
			Kind: kind, Count: c.kinds[kind], Weight: s.engagement.ScoreWeights[kind], Cap: s.engagement.ScoreCaps[kind],
		}
		points := p.Weight * p.Count
		if kind == fibonacco.KindApproval {
			points += min(agedApprovalPoints, p.Weight)*c.agedApprove + min(oldApprovalPoints, p.Weight)*c.oldApprove
		}
		p.Points = max(min(points, p.Cap), 0)
		b.Parts[i] = p
		b.Score += p.Points
	}
	b.Score = min(b.Score, maxScore)
	b.Tier = s.engagement.Tier(b.Score)
	return b
}
