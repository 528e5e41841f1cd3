package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const campaignColumns = `
	id, type, week, day, title, subject, slug, COALESCE(service_type, ''), COALESCE(landing_page_slug, ''),
	COALESCE(email_template_id, ''), COALESCE(approval_button_text, ''), CAST(approval_config AS text),
	COALESCE(rvm_script, ''), CAST(rvm_config AS text), CAST(upsell_services AS text), COALESCE(meeting_topic, ''),
	is_active, COALESCE(preheader, ''), COALESCE(body_markdown, ''), COALESCE(learning_button, ''), created_at, updated_at`

func scanCampaign(row db.Row) (*fibonacco.Campaign, error) {
	var c fibonacco.Campaign
	var approval, rvm, upsells string
	err := row.Scan(&c.ID, &c.Type, &c.Week, &c.Day, &c.Title, &c.Subject, &c.Slug, &c.ServiceType, &c.LandingPageSlug,
		&c.EmailTemplateID, &c.ApprovalButtonText, &approval, &c.RVMScript, &rvm, &upsells, &c.MeetingTopic,
		&c.IsActive, &c.Preheader, &c.BodyMarkdown, &c.LearningButton, db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt))
	if err != nil {
		return nil, err
	}
	for _, field := range []struct {
		text string
		into any
	}{{approval, &c.ApprovalConfig}, {rvm, &c.RVMConfig}, {upsells, &c.UpsellServices}} {
		if err := json.Unmarshal([]byte(field.text), field.into); err != nil {
			return nil, fmt.Errorf("campaign %s: stored JSON: %w", c.ID, err)
		}
	}
	return &c, nil
}

func loadCampaigns(ctx context.Context, tx *db.Tx) ([]fibonacco.Campaign, error) {
	rows, err := tx.Query(ctx, `SELECT `+campaignColumns+` FROM campaigns ORDER BY day, id`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []fibonacco.Campaign
	for rows.Next() {
		c, err := scanCampaign(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, *c)
	}
	return all, rows.Err()
}

// catalog keeps the campaigns in memory: they are few, change rarely, and every mail needs one.
type catalog struct {
	db *db.DB

	mu     sync.Mutex
	loaded time.Time // real time; zero when it must be read
	all    []fibonacco.Campaign
	byID   map[string]*fibonacco.Campaign
	byDay  map[int]*fibonacco.Campaign
}

const catalogFresh = 10 * time.Second // how long another node's change may go unseen

// typeOrder decides which of two campaigns on one day is kept (M2-02).
var typeOrder = map[fibonacco.CampaignType]int{fibonacco.Hook: 1, fibonacco.Edu: 2, fibonacco.HowTo: 3}

func (c *catalog) load(ctx context.Context) (byID map[string]*fibonacco.Campaign, byDay map[int]*fibonacco.Campaign, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loaded.IsZero() && fibonacco.RealTime().Sub(c.loaded) < catalogFresh {
		return c.byID, c.byDay, nil
	}
	var all []fibonacco.Campaign
	if err := c.db.View(ctx, func(tx *db.Tx) error {
		var err error
		all, err = loadCampaigns(ctx, tx)
		return err
	}); err != nil {
		return nil, nil, fmt.Errorf("read campaigns: %w", err)
	}
	byID, byDay = map[string]*fibonacco.Campaign{}, map[int]*fibonacco.Campaign{}
	for i := range all {
		one := &all[i]
		byID[one.ID] = one
		if !one.IsActive || one.Day < 1 {
			continue
		}
		if kept := byDay[one.Day]; kept == nil || rank(one) < rank(kept) {
			byDay[one.Day] = one
		}
	}
	c.all, c.byID, c.byDay, c.loaded = all, byID, byDay, fibonacco.RealTime()
	return byID, byDay, nil
}

func rank(c *fibonacco.Campaign) int {
	if n, ok := typeOrder[c.Type]; ok {
		return n
	}
	return len(typeOrder) + 1
}

// forget makes the next load read the database.
func (c *catalog) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded = time.Time{}
}

// Campaign implements fibonacco.CampaignMailing.
func (s *Service) Campaign(ctx context.Context, id string) (*fibonacco.Campaign, error) {
	byID, _, err := s.catalog.load(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := byID[id]
	if !ok {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", id)
	}
	one := *c
	return &one, nil
}

// NextCampaignForSMB implements fibonacco.CampaignMailing.
func (s *Service) NextCampaignForSMB(ctx context.Context, smb *fibonacco.SMB) (*fibonacco.Campaign, error) {
	_, byDay, err := s.catalog.load(ctx)
	if err != nil {
		return nil, err
	}
	for day := smb.ManifestDestinyDay + 1; day <= s.cfg.ManifestDestiny.TotalDays; day++ {
		if c := byDay[day]; c != nil {
			one := *c
			return &one, nil
		}
	}
	return nil, nil //nolint:nilnil // documented: none is left
}

// CampaignForDay implements fibonacco.CampaignMailing.
func (s *Service) CampaignForDay(ctx context.Context, day int) (*fibonacco.Campaign, error) {
	_, byDay, err := s.catalog.load(ctx)
	if err != nil || byDay[day] == nil {
		return nil, err
	}
	one := *byDay[day]
	return &one, nil
}

// ListCampaigns implements fibonacco.CampaignDirectory.
func (s *Service) ListCampaigns(ctx context.Context, kind fibonacco.CampaignType, week int) ([]fibonacco.Campaign, error) {
	if _, _, err := s.catalog.load(ctx); err != nil {
		return nil, err
	}
	s.catalog.mu.Lock()
	defer s.catalog.mu.Unlock()
	var out []fibonacco.Campaign
	for _, c := range s.catalog.all {
		if (kind == "" || c.Type == kind) && (week == 0 || c.Week == week) {
			out = append(out, c)
		}
	}
	return out, nil
}

// StoreLibrary writes campaigns and their contents, whole, in one transaction; what is there
// already is brought up to date, so doing it again changes nothing. changed counts campaigns
// that are new or became different.
func (s *Service) StoreLibrary(ctx context.Context, campaigns []fibonacco.Campaign, contents []fibonacco.Content) (changed int, err error) {
	defer s.catalog.forget()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		b := db.NewBatch("id text", "type text", "week integer", "day integer", "title text", "subject text", "slug text",
			"service text", "version text", "button text", "script text", "upsells jsonb", "topic text", "active boolean",
			"preheader text", "body text", "learning text")
		for _, c := range campaigns {
			b.Add(c.ID, string(c.Type), c.Week, c.Day, c.Title, c.Subject, c.Slug, db.Null(c.ServiceType), c.EmailTemplateID,
				db.Null(c.ApprovalButtonText), db.Null(c.RVMScript), db.JSON(orEmpty(c.UpsellServices)), db.Null(c.MeetingTopic),
				c.IsActive, db.Null(c.Preheader), db.Null(c.BodyMarkdown), db.Null(c.LearningButton))
		}
		n, err := tx.ExecBatch(ctx, b, `
			INSERT INTO campaigns (id, type, week, day, title, subject, slug, service_type, landing_page_slug, email_template_id,
				approval_button_text, rvm_script, upsell_services, meeting_topic, is_active, preheader, body_markdown, learning_button,
				created_at, updated_at)
			SELECT id, type, week, day, title, subject, slug, service, slug, version, button, script, upsells, topic, active,
				preheader, body, learning, $1, $1 FROM rows WHERE TRUE
			ON CONFLICT (id) DO UPDATE SET type = excluded.type, week = excluded.week, day = excluded.day, title = excluded.title,
				subject = excluded.subject, slug = excluded.slug, service_type = excluded.service_type,
				landing_page_slug = excluded.landing_page_slug, email_template_id = excluded.email_template_id,
				approval_button_text = excluded.approval_button_text, rvm_script = excluded.rvm_script,
				upsell_services = excluded.upsell_services, meeting_topic = excluded.meeting_topic, is_active = excluded.is_active,
				preheader = excluded.preheader, body_markdown = excluded.body_markdown, learning_button = excluded.learning_button,
				updated_at = excluded.updated_at
			WHERE campaigns.email_template_id IS DISTINCT FROM excluded.email_template_id
				OR campaigns.rvm_script IS DISTINCT FROM excluded.rvm_script OR campaigns.title <> excluded.title
				OR campaigns.day <> excluded.day OR campaigns.is_active <> excluded.is_active
				OR campaigns.meeting_topic IS DISTINCT FROM excluded.meeting_topic`, tx.Now)
		if err != nil {
			return fmt.Errorf("store campaigns: %w", err)
		}
		changed = int(n)
		return storeContents(ctx, tx, contents)
	})
	return changed, err
}

func storeContents(ctx context.Context, tx *db.Tx, contents []fibonacco.Content) error {
	b := db.NewBatch("slug text", "type text", "title text", "campaign text", "slides jsonb", "article text", "seconds integer",
		"service text", "button text", "fields jsonb", "active boolean")
	for _, c := range contents {
		b.Add(c.Slug, c.Type, c.Title, db.Null(c.CampaignID), db.JSON(c.Slides), c.ArticleBody, c.DurationSeconds,
			db.Null(c.ServiceType), db.Null(c.ApprovalButtonText), db.JSON(orEmpty(c.PersonalizationFields)), c.IsActive)
	}
	_, err := tx.ExecBatch(ctx, b, `
		INSERT INTO content (slug, type, title, campaign_id, slides, article_body, duration_seconds, service_type,
			approval_button_text, personalization_fields, is_active, created_at, updated_at)
		SELECT slug, type, title, campaign, slides, article, seconds, service, button, fields, active, $1, $1 FROM rows WHERE TRUE
		ON CONFLICT (slug) DO UPDATE SET type = excluded.type, title = excluded.title, campaign_id = excluded.campaign_id,
			slides = excluded.slides, article_body = excluded.article_body, duration_seconds = excluded.duration_seconds,
			service_type = excluded.service_type, approval_button_text = excluded.approval_button_text,
			personalization_fields = excluded.personalization_fields, is_active = excluded.is_active, updated_at = excluded.updated_at`, tx.Now)
	if err != nil {
		return fmt.Errorf("store content: %w", err)
	}
	return nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
