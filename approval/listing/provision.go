package listing

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// ServiceType is what the package provisions.
func (s *Service) ServiceType() string { return "listing_claim" }

// Provision makes the page from the facts on file, not public, or brings back the one that was withdrawn
// as it was. Returns NotFound for a business that is not there.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	slug, err := address.Of(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	found, err := find(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	p := found.BusinessProfile
	// Of two at once one inserts; the other, and whoever comes later, leaves what it finds.
	if _, err := tx.Exec(ctx, `
		INSERT INTO business_profiles (smb_id, name, category, phone, street, city, state, zip, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
		ON CONFLICT (smb_id) DO UPDATE SET withdrawn_at = NULL`,
		p.SMBID, p.Name, p.Category, p.Phone, p.Street, p.City, p.State, p.ZIP, tx.Now); err != nil {
		return nil, fmt.Errorf("make the page of SMB %d: %w", task.SMBID, err)
	}
	return map[string]any{
		"url": s.base + "/b/" + slug, "manage": "page",
		"note": "Look at the facts, put right what is wrong, and make the page public when you are happy with it.",
	}, nil
}

// Withdraw takes the page out of the public's sight. What its owner wrote stays for when it comes back.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `UPDATE business_profiles SET withdrawn_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL`, tx.Now, smbID); err != nil {
		return fmt.Errorf("withdraw the page of SMB %d: %w", smbID, err)
	}
	return nil
}
