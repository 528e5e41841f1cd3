package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) voicemail() {
	registerList(a, operation{
		method: http.MethodGet, path: "/rvm-drops", id: "list-rvm-drops", tag: tagVoicemail,
		summary: "Voicemails, newest first", description: "One entry for each ringless voicemail that was ever planned. Why a mail is followed by none, explaining a day of the business says.",
		response: exampleDrops,
	}, fibonacco.RVMDropListing, func(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.RVMDrop], error) {
		return a.queryDrops(ctx, q.ListQuery)
	})
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/rvm-drops", id: "list-smb-rvm-drops", tag: tagVoicemail,
		summary: "The voicemails of a business, newest first", errors: ofThing, response: exampleDrops,
	}, dropsOfOne, a.listSMBDrops)
	register(a, operation{
		method: http.MethodGet, path: "/rvm-drops/{id}", id: "get-rvm-drop", tag: tagVoicemail,
		summary: "One voicemail", errors: ofThing, response: exampleDrop,
	}, a.getDrop)
	register(a, operation{
		method: http.MethodPost, path: "/rvm-drops", id: "create-rvm-drop", tag: tagVoicemail,
		summary: "Follow a mail with a voicemail", status: http.StatusCreated, errors: slices.Concat([]int{http.StatusConflict}, ofThing, ofBody),
		description: "It is planned for the next time that the law allows one, and counts towards the tier's limit; how long the mail has been unopened is not asked. 422 with the reason when " +
			"the business may get none, 409 when a voicemail follows the mail already or the mail did not arrive, 404 for an unknown mail, 503 when voicemail is not set up.",
		request: dropInput{CampaignSendID: 7}, response: exampleDrop,
	}, a.createDrop)
	register(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/rvm-check", id: "check-rvm", tag: tagVoicemail,
		summary: "May a business get a voicemail?", errors: ofThing,
		description: "Rule by rule, each with its reason and its source: consent, do-not-call lists, limits, and the hours of every place where the telephone may be. It changes nothing. " +
			"Tries and limits are as they stand now, whatever the moment asked about. It is what the product keeps to, and no legal advice.",
		response: examplePermission,
	}, a.checkVoicemail)
}

// dropsOfOne is the list of voicemails for one business: whose they are is no question any more.
var dropsOfOne = func() fibonacco.Listing {
	l := fibonacco.RVMDropListing
	l.Fields = slices.DeleteFunc(slices.Clone(l.Fields), func(f fibonacco.ListField) bool { return f.Name == "smb_id" || f.Name == "community_id" })
	return l
}()

var (
	exampleMail int64 = 7
	exampleDrop       = fibonacco.RVMDrop{
		ID: 3, UUID: "0193c2f0-bbbb-7ccc-8ddd-0d0e0f101112", SMBID: 42, CampaignSendID: &exampleMail, CommunityID: 1, CampaignID: "HOOK-001", Phone: "+17185550142",
		Script: "This is a recorded message from Town Media. …", VoicePersona: "sarah", ScheduledFor: &exampleTime, SentAt: &exampleTime, Provider: "drop_cowboy",
		ProviderMessageID: "5f9f1b9b", Status: "delivered", DeliveredAt: &exampleTime, DeliveryStatus: "delivered", CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}
	exampleDrops      = list[fibonacco.RVMDrop]{Data: []fibonacco.RVMDrop{exampleDrop}, Page: pageInfo{Size: pageSizeDefault}}
	examplePermission = fibonacco.VoicemailPermission{
		SMBID: 42, BusinessName: "Rosa's Bakery", At: exampleTime, Reason: fibonacco.NoConsent, Next: &exampleTime, Timezone: "America/New_York",
		Rules: []fibonacco.VoicemailRule{
			{Name: "opt-in", Allowed: true, Because: "voicemails are opted in to", Source: "47 CFR 64.1200(a)(10)"},
			{Name: "consent", Reason: fibonacco.NoConsent, Because: "there is no written consent on record", Source: "47 CFR 64.1200(a)(2), (f)(9); rvm.require_consent"},
		},
	}
)

type dropInput struct {
	CampaignSendID int64 `json:"campaign_send_id" minimum:"1" example:"7" doc:"The mail."`
}

func (a *API) queryDrops(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.RVMDrop], err error) {
	if a.o.Voicemail == nil {
		return page, moduleAbsent("voicemail half of the Campaign Engine")
	}
	return a.o.Voicemail.QueryDrops(ctx, q)
}

func (a *API) listSMBDrops(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.RVMDrop], err error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return page, err
	}
	of := q.ListQuery
	of.Filter = maps.Clone(of.Filter)
	of.Filter["smb_id"] = fmt.Sprint(s.ID)
	return a.queryDrops(ctx, of)
}

func (a *API) getDrop(ctx context.Context, in *struct {
	ID string `path:"id" example:"3"`
},
) (*body[fibonacco.RVMDrop], error) {
	if a.o.Voicemail == nil {
		return nil, moduleAbsent("voicemail half of the Campaign Engine")
	}
	id, err := number(in.ID, "voicemail")
	if err != nil {
		return nil, err
	}
	d, err := a.o.Voicemail.FindDrop(ctx, id)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.RVMDrop]{*d}, nil
}

func (a *API) createDrop(ctx context.Context, in *body[dropInput]) (*created[fibonacco.RVMDrop], error) {
	if a.o.Voicemail == nil {
		return nil, moduleAbsent("voicemail half of the Campaign Engine")
	}
	send := in.Body.CampaignSendID
	if err := a.o.Voicemail.TriggerRVM(ctx, send); err != nil {
		return nil, err
	}
	page, err := a.o.Voicemail.QueryDrops(ctx, fibonacco.ListQuery{Filter: fibonacco.Filter{"campaign_send_id": fmt.Sprint(send)}, Size: 1})
	if err != nil {
		return nil, err
	}
	if len(page.Data) == 0 {
		return nil, fmt.Errorf("the voicemail that follows send %d is gone", send)
	}
	d := page.Data[0]
	return &created[fibonacco.RVMDrop]{Location: fmt.Sprintf("%s/rvm-drops/%d", Prefix, d.ID), Body: d}, nil
}

func (a *API) checkVoicemail(ctx context.Context, in *struct {
	SMBPath
	At time.Time `query:"at" example:"2026-11-23T15:00:00Z" doc:"The moment to judge; left out, now."`
},
) (*body[fibonacco.VoicemailPermission], error) {
	if a.o.Voicemail == nil {
		return nil, moduleAbsent("voicemail half of the Campaign Engine")
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var at *time.Time
	if !in.At.IsZero() {
		if in.At.Year() < 2000 || in.At.Year() > 2999 {
			return nil, fibonacco.InvalidFields("the moment cannot be judged", []fibonacco.FieldError{{Field: "at", Reason: "must be in the years 2000 to 2999"}})
		}
		at = &in.At
	}
	p, err := a.o.Voicemail.CheckVoicemail(ctx, s.ID, at)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.VoicemailPermission]{*p}, nil
}
