package calendar

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/approval/plaintext"
	"github.com/fibonacco/fibonacco/db"
)

// public is true of events that everybody may see: of businesses that are there and post.
const public = `e.state IN ('public', 'cancelled') AND p.withdrawn_at IS NULL AND p.id IS NOT NULL`

// CommunityCalendar implements fibonacco.CommunityEvents.
func (s *Service) CommunityCalendar(ctx context.Context, community string) (c *fibonacco.CommunityCalendar, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = findCalendar(ctx, tx, community, tx.Now)
		return err
	})
	return c, err
}

// findCalendar is a community's events that are not over at a moment.
func findCalendar(ctx context.Context, tx *db.Tx, community string, since time.Time) (*fibonacco.CommunityCalendar, error) {
	if plaintext.Line(community) != community { // which no database would even look for
		return nil, noEvent()
	}
	c := &fibonacco.CommunityCalendar{}
	var id int64
	err := tx.QueryRow(ctx, `SELECT id, slug, name, state, timezone FROM communities WHERE slug = $1`, community).Scan(&id, &c.Community, &c.Name, &c.State, &c.Zone)
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no community %q", community)
	}
	if err != nil {
		return nil, fmt.Errorf("read a community: %w", err)
	}
	c.Name = plaintext.Line(c.Name)
	c.Events, err = selectEvents(ctx, tx, `s.community_id = $1 AND e.over_at > $2 AND `+public+` ORDER BY e.starts_at, e.id LIMIT 500`, id, since)
	return c, err
}

// CommunityEvent implements fibonacco.CommunityEvents.
func (s *Service) CommunityEvent(ctx context.Context, community string, id int64) (e *fibonacco.CommunityEvent, err error) {
	if plaintext.Line(community) != community {
		return nil, noEvent()
	}
	return s.one(ctx, `c.slug = $1 AND e.id = $2 AND `+public, community, id)
}

// OwnEvents implements fibonacco.CommunityEvents.
func (s *Service) OwnEvents(ctx context.Context, smbID int64) (all []fibonacco.CommunityEvent, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := posterZone(ctx, tx, smbID); err != nil {
			return err
		}
		all, err = selectEvents(ctx, tx, `e.smb_id = $1 ORDER BY e.starts_at DESC, e.id DESC LIMIT 500`, smbID)
		return err
	})
	return all, err
}

// OwnEvent implements fibonacco.CommunityEvents.
func (s *Service) OwnEvent(ctx context.Context, smbID, id int64) (*fibonacco.CommunityEvent, error) {
	return s.one(ctx, `e.smb_id = $1 AND e.id = $2 AND p.id IS NOT NULL AND p.withdrawn_at IS NULL`, smbID, id)
}

func (s *Service) one(ctx context.Context, where string, args ...any) (e *fibonacco.CommunityEvent, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := selectEvents(ctx, tx, where, args...)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return noEvent()
		}
		e = &found[0]
		return nil
	})
	return e, err
}

func selectEvents(ctx context.Context, tx *db.Tx, where string, args ...any) (all []fibonacco.CommunityEvent, err error) {
	rows, err := tx.Query(ctx, `
		SELECT e.id, CAST(e.uuid AS text), e.smb_id, COALESCE(NULLIF(s.dba_name, ''), s.business_name), c.slug, c.name, c.timezone,
			e.title, e.about, e.place, e.audience, e.link, e.starts_at, e.ends_at, e.over_at, e.state, e.sequence, e.published_at, e.updated_at
		FROM community_events e JOIN smbs s ON s.id = e.smb_id AND s.deleted_at IS NULL JOIN communities c ON c.id = s.community_id
		LEFT JOIN event_posters p ON p.smb_id = e.smb_id WHERE `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e fibonacco.CommunityEvent
		if err := rows.Scan(&e.ID, &e.UUID, &e.SMBID, &e.Business, &e.Community, &e.CommunityName, &e.Zone,
			&e.Title, &e.About, &e.Place, &e.Audience, &e.Link, db.Time(&e.StartsAt), db.TimePtr(&e.EndsAt), db.Time(&e.OverAt),
			&e.State, &e.Sequence, db.TimePtr(&e.PublishedAt), db.Time(&e.UpdatedAt)); err != nil {
			return nil, fmt.Errorf("read events: %w", err)
		}
		e.Business, e.CommunityName = plaintext.Line(e.Business), plaintext.Line(e.CommunityName)
		if e.Slug = address.Slug(e.Title); e.Slug == "business" && !strings.Contains(strings.ToLower(e.Title), "business") {
			e.Slug = "event" // nothing of the title can be written in an address
		}
		all = append(all, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return all, nil
}

// posterZone is the zone of a business that may post events. Returns NotFound.
func posterZone(ctx context.Context, tx *db.Tx, smbID int64) (*time.Location, error) {
	name, err := db.Get[string](ctx, tx, `
		SELECT c.timezone FROM event_posters p JOIN smbs s ON s.id = p.smb_id AND s.deleted_at IS NULL JOIN communities c ON c.id = s.community_id
		WHERE p.smb_id = $1 AND p.withdrawn_at IS NULL`, smbID)
	if db.IsNoRows(err) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "SMB %d posts no events", smbID)
	}
	if err != nil {
		return nil, fmt.Errorf("read the zone of SMB %d: %w", smbID, err)
	}
	return fibonacco.LoadZone(name)
}
