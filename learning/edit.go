package learning

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// How much a page may hold.
const (
	slidesMost  = 40
	itemsMost   = 20
	textMost    = 2000
	secondsMost = 600
	articleMost = 200_000
)

// ContentSource implements fibonacco.ContentEditor.
func (s *Service) ContentSource(ctx context.Context, slug string) (c *fibonacco.Content, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = findSource(ctx, tx, slug)
		return err
	})
	return c, err
}

// findSource is a page, active or not.
func findSource(ctx context.Context, tx *db.Tx, slug string) (*fibonacco.Content, error) {
	found, err := selectContent(ctx, tx, "slug = $1", slug)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noPage()
	}
	return &found[0], nil
}

// UpdateContent implements fibonacco.ContentEditor. The WHERE clause is the lock: of two who save the same
// version one is too late.
func (s *Service) UpdateContent(ctx context.Context, slug string, version int, draft fibonacco.ContentDraft, by string) (c *fibonacco.Content, err error) {
	draft = tidyDraft(draft)
	if err := checkDraft(draft); err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		old, err := findSource(ctx, tx, slug)
		if err != nil {
			return err
		}
		if old.Version != version {
			return tooLate(slug, old.Version, version)
		}
		was := tidyDraft(fibonacco.ContentDraft{Slides: old.Slides, ArticleBody: old.ArticleBody})
		if c = old; db.JSON(was) == db.JSON(draft) {
			return nil
		}
		n, err := tx.Exec(ctx, `
			UPDATE content SET slides = $1, article_body = $2, duration_seconds = $3, version = version + 1, updated_at = $4
			WHERE slug = $5 AND version = $6`, db.JSON(draft.Slides), draft.ArticleBody, spoken(draft.Slides, old.DurationSeconds), tx.Now, slug, version)
		if err != nil {
			return fmt.Errorf("change the page %s: %w", slug, err)
		}
		if n == 0 {
			return tooLate(slug, version+1, version)
		}
		if c, err = findSource(ctx, tx, slug); err != nil {
			return err
		}
		return noteVersion(ctx, tx, c, was, by)
	})
	if db.IsUnique(err) {
		return nil, tooLate(slug, version+1, version)
	}
	return c, err
}

// noteVersion keeps what a page says by now, and who made it say so.
func noteVersion(ctx context.Context, tx *db.Tx, c *fibonacco.Content, was fibonacco.ContentDraft, by string) error {
	if _, err := tx.Exec(ctx, `
		INSERT INTO content_versions (slug, version, title, slides, article_body, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		c.Slug, c.Version, c.Title, db.JSON(c.Slides), c.ArticleBody, by, tx.Now); err != nil {
		return fmt.Errorf("store version %d of the page %s: %w", c.Version, c.Slug, err)
	}
	before, after := audit.Changed(
		map[string]any{"slides": was.Slides, "article_body": was.ArticleBody, "version": c.Version - 1},
		map[string]any{"slides": c.Slides, "article_body": c.ArticleBody, "version": c.Version})
	return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: "content.updated", Entity: "content", EntityID: c.Slug, Before: before, After: after})
}

func tooLate(slug string, present, version int) error {
	return fibonacco.Errorf(fibonacco.Conflict, "%s is at version %d by now, not %d: look at it before you save", slug, present, version)
}

// spoken is how long the slides take; what it was when none says.
func spoken(slides []fibonacco.Slide, before int) int {
	sum := 0
	for _, s := range slides {
		sum += s.Seconds
	}
	if sum == 0 {
		return before
	}
	return sum
}

// tidyDraft takes away what nobody sees, so that only what differs is a version.
func tidyDraft(d fibonacco.ContentDraft) fibonacco.ContentDraft {
	out := fibonacco.ContentDraft{Slides: []fibonacco.Slide{}}
	if d.ArticleBody = strings.TrimSpace(d.ArticleBody); d.ArticleBody != "" {
		out.ArticleBody = d.ArticleBody + "\n"
	}
	for _, s := range d.Slides {
		items := s.Items
		s.Items = nil
		for _, item := range items {
			if item = strings.TrimSpace(item); item != "" {
				s.Items = append(s.Items, item)
			}
		}
		s.Headline, s.Body, s.Narration = strings.TrimSpace(s.Headline), strings.TrimSpace(s.Body), strings.TrimSpace(s.Narration)
		out.Slides = append(out.Slides, s)
	}
	return out
}

// checkDraft returns Invalid naming every text that cannot be used.
func checkDraft(d fibonacco.ContentDraft) error {
	var bad []fibonacco.FieldError
	refuse := func(field, format string, args ...any) {
		bad = append(bad, fibonacco.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)})
	}
	if len(d.Slides) > slidesMost {
		refuse("slides", "are %d; at most %d", len(d.Slides), slidesMost)
	}
	text := func(field, text string) {
		if utf8.RuneCountInString(text) > textMost {
			refuse(field, "is longer than %d characters", textMost)
		} else if _, err := template.Compile(text, template.Text); err != nil {
			refuse(field, "cannot be read: %v", err)
		}
	}
	for i, s := range d.Slides {
		at := fmt.Sprintf("slides[%d].", i)
		switch {
		case s.Component == "" || len(s.Component) > 50:
			refuse(at+"component", "is missing")
		case s.Headline == "":
			refuse(at+"headline", "is missing")
		}
		if s.Seconds < 0 || s.Seconds > secondsMost {
			refuse(at+"seconds", "must be 0 to %d", secondsMost)
		}
		if len(s.Items) > itemsMost {
			refuse(at+"items", "are %d; at most %d", len(s.Items), itemsMost)
		}
		text(at+"headline", s.Headline)
		text(at+"body", s.Body)
		text(at+"narration", s.Narration)
		for j, item := range s.Items {
			text(fmt.Sprintf("%sitems[%d]", at, j), item)
		}
	}
	if len(d.ArticleBody) > articleMost {
		refuse("article_body", "is longer than %d characters", articleMost)
	} else if _, err := render.CompileArticle(d.ArticleBody); err != nil {
		refuse("article_body", "cannot be read: %v", err)
	}
	if len(d.Slides) == 0 && d.ArticleBody == "" {
		refuse("slides", "are missing: a page has slides, an article, or both")
	}
	return fibonacco.InvalidFields("the page cannot be saved", bad)
}

// PreviewContent implements fibonacco.ContentEditor.
func (s *Service) PreviewContent(ctx context.Context, slug string, draft fibonacco.ContentDraft, smbID int64) (*fibonacco.LearningPage, error) {
	draft = tidyDraft(draft)
	if err := checkDraft(draft); err != nil {
		return nil, err
	}
	var c *fibonacco.Content
	var who *reader
	var related []fibonacco.RelatedContent
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		if c, err = findSource(ctx, tx, slug); err != nil {
			return err
		}
		if related, err = s.related(ctx, tx, slug); err != nil {
			return err
		}
		if smbID == 0 {
			return nil
		}
		if who, err = readReader(ctx, tx, smbID); err != nil {
			return err
		}
		town, err := db.Select[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1`, smbID)
		if err == nil && (who == nil || len(town) == 0 || !fibonacco.InScope(ctx, town[0])) {
			err = fibonacco.Errorf(fibonacco.NotFound, "there is no business %d", smbID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.Slides, c.ArticleBody = draft.Slides, draft.ArticleBody
	page, err := compile(*c, version{})
	if err != nil {
		return nil, fmt.Errorf("compile a draft of %s: %w", slug, err)
	}
	out, err := page.fill(who.fields())
	if err != nil {
		return nil, fmt.Errorf("fill a draft of %s: %w", slug, err)
	}
	out.Related = fillTitles(related, who.fields())
	if who != nil {
		out.For = template.Clean(who.BusinessName)
	}
	if out.ServiceType != "" {
		out.ApprovalURL = s.base + "/approve/preview" // shows the button, and proves nothing
	}
	return out, nil
}

const contentVersionColumns = `slug, version, title, CAST(slides AS text), COALESCE(article_body, ''), created_by, created_at`

func scanContentVersion(row db.Row) (v fibonacco.ContentVersion, err error) {
	var slides string
	if err := row.Scan(&v.Slug, &v.Version, &v.Title, &slides, &v.ArticleBody, &v.CreatedBy, db.Time(&v.CreatedAt)); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(slides), &v.Slides)
}

// findContentVersion returns an error that satisfies db.IsNoRows when there is none.
func findContentVersion(ctx context.Context, tx *db.Tx, slug string, version int) (fibonacco.ContentVersion, error) {
	return scanContentVersion(tx.QueryRow(ctx, `SELECT `+contentVersionColumns+` FROM content_versions WHERE slug = $1 AND version = $2`, slug, version))
}

// ListContentVersions implements fibonacco.ContentEditor.
func (s *Service) ListContentVersions(ctx context.Context, slug string) (all []fibonacco.ContentVersion, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(ctx, `SELECT `+contentVersionColumns+` FROM content_versions WHERE slug = $1 ORDER BY version DESC`, slug)
		if err != nil {
			return fmt.Errorf("list versions of the page %s: %w", slug, err)
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			v, err := scanContentVersion(rows)
			if err != nil {
				return fmt.Errorf("read a version of the page %s: %w", slug, err)
			}
			all = append(all, v)
		}
		return rows.Err()
	})
	if err == nil && len(all) == 0 {
		return nil, noPage()
	}
	return all, err
}
