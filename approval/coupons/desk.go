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
		for _, c := range all {
			page := p.page(tx, c)
			if page.Redemptions, err = redemptions(ctx, tx, `coupon_id = $1 ORDER BY id DESC LIMIT $2`, c.ID, deskRows); err != nil {
				return err
			}
			d.Coupons = append(d.Coupons, page)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}
