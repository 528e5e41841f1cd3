package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (a *API) holidays() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/communities/{id}/holidays", id: "list-holidays", tag: tagCommunities,
		summary: "A community's days without mail", errors: ofThing,
		description: "In order; there is one page only. They come beside the weekdays, dates and federal holidays of the settings.",
		response:    whole([]fibonacco.Holiday{exampleHoliday}),
	}, a.listHolidays)
	register(a, operation{
		method: http.MethodPut, path: "/communities/{id}/holidays/{day}", id: "put-holiday", tag: tagCommunities,
		summary: "Keep a day free of programme mail", errors: slices.Concat(ofThing, ofBody),
		description: "What is planned already goes. Doing it again, under another name, names it anew.",
		request:     holidayInput{Name: "Founders' day"}, response: exampleHoliday,
	}, a.putHoliday)
	register(a, operation{
		method: http.MethodDelete, path: "/communities/{id}/holidays/{day}", id: "delete-holiday", tag: tagCommunities,
		summary: "Let mail go on a day again", errors: ofThing, description: "A day that is none of its holidays stays as it is.",
	}, a.deleteHoliday)
}

var exampleHoliday = fibonacco.Holiday{Day: "2026-11-27", Name: "Founders' day"}

type holidayInput struct {
	Name string `json:"name" minLength:"1" maxLength:"255" example:"Founders' day"`
}

// HolidayPath names a day of a community in a path.
type HolidayPath struct {
	CommunityPath
	Day string `path:"day" maxLength:"100" example:"2026-11-27" doc:"The local day."`
}

func (a *API) listHolidays(ctx context.Context, in *CommunityPath) (*body[list[fibonacco.Holiday]], error) {
	if a.o.Holidays == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.o.Holidays.ListHolidays(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.Holiday]]{whole(all)}, nil
}

func (a *API) putHoliday(ctx context.Context, in *struct {
	HolidayPath
	Body holidayInput
},
) (*body[fibonacco.Holiday], error) {
	name := strings.TrimSpace(in.Body.Name)
	if name == "" {
		return nil, fibonacco.InvalidFields("the holiday cannot be stored", []fibonacco.FieldError{{Field: "name", Reason: "is required"}})
	}
	if err := a.setHoliday(ctx, in.HolidayPath, name); err != nil {
		return nil, err
	}
	return &body[fibonacco.Holiday]{fibonacco.Holiday{Day: in.Day, Name: name}}, nil
}

func (a *API) deleteHoliday(ctx context.Context, in *HolidayPath) (*none, error) {
	return nil, a.setHoliday(ctx, *in, "")
}

func (a *API) setHoliday(ctx context.Context, in HolidayPath, name string) error {
	if a.o.Holidays == nil {
		return moduleAbsent("Campaign Engine")
	}
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return err
	}
	return a.o.Holidays.SetHoliday(ctx, c.ID, in.Day, name)
}
