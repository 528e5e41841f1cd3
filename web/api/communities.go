package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) communities() {
	registerList(a, operation{
		method: http.MethodGet, path: "/communities", id: "list-communities", tag: tagCommunities,
		summary: "The communities", description: "By name, with the number of their businesses. Who is limited to communities sees these.",
		response: list[fibonacco.CommunityCount]{
			Data: []fibonacco.CommunityCount{{Community: exampleCommunity, SMBs: 214, Active: 180}}, Page: pageInfo{Size: pageSizeDefault},
		},
	}, fibonacco.CommunityListing, a.listCommunities)
	register(a, operation{
		method: http.MethodPost, path: "/communities", id: "create-community", tag: tagCommunities,
		summary: "Add a community", status: http.StatusCreated, errors: append([]int{http.StatusConflict}, ofBody...),
		description: "409 when the slug is taken.",
		rules:       rulesOf(newCommunityRules),
		request:     communityInput{Name: "Brooklyn", Slug: "brooklyn", State: "NY", County: "Kings", Timezone: "America/New_York"},
		response:    exampleCommunity,
	}, a.createCommunity)
	register(a, operation{
		method: http.MethodGet, path: "/communities/{id}", id: "get-community", tag: tagCommunities,
		summary: "One community", errors: ofThing, response: exampleCommunity,
	}, a.getCommunity)
	a.communityChange()
	a.holidays()
}

var exampleCommunity = fibonacco.Community{
	ID: 1, UUID: "0193c2f0-1b2a-7c3d-8e4f-5a6b7c8d9e0f", Name: "Brooklyn", Slug: "brooklyn", State: "NY", County: "Kings",
	Timezone: "America/New_York", Settings: map[string]any{}, CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

var exampleTime = time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)

// communityInput is what a caller may say about a new community.
type communityInput struct {
	Name       string         `json:"name" minLength:"1" maxLength:"255" example:"Brooklyn"`
	Slug       string         `json:"slug" maxLength:"255" example:"brooklyn" doc:"Unique; lower-case letters, digits and hyphens."`
	State      string         `json:"state" example:"NY" doc:"Two capital letters."`
	County     string         `json:"county,omitempty" maxLength:"255" example:"Kings"`
	Population *int           `json:"population,omitempty" minimum:"0" maximum:"2147483647" example:"2590516"`
	Timezone   string         `json:"timezone,omitempty" maxLength:"50" example:"America/New_York" doc:"IANA name; left out, America/New_York."`
	Settings   map[string]any `json:"settings,omitempty" doc:"Anything you want to keep with it."`
}

func (a *API) listCommunities(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.CommunityCount], error) {
	if a.o.Communities == nil {
		return fibonacco.Page[fibonacco.CommunityCount]{}, moduleAbsent("SMB CRM")
	}
	return a.o.Communities.QueryCommunities(ctx, q.ListQuery)
}

func (a *API) createCommunity(ctx context.Context, in *body[communityInput]) (*created[fibonacco.Community], error) {
	if a.o.Communities == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	c, err := a.o.Communities.CreateCommunity(ctx, in.Body.community())
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.Community]{Location: fmt.Sprintf("%s/communities/%d", Prefix, c.ID), Body: *c}, nil
}

// CommunityPath names a community in a path.
type CommunityPath struct {
	ID string `path:"id" example:"1" doc:"The id, or the slug."`
}

func (a *API) getCommunity(ctx context.Context, in *CommunityPath) (*body[fibonacco.Community], error) {
	c, err := a.findCommunity(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Community]{*c}, nil
}

// findCommunity takes an id or a slug. A slug of digits only is found by its id's side first.
func (a *API) findCommunity(ctx context.Context, idOrSlug string) (*fibonacco.Community, error) {
	if a.o.Communities == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if id, err := strconv.ParseInt(idOrSlug, 10, 64); err == nil {
		c, err := a.o.Communities.FindCommunity(ctx, id)
		if !isNotFound(err) {
			return c, err
		}
	}
	return a.o.Communities.FindCommunityBySlug(ctx, idOrSlug)
}
