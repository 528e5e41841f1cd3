package booking

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// shownNext is how many free times an owner sees beforehand.
const shownNext = 3

// mostComing bounds the list of an owner's page.
const mostComing = 500

// BookingPage implements fibonacco.BookingOffice.
func (s *Service) BookingPage(ctx context.Context, smbID int64) (out *fibonacco.BookingPage, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := findPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		out = &fibonacco.BookingPage{SMBID: smbID, Business: p.business, URL: s.base + "/book/" + p.slug, Zone: p.zone.String(), State: p.state, Settings: p.settings}
		if len(p.settings.Kinds) == 0 {
			return nil
		}
		plan, err := p.plan(ctx, tx, 0)
		if err != nil {
			return err
		}
		out.Next = plan.next(shownNext, p.settings.Kinds[0].Minutes)
		return nil
	})
	return out, err
}

// SaveBookingSettings implements fibonacco.BookingOffice. What is booked already stays as it is.
func (s *Service) SaveBookingSettings(ctx context.Context, smbID int64, settings fibonacco.BookingSettings) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		good, last, err := tidy(settings, p.settings.Kinds, p.lastKind, p.today(tx.Now))
		if err != nil {
			return err
		}
		if p.open() {
			if err := bookable(good); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE booking_pages SET settings = $1, last_kind = $2, updated_at = $3 WHERE id = $4`, db.JSON(good), last, tx.Now, p.id); err != nil {
			return fmt.Errorf("save the booking settings of SMB %d: %w", smbID, err)
		}
		return nil
	})
}

// OpenBooking implements fibonacco.BookingOffice.
func (s *Service) OpenBooking(ctx context.Context, smbID int64, open bool) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if p.state == fibonacco.BookingWithdrawn {
			return fibonacco.Errorf(fibonacco.Forbidden, "the service has ended")
		}
		state := fibonacco.BookingClosed
		if open {
			state = fibonacco.BookingOpen
			if err := bookable(p.settings); err != nil {
				return err
			}
		}
		return setState(ctx, tx, p, state)
	})
}

func setState(ctx context.Context, tx *db.Tx, p *page, state fibonacco.BookingState) error {
	if _, err := tx.Exec(ctx, `
		UPDATE booking_pages SET state = $1, updated_at = $2, opened_at = CASE WHEN CAST($3 AS boolean) THEN COALESCE(opened_at, $2) ELSE opened_at END
		WHERE id = $4`, string(state), tx.Now, state == fibonacco.BookingOpen, p.id); err != nil {
		return fmt.Errorf("make the booking page of SMB %d %s: %w", p.smbID, state, err)
	}
	return nil
}

// ComingBookings implements fibonacco.BookingOffice.
func (s *Service) ComingBookings(ctx context.Context, smbID int64) (all []fibonacco.Booking, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.Read(ctx, tx, scan, `SELECT `+columns+` FROM bookings WHERE smb_id = $1 AND state = 'booked' AND ends_at > $2 ORDER BY starts_at, id LIMIT $3`, smbID, tx.Now, mostComing)
		if err != nil {
			return fmt.Errorf("read the coming bookings of SMB %d: %w", smbID, err)
		}
		return nil
	})
	return all, err
}
