package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

func (a *API) bulk() {
	const does = "Actions: set (change: community_id, category, business_type, source, city, state, service_model, subscription_tier and the opt-ins), add_tags, remove_tags, opt_out (of every " +
		"channel), do_not_contact, delete, and start_programme, pause_programme (whose reason is kept with the pause) and resume_programme. "
	request := map[string]any{
		"filter": map[string]any{"community_id": 1, "category": "Bakery", "engagement_tier": "3,4"}, "action": "add_tags", "tags": []string{"spring"},
	}
	register(a, operation{
		method: http.MethodPost, path: "/smbs/bulk-update", id: "start-bulk-update", tag: tagBusinesses, status: http.StatusAccepted,
		summary: "Change many businesses", errors: ofBody, request: request, response: exampleBulk,
		description: does + "It is done in the background, each business once: what the filter matches now, as far as you see. Opt-outs and deletions cancel what is queued. " +
			"delete takes the role of a manager, and a filter that narrows something. Location says where to watch.",
	}, a.startBulk)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/bulk-update/preview", id: "preview-bulk-update", tag: tagBusinesses,
		summary: "See how many businesses a change would reach", errors: ofBody, request: request,
		description: does + "Nothing is changed. left says why the others would stay as they are: " + leftReasons,
		response:    fibonacco.BulkPreview{Matched: 214, Changes: 200, Left: fibonacco.BulkLeft{fibonacco.LeftSame: 14}, Sample: []fibonacco.SMB{exampleSMB}},
	}, a.previewBulk)
	register(a, operation{
		method: http.MethodGet, path: "/smbs/bulk-update/{uuid}/status", id: "get-bulk-update", tag: tagBusinesses,
		summary: "How far a change of many businesses is", errors: ofThing, response: exampleBulk,
		description: "Who is limited to communities sees the changes of those who are limited to the same. left says why businesses stayed as they were: " + leftReasons,
	}, a.getBulk)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/bulk-update/{uuid}/undo", id: "undo-bulk-update", tag: tagBusinesses, status: http.StatusAccepted,
		summary: "Take a change of many businesses back", errors: append([]int{http.StatusConflict}, ofThing...), response: exampleBulk,
		description: "For exactly the businesses that it made different, within 30 days, once: a pause is resumed, one tag is taken off again or put back. 409 for every other change (undoable is false).",
	}, a.undoBulk)
}

const leftReasons = "same (it is so already), too_many_tags, gone (deleted, or moved out of sight, since the change began), or the status that does not allow it: pending, active, paused, completed."

var exampleBulk = fibonacco.BulkJob{
	ID: 4, UUID: "0193c2f0-6f7a-7b8c-9d0e-1f2a3b4c5d6e", Action: fibonacco.BulkTag, Status: "running", Matched: 214, Done: 100, Changed: 93,
	CreatedBy: &exampleUser, CreatedAt: exampleTime,
}

// bulkUpdateInput is what a caller may say about a change of many.
type bulkUpdateInput struct {
	Filter bulkFilter  `json:"filter" doc:"Which businesses; {} is all of them."`
	Action string      `json:"action" enum:"set,add_tags,remove_tags,opt_out,do_not_contact,delete,start_programme,pause_programme,resume_programme" example:"add_tags"`
	Change *bulkChange `json:"change,omitempty" doc:"Of set."`
	Tags   []string    `json:"tags,omitempty" maxItems:"50" example:"[\"spring\"]" doc:"Of add_tags and remove_tags."`
	Reason string      `json:"reason,omitempty" maxLength:"500" doc:"For the audit log."`
}

// bulkChange is what can be set for many at once. An empty text makes it unknown.
type bulkChange struct {
	CommunityID      *int64  `json:"community_id,omitempty" minimum:"1" doc:"Moves them there."`
	BusinessType     *string `json:"business_type,omitempty" maxLength:"100"`
	Category         *string `json:"category,omitempty" maxLength:"100" example:"Bakery"`
	City             *string `json:"city,omitempty" maxLength:"100"`
	State            *string `json:"state,omitempty" maxLength:"2" example:"NY"`
	ServiceModel     *string `json:"service_model,omitempty" maxLength:"50"`
	SubscriptionTier *string `json:"subscription_tier,omitempty" maxLength:"50"`
	Source           *string `json:"source,omitempty" maxLength:"50"`
	EmailOptedIn     *bool   `json:"email_opted_in,omitempty"`
	SMSOptedIn       *bool   `json:"sms_opted_in,omitempty"`
	RVMOptedIn       *bool   `json:"rvm_opted_in,omitempty"`
	PhoneOptedIn     *bool   `json:"phone_opted_in,omitempty"`
}

func (in bulkUpdateInput) request() (fibonacco.BulkRequest, error) {
	r := fibonacco.BulkRequest{Action: fibonacco.BulkAction(in.Action), Tags: in.Tags, Reason: in.Reason}
	if c := in.Change; c != nil {
		r.Change = fibonacco.SMBChange{
			CommunityID: c.CommunityID, BusinessType: c.BusinessType, Category: c.Category, City: c.City, State: c.State, ServiceModel: c.ServiceModel,
			SubscriptionTier: c.SubscriptionTier, Source: c.Source, EmailOptedIn: c.EmailOptedIn, SMSOptedIn: c.SMSOptedIn,
			RVMOptedIn: c.RVMOptedIn, PhoneOptedIn: c.PhoneOptedIn,
		}
	}
	var err error
	r.Filter, err = in.Filter.filter()
	return r, err
}

func (a *API) startBulk(ctx context.Context, in *body[bulkUpdateInput]) (*created[fibonacco.BulkJob], error) {
	if a.o.Bulk == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	r, err := in.Body.request()
	if err != nil {
		return nil, err
	}
	// To delete one takes a manager: so does to delete many.
	if p := fibonacco.PrincipalOf(ctx); r.Action == fibonacco.BulkDelete && p != nil && !p.Role.AtLeast(Permissions["DELETE "+Prefix+"/smbs/{id}"].Role) {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "to delete businesses takes the role of a manager")
	}
	if err := mayMove(ctx, r.Action); err != nil {
		return nil, err
	}
	job, err := a.o.Bulk.StartBulk(ctx, r)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.BulkJob]{Location: Prefix + "/smbs/bulk-update/" + job.UUID + "/status", Body: *job}, nil
}

// mayMove refuses a token that may change businesses, and not run the programme.
func mayMove(ctx context.Context, action fibonacco.BulkAction) error {
	switch action {
	case fibonacco.BulkStart, fibonacco.BulkPause, fibonacco.BulkResume:
		if p := fibonacco.PrincipalOf(ctx); p != nil {
			return Permissions["POST "+Prefix+"/smbs/campaign/start"].Allow(p)
		}
	}
	return nil
}

func (a *API) previewBulk(ctx context.Context, in *body[bulkUpdateInput]) (*body[fibonacco.BulkPreview], error) {
	if a.o.Bulk == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	r, err := in.Body.request()
	if err != nil {
		return nil, err
	}
	preview, err := a.o.Bulk.PreviewBulk(ctx, r)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.BulkPreview]{*preview}, nil
}

// BulkPath names a change of many businesses in a path.
type BulkPath struct {
	UUID string `path:"uuid" maxLength:"100" example:"0193c2f0-6f7a-7b8c-9d0e-1f2a3b4c5d6e"`
}

func (a *API) getBulk(ctx context.Context, in *BulkPath) (*body[fibonacco.BulkJob], error) {
	if a.o.Bulk == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	job, err := a.o.Bulk.FindBulk(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.BulkJob]{*job}, nil
}

func (a *API) undoBulk(ctx context.Context, in *BulkPath) (*created[fibonacco.BulkJob], error) {
	if a.o.Bulk == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	before, err := a.o.Bulk.FindBulk(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	if err := mayMove(ctx, before.Action); err != nil {
		return nil, err
	}
	job, err := a.o.Bulk.UndoBulk(ctx, in.UUID)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.BulkJob]{Location: Prefix + "/smbs/bulk-update/" + job.UUID + "/status", Body: *job}, nil
}
