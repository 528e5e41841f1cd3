package reviews

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

const shownAtOnce = 20

// place is a business that has reviews set up.
type place struct {
	SMBID     int64 `db:"smb_id"`
	Business  string
	Zone      string
	Slug      string // "" for one that has none of its own: it took the page over by a merge
	Email     string // of its record, or of whoever approved; "" when there is none
	Open      bool
	Withdrawn bool
}

func (p *place) public() bool { return p.Open && !p.Withdrawn }

// day is a date as the people there write it.
func (p *place) day(t time.Time) string {
	zone, err := fibonacco.LoadZone(p.Zone)
	if err != nil {
		zone = time.UTC
	}
	return t.In(zone).Format("January 2, 2006")
}

// placeOf returns NotFound for a business that has nothing set up. lock keeps others from asking or
// writing meanwhile.
func placeOf(ctx context.Context, tx *db.Tx, smbID int64, lock bool) (*place, error) {
	query := `
		SELECT p.smb_id, smbs.business_name AS business, communities.timezone AS zone, p.open, p.withdrawn_at IS NOT NULL AS withdrawn,
			COALESCE((SELECT slug FROM smb_addresses a WHERE a.smb_id = p.smb_id), '') AS slug,
			COALESCE(NULLIF(smbs.primary_email, ''), (SELECT approver_email FROM approvals a
				WHERE a.smb_id = p.smb_id AND a.service_type = '` + serviceType + `' ORDER BY id DESC LIMIT 1), '') AS email
		FROM review_pages p JOIN smbs ON smbs.id = p.smb_id AND smbs.deleted_at IS NULL JOIN communities ON communities.id = smbs.community_id
		WHERE p.smb_id = $1`
	if lock {
		query += ` FOR NO KEY UPDATE OF p`
	}
	p, err := db.Get[place](ctx, tx, query, smbID)
	if db.IsNoRows(err) {
		return nil, missing()
	}
	if err != nil {
		return nil, fmt.Errorf("read the review page of SMB %d: %w", smbID, err)
	}
	return &p, nil
}

// publicPlace is the business behind a slug; NotFound unless it shows its reviews.
func publicPlace(ctx context.Context, tx *db.Tx, slug string, lock bool) (*place, error) {
	smbID, err := address.Find(ctx, tx, slug)
	if err != nil {
		return nil, err
	}
	p, err := placeOf(ctx, tx, smbID, lock)
	if err == nil && !p.public() {
		err = missing()
	}
	return p, err
}

// ReviewPage implements fibonacco.ReviewPages.
func (s *Service) ReviewPage(ctx context.Context, slug string, before int64) (page *fibonacco.ReviewPage, err error) {
	err = s.o.DB.View(ctx, func(tx *db.Tx) error {
		p, err := publicPlace(ctx, tx, slug, false)
		if err != nil {
			return err
		}
		page, err = shown(ctx, tx, p, before)
		page.Slug = slug
		return err
	})
	if err != nil {
		return nil, err
	}
	return page, nil
}

// shown is what is published, with the figures of all of it.
func shown(ctx context.Context, tx *db.Tx, p *place, before int64) (*fibonacco.ReviewPage, error) {
	page := &fibonacco.ReviewPage{SMBID: p.SMBID, Slug: p.Slug, Business: p.Business, Zone: p.Zone}
	var stars int
	if err := tx.QueryRow(ctx, `
		SELECT count(CASE WHEN status = 'published' THEN 1 END), COALESCE(SUM(CASE WHEN status = 'published' THEN stars END), 0),
			count(CASE WHEN status = 'held' THEN 1 END)
		FROM reviews WHERE smb_id = $1`, p.SMBID).Scan(&page.Count, &stars, &page.Held); err != nil {
		return page, fmt.Errorf("count the reviews of SMB %d: %w", p.SMBID, err)
	}
	if page.Count > 0 {
		page.Average = float64(stars) / float64(page.Count)
	}
	where, args := `smb_id = $1 AND status = 'published'`, []any{p.SMBID, shownAtOnce + 1}
	if before > 0 {
		where, args = where+` AND id < $3`, append(args, before)
	}
	all, err := list(ctx, tx, where+` ORDER BY id DESC LIMIT $2`, args...)
	if err != nil {
		return page, err
	}
	if len(all) > shownAtOnce {
		all = all[:shownAtOnce]
		page.Older = all[shownAtOnce-1].ID
	}
	page.Reviews = all
	return page, nil
}
