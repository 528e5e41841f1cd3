package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) suggestions() {
	conflicts := append([]int{http.StatusConflict}, ofThing...)
	registerList(a, operation{
		method: http.MethodGet, path: "/contact-suggestions", id: "list-contact-suggestions", tag: tagBusinesses,
		summary:     "Contact details that were given with an approval and differ from those on file",
		description: "filter[status]=suggested is those that wait for somebody. Nothing is changed by itself.",
		response:    list[fibonacco.ContactSuggestion]{Data: []fibonacco.ContactSuggestion{exampleSuggestion}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ContactSuggestionListing, func(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.ContactSuggestion], err error) {
		if a.o.Suggestions == nil {
			return page, moduleAbsent("SMB CRM")
		}
		return a.o.Suggestions.ListSuggestions(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodPost, path: "/contact-suggestions/{id}/accept", id: "accept-contact-suggestion", tag: tagBusinesses,
		summary: "Put suggested contact details on file", errors: append(append([]int{}, conflicts...), ofBody...),
		description: "fields names which; left out, all. version, when given, is the version of the business that you have seen: 409 when it has another by now, " +
			"and when somebody decided before.",
		request: acceptance{Fields: []string{"primary_phone"}}, response: exampleSMB,
	}, a.acceptSuggestion)
	register(a, operation{
		method: http.MethodPost, path: "/contact-suggestions/{id}/dismiss", id: "dismiss-contact-suggestion", tag: tagBusinesses,
		summary: "Keep what is on file", errors: conflicts, description: "409 when somebody decided before.",
	}, a.dismissSuggestion)
	register(a, operation{
		method: http.MethodPost, path: "/contact-suggestions/{id}/reopen", id: "reopen-contact-suggestion", tag: tagBusinesses,
		summary: "Let a dismissed suggestion wait again", errors: conflicts, description: "409 for one that was not dismissed.",
	}, a.reopenSuggestion)
}

var exampleApprovalID int64 = 3

var exampleSuggestion = fibonacco.ContactSuggestion{
	ID: 8, SMBID: 42, CommunityID: 1, BusinessName: "Rosa's Bakery", ApprovalID: &exampleApprovalID, Status: "suggested", Version: 7, SuggestedAt: exampleTime,
	Changes: []fibonacco.SuggestedChange{{Field: "primary_phone", OnFile: "+17185550142", Suggested: "+13475550100"}},
}

// SuggestionPath names one suggestion.
type SuggestionPath struct {
	ID string `path:"id" maxLength:"50" example:"8"`
}

type acceptance struct {
	Fields  []string `json:"fields,omitempty" maxItems:"3" doc:"primary_contact_name, primary_email, primary_phone."`
	Version *int     `json:"version,omitempty" minimum:"1"`
}

func (a *API) suggestionID(text string) (int64, error) {
	if a.o.Suggestions == nil {
		return 0, moduleAbsent("SMB CRM")
	}
	return number(text, "suggestion")
}

func (a *API) acceptSuggestion(ctx context.Context, in *struct {
	SuggestionPath
	Body acceptance
},
) (*body[fibonacco.SMB], error) {
	id, err := a.suggestionID(in.ID)
	if err != nil {
		return nil, err
	}
	s, err := a.o.Suggestions.AcceptSuggestion(ctx, id, in.Body.Fields, in.Body.Version)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.SMB]{tidied(*s)}, nil
}

func (a *API) dismissSuggestion(ctx context.Context, in *SuggestionPath) (*none, error) {
	id, err := a.suggestionID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Suggestions.DismissSuggestion(ctx, id)
}

func (a *API) reopenSuggestion(ctx context.Context, in *SuggestionPath) (*none, error) {
	id, err := a.suggestionID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Suggestions.ReopenSuggestion(ctx, id)
}
