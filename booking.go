package fibonacco

import (
	"context"
	"time"
)

// BookingState is whether a booking page takes bookings.
type BookingState string

// The states of a booking page.
const (
	BookingClosed    BookingState = "closed"    // its owner has not opened it, or closed it again
	BookingOpen      BookingState = "open"      // customers can pick a time
	BookingWithdrawn BookingState = "withdrawn" // the service has ended: its owner cannot open it
)

// AppointmentKind is one thing that customers can book.
type AppointmentKind struct {
	ID      int64  `json:"id"` // of this business; never given twice. 0 is new
	Name    string `json:"name"`
	Minutes int    `json:"minutes"`
}

// SpecialDays are days on which the weekly hours do not hold. Where two overlap, the shorter holds.
type SpecialDays struct {
	From   string `json:"from"`   // local date, "2026-12-24"
	To     string `json:"to"`     // the last day; "" is the first
	Opens  string `json:"opens"`  // "10:00"; "" with Closes: closed all day
	Closes string `json:"closes"` // "14:00"
}

// BookingSettings is what a business says of its booking page.
type BookingSettings struct {
	Kinds         []AppointmentKind `json:"kinds"`
	Hours         []OpeningHours    `json:"hours"` // each week, in the business's zone
	Special       []SpecialDays     `json:"special"`
	GapBefore     int               `json:"gap_before"` // minutes kept free before each appointment
	GapAfter      int               `json:"gap_after"`  // and after each: between two, both are kept
	EveryMinutes  int               `json:"every_minutes"`
	LeadMinutes   int               `json:"lead_minutes"`   // how long beforehand a time can still be booked
	DaysAhead     int               `json:"days_ahead"`     // how far ahead
	Seats         int               `json:"seats"`          // how many appointments can be at once
	CutoffMinutes int               `json:"cutoff_minutes"` // until when before it a customer may move or cancel
	Place         string            `json:"place"`          // where customers come; "" says nothing
	Phone         string            `json:"phone"`          // shown to customers; "" shows none
	Email         string            `json:"email"`          // is told of bookings, and gets customers' answers
}

// BookingPage is a business's booking page as its owner sees it.
type BookingPage struct {
	SMBID    int64
	Business string
	URL      string // public, absolute
	Zone     string // IANA name
	State    BookingState
	Settings BookingSettings
	Next     []time.Time // the first times that customers could pick with these settings, open or not
}

// PublicBookingPage is the same as anybody sees it.
type PublicBookingPage struct {
	Business string
	Slug     string
	Zone     string
	Open     bool
	Kinds    []AppointmentKind // none unless it is open
	Place    string
	Phone    string // "" until its owner has opened it once
	Cutoff   int    // minutes
}

// BookingCalendar is one month of a booking page with the times that are free.
type BookingCalendar struct {
	Month   string // "2026-03"
	Earlier string // the month before; "" when nothing can be free there
	Later   string // likewise
	Days    []BookingDay
}

// BookingDay is one day of a month. Its times are in order; on the day that the clocks are set back
// two of them may read the same.
type BookingDay struct {
	Date string // local, "2026-03-02"
	Free []time.Time
}

// Booking is one appointment that somebody has made.
type Booking struct {
	ID          int64      `json:"id"`
	UUID        string     `json:"uuid"`
	SMBID       int64      `json:"smb_id"`
	FirstID     *int64     `json:"first_id"` // the booking that was moved to become this one; null for one that was not
	Kind        string     `json:"kind"`     // its name when it was booked
	Minutes     int        `json:"minutes"`
	StartsAt    time.Time  `json:"starts_at"`
	EndsAt      time.Time  `json:"ends_at"`
	State       string     `json:"state"` // booked, cancelled, moved
	Sequence    int        `json:"sequence"`
	Name        string     `json:"name"`
	Email       string     `json:"email"`
	Phone       string     `json:"phone"`
	Note        string     `json:"note"`
	CancelledBy string     `json:"cancelled_by"` // customer, owner; "" unless it was cancelled
	CancelledAt *time.Time `json:"cancelled_at"`
	CreatedAt   time.Time  `json:"created_at"`
	UpdatedAt   time.Time  `json:"updated_at"`
}

// BookingListing is what can be asked of a business's bookings.
var BookingListing = Listing{
	Name: "bookings", Sort: "-starts_at",
	Fields: []ListField{
		{Name: "id", Kind: IntegerField, Filter: true, Sort: true, About: "In the order they were made."},
		{Name: "starts_at", Kind: TimeField, Filter: true, Sort: true, About: "When the appointment is."},
		{Name: "state", Kind: TextField, Values: []string{"booked", "cancelled", "moved"}, Filter: true, About: "What became of it."},
		{Name: "created_at", Kind: TimeField, Filter: true, About: "When it was made."},
	},
}

// BookingRequest is a filled-in booking form.
type BookingRequest struct {
	Kind   int64
	Start  time.Time
	Name   string
	Email  string
	Phone  string // "" when not given
	Note   string // likewise
	Form   string // tells this form from every other: the same one sent twice books once
	Client string // address it came from; "" when unknown
}

// CustomerBooking is a booking as whoever made it sees it.
type CustomerBooking struct {
	Booking
	Token         string
	Business      string
	BusinessPhone string // "" when its owner shows none
	Slug          string // of the booking page; "" when there is none any more
	Zone          string
	Place         string
	Until         time.Time // up to when it can be changed
	CanEnd        bool      // it can be cancelled now
	CanMove       bool      // it can be moved now: the page is open as well
}

// BookingDesk is what customers do. A token is the one of Booking: it opens what it was made for and
// nothing else, whatever was done since, and returns NotFound otherwise.
type BookingDesk interface {
	// PublicBookingPage returns NotFound for a business that never had a booking page.
	PublicBookingPage(ctx context.Context, slug string) (*PublicBookingPage, error)
	// BookingCalendar is a month with the times at which an appointment of a kind could be. "" is the
	// first month with such a time; one out of reach is the nearest. Returns NotFound for an unknown
	// kind, and on a page that is not open.
	BookingCalendar(ctx context.Context, slug string, kind int64, month string) (*BookingCalendar, error)
	// Book returns Invalid with every field that cannot be taken, Conflict when the time is taken by
	// now, Forbidden when the page is not open, and TooMany for what looks like a flood.
	Book(ctx context.Context, slug string, r BookingRequest) (*CustomerBooking, error)

	FindBooking(ctx context.Context, token string) (*CustomerBooking, error)
	// MoveCalendar is BookingCalendar for a booking that is to be moved.
	MoveCalendar(ctx context.Context, token, month string) (*BookingCalendar, error)
	// MoveBooking and CancelBooking return Forbidden for a booking that cannot be changed any more.
	// Doing what was done already is no error.
	MoveBooking(ctx context.Context, token string, start time.Time) (*CustomerBooking, error)
	CancelBooking(ctx context.Context, token string) (*CustomerBooking, error)
	// BookingFile is the booking as an iCalendar file.
	BookingFile(ctx context.Context, token string) (text string, err error)
}

// BookingOffice is what a business does with its page. Whoever calls has made sure that it is the
// business. Everything returns NotFound where there is no page.
type BookingOffice interface {
	BookingPage(ctx context.Context, smbID int64) (*BookingPage, error)
	// SaveBookingSettings returns Invalid with every field that cannot be taken: "kinds[0].minutes".
	// Rows without anything in them are left out.
	SaveBookingSettings(ctx context.Context, smbID int64, s BookingSettings) error
	// OpenBooking opens or closes the page. Returns Invalid for one that has nothing to book, and
	// Forbidden for one that was withdrawn.
	OpenBooking(ctx context.Context, smbID int64, open bool) error
	// ComingBookings is what is not over yet, the next one first; at most 500.
	ComingBookings(ctx context.Context, smbID int64) ([]Booking, error)
	// CallOffBooking cancels one for the business, with a word to the customer. Returns NotFound for
	// another business's, and Forbidden for one that is over.
	CallOffBooking(ctx context.Context, smbID, bookingID int64, word string) error
}

// BookingService is both sides of the counter.
type BookingService interface {
	BookingDesk
	BookingOffice
}

// BookingDirectory lists bookings for staff.
type BookingDirectory interface {
	// ListBookings acts within the caller's communities: NotFound outside of them.
	ListBookings(ctx context.Context, smbID int64, q ListQuery) (Page[Booking], error)
}
