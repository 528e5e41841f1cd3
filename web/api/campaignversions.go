package api

import (
	"context"
	"net/http"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

func (a *API) campaignVersions() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/campaigns/{id}/versions", id: "list-campaign-versions", tag: tagCampaigns,
		summary: "What a campaign has said, newest first", errors: ofThing,
		description: "There is one page only. A version never changes: a mail goes out as it was planned.",
		response:    whole([]fibonacco.CampaignVersion{exampleVersion}),
	}, a.listCampaignVersions)
	register(a, operation{
		method: http.MethodGet, path: "/campaigns/{id}/versions/{n}", id: "get-campaign-version", tag: tagCampaigns,
		summary: "One version of a campaign", errors: ofThing, response: exampleVersion,
	}, a.getCampaignVersion)
	register(a, operation{
		method: http.MethodGet, path: "/campaigns/{id}/stats", id: "get-campaign-stats", tag: tagCampaigns,
		summary: "What became of a campaign's mails", errors: ofThing,
		description: "Counted now, each figure by itself, so that a mail may be in several; rates are percent of the mails sent. " +
			"Opens and clicks of machines do not count. Who is limited to communities gets the figures of these, and no test of subjects.",
		response: fibonacco.CampaignStats{
			CampaignID: "HOOK-001", Planned: 214, Queued: 4, Sent: 205, Delivered: 203, Opened: 82, Clicked: 20, Bounced: 2, Unsubscribed: 1, Failed: 1, Suppressed: 3, Cancelled: 1,
			Learnt: 18, Approved: 4, Skips: []fibonacco.SkipCount{{Reason: fibonacco.NotOptedIn, Count: 3}, {Reason: fibonacco.Paused, Count: 1}},
			DeliveryRate: 99.02, OpenRate: 40, ClickRate: 9.76, BounceRate: 0.98, UnsubscribeRate: 0.49,
			Subjects: []fibonacco.SubjectStats{{Subject: "Is your listing right?", Sent: 102, Reacted: 47}, {Variant: 1, Subject: "One thing about {{business_name}}", Sent: 103, Reacted: 35}},
			Test:     &fibonacco.SubjectTest{Metric: "opens", MinSends: 200, Chance: 0.31, Threshold: 0.05},
		},
	}, a.getCampaignStats)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/campaigns/figures", id: "list-campaign-figures", tag: tagCampaigns,
		summary: "What became of each campaign, in short",
		description: "There is one page only, by day. Who is limited to communities gets the figures of these; a mail counts for the one that it was planned in. " +
			"The figures may be some seconds old, and minutes where millions of mails take long to count.",
		response: whole([]fibonacco.CampaignFigures{{CampaignID: "HOOK-001", Sent: 205, Opened: 82, Clicked: 20, Approved: 4, Today: 12, Testing: true}}),
	}, a.listCampaignFigures)
}

var exampleVersion = fibonacco.CampaignVersion{
	CampaignID: "HOOK-001", Version: 3, Title: "Is your listing right?", Subject: "{{first_name}}, is your listing right?", BodyMarkdown: "Hello {{first_name}}, …",
	ApprovalButtonText: "Claim my listing", ServiceType: "listing_claim", Day: 1, EmailTemplateID: "5c1d7f0a9b3e", CreatedBy: "Ana Ruiz", CreatedAt: exampleTime,
}

func (a *API) listCampaignVersions(ctx context.Context, in *CampaignPath) (*body[list[fibonacco.CampaignVersion]], error) {
	if a.o.Editor == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	all, err := a.o.Editor.ListCampaignVersions(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.CampaignVersion]]{whole(all)}, nil
}

func (a *API) getCampaignVersion(ctx context.Context, in *struct {
	CampaignPath
	N string `path:"n" example:"3" doc:"The version, from 1."`
},
) (*body[fibonacco.CampaignVersion], error) {
	if a.o.Editor == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	n, err := strconv.ParseInt(in.N, 10, 32)
	if err != nil || n <= 0 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such version")
	}
	v, err := a.o.Editor.CampaignVersion(ctx, in.ID, int(n))
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.CampaignVersion]{*v}, nil
}

func (a *API) getCampaignStats(ctx context.Context, in *struct {
	CampaignPath
	Version int32 `query:"version" minimum:"1" example:"3" doc:"Only mails of this version; left out, of all."`
},
) (*body[fibonacco.CampaignStats], error) {
	if a.o.Reporter == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	stats, err := a.o.Reporter.CampaignStats(ctx, in.ID, int(in.Version))
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.CampaignStats]{*stats}, nil
}

func (a *API) listCampaignFigures(ctx context.Context, _ *struct{}) (*body[list[fibonacco.CampaignFigures]], error) {
	if a.o.Reporter == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	all, err := a.o.Reporter.ListCampaignFigures(ctx)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.CampaignFigures]]{whole(all)}, nil
}
