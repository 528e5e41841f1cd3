package fibonacco

import (
	"context"
	"time"
)

// RecordIncludes is what FindRecord can read beside the SMB itself.
var RecordIncludes = []string{"community", "recent_sends", "approvals", "engagement", "next_step", "reach", "tags"}

// SMBRecord is an SMB with what belongs to it (M1-02). Parts that were not asked for are nil.
type SMBRecord struct {
	SMB         *SMB              `json:"smb"`
	Community   *Community        `json:"community,omitempty"`
	RecentSends []CampaignSend    `json:"recent_sends,omitempty"` // the last ten, newest first
	Approvals   []Approval        `json:"approvals,omitempty"`    // the last ten, newest first
	Engagement  *ScoreBreakdown   `json:"engagement,omitempty"`
	NextStep    *NextStep         `json:"next_step,omitempty"`
	Reach       map[Channel]Reach `json:"reach,omitempty"`
}

// NextStep is what the programme has for an SMB next: the mail that is planned, or else the step
// that follows from its programme day. An SMB that is not in the programme, or has all of it behind
// it, has none; a paused one has the step it will go on with.
type NextStep struct {
	CampaignID   string     `json:"campaign_id"`
	Title        string     `json:"title"`
	ProgrammeDay int        `json:"programme_day"`
	ScheduledFor *time.Time `json:"scheduled_for"` // nil when it is not planned yet
}

// Reach says whether an SMB can be reached on a channel (M1-25).
type Reach struct {
	Allowed bool         `json:"allowed"`
	Reasons []SkipReason `json:"reasons"` // why not, all of them
}

// TimelineEntry is one thing that happened to or by an SMB (M1-13).
type TimelineEntry struct {
	ID         int64          `json:"id"` // tells it from the others of the timeline, and from nothing else
	At         time.Time      `json:"at"`
	Kind       string         `json:"kind"`    // the event's name, "email.opened", "rvm_drop.failed", or "audit.…" for what staff did
	Topic      string         `json:"topic"`   // what it is about: one of the listing's topics
	Summary    string         `json:"summary"` // one sentence for people
	CampaignID string         `json:"campaign_id"`
	SendID     *int64         `json:"send_id"`
	Details    map[string]any `json:"details"`
}

// TimelineListing is what can be asked of an SMB's timeline.
var TimelineListing = Listing{
	Name: "timeline", Sort: "-at",
	Fields: []ListField{
		{Name: "at", Kind: TimeField, Filter: true, Sort: true, About: "When it happened."},
		{Name: "kind", Kind: TextField, Filter: true, About: "email.opened, for example. What staff changed is audit.smb.updated, and not smb.updated as well."},
		{
			Name: "topic", Kind: TextField, Filter: true, About: "What it is about. Hits of machines are mail, email.machine_opened and email.machine_clicked.",
			Values: []string{"mail", "voicemail", "learning", "services", "replies", "consent", "notes", "score", "record"},
		},
		{Name: "campaign_id", Kind: TextField, Filter: true, About: "The campaign it is about."},
	},
}

// DayScore is an SMB's score at the end of a day.
type DayScore struct {
	Day   string `json:"day"` // local date
	Score int    `json:"score"`
	Tier  int    `json:"tier"`
}

// SMBRecords reads SMBs with what surrounds them, within the caller's communities. Each method
// returns NotFound for an SMB that is unknown, deleted or not the caller's to see.
type SMBRecords interface {
	// FindRecord reads the parts that include names; Invalid names those that RecordIncludes lacks.
	FindRecord(ctx context.Context, smbID int64, include []string) (*SMBRecord, error)
	// Records reads the same parts of a page of SMBs that were found already, in as few statements as
	// for one; the result is in their order. The caller must have found them in its own name.
	Records(ctx context.Context, smbs []SMB, include []string) ([]SMBRecord, error)
	// Timeline is one page of TimelineListing of one SMB: everything that happened to or by it.
	Timeline(ctx context.Context, smbID int64, q ListQuery) (Page[TimelineEntry], error)
	// ScoreSeries is a score a day from one local date to another, both included; days without a
	// change repeat the last score. Days before the SMB was added and days to come are left out. "" is
	// today for to, and 29 days before to for from. Returns Invalid for what is no date, and for more
	// than 400 days.
	ScoreSeries(ctx context.Context, smbID int64, from, to string) ([]DayScore, error)
	// ListApprovals is one page of ApprovalListing of one SMB.
	ListApprovals(ctx context.Context, smbID int64, q ListQuery) (Page[Approval], error)
}
