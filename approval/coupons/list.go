package coupons

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var table = query.Table{Listing: fibonacco.CouponListing, From: "coupons", Key: "coupons.id"}

const columns = `coupons.id, coupons.smb_id, COALESCE(coupons.slug, ''), coupons.title, coupons.terms, coupons.code, coupons.total_limit, coupons.per_customer,
	coupons.starts_at, coupons.ends_at, coupons.status, coupons.redeemed, coupons.published_at, coupons.created_at, coupons.updated_at`

func scan(row db.Row) (c fibonacco.Coupon, err error) {
	err = row.Scan(&c.ID, &c.SMBID, &c.Slug, &c.Title, &c.Terms, &c.Code, &c.TotalLimit, &c.PerCustomer, db.TimePtr(&c.StartsAt), db.TimePtr(&c.EndsAt),
		&c.Status, &c.Redeemed, db.TimePtr(&c.PublishedAt), db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt))
	return c, err
}

// list reads coupons; rest is what follows WHERE.
func list(ctx context.Context, tx *db.Tx, rest string, args ...any) ([]fibonacco.Coupon, error) {
	all, err := db.Read(ctx, tx, scan, `SELECT `+columns+` FROM coupons WHERE `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read coupons: %w", err)
	}
	return all, nil
}

// find returns NotFound when there is no such coupon. lock keeps others from redeeming or changing it.
func find(ctx context.Context, tx *db.Tx, where string, lock bool, args ...any) (*fibonacco.Coupon, error) {
	if lock {
		where += ` FOR NO KEY UPDATE`
	}
	all, err := list(ctx, tx, where, args...)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, missing()
	}
	return &all[0], nil
}

// ListCoupons implements fibonacco.CouponDirectory.
func (s *Service) ListCoupons(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Coupon], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.OfSMB(ctx, tx, table, smbID, q, columns, scan)
		return err
	})
	return page, err
}
