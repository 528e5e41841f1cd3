package fibonacco

import (
	"context"
	"time"
)

// Approval is an SMB's yes to one service.
type Approval struct {
	ID                    int64          `json:"id"`
	UUID                  string         `json:"uuid"`
	SMBID                 int64          `json:"smb_id"`
	ServiceType           string         `json:"service_type"`
	TaskID                *int64         `json:"task_id"`
	ApproverName          string         `json:"approver_name"`
	ApproverEmail         string         `json:"approver_email"`
	ApproverPhone         string         `json:"approver_phone"`
	ApproverRole          string         `json:"approver_role"`
	SourceType            string         `json:"source_type"` // email, learning_center, direct, upsell, phone, chat
	SourceID              string         `json:"source_id"`
	SourceURL             string         `json:"source_url"`
	ContactConsent        bool           `json:"contact_consent"`
	Status                string         `json:"status"` // pending, provisioning, provisioned, failed, cancelled
	ApprovedAt            time.Time      `json:"approved_at"`
	ProvisioningStartedAt *time.Time     `json:"provisioning_started_at"`
	ProvisionedAt         *time.Time     `json:"provisioned_at"`
	WithdrawnAt           *time.Time     `json:"withdrawn_at"` // its owner has taken it out of the public's sight
	Metadata              map[string]any `json:"metadata"`
	CreatedAt             time.Time      `json:"created_at"`
	UpdatedAt             time.Time      `json:"updated_at"`
}

// ApprovalListing is what can be asked of an SMB's approvals.
var ApprovalListing = Listing{
	Name: "approvals", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they came."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "Who said yes."},
		{Name: "service_type", Kind: TextField, Filter: true, About: "What was approved."},
		{Name: "status", Kind: TextField, Values: []string{"pending", "provisioning", "provisioned", "failed", "cancelled"}, Filter: true, About: "How far it is."},
		{Name: "source_type", Kind: TextField, Filter: true, About: "email, learning_center, direct, upsell, phone or chat."},
		{Name: "approved_at", Kind: TimeField, Filter: true, Sort: true, About: "When they said yes."},
	},
}

// ApprovalUpsell is one further service offered after an approval.
type ApprovalUpsell struct {
	ID                  int64      `json:"id"`
	ApprovalID          int64      `json:"approval_id"`
	UpsellServiceType   string     `json:"upsell_service_type"`
	OfferedAt           time.Time  `json:"offered_at"`
	Accepted            *bool      `json:"accepted"` // nil until answered
	AcceptedAt          *time.Time `json:"accepted_at"`
	DeclinedAt          *time.Time `json:"declined_at"`
	ResultingApprovalID *int64     `json:"resulting_approval_id"`
}

// ProvisioningTask is the work of making an approved service real.
type ProvisioningTask struct {
	ID            int64          `json:"id"`
	ApprovalID    int64          `json:"approval_id"`
	SMBID         int64          `json:"smb_id"`
	ServiceType   string         `json:"service_type"`
	Status        string         `json:"status"`   // queued, processing, completed, failed
	Priority      int            `json:"priority"` // the SMB's tier; 5 by default
	StartedAt     *time.Time     `json:"started_at"`
	CompletedAt   *time.Time     `json:"completed_at"`
	FailedAt      *time.Time     `json:"failed_at"`
	FailureReason string         `json:"failure_reason"`
	Attempts      int            `json:"attempts"`
	DueAt         *time.Time     `json:"due_at"` // when it is tried again, or the webhook is; nil: nothing happens by itself
	ResultData    map[string]any `json:"result_data"`
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
}

// ProvisioningTaskListing is what can be asked of the provisioning tasks.
var ProvisioningTaskListing = Listing{
	Name: "provisioning-tasks", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were made."},
		{Name: "approval_id", Kind: IntegerField, Filter: true, About: "The approval it serves."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "Whose service it is."},
		{Name: "service_type", Kind: TextField, Filter: true, About: "What is made."},
		{Name: "status", Kind: TextField, Values: []string{"queued", "processing", "completed", "failed"}, Filter: true, About: "How far it is."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "Since when."},
	},
}

// ApprovalClaim is what a valid approval token proves.
type ApprovalClaim struct {
	SMBID       int64
	ServiceType string
	SourceID    string
	Expires     time.Time
}

// ApprovalRequest is a filled-in approval form; the token has decided SMB, service and source.
type ApprovalRequest struct {
	Claim          ApprovalClaim
	Name           string
	Email          string
	Phone          string // "" when not given
	Role           string
	ContactConsent bool
	SourceURL      string
}

// UpsellOffer is a further service to offer.
type UpsellOffer struct {
	ServiceType string `json:"service_type"`
	Title       string `json:"title"`
	Description string `json:"description"`
}

// Offering is a service that a business can say yes to, in the words that its owner reads.
// Offerings are data: config/services.yaml, of which an operator may have their own.
type Offering struct {
	Type      string   `json:"type" yaml:"type"`           // "listing_claim"
	Title     string   `json:"title" yaml:"title"`         // "A page of your own"
	Summary   string   `json:"summary" yaml:"summary"`     // what it does, and does not do: one or two sentences
	Next      []string `json:"next" yaml:"next"`           // what happens after the yes, step by step
	Automatic bool     `json:"automatic" yaml:"automatic"` // starts by itself (M4-11); otherwise a person replies
	Upsells   []string `json:"upsells" yaml:"upsells"`     // types offered after a yes, at most three
	Meeting   string   `json:"meeting" yaml:"meeting"`     // what a meeting about it would be about
}

// ApprovalService is Module 4's contract.
type ApprovalService interface {
	// ValidateToken returns Forbidden when the token is altered, expired or foreign.
	ValidateToken(ctx context.Context, token string) (*ApprovalClaim, error)
	// GenerateToken is good for seven days.
	GenerateToken(ctx context.Context, smbID int64, serviceType, sourceID string) (string, error)

	// Create stores a pending approval and publishes ApprovalSubmitted. At most one is live per
	// SMB and service: a second is a Conflict.
	Create(ctx context.Context, request ApprovalRequest) (*Approval, error)
	// Process does once what follows an approval: confirmation mail, counters, offers, automatic start.
	Process(ctx context.Context, approvalID int64) error

	// UpsellOffers is at most three, from the upsell map; none for an unknown service.
	UpsellOffers(ctx context.Context, serviceType string) ([]UpsellOffer, error)
	RecordUpsellOffer(ctx context.Context, approvalID int64, upsellType string) error
	// AcceptUpsell makes a new approval. Conflict when the offer was answered already.
	AcceptUpsell(ctx context.Context, approvalID int64, upsellType string) (*Approval, error)

	// StartProvisioning is a Conflict unless the approval is pending.
	StartProvisioning(ctx context.Context, approvalID int64) error
	CompleteProvisioning(ctx context.Context, approvalID int64, result map[string]any) error
	FailProvisioning(ctx context.Context, approvalID int64, reason string) error
}
