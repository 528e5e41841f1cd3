package coupons

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// ServiceType is what this package makes.
func (s *Service) ServiceType() string { return "coupon_campaign" }

// Provision makes an empty coupon that nobody else can see. Asked again, it finds what it made, and
// brings back what was withdrawn.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (map[string]any, error) {
	shop, err := address.Of(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO coupon_pages (smb_id, created_at, updated_at) VALUES ($1, $2, $2)
		ON CONFLICT (smb_id) DO UPDATE SET withdrawn_at = NULL, updated_at = $2`, task.SMBID, tx.Now); err != nil {
		return nil, fmt.Errorf("make the coupons of SMB %d: %w", task.SMBID, err)
	}
	slug, err := db.Get[string](ctx, tx, `SELECT slug FROM coupons WHERE smb_id = $1 ORDER BY id LIMIT 1`, task.SMBID)
	if db.IsNoRows(err) {
		_, slug, err = insert(ctx, tx, task.SMBID, shop)
	}
	if err != nil {
		return nil, fmt.Errorf("make a coupon of SMB %d: %w", task.SMBID, err)
	}
	return map[string]any{
		"url":    s.couponURL(slug),
		"manage": "coupons",
		"note":   "Fill in the offer, its limit and its last day. Nobody sees the page before you publish it.",
	}, nil
}

// insert makes an empty coupon. Its number makes its address its own.
func insert(ctx context.Context, tx *db.Tx, smbID int64, shop string) (id int64, slug string, err error) {
	if err := tx.QueryRow(ctx, `INSERT INTO coupons (smb_id, created_at, updated_at) VALUES ($1, $2, $2) RETURNING id`, smbID, tx.Now).Scan(&id); err != nil {
		return 0, "", err
	}
	slug = fmt.Sprintf("%s-%d", shop, id)
	_, err = tx.Exec(ctx, `UPDATE coupons SET slug = $1 WHERE id = $2`, slug, id)
	return id, slug, err
}

// Withdraw hides the pages. What customers were promised is kept: who holds a coupon that was public
// can redeem it at the till until it ends.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE coupon_pages SET withdrawn_at = $1, updated_at = $1 WHERE smb_id = $2 AND withdrawn_at IS NULL`, tx.Now, smbID); err != nil {
		return fmt.Errorf("withdraw the coupons of SMB %d: %w", smbID, err)
	}
	return nil
}

func (s *Service) couponURL(slug string) string { return s.base + "/coupon/" + slug }
