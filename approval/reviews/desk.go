package reviews

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// deskRows is how many of what waits, is held, or was asked the desk shows.
const deskRows = 50

// ReviewDesk implements fibonacco.ReviewKeeper.
func (s *Service) ReviewDesk(ctx context.Context, smbID, before int64) (d *fibonacco.ReviewDesk, err error) {
	err = s.o.DB.View(ctx, func(tx *db.Tx) error {
		d, err = desk(ctx, tx, smbID, before)
		return err
	})
	if err == nil && d.Page.Slug == "" { // the page came by a merge
		err = s.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
			d.Page.Slug, err = address.Of(ctx, tx, smbID)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	return d, nil
}

func desk(ctx context.Context, tx *db.Tx, smbID, before int64) (*fibonacco.ReviewDesk, error) {
	p, err := placeOf(ctx, tx, smbID, false)
	if err != nil {
		return nil, err
	}
	if p.Withdrawn {
		return nil, missing()
	}
	page, err := shown(ctx, tx, p, before)
	if err != nil {
		return nil, err
	}
	d := &fibonacco.ReviewDesk{Page: *page, Open: p.Open}
	if d.LeftToday, err = leftToday(ctx, tx, p); err != nil {
		return nil, err
	}
	if d.Waiting, err = list(ctx, tx, `smb_id = $1 AND status = 'waiting' ORDER BY id LIMIT $2`, smbID, deskRows); err != nil {
		return nil, err
	}
	if d.Held, err = list(ctx, tx, `smb_id = $1 AND status = 'held' ORDER BY id DESC LIMIT $2`, smbID, deskRows); err != nil {
		return nil, err
	}
	if d.Requests, err = requests(ctx, tx, `smb_id = $1 ORDER BY id DESC LIMIT $2`, smbID, deskRows); err != nil {
		return nil, err
	}
	d.AskedEver, err = db.Count(ctx, tx, `SELECT count(*) FROM review_requests WHERE smb_id = $1`, smbID)
	return d, err
}

// requests reads requests; rest is what follows WHERE.
func requests(ctx context.Context, tx *db.Tx, rest string, args ...any) (all []fibonacco.ReviewRequest, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id, smb_id, name, email, answered_at IS NOT NULL, declined_at IS NOT NULL, reminded_at, created_at FROM review_requests WHERE `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read review requests: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r fibonacco.ReviewRequest
		if err := rows.Scan(&r.ID, &r.SMBID, &r.Name, &r.Email, &r.Answered, &r.Declined, db.TimePtr(&r.RemindedAt), db.Time(&r.CreatedAt)); err != nil {
			return nil, fmt.Errorf("read review requests: %w", err)
		}
		r.Over = !r.CreatedAt.After(tx.Now.Add(-requestValid))
		all = append(all, r)
	}
	return all, rows.Err()
}
