package learning

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// relatedMost is how many pages a page leads on to (M3-10).
const relatedMost = 3

// relatedKept is how long the pages that go with one are known without looking again: as long as a page
// for anybody may be kept by a cache. Finding them is most of the work of showing a page.
const relatedKept = time.Minute

// found is the pages that go with one, as they were at a time.
type found struct {
	related []fibonacco.RelatedContent
	at      time.Time
}

// related returns the pages that go with one, for the caller to keep.
func (s *Service) related(ctx context.Context, tx *db.Tx, slug string) ([]fibonacco.RelatedContent, error) {
	s.mu.Lock()
	f, ok := s.goesWith[slug]
	s.mu.Unlock()
	if age := tx.Now.Sub(f.at); ok && age >= 0 && age < relatedKept {
		return slices.Clone(f.related), nil
	}
	related, err := findRelated(ctx, tx, slug)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.goesWith) >= pagesKept {
		clear(s.goesWith)
	}
	s.goesWith[slug] = found{slices.Clone(related), tx.Now}
	return related, nil
}

// findRelated returns the pages that go with one: those about the same service first, then those of the
// same kind, and of these the nearest in the programme, later ones before earlier ones. Their titles are
// as stored.
func findRelated(ctx context.Context, tx *db.Tx, slug string) ([]fibonacco.RelatedContent, error) {
	related, err := db.Select[fibonacco.RelatedContent](ctx, tx, `
		SELECT c.slug AS slug, c.type AS type, c.title AS title
		FROM content c
		LEFT JOIN campaigns p ON p.id = c.campaign_id
		CROSS JOIN (
			SELECT a.id AS id, a.type AS type, COALESCE(a.service_type, '') AS service, COALESCE(b.day, 0) AS day
			FROM content a LEFT JOIN campaigns b ON b.id = a.campaign_id WHERE a.slug = $1
		) AS this
		WHERE c.is_active AND c.id <> this.id
		ORDER BY
			CASE WHEN this.service <> '' AND c.service_type = this.service THEN 0 WHEN c.type = this.type THEN 1 ELSE 2 END,
			CASE WHEN COALESCE(p.day, 0) > this.day THEN 0 ELSE 1 END,
			ABS(COALESCE(p.day, 0) - this.day), c.id
		LIMIT $2`, slug, relatedMost)
	if err != nil {
		return nil, fmt.Errorf("find what goes with the page %s: %w", slug, err)
	}
	return related, nil
}

// ListPages implements fibonacco.LearningCenter.
func (s *Service) ListPages(ctx context.Context, kind string, after int64, limit int) (pages []fibonacco.ContentSummary, next int64, err error) {
	type row struct {
		ID int64
		fibonacco.ContentSummary
	}
	limit = min(max(limit, 1), 100)
	var rows []row
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		rows, err = db.Select[row](ctx, tx, `
			SELECT id, slug, type, title, COALESCE(service_type, '') AS service_type, duration_seconds
			FROM content WHERE id > $1 AND ($2 = '' OR type = $2) AND is_active ORDER BY id LIMIT $3`, after, kind, limit+1)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list the pages: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = rows[limit-1].ID
	}
	var nobody *reader
	fields := nobody.fields()
	for _, r := range rows {
		r.Title = fillTitle(r.Title, fields)
		pages = append(pages, r.ContentSummary)
	}
	return pages, next, nil
}

// fillTitles writes the titles for a reader.
func fillTitles(related []fibonacco.RelatedContent, f template.Fields) []fibonacco.RelatedContent {
	for i := range related {
		related[i].Title = fillTitle(related[i].Title, f)
	}
	return related
}

// fillTitle writes one title. One that is no template any more is shown as it is.
func fillTitle(title string, f template.Fields) string {
	if !strings.Contains(title, "{") {
		return title
	}
	t, err := template.Compile(title, template.Text)
	if err != nil {
		return title
	}
	filled, err := t.Render(nil, f)
	if err != nil {
		return title
	}
	return string(filled)
}
