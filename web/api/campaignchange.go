package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"

	"github.com/fibonacco/fibonacco"
)

func (a *API) campaignChange() {
	const findings = "findings is what somebody should look at all the same; what cannot be saved is refused with 422, naming everything at once."
	register(a, operation{
		method: http.MethodPost, path: "/campaigns", id: "create-campaign", tag: tagCampaigns,
		summary: "Write a campaign", status: http.StatusCreated, errors: append([]int{http.StatusConflict}, ofBody...),
		description: "Version 1, and not active: nothing of it is planned yet. It gets an empty learning page under its slug. 409 when the id or the slug is taken. " + findings,
		request: newCampaign{
			ID: "HOOK-090", Type: "HOOK", Slug: "opening-hours",
			CampaignTexts: CampaignTexts{Title: "Opening hours", Subject: "When is {{business_name}} open?", BodyMarkdown: exampleBody, CampaignMore: exampleMore},
		},
		response: exampleEdited,
	}, a.createCampaign)
	register(a, operation{
		method: http.MethodPut, path: "/campaigns/{id}", id: "put-campaign", tag: tagCampaigns,
		summary: "Change a campaign", errors: slices.Concat(ofThing, ofBody, ofCondition),
		description: "It becomes what is given, and what is left out is empty; id, type and slug stay. Another text makes the next version, for what is planned from now on: what is planned already " +
			"goes out as it was planned. With If-Match, 412 says that somebody else was faster. 409 when another active campaign has the day. " + findings,
		request:  CampaignTexts{Title: "Opening hours", Subject: "When is {{business_name}} open?", BodyMarkdown: exampleBody, CampaignMore: exampleMore},
		response: exampleEdited,
	}, a.updateCampaign)
	for _, way := range []struct {
		word, summary, description string
		active                     bool
	}{
		{"activate", "Let a campaign be planned", "409 when another active campaign has its day, and when it has no mail to send. Doing it again changes nothing.", true},
		{"deactivate", "Plan a campaign no more", "What is planned goes. Doing it again changes nothing.", false},
	} {
		register(a, operation{
			method: http.MethodPost, path: "/campaigns/{id}/" + way.word, id: way.word + "-campaign", tag: tagCampaigns,
			summary: way.summary, description: way.description, errors: append([]int{http.StatusConflict}, ofThing...), response: exampleCampaign,
		}, func(ctx context.Context, in *CampaignPath) (*tagged[fibonacco.Campaign], error) {
			return a.setCampaignActive(ctx, in.ID, way.active)
		})
	}
	register(a, operation{
		method: http.MethodPost, path: "/campaigns/lint", id: "lint-campaign", tag: tagCampaigns,
		summary: "Say what is wrong with a campaign", errors: ofBody,
		description: "Stores nothing. An error prevents saving, a warning does not: size, links, phrases that filters distrust, a missing fallback, a script that may not be spoken.",
		request: CampaignSketch{
			ID: "HOOK-090", Type: "HOOK", Slug: "opening-hours", Title: "Opening hours", Subject: "ACT NOW", BodyMarkdown: exampleBody, CampaignMore: exampleMore,
		},
		response: lintResult{Findings: exampleFindings},
	}, a.lintCampaign)
}

const exampleBody = "Hello {{ first_name | default: \"there\" }}, customers who come to a closed door seldom come again. It takes a minute to say when you are open."

var (
	exampleMore     = CampaignMore{Day: 88, Preheader: "It takes a minute", LearningButton: "Show me how", UpsellServices: []string{"review_automation"}}
	exampleFindings = []fibonacco.CampaignFinding{{Field: "subject", Message: "is all capitals: filters take it for spam", Severity: "warning"}}
	exampleEdited   = editedCampaign{exampleCampaign, exampleFindings}
)

// newCampaign is what a caller may say about a campaign that there is not.
type newCampaign struct {
	ID   string `json:"id" maxLength:"50" example:"HOOK-090" doc:"Capital letters, digits and hyphens; fixed from now on."`
	Type string `json:"type" enum:"HOOK,EDU,HOWTO,CONV,INTRO" doc:"Fixed from now on."`
	Slug string `json:"slug" maxLength:"255" example:"opening-hours" doc:"Of its learning page; fixed from now on."`
	CampaignTexts
}

// CampaignTexts is what may change of a campaign.
type CampaignTexts struct {
	Title        string `json:"title" example:"Opening hours"`
	Subject      string `json:"subject" example:"When is {{business_name}} open?" doc:"Liquid."`
	BodyMarkdown string `json:"body_markdown" doc:"Liquid in Markdown. The links to the learning page and the way out are added."`
	CampaignMore
}

// CampaignMore is what a campaign may do without.
type CampaignMore struct {
	Day                int      `json:"day,omitempty" minimum:"0" maximum:"365" example:"88" doc:"Of the programme; left out, it is outside of it."`
	Subjects           []string `json:"subjects,omitempty" maxItems:"4" doc:"Further ones, tried against the subject."`
	Preheader          string   `json:"preheader,omitempty" doc:"Shown after the subject in an inbox."`
	LearningButton     string   `json:"learning_button,omitempty"`
	ServiceType        string   `json:"service_type,omitempty" doc:"What it offers; left out, it teaches only."`
	ApprovalButtonText string   `json:"approval_button_text,omitempty" doc:"Goes with service_type."`
	UpsellServices     []string `json:"upsell_services,omitempty" maxItems:"50"`
	MeetingTopic       string   `json:"meeting_topic,omitempty"`
	RVMScript          string   `json:"rvm_script,omitempty" doc:"Liquid; what a voicemail says when nobody opens the mail. Left out, none follows."`
}

// CampaignSketch is a campaign that may lack anything yet.
type CampaignSketch struct {
	ID           string `json:"id,omitempty"`
	Type         string `json:"type,omitempty" enum:"HOOK,EDU,HOWTO,CONV,INTRO"`
	Slug         string `json:"slug,omitempty"`
	Title        string `json:"title,omitempty"`
	Subject      string `json:"subject,omitempty"`
	BodyMarkdown string `json:"body_markdown,omitempty"`
	CampaignMore
}

func (in CampaignTexts) draft(id string, kind fibonacco.CampaignType, slug string) fibonacco.CampaignDraft {
	return CampaignSketch{id, string(kind), slug, in.Title, in.Subject, in.BodyMarkdown, in.CampaignMore}.draft()
}

func (in CampaignSketch) draft() fibonacco.CampaignDraft {
	return fibonacco.CampaignDraft{
		ID: in.ID, Type: fibonacco.CampaignType(in.Type), Slug: in.Slug, Day: in.Day, Title: in.Title, Subject: in.Subject, Subjects: in.Subjects,
		Preheader: in.Preheader, BodyMarkdown: in.BodyMarkdown, LearningButton: in.LearningButton, ServiceType: in.ServiceType,
		ApprovalButtonText: in.ApprovalButtonText, UpsellServices: in.UpsellServices, MeetingTopic: in.MeetingTopic, RVMScript: in.RVMScript,
	}
}

// editedCampaign is a campaign that was saved, with what was found on the way.
type editedCampaign struct {
	fibonacco.Campaign
	Findings []fibonacco.CampaignFinding `json:"findings"`
}

type lintResult struct {
	Findings []fibonacco.CampaignFinding `json:"findings"`
}

// createdCampaign is a new campaign.
type createdCampaign struct {
	Location string `header:"Location" doc:"Where it is from now on."`
	ETag     string `header:"ETag" doc:"Version and fingerprint, for If-Match."`
	Body     rendered[editedCampaign]
}

// mayEdit refuses whoever sees some communities only: campaigns are the same for all.
func (a *API) mayEdit(ctx context.Context) error {
	if a.o.Editor == nil {
		return moduleAbsent("Campaign Engine")
	}
	if fibonacco.ScopeOf(ctx) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "campaigns are the same for all communities, and you are limited to some")
	}
	return nil
}

func (a *API) createCampaign(ctx context.Context, in *body[newCampaign]) (*createdCampaign, error) {
	if err := a.mayEdit(ctx); err != nil {
		return nil, err
	}
	b := in.Body
	c, findings, err := a.o.Editor.CreateCampaign(ctx, b.draft(b.ID, fibonacco.CampaignType(b.Type), b.Slug), fibonacco.PrincipalOf(ctx).Name)
	if err != nil {
		return nil, err
	}
	out, err := tag[editedCampaign](c.Version, editedCampaign{*c, findings})
	if err != nil {
		return nil, err
	}
	return &createdCampaign{Location: Prefix + "/campaigns/" + url.PathEscape(c.ID), ETag: out.ETag, Body: out.Body}, nil
}

func (a *API) updateCampaign(ctx context.Context, in *struct {
	CampaignPath
	Conditions
	Body CampaignTexts
},
) (*tagged[editedCampaign], error) {
	if err := a.mayEdit(ctx); err != nil {
		return nil, err
	}
	old, err := a.findCampaign(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	want, err := ifMatch(ctx, "campaign", old.Version)
	if err != nil {
		return nil, err
	}
	c, findings, err := a.o.Editor.UpdateCampaign(ctx, old.Version, in.Body.draft(old.ID, old.Type, old.Slug), fibonacco.PrincipalOf(ctx).Name)
	if err != nil {
		if want != nil && fibonacco.CodeOf(err) == fibonacco.Conflict {
			if now, findErr := a.findCampaign(ctx, in.ID); findErr == nil && now.Version != *want {
				return nil, preconditionFailed(ctx, "campaign")
			}
		}
		return nil, err
	}
	return tag[editedCampaign](c.Version, editedCampaign{*c, findings})
}

func (a *API) setCampaignActive(ctx context.Context, id string, active bool) (*tagged[fibonacco.Campaign], error) {
	if err := a.mayEdit(ctx); err != nil {
		return nil, err
	}
	if _, err := a.o.Editor.SetCampaignActive(ctx, id, active); err != nil {
		return nil, err
	}
	c, err := a.findCampaign(ctx, id)
	if err != nil {
		return nil, err
	}
	return tag[fibonacco.Campaign](c.Version, *c)
}

func (a *API) lintCampaign(_ context.Context, in *body[CampaignSketch]) (*body[lintResult], error) {
	if a.o.Editor == nil {
		return nil, moduleAbsent("Campaign Engine")
	}
	return &body[lintResult]{lintResult{a.o.Editor.LintCampaign(in.Body.draft())}}, nil
}
