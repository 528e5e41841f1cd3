package api

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) sends() {
	registerList(a, operation{
		method: http.MethodGet, path: "/campaign-sends", id: "list-campaign-sends", tag: tagCampaigns,
		summary: "Programme e-mails, newest first", description: "The ledger: one entry for each e-mail that was ever planned.",
		response: exampleSends,
	}, fibonacco.CampaignSendListing, func(ctx context.Context, _ *none, q question) (fibonacco.Page[fibonacco.CampaignSend], error) {
		return a.querySends(ctx, q.ListQuery)
	})
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/campaigns", id: "list-smb-sends", tag: tagBusinesses,
		summary: "The e-mails of a business, newest first", errors: ofThing, response: exampleSends,
	}, sendsOfOne, a.listSMBSends)
	register(a, operation{
		method: http.MethodPost, path: "/campaign-sends/{id}/settle", id: "settle-campaign-send", tag: tagCampaigns,
		summary: "Say what became of an e-mail that nobody knows of", errors: append(append([]int{http.StatusConflict}, ofThing...), ofBody...),
		description: "An e-mail is unknown when it was on the wire and no answer came: it may have arrived, so it is never sent again by itself. " +
			"Once you have looked (the provider's own log, a call): sent, failed, or queued, which sends it again.",
		request: settlement{Status: fibonacco.SendSent, Reason: "it is in the provider's log"},
	}, a.settleSend)
}

type settlement struct {
	Status fibonacco.SendStatus `json:"status" enum:"sent,failed,queued" example:"sent"`
	Reason string               `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit log." example:"it is in the provider's log"`
}

func (a *API) settleSend(ctx context.Context, in *struct {
	SendPath
	Body settlement
},
) (*none, error) {
	if a.o.Sending == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	id, err := number(in.ID, "e-mail")
	if err != nil {
		return nil, err
	}
	return nil, a.o.Sending.SettleSend(ctx, id, in.Body.Status, in.Body.Reason)
}

// sendsOfOne is the list of sends for one business: whose they are is no question any more.
var sendsOfOne = func() fibonacco.Listing {
	l := fibonacco.CampaignSendListing
	l.Fields = slices.DeleteFunc(slices.Clone(l.Fields), func(f fibonacco.ListField) bool { return f.Name == "smb_id" || f.Name == "community_id" })
	return l
}()

var exampleSends = list[fibonacco.CampaignSend]{
	Data: []fibonacco.CampaignSend{{
		ID: 7, UUID: "0193c2f0-aaaa-7bbb-8ccc-0d0e0f101112", SMBID: 42, CampaignID: "HOOK-001", Occurrence: 1,
		Email: "rosa@rosasbakery.example", Subject: "Rosa, is your listing right?", ScheduledFor: &exampleTime, SentAt: &exampleTime,
		MessageID: "0193c2f0-aaaa-7bbb-8ccc-0d0e0f101112@fibonacco.example", Status: fibonacco.SendSent,
		CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}},
	Page: pageInfo{Size: pageSizeDefault},
}

func (a *API) querySends(ctx context.Context, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.CampaignSend], error) {
	if a.o.Campaigns == nil {
		return fibonacco.Page[fibonacco.CampaignSend]{}, moduleAbsent("Campaign Engine")
	}
	return a.o.Campaigns.QuerySends(ctx, q)
}

func (a *API) listSMBSends(ctx context.Context, in *SMBPath, q question) (fibonacco.Page[fibonacco.CampaignSend], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return fibonacco.Page[fibonacco.CampaignSend]{}, err
	}
	of := q.ListQuery
	of.Filter = maps.Clone(of.Filter)
	of.Filter["smb_id"] = fmt.Sprint(s.ID)
	return a.querySends(ctx, of)
}
