package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) campaignTry() {
	register(a, operation{
		method: http.MethodGet, path: "/campaigns/{id}/preview", id: "preview-campaign", tag: tagCampaigns,
		summary: "A campaign's mail as a business would get it", errors: append([]int{http.StatusConflict}, ofThing...),
		description: "Its links lead nowhere, and nobody is mailed. 409 for a campaign without a mail.",
		response: fibonacco.MailPreview{
			CampaignID: "HOOK-001", Version: 3, Subject: "Rosa, is your listing right?", Preheader: "It takes a minute", HTML: "<!doctype html>…", Text: "Hello Rosa, …",
			Headers: "From: Sarah <sarah@fibonacco.example>\nTo: rosa@rosasbakery.example\nSubject: Rosa, is your listing right?\n", Size: 5120,
		},
	}, a.previewCampaign)
	register(a, operation{
		method: http.MethodPost, path: "/campaigns/preview", id: "preview-draft", tag: tagCampaigns,
		summary: "The mail of a campaign that is being written", errors: append([]int{http.StatusNotFound}, ofBody...),
		description: "Stores nothing. smb_id is the business to write it for; left out, one of which nothing is known but a name and a community. version is 0.",
		request: draftPreview{
			SMBID: 42, CampaignSketch: CampaignSketch{ID: "HOOK-090", Type: "HOOK", Slug: "opening-hours", Title: "Opening hours", Subject: "When is {{business_name}} open?", BodyMarkdown: exampleBody},
		},
		response: fibonacco.MailPreview{
			CampaignID: "HOOK-090", Subject: "When is Rosa's Bakery open?", HTML: "<!doctype html>…", Text: "Hello Rosa, …", Headers: "From: Sarah <sarah@fibonacco.example>\n", Size: 5120,
		},
	}, a.previewDraft)
	register(a, operation{
		method: http.MethodPost, path: "/campaigns/{id}/test-send", id: "test-send-campaign", tag: tagCampaigns,
		summary: "Mail a campaign to yourself", status: http.StatusAccepted, errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody),
		description: "As the business would get it, with [Test] before the subject, to the address given. It is no send: nothing is counted, and its links lead nowhere. " +
			"It is on its way when this answers. 429 after thirty within an hour, of all people together.",
		request: testSend{SMBID: 42, To: "ana@fibonacco.example"},
	}, a.testSend)
}

// draftPreview is a campaign that may lack anything yet, and for whom to write it.
type draftPreview struct {
	SMBID int64 `json:"smb_id,omitempty" minimum:"0" example:"42" doc:"The business to write it for; left out, one that hardly anything is known of."`
	CampaignSketch
}

type testSend struct {
	SMBID   int64  `json:"smb_id" minimum:"1" example:"42" doc:"The business to write it for."`
	To      string `json:"to" maxLength:"255" example:"ana@fibonacco.example" doc:"Where it goes."`
	Version int32  `json:"version,omitempty" minimum:"1" example:"3" doc:"Left out, the present one."`
}

func (a *API) previewCampaign(ctx context.Context, in *struct {
	CampaignPath
	SMBID   int64 `query:"smb_id" minimum:"1" example:"42" doc:"The business to write it for. Required."`
	Version int32 `query:"version" minimum:"1" example:"3" doc:"Left out, the present one."`
},
) (*body[fibonacco.MailPreview], error) {
	if a.o.Previewer == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	if in.SMBID == 0 {
		return nil, fibonacco.InvalidFields("the mail cannot be shown", []fibonacco.FieldError{{Field: "smb_id", Reason: "is required"}})
	}
	p, err := a.o.Previewer.PreviewCampaign(ctx, in.ID, int(in.Version), in.SMBID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.MailPreview]{*p}, nil
}

func (a *API) testSend(ctx context.Context, in *struct {
	CampaignPath
	Body testSend
},
) (*none, error) {
	if a.o.Previewer == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	b := in.Body
	return nil, a.o.Previewer.TestSend(ctx, in.ID, int(b.Version), b.SMBID, b.To, fibonacco.PrincipalOf(ctx).Name)
}

func (a *API) previewDraft(ctx context.Context, in *body[draftPreview]) (*body[fibonacco.MailPreview], error) {
	if a.o.Previewer == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	p, err := a.o.Previewer.PreviewDraft(ctx, in.Body.draft(), in.Body.SMBID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.MailPreview]{*p}, nil
}
