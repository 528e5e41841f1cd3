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
	is_active, COALESCE(preheader, ''), COALESCE(body_markdown, ''), COALESCE(learning_button, ''), version,
	CAST(subjects AS text), created_at, updated_at`

func scanCampaign(row db.Row) (*fibonacco.Campaign, error) {
	var c fibonacco.Campaign
	var approval, rvm, upsells, subjects string
	err := row.Scan(&c.ID, &c.Type, &c.Week, &c.Day, &c.Title, &c.Subject, &c.Slug, &c.ServiceType, &c.LandingPageSlug,
		&c.EmailTemplateID, &c.ApprovalButtonText, &approval, &c.RVMScript, &rvm, &upsells, &c.MeetingTopic,
		&c.IsActive, &c.Preheader, &c.BodyMarkdown, &c.LearningButton, &c.Version, &subjects, db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt))
	if err != nil {
		return nil, err
	}
	for _, field := range []struct {
		text string
		into any
	}{{approval, &c.ApprovalConfig}, {rvm, &c.RVMConfig}, {upsells, &c.UpsellServices}, {subjects, &c.Subjects}} {
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

	winners map[versionKey]int // of subjects that were tested
}

const catalogFresh = 10 * time.Second // how long another node's change may go unseen

// typeOrder decides which of two campaigns on one day is kept (M2-02).
var typeOrder = map[fibonacco.CampaignType]int{fibonacco.Hook: 1, fibonacco.Edu: 2, fibonacco.HowTo: 3}

func (c *catalog) load(ctx context.Context) (byID map[string]*fibonacco.Campaign, byDay map[int]*fibonacco.Campaign, winners map[versionKey]int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.loaded.IsZero() && fibonacco.RealTime().Sub(c.loaded) < catalogFresh {
		return c.byID, c.byDay, c.winners, nil
	}
	var all []fibonacco.Campaign
	if err := c.db.View(ctx, func(tx *db.Tx) error {
		var err error
		if all, err = loadCampaigns(ctx, tx); err != nil {
			return err
		}
		winners, err = loadWinners(ctx, tx)
		return err
	}); err != nil {
		return nil, nil, nil, fmt.Errorf("read campaigns: %w", err)
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
	c.all, c.byID, c.byDay, c.winners, c.loaded = all, byID, byDay, winners, fibonacco.RealTime()
	return byID, byDay, winners, nil
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
	byID, _, _, err := s.catalog.load(ctx)
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
	_, byDay, _, err := s.catalog.load(ctx)
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
	_, byDay, _, err := s.catalog.load(ctx)
	if err != nil || byDay[day] == nil {
		return nil, err
	}
	one := *byDay[day]
	return &one, nil
}

// ListCampaigns implements fibonacco.CampaignDirectory.
func (s *Service) ListCampaigns(ctx context.Context, kind fibonacco.CampaignType, week int) ([]fibonacco.Campaign, error) {
	if _, _, _, err := s.catalog.load(ctx); err != nil {
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
