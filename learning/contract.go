package learning

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Personalize implements fibonacco.LearningCenterService. What leads on from the page is not in it.
func (s *Service) Personalize(ctx context.Context, content *fibonacco.Content, smb *fibonacco.SMB) (*fibonacco.LearningPage, error) {
	var who *reader
	if smb != nil {
		who = &reader{ID: smb.ID, BusinessName: smb.BusinessName, Contact: smb.PrimaryContactName, Category: smb.Category}
		if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
			who.Community, err = db.Get[string](ctx, tx, `SELECT name FROM communities WHERE id = $1`, smb.CommunityID)
			if db.IsNoRows(err) {
				return nil // its own words stand in
			}
			return err
		}); err != nil {
			return nil, fmt.Errorf("read community %d: %w", smb.CommunityID, err)
		}
	}
	page, err := compile(*content, version{id: content.ID, updated: content.UpdatedAt, number: content.Version})
	if err != nil {
		return nil, fmt.Errorf("compile the page %s: %w", content.Slug, err)
	}
	out, err := page.fill(who.fields())
	if err != nil {
		return nil, fmt.Errorf("fill the page %s: %w", content.Slug, err)
	}
	s.address(out, who)
	return out, nil
}

// TrackViewStart implements fibonacco.LearningCenterService.
func (s *Service) TrackViewStart(ctx context.Context, smbID int64, slug string, visit fibonacco.VisitContext) (id int64, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		now, err := findVersion(ctx, tx, slug)
		if err != nil {
			return err
		}
		if visit.Version == 0 {
			visit.Version = now.number
		}
		if smbID != 0 {
			who, err := readReader(ctx, tx, smbID)
			if err != nil {
				return err
			}
			if who == nil {
				return fibonacco.Errorf(fibonacco.NotFound, "there is no SMB %d", smbID)
			}
		}
		id, err = s.startView(ctx, tx, smbID, slug, visit)
		return err
	})
	return id, err
}

// TrackSlideView implements fibonacco.LearningCenterService.
func (s *Service) TrackSlideView(ctx context.Context, viewID int64, slide int) error {
	return s.track(ctx, viewID, fibonacco.ViewStep{Kind: fibonacco.SlideSeen, Slide: slide})
}

// TrackViewComplete implements fibonacco.LearningCenterService.
func (s *Service) TrackViewComplete(ctx context.Context, viewID int64) error {
	return s.track(ctx, viewID, fibonacco.ViewStep{Kind: fibonacco.ViewCompleted})
}

// TrackApprovalClick implements fibonacco.LearningCenterService.
func (s *Service) TrackApprovalClick(ctx context.Context, viewID int64) error {
	return s.track(ctx, viewID, fibonacco.ViewStep{Kind: fibonacco.ApprovalClicked})
}

// TrackDownload implements fibonacco.LearningCenterService.
func (s *Service) TrackDownload(ctx context.Context, viewID int64) error {
	return s.track(ctx, viewID, fibonacco.ViewStep{Kind: fibonacco.PDFDownloaded})
}

// track is RecordView for whoever knows a visit by its id.
func (s *Service) track(ctx context.Context, viewID int64, step fibonacco.ViewStep) error {
	slides, err := s.slidesOf(ctx, viewID)
	if err != nil {
		return err
	}
	if err := checkStep(step, slides); err != nil {
		return err
	}
	_, err = s.ingest.Submit(ctx, &note{view: viewID, of: slides, step: step})
	return err
}

// slidesOf is how many slides the page of a visit has; 0 when the page is gone.
func (s *Service) slidesOf(ctx context.Context, viewID int64) (n int, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		raw, err := db.Get[string](ctx, tx, `
			SELECT COALESCE(CAST(v.slides AS text), CAST(content.slides AS text), '[]') FROM content_views
			LEFT JOIN content ON content.slug = content_views.content_slug
			LEFT JOIN content_versions v ON v.slug = content_views.content_slug AND v.version = content_views.content_version
			WHERE content_views.id = $1`, viewID)
		if db.IsNoRows(err) {
			return fibonacco.Errorf(fibonacco.NotFound, "there is no view %d", viewID)
		}
		if err != nil {
			return fmt.Errorf("find view %d: %w", viewID, err)
		}
		var slides []json.RawMessage
		if err := json.Unmarshal([]byte(raw), &slides); err != nil {
			return fmt.Errorf("read the slides of view %d: %w", viewID, err)
		}
		n = len(slides)
		return nil
	})
	return n, err
}
