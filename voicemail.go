package fibonacco

import (
	"context"
	"time"
)

// Voicemail is one ringless voicemail on its way to a provider.
type Voicemail struct {
	DropID      int64
	UUID        string // the drop's; the provider tells it back where it can
	To          string // E.164
	Script      string // as it is spoken
	Persona     string // whose voice: "sarah"
	PostalCode  string // of the business; "" when not known
	CallbackURL string // where the result goes, with a proof in it; "" when the provider could not reach it
	Key         string // the same for every try of the same hand-over; see Voicemailer.Repeatable
}

// Voicemailer drops ringless voicemails: Drop Cowboy, or the simulator.
type Voicemailer interface {
	// Name is "drop_cowboy" or "simulator", as rvm_drops.provider has it.
	Name() string
	// Drop hands over one voicemail. Accepted means that the provider has it, and no more: what became
	// of it comes later, as a DropReport. NotTried and Deferred are clearly not left; Unanswered may
	// or may not have left. Safe for concurrent use. It returns soon after ctx ends.
	Drop(ctx context.Context, v Voicemail) Handover
	// Repeatable is for how long, in real time, the same Voicemail with the same Key may be handed over
	// again without leaving twice. 0: never, so that an unanswered one is not tried again.
	Repeatable() time.Duration
	// Ready is nil when hand-over can be tried, else why not. It talks to nobody.
	Ready() error
	// Check talks to the provider and proves that it would take a voicemail; it drops none.
	Check(ctx context.Context) error
}

// DropOutcome is what became of a voicemail.
type DropOutcome string

// The outcomes.
const (
	DropDelivered DropOutcome = "delivered"
	DropFailed    DropOutcome = "failed"    // did not arrive, and is not tried again
	DropOptedOut  DropOutcome = "opted_out" // did not arrive: who has the number wants none, or may get none
	DropDeferred  DropOutcome = "deferred"  // did not leave; another day may do
	DropBlocked   DropOutcome = "blocked"   // did not leave, nor would any other: funds, credentials, the brand
)

// DropReport is what a provider says became of one voicemail.
type DropReport struct {
	EventID string // the provider's, of its message; "" when it has none: what counts is then the drop's state
	DropID  int64  // of a result whose address carried our proof; 0 when it came otherwise
	UUID    string // the drop's, where the provider tells it back; "" when not
	Theirs  string // the provider's own id of the voicemail: tells several reports about one apart; "" when it has none
	Phone   string // E.164; finds the drop when none of the above does
	Outcome DropOutcome
	Status  string // in a word, as rvm_drops.delivery_status keeps it: "mailbox_full"
	Code    int    // the provider's
	Reason  string // the provider's words, without numbers
}

// DropReports takes what providers say about voicemails.
type DropReports interface {
	// TakeDropReport returns after the report is durable; changed is false when it came before, or
	// told nothing new. A report about a voicemail that is not ours is no error.
	TakeDropReport(ctx context.Context, r DropReport) (changed bool, err error)
}

// VoicemailPermission says whether a business may get a voicemail at a moment, rule by rule.
type VoicemailPermission struct {
	SMBID        int64           `json:"smb_id"`
	BusinessName string          `json:"business_name"`
	At           time.Time       `json:"at"`
	Allowed      bool            `json:"allowed"`
	Reason       SkipReason      `json:"reason"` // of the first rule that refuses; "" when allowed
	Next         *time.Time      `json:"next"`   // when the hours allow one next, whatever the other rules say; nil when never
	Timezone     string          `json:"timezone"`
	Rules        []VoicemailRule `json:"rules"`
}

// VoicemailRule is one rule with its verdict.
type VoicemailRule struct {
	Name    string     `json:"name"` // "consent", "hours: FL"
	Allowed bool       `json:"allowed"`
	Reason  SkipReason `json:"reason"` // "" when allowed
	Because string     `json:"because"`
	Source  string     `json:"source"` // the law, or the setting; "" when it is plain sense
}

// VoicemailChecker explains permission or refusal.
type VoicemailChecker interface {
	// CheckVoicemail judges one SMB at a moment; at nil is now. It changes nothing. NotFound for an
	// SMB that is unknown, or outside the caller's communities. Route: GET /smbs/{id}/rvm-check.
	CheckVoicemail(ctx context.Context, smbID int64, at *time.Time) (*VoicemailPermission, error)
}

// RVMDropListing is what can be asked of the list of voicemails.
var RVMDropListing = Listing{
	Name: "rvm-drops", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were planned."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "The business."},
		{Name: "campaign_id", Kind: TextField, Filter: true, About: "Whose script it is."},
		{Name: "campaign_send_id", Kind: IntegerField, Filter: true, About: "The mail that it follows."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "The community that the business is in now."},
		{
			Name: "status", Kind: TextField, Filter: true, About: "Where it stands.",
			Values: []string{"queued", "sending", "sent", "delivered", "failed", "cancelled"},
		},
		{Name: "delivery_status", Kind: TextField, Filter: true, About: "What the provider said, or why it was cancelled."},
		{Name: "scheduled_for", Kind: TimeField, Filter: true, About: "When it is to leave."},
		{Name: "sent_at", Kind: TimeField, Filter: true, About: "When it was handed over; null is not yet, or never."},
		{Name: "delivered_at", Kind: TimeField, Filter: true, About: "When it arrived."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was planned."},
	},
}

// VoicemailDirectory reads voicemails. Those of businesses outside the caller's communities are left
// out. Routes: GET /rvm-drops, GET /rvm-drops/{id}.
type VoicemailDirectory interface {
	// QueryDrops is one page of RVMDropListing.
	QueryDrops(ctx context.Context, q ListQuery) (Page[RVMDrop], error)
	// FindDrop returns NotFound for one that is unknown, or not the caller's to see.
	FindDrop(ctx context.Context, id int64) (*RVMDrop, error)
}

// VoicemailState says whether voicemails leave.
type VoicemailState struct {
	Provider string     `json:"provider"` // "drop_cowboy", "simulator"; "" when none is set up: nothing is planned then
	Paused   bool       `json:"paused"`
	Reason   string     `json:"reason"` // why, for people; "" unless paused
	By       string     `json:"by"`     // the provider's name, or of who paused; "" unless paused
	Since    *time.Time `json:"since"`  // nil unless paused
}

// VoicemailPaused says that no voicemail leaves, and VoicemailResumed that they do again.
type (
	VoicemailPaused struct {
		Reason string `json:"reason"`
		By     string `json:"by"`
	}
	// VoicemailResumed ends a VoicemailPaused.
	VoicemailResumed struct {
		By string `json:"by"`
	}
)

// Meta implements Event.
func (VoicemailPaused) Meta() EventMeta {
	return EventMeta{Type: "voicemail.paused", Category: CategoryOperations}
}

// Meta implements Event.
func (VoicemailResumed) Meta() EventMeta {
	return EventMeta{Type: "voicemail.resumed", Category: CategoryOperations}
}

// VoicemailControl stops and starts voicemails, for all nodes. A provider that takes none (no funds,
// wrong credentials, a brand it does not know) stops them by itself. Routes: GET /voicemail,
// POST /voicemail/pause, POST /voicemail/resume.
type VoicemailControl interface {
	VoicemailState(ctx context.Context) (*VoicemailState, error)
	// PauseVoicemail holds everything that is queued; those whose hours pass meanwhile move to the next
	// permitted day. Doing it again changes nothing. Invalid without a reason.
	PauseVoicemail(ctx context.Context, reason, by string) error
	// ResumeVoicemail lets voicemails go again. Doing it again changes nothing.
	ResumeVoicemail(ctx context.Context, by string) error
}

// PhoneCall is a call to one of our numbers as a telephone provider tells of it, already proven to
// be the provider's word.
type PhoneCall struct {
	ID        string // the provider's, of the call
	From      string // E.164
	To        string // E.164
	Step      string // what the last answer asked for; "" when the call begins
	Digits    string // keys that were pressed
	Speech    string // what was said, as text
	Recording string // where a recording is; "" when there is none
	Seconds   int    // how long the recording is
}

// VoicemailLine answers calls to the numbers that voicemails name.
type VoicemailLine interface {
	// AnswerCall says in TwiML how a call goes on. next is the address that answers the following
	// step, to which "step=…" is added. An opt-out has taken effect when it returns.
	AnswerCall(ctx context.Context, call PhoneCall, next string) (twiml []byte, err error)
}
