package campaign

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// StoreLibrary writes campaigns and their contents, whole, in one transaction; what is there
// already is brought up to date, so doing it again changes nothing. A campaign that says something
// else than before gets a new version. changed counts campaigns that are new or became different.
func (s *Service) StoreLibrary(ctx context.Context, campaigns []fibonacco.Campaign, contents []fibonacco.Content) (changed int, err error) {
	defer s.catalog.forget()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		there, err := lockCampaigns(ctx, tx)
		if err != nil {
			return err
		}
		var different []fibonacco.Campaign
		var versions []fibonacco.CampaignVersion
		for _, c := range campaigns {
			old, found := there[c.ID]
			c.LandingPageSlug, c.Version = c.Slug, max(old.Version, 1)
			same := found && saysTheSame(old, c)
			if !same {
				c.Version = old.Version + 1
				versions = append(versions, versionOf(c, byLibrary, tx.Now))
			}
			if !same || !placedTheSame(old, c) {
				different = append(different, c)
			}
		}
		if err := storeCampaigns(ctx, tx, different); err != nil {
			return err
		}
		if err := insertVersions(ctx, tx, versions); err != nil {
			return err
		}
		changed = len(different)
		return storeContents(ctx, tx, contents)
	})
	return changed, err
}

// lockCampaigns is the campaigns by id; nobody else writes one until the transaction ends.
func lockCampaigns(ctx context.Context, tx *db.Tx) (map[string]fibonacco.Campaign, error) {
	if _, err := db.Select[string](ctx, tx, `SELECT id FROM campaigns ORDER BY id FOR UPDATE`); err != nil {
		return nil, fmt.Errorf("lock campaigns: %w", err)
	}
	all, err := loadCampaigns(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	byID := map[string]fibonacco.Campaign{}
	for _, c := range all {
		byID[c.ID] = c
	}
	return byID, nil
}

// placedTheSame compares what is not part of a version.
func placedTheSame(a, b fibonacco.Campaign) bool {
	return a.Type == b.Type && a.Week == b.Week && a.Day == b.Day && a.Slug == b.Slug && a.LandingPageSlug == b.LandingPageSlug &&
		a.IsActive == b.IsActive && db.JSON(orEmpty(a.UpsellServices)) == db.JSON(orEmpty(b.UpsellServices))
}

func storeCampaigns(ctx context.Context, tx *db.Tx, campaigns []fibonacco.Campaign) error {
	b := db.NewBatch("id text", "type text", "week integer", "day integer", "title text", "subject text", "slug text",
		"service text", "template text", "button text", "script text", "upsells jsonb", "topic text", "active boolean",
		"preheader text", "body text", "learning text", "version integer", "subjects jsonb")
	for _, c := range campaigns {
		b.Add(c.ID, string(c.Type), c.Week, c.Day, c.Title, c.Subject, c.Slug, db.Null(c.ServiceType), c.EmailTemplateID,
			db.Null(c.ApprovalButtonText), db.Null(c.RVMScript), db.JSON(orEmpty(c.UpsellServices)), db.Null(c.MeetingTopic),
			c.IsActive, db.Null(c.Preheader), db.Null(c.BodyMarkdown), db.Null(c.LearningButton), c.Version, db.JSON(orEmpty(c.Subjects)))
	}
	if _, err := tx.ExecBatch(ctx, b, `
		INSERT INTO campaigns (id, type, week, day, title, subject, slug, service_type, landing_page_slug, email_template_id,
			approval_button_text, rvm_script, upsell_services, meeting_topic, is_active, preheader, body_markdown, learning_button,
			version, subjects, created_at, updated_at)
		SELECT id, type, week, day, title, subject, slug, service, slug, template, button, script, upsells, topic, active,
			preheader, body, learning, version, subjects, $1, $1 FROM rows WHERE TRUE
		ON CONFLICT (id) DO UPDATE SET type = excluded.type, week = excluded.week, day = excluded.day, title = excluded.title,
			subject = excluded.subject, slug = excluded.slug, service_type = excluded.service_type,
			landing_page_slug = excluded.landing_page_slug, email_template_id = excluded.email_template_id,
			approval_button_text = excluded.approval_button_text, rvm_script = excluded.rvm_script,
			upsell_services = excluded.upsell_services, meeting_topic = excluded.meeting_topic, is_active = excluded.is_active,
			preheader = excluded.preheader, body_markdown = excluded.body_markdown, learning_button = excluded.learning_button,
			version = excluded.version, subjects = excluded.subjects, updated_at = excluded.updated_at`, tx.Now); err != nil {
		return fmt.Errorf("store campaigns: %w", err)
	}
	return nil
}

// storeContents writes the pages that are new or became different.
func storeContents(ctx context.Context, tx *db.Tx, contents []fibonacco.Content) error {
	there, err := loadContents(ctx, tx)
	if err != nil {
		return fmt.Errorf("read content: %w", err)
	}
	known := map[string]string{}
	for _, c := range there {
		known[c.Slug] = pageText(c)
	}
	b := db.NewBatch("slug text", "type text", "title text", "campaign text", "slides jsonb", "article text", "seconds integer",
		"service text", "button text", "fields jsonb", "metadata jsonb", "active boolean")
	for _, c := range contents {
		if old, found := known[c.Slug]; found && old == pageText(c) {
			continue
		}
		metadata := c.Metadata
		if metadata == nil {
			metadata = map[string]any{}
		}
		b.Add(c.Slug, c.Type, c.Title, db.Null(c.CampaignID), db.JSON(orEmpty(c.Slides)), c.ArticleBody, c.DurationSeconds,
			db.Null(c.ServiceType), db.Null(c.ApprovalButtonText), db.JSON(orEmpty(c.PersonalizationFields)), db.JSON(metadata), c.IsActive)
	}
	if _, err := tx.ExecBatch(ctx, b, `
		INSERT INTO content (slug, type, title, campaign_id, slides, article_body, duration_seconds, service_type,
			approval_button_text, personalization_fields, metadata, is_active, created_at, updated_at)
		SELECT slug, type, title, campaign, slides, article, seconds, service, button, fields, metadata, active, $1, $1 FROM rows WHERE TRUE
		ON CONFLICT (slug) DO UPDATE SET type = excluded.type, title = excluded.title, campaign_id = excluded.campaign_id,
			slides = excluded.slides, article_body = excluded.article_body, duration_seconds = excluded.duration_seconds,
			service_type = excluded.service_type, approval_button_text = excluded.approval_button_text,
			personalization_fields = excluded.personalization_fields, metadata = excluded.metadata, is_active = excluded.is_active,
			version = content.version + 1, updated_at = excluded.updated_at`, tx.Now); err != nil {
		return fmt.Errorf("store content: %w", err)
	}
	return keepPageVersions(ctx, tx, byLibrary)
}

// pageText is what a library says of a page, for comparing.
func pageText(c fibonacco.Content) string {
	metadata := c.Metadata
	if len(metadata) == 0 {
		metadata = nil
	}
	return db.JSON([]any{
		c.Type, c.Title, c.CampaignID, orEmpty(c.Slides), c.ArticleBody, c.DurationSeconds, c.ServiceType, c.ApprovalButtonText,
		orEmpty(c.PersonalizationFields), metadata, c.IsActive,
	})
}

// Library is everything that StoreLibrary keeps: the campaigns by day, and each one's page.
func (s *Service) Library(ctx context.Context) (campaigns []fibonacco.Campaign, contents []fibonacco.Content, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		var err error
		if campaigns, err = loadCampaigns(ctx, tx); err != nil {
			return fmt.Errorf("read campaigns: %w", err)
		}
		if contents, err = loadContents(ctx, tx); err != nil {
			return fmt.Errorf("read content: %w", err)
		}
		return nil
	})
	return campaigns, contents, err
}

func loadContents(ctx context.Context, tx *db.Tx) ([]fibonacco.Content, error) {
	rows, err := tx.Query(ctx, `
		SELECT id, slug, type, title, COALESCE(campaign_id, ''), CAST(slides AS text), COALESCE(article_body, ''), duration_seconds,
			COALESCE(service_type, ''), COALESCE(approval_button_text, ''), CAST(personalization_fields AS text), CAST(metadata AS text), is_active
		FROM content ORDER BY slug`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []fibonacco.Content
	for rows.Next() {
		var c fibonacco.Content
		var slides, fields, metadata string
		if err := rows.Scan(&c.ID, &c.Slug, &c.Type, &c.Title, &c.CampaignID, &slides, &c.ArticleBody, &c.DurationSeconds,
			&c.ServiceType, &c.ApprovalButtonText, &fields, &metadata, &c.IsActive); err != nil {
			return nil, err
		}
		for _, field := range []struct {
			text string
			into any
		}{{slides, &c.Slides}, {fields, &c.PersonalizationFields}, {metadata, &c.Metadata}} {
			if err := json.Unmarshal([]byte(field.text), field.into); err != nil {
				return nil, fmt.Errorf("page %s: stored JSON: %w", c.Slug, err)
			}
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
