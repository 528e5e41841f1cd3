package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) bookings() {
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/bookings", id: "list-smb-bookings", tag: tagBusinesses,
		summary: "What was booked on a business's booking page", errors: ofThing,
		description: "The latest appointment first. A booking that was moved stays, as moved, and another follows it: first_id is the one that all of them began with.",
		response: list[fibonacco.Booking]{Data: []fibonacco.Booking{{
			ID: 12, UUID: "0193c2f0-cccc-7ddd-8eee-0f1011121314", SMBID: 42, Kind: "First visit", Minutes: 45, StartsAt: exampleTime, EndsAt: exampleTime.Add(45 * time.Minute),
			State: "booked", Name: "Ann Lee", Email: "ann@example.com", Phone: "(718) 555-0199", Note: "By bus.", CreatedAt: exampleTime, UpdatedAt: exampleTime,
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.BookingListing, a.listBookings)
}

func (a *API) listBookings(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Booking], err error) {
	if a.o.Bookings == nil {
		return page, moduleAbsent("booking page")
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Bookings.ListBookings(ctx, s.ID, q.ListQuery)
}
