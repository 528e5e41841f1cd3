// Package coupons makes coupon_campaign real: a page with an offer, its code and a QR code, which is
// public when its owner says so; and the till, where it is redeemed and counted. It owns the tables
// coupon_pages, coupons and coupon_redemptions.
//
// A limit is never exceeded: whoever redeems takes the coupon's row first. The QR code leads to the
// coupon's own page, whoever scans it; redeeming takes the link of the till.
//
// Read in this order: provision.go (what a yes makes), save.go (what the owner fills in), page.go (who
// sees it), redeem.go (the till), desk.go and list.go (who counts).
package coupons

import (
	"context"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const (
	undoWithin  = 10 * time.Minute // of a redemption
	mostCoupons = 50               // of one business
)

// Service implements fibonacco.CouponService, fibonacco.CouponDirectory and what approval asks of a
// provisioner. Safe for concurrent use.
type Service struct {
	db     *db.DB
	signer *fibonacco.Signer
	base   string // public URL without a slash at its end
}

var (
	_ fibonacco.CouponService   = (*Service)(nil)
	_ fibonacco.CouponDirectory = (*Service)(nil)
)

// New makes a Service.
func New(d *db.DB, signer *fibonacco.Signer, cfg fibonacco.Config) *Service {
	return &Service{db: d, signer: signer, base: strings.TrimRight(cfg.HTTP.PublicURL, "/")}
}

func (s *Service) update(ctx context.Context, do func(tx *db.Tx) error) error {
	return s.db.Update(ctx, do)
}

func missing() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such coupon") }
