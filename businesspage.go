package fibonacco

import (
	"context"
	"time"
)

// BusinessProfile is what a business says of itself in public. It starts from the facts on file; its
// owner confirms and changes them, and nothing is public before that (M4-17).
type BusinessProfile struct {
	SMBID       int64          `json:"smb_id"`
	Slug        string         `json:"slug"` // of its public pages: "marisol-hair-studio"; "" until it was given one
	Name        string         `json:"name"`
	Category    string         `json:"category"`
	About       string         `json:"about"`   // plain text, paragraphs apart by an empty line
	Phone       string         `json:"phone"`   // E.164: "+17185550142"
	Email       string         `json:"email"`   // shown in public; "" shows none
	Website     string         `json:"website"` // http or https
	Street      string         `json:"street"`  // "" when it is hidden or unknown
	City        string         `json:"city"`
	State       string         `json:"state"`
	ZIP         string         `json:"zip"`
	HideStreet  bool           `json:"hide_street"` // the business is somebody's home
	Latitude    *float64       `json:"latitude"`    // nil when unknown, and with the street when it is hidden
	Longitude   *float64       `json:"longitude"`
	Hours       []OpeningHours `json:"hours"` // empty when not told
	Services    []string       `json:"services"`
	Questions   []Answered     `json:"questions"` // what customers ask, as its owner answers
	Photos      []ProfilePhoto `json:"photos"`
	Zone        string         `json:"zone"`      // IANA name
	Community   string         `json:"community"` // its slug
	Published   bool           `json:"published"`
	ConfirmedAt *time.Time     `json:"confirmed_at"` // nil until its owner has looked at the facts
	UpdatedAt   time.Time      `json:"updated_at"`
}

// OpeningHours is one span of one weekday in the business's zone. A span that ends before it begins
// ends on the next day.
type OpeningHours struct {
	Day    time.Weekday `json:"day"`
	Opens  string       `json:"opens"`  // "09:00"
	Closes string       `json:"closes"` // "17:30"; "24:00" is midnight at the day's end
}

// Answered is a question with its answer.
type Answered struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

// ProfilePhoto is one picture of a business, as it was made anew from what was uploaded.
type ProfilePhoto struct {
	ID     int64  `json:"id"`
	Alt    string `json:"alt"`
	Width  int    `json:"width"` // pixels
	Height int    `json:"height"`
}

// MostPhotos is how many photos a page may show.
const MostPhotos = 8

// Profiles tells what a business says of itself.
type Profiles interface {
	// Profile is a business's profile, public or not; of one that has none yet, the facts on file
	// with Published false. Returns NotFound for an unknown or deleted business.
	Profile(ctx context.Context, smbID int64) (*BusinessProfile, error)
}

// BusinessPages is the public pages of businesses, and what their owners do with them. Whoever calls
// the methods that take an SMB's id has checked that its owner asks (BusinessOwners). They return
// NotFound for a business that has no page, or whose page was withdrawn. What an owner changes stays on
// the page: the facts on file are changed by our people only (M4-08).
type BusinessPages interface {
	Profiles
	// PublicPage is the published page behind a slug. Where its Slug is another one, it belongs to the
	// business that the one asked for was merged into. Returns NotFound for everything that is not public.
	PublicPage(ctx context.Context, slug string) (*BusinessProfile, error)
	// PublicPhoto is one photo of a published page, as JPEG. Returns NotFound.
	PublicPhoto(ctx context.Context, slug string, id int64) ([]byte, error)

	// OwnPage is a page as its owner sees it: with the street, hidden or not.
	OwnPage(ctx context.Context, smbID int64) (*BusinessProfile, error)
	// OwnPhoto is PublicPhoto before the page is public.
	OwnPhoto(ctx context.Context, smbID, id int64) ([]byte, error)
	// SaveFacts stores name, category, about, telephone, addresses and whether the street is shown.
	// Returns Invalid naming each bad field, as in the JSON of a profile.
	SaveFacts(ctx context.Context, smbID int64, p BusinessProfile) error
	// SaveHours stores the hours: at most two spans a day, that do not overlap. Returns Invalid with
	// a field "hours[monday]" for each bad day.
	SaveHours(ctx context.Context, smbID int64, hours []OpeningHours) error
	// SaveAnswers stores services and questions. Returns Invalid with fields "services" and
	// "questions[0].answer".
	SaveAnswers(ctx context.Context, smbID int64, services []string, questions []Answered) error
	// AddPhoto makes a small JPEG without metadata of a JPEG, PNG, WebP or GIF file. Returns Invalid naming
	// "photo" and "alt", and Conflict when there are MostPhotos already.
	AddPhoto(ctx context.Context, smbID int64, alt string, file []byte) error
	// DescribePhoto changes what a photo shows, in words. Returns Invalid naming "alt".
	DescribePhoto(ctx context.Context, smbID, id int64, alt string) error
	// LeadPhoto puts a photo before all others.
	LeadPhoto(ctx context.Context, smbID, id int64) error
	RemovePhoto(ctx context.Context, smbID, id int64) error
	// PublishPage makes a page public, or takes it back.
	PublishPage(ctx context.Context, smbID int64, public bool) error
}
