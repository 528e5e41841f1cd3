package listing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/approval/plaintext"
	"github.com/fibonacco/fibonacco/db"
)

// page is a profile as it is stored, with its street whether hidden or not.
type page struct {
	fibonacco.BusinessProfile
	id        int64 // 0 when the business has none: then the profile is the facts on file
	withdrawn bool
}

// Profile implements fibonacco.Profiles. A caller who is limited to communities sees their businesses.
func (s *Service) Profile(ctx context.Context, smbID int64) (p *fibonacco.BusinessProfile, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := find(ctx, tx, smbID)
		if err != nil {
			return err
		}
		p = found.public()
		return nil
	})
	return p, err
}

// PublicPage implements fibonacco.BusinessPages.
func (s *Service) PublicPage(ctx context.Context, slug string) (p *fibonacco.BusinessProfile, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := findPublic(ctx, tx, slug)
		if err != nil {
			return err
		}
		p = found.public()
		return nil
	})
	return p, err
}

// OwnPage implements fibonacco.BusinessPages.
func (s *Service) OwnPage(ctx context.Context, smbID int64) (p *fibonacco.BusinessProfile, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := findOwn(ctx, tx, smbID)
		if err != nil {
			return err
		}
		p = &found.BusinessProfile
		return nil
	})
	return p, err
}

// public is the profile as everybody may know it: without the street of somebody's home, nor the point
// on the map that gives it away.
func (p *page) public() *fibonacco.BusinessProfile {
	out := p.BusinessProfile
	if out.HideStreet {
		out.Street, out.Latitude, out.Longitude = "", nil, nil
	}
	return &out
}

// findPublic is the published page behind a slug, its Slug always filled.
func findPublic(ctx context.Context, tx *db.Tx, slug string) (*page, error) {
	if plaintext.Line(slug) != slug { // which no database would even look for
		return nil, noPage()
	}
	id, err := address.Find(ctx, tx, slug)
	if err != nil {
		return nil, err
	}
	found, err := find(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if !found.Published {
		return nil, noPage()
	}
	if found.Slug == "" { // its page was another's before the two became one
		found.Slug = slug
	}
	return found, nil
}

// findOwn is the page of a business that has one.
func findOwn(ctx context.Context, tx *db.Tx, smbID int64) (*page, error) {
	found, err := find(ctx, tx, smbID)
	if err != nil {
		return nil, err
	}
	if found.id == 0 || found.withdrawn {
		return nil, noPage()
	}
	return found, nil
}

// find is the page of a business, or the facts on file. Returns NotFound for a business that is unknown,
// deleted, or not the caller's.
func find(ctx context.Context, tx *db.Tx, smbID int64) (*page, error) {
	p := &page{}
	var facts fibonacco.BusinessProfile
	var hours, services, questions, point string
	var published *time.Time
	query := `
		SELECT s.id, COALESCE(a.slug, ''), c.slug, c.timezone, COALESCE(CAST(s.coordinates AS text), ''),
			COALESCE(NULLIF(s.dba_name, ''), s.business_name), COALESCE(s.category, ''), COALESCE(s.primary_phone, ''), COALESCE(s.address, ''),
			COALESCE(s.city, ''), COALESCE(s.state, ''), COALESCE(s.zip, ''), s.updated_at,
			COALESCE(p.id, 0), COALESCE(p.name, ''), COALESCE(p.category, ''), COALESCE(p.about, ''), COALESCE(p.phone, ''), COALESCE(p.email, ''),
			COALESCE(p.website, ''), COALESCE(p.street, ''), COALESCE(p.city, ''), COALESCE(p.state, ''), COALESCE(p.zip, ''), COALESCE(p.hide_street, FALSE),
			COALESCE(CAST(p.hours AS text), '[]'), COALESCE(CAST(p.services AS text), '[]'), COALESCE(CAST(p.questions AS text), '[]'),
			p.confirmed_at, p.published_at, p.withdrawn_at IS NOT NULL, p.updated_at
		FROM smbs s JOIN communities c ON c.id = s.community_id
		LEFT JOIN smb_addresses a ON a.smb_id = s.id LEFT JOIN business_profiles p ON p.smb_id = s.id
		WHERE s.id = $1 AND s.deleted_at IS NULL`
	args := []any{smbID}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		query, args = query+` AND s.community_id IN ($2...)`, append(args, scope)
	}
	err := tx.QueryRow(ctx, query, args...).Scan(&p.SMBID, &p.Slug, &p.Community, &p.Zone, &point,
		&facts.Name, &facts.Category, &facts.Phone, &facts.Street, &facts.City, &facts.State, &facts.ZIP, db.Time(&facts.UpdatedAt),
		&p.id, &p.Name, &p.Category, &p.About, &p.Phone, &p.Email,
		&p.Website, &p.Street, &p.City, &p.State, &p.ZIP, &p.HideStreet,
		&hours, &services, &questions, db.TimePtr(&p.ConfirmedAt), db.TimePtr(&published), &p.withdrawn, db.Time(&p.UpdatedAt))
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no SMB %d", smbID)
	}
	if err != nil {
		return nil, fmt.Errorf("read the page of SMB %d: %w", smbID, err)
	}
	if err := errors.Join(json.Unmarshal([]byte(hours), &p.Hours), json.Unmarshal([]byte(services), &p.Services), json.Unmarshal([]byte(questions), &p.Questions)); err != nil {
		return nil, fmt.Errorf("read the page of SMB %d: %w", smbID, err)
	}
	facts = cleanFacts(facts)
	if p.id == 0 {
		p.Name, p.Category, p.Phone, p.UpdatedAt = facts.Name, facts.Category, facts.Phone, facts.UpdatedAt
		p.Street, p.City, p.State, p.ZIP = facts.Street, facts.City, facts.State, facts.ZIP
	}
	p.Published = published != nil && !p.withdrawn
	// The point on file is of the address on file: an owner who corrects one has moved the other.
	if same(p.Street, facts.Street) && same(p.City, facts.City) && same(p.ZIP, facts.ZIP) && p.Street != "" {
		p.Latitude, p.Longitude = readPoint(point)
	}
	p.Photos, err = listPhotos(ctx, tx, p.id)
	return p, err
}

// cleanFacts is what came with an import as it can be shown.
func cleanFacts(p fibonacco.BusinessProfile) fibonacco.BusinessProfile {
	for _, f := range []*string{&p.Name, &p.Category, &p.Phone, &p.Street, &p.City, &p.State, &p.ZIP} {
		*f = plaintext.Line(*f)
	}
	if p.Name == "" {
		p.Name = "This business" // its name was made of nothing that can be shown
	}
	return p
}

func same(a, b string) bool { return strings.EqualFold(a, b) }

// readPoint reads a point as PostgreSQL writes it: "(-73.98,40.67)".
func readPoint(text string) (latitude, longitude *float64) {
	x, y, ok := strings.Cut(strings.Trim(text, "()"), ",")
	if !ok {
		return nil, nil
	}
	lon, err1 := strconv.ParseFloat(x, 64)
	lat, err2 := strconv.ParseFloat(y, 64)
	if err1 != nil || err2 != nil {
		return nil, nil
	}
	return &lat, &lon
}
