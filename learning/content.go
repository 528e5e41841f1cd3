package learning

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// version is one state of one content row.
type version struct {
	id      int64
	updated time.Time // zero when it was never set
	number  int
}

func noPage() error { return fibonacco.Errorf(fibonacco.NotFound, "there is no such page") }

func findVersion(ctx context.Context, tx *db.Tx, slug string) (v version, err error) {
	err = tx.QueryRow(ctx, `SELECT id, updated_at, version FROM content WHERE slug = $1 AND is_active`, slug).Scan(&v.id, db.Time(&v.updated), &v.number)
	if db.IsNoRows(err) {
		return version{}, noPage()
	}
	if err != nil {
		return version{}, fmt.Errorf("find the page %s: %w", slug, err)
	}
	return v, nil
}

// Content returns one active page, its merge fields not filled. NotFound when the slug is unknown or
// inactive.
func (s *Service) Content(ctx context.Context, slug string) (*fibonacco.Content, error) {
	return s.find(ctx, "slug = $1", slug)
}

// ContentByCampaign returns the active page of a campaign, the oldest of several, or NotFound.
func (s *Service) ContentByCampaign(ctx context.Context, campaignID string) (*fibonacco.Content, error) {
	return s.find(ctx, "campaign_id = $1", campaignID)
}

func (s *Service) find(ctx context.Context, where string, arg any) (c *fibonacco.Content, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = findContent(ctx, tx, where, arg)
		return err
	})
	return c, err
}

// ListContent returns the active pages after a cursor id (0 starts), by id; kind "" is all of them and limit is
// capped at 100. next is 0 on the last page.
func (s *Service) ListContent(ctx context.Context, kind string, after int64, limit int) (page []fibonacco.Content, next int64, err error) {
	limit = min(max(limit, 1), 100)
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = selectContent(ctx, tx, "id > $1 AND ($2 = '' OR type = $2) AND is_active ORDER BY id LIMIT $3", after, kind, limit+1)
		return err
	})
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, err
}

func findContent(ctx context.Context, tx *db.Tx, where string, arg any) (*fibonacco.Content, error) {
	found, err := selectContent(ctx, tx, where+" AND is_active ORDER BY id LIMIT 1", arg)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noPage()
	}
	return &found[0], nil
}

func selectContent(ctx context.Context, tx *db.Tx, where string, args ...any) ([]fibonacco.Content, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, slug, type, title, COALESCE(campaign_id, ''), CAST(slides AS text), COALESCE(article_body, ''), COALESCE(audio_base_url, ''),
			duration_seconds, COALESCE(service_type, ''), COALESCE(approval_button_text, ''), CAST(personalization_fields AS text),
			CAST(metadata AS text), is_active, version, created_at, updated_at
		FROM content WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var all []fibonacco.Content
	for rows.Next() {
		var c fibonacco.Content
		var slides, fields, metadata string
		if err := rows.Scan(&c.ID, &c.Slug, &c.Type, &c.Title, &c.CampaignID, &slides, &c.ArticleBody, &c.AudioBaseURL,
			&c.DurationSeconds, &c.ServiceType, &c.ApprovalButtonText, &fields, &metadata, &c.IsActive, &c.Version, db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt)); err != nil {
			return nil, fmt.Errorf("read content: %w", err)
		}
		for _, column := range []struct {
			text   string
			target any
		}{{slides, &c.Slides}, {fields, &c.PersonalizationFields}, {metadata, &c.Metadata}} {
			if err := json.Unmarshal([]byte(column.text), column.target); err != nil {
				return nil, fmt.Errorf("read content %d: %w", c.ID, err)
			}
		}
		all = append(all, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read content: %w", err)
	}
	return all, nil
}
