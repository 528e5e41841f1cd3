package coupons

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// deskRows is how many redemptions of a coupon the desk shows.
const deskRows = 20

// CouponDesk implements fibonacco.CouponKeeper.
func (s *Service) CouponDesk(ctx context.Context, smbID int64) (d *fibonacco.CouponDesk, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := shopOf(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if p.Withdrawn {
			return missing()
		}
		d = &fibonacco.CouponDesk{
			Business: p.Business, Zone: p.Zone,
			TillURL: s.base + "/till/" + s.signer.SignTill(fibonacco.TillClaim{SMBID: smbID, Generation: p.Generation}),
		}
		all, err := list(ctx, tx, `smb_id = $1 ORDER BY id DESC LIMIT $2`, smbID, 2*mostCoupons)
		if err != nil {
			return err
		}
		last, err := redemptions(ctx, tx, `id IN (
			SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY coupon_id ORDER BY id DESC) AS n FROM coupon_redemptions WHERE smb_id = $1) AS ranked
			WHERE n <= $2) ORDER BY id DESC`, smbID, deskRows)
		if err != nil {
			return err
		}
		of := map[int64][]fibonacco.Redemption{}
		for _, r := range last {
			of[r.CouponID] = append(of[r.CouponID], r)
		}
		for _, c := range all {
			page := p.page(tx, c)
			page.Redemptions = of[c.ID]
			d.Coupons = append(d.Coupons, page)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}
