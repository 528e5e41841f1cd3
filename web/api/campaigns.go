package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) campaigns() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/campaigns", id: "list-campaigns", tag: tagCampaigns,
		summary: "The programme's campaigns by day", description: "There is one page only.",
		response: whole([]fibonacco.Campaign{exampleCampaign}),
	}, a.listCampaigns)
	register(a, operation{
		method: http.MethodGet, path: "/campaigns/{id}", id: "get-campaign", tag: tagCampaigns,
		summary: "One campaign", errors: ofThing, response: exampleCampaign,
	}, a.getCampaign)
}

var exampleCampaign = fibonacco.Campaign{
	ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "Is your listing right?", Subject: "{{first_name}}, is your listing right?",
	Slug: "is-your-listing-right", ServiceType: "listing_claim", LandingPageSlug: "is-your-listing-right", ApprovalButtonText: "Claim my listing",
	UpsellServices: []string{"review_automation"}, IsActive: true, BodyMarkdown: "Hello {{first_name}}, …", CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

func (a *API) listCampaigns(ctx context.Context, in *struct {
	Type string `query:"filter[type]" enum:"HOOK,EDU,HOWTO,CONV,INTRO" example:"HOOK" doc:"What kind of mail it is."`
	Week int    `query:"filter[week]" minimum:"1" maximum:"13" example:"1" doc:"Week of the programme."`
},
) (*body[list[fibonacco.Campaign]], error) {
	if a.o.Campaigns == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	all, err := a.o.Campaigns.ListCampaigns(ctx, fibonacco.CampaignType(in.Type), in.Week)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.Campaign]]{whole(all)}, nil
}

func (a *API) getCampaign(ctx context.Context, in *struct {
	ID string `path:"id" maxLength:"50" example:"HOOK-001"`
},
) (*body[fibonacco.Campaign], error) {
	if a.o.Mailing == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	c, err := a.o.Mailing.Campaign(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Campaign]{*c}, nil
}
