package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) communityChange() {
	register(a, operation{
		method: http.MethodPatch, path: "/communities/{id}", id: "patch-community", tag: tagCommunities,
		summary: "Change a community", errors: slices.Concat(ofThing, ofBody, []int{http.StatusConflict}),
		description: "Only what is named changes; of settings, the keys that are named, and null takes a key away. 409 when the slug is taken. " +
			"A new time zone holds for what is planned from now on: what is planned already leaves at the moment that was planned, and nothing is planned twice.",
		request:  map[string]any{"name": "South Brooklyn", "timezone": "America/New_York", "population": nil},
		response: exampleCommunity,
	}, a.updateCommunity)
	register(a, operation{
		method: http.MethodDelete, path: "/communities/{id}", id: "delete-community", tag: tagCommunities,
		summary: "Delete an empty community", errors: slices.Concat(ofThing, []int{http.StatusConflict}),
		description: "409 while it has businesses (deleted ones count until they are gone for good, after 90 days), and while users or tokens are limited to it. Its segments and the reports of its imports go with it.",
	}, a.deleteCommunity)
	register(a, operation{
		method: http.MethodGet, path: "/communities/{id}/stats", id: "get-community-stats", tag: tagCommunities,
		summary: "A community in figures", errors: ofThing,
		description: "Counted now. Deleted businesses count nowhere; opens and clicks of machines neither.",
		response: fibonacco.CommunityStats{
			CommunityID: 1, SMBs: 214, Contactable: 190, Unsubscribed: 12, Sent30: 2310, Opened30: 840, Clicked30: 122, Approvals30: 9, AverageScore: 17.4, DataQuality: 81.2,
			ByStatus: map[fibonacco.CampaignStatus]int{fibonacco.StatusPending: 20, fibonacco.StatusActive: 180, fibonacco.StatusPaused: 4, fibonacco.StatusCompleted: 10},
			ByTier:   map[int]int{1: 2, 2: 12, 3: 50, 4: 150},
		},
	}, a.communityStats)
}

// communityChange is what a caller may change about a community.
type communityChange struct {
	Name       *string        `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Slug       *string        `json:"slug,omitempty" maxLength:"255" doc:"Unique; lower-case letters, digits and hyphens."`
	State      *string        `json:"state,omitempty" doc:"Two capital letters."`
	County     *string        `json:"county,omitempty" maxLength:"255" nullable:"true"`
	Population *int           `json:"population,omitempty" minimum:"1" maximum:"2147483647" nullable:"true"`
	Timezone   *string        `json:"timezone,omitempty" maxLength:"50" doc:"IANA name."`
	Settings   map[string]any `json:"settings,omitempty" doc:"Keys that are named change; null takes one away."`
}

// UnmarshalJSON takes null as JSON merge patch does, where there is an unknown to become.
func (c *communityChange) UnmarshalJSON(data []byte) error {
	type plain communityChange
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	for name, value := range named {
		if !bytes.Equal(value, []byte("null")) {
			continue
		}
		switch name {
		case "county":
			c.County = new(string)
		case "population":
			c.Population = new(int)
		default:
			return refused(name, "cannot be null")
		}
	}
	return nil
}

func (a *API) updateCommunity(ctx context.Context, in *struct {
	CommunityPath
	Body communityChange
},
) (*body[fibonacco.Community], error) {
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if c, err = a.o.Communities.UpdateCommunity(ctx, c.ID, fibonacco.CommunityChange(in.Body)); err != nil {
		return nil, err
	}
	return &body[fibonacco.Community]{*c}, nil
}

func (a *API) deleteCommunity(ctx context.Context, in *CommunityPath) (*none, error) {
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Communities.DeleteCommunity(ctx, c.ID)
}

func (a *API) communityStats(ctx context.Context, in *CommunityPath) (*body[fibonacco.CommunityStats], error) {
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	stats, err := a.o.Communities.CommunityStats(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.CommunityStats]{*stats}, nil
}
