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

// CommunityService keeps the communities.
type CommunityService interface {
	// CreateCommunity stores c with a fresh id and uuid. An empty time zone becomes
	// DefaultTimezone. Returns Invalid naming each bad field, Conflict when the slug is taken.
	CreateCommunity(ctx context.Context, c Community) (*Community, error)
	// FindCommunity returns NotFound when there is no such id.
	FindCommunity(ctx context.Context, id int64) (*Community, error)
	// FindCommunityBySlug returns NotFound when there is no such slug.
	FindCommunityBySlug(ctx context.Context, slug string) (*Community, error)
	// ListCommunities is all of them by name, with counts of their businesses.
	ListCommunities(ctx context.Context) ([]CommunityCount, error)
}

// CommunityCount is a community with the number of its businesses, not counting deleted ones.
type CommunityCount struct {
	Community
	SMBs   int `json:"smbs"`
	Active int `json:"active"` // campaign_status active
}
