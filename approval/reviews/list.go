package reviews

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var table = query.Table{
	Listing: fibonacco.ReviewListing, From: "reviews", Key: "reviews.id",
	Columns: map[string]query.Column{"held_reason": {Nullable: true}},
}

const columns = `reviews.id, reviews.smb_id, reviews.name, reviews.stars, reviews.body, reviews.request_id IS NOT NULL, reviews.status,
	COALESCE(reviews.held_reason, ''), reviews.held_at, reviews.publish_at, reviews.published_at, COALESCE(reviews.response, ''),
	reviews.responded_at, reviews.created_at`

func scan(row db.Row) (r fibonacco.Review, err error) {
	err = row.Scan(&r.ID, &r.SMBID, &r.Name, &r.Stars, &r.Body, &r.Verified, &r.Status, &r.HeldReason, db.TimePtr(&r.HeldAt),
		db.Time(&r.PublishAt), db.TimePtr(&r.PublishedAt), &r.Response, db.TimePtr(&r.RespondedAt), db.Time(&r.CreatedAt))
	return r, err
}

// list reads reviews; rest is what follows WHERE.
func list(ctx context.Context, tx *db.Tx, rest string, args ...any) ([]fibonacco.Review, error) {
	all, err := db.Read(ctx, tx, scan, `SELECT `+columns+` FROM reviews WHERE `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	return all, nil
}

// ListReviews implements fibonacco.ReviewDirectory.
func (s *Service) ListReviews(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Review], err error) {
	err = s.o.DB.View(ctx, func(tx *db.Tx) error {
		page, err = query.OfSMB(ctx, tx, table, smbID, q, columns, scan)
		return err
	})
	return page, err
}
