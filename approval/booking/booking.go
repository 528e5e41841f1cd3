// Package booking is a booking page for one business: its owner says what can be booked and when,
// customers pick a time, and both are told by mail. It owns the tables booking_pages and bookings.
//
// Read in this order: hours.go (when the clocks on the wall show an open time), slots.go (which times
// are free), book.go (one of them is taken, once), change.go (moved or cancelled by its link), mail.go
// (who is told what), owner.go (the page's owner), provision.go (how a page comes to be).
//
// A time belongs to whoever gets the page's row first: every booking, move and change of settings locks
// it, and looks at what is booked afterwards.
package booking

import (
	"context"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ServiceType is the service that a booking page is.
const ServiceType = "appointment_booking"

// Options make a Service.
type Options struct {
	DB     *db.DB
	Signer *fibonacco.Signer
	Config fibonacco.Config
	// Post mails a notice, once per key; Cancel takes back those that have not left.
	Post   func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	Cancel func(ctx context.Context, tx *db.Tx, keys ...string) error
	// OwnerURL is a link to a page of a business's own, "booking".
	OwnerURL func(ctx context.Context, tx *db.Tx, smbID int64, page string) (string, error)
}

// Service keeps booking pages. Safe for concurrent use.
type Service struct {
	db       *db.DB
	signer   *fibonacco.Signer
	cfg      fibonacco.Config
	base     string // public URL without a slash at its end
	host     string // of base: what calendars tell our appointments from others' by
	post     func(ctx context.Context, tx *db.Tx, n fibonacco.Notice) error
	cancel   func(ctx context.Context, tx *db.Tx, keys ...string) error
	ownerURL func(ctx context.Context, tx *db.Tx, smbID int64, page string) (string, error)
}

// New makes a Service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, signer: o.Signer, cfg: o.Config, base: strings.TrimRight(o.Config.HTTP.PublicURL, "/"), host: "fibonacco",
		post: o.Post, cancel: o.Cancel, ownerURL: o.OwnerURL,
	}
	if u, err := url.Parse(s.base); err == nil && u.Hostname() != "" {
		s.host = u.Hostname()
	}
	return s
}
