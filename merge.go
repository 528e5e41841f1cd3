package fibonacco

import (
	"context"
	"time"
)

// MergeField is one field of a merge: what the two say and what remains.
type MergeField struct {
	Name   string `json:"name"`
	Keep   any    `json:"keep"`   // the survivor's value
	Other  any    `json:"other"`  // the other's
	Result any    `json:"result"` // after the merge
}

// MergePreview is what a merge would do.
type MergePreview struct {
	Survivor *SMB           `json:"survivor"`
	Other    *SMB           `json:"other"`
	Fields   []MergeField   `json:"fields"` // those in which the two differ
	Rows     map[string]int `json:"rows"`   // table → rows of the other that become the survivor's
	Kept     map[string]int `json:"kept"`   // table → rows that stay with the other: the survivor has its own (the same step, the same day), or they never left
}

// Merge is a merge that was made.
type Merge struct {
	ID         int64        `json:"id"`
	UUID       string       `json:"uuid"`
	SurvivorID int64        `json:"survivor_id"`
	OtherID    int64        `json:"other_id"`
	Fields     []MergeField `json:"fields"`
	MergedAt   time.Time    `json:"merged_at"`
	MergedBy   *int64       `json:"merged_by"`
	UndoUntil  time.Time    `json:"undo_until"` // 30 days after
	UndoneAt   *time.Time   `json:"undone_at"`
}

// QueuedMove says what becomes of queued messages when two SMBs become one, or one becomes two again.
type QueuedMove struct {
	From, To int64
	// Place moves the place in the programme too: the queued steps of From become To's, unless To had
	// them already, and what To had queued on its own place is cancelled. Without it, those of From
	// are cancelled and nothing is planned.
	Place bool
	// StepsOnly leaves From the messages that are no steps of the programme.
	StepsOnly bool
}

// DuplicatePair is two SMBs of one community that may be the same business.
type DuplicatePair struct {
	A       SMB      `json:"a"`
	B       SMB      `json:"b"`
	Score   int      `json:"score"`   // 0 to 100: how sure
	Reasons []string `json:"reasons"` // for people: "same phone number"
}

// MergeService makes one SMB of two (M1-26), within the caller's communities.
type MergeService interface {
	// PreviewMerge changes nothing. choose says, for fields, whose value remains: "survivor" or
	// "other"; a field that is not named keeps the survivor's value, and takes the other's when the
	// survivor has none. An opt-out and do-not-contact of either remain whatever is chosen.
	// Returns NotFound, Invalid for wrong choices, Conflict for two of different communities.
	PreviewMerge(ctx context.Context, survivorID, otherID int64, choose map[string]string) (*MergePreview, error)
	// MergeSMBs does it, in one transaction: every row of the other becomes the survivor's, the
	// other is deleted and its queued messages with it, the score is computed anew.
	MergeSMBs(ctx context.Context, survivorID, otherID int64, choose map[string]string) (*Merge, error)
	// UndoMerge gives back what was taken, for 30 days: the other comes back with its rows; the
	// survivor's fields become what they were unless they were changed since. Returns NotFound;
	// Conflict when it is undone already, too old, or the survivor is gone or erased.
	UndoMerge(ctx context.Context, uuid string) error
	// ListMerges is those that the SMB was part of, newest first.
	ListMerges(ctx context.Context, smbID int64) ([]Merge, error)

	// Duplicates is pairs that may be the same, best first; at most limit (100 when 0). communityID
	// 0 looks in all that the caller sees.
	Duplicates(ctx context.Context, communityID int64, limit int) ([]DuplicatePair, error)
	// DuplicatesOf is pairs of one SMB.
	DuplicatesOf(ctx context.Context, smbID int64) ([]DuplicatePair, error)
	// DismissDuplicate says that two are not the same: the pair is not proposed again.
	DismissDuplicate(ctx context.Context, a, b int64) error
	// RestoreDuplicate takes that back: the pair is proposed again, if it still looks like one. Saying it
	// again changes nothing. Returns NotFound.
	RestoreDuplicate(ctx context.Context, a, b int64) error
}
