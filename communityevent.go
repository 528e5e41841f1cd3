package fibonacco

import (
	"context"
	"time"
)

// EventState is how far an event is.
type EventState string

// The states of an event. A cancelled one stays in the calendar, marked so, until it is over.
const (
	EventDrafted   EventState = "draft" // nobody but its owner sees it
	EventPublic    EventState = "public"
	EventCancelled EventState = "cancelled"
)

// CommunityEvent is something to which a business invites the people of its community.
type CommunityEvent struct {
	ID            int64      `json:"id"`
	UUID          string     `json:"uuid"` // what calendars know it by; never changes
	Slug          string     `json:"slug"` // of its title: the end of its address
	SMBID         int64      `json:"smb_id"`
	Business      string     `json:"business"`
	Community     string     `json:"community"` // its slug
	CommunityName string     `json:"community_name"`
	Zone          string     `json:"zone"` // IANA name
	Title         string     `json:"title"`
	About         string     `json:"about"` // plain text, paragraphs apart by an empty line
	Place         string     `json:"place"`
	Audience      string     `json:"audience"` // for whom; "" is everybody
	Link          string     `json:"link"`     // http or https; "" is none
	StartsAt      time.Time  `json:"starts_at"`
	EndsAt        *time.Time `json:"ends_at"` // nil when not told
	OverAt        time.Time  `json:"over_at"` // its end, or the end of its day
	State         EventState `json:"state"`
	Sequence      int        `json:"sequence"` // goes up with each change of what was public
	PublishedAt   *time.Time `json:"published_at"`
	UpdatedAt     time.Time  `json:"updated_at"`
}

// EventDraft is an event as its owner fills it in, in local times of the community.
type EventDraft struct {
	Title    string
	About    string
	Place    string
	Audience string
	Link     string
	Day      string // "2026-12-05"
	Starts   string // "19:00"
	LastDay  string // "" is the same day, or the next one where it ends before it starts
	Ends     string // "" is not told
}

// CommunityCalendar is what is to come in a community.
type CommunityCalendar struct {
	Community string // its slug
	Name      string
	State     string // "NY"
	Zone      string
	Events    []CommunityEvent // in order; a cancelled one until it is over
}

// CommunityEvents is the calendars of communities, and what businesses do with their events. Whoever
// calls the methods that take an SMB's id has checked that its owner asks (BusinessOwners). They return
// NotFound for a business that posts no events, and for an event that is not its own.
type CommunityEvents interface {
	// CommunityCalendar returns NotFound for an unknown community.
	CommunityCalendar(ctx context.Context, community string) (*CommunityCalendar, error)
	// CommunityEvent is one event that is or was public. Returns NotFound.
	CommunityEvent(ctx context.Context, community string, id int64) (*CommunityEvent, error)
	// CalendarFile is a calendar as iCalendar (RFC 5545), with what is over since a month at most.
	CalendarFile(ctx context.Context, community string) ([]byte, error)
	// EventFile is CommunityEvent as iCalendar.
	EventFile(ctx context.Context, community string, id int64) ([]byte, error)

	// OwnEvents is all of a business's events, the latest first.
	OwnEvents(ctx context.Context, smbID int64) ([]CommunityEvent, error)
	OwnEvent(ctx context.Context, smbID, id int64) (*CommunityEvent, error)
	// SaveEvent makes a draft of its own (id 0), or changes an event, public or not. A change of what is
	// public shows at once. Returns Invalid naming each bad field: title, about, place, audience, link,
	// day, starts, last_day, ends. A time that the clocks leap over is refused; of one that comes twice
	// the first is meant.
	SaveEvent(ctx context.Context, smbID, id int64, draft EventDraft) (saved int64, err error)
	// PublishEvent lists an event, also one that was cancelled. Conflict for what is over.
	PublishEvent(ctx context.Context, smbID, id int64) error
	// CancelEvent marks a public event as cancelled. Conflict for what is not public, or is over.
	CancelEvent(ctx context.Context, smbID, id int64) error
	// RemoveEvent takes a draft away. Conflict for what was public.
	RemoveEvent(ctx context.Context, smbID, id int64) error
}
