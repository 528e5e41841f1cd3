package fibonacco

import (
	"context"
	"time"
)

// AnalyticsEvent is the stored trace of one domain event (M8-01).
type AnalyticsEvent struct {
	ID          int64
	SMBID       *int64
	CommunityID *int64
	Type        string // "email.opened"
	Category    EventCategory
	Properties  map[string]any
	OccurredAt  time.Time
	CreatedAt   time.Time
}

// Overview is what the first page shows: the day so far, and what needs a person.
type Overview struct {
	Now          time.Time        `json:"now"`      // the product's clock
	Timezone     string           `json:"timezone"` // the zone in which "today" is meant: the largest community's
	Today        DayFigures       `json:"today"`
	Before       DayFigures       `json:"before"` // the same weekday a week before, up to the same time
	Total        DayFigures       `json:"total"`  // since the beginning
	OpensByHour  [24]int          `json:"opens_by_hour"`
	OpensBefore  [24]int          `json:"opens_before"` // that day, whole
	MachineHits  int              `json:"machine_hits"` // today; left out of every other figure
	Tiers        [4]int           `json:"tiers"`        // SMBs in tier 1, 2, 3, 4
	Communities  []CommunityToday `json:"communities"`
	Feed         []FeedItem       `json:"feed"`          // newest first, at most 20
	Attention    []Attention      `json:"attention"`     // what needs a person; empty when nothing does
	Skips        []SkipCount      `json:"skips"`         // today, by reason, most first
	ProgrammeDay int              `json:"programme_day"` // the furthest programme day of any active SMB
}

// DayFigures are counts over sends. Opened and clicked leave machine hits out.
type DayFigures struct {
	Sent         int `json:"sent"`
	Opened       int `json:"opened"`
	Clicked      int `json:"clicked"`
	Unsubscribed int `json:"unsubscribed"`
	Approvals    int `json:"approvals"`
	Failed       int `json:"failed"`
	Unknown      int `json:"unknown"`
	Skipped      int `json:"skipped"`
}

// CommunityToday is one community's wave of the local day.
type CommunityToday struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Timezone   string     `json:"timezone"`
	LocalTime  string     `json:"local_time"` // "14:12"
	Queued     int        `json:"queued"`
	Sent       int        `json:"sent"`
	Skipped    int        `json:"skipped"`
	TopReason  SkipReason `json:"top_reason"`
	Opened     int        `json:"opened"`
	Clicked    int        `json:"clicked"`
	ByHour     [24]int    `json:"by_hour"` // opens per local hour today
	NextWaveAt *time.Time `json:"next_wave_at"`
}

// FeedItem is one thing that happened.
type FeedItem struct {
	ID           int64     `json:"id"`
	At           time.Time `json:"at"`
	Type         string    `json:"type"` // event type: "email.opened"
	SMBID        int64     `json:"smb_id"`
	BusinessName string    `json:"business_name"`
	CampaignID   string    `json:"campaign_id"`
	Detail       string    `json:"detail"`
}

// Attention is one kind of thing that waits for a person.
type Attention struct {
	Kind     string     `json:"kind"` // sending_paused, voicemail_paused, unknown_sends, failed_sends, services_to_set_up, meeting_requests, contact_changes, failed_setups, failed_imports, failed_jobs
	Count    int        `json:"count"`
	OldestAt *time.Time `json:"oldest_at"`
}

// SkipCount counts one reason.
type SkipCount struct {
	Reason SkipReason `json:"reason"`
	Count  int        `json:"count"`
}

// Analytics reads the figures. Every one equals what a recount of the rows gives.
type Analytics interface {
	// Overview is the first page's figures as of now: of everything, or of the communities that
	// whoever asks is limited to. A mail counts for the community that it was planned in; what
	// names a business, and what is not about a mail of the day, for the one where the business is
	// now. Jobs belong to no community: who is limited does not hear of those that failed.
	Overview(ctx context.Context) (*Overview, error)
}

// QueueState is one queue as the Queues page and /metrics show it.
type QueueState struct {
	Name      string        `json:"name"`
	Waiting   int           `json:"waiting"`
	Running   int           `json:"running"`
	Retryable int           `json:"retryable"`
	Scheduled int           `json:"scheduled"`
	Failed    int           `json:"failed"` // gave up; kept for a person
	Wait      time.Duration `json:"wait"`   // of the oldest waiting job
	Done      int64         `json:"done"`   // by this process since it started
	Workers   int           `json:"workers"`
	Paused    bool          `json:"paused"`
}

// Queues reads the job queues.
type Queues interface {
	Queues(ctx context.Context) ([]QueueState, error)
}
