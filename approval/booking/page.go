package booking

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// page is one business's booking page.
type page struct {
	id       int64
	smbID    int64
	business string
	slug     string
	zone     *time.Location
	state    fibonacco.BookingState
	settings fibonacco.BookingSettings
	lastKind int64
	opened   bool // at least once
}

// mergedSlug is the address of a business that was merged into this one, which leads here.
const mergedSlug = `(
	SELECT a.slug FROM smb_addresses a JOIN merges m ON m.other_id = a.smb_id
	WHERE m.survivor_id = smbs.id AND m.undone_at IS NULL ORDER BY m.id DESC LIMIT 1)`

// findPage is the page of a business. Returns NotFound when there is none.
func findPage(ctx context.Context, tx *db.Tx, smbID int64) (*page, error) {
	p := &page{smbID: smbID}
	var zone, settings string
	var opened *time.Time
	err := tx.QueryRow(ctx, `
		SELECT booking_pages.id, smbs.business_name, COALESCE(smb_addresses.slug, `+mergedSlug+`, ''), communities.timezone, booking_pages.state,
			CAST(booking_pages.settings AS text), booking_pages.last_kind, booking_pages.opened_at
		FROM booking_pages JOIN smbs ON smbs.id = booking_pages.smb_id AND smbs.deleted_at IS NULL
		JOIN communities ON communities.id = smbs.community_id
		LEFT JOIN smb_addresses ON smb_addresses.smb_id = smbs.id
		WHERE booking_pages.smb_id = $1`, smbID).
		Scan(&p.id, &p.business, &p.slug, &zone, &p.state, &settings, &p.lastKind, db.TimePtr(&opened))
	if db.IsNoRows(err) {
		return nil, noPage()
	}
	if err != nil {
		return nil, fmt.Errorf("read the booking page of SMB %d: %w", smbID, err)
	}
	p.opened = opened != nil
	if p.zone, err = fibonacco.LoadZone(zone); err != nil {
		return nil, fmt.Errorf("read the zone of SMB %d: %w", smbID, err)
	}
	if err := json.Unmarshal([]byte(settings), &p.settings); err != nil {
		return nil, fmt.Errorf("read the booking settings of SMB %d: %w", smbID, err)
	}
	return p, nil
}

// lockPage is findPage for whoever gives away times or changes what decides them: they take turns, and
// each sees what the one before has done. SQLite's writers take turns as it is.
func lockPage(ctx context.Context, tx *db.Tx, smbID int64) (*page, error) {
	if _, err := db.Select[int64](ctx, tx, `SELECT id FROM booking_pages WHERE smb_id = $1 FOR UPDATE`, smbID); err != nil {
		return nil, fmt.Errorf("lock the booking page of SMB %d: %w", smbID, err)
	}
	return findPage(ctx, tx, smbID)
}

func noPage() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no booking page") }

func (p *page) open() bool { return p.state == fibonacco.BookingOpen }

// kind is a kind of appointment that can be booked.
func (p *page) kind(id int64) (fibonacco.AppointmentKind, bool) {
	for _, k := range p.settings.Kinds {
		if k.ID == id {
			return k, true
		}
	}
	return fibonacco.AppointmentKind{}, false
}

// today is the local date.
func (p *page) today(now time.Time) string { return shown(now, p.zone).date() }

// plan is what decides which times are free now. except is a booking that does not count, because it
// is the one to be moved; 0 is none.
func (p *page) plan(ctx context.Context, tx *db.Tx, except int64) (plan, error) {
	all := plan{BookingSettings: p.settings, zone: p.zone, now: tx.Now}
	// Appointments and gaps are hours long: two days on either side are enough.
	from, to := tx.Now.Add(-48*time.Hour), tx.Now.Add(time.Duration(p.settings.DaysAhead+3)*24*time.Hour)
	rows, err := tx.Query(ctx, `
		SELECT starts_at, ends_at FROM bookings WHERE smb_id = $1 AND state = 'booked' AND starts_at > $2 AND starts_at < $3 AND id <> $4`, p.smbID, from, to, except)
	if err != nil {
		return all, fmt.Errorf("read what is booked with SMB %d: %w", p.smbID, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b span
		if err := rows.Scan(db.Time(&b.from), db.Time(&b.to)); err != nil {
			return all, fmt.Errorf("read what is booked with SMB %d: %w", p.smbID, err)
		}
		all.booked = append(all.booked, b)
	}
	return all, rows.Err()
}

// PublicBookingPage implements fibonacco.BookingDesk.
func (s *Service) PublicBookingPage(ctx context.Context, slug string) (out *fibonacco.PublicBookingPage, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := bySlug(ctx, tx, slug)
		if err != nil {
			return err
		}
		out = &fibonacco.PublicBookingPage{Business: p.business, Slug: slug, Zone: p.zone.String(), Open: p.open(), Cutoff: p.settings.CutoffMinutes}
		if p.opened { // nothing is public before its owner has looked at it
			out.Phone = p.settings.Phone
		}
		if p.open() {
			out.Kinds, out.Place = p.settings.Kinds, p.settings.Place
		}
		return nil
	})
	return out, err
}

func bySlug(ctx context.Context, tx *db.Tx, slug string) (*page, error) {
	id, err := address.Find(ctx, tx, slug)
	if err != nil {
		return nil, err
	}
	return findPage(ctx, tx, id)
}

// BookingCalendar implements fibonacco.BookingDesk.
func (s *Service) BookingCalendar(ctx context.Context, slug string, kind int64, month string) (c *fibonacco.BookingCalendar, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := bySlug(ctx, tx, slug)
		if err != nil {
			return err
		}
		k, ok := p.kind(kind)
		if !ok || !p.open() {
			return fibonacco.Errorf(fibonacco.NotFound, "there is nothing to book")
		}
		plan, err := p.plan(ctx, tx, 0)
		if err != nil {
			return err
		}
		all := plan.month(month, k.Minutes)
		c = &all
		return nil
	})
	return c, err
}

// OpenURL is the address of a business's booking page, "" while it is not open.
func (s *Service) OpenURL(ctx context.Context, smbID int64) (url string, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		p, err := findPage(ctx, tx, smbID)
		if fibonacco.CodeOf(err) == fibonacco.NotFound {
			return nil
		}
		if err == nil && p.open() && p.slug != "" {
			url = s.base + "/book/" + p.slug
		}
		return err
	})
	return url, err
}
