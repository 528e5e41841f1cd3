package smb

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// UpdateCommunity implements fibonacco.CommunityService.
func (s *Service) UpdateCommunity(ctx context.Context, id int64, change fibonacco.CommunityChange) (*fibonacco.Community, error) {
	var stored *fibonacco.Community
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		before, err := findCommunity(ctx, tx, "communities.id = $1 FOR NO KEY UPDATE", id)
		if err != nil {
			return err
		}
		after := changeCommunity(*before, change)
		if err := validateCommunity(&after); err != nil {
			return err
		}
		if was, _ := audit.Changed(communityFields(before), communityFields(&after)); len(was) == 0 {
			stored = before
			return nil
		}
		var population any
		if after.Population != nil {
			population = *after.Population
		}
		_, err = tx.Exec(ctx, `
			UPDATE communities SET name = $2, slug = $3, state = $4, county = $5, population = $6, timezone = $7, settings = $8, updated_at = $9
			WHERE id = $1`,
			id, after.Name, after.Slug, after.State, db.Null(after.County), population, after.Timezone, db.JSON(after.Settings), tx.Now)
		if db.IsUnique(err) {
			return fibonacco.Errorf(fibonacco.Conflict, "there is a community %q already", after.Slug)
		}
		if err != nil {
			return fmt.Errorf("update community %d: %w", id, err)
		}
		if stored, err = findCommunity(ctx, tx, "communities.id = $1", id); err != nil {
			return err
		}
		return auditCommunity(ctx, tx, "community.updated", before, stored)
	})
	return stored, err
}

// changeCommunity lays a change over c.
func changeCommunity(c fibonacco.Community, change fibonacco.CommunityChange) fibonacco.Community {
	for _, f := range []struct{ field, value *string }{
		{&c.Name, change.Name}, {&c.Slug, change.Slug}, {&c.State, change.State}, {&c.County, change.County}, {&c.Timezone, change.Timezone},
	} {
		if f.value != nil {
			*f.field = *f.value
		}
	}
	if n := change.Population; n != nil {
		if c.Population = n; *n == 0 {
			c.Population = nil
		}
	}
	c.Settings = maps.Clone(c.Settings)
	for name, value := range change.Settings {
		if value == nil {
			delete(c.Settings, name)
		} else {
			c.Settings[name] = value
		}
	}
	tidyCommunity(&c)
	return c
}

// DeleteCommunity implements fibonacco.CommunityService.
func (s *Service) DeleteCommunity(ctx context.Context, id int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		// Whoever is adding a business to it now holds the row, and comes first or finds it gone.
		c, err := findCommunity(ctx, tx, "communities.id = $1 FOR UPDATE", id)
		if err != nil {
			return err
		}
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM (SELECT 1 FROM smbs WHERE community_id = $1 LIMIT 1) AS one`, id)
		if err != nil {
			return fmt.Errorf("look for businesses of community %d: %w", id, err)
		}
		if n > 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "the community has businesses: move or delete them first; deleted ones stay for 90 days")
		}
		// Whoever is limited to it alone would see everything once it is gone.
		if n, err = db.Count(ctx, tx, `
			SELECT (SELECT count(*) FROM user_communities WHERE community_id = $1) + (SELECT count(*) FROM access_token_communities WHERE community_id = $1)`, id); err != nil {
			return fmt.Errorf("look for people of community %d: %w", id, err)
		}
		if n > 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "users or tokens are limited to the community: change them first")
		}
		for _, query := range deleteCommunitySQL {
			if _, err := tx.Exec(ctx, query, id); err != nil {
				return fmt.Errorf("delete community %d: %w", id, err)
			}
		}
		return auditCommunity(ctx, tx, "community.deleted", c, nil)
	})
}

// deleteCommunitySQL removes the empty community $1, with what means nothing without it. Events of
// businesses that have moved away stay with them.
var deleteCommunitySQL = []string{
	`UPDATE analytics_events SET community_id = NULL WHERE community_id = $1`,
	`DELETE FROM plan_runs WHERE community_id = $1`,
	`DELETE FROM community_holidays WHERE community_id = $1`,
	`DELETE FROM segments WHERE community_id = $1`,
	`DELETE FROM import_mappings WHERE community_id = $1`,
	`DELETE FROM import_parts WHERE import_id IN (SELECT id FROM imports WHERE community_id = $1)`,
	`DELETE FROM import_batches WHERE import_id IN (SELECT id FROM imports WHERE community_id = $1)`,
	`DELETE FROM import_changes WHERE import_id IN (SELECT id FROM imports WHERE community_id = $1)`,
	`DELETE FROM import_errors WHERE import_id IN (SELECT id FROM imports WHERE community_id = $1)`,
	`DELETE FROM imports WHERE community_id = $1`,
	`DELETE FROM communities WHERE id = $1`,
}

// communityFields is what the audit log tells of a community.
func communityFields(c *fibonacco.Community) map[string]any {
	if c == nil {
		return nil
	}
	fields := map[string]any{
		"name": c.Name, "slug": c.Slug, "state": c.State, "county": c.County, "timezone": c.Timezone, "settings": c.Settings,
	}
	if c.Population != nil {
		fields["population"] = *c.Population
	}
	return fields
}

// auditCommunity records what became of a community; before is nil for a new one, after for one
// that is gone.
func auditCommunity(ctx context.Context, tx *db.Tx, action string, before, after *fibonacco.Community) error {
	c := after
	if c == nil {
		c = before
	}
	e := fibonacco.AuditEntry{Action: action, Entity: "community", EntityID: strconv.FormatInt(c.ID, 10), CommunityID: &c.ID}
	switch {
	case before != nil && after != nil:
		e.Before, e.After = audit.Changed(communityFields(before), communityFields(after))
	default:
		e.Before, e.After = communityFields(before), communityFields(after)
	}
	return audit.Record(ctx, tx, e)
}
