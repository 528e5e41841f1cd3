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
	Metadata              map[string]any `json:"metadata"`
	CreatedAt             time.Time      `json:"created_at"`
	UpdatedAt             time.Time      `json:"updated_at"`
}

// ApprovalListing is what can be asked of an SMB's approvals.
var ApprovalListing = Listing{
	Name: "approvals", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they came."},
		{Name: "service_type", Kind: TextField, Filter: true, About: "What was approved."},
		{Name: "status", Kind: TextField, Values: []string{"pending", "provisioning", "provisioned", "failed", "cancelled"}, Filter: true, About: "How far it is."},
		{Name: "source_type", Kind: TextField, Filter: true, About: "email, learning_center, direct, upsell, phone or chat."},
		{Name: "approved_at", Kind: TimeField, Filter: true, Sort: true, About: "When they said yes."},
	},
}

// ApprovalUpsell is one further service offered after an approval.
type ApprovalUpsell struct {
	ID                  int64
	ApprovalID          int64
	UpsellServiceType   string
	OfferedAt           time.Time
	Accepted            *bool // nil until answered
	AcceptedAt          *time.Time
	DeclinedAt          *time.Time
	ResultingApprovalID *int64
}

// ProvisioningTask is the work of making an approved service real.
type ProvisioningTask struct {
	ID            int64
	ApprovalID    int64
	SMBID         int64
	ServiceType   string
	Status        string // queued, processing, completed, failed
	Priority      int    // the SMB's tier; 5 by default
	StartedAt     *time.Time
	CompletedAt   *time.Time
	FailedAt      *time.Time
	FailureReason string
	ResultData    map[string]any
	CreatedAt     time.Time
	UpdatedAt     time.Time
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
	ServiceType string
	Title       string
	Description string
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
