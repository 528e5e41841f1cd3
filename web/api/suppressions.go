package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
)

func (a *API) suppressions() {
	registerList(a, operation{
		method: http.MethodGet, path: "/suppressions", id: "list-suppressions", tag: tagConsent,
		summary: "Addresses and numbers that get nothing more",
		description: "Newest first. search and filter[value] take any form that people write. Of one that was erased value is empty; it is found by its value all the same. " +
			"Who is limited to communities sees those that came from there and those that hold for a business there.",
		response: list[fibonacco.Suppression]{Data: []fibonacco.Suppression{exampleSuppression}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.SuppressionListing, a.listSuppressions)
	post := operation{
		method: http.MethodPost, path: "/suppressions", id: "suppress", tag: tagConsent,
		summary: "Suppress an address or a number", status: http.StatusCreated, errors: ofBody,
		description: "It gets nothing more, whoever it belongs to, and what is queued for it is cancelled. 200 with the one there is when it is suppressed already; opt-ins stay as they are.",
		request:     suppressionInput{Value: "rosa@rosasbakery.example", Reason: "manual", Source: "asked by telephone"},
		response:    exampleSuppression,
	}
	register(a, post, a.suppress)
	answers := operationAt(a.huma.OpenAPI().Paths[Prefix+post.path], post.method).Responses
	answers["200"] = &huma.Response{Description: "It is suppressed already.", Content: answers["201"].Content, Headers: answers["201"].Headers}
	register(a, operation{
		method: http.MethodGet, path: "/suppressions/{id}", id: "get-suppression", tag: tagConsent,
		summary: "One suppression", errors: ofThing, response: exampleSuppression,
	}, a.getSuppression)
	lift := operation{
		method: http.MethodDelete, path: "/suppressions/{id}", id: "unsuppress", tag: tagConsent,
		summary: "Take a suppression away", errors: append([]int{http.StatusConflict}, ofThing...),
		description: "409 for one that was erased, which stays. 403 for one that people of other communities put there. Opt-ins stay as they are.",
	}
	register(a, lift, a.unsuppress)
	for _, p := range operationAt(a.huma.OpenAPI().Paths[Prefix+lift.path], lift.method).Parameters {
		p.Required = true // what is missing is said by whoever takes it away, after what else there is to say
	}
}

var exampleSuppression = fibonacco.Suppression{
	ID: 17, Kind: "email", Value: "rosa@rosasbakery.example", Reason: "manual", Source: "asked by telephone", CommunityID: &exampleUser, CreatedAt: exampleTime,
}

type suppressionInput struct {
	Value       string `json:"value" minLength:"1" maxLength:"320" example:"(718) 555-0142" doc:"An e-mail address or a telephone number, in any form."`
	Kind        string `json:"kind,omitempty" enum:"email,phone" doc:"Left out, the value tells."`
	Reason      string `json:"reason,omitempty" enum:"manual,dnc,unsubscribe,bounce,complaint,legal" doc:"Left out, manual."`
	Source      string `json:"source,omitempty" maxLength:"255" doc:"A registry, a person's note."`
	SMBID       *int64 `json:"smb_id,omitempty" minimum:"1" doc:"Whose it is."`
	CommunityID *int64 `json:"community_id,omitempty" minimum:"1" doc:"Whose people put it there; left out, those of the business, or of whoever asks."`
}

// suppressed is 201 for what is suppressed from now on, and 200 for what was.
type suppressed struct {
	Status   int
	Location string `header:"Location" doc:"Where it is."`
	Body     fibonacco.Suppression
}

// SuppressionPath names a suppression in a path.
type SuppressionPath struct {
	ID string `path:"id" example:"17"`
}

func (a *API) listSuppressions(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.Suppression], err error) {
	if a.o.Consents == nil {
		return page, moduleAbsent("SMB CRM")
	}
	return a.o.Consents.ListSuppressions(ctx, q.ListQuery)
}

func (a *API) suppress(ctx context.Context, in *body[suppressionInput]) (*suppressed, error) {
	if a.o.Consents == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	b := in.Body
	s, added, err := a.o.Consents.Suppress(ctx, fibonacco.Suppression{
		Kind: b.Kind, Value: b.Value, Reason: b.Reason, Source: b.Source, SMBID: b.SMBID, CommunityID: b.CommunityID,
	})
	if err != nil {
		return nil, err
	}
	out := &suppressed{Status: http.StatusOK, Location: fmt.Sprintf("%s/suppressions/%d", Prefix, s.ID), Body: *s}
	if added {
		out.Status = http.StatusCreated
	}
	return out, nil
}

func (a *API) getSuppression(ctx context.Context, in *SuppressionPath) (*body[fibonacco.Suppression], error) {
	if a.o.Consents == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := number(in.ID, "suppression")
	if err != nil {
		return nil, err
	}
	page, err := a.o.Consents.ListSuppressions(ctx, fibonacco.ListQuery{Filter: fibonacco.Filter{"id": strconv.FormatInt(id, 10)}})
	if err != nil {
		return nil, err
	}
	if len(page.Data) == 0 {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such suppression")
	}
	return &body[fibonacco.Suppression]{page.Data[0]}, nil
}

func (a *API) unsuppress(ctx context.Context, in *struct {
	SuppressionPath
	Reason string `query:"reason" maxLength:"1000" example:"entered by mistake" doc:"For the audit log."`
},
) (*none, error) {
	if a.o.Consents == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := number(in.ID, "suppression")
	if err != nil {
		return nil, err
	}
	return nil, a.o.Consents.Unsuppress(ctx, id, in.Reason)
}
