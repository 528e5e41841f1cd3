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
	register(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/campaigns", id: "list-smb-sends", tag: tagBusinesses,
		summary: "The e-mails of a business, newest first", errors: ofThing, response: exampleSends,
	}, a.listSMBSends)
}

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

func (a *API) listSMBSends(ctx context.Context, in *struct {
	SMBPath
	Paging
},
) (*body[list[fibonacco.CampaignSend]], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return a.pageOfSends(ctx, fibonacco.SendFilter{SMBID: s.ID}, in.Paging)
}
