package api

import (
	"context"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) approvals() {
	conflicts := append([]int{http.StatusConflict}, ofThing...)
	registerList(a, operation{
		method: http.MethodGet, path: "/approvals", id: "list-approvals", tag: tagApprovals,
		summary: "What businesses said yes to, newest first", response: list[fibonacco.Approval]{Data: []fibonacco.Approval{exampleApproval}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ApprovalListing, func(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.Approval], err error) {
		if a.o.Approvals == nil {
			return page, noApprovals()
		}
		return a.o.Approvals.QueryApprovals(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodGet, path: "/approvals/{id}", id: "get-approval", tag: tagApprovals,
		summary: "One approval", errors: ofThing, response: exampleApproval,
	}, a.getApproval)
	register(a, operation{
		method: http.MethodPost, path: "/approvals/{id}/provision", id: "start-provisioning", tag: tagApprovals,
		summary: "Start to make an approved service", errors: conflicts,
		description: "From pending only, else 409. What this program makes is made within a minute; anything else is in a person's hands from then on, until its task is completed or failed.",
	}, a.startProvisioning)
	register(a, operation{
		method: http.MethodDelete, path: "/approvals/{id}", id: "cancel-approval", tag: tagApprovals,
		summary: "Take an approval back", errors: conflicts,
		description: "Whoever gave it is told by e-mail. 409 when it is provisioned, or was taken back already: what works is turned off by its owner.",
	}, a.cancelApproval)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/approval-link", id: "make-approval-link", tag: tagApprovals,
		summary: "Make a link that approves one service", errors: append(append([]int{}, ofThing...), ofBody...),
		description: "Good for seven days. Whoever has it can say yes for the business: give it to its owner only. That it was made is in the audit log.",
		request:     approvalLinkFor{ServiceType: "listing_claim"},
		response:    approvalLink{URL: "https://news.example.com/approve/AQEC…", ServiceType: "listing_claim", ExpiresAt: exampleTime.AddDate(0, 0, 7)},
	}, a.makeApprovalLink)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/owner-link", id: "make-owner-link", tag: tagApprovals,
		summary: "Make a link to a business's own pages", errors: ofThing,
		description: "Good for 90 days. Whoever has it acts as the owner: give it to nobody else. That it was made is in the audit log.",
		response:    ownerLink{URL: "https://news.example.com/my/AQEC…", ExpiresAt: exampleTime.AddDate(0, 0, 90)},
	}, a.makeOwnerLink)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/revoke-links", id: "revoke-links", tag: tagApprovals,
		summary: "Make a business's links open nothing", errors: ofThing,
		description: "All approval links, receipts and links to its own pages that were issued so far. Its owner asks for fresh ones on any of them; they go to the address on record.",
	}, a.revokeLinks)
	a.provisioningTasks(conflicts)
}

func (a *API) provisioningTasks(conflicts []int) {
	registerList(a, operation{
		method: http.MethodGet, path: "/provisioning-tasks", id: "list-provisioning-tasks", tag: tagApprovals,
		summary:  "The making of approved services, newest first",
		response: list[fibonacco.ProvisioningTask]{Data: []fibonacco.ProvisioningTask{exampleProvisioning}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ProvisioningTaskListing, func(ctx context.Context, _ *none, q question) (page fibonacco.Page[fibonacco.ProvisioningTask], err error) {
		if a.o.Approvals == nil {
			return page, noApprovals()
		}
		return a.o.Approvals.QueryProvisioningTasks(ctx, q.ListQuery)
	})
	register(a, operation{
		method: http.MethodPost, path: "/provisioning-tasks/{id}/retry", id: "retry-provisioning-task", tag: tagApprovals,
		summary: "Try a task again", errors: conflicts,
		description: "One that has failed only, else 409; also when the business has approved the same service again meanwhile.",
	}, a.retryTask)
	register(a, operation{
		method: http.MethodPost, path: "/provisioning-tasks/{id}/complete", id: "complete-provisioning-task", tag: tagApprovals,
		summary: "Say that a service works", errors: append(append([]int{}, conflicts...), ofBody...),
		description: "For what a person, or another program, has made. Its owner is told by e-mail. Of the result, url (its public address) and note (what to do first) are shown to the owner. 409 when the task is over.",
		request:     taskResult{Result: exampleProvisioning.ResultData},
	}, a.completeTask)
	register(a, operation{
		method: http.MethodPost, path: "/provisioning-tasks/{id}/fail", id: "fail-provisioning-task", tag: tagApprovals,
		summary: "Say that a service cannot be made", errors: append(append([]int{}, conflicts...), ofBody...),
		description: "A person is asked what now. 409 when the task is over.", request: taskFailure{Reason: "the salon has closed"},
	}, a.failTask)
}

var exampleApproval = fibonacco.Approval{
	ID: 3, UUID: "0193c2f0-bbbb-7ccc-8ddd-0d0e0f101112", SMBID: 42, ServiceType: "listing_claim", ApproverName: "Rosa Diaz", ApproverEmail: "rosa@rosasbakery.example",
	SourceType: "email", SourceID: "HOOK-001", ContactConsent: true, Status: "provisioned", ApprovedAt: exampleTime, ProvisioningStartedAt: &exampleTime,
	ProvisionedAt: &exampleTime, CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

var exampleProvisioning = fibonacco.ProvisioningTask{
	ID: 5, ApprovalID: 3, SMBID: 42, ServiceType: "listing_claim", Status: "completed", Priority: 2, StartedAt: &exampleTime, CompletedAt: &exampleTime, Attempts: 1,
	ResultData: map[string]any{"url": "https://news.example.com/b/rosas-bakery", "note": "Look at the facts and confirm them."}, CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

func noApprovals() error { return moduleAbsent("Approval System") }

// ApprovalPath names one approval.
type ApprovalPath struct {
	ID string `path:"id" maxLength:"50" example:"3"`
}

// TaskPath names one provisioning task.
type TaskPath struct {
	ID string `path:"id" maxLength:"50" example:"5"`
}

type approvalLinkFor struct {
	ServiceType string `json:"service_type" minLength:"1" maxLength:"100" example:"listing_claim"`
}

type approvalLink struct {
	URL         string    `json:"url"`
	ServiceType string    `json:"service_type"`
	ExpiresAt   time.Time `json:"expires_at"`
}

type taskResult struct {
	Result map[string]any `json:"result" doc:"At most 16 KiB of JSON. url, manage and note have a meaning and are texts."`
}

type taskFailure struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"Staff see it." example:"the salon has closed"`
}

func (a *API) getApproval(ctx context.Context, in *ApprovalPath) (*body[fibonacco.Approval], error) {
	id, err := a.approvalID(in.ID)
	if err != nil {
		return nil, err
	}
	found, err := a.o.Approvals.FindApproval(ctx, id)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.Approval]{tidied(*found)}, nil
}

// approvalID is the number of an approval, for a build that has them.
func (a *API) approvalID(text string) (int64, error) {
	if a.o.Approvals == nil {
		return 0, noApprovals()
	}
	return number(text, "approval")
}

func (a *API) taskID(text string) (int64, error) {
	if a.o.Approvals == nil {
		return 0, noApprovals()
	}
	return number(text, "provisioning task")
}

func (a *API) startProvisioning(ctx context.Context, in *ApprovalPath) (*none, error) {
	id, err := a.approvalID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.StartProvisioning(ctx, id)
}

func (a *API) cancelApproval(ctx context.Context, in *ApprovalPath) (*none, error) {
	id, err := a.approvalID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.CancelApproval(ctx, id)
}

func (a *API) makeApprovalLink(ctx context.Context, in *struct {
	SMBPath
	Body approvalLinkFor
},
) (*body[approvalLink], error) {
	if a.o.Approvals == nil {
		return nil, noApprovals()
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	url, expires, err := a.o.Approvals.ApprovalLink(ctx, id, in.Body.ServiceType)
	if err != nil {
		return nil, err
	}
	return &body[approvalLink]{approvalLink{URL: url, ServiceType: in.Body.ServiceType, ExpiresAt: expires}}, nil
}

type ownerLink struct {
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) makeOwnerLink(ctx context.Context, in *SMBPath) (*body[ownerLink], error) {
	if a.o.Approvals == nil {
		return nil, noApprovals()
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	url, expires, err := a.o.Approvals.OwnerLink(ctx, id)
	if err != nil {
		return nil, err
	}
	return &body[ownerLink]{ownerLink{URL: url, ExpiresAt: expires}}, nil
}

func (a *API) revokeLinks(ctx context.Context, in *SMBPath) (*none, error) {
	if a.o.Approvals == nil {
		return nil, noApprovals()
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.RevokeLinks(ctx, id)
}

func (a *API) retryTask(ctx context.Context, in *TaskPath) (*none, error) {
	id, err := a.taskID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.RetryTask(ctx, id)
}

func (a *API) completeTask(ctx context.Context, in *struct {
	TaskPath
	Body taskResult
},
) (*none, error) {
	id, err := a.taskID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.CompleteTask(ctx, id, in.Body.Result)
}

func (a *API) failTask(ctx context.Context, in *struct {
	TaskPath
	Body taskFailure
},
) (*none, error) {
	id, err := a.taskID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Approvals.FailTask(ctx, id, in.Body.Reason)
}
