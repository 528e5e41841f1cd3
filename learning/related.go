package learning

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// relatedMost is how many pages a page leads on to (M3-10).
const relatedMost = 3

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

// fillTitles writes the titles for a reader. One that is no template any more is shown as it is.
func fillTitles(related []fibonacco.RelatedContent, f template.Fields) []fibonacco.RelatedContent {
	out := make([]fibonacco.RelatedContent, len(related))
	for i, r := range related {
		if strings.Contains(r.Title, "{") {
			if t, err := template.Compile(r.Title, template.Text); err == nil {
				if title, err := t.Render(nil, f); err == nil {
					r.Title = string(title)
				}
			}
		}
		out[i] = r
	}
	return out
}
