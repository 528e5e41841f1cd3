package fibonacco

import (
	"context"
	"time"
)

// ContactSuggestion is details that somebody gave with an approval, and that differ from those on
// file (M4-08). Nothing is changed before one of our people has accepted it.
type ContactSuggestion struct {
	ID           int64             `json:"id"`
	SMBID        int64             `json:"smb_id"`
	CommunityID  int64             `json:"community_id"`
	BusinessName string            `json:"business_name"`
	ApprovalID   *int64            `json:"approval_id"` // where it was given
	Status       string            `json:"status"`      // suggested, completed (accepted) or rejected (dismissed)
	Changes      []SuggestedChange `json:"changes"`
	Version      int               `json:"version"` // of the SMB as OnFile shows it
	SuggestedAt  time.Time         `json:"suggested_at"`
	DecidedAt    *time.Time        `json:"decided_at"` // nil while it waits
}

// SuggestedChange is one field of a suggestion.
type SuggestedChange struct {
	Field     string `json:"field"`   // primary_contact_name, primary_email or primary_phone
	OnFile    string `json:"on_file"` // what is on file now; of one that was accepted, what was before
	Suggested string `json:"suggested"`
}

// ContactSuggestionListing is what can be asked of the suggestions.
var ContactSuggestionListing = Listing{
	Name: "contact-suggestions", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they came."},
		{Name: "smb_id", Kind: IntegerField, Filter: true, About: "Whose details."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "The community it is in."},
		{Name: "status", Kind: TextField, Values: []string{"suggested", "completed", "rejected"}, Filter: true, About: "suggested waits for a person; completed was accepted, rejected dismissed."},
	},
}

// ContactSuggestions lets people decide about suggestions, within the caller's communities.
type ContactSuggestions interface {
	// ListSuggestions is one page of ContactSuggestionListing.
	ListSuggestions(ctx context.Context, q ListQuery) (Page[ContactSuggestion], error)
	// AcceptSuggestion changes the SMB in the caller's name: the fields that fields names, all when it
	// is empty. version, unless nil, is the version that the SMB must still have. Returns NotFound,
	// Invalid for a field that is not suggested or cannot be stored, and Conflict when somebody
	// decided before, or changed the SMB.
	AcceptSuggestion(ctx context.Context, id int64, fields []string, version *int) (*SMB, error)
	// DismissSuggestion leaves the SMB as it is. Returns NotFound, and Conflict when somebody decided
	// before.
	DismissSuggestion(ctx context.Context, id int64) error
	// ReopenSuggestion lets a dismissed one wait again. Returns NotFound, and Conflict for one that was
	// not dismissed.
	ReopenSuggestion(ctx context.Context, id int64) error
}
