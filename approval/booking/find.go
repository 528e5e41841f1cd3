package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// The states of a booking.
const (
	stateBooked    = "booked"
	stateCancelled = "cancelled"
	stateMoved     = "moved" // another booking follows it
)

// booking is a row.
type booking struct{ fibonacco.Booking }

// first is the booking that this one began as: its token opens all of them.
func (b *booking) first() int64 {
	if b.FirstID != nil {
		return *b.FirstID
	}
	return b.ID
}

// columns is what scan reads.
const columns = `bookings.id, CAST(bookings.uuid AS text), bookings.smb_id, bookings.first_id, bookings.kind, bookings.minutes, bookings.starts_at, bookings.ends_at,
	bookings.state, bookings.sequence, bookings.name, bookings.email, bookings.phone, bookings.note, COALESCE(bookings.cancelled_by, ''), bookings.cancelled_at,
	bookings.created_at, bookings.updated_at`

func scan(row db.Row) (b fibonacco.Booking, err error) {
	err = row.Scan(&b.ID, &b.UUID, &b.SMBID, &b.FirstID, &b.Kind, &b.Minutes, db.Time(&b.StartsAt), db.Time(&b.EndsAt),
		&b.State, &b.Sequence, &b.Name, &b.Email, &b.Phone, &b.Note, &b.CancelledBy, db.TimePtr(&b.CancelledAt),
		db.Time(&b.CreatedAt), db.Time(&b.UpdatedAt))
	return b, err
}

// latest is what a booking has become: the last of those that began as it. Returns NotFound when there
// is none.
func latest(ctx context.Context, tx *db.Tx, first int64) (*booking, error) {
	b, err := scan(tx.QueryRow(ctx, `SELECT `+columns+` FROM bookings WHERE id = $1 OR first_id = $1 ORDER BY id DESC LIMIT 1`, first))
	if db.IsNoRows(err) {
		return nil, noBooking()
	}
	if err != nil {
		return nil, fmt.Errorf("read booking %d: %w", first, err)
	}
	return &booking{b}, nil
}

// byForm is what a form has made; nil when it has made nothing yet.
func byForm(ctx context.Context, tx *db.Tx, key any) (*booking, error) {
	if key == nil {
		return nil, nil //nolint:nilnil // there is no form to look for
	}
	id, err := db.Get[int64](ctx, tx, `SELECT id FROM bookings WHERE form_key = $1`, key)
	if db.IsNoRows(err) {
		return nil, nil //nolint:nilnil // nothing was made, and nothing went wrong
	}
	if err != nil {
		return nil, fmt.Errorf("look for what a form has made: %w", err)
	}
	return latest(ctx, tx, id)
}

func noBooking() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such booking") }

// byToken is the booking that a link opens, with the page it was made on.
func (s *Service) byToken(ctx context.Context, tx *db.Tx, token string, find func(context.Context, *db.Tx, int64) (*page, error)) (*page, *booking, error) {
	first, ok := s.signer.VerifyID(fibonacco.BookingToken, token)
	if !ok {
		return nil, nil, noBooking()
	}
	b, err := latest(ctx, tx, first)
	if err != nil {
		return nil, nil, err
	}
	p, err := find(ctx, tx, b.SMBID)
	if err != nil {
		return nil, nil, err
	}
	// Whoever had the page before may have changed it.
	if b, err = latest(ctx, tx, first); err != nil {
		return nil, nil, err
	}
	return p, b, nil
}

// seen is a booking as whoever made it sees it at a moment.
func (s *Service) seen(p *page, b *booking, now time.Time) *fibonacco.CustomerBooking {
	c := &fibonacco.CustomerBooking{
		Booking: b.Booking, Token: s.signer.SignID(fibonacco.BookingToken, b.first()), Business: p.business, Zone: p.zone.String(),
		Place: p.settings.Place, BusinessPhone: p.settings.Phone, Until: b.StartsAt.Add(-time.Duration(p.settings.CutoffMinutes) * time.Minute),
	}
	if p.state != fibonacco.BookingWithdrawn {
		c.Slug = p.slug
	}
	c.CanEnd = b.State == stateBooked && !now.After(c.Until)
	c.CanMove = c.CanEnd && p.open() && b.Sequence < mostMoves
	return c
}

// FindBooking implements fibonacco.BookingDesk.
func (s *Service) FindBooking(ctx context.Context, token string) (c *fibonacco.CustomerBooking, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, b, err := s.byToken(ctx, tx, token, findPage)
		if err != nil {
			return err
		}
		c = s.seen(p, b, tx.Now)
		return nil
	})
	return c, err
}

var bookingTable = query.Table{Listing: fibonacco.BookingListing, From: "bookings", Key: "bookings.id"}

// ListBookings implements fibonacco.BookingDirectory.
func (s *Service) ListBookings(ctx context.Context, smbID int64, q fibonacco.ListQuery) (all fibonacco.Page[fibonacco.Booking], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = query.OfSMB(ctx, tx, bookingTable, smbID, q, columns, scan)
		return err
	})
	return all, err
}
