package fibonacco

import (
	"context"
	"io"
	"time"
)

// Segment is a saved filter of SMBs. It names a set, not its members: they are found anew at
// every use, as far as the user of it sees.
type Segment struct {
	ID          int64     `json:"id"`
	UUID        string    `json:"uuid"`
	Name        string    `json:"name"` // unique within its community, case does not count
	Description string    `json:"description"`
	CommunityID *int64    `json:"community_id"` // only SMBs of this one, and known to its people; nil: of all, known to those who see all
	Filter      Filter    `json:"filter"`       // conditions on SMBListing's fields
	Search      string    `json:"search"`
	Count       *int      `json:"count"` // SMBs in it now; nil unless asked for
	CreatedBy   *int64    `json:"created_by"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

// SegmentListing is what can be asked of the list of segments.
var SegmentListing = Listing{
	Name: "segments", Search: true, Sort: "name", Includes: []string{"count"},
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were made."},
		{Name: "name", Kind: TextField, Filter: true, Sort: true, About: "Compared as stored; ordered without case."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "null is those of all communities."},
	},
}

// SegmentService keeps the segments. A caller who is limited to communities sees, makes and
// changes those of these communities only.
type SegmentService interface {
	// CreateSegment returns Invalid naming each bad field, also within the filter, and Conflict when
	// the name is taken. A caller limited to one community need not name it.
	CreateSegment(ctx context.Context, s Segment) (*Segment, error)
	// FindSegment fills Count in. Returns NotFound.
	FindSegment(ctx context.Context, uuid string) (*Segment, error)
	// UpdateSegment replaces name, description, filter and search.
	UpdateSegment(ctx context.Context, uuid string, s Segment) (*Segment, error)
	DeleteSegment(ctx context.Context, uuid string) error
	// ListSegments is one page of SegmentListing; counts says whether to fill Count in.
	ListSegments(ctx context.Context, q ListQuery, counts bool) (Page[Segment], error)
}

// BulkRequest is one change to every SMB of a filter (M1-22).
type BulkRequest struct {
	Filter SMBFilter
	Action BulkAction
	Change SMBChange // of BulkSet: community_id, service_model, subscription_tier, category, business_type, source, state, city and the opt-ins
	Tags   []string  // of BulkTag and BulkUntag
	Reason string    // kept in the audit log, and by BulkPause with the pause
}

// BulkAction is what may be done to many at once.
type BulkAction string

// The actions.
const (
	BulkSet    BulkAction = "set"
	BulkTag    BulkAction = "add_tags"
	BulkUntag  BulkAction = "remove_tags"
	BulkOptOut BulkAction = "opt_out"        // of e-mail, SMS, voicemail and phone
	BulkBlock  BulkAction = "do_not_contact" // do_not_contact
	BulkDelete BulkAction = "delete"

	BulkStart  BulkAction = "start_programme"  // Programme.StartProgramme
	BulkPause  BulkAction = "pause_programme"  // Programme.PauseProgramme
	BulkResume BulkAction = "resume_programme" // Programme.ResumeProgramme
)

// BulkActions is every action.
var BulkActions = []BulkAction{BulkSet, BulkTag, BulkUntag, BulkOptOut, BulkBlock, BulkDelete, BulkStart, BulkPause, BulkResume}

// BulkReason is why a bulk change leaves an SMB as it is.
type BulkReason string

// The reasons.
const (
	LeftSame      BulkReason = "same"          // it is so already
	LeftFull      BulkReason = "too_many_tags" // it would have more tags than one may
	LeftGone      BulkReason = "gone"          // deleted since the change was started, or no longer the asker's to see
	LeftPending   BulkReason = "pending"       // the programme has not been started, so that there is nothing to pause or resume
	LeftActive    BulkReason = "active"        // it runs already
	LeftPaused    BulkReason = "paused"        // it is paused: there is nothing to start or pause
	LeftCompleted BulkReason = "completed"     // the programme is over
)

// BulkJob is a bulk change's state.
type BulkJob struct {
	ID         int64      `json:"id"`
	UUID       string     `json:"uuid"`
	Action     BulkAction `json:"action"`
	Status     string     `json:"status"`  // queued, running, completed or failed
	Matched    int        `json:"matched"` // SMBs in the filter when it was started
	Done       int        `json:"done"`    // looked at so far
	Changed    int        `json:"changed"` // of these, those that it made different
	Left       BulkLeft   `json:"left"`    // of these, the others, by reason
	Message    string     `json:"message"` // why it failed; "" otherwise
	UndoOf     *string    `json:"undo_of"` // uuid of the job that this one takes back; nil for any other
	Undoable   bool       `json:"undoable"`
	CreatedBy  *int64     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	FinishedAt *time.Time `json:"finished_at"`
}

// BulkLeft is how many SMBs a bulk change leaves as they are, and why. Reasons of none are not in it.
type BulkLeft map[BulkReason]int

// BulkPreview is what a bulk change would do now.
type BulkPreview struct {
	Matched int      `json:"matched"`
	Changes int      `json:"changes"` // SMBs that would become different
	Left    BulkLeft `json:"left"`    // the others
	Sample  []SMB    `json:"sample"`  // at most five of all
}

// BulkService changes many SMBs at once, in the background, chunk by chunk, each SMB once.
type BulkService interface {
	// PreviewBulk changes nothing. Returns Invalid naming each bad field.
	PreviewBulk(ctx context.Context, r BulkRequest) (*BulkPreview, error)
	// StartBulk fixes the filter's reach to what the caller sees now, and queues the work. A filter
	// that narrows nothing is Invalid for BulkDelete.
	StartBulk(ctx context.Context, r BulkRequest) (*BulkJob, error)
	// FindBulk returns NotFound for a job that is unknown or not the caller's to see.
	FindBulk(ctx context.Context, uuid string) (*BulkJob, error)
	// WriteBulkLeft writes a CSV of the SMBs that a change has left as they are so far: id, name and
	// reason. The name of one that is gone is "". Returns NotFound as FindBulk does.
	WriteBulkLeft(ctx context.Context, uuid string, to io.Writer) error
	// UndoBulk starts a change that takes another back, for exactly the SMBs that it made different: it
	// resumes those that were paused, and takes one tag off again or puts it back. Conflict unless the
	// job is Undoable: it is over, does one of these, is no more than 30 days old and was not taken
	// back before.
	UndoBulk(ctx context.Context, uuid string) (*BulkJob, error)
}
