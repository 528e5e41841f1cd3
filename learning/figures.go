package learning

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/recount"
)

// figuresRule: counting all visits may take at most one part in fifty of the time.
var figuresRule = recount.Rule{Share: 50, Most: 5 * time.Minute, Stale: time.Hour}

// visitCount is of one page and community: one count for all who ask. Community 0 is of strangers.
type visitCount struct {
	Slug             string
	CommunityID      int64
	Views, Completed int
	ApprovalClicks   int
	Timed            int // visits whose time is known
	Seconds          int
}

// ListContentFigures implements fibonacco.ContentReporter.
func (s *Service) ListContentFigures(ctx context.Context) ([]fibonacco.ContentFigures, error) {
	counts, err := s.figures.Of(ctx, struct{}{})
	if err != nil {
		return nil, err
	}
	sums := map[string]visitCount{}
	for _, c := range counts {
		if fibonacco.ScopeOf(ctx) != nil && (c.CommunityID == 0 || !fibonacco.InScope(ctx, c.CommunityID)) {
			continue
		}
		sum := sums[c.Slug]
		sum.Views, sum.Completed, sum.ApprovalClicks = sum.Views+c.Views, sum.Completed+c.Completed, sum.ApprovalClicks+c.ApprovalClicks
		sum.Timed, sum.Seconds = sum.Timed+c.Timed, sum.Seconds+c.Seconds
		sums[c.Slug] = sum
	}
	var pages []fibonacco.Content
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		pages, err = selectContent(ctx, tx, "TRUE ORDER BY slug")
		return err
	}); err != nil {
		return nil, err
	}
	out := make([]fibonacco.ContentFigures, 0, len(pages))
	for _, p := range pages {
		sum := sums[p.Slug]
		f := fibonacco.ContentFigures{
			Slug: p.Slug, Type: p.Type, Title: p.Title, CampaignID: p.CampaignID, ServiceType: p.ServiceType, IsActive: p.IsActive, Version: p.Version,
			Slides: len(p.Slides), DurationSeconds: p.DurationSeconds, Views: sum.Views, Completed: sum.Completed, ApprovalClicks: sum.ApprovalClicks,
		}
		if sum.Timed > 0 {
			mean := float64(sum.Seconds) / float64(sum.Timed)
			f.MeanSeconds = &mean
		}
		out = append(out, f)
	}
	return out, nil
}

func (s *Service) countVisits(ctx context.Context, _ struct{}) (counts []visitCount, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) (err error) {
		counts, err = db.Select[visitCount](ctx, tx, `
			SELECT v.content_slug AS slug, COALESCE(smbs.community_id, 0) AS community_id, COUNT(*) AS views, COUNT(v.completed_at) AS completed,
				COUNT(CASE WHEN v.approval_clicked THEN 1 END) AS approval_clicks, COUNT(v.time_on_page_seconds) AS timed,
				COALESCE(SUM(v.time_on_page_seconds), 0) AS seconds
			FROM content_views v LEFT JOIN smbs ON smbs.id = v.smb_id GROUP BY v.content_slug, COALESCE(smbs.community_id, 0)`)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the visits to all pages: %w", err)
	}
	return counts, nil
}

// viewTable is how ContentViewListing is stored.
var viewTable = query.Table{
	Listing: fibonacco.ContentViewListing, From: "content_views", Key: "content_views.id",
}

const viewColumns = `
	content_views.id, content_views.smb_id, content_views.content_slug, content_views.content_version, content_views.started_at, content_views.completed_at,
	content_views.completion_percentage, COALESCE(content_views.source_campaign_id, ''), COALESCE(content_views.source_url, ''),
	content_views.time_on_page_seconds, CAST(content_views.slides_viewed AS text), content_views.approval_clicked, content_views.downloaded_pdf,
	content_views.shared, content_views.created_at, content_views.updated_at`

func scanView(row db.Row) (v fibonacco.ContentView, err error) {
	var slides string
	if err := row.Scan(&v.ID, &v.SMBID, &v.ContentSlug, &v.ContentVersion, db.Time(&v.StartedAt), db.TimePtr(&v.CompletedAt), &v.CompletionPercentage,
		&v.SourceCampaignID, &v.SourceURL, &v.TimeOnPageSeconds, &slides, &v.ApprovalClicked, &v.DownloadedPDF, &v.Shared,
		db.Time(&v.CreatedAt), db.Time(&v.UpdatedAt)); err != nil {
		return v, err
	}
	return v, json.Unmarshal([]byte(slides), &v.SlidesViewed)
}

// QueryViews implements fibonacco.ContentReporter.
func (s *Service) QueryViews(ctx context.Context, slug string, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ContentView], err error) {
	var args query.Args
	table := viewTable
	table.Question = slug
	where := []string{`content_views.content_slug = ` + args.Add(slug)}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `EXISTS (SELECT 1 FROM smbs WHERE smbs.id = content_views.smb_id AND smbs.community_id IN (`+args.Add(scope)+`...))`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findSource(ctx, tx, slug); err != nil {
			return err
		}
		page, err = query.Select(ctx, tx, table, q, viewColumns, scanView, where, &args)
		return err
	})
	return page, err
}
