package campaign

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/campaign/render"
	"github.com/fibonacco/fibonacco/db"
)

func asError(err error) *fibonacco.Error {
	var e *fibonacco.Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// campaignOf is a draft as a campaign, with what follows from it.
func campaignOf(d fibonacco.CampaignDraft) fibonacco.Campaign {
	c := fibonacco.Campaign{
		ID: d.ID, Type: d.Type, Day: d.Day, Week: (d.Day + 6) / 7, Title: d.Title, Slug: d.Slug, LandingPageSlug: d.Slug,
		Subject: d.Subject, Subjects: orEmpty(d.Subjects), Preheader: d.Preheader, LearningButton: d.LearningButton,
		ServiceType: d.ServiceType, ApprovalButtonText: d.ApprovalButtonText, UpsellServices: orEmpty(d.UpsellServices),
		MeetingTopic: d.MeetingTopic, RVMScript: strings.TrimRight(d.RVMScript, "\n"),
	}
	if c.BodyMarkdown = strings.TrimSpace(d.BodyMarkdown); c.BodyMarkdown != "" {
		c.BodyMarkdown += "\n" // as in a library's file
	}
	c.EmailTemplateID = render.Version(c)
	return c
}

// CreateCampaign implements fibonacco.CampaignEditor.
func (s *Service) CreateCampaign(ctx context.Context, d fibonacco.CampaignDraft, by string) (*fibonacco.Campaign, []fibonacco.CampaignFinding, error) {
	r := s.review(d)
	if err := r.refusal(); err != nil {
		return nil, r.findings, err
	}
	c := campaignOf(d)
	err := s.edit(ctx, "campaign.created", by, func(ctx context.Context, tx *db.Tx, there map[string]fibonacco.Campaign) (old *fibonacco.Campaign, now *fibonacco.Campaign, err error) {
		if _, taken := there[c.ID]; taken {
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "there is a campaign %s already", c.ID)
		}
		pages, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM content WHERE slug = $1`, c.Slug)
		if err != nil {
			return nil, nil, err
		}
		if pages > 0 {
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "there is a page %q already", c.Slug)
		}
		c.Version = 1
		return nil, &c, nil
	})
	if err != nil {
		return nil, r.findings, err
	}
	stored, err := s.Campaign(ctx, c.ID)
	return stored, r.findings, err
}

// UpdateCampaign implements fibonacco.CampaignEditor.
func (s *Service) UpdateCampaign(ctx context.Context, version int, d fibonacco.CampaignDraft, by string) (*fibonacco.Campaign, []fibonacco.CampaignFinding, error) {
	r := s.review(d)
	if err := r.refusal(); err != nil {
		return nil, r.findings, err
	}
	c := campaignOf(d)
	err := s.edit(ctx, "campaign.updated", by, func(_ context.Context, _ *db.Tx, there map[string]fibonacco.Campaign) (*fibonacco.Campaign, *fibonacco.Campaign, error) {
		old, found := there[c.ID]
		switch {
		case !found:
			return nil, nil, fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", c.ID)
		case old.Version != version:
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "%s is at version %d by now, not %d: look at it before you save", c.ID, old.Version, version)
		case old.Type != c.Type || old.Slug != c.Slug:
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "the type and the slug of %s are fixed", c.ID)
		}
		c.IsActive, c.ApprovalConfig, c.RVMConfig, c.CreatedAt = old.IsActive, old.ApprovalConfig, old.RVMConfig, old.CreatedAt
		if err := dayIsFree(there, c); err != nil {
			return nil, nil, err
		}
		if c.Version = version; !saysTheSame(old, c) {
			c.Version++
		} else if placedTheSame(old, c) {
			return &old, nil, nil
		}
		return &old, &c, nil
	})
	if err != nil {
		return nil, r.findings, err
	}
	stored, err := s.Campaign(ctx, c.ID)
	return stored, r.findings, err
}

// SetCampaignActive implements fibonacco.CampaignEditor.
func (s *Service) SetCampaignActive(ctx context.Context, id string, active bool) (changed bool, err error) {
	err = s.edit(ctx, "campaign.updated", "", func(_ context.Context, _ *db.Tx, there map[string]fibonacco.Campaign) (*fibonacco.Campaign, *fibonacco.Campaign, error) {
		changed = false
		old, found := there[id]
		if !found {
			return nil, nil, fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", id)
		}
		if old.IsActive == active {
			return &old, nil, nil
		}
		c := old
		if c.IsActive = active; active && strings.TrimSpace(c.BodyMarkdown) == "" {
			return nil, nil, fibonacco.Errorf(fibonacco.Conflict, "%s has no mail to send", id)
		}
		changed = true
		return &old, &c, dayIsFree(there, c)
	})
	return changed && err == nil, err
}

// dayIsFree returns Conflict when another active campaign has the day of an active one.
func dayIsFree(there map[string]fibonacco.Campaign, c fibonacco.Campaign) error {
	for _, other := range there {
		if c.IsActive && c.Day > 0 && other.IsActive && other.Day == c.Day && other.ID != c.ID {
			return fibonacco.Errorf(fibonacco.Conflict, "day %d belongs to %s", c.Day, other.ID)
		}
	}
	return nil
}

// edit changes one campaign in a transaction: change says what it was and what it becomes, nil for a
// campaign that is new or stays as it is.
func (s *Service) edit(ctx context.Context, action, by string,
	change func(ctx context.Context, tx *db.Tx, there map[string]fibonacco.Campaign) (old, now *fibonacco.Campaign, err error),
) error {
	defer s.catalog.forget()
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		there, err := lockCampaigns(ctx, tx)
		if err != nil {
			return err
		}
		old, now, err := change(ctx, tx, there)
		if err != nil || now == nil {
			return err
		}
		if err := storeCampaigns(ctx, tx, []fibonacco.Campaign{*now}); err != nil {
			return err
		}
		if old == nil || old.Version != now.Version {
			if err := insertVersions(ctx, tx, []fibonacco.CampaignVersion{versionOf(*now, by, tx.Now)}); err != nil {
				return err
			}
		}
		if err := pageFollows(ctx, tx, *now, by); err != nil {
			return err
		}
		return audit.Record(ctx, tx, changeEntry(action, old, now))
	})
	if db.IsUnique(err) {
		return fibonacco.Errorf(fibonacco.Conflict, "somebody else has just changed this campaign")
	}
	return err
}

// changeEntry is a change of a campaign for the audit log; old is nil for a new one.
func changeEntry(action string, old, now *fibonacco.Campaign) fibonacco.AuditEntry {
	before, after := audit.Changed(asRead(old), asRead(now))
	if old == nil {
		before = nil
	}
	return fibonacco.AuditEntry{Action: action, Entity: "campaign", EntityID: now.ID, Before: before, After: after}
}

// asRead is a campaign as its readers see it; empty for none.
func asRead(c *fibonacco.Campaign) map[string]any {
	fields := map[string]any{}
	if c != nil {
		raw, _ := json.Marshal(c)        // of texts and numbers: cannot fail
		_ = json.Unmarshal(raw, &fields) // what was just written
		delete(fields, "updated_at")
		delete(fields, "email_template_id") // follows from the rest
	}
	return fields
}

// pageFollows keeps the learning page with the campaign: its title and what it offers are the
// campaign's. A new campaign gets an empty page, so that its link leads somewhere.
func pageFollows(ctx context.Context, tx *db.Tx, c fibonacco.Campaign, by string) error {
	kind := strings.ToLower(string(c.Type))
	if c.Type == fibonacco.Intro || c.Type == fibonacco.Conv {
		kind = "article"
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO content (slug, type, title, campaign_id, article_body, duration_seconds, service_type, approval_button_text, created_at, updated_at)
		VALUES ($1, $2, $3, $4, '', 0, $5, $6, $7, $7)
		ON CONFLICT (slug) DO UPDATE SET title = excluded.title, service_type = excluded.service_type,
			approval_button_text = excluded.approval_button_text, version = content.version + 1, updated_at = excluded.updated_at
		WHERE content.title <> excluded.title OR content.service_type IS DISTINCT FROM excluded.service_type
			OR content.approval_button_text IS DISTINCT FROM excluded.approval_button_text`,
		c.Slug, kind, c.Title, c.ID, db.Null(c.ServiceType), db.Null(c.ApprovalButtonText), tx.Now); err != nil {
		return fmt.Errorf("store the page of %s: %w", c.ID, err)
	}
	return keepPageVersions(ctx, tx, by)
}

// keepPageVersions stores what pages say by now, where that is a version of its own.
func keepPageVersions(ctx context.Context, tx *db.Tx, by string) error {
	if _, err := tx.Exec(ctx, `
		INSERT INTO content_versions (slug, version, title, slides, article_body, created_by, created_at)
		SELECT c.slug, c.version, c.title, c.slides, c.article_body, $1, $2 FROM content c
		WHERE NOT EXISTS (SELECT 1 FROM content_versions v WHERE v.slug = c.slug AND v.version = c.version)`, by, tx.Now); err != nil {
		return fmt.Errorf("store versions of pages: %w", err)
	}
	return nil
}
