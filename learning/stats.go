package learning

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ContentStats implements fibonacco.LearningCenter.
func (s *Service) ContentStats(ctx context.Context, slug string) (stats *fibonacco.ContentStats, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		stats, err = contentStats(ctx, tx, slug)
		return err
	})
	return stats, err
}

func contentStats(ctx context.Context, tx *db.Tx, slug string) (*fibonacco.ContentStats, error) {
	stats := &fibonacco.ContentStats{Slug: slug, Slides: []fibonacco.SlideViews{}}
	var raw string
	err := tx.QueryRow(ctx, `SELECT CAST(slides AS text), version FROM content WHERE slug = $1`, slug).Scan(&raw, &stats.Version)
	if db.IsNoRows(err) {
		return nil, noPage()
	}
	if err != nil {
		return nil, fmt.Errorf("find the page %s: %w", slug, err)
	}
	var slides []json.RawMessage
	if err := json.Unmarshal([]byte(raw), &slides); err != nil {
		return nil, fmt.Errorf("read the slides of %s: %w", slug, err)
	}
	err = tx.QueryRow(ctx, `
		SELECT COUNT(*), COUNT(smb_id), COUNT(DISTINCT smb_id), COUNT(completed_at),
			COUNT(CASE WHEN approval_clicked THEN 1 END), COUNT(CASE WHEN downloaded_pdf THEN 1 END), COUNT(CASE WHEN content_version = $2 THEN 1 END),
			CAST(AVG(completion_percentage) AS double precision), CAST(AVG(time_on_page_seconds) AS double precision)
		FROM content_views WHERE content_slug = $1`, slug, stats.Version).Scan(
		&stats.Views, &stats.KnownViews, &stats.Businesses, &stats.Completed, &stats.ApprovalClicks, &stats.Downloads, &stats.SlideVisits, &stats.MeanPercent, &stats.MeanSeconds)
	if err != nil {
		return nil, fmt.Errorf("add up the visits to %s: %w", slug, err)
	}
	for i := range slides {
		stats.Slides = append(stats.Slides, fibonacco.SlideViews{Slide: i + 1})
	}
	return stats, countSlides(ctx, tx, slug, stats.Version, stats.Slides)
}

// countSlides counts how often each set of slides was seen: the sets are few, however many visits there
// are. Visits that began with another version saw other slides.
func countSlides(ctx context.Context, tx *db.Tx, slug string, version int, slides []fibonacco.SlideViews) error {
	rows, err := tx.Query(ctx, `
		SELECT CAST(slides_viewed AS text), COUNT(*) FROM content_views
		WHERE content_slug = $1 AND content_version = $2 GROUP BY CAST(slides_viewed AS text)`, slug, version)
	if err != nil {
		return fmt.Errorf("count the slides of %s: %w", slug, err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var raw string
		var visits int
		var seen []int
		if err := rows.Scan(&raw, &visits); err != nil {
			return fmt.Errorf("count the slides of %s: %w", slug, err)
		}
		if err := json.Unmarshal([]byte(raw), &seen); err != nil {
			return fmt.Errorf("read the slides seen of %s: %w", slug, err)
		}
		for _, n := range seen {
			if n >= 1 && n <= len(slides) {
				slides[n-1].Views += visits
			}
		}
	}
	return rows.Err()
}
