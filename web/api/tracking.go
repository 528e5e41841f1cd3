package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) tracking() {
	registerWhole(a, operation{
		method: http.MethodGet, path: "/campaign-sends/{id}/hits", id: "list-hits", tag: tagCampaigns,
		summary: "The opens and clicks of an e-mail, as they came", errors: ofThing,
		description: "The newest 500, machines' too, each with its verdict and the rule that gave it.",
		response:    whole([]fibonacco.TrackingHit{exampleHit}),
	}, a.listHits)
	register(a, operation{
		method: http.MethodPut, path: "/campaign-sends/{id}/verdict", id: "give-verdict", tag: tagCampaigns,
		summary: "Say who opened and clicked an e-mail", errors: append(append([]int{http.StatusConflict}, ofThing...), ofBody...),
		description: "All of its opens and clicks, earlier and later ones, are this from now on, whatever the rules say. When it counts as opened, the score and the figures follow.",
		request:     verdictInput{Verdict: "human", Reason: "the owner rang about it"},
	}, a.giveVerdict)
	register(a, operation{
		method: http.MethodDelete, path: "/campaign-sends/{id}/verdict", id: "take-verdict-back", tag: tagCampaigns,
		summary: "Let the rules judge an e-mail again", errors: append([]int{http.StatusConflict}, ofThing...),
		description: "Doing it again changes nothing.",
	}, a.takeVerdictBack)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/tracking/rules", id: "list-tracking-rules", tag: tagOperations,
		summary: "The rules that tell people from machines", description: "In the order in which they are tried: the first that holds decides.",
		response: whole([]fibonacco.TrackingRule{{
			ID: "head", When: "method HEAD", Verdict: fibonacco.Machine, Confidence: "certain",
			Why: "It asked for the headers only; mail programs and browsers load the whole.", Source: "mautic/mautic issues 9162 and 16263",
		}}),
	}, a.listTrackingRules)
	register(a, operation{
		method: http.MethodPost, path: "/tracking/rejudge", id: "rejudge", tag: tagOperations,
		summary: "Judge stored opens and clicks again", errors: ofBody,
		description: "By the rules in force, mail by mail, each with all its hits. What follows is corrected: when mails were opened and clicked, scores, figures. " +
			"A call takes up to 500 mails; ask again with after set to next until that is 0. A dry run only says what would change. " +
			"Mails that a person has given a verdict keep it. Doing it again changes nothing. Who is limited to communities judges the mails of businesses there.",
		request: rejudgeInput{Since: &exampleTime, DryRun: true},
		response: fibonacco.Rejudging{
			DryRun: true, Sends: 500, Hits: 812, Kept: 1, Reattributed: 4,
			Changed: []fibonacco.RejudgedHits{{From: fibonacco.Human, To: fibonacco.Machine, Rule: "many_links", Hits: 12}},
			Mails:   fibonacco.RejudgedMails{Unopened: 4, Unclicked: 6, Moved: 2}, Next: 4711,
		},
	}, a.rejudge)
}

var (
	exampleAfter = 75.2
	exampleHit   = fibonacco.TrackingHit{
		ID: 9001, At: exampleTime, Kind: "clicked", Verdict: fibonacco.Human, Rule: "person", Link: "https://www.example.org/guide", Method: http.MethodGet,
		IP: "203.0.113.9", UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0", AfterDelivery: &exampleAfter,
	}
)

type verdictInput struct {
	Verdict string `json:"verdict" enum:"human,machine" example:"human"`
	Reason  string `json:"reason" minLength:"1" maxLength:"500" doc:"For the audit log." example:"the owner rang about it"`
}

type rejudgeInput struct {
	Since  *time.Time `json:"since,omitempty" doc:"Mails with an open or a click then or later; left out, all."`
	After  int64      `json:"after,omitempty" minimum:"0" doc:"Of the last answer, next." example:"0"`
	DryRun bool       `json:"dry_run,omitempty" doc:"Only say what would change."`
}

// SendPath names a programme e-mail in a path.
type SendPath struct {
	ID string `path:"id" example:"7"`
}

// mail is the id of a path, where there is somebody to ask.
func (a *API) mail(p SendPath) (int64, error) {
	if a.o.Tracking == nil {
		return 0, moduleAbsent("Campaign Engine")
	}
	return number(p.ID, "e-mail")
}

func (a *API) listHits(ctx context.Context, in *SendPath) (*body[list[fibonacco.TrackingHit]], error) {
	id, err := a.mail(*in)
	if err != nil {
		return nil, err
	}
	return wholeAnswer(a.o.Tracking.TrackingHits(ctx, id))
}

func (a *API) giveVerdict(ctx context.Context, in *struct {
	SendPath
	Body verdictInput
},
) (*none, error) {
	id, err := a.mail(in.SendPath)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Tracking.OverrideVerdict(ctx, id, fibonacco.Verdict(in.Body.Verdict), in.Body.Reason)
}

func (a *API) takeVerdictBack(ctx context.Context, in *SendPath) (*none, error) {
	id, err := a.mail(*in)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Tracking.OverrideVerdict(ctx, id, "", "")
}

func (a *API) listTrackingRules(ctx context.Context, _ *none) (*body[list[fibonacco.TrackingRule]], error) {
	if a.o.Tracking == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return wholeAnswer(a.o.Tracking.TrackingRules(ctx), nil)
}

func (a *API) rejudge(ctx context.Context, in *body[rejudgeInput]) (*body[fibonacco.Rejudging], error) {
	if a.o.Tracking == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	r, err := a.o.Tracking.Rejudge(ctx, fibonacco.RejudgeRequest{Since: in.Body.Since, After: in.Body.After, DryRun: in.Body.DryRun})
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Rejudging]{*r}, nil
}
