package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) coupons() {
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/coupons", id: "list-smb-coupons", tag: tagBusinesses,
		summary: "The offers of a business", errors: ofThing,
		description: "Drafts, too. A published coupon can be redeemed from starts_at until ends_at, while redeemed is less than total_limit.",
		response: list[fibonacco.Coupon]{Data: []fibonacco.Coupon{{
			ID: 7, SMBID: 42, Slug: "rosas-bakery-7", Title: "Free coffee with any cake", Terms: "One small coffee. Not with other offers.", Code: "CAKE24",
			TotalLimit: 100, PerCustomer: 1, StartsAt: &exampleTime, EndsAt: &exampleTime, Status: "published", Redeemed: 12, PublishedAt: &exampleTime,
			CreatedAt: exampleTime, UpdatedAt: exampleTime,
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.CouponListing, a.listCoupons)
}

func (a *API) listCoupons(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Coupon], err error) {
	if a.o.Coupons == nil {
		return page, moduleAbsent("Approval System")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Coupons.ListCoupons(ctx, id, q.ListQuery)
}
