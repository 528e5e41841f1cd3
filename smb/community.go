package smb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

const communityColumns = `
	communities.id, CAST(communities.uuid AS text), communities.name, communities.slug, communities.state,
	COALESCE(communities.county, ''), communities.population, communities.timezone,
	CAST(communities.settings AS text), communities.created_at, communities.updated_at`

// CreateCommunity implements fibonacco.CommunityService. Texts are trimmed and the state is put
// in upper case first.
func (s *Service) CreateCommunity(ctx context.Context, c fibonacco.Community) (*fibonacco.Community, error) {
	if fibonacco.ScopeOf(ctx) != nil {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "whoever is limited to communities cannot add one")
	}
	tidyCommunity(&c)
	if c.Timezone == "" {
		c.Timezone = fibonacco.DefaultTimezone
	}
	if c.Settings == nil {
		c.Settings = map[string]any{}
	}
	if err := validateCommunity(&c); err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	var stored *fibonacco.Community
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		var population any
		if c.Population != nil {
			population = *c.Population
		}
		row := tx.QueryRow(ctx, `
			INSERT INTO communities (uuid, name, slug, state, county, population, timezone, settings, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
			ON CONFLICT (slug) DO NOTHING RETURNING id`,
			id.String(), c.Name, c.Slug, c.State, db.Null(c.County), population, c.Timezone, db.JSON(c.Settings), tx.Now)
		err := row.Scan(&c.ID)
		if db.IsNoRows(err) {
			return fibonacco.Errorf(fibonacco.Conflict, "there is a community %q already", c.Slug)
		}
		if err != nil {
			return fmt.Errorf("insert community: %w", err)
		}
		if stored, err = findCommunity(ctx, tx, "communities.id = $1", c.ID); err != nil {
			return err
		}
		return auditCommunity(ctx, tx, "community.created", nil, stored)
	})
	return stored, err
}

func tidyCommunity(c *fibonacco.Community) {
	for _, text := range []*string{&c.Name, &c.Slug, &c.State, &c.County, &c.Timezone} {
		*text = strings.TrimSpace(*text)
	}
	c.State = strings.ToUpper(c.State)
}

// validateCommunity adds to Validate what only one of the databases would refuse.
func validateCommunity(c *fibonacco.Community) error {
	bad := fieldsOf(c.Validate())
	if utf8.RuneCountInString(c.County) > 255 {
		bad = append(bad, fibonacco.FieldError{Field: "county", Reason: "is longer than 255 characters"})
	}
	for _, f := range []struct{ name, value string }{{"name", c.Name}, {"county", c.County}, {"settings", db.JSON(c.Settings)}} {
		if reason := unstorable(f.value); reason != "" {
			bad = append(bad, fibonacco.FieldError{Field: f.name, Reason: reason})
		}
	}
	if c.Population != nil && *c.Population > maxInteger {
		bad = append(bad, fibonacco.FieldError{Field: "population", Reason: "is larger than the field holds"})
	}
	return fibonacco.InvalidFields("the community cannot be saved", bad)
}

const maxInteger = 1<<31 - 1 // of an integer column

// FindCommunity implements fibonacco.CommunityService.
func (s *Service) FindCommunity(ctx context.Context, id int64) (c *fibonacco.Community, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = findCommunity(ctx, tx, "communities.id = $1", id)
		return err
	})
	return c, err
}

// FindCommunityBySlug implements fibonacco.CommunityService.
func (s *Service) FindCommunityBySlug(ctx context.Context, slug string) (c *fibonacco.Community, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		c, err = findCommunity(ctx, tx, "communities.slug = $1", storable(slug))
		return err
	})
	return c, err
}

// findCommunity is the community that a condition with placeholder $1 is true of, if the caller
// may know of it.
func findCommunity(ctx context.Context, tx *db.Tx, where string, arg any) (*fibonacco.Community, error) {
	var c fibonacco.Community
	err := scanCommunity(tx.QueryRow(ctx, `SELECT `+communityColumns+` FROM communities WHERE `+where, arg), &c)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, c.ID) {
		return nil, noSuchCommunity()
	}
	if err != nil {
		return nil, fmt.Errorf("find community: %w", err)
	}
	return &c, nil
}

func noSuchCommunity() error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no such community")
}

func communityExists(ctx context.Context, tx *db.Tx, id int64) (bool, error) {
	_, err := findCommunity(ctx, tx, "communities.id = $1", id)
	var e *fibonacco.Error
	if errors.As(err, &e) {
		return false, nil
	}
	return err == nil, err
}

func scanCommunity(row db.Row, c *fibonacco.Community, more ...any) error {
	var settings string
	err := row.Scan(append([]any{
		&c.ID, &c.UUID, &c.Name, &c.Slug, &c.State, &c.County, &c.Population, &c.Timezone,
		&settings, db.Time(&c.CreatedAt), db.Time(&c.UpdatedAt),
	}, more...)...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(settings), &c.Settings)
}
