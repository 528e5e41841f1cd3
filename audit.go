package fibonacco

import (
	"context"
	"time"
)

// AuditEntry is one change that a person, a token or the command line made (R11). It is written
// in the transaction of the change, and never rewritten.
type AuditEntry struct {
	ID          int64          `json:"id"`
	At          time.Time      `json:"at"`
	ActorKind   string         `json:"actor_kind"` // user, token, or system: the product itself and its command line
	UserID      *int64         `json:"user_id"`
	TokenID     *int64         `json:"token_id"`
	ActorName   string         `json:"actor_name"`
	Action      string         `json:"action"` // "smb.updated": what, and what became of it
	Entity      string         `json:"entity"` // "smb"
	EntityID    string         `json:"entity_id"`
	CommunityID *int64         `json:"community_id"` // whose people may read it; nil: only those who see every community
	Before      map[string]any `json:"before"`       // the fields that changed, as they were; empty for what is new
	After       map[string]any `json:"after"`        // the same fields, as they are; empty for what is gone
	IP          string         `json:"ip"`           // "" unless it came over the network
	RequestID   string         `json:"request_id"`
}

// AuditListing is what can be asked of the audit log.
var AuditListing = Listing{
	Name: "audit-log", Sort: "-id",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "Entries are numbered as they are made."},
		{Name: "at", Kind: TimeField, Filter: true, About: "When."},
		{Name: "actor_kind", Kind: TextField, Values: []string{"user", "token", "system"}, Filter: true, About: "Who."},
		{Name: "user_id", Kind: IntegerField, Filter: true, About: "The person."},
		{Name: "token_id", Kind: IntegerField, Filter: true, About: "The token."},
		{Name: "action", Kind: TextField, Filter: true, About: "smb.updated, for example."},
		{Name: "entity", Kind: TextField, Filter: true, About: "What kind of thing."},
		{Name: "entity_id", Kind: TextField, Filter: true, About: "Its id."},
		{Name: "community_id", Kind: IntegerField, Filter: true, About: "The community it belongs to."},
		{Name: "request_id", Kind: TextField, Filter: true, About: "All changes of one request."},
	},
}

// AuditLog reads the audit log, and notes what leaves the house.
type AuditLog interface {
	// ListAudit is one page of AuditListing, as far as the caller's communities go.
	ListAudit(ctx context.Context, q ListQuery) (Page[AuditEntry], error)
	// NoteExport notes that whoever asks takes a whole list with them (list.exported), before they
	// get it. narrowed is the names of what it was narrowed by; the values may be personal.
	NoteExport(ctx context.Context, list, format string, narrowed []string) error
}
