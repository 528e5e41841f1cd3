package fibonacco

import (
	"context"
	"time"
)

// AITask is one thing Sarah suggests to do for an SMB.
type AITask struct {
	ID          int64
	SMBID       int64
	TaskType    string // social_post, review_request, email_campaign, special_offer, profile_update, event_post
	Status      string // pending, suggested, approved, rejected, executing, completed, failed
	InputData   map[string]any
	OutputData  map[string]any
	SuggestedAt time.Time
	ApprovedAt  *time.Time
	ExecutedAt  *time.Time
	CompletedAt *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Turn is one line of a conversation with the model.
type Turn struct {
	Role string // user, assistant
	Text string
}

// AIAccountManager is Module 7's contract: Sarah.
type AIAccountManager interface {
	// GenerateResponse answers input, which is data and never instructions.
	GenerateResponse(ctx context.Context, systemContext, input string, history []Turn) (string, error)

	// SuggestNextTask is nil when nothing is worth suggesting now.
	SuggestNextTask(ctx context.Context, smb *SMB) (*AITask, error)
	GenerateTaskContent(ctx context.Context, smbID int64, taskType string) (map[string]any, error)
	// ExecuteTask does an approved task once, exactly as previewed. Conflict when not approved.
	ExecuteTask(ctx context.Context, taskID int64) error

	// GenerateProactiveOutreach drafts a weekly_checkin, performance_summary, opportunity_alert
	// or seasonal_suggestion.
	GenerateProactiveOutreach(ctx context.Context, smbID int64, outreachType string) (map[string]any, error)
	// PersonalizeRVMScript keeps the script at 45 seconds spoken; on failure it returns the plain one.
	PersonalizeRVMScript(ctx context.Context, smbID int64, baseScript string) (string, error)

	AnalyzeEngagement(ctx context.Context, smbID int64) (map[string]any, error)
	RecommendUpsells(ctx context.Context, smbID int64) ([]UpsellOffer, error)
}
