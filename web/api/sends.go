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
