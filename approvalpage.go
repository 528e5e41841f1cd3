package fibonacco

import (
	"context"
	"time"
)

// ApprovalPage is what the link of one approval shows before the yes.
type ApprovalPage struct {
	Claim    ApprovalClaim
	Business string
	Place    string   // street or town, to know it by; "" when there is none on file
	Email    string   // address on record, to start from; "" when there is none
	Offering Offering // Automatic only when this program makes it by itself
	Receipt  string   // of the approval that is under way or done already; "" when there is none
}

// ApprovalReceipt is what follows a yes, for whoever gave it.
type ApprovalReceipt struct {
	ApprovalID   int64
	Business     string
	Name         string // who said yes
	MaskedEmail  string // where the confirmation went
	Offering     Offering
	Status       string // of the approval
	Withdrawn    bool   // out of the public's sight, by its owner's wish
	ApprovedAt   time.Time
	Zone         string // IANA name, of the business
	URL          string // what was made, in public; "" until then, or when it is for the owner only
	Offers       []AnsweredOffer
	MeetingAsked bool
}

// AnsweredOffer is a further service with what was said to it.
type AnsweredOffer struct {
	UpsellOffer
	Accepted *bool // nil until answered
}

// OwnedService is a service of a business, for its owner.
type OwnedService struct {
	ApprovalID int64
	Offering   Offering
	Status     string // of the approval
	Withdrawn  bool
	CanHide    bool // it can be taken out of the public's sight, or brought back, here
	ApprovedAt time.Time
	URL        string // its public address; "" for none
	Manage     string // last part of its page under /my/{token}/; "" for none
	Note       string // what to do first
}

// ApprovalPages is what the public pages of approvals speak to. A token that proves nothing is
// Forbidden, always in the same words.
type ApprovalPages interface {
	ApprovalPage(ctx context.Context, token string) (*ApprovalPage, error)
	// Approve takes the yes that a token allows, and does what follows it. The receipt's token is that
	// of the approval that is live, also when it was there before. Returns Invalid with every field
	// that cannot be taken. What the request claims is not looked at.
	Approve(ctx context.Context, token string, request ApprovalRequest) (receipt string, err error)
	// RenewApproval mails a fresh link to the address on record, also for a token that has expired or
	// was revoked. It tells nobody whether it did, and does so once an hour at most.
	RenewApproval(ctx context.Context, token string) error

	ApprovalReceipt(ctx context.Context, receipt string) (*ApprovalReceipt, error)
	// AnswerUpsell takes the answer to an offer. Returns NotFound for what was not offered, and
	// Conflict when it was answered otherwise, or is approved already.
	AnswerUpsell(ctx context.Context, receipt, upsellType string, accept bool) error
	// AskMeeting asks staff for a meeting, once. wish is what the owner wrote, at most 500 characters.
	AskMeeting(ctx context.Context, receipt, wish string) error

	// OwnedServices is what a business has approved, the newest first, without what was cancelled.
	OwnedServices(ctx context.Context, smbID int64) ([]OwnedService, error)
	// HideService takes a service out of the public's sight, or brings it back. NotFound is one of
	// somebody else, Conflict one that is not provisioned.
	HideService(ctx context.Context, smbID, approvalID int64, hidden bool) error
}

// ApprovalDesk is what staff and integrations do with approvals, as far as their communities go.
type ApprovalDesk interface {
	// QueryApprovals is one page of ApprovalListing.
	QueryApprovals(ctx context.Context, q ListQuery) (Page[Approval], error)
	FindApproval(ctx context.Context, id int64) (*Approval, error)
	// StartProvisioning is a Conflict unless the approval is pending.
	StartProvisioning(ctx context.Context, approvalID int64) error
	// CancelApproval takes an approval back. Conflict when it is provisioned, or cancelled already.
	CancelApproval(ctx context.Context, approvalID int64) error

	// QueryProvisioningTasks is one page of ProvisioningTaskListing.
	QueryProvisioningTasks(ctx context.Context, q ListQuery) (Page[ProvisioningTask], error)
	// RetryTask is a Conflict unless the task has failed.
	RetryTask(ctx context.Context, taskID int64) error
	// CompleteTask stores what a person or another program has made. Conflict when it is over.
	CompleteTask(ctx context.Context, taskID int64, result map[string]any) error
	// FailTask says that it cannot be made. Conflict when it is over.
	FailTask(ctx context.Context, taskID int64, reason string) error

	// ApprovalLink is a fresh link that approves one service, and when it ends.
	ApprovalLink(ctx context.Context, smbID int64, serviceType string) (url string, expires time.Time, err error)
	// OwnerLink is a fresh link to a business's own pages, and when it ends. Whoever has it acts as the
	// owner: that it was made is in the audit log. NotFound for a business that is not the caller's to
	// see.
	OwnerLink(ctx context.Context, smbID int64) (url string, expires time.Time, err error)
	// RevokeLinks makes every approval link, receipt and owner link of a business that was issued so
	// far open nothing (R6).
	RevokeLinks(ctx context.Context, smbID int64) error
}
