package fibonacco

import (
	"context"
	"time"
)

// BusinessProfile is what a business says of itself in public. It starts from the facts on file; its
// owner confirms and changes them, and nothing is public before that (M4-17).
type BusinessProfile struct {
	SMBID       int64          `json:"smb_id"`
	Slug        string         `json:"slug"` // of its public pages: "marisol-hair-studio"
	Name        string         `json:"name"`
	Category    string         `json:"category"`
	About       string         `json:"about"` // plain text, paragraphs apart by an empty line
	Phone       string         `json:"phone"`
	Email       string         `json:"email"` // shown in public; "" shows none
	Website     string         `json:"website"`
	Street      string         `json:"street"` // "" when it is hidden or unknown
	City        string         `json:"city"`
	State       string         `json:"state"`
	ZIP         string         `json:"zip"`
	HideStreet  bool           `json:"hide_street"` // the business is somebody's home
	Latitude    *float64       `json:"latitude"`
	Longitude   *float64       `json:"longitude"`
	Hours       []OpeningHours `json:"hours"` // empty when not told
	Services    []string       `json:"services"`
	Questions   []Answered     `json:"questions"` // what customers ask, as its owner answers
	Photos      []ProfilePhoto `json:"photos"`
	Zone        string         `json:"zone"` // IANA name
	Community   string         `json:"community"`
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

// Profiles tells what a business says of itself.
type Profiles interface {
	// Profile is a business's profile, public or not; of one that has none yet, the facts on file
	// with Published false. Returns NotFound for an unknown or deleted business.
	Profile(ctx context.Context, smbID int64) (*BusinessProfile, error)
}
