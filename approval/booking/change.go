package booking

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// MoveCalendar implements fibonacco.BookingDesk.
func (s *Service) MoveCalendar(ctx context.Context, token, month string) (c *fibonacco.BookingCalendar, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, b, err := s.byToken(ctx, tx, token, findPage)
		if err != nil {
			return err
		}
		if !s.seen(p, b, tx.Now).CanMove {
			return unchangeable()
		}
		plan, err := p.plan(ctx, tx, b.ID)
		if err != nil {
			return err
		}
		all := plan.month(month, b.Minutes)
		c = &all
		return nil
	})
	return c, err
}

func unchangeable() error {
	return fibonacco.Errorf(fibonacco.Forbidden, "this booking cannot be changed any more")
}

// MoveBooking implements fibonacco.BookingDesk. The booking becomes another one at the new time, and the
// old one stays as it was, so that everybody can see what was agreed when.
func (s *Service) MoveBooking(ctx context.Context, token string, start time.Time) (c *fibonacco.CustomerBooking, err error) {
	start = start.UTC().Truncate(time.Second)
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, old, err := s.byToken(ctx, tx, token, lockPage)
		if err != nil {
			return err
		}
		c = s.seen(p, old, tx.Now)
		if old.State == stateBooked && old.StartsAt.Equal(start) {
			return nil
		}
		if !c.CanMove {
			return unchangeable()
		}
		plan, err := p.plan(ctx, tx, old.ID)
		if err != nil {
			return err
		}
		if !plan.can(start, old.Minutes) {
			return taken()
		}
		if _, err := tx.Exec(ctx, `UPDATE bookings SET state = 'moved', updated_at = $1 WHERE id = $2`, tx.Now, old.ID); err != nil {
			return fmt.Errorf("move booking %d: %w", old.ID, err)
		}
		first := old.first()
		b := &booking{old.Booking}
		b.ID, b.UUID, b.FirstID, b.Sequence = 0, id.String(), &first, old.Sequence+1
		b.StartsAt, b.EndsAt, b.CreatedAt, b.UpdatedAt = start, start.Add(time.Duration(b.Minutes)*time.Minute), tx.Now, tx.Now
		if err := insert(ctx, tx, b, nil, ""); err != nil {
			return err
		}
		c = s.seen(p, b, tx.Now)
		return s.tellMoved(ctx, tx, p, old, c)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// CancelBooking implements fibonacco.BookingDesk.
func (s *Service) CancelBooking(ctx context.Context, token string) (c *fibonacco.CustomerBooking, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		p, b, err := s.byToken(ctx, tx, token, lockPage)
		if err != nil {
			return err
		}
		c = s.seen(p, b, tx.Now)
		if b.State == stateCancelled {
			return nil
		}
		if !c.CanEnd {
			return unchangeable()
		}
		c, err = s.end(ctx, tx, p, b, "customer", "")
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// CallOffBooking implements fibonacco.BookingOffice.
func (s *Service) CallOffBooking(ctx context.Context, smbID, bookingID int64, word string) error {
	word = strings.TrimSpace(strings.ReplaceAll(word, "\r\n", "\n"))
	if !utf8.ValidString(word) || strings.ContainsRune(word, 0) || utf8.RuneCountInString(word) > 1000 {
		return fibonacco.InvalidFields("the booking cannot be cancelled", []fibonacco.FieldError{{Field: "word", Reason: "must be a text of at most 1,000 characters"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		p, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		b, err := latest(ctx, tx, bookingID)
		if err != nil {
			return err
		}
		switch {
		case b.SMBID != smbID:
			return noBooking()
		case b.State == stateCancelled:
			return nil
		case b.State != stateBooked || !tx.Now.Before(b.EndsAt):
			return unchangeable()
		}
		_, err = s.end(ctx, tx, p, b, "owner", word)
		return err
	})
}

// end cancels a booking, and tells both sides.
func (s *Service) end(ctx context.Context, tx *db.Tx, p *page, b *booking, by, word string) (*fibonacco.CustomerBooking, error) {
	b.State, b.CancelledBy, b.CancelledAt, b.UpdatedAt = stateCancelled, by, &tx.Now, tx.Now
	b.Sequence++
	if _, err := tx.Exec(ctx, `
		UPDATE bookings SET state = $1, sequence = $2, cancelled_by = $3, cancelled_at = $4, updated_at = $4 WHERE id = $5`,
		b.State, b.Sequence, by, tx.Now, b.ID); err != nil {
		return nil, fmt.Errorf("cancel booking %d: %w", b.ID, err)
	}
	c := s.seen(p, b, tx.Now)
	return c, s.tellCancelled(ctx, tx, p, c, word)
}
