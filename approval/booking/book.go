package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// Book implements fibonacco.BookingDesk.
func (s *Service) Book(ctx context.Context, slug string, r fibonacco.BookingRequest) (out *fibonacco.CustomerBooking, err error) {
	if r, err = tidyRequest(r); err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		// Always in this order: whoever waits for a page holds a mailbox, and never the other way round.
		if err := tx.Lock(ctx, "booking "+emailKey(r.Email)); err != nil {
			return err
		}
		smbID, err := address.Find(ctx, tx, slug)
		if err != nil {
			return err
		}
		p, err := lockPage(ctx, tx, smbID)
		if err != nil {
			return err
		}
		key := formKey(smbID, r)
		if b, err := byForm(ctx, tx, key); err != nil || b != nil {
			if err == nil {
				out = s.seen(p, b, tx.Now)
			}
			return err
		}
		b, err := s.take(ctx, tx, p, r)
		if err != nil {
			return err
		}
		b.UUID = id.String()
		if err := insert(ctx, tx, b, key, r.Client); err != nil {
			return err
		}
		out = s.seen(p, b, tx.Now)
		return s.tellBooked(ctx, tx, p, out)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// take is the booking that a request makes, if its time is free. The page is locked.
func (s *Service) take(ctx context.Context, tx *db.Tx, p *page, r fibonacco.BookingRequest) (*booking, error) {
	if !p.open() {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "the page is closed")
	}
	k, ok := p.kind(r.Kind)
	if !ok {
		return nil, taken()
	}
	if err := withinLimits(ctx, tx, p.smbID, r); err != nil {
		return nil, err
	}
	plan, err := p.plan(ctx, tx, 0)
	if err != nil {
		return nil, err
	}
	if !plan.can(r.Start, k.Minutes) {
		return nil, taken()
	}
	return &booking{Booking: fibonacco.Booking{
		SMBID: p.smbID, Kind: k.Name, Minutes: k.Minutes, StartsAt: r.Start, EndsAt: r.Start.Add(time.Duration(k.Minutes) * time.Minute), State: stateBooked,
		Name: r.Name, Email: r.Email, Phone: r.Phone, Note: r.Note, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}}, nil
}

func taken() error {
	return fibonacco.Errorf(fibonacco.Conflict, "this time is not free any more")
}

// insert stores a booking. client is where it came from.
func insert(ctx context.Context, tx *db.Tx, b *booking, formKey any, client string) error {
	if err := tx.QueryRow(ctx, `
		INSERT INTO bookings (uuid, smb_id, first_id, form_key, kind, minutes, starts_at, ends_at, state, sequence, name, email, email_key, phone, note, client, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17) RETURNING id`,
		b.UUID, b.SMBID, b.FirstID, formKey, b.Kind, b.Minutes, b.StartsAt, b.EndsAt, b.State, b.Sequence, b.Name, b.Email, emailKey(b.Email), b.Phone, b.Note,
		client, tx.Now).Scan(&b.ID); err != nil {
		return fmt.Errorf("store a booking: %w", err)
	}
	return nil
}
