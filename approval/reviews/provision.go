package reviews

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// serviceType is what is approved.
const serviceType = "review_automation"

// ServiceType is what this package makes.
func (s *Service) ServiceType() string { return serviceType }

// Provision makes the form and the page, closed until the owner opens them. Asked again, it finds what
// it made, and brings back what was withdrawn.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	slug, err := address.Of(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO review_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)
		ON CONFLICT (smb_id) DO UPDATE SET withdrawn_at = NULL, updated_at = $2`, task.SMBID, tx.Now); err != nil {
		return nil, fmt.Errorf("make the review page of SMB %d: %w", task.SMBID, err)
	}
	return map[string]any{
		"url":    s.formURL(slug),
		"manage": "reviews",
		"note":   "Try the form on your page first. Customers see it when you open it, and nobody is asked before you say whom.",
	}, nil
}

// Withdraw hides the form and the page. What customers wrote is kept.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE review_pages SET withdrawn_at = $1, updated_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL`, tx.Now, smbID); err != nil {
		return fmt.Errorf("withdraw the review page of SMB %d: %w", smbID, err)
	}
	return nil
}
