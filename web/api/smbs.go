package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) smbs() {
	register(a, operation{
		method: http.MethodGet, path: "/smbs", id: "list-smbs", tag: tagBusinesses,
		summary:     "Find businesses",
		description: "In the order they were added. Every filter takes several values separated by commas; different filters must all hold. Deleted businesses are never listed.",
		response:    exampleSMBs,
	}, a.listSMBs)
	a.smb()
}

// SMBFilters narrow a list of businesses. Field names are those of the columns.
type SMBFilters struct {
	EngagementTier   []int    `query:"filter[engagement_tier]" minimum:"1" maximum:"4" maxItems:"4" example:"[1,2]" doc:"1 Premium, 2 Engaged, 3 Active, 4 Passive."`
	CampaignStatus   []string `query:"filter[campaign_status]" enum:"pending,active,paused,completed" maxItems:"4" example:"[\"active\"]"`
	ServiceModel     []string `query:"filter[service_model]" maxLength:"50" maxItems:"20" example:"[\"self_service\"]"`
	SubscriptionTier []string `query:"filter[subscription_tier]" maxLength:"50" maxItems:"20" example:"[\"free\",\"starter\"]"`
	Source           []string `query:"filter[source]" maxLength:"50" maxItems:"20" example:"[\"import\"]"`
	Category         []string `query:"filter[category]" maxLength:"100" maxItems:"20" example:"[\"Bakery\"]"`
	Search           string   `query:"search" maxLength:"200" example:"rosa" doc:"Part of the name, the trading name, the e-mail address or the phone number."`
}

func (f SMBFilters) filter() fibonacco.SMBFilter {
	out := fibonacco.SMBFilter{
		EngagementTiers: f.EngagementTier, ServiceModels: f.ServiceModel, SubscriptionTiers: f.SubscriptionTier,
		Sources: f.Source, Categories: f.Category, Search: f.Search,
	}
	for _, s := range f.CampaignStatus {
		out.CampaignStatuses = append(out.CampaignStatuses, fibonacco.CampaignStatus(s))
	}
	return out
}

// Totals asks for a count, which costs more than a page does.
type Totals struct {
	Total bool `query:"page[total]" doc:"Also count all that match, in page.total."`
}

func (a *API) listSMBs(ctx context.Context, in *struct {
	CommunityID []int64 `query:"filter[community_id]" minimum:"1" maxItems:"200" example:"[1]"`
	SMBFilters
	Paging
	Totals
},
) (*body[list[fibonacco.SMB]], error) {
	filter := in.SMBFilters.filter()
	filter.CommunityIDs = in.CommunityID
	return a.pageOfSMBs(ctx, filter, in.Paging, in.Totals)
}

func (a *API) pageOfSMBs(ctx context.Context, filter fibonacco.SMBFilter, p Paging, t Totals) (*body[list[fibonacco.SMB]], error) {
	if a.o.Directory == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	after, err := p.after("smbs")
	if err != nil {
		return nil, err
	}
	page, next, err := a.o.Directory.ListSMBs(ctx, filter, after, p.Size)
	if err != nil {
		return nil, err
	}
	out := list[fibonacco.SMB]{Data: page, Page: p.info("smbs", next)}
	if t.Total {
		n, err := a.o.Directory.CountSMBs(ctx, filter)
		if err != nil {
			return nil, err
		}
		out.Page.Total = &n
	}
	return &body[list[fibonacco.SMB]]{out}, nil
}
