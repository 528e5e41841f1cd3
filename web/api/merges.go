package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// merges is everything about two businesses that are one.
func (a *API) merges() {
	ofMerge := append(append([]int{http.StatusConflict}, ofThing...), ofBody...)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/duplicates", id: "list-duplicates", tag: tagBusinesses,
		summary: "Businesses that may be the same, in pairs", errors: ofThing,
		description: "Looked for anew at every call, best first, with a score from 50 to 100 and the reasons for and against. " +
			"Two are only compared within a community. Pairs that were dismissed are left out.",
		response: whole([]fibonacco.DuplicatePair{exampleDuplicate()}),
	}, a.listDuplicates)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/duplicates", id: "list-smb-duplicates", tag: tagBusinesses,
		summary: "What may be the same as a business", errors: ofThing,
		description: "As in the list of all pairs; a is the business that was asked for.",
		response:    whole([]fibonacco.DuplicatePair{exampleDuplicate()}),
	}, a.listSMBDuplicates)
	register(a, operation{
		method: http.MethodPost, path: "/duplicates/dismiss", id: "dismiss-duplicate", tag: tagBusinesses,
		summary: "Say that two are not the same", errors: append(append([]int{}, ofThing...), ofBody...),
		description: "The pair is not proposed again. Saying it twice changes nothing.",
		request:     dismissal{A: 42, B: 57},
	}, a.dismissDuplicate)
	register(a, operation{
		method: http.MethodPost, path: "/duplicates/restore", id: "restore-duplicate", tag: tagBusinesses,
		summary: "Take back that two are not the same", errors: append(append([]int{}, ofThing...), ofBody...),
		description: "The pair is proposed again, if it still looks like one. Saying it twice changes nothing.",
		request:     dismissal{A: 42, B: 57},
	}, a.restoreDuplicate)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/merge/preview", id: "preview-merge", tag: tagBusinesses,
		summary: "What a merge would do", errors: ofMerge,
		description: "Changes nothing. The business of the path is the one that remains. " + choices,
		request:     mergeInput{Other: 57, Choose: map[string]string{"primary_phone": "other"}}, response: exampleMergePreview(),
	}, a.previewMerge)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/merge", id: "merge-smbs", tag: tagBusinesses,
		summary: "Make one business of two", status: http.StatusCreated, errors: ofMerge,
		description: "Everything that happened to the other is the survivor's from now on; the other is deleted, and what was queued for it cancelled. No step goes out twice. " +
			"It can be undone for 30 days. " + choices + " 409 when the two are in different communities, and, for a moment, while a message to the other is on its way.",
		request: mergeInput{Other: 57, Choose: map[string]string{"primary_phone": "other"}}, response: exampleMerge,
	}, a.mergeSMBs)
	registerWhole(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/merges", id: "list-merges", tag: tagBusinesses,
		summary: "The merges that a business was part of", errors: ofThing,
		description: "Newest first, the undone ones too. One that was merged into another is found by its id.",
		response:    whole([]fibonacco.Merge{exampleMerge}),
	}, a.listMerges)
	register(a, operation{
		method: http.MethodPost, path: "/merges/{uuid}/undo", id: "undo-merge", tag: tagBusinesses,
		summary: "Take a merge back", errors: append([]int{http.StatusConflict}, ofThing...),
		description: "The other comes back with what was its own; the survivor's fields become what they were, unless they were changed since. What left in between stays with the survivor, " +
			"and what was cancelled stays cancelled. 409 when it is undone already, older than 30 days, when either was erased, or when the survivor was deleted or became part of another.",
	}, a.undoMerge)
}

const choices = "choose says, for fields, whose value remains, survivor or other; left out, the survivor's, and the other's where the survivor has none. " +
	"The place in the programme is one field, programme: left out, the survivor's, unless it never started and the other did. " +
	"An opt-out and do_not_contact of either remain whatever is chosen."

var (
	exampleMerge = fibonacco.Merge{
		ID: 5, UUID: "0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f", SurvivorID: 42, OtherID: 57, MergedAt: exampleTime, MergedBy: &exampleUser,
		UndoUntil: exampleTime.AddDate(0, 0, 30), Fields: exampleMergeFields,
	}
	exampleMergeFields = []fibonacco.MergeField{{Name: "primary_phone", Keep: "+17185550142", Other: "+13475550100", Result: "+13475550100"}}
)

func exampleDuplicate() fibonacco.DuplicatePair {
	other := exampleSMB
	other.ID, other.UUID, other.BusinessName = 57, "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0eaf", "Rosas Bakery LLC"
	return fibonacco.DuplicatePair{A: exampleSMB, B: other, Score: 95, Reasons: []string{
		"same name: “Rosa's Bakery”", "same phone number (718) 555-0142", "same ZIP 11201",
	}}
}

func exampleMergePreview() fibonacco.MergePreview {
	pair := exampleDuplicate()
	survivor, other := tidied(pair.A), tidied(pair.B)
	return fibonacco.MergePreview{
		Survivor: &survivor, Other: &other, Fields: exampleMergeFields,
		Rows: map[string]int{"campaign_sends": 12, "email_conversations": 1}, Kept: map[string]int{"campaign_sends": 3},
	}
}

// tidied is tidy, which stops at pointers, for what is behind one.
func tidied[T any](v T) T {
	t, _ := tidy(v).(T)
	return t
}

type mergeInput struct {
	Other  int64             `json:"other" minimum:"1" example:"57" doc:"Id of the business that becomes part of this one."`
	Choose map[string]string `json:"choose,omitempty" doc:"Field to survivor or other."`
}

type dismissal struct {
	A int64 `json:"a" minimum:"1" example:"42"`
	B int64 `json:"b" minimum:"1" example:"57"`
}

func (a *API) listDuplicates(ctx context.Context, in *struct {
	Community int64 `query:"community" minimum:"1" example:"1" doc:"Id of the community to look in; left out, all that you see."`
	Limit     int   `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many pairs at most."`
},
) (*body[list[fibonacco.DuplicatePair]], error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	return pairs(a.o.Merges.Duplicates(ctx, in.Community, in.Limit))
}

func (a *API) listSMBDuplicates(ctx context.Context, in *SMBPath) (*body[list[fibonacco.DuplicatePair]], error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return pairs(a.o.Merges.DuplicatesOf(ctx, id))
}

func pairs(found []fibonacco.DuplicatePair, err error) (*body[list[fibonacco.DuplicatePair]], error) {
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.DuplicatePair]]{whole(found)}, nil
}

func (a *API) dismissDuplicate(ctx context.Context, in *body[dismissal]) (*none, error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	return nil, a.o.Merges.DismissDuplicate(ctx, in.Body.A, in.Body.B)
}

func (a *API) restoreDuplicate(ctx context.Context, in *body[dismissal]) (*none, error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	return nil, a.o.Merges.RestoreDuplicate(ctx, in.Body.A, in.Body.B)
}

// mergeOf is a merge that somebody asks for.
type mergeOf struct {
	SMBPath
	Body mergeInput
}

func (a *API) previewMerge(ctx context.Context, in *mergeOf) (*body[fibonacco.MergePreview], error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.o.Merges.PreviewMerge(ctx, id, in.Body.Other, in.Body.Choose)
	if err != nil {
		return nil, err
	}
	survivor, other := tidied(*p.Survivor), tidied(*p.Other)
	p.Survivor, p.Other = &survivor, &other
	return &body[fibonacco.MergePreview]{*p}, nil
}

func (a *API) mergeSMBs(ctx context.Context, in *mergeOf) (*created[fibonacco.Merge], error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	m, err := a.o.Merges.MergeSMBs(ctx, id, in.Body.Other, in.Body.Choose)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.Merge]{Location: fmt.Sprintf("%s/smbs/%d/merges", Prefix, m.SurvivorID), Body: *m}, nil
}

func (a *API) listMerges(ctx context.Context, in *SMBPath) (*body[list[fibonacco.Merge]], error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.o.Merges.ListMerges(ctx, id)
	if err != nil {
		return nil, err
	}
	return &body[list[fibonacco.Merge]]{whole(all)}, nil
}

func (a *API) undoMerge(ctx context.Context, in *struct {
	UUID string `path:"uuid" example:"0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f"`
},
) (*none, error) {
	if a.o.Merges == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if !isUUID(in.UUID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such merge")
	}
	return nil, a.o.Merges.UndoMerge(ctx, strings.ToLower(in.UUID))
}
