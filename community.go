package fibonacco

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// Community is a town or neighbourhood whose businesses are looked after together. Its time
// zone decides what "day", "month" and "10:00" mean for each of them (R4).
type Community struct {
	ID         int64          `json:"id"`
	UUID       string         `json:"uuid"`
	Name       string         `json:"name"`
	Slug       string         `json:"slug"`       // unique; lower case, digits, hyphens
	State      string         `json:"state"`      // two letters, upper case: "NY"
	County     string         `json:"county"`     // "" when unknown
	Population *int           `json:"population"` // nil when unknown
	Timezone   string         `json:"timezone"`   // IANA name: "America/New_York"
	Settings   map[string]any `json:"settings"`
	CreatedAt  time.Time      `json:"created_at"`
	UpdatedAt  time.Time      `json:"updated_at"`
}

// DefaultTimezone is the specification's default for a community.
const DefaultTimezone = "America/New_York"

var (
	slugPattern  = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	statePattern = regexp.MustCompile(`^[A-Z]{2}$`)
)

// Validate reports every field that cannot be stored, all at once, as an Invalid error.
func (c *Community) Validate() error {
	var bad []FieldError
	switch {
	case strings.TrimSpace(c.Name) == "":
		bad = append(bad, FieldError{"name", "is required"})
	case len(c.Name) > 255:
		bad = append(bad, FieldError{"name", "is longer than 255 bytes"})
	}
	if !slugPattern.MatchString(c.Slug) || len(c.Slug) > 255 {
		bad = append(bad, FieldError{"slug", "must be lower-case letters, digits and single hyphens"})
	}
	if !statePattern.MatchString(c.State) {
		bad = append(bad, FieldError{"state", "must be two capital letters, for example NY"})
	}
	if _, err := LoadZone(c.Timezone); err != nil {
		bad = append(bad, FieldError{"timezone", "is not an IANA time zone, for example America/New_York"})
	}
	if c.Population != nil && *c.Population < 0 {
		bad = append(bad, FieldError{"population", "cannot be negative"})
	}
	return InvalidFields("the community cannot be saved", bad)
}

// LoadZone is time.LoadLocation, but refuses "" and "Local", which name no place.
func LoadZone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, Errorf(Invalid, "%q is not an IANA time zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, Errorf(Invalid, "%q is not an IANA time zone", name)
	}
	return zone, nil
}

// CommunityListing is what can be asked of the list of communities.
var CommunityListing = Listing{
	Name: "communities", Search: true, Sort: "name",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were added."},
		{Name: "name", Kind: TextField, Filter: true, Sort: true, About: "Compared, and ordered, without case."},
		{Name: "slug", Kind: TextField, Filter: true, About: "As stored."},
		{Name: "state", Kind: TextField, Filter: true, About: "Two capital letters."},
		{Name: "timezone", Kind: TextField, Filter: true, About: "IANA name."},
	},
}

// CommunityService keeps the communities. It acts within the caller's communities: a caller who is
// limited to some sees and changes these, and can add none (Forbidden). What it changes is in the
// audit log.
type CommunityService interface {
	// CreateCommunity stores c with a fresh id and uuid. An empty time zone becomes
	// DefaultTimezone. Returns Invalid naming each bad field, Conflict when the slug is taken.
	CreateCommunity(ctx context.Context, c Community) (*Community, error)
	// FindCommunity returns NotFound when there is no such id.
	FindCommunity(ctx context.Context, id int64) (*Community, error)
	// FindCommunityBySlug returns NotFound when there is no such slug.
	FindCommunityBySlug(ctx context.Context, slug string) (*Community, error)
	// ListCommunities is all of them by name, with counts of their businesses. A business that was
	// added, changed or deleted by itself through this node counts at once. Where there are many
	// (some 20,000), what imports, bulk changes, the programme and other nodes do may be missing for
	// up to 10 seconds: the less, the quicker the counting is.
	ListCommunities(ctx context.Context) ([]CommunityCount, error)
	// QueryCommunities is one page of CommunityListing, with the same counts.
	QueryCommunities(ctx context.Context, q ListQuery) (Page[CommunityCount], error)
	// UpdateCommunity changes what change names and nothing else. Returns NotFound, Invalid naming
	// each bad field, or Conflict when the slug is taken.
	//
	// A new time zone holds for what is planned from now on. What is planned already leaves at the
	// moment that was planned, and no step is planned twice: where the local date falls back, the
	// programme waits for it to come round again; where it leaps ahead by more than a day, the steps
	// leapt over are stored as missed.
	UpdateCommunity(ctx context.Context, id int64, change CommunityChange) (*Community, error)
	// DeleteCommunity takes an empty community away, and with it its segments, saved mappings and the
	// reports of its imports. Conflict while it has businesses, deleted ones that are not purged
	// included, and while users or tokens are limited to it.
	DeleteCommunity(ctx context.Context, id int64) error
	// CommunityStats counts anew, at a cost that grows with the community.
	CommunityStats(ctx context.Context, id int64) (*CommunityStats, error)
}

// CommunityCount is a community with the number of its businesses, not counting deleted ones.
type CommunityCount struct {
	Community
	SMBs   int `json:"smbs"`
	Active int `json:"active"` // campaign_status active
}

// CommunityStats is a community in figures (M1-23). Deleted businesses count nowhere.
type CommunityStats struct {
	CommunityID  int64                  `json:"community_id"`
	SMBs         int                    `json:"smbs"`
	ByStatus     map[CampaignStatus]int `json:"by_status"`       // each status, zeros included
	ByTier       map[int]int            `json:"by_tier"`         // each tier, zeros included
	Contactable  int                    `json:"contactable"`     // by e-mail
	Unsubscribed int                    `json:"unsubscribed"`    // not opted in to e-mail
	Sent30       int                    `json:"sent_30_days"`    // mails that a provider accepted
	Opened30     int                    `json:"opened_30_days"`  // of these, opened by people
	Clicked30    int                    `json:"clicked_30_days"` // of these, clicked by people
	Approvals30  int                    `json:"approvals_30_days"`
	AverageScore float64                `json:"average_score"` // to one decimal
	DataQuality  float64                `json:"data_quality"`  // average, to one decimal
}

// CommunityChange names what an update changes; nil fields stay as they are.
type CommunityChange struct {
	Name       *string        `json:"name,omitempty"`
	Slug       *string        `json:"slug,omitempty"`
	State      *string        `json:"state,omitempty"`
	County     *string        `json:"county,omitempty"`
	Population *int           `json:"population,omitempty"` // 0 makes it unknown
	Timezone   *string        `json:"timezone,omitempty"`
	Settings   map[string]any `json:"settings,omitempty"` // keys that are named; a nil value takes the key away
}
