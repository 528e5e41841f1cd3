package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// What one mailbox or one client may do. Each booking is a mail to an address that nobody has proved to
// be their own, and takes a time away from others.
const (
	mostOpenHere  = 3  // bookings of one mailbox with one business that are still to come
	mostOpen      = 6  // and with all
	mostADay      = 6  // bookings that one mailbox makes within a day, cancelled ones too
	mostOfAClient = 10 // bookings that come from one client to one business within a day
	mostMoves     = 10 // of one booking
)

// withinLimits returns TooMany for what looks like a flood. Those who book for the same mailbox take
// turns, whatever business it is with.
func withinLimits(ctx context.Context, tx *db.Tx, smbID int64, r fibonacco.BookingRequest) error {
	yesterday := tx.Now.Add(-24 * time.Hour)
	var here, all, today, client int
	if err := tx.QueryRow(ctx, `
		SELECT COALESCE(SUM(CASE WHEN state = 'booked' AND ends_at > $2 AND smb_id = $3 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN state = 'booked' AND ends_at > $2 THEN 1 ELSE 0 END), 0),
			COALESCE(SUM(CASE WHEN first_id IS NULL AND created_at > $4 THEN 1 ELSE 0 END), 0)
		FROM bookings WHERE email_key = $1`, emailKey(r.Email), tx.Now, smbID, yesterday).Scan(&here, &all, &today); err != nil {
		return fmt.Errorf("count the bookings of a mailbox: %w", err)
	}
	if here >= mostOpenHere || all >= mostOpen || today >= mostADay {
		return fibonacco.Errorf(fibonacco.TooMany, "there are several bookings with this email address already")
	}
	if r.Client == "" {
		return nil
	}
	// Where a booking came from is of no use after a day, and is not kept for longer.
	if _, err := tx.Exec(ctx, `UPDATE bookings SET client = '' WHERE smb_id = $1 AND client <> '' AND created_at <= $2`, smbID, yesterday); err != nil {
		return fmt.Errorf("forget where bookings came from: %w", err)
	}
	client, err := db.Count(ctx, tx, `SELECT count(*) FROM bookings WHERE smb_id = $1 AND client = $2 AND first_id IS NULL`, smbID, r.Client)
	if err != nil {
		return fmt.Errorf("count the bookings of a client: %w", err)
	}
	if client >= mostOfAClient {
		return fibonacco.Errorf(fibonacco.TooMany, "there were many bookings from here today")
	}
	return nil
}
