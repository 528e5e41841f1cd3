package learning

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// sameVisit is how long the page may be loaded again by the same business without being another visit.
const sameVisit = 30 * time.Minute

// viewClaim is what the opaque id of a visit proves: which visit, to which page, of how many slides.
type viewClaim struct {
	id     int64
	slides int
	slug   string
}

func (s *Service) signView(c viewClaim) string {
	p := binary.AppendVarint(nil, c.id)
	p = binary.AppendVarint(p, int64(c.slides))
	return s.signer.Sign(fibonacco.ViewToken, append(p, c.slug...))
}

// verifyView is Invalid unless the token is one of a visit to this very page.
func (s *Service) verifyView(slug, token string) (c viewClaim, err error) {
	p, ok := s.signer.Verify(fibonacco.ViewToken, token)
	if !ok {
		return viewClaim{}, unknownView()
	}
	var n int
	if c.id, n = binary.Varint(p); n <= 0 {
		return viewClaim{}, unknownView()
	}
	p = p[n:]
	slides, n := binary.Varint(p)
	if n <= 0 {
		return viewClaim{}, unknownView()
	}
	c.slides, c.slug = int(slides), string(p[n:])
	if c.slug != slug {
		return viewClaim{}, unknownView()
	}
	return c, nil
}

func unknownView() error {
	return fibonacco.InvalidFields("nothing was counted", []fibonacco.FieldError{{Field: "view", Reason: "is not a visit to this page"}})
}

// StartView implements fibonacco.ViewTracker.
func (s *Service) StartView(ctx context.Context, slug, recipient string, visit fibonacco.VisitContext) (view string, err error) {
	if s.machine(visit.UserAgent) {
		return "", s.db.View(ctx, func(tx *db.Tx) error {
			_, err := findVersion(ctx, tx, slug)
			return err
		})
	}
	c := viewClaim{slug: slug}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		page, err := s.page(ctx, tx, slug)
		if err != nil {
			return err
		}
		who, err := s.findReader(ctx, tx, recipient)
		if err != nil {
			return err
		}
		var smb int64
		if who != nil {
			smb = who.ID
			if visit.CampaignID, err = s.campaignOf(ctx, tx, recipient); err != nil {
				return err
			}
		}
		if visit.Version, c.slides, err = shownSlides(ctx, tx, page, visit.Version); err != nil {
			return err
		}
		c.id, err = s.startView(ctx, tx, smb, slug, visit)
		return err
	})
	if err != nil {
		return "", err
	}
	return s.signView(c), nil
}

// shownSlides is how many slides the page has that a visitor has before them, which may be an earlier
// version: pages are kept by browsers and caches. A version that there never was counts as the present one.
func shownSlides(ctx context.Context, tx *db.Tx, page *compiled, asked int) (version, slides int, err error) {
	version, slides = page.number, len(page.content.Slides)
	if asked == 0 || asked == version {
		return version, slides, nil
	}
	earlier, err := findContentVersion(ctx, tx, page.content.Slug, asked)
	if db.IsNoRows(err) {
		return version, slides, nil
	}
	if err != nil {
		return 0, 0, err
	}
	return asked, len(earlier.Slides), nil
}

// campaignOf is the campaign whose mail brought the reader, or "".
func (s *Service) campaignOf(ctx context.Context, tx *db.Tx, recipient string) (campaign string, err error) {
	claim, ok := s.signer.VerifySend(fibonacco.LearnToken, recipient)
	if !ok || claim.SendID == 0 {
		return "", nil
	}
	err = tx.QueryRow(ctx, `SELECT campaign_id FROM campaign_sends WHERE id = $1 AND smb_id = $2`, claim.SendID, claim.SMBID).Scan(&campaign)
	if err != nil && !db.IsNoRows(err) {
		return "", fmt.Errorf("find the campaign of send %d: %w", claim.SendID, err)
	}
	return campaign, nil
}

// startView stores a visit; smb 0 is somebody unknown, who is counted without an event (M3-18). A known
// business that loads the page again within sameVisit goes on with the visit it has.
func (s *Service) startView(ctx context.Context, tx *db.Tx, smb int64, slug string, visit fibonacco.VisitContext) (id int64, err error) {
	if smb != 0 {
		err := tx.QueryRow(ctx, `
			SELECT id FROM content_views WHERE smb_id = $1 AND content_slug = $2 AND started_at > $3 AND content_version = $4
			ORDER BY id DESC LIMIT 1`, smb, slug, tx.Now.Add(-sameVisit), visit.Version).Scan(&id)
		if err == nil {
			return id, nil
		}
		if !db.IsNoRows(err) {
			return 0, fmt.Errorf("find the visit of business %d: %w", smb, err)
		}
	}
	err = tx.QueryRow(ctx, `
		INSERT INTO content_views (smb_id, content_slug, started_at, source_campaign_id, source_url, content_version, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $3, $3) RETURNING id`,
		db.Null(smb), slug, tx.Now, db.Null(visit.CampaignID), db.Null(withoutSecrets(visit.URL)), visit.Version).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("store a visit to %s: %w", slug, err)
	}
	if smb == 0 {
		return id, nil
	}
	return id, s.queue.Publish(ctx, tx, fibonacco.ContentViewed{ViewID: id, SMBID: smb, ContentSlug: slug})
}

// withoutSecrets is where a visitor came from, without what a query may hold; "" when it is no address.
func withoutSecrets(from string) string {
	u, err := url.Parse(from)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	text := strings.ToValidUTF8(clean.String(), "")
	if len(text) > 500 {
		return clean.Scheme + "://" + clean.Host
	}
	return text
}

// RecordView implements fibonacco.ViewTracker.
func (s *Service) RecordView(ctx context.Context, slug, view string, step fibonacco.ViewStep) error {
	c, err := s.verifyView(slug, view)
	if err != nil {
		return err
	}
	if err := checkStep(step, c.slides); err != nil {
		return err
	}
	_, err = s.ingest.Submit(ctx, &note{view: c.id, of: c.slides, step: step})
	return err
}

func checkStep(step fibonacco.ViewStep, slides int) error {
	var wrong []fibonacco.FieldError
	switch step.Kind {
	case fibonacco.SlideSeen:
		if step.Slide < 1 || step.Slide > slides {
			wrong = append(wrong, fibonacco.FieldError{Field: "slide", Reason: "is not a slide of this page"})
		}
	case fibonacco.ViewCompleted, fibonacco.ApprovalClicked, fibonacco.PDFDownloaded:
	default:
		wrong = append(wrong, fibonacco.FieldError{Field: "kind", Reason: "is not known"})
	}
	if step.Seconds < 0 || step.Seconds > 86400 {
		wrong = append(wrong, fibonacco.FieldError{Field: "seconds", Reason: "must be between 0 and 86400"})
	}
	return fibonacco.InvalidFields("nothing was counted", wrong)
}
