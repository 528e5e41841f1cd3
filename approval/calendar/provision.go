package calendar

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ServiceType is what the package provisions.
func (s *Service) ServiceType() string { return "event_posting" }

// Provision lets a business post events; there is none at first. Where it was withdrawn, its events come
// back. Returns NotFound for a business that is not there.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	community, err := db.Get[string](ctx, tx, `
		SELECT communities.slug FROM smbs JOIN communities ON communities.id = smbs.community_id
		WHERE smbs.id = $1 AND smbs.deleted_at IS NULL`, task.SMBID)
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no SMB %d", task.SMBID)
	}
	if err != nil {
		return nil, fmt.Errorf("read the community of SMB %d: %w", task.SMBID, err)
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO event_posters (smb_id, created_at) VALUES ($1, $2) ON CONFLICT (smb_id) DO UPDATE SET withdrawn_at = NULL`, task.SMBID, tx.Now); err != nil {
		return nil, fmt.Errorf("let SMB %d post events: %w", task.SMBID, err)
	}
	return map[string]any{
		"url": s.base + "/events/" + community, "manage": "events",
		"note": "Fill in what, when, where and for whom. Your event is in the calendar when you say so.",
	}, nil
}

// Withdraw takes the business's events out of the public's sight. They are kept as they are.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `UPDATE event_posters SET withdrawn_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL`, tx.Now, smbID); err != nil {
		return fmt.Errorf("withdraw the events of SMB %d: %w", smbID, err)
	}
	return nil
}
