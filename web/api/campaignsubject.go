package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

// campaignSubject is the end of a test of subjects by hand.
func (a *API) campaignSubject() {
	register(a, operation{
		method: http.MethodPut, path: "/campaigns/{id}/subject", id: "choose-campaign-subject", tag: tagCampaigns,
		summary: "Choose one of the subjects under test", errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody),
		description: "Ends the test: what is planned from now on gets this subject. 0 is the campaign's own, 1 the first of the further ones. " +
			"409 when version is not the present one, and for a campaign with one subject only. Doing it again changes nothing.",
		request: chosenSubject{Version: 3, Variant: 1}, response: exampleCampaign,
	}, func(ctx context.Context, in *struct {
		CampaignPath
		Body chosenSubject
	},
	) (*tagged[fibonacco.Campaign], error) {
		return a.chooseSubject(ctx, in.ID, int(in.Body.Version), &in.Body.Variant)
	})
	register(a, operation{
		method: http.MethodDelete, path: "/campaigns/{id}/subject", id: "reopen-campaign-subject", tag: tagCampaigns,
		summary: "Take the choice of a subject back", errors: slices.Concat([]int{http.StatusConflict}, ofThing),
		description: "The test goes on, and may choose by itself. Doing it again changes nothing.", response: exampleCampaign,
	}, func(ctx context.Context, in *CampaignPath) (*tagged[fibonacco.Campaign], error) {
		return a.chooseSubject(ctx, in.ID, 0, nil)
	})
}

type chosenSubject struct {
	Version int32 `json:"version" minimum:"1" example:"3" doc:"Of the campaign whose figures were looked at."`
	Variant int   `json:"variant" minimum:"0" maximum:"4" example:"1"`
}

// chooseSubject takes 0 for the present version.
func (a *API) chooseSubject(ctx context.Context, id string, version int, variant *int) (*tagged[fibonacco.Campaign], error) {
	if err := a.mayEdit(ctx); err != nil {
		return nil, err
	}
	c, err := a.findCampaign(ctx, id)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		version = c.Version
	}
	if _, err := a.o.Editor.ChooseSubject(ctx, id, version, variant, fibonacco.PrincipalOf(ctx).Name); err != nil {
		return nil, err
	}
	return tag[fibonacco.Campaign](c.Version, *c)
}
