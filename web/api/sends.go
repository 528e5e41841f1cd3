package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) sends() {
	register(a, operation{
		method: http.MethodGet, path: "/campaign-sends", id: "list-campaign-sends", tag: tagCampaigns,
		summary: "Programme e-mails, newest first", description: "The ledger: one entry for each e-mail that was ever planned.",
		response: exampleSends,
	}, a.listSends)
}

var exampleSends = list[fibonacco.CampaignSend]{
	Data: []fibonacco.CampaignSend{{
		ID: 7, UUID: "0193c2f0-aaaa-7bbb-8ccc-0d0e0f101112", SMBID: 42, CampaignID: "HOOK-001", Occurrence: 1,
		Email: "rosa@rosasbakery.example", Subject: "Rosa, is your listing right?", ScheduledFor: &exampleTime, SentAt: &exampleTime,
		MessageID: "0193c2f0-aaaa-7bbb-8ccc-0d0e0f101112@fibonacco.example", Status: fibonacco.SendSent,
		CreatedAt: exampleTime, UpdatedAt: exampleTime,
	}},
	Page: Paging{Size: 50}.info("sends", 7),
}

func (a *API) listSends(ctx context.Context, in *struct {
	SMBID      int64  `query:"filter[smb_id]" minimum:"1" example:"42"`
	CampaignID string `query:"filter[campaign_id]" maxLength:"50" example:"HOOK-001"`
	Status     string `query:"filter[status]" enum:"queued,sending,sent,failed,unknown,bounced,complained,suppressed,cancelled" example:"sent"`
	Paging
},
) (*body[list[fibonacco.CampaignSend]], error) {
	return a.pageOfSends(ctx, fibonacco.SendFilter{SMBID: in.SMBID, CampaignID: in.CampaignID, Status: fibonacco.SendStatus(in.Status)}, in.Paging)
}

func (a *API) pageOfSends(ctx context.Context, filter fibonacco.SendFilter, p Paging) (*body[list[fibonacco.CampaignSend]], error) {
	if a.o.Campaigns == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	before, err := p.after("sends")
	if err != nil {
		return nil, err
	}
	page, next, err := a.o.Campaigns.ListSends(ctx, filter, before, p.Size)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.CampaignSend]]{list[fibonacco.CampaignSend]{Data: page, Page: p.info("sends", next)}}, nil
}
