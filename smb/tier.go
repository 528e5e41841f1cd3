package smb

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// EvaluateTierChange implements fibonacco.SMBService.
func (s *Service) EvaluateTierChange(ctx context.Context, smbID int64) (tier int, changed bool, err error) {
	smb, err := s.Find(ctx, smbID)
	if err != nil {
		return 0, false, err
	}
	tier = s.engagement.Tier(smb.EngagementScore)
	return tier, tier != smb.EngagementTier, nil
}

// UpgradeTier implements fibonacco.SMBService. The tier holds until the score is computed again.
// Invalid for a tier that does not exist.
func (s *Service) UpgradeTier(ctx context.Context, smbID int64, tier int) error {
	return s.moveTier(ctx, smbID, tier, "an upgrade leads to a smaller tier number than %d", func(from int) bool { return tier < from })
}

// DowngradeTier implements fibonacco.SMBService. See UpgradeTier.
func (s *Service) DowngradeTier(ctx context.Context, smbID int64, tier int) error {
	return s.moveTier(ctx, smbID, tier, "a downgrade leads to a larger tier number than %d", func(from int) bool { return tier > from })
}

func (s *Service) moveTier(ctx context.Context, smbID int64, tier int, refusal string, allowed func(from int) bool) error {
	if tier < 1 || tier > 4 {
		return fibonacco.InvalidFields("the tier cannot be changed", []fibonacco.FieldError{{Field: "tier", Reason: "must be 1, 2, 3 or 4"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		before, err := lockStandings(ctx, tx, []int64{smbID})
		if err != nil {
			return err
		}
		if len(before) == 0 {
			return noSuchSMB()
		}
		if !allowed(before[0].tier) {
			return fibonacco.Errorf(fibonacco.Conflict, refusal, before[0].tier)
		}
		after := before[0]
		after.tier = tier
		return s.store(ctx, tx, before, []standing{after})
	})
}
