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
	one := operation{
		method: http.MethodGet, path: "/campaigns/{id}", id: "get-campaign", tag: tagCampaigns,
		summary: "One campaign", errors: ofThing, response: exampleCampaign,
	}
	register(a, one, a.getCampaign)
	a.mayBeUnchanged(one)
	a.campaignVersions()
	a.campaignChange()
	a.campaignTry()
	a.campaignSubject()
	a.campaignLibrary()
}

var exampleCampaign = fibonacco.Campaign{
	ID: "HOOK-001", Type: fibonacco.Hook, Week: 1, Day: 1, Title: "Is your listing right?", Subject: "{{first_name}}, is your listing right?",
	Slug: "is-your-listing-right", ServiceType: "listing_claim", LandingPageSlug: "is-your-listing-right", ApprovalButtonText: "Claim my listing",
	UpsellServices: []string{"review_automation"}, IsActive: true, BodyMarkdown: "Hello {{first_name}}, …", Version: 3, CreatedAt: exampleTime, UpdatedAt: exampleTime,
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

// CampaignPath names a campaign in a path.
type CampaignPath struct {
	ID string `path:"id" maxLength:"50" example:"HOOK-001"`
}

// freshCampaign is a campaign, or the news that there is none.
type freshCampaign struct {
	Status int
	ETag   string `header:"ETag" doc:"Version and fingerprint. Send it back in If-Match to change only what you have seen, or in If-None-Match to be told 304 when nothing is new."`
	Body   rendered[fibonacco.Campaign]
}

func (a *API) getCampaign(ctx context.Context, in *struct {
	CampaignPath
	Freshness
},
) (*freshCampaign, error) {
	c, err := a.findCampaign(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := tag[fibonacco.Campaign](c.Version, *c)
	if err != nil {
		return nil, err
	}
	same, err := unchanged(ctx, out.ETag)
	if err != nil {
		return nil, err
	}
	if same {
		return &freshCampaign{Status: http.StatusNotModified, ETag: out.ETag}, nil
	}
	return &freshCampaign{Status: http.StatusOK, ETag: out.ETag, Body: out.Body}, nil
}

func (a *API) findCampaign(ctx context.Context, id string) (*fibonacco.Campaign, error) {
	if a.o.Mailing == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return a.o.Mailing.Campaign(ctx, id)
}
