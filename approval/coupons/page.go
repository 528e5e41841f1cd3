package coupons

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// shop is a business that has coupons set up.
type shop struct {
	SMBID      int64 `db:"smb_id"`
	Business   string
	Zone       string
	Withdrawn  bool
	Generation int64 // of its links for the till
}

// tag is the same for all coupons of the business, and tells it from others on a device at a till.
func (p *shop) tag() string { return fmt.Sprint("shop-", p.SMBID) }

// shopOf returns NotFound for a business that has nothing set up.
func shopOf(ctx context.Context, tx *db.Tx, smbID int64) (*shop, error) {
	p, err := db.Get[shop](ctx, tx, `
		SELECT p.smb_id, smbs.business_name AS business, communities.timezone AS zone, p.withdrawn_at IS NOT NULL AS withdrawn,
			p.till_generation AS generation
		FROM coupon_pages p JOIN smbs ON smbs.id = p.smb_id AND smbs.deleted_at IS NULL JOIN communities ON communities.id = smbs.community_id
		WHERE p.smb_id = $1`, smbID)
	if db.IsNoRows(err) {
		return nil, missing()
	}
	if err != nil {
		return nil, fmt.Errorf("read the coupons of SMB %d: %w", smbID, err)
	}
	return &p, nil
}

// page is a coupon as pages show it now.
func (p *shop) page(tx *db.Tx, c fibonacco.Coupon) fibonacco.CouponPage {
	return fibonacco.CouponPage{Coupon: c, Business: p.Business, Shop: p.tag(), Zone: p.Zone, State: c.State(tx.Now)}
}

// CouponPage implements fibonacco.CouponPages.
func (s *Service) CouponPage(ctx context.Context, slug string) (page *fibonacco.CouponPage, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err := find(ctx, tx, `slug = $1 AND published_at IS NOT NULL`, false, slug)
		if err != nil {
			return err
		}
		p, err := shopOf(ctx, tx, c.SMBID)
		if err != nil {
			return err
		}
		if p.Withdrawn {
			return missing()
		}
		shown := p.page(tx, *c)
		page = &shown
		return nil
	})
	return page, err
}
