package smb

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// AdvanceManifestDestinyDay implements fibonacco.SMBService. An SMB that is not active, or has no
// start date, stays where it is. Completing publishes SMBUpdated naming campaign_status.
func (s *Service) AdvanceManifestDestinyDay(ctx context.Context, smbID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		smb, err := lockSMB(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if smb.CampaignStatus != fibonacco.StatusActive || smb.ManifestDestinyStartDate == "" {
			return nil
		}
		community, err := findCommunity(ctx, tx, "communities.id = $1", smb.CommunityID)
		if err != nil {
			return err
		}
		today, err := localDate(tx.Now, community.Timezone)
		if err != nil {
			return err
		}
		day, err := programmeDay(smb.ManifestDestinyStartDate, today, smb.PausedDays)
		if err != nil {
			return fmt.Errorf("programme day of SMB %d: %w", smbID, err)
		}
		status := fibonacco.StatusActive
		if day > s.totalDays {
			day, status = s.totalDays, fibonacco.StatusCompleted
		}
		if day == smb.ManifestDestinyDay && status == smb.CampaignStatus {
			return nil
		}
		if _, err := tx.Exec(ctx, `
			UPDATE smbs SET manifest_destiny_day = $2, campaign_status = $3, updated_at = $4 WHERE id = $1`,
			smbID, day, string(status), tx.Now); err != nil {
			return fmt.Errorf("advance SMB %d: %w", smbID, err)
		}
		if status == smb.CampaignStatus {
			return nil
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: smbID, CommunityID: smb.CommunityID, Fields: []string{"campaign_status"}})
	})
}

// programmeDay is the day of the programme on a local date: 1 on the start date, 0 before it. It
// counts dates, not hours, so that a day of 23 or 25 hours is one day.
func programmeDay(start, today string, pausedDays int) (int, error) {
	from, err := time.Parse(time.DateOnly, start)
	if err != nil {
		return 0, err
	}
	to, err := time.Parse(time.DateOnly, today)
	if err != nil {
		return 0, err
	}
	return max(int(to.Sub(from)/(24*time.Hour))+1-pausedDays, 0), nil
}
