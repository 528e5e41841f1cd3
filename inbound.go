package fibonacco

import (
	"context"
	"time"
)

// EmailConversation is one mail of a thread with an SMB, in or out.
type EmailConversation struct {
	ID             int64
	SMBID          *int64
	Direction      string // inbound, outbound
	FromEmail      string
	ToEmail        string
	Subject        string
	Body           string
	BodyHTML       string
	InReplyTo      string
	CampaignSendID *int64
	Intent         string
	Sentiment      string // positive, neutral, negative
	AIResponded    bool
	AIResponse     string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Callback is one phone call from an SMB.
type Callback struct {
	ID                  int64
	UUID                string
	SMBID               *int64
	RVMDropID           *int64
	CallerPhone         string
	CalledNumber        string
	StartedAt           time.Time
	EndedAt             *time.Time
	DurationSeconds     *int
	Transcript          string
	Summary             string
	IntentDetected      string
	ActionsTaken        []string
	FollowupEmailSent   bool
	FollowupEmailSentAt *time.Time
	Metadata            map[string]any
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// ChatMessage is one line of a chat session.
type ChatMessage struct {
	ID           int64
	SessionID    string
	SMBID        *int64
	Role         string // user, assistant
	Content      string
	Intent       string
	ActionsTaken []string
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// InboundMail is a received mail taken apart; NewText has quotes and signature removed.
type InboundMail struct {
	MessageID  string
	From       string
	To         []string
	Subject    string
	NewText    string
	Text       string
	HTML       string
	InReplyTo  string
	References []string
	Headers    map[string][]string
	Received   time.Time
}

// CallData is what a telephone provider reports about one call.
type CallData struct {
	ProviderID      string
	CallerPhone     string
	CalledNumber    string
	StartedAt       time.Time
	EndedAt         *time.Time
	DurationSeconds int
	AudioURL        string
	Transcript      string
}

// InboundService is Module 5's contract.
type InboundService interface {
	// ParseInboundEmail takes a raw RFC 5322 message apart. Malformed when it is not one.
	ParseInboundEmail(ctx context.Context, raw []byte) (*InboundMail, error)
	// ClassifyEmailIntent takes the new text only.
	ClassifyEmailIntent(ctx context.Context, body string) (intent string, err error)
	GenerateEmailResponse(ctx context.Context, smbID int64, intent, body string) (string, error)
	SendEmailResponse(ctx context.Context, smbID int64, response, inReplyTo string) error

	// HandleCallback stores a finished call and publishes CallbackReceived once per call.
	HandleCallback(ctx context.Context, call CallData) error
	TranscribeCall(ctx context.Context, audioURL string) (string, error)
	GenerateCallSummary(ctx context.Context, transcript string) (string, error)

	// HandleChatMessage answers one message; smbID is nil for a visitor who is not known.
	HandleChatMessage(ctx context.Context, sessionID string, smbID *int64, message string) (string, error)
}
