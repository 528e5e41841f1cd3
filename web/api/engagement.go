package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) engagement() {
	register(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/engagement/score", id: "get-smb-score", tag: tagBusinesses,
		summary: "The engagement score and what it is made of", errors: ofThing,
		description: "Computed now over the last 30 days; the stored score follows every event.",
		response: fibonacco.ScoreBreakdown{
			SMBID: 42, Score: 25, Tier: 3,
			Parts: []fibonacco.ScorePart{
				{Kind: fibonacco.KindOpen, Count: 3, Weight: 5, Cap: 25, Points: 15},
				{Kind: fibonacco.KindClick, Count: 1, Weight: 10, Cap: 30, Points: 10},
			},
		},
	}, a.getScore)
	register(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/explain", id: "explain-smb", tag: tagBusinesses,
		summary: "What was due on a day, and why what did not leave did not", errors: ofThing,
		response: fibonacco.Explanation{
			SMBID: 42, BusinessName: "Rosa's Bakery", Date: "2026-11-23", Timezone: "America/New_York", Status: fibonacco.StatusActive,
			Day: 1, Campaign: "HOOK-001", Contactable: false,
			Lines: []fibonacco.ExplanationRow{{
				CampaignID: "HOOK-001", Outcome: "skipped", Reason: fibonacco.NotOptedIn, Sentence: "The business has not opted in to e-mail.",
			}},
		},
	}, a.explain)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/engagement/score/history", id: "get-smb-score-history", tag: tagBusinesses,
		summary: "The engagement score day by day", errors: ofThing,
		description: "The score at the end of each local day; at most 400 days. Days before the business was added and days to come are left out.",
		response:    whole([]fibonacco.DayScore{{Day: "2026-11-22", Score: 15, Tier: 4}, {Day: "2026-11-23", Score: 25, Tier: 3}}),
	}, a.getScoreHistory)
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/engagement", id: "list-smb-timeline", tag: tagBusinesses,
		summary: "Everything that happened to or by a business", errors: ofThing,
		description: "Newest first: what was sent, what people did with it, calls, approvals, and what staff changed. filter[at]=2026-11-01..2026-12-01 is a range of time, filter[kind] some kinds of events, filter[topic] all kinds about one thing. " +
			"What came to nothing is told with its reason, and hits of machines as what they are.",
		response: list[fibonacco.TimelineEntry]{Data: []fibonacco.TimelineEntry{{
			ID: 4242, At: exampleTime, Kind: "email.opened", Topic: "mail", Summary: "Opened HOOK-001.", CampaignID: "HOOK-001", SendID: &exampleSend,
			Details: map[string]any{"campaign_send_id": 7, "smb_id": 42, "campaign_id": "HOOK-001", "at": exampleTime},
		}}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.TimelineListing, a.listTimeline)
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/approvals", id: "list-smb-approvals", tag: tagBusinesses,
		summary: "What a business said yes to", errors: ofThing,
		response: list[fibonacco.Approval]{Data: []fibonacco.Approval{exampleApproval}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ApprovalListing, a.listApprovals)
}

var exampleSend int64 = 7

func (a *API) getScore(ctx context.Context, in *SMBPath) (*body[fibonacco.ScoreBreakdown], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	score, err := a.o.SMBs.CalculateEngagementScore(ctx, s.ID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.ScoreBreakdown]{score}, nil
}

func (a *API) explain(ctx context.Context, in *struct {
	SMBPath
	Date string `query:"date" maxLength:"10" example:"2026-11-23" doc:"Local to the business; left out, today."`
},
) (*body[fibonacco.Explanation], error) {
	if a.o.Explainer == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if in.Date == "" {
		if in.Date, err = a.today(ctx, s.CommunityID); err != nil {
			return nil, err
		}
	}
	e, err := a.o.Explainer.Explain(ctx, s.ID, in.Date)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Explanation]{*e}, nil
}

// today is the product's date in a community.
func (a *API) today(ctx context.Context, communityID int64) (string, error) {
	if a.o.Communities == nil {
		return "", moduleAbsent("SMB CRM")
	}
	c, err := a.o.Communities.FindCommunity(ctx, communityID)
	if err != nil {
		return "", err
	}
	zone, err := fibonacco.LoadZone(c.Timezone)
	if err != nil {
		return "", err
	}
	return a.o.Clock.Now().In(zone).Format(time.DateOnly), nil
}

func (a *API) getScoreHistory(ctx context.Context, in *struct {
	SMBPath
	From string `query:"from" maxLength:"10" example:"2026-11-01" doc:"Local date; left out, 29 days before to."`
	To   string `query:"to" maxLength:"10" example:"2026-11-23" doc:"Local date, included; left out, today."`
},
) (*body[list[fibonacco.DayScore]], error) {
	s, err := a.findRecorded(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	series, err := a.o.Records.ScoreSeries(ctx, s.ID, in.From, in.To)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.DayScore]]{whole(series)}, nil
}

// findRecorded is findSMB for those who ask Records about it.
func (a *API) findRecorded(ctx context.Context, idOrUUID string) (*fibonacco.SMB, error) {
	if a.o.Records == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	return a.findSMB(ctx, idOrUUID)
}

func (a *API) listTimeline(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.TimelineEntry], err error) {
	s, err := a.findRecorded(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Records.Timeline(ctx, s.ID, q.ListQuery)
}

func (a *API) listApprovals(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Approval], err error) {
	s, err := a.findRecorded(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Records.ListApprovals(ctx, s.ID, q.ListQuery)
}
