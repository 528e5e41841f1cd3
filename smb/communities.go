package smb

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// communityTable is how CommunityListing is stored.
var communityTable = query.Table{
	Listing: fibonacco.CommunityListing, From: "communities", Key: "communities.id",
	Columns: map[string]query.Column{
		"name": {Order: "lower(communities.name)", OrderKind: fibonacco.TextField},
	},
}

// ListCommunities implements fibonacco.CommunityService.
func (s *Service) ListCommunities(ctx context.Context) (all []fibonacco.CommunityCount, err error) {
	q := fibonacco.ListQuery{Size: fibonacco.MaxPage}
	for {
		page, err := s.QueryCommunities(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Data...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all, nil
		}
	}
}

// QueryCommunities implements fibonacco.CommunityService. Search finds a part of the name or slug.
func (s *Service) QueryCommunities(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.CommunityCount], err error) {
	var args query.Args
	var where []string
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `communities.id IN (`+args.Add(scope)+`...)`)
	}
	if words := strings.ToLower(strings.TrimSpace(storable(q.Search))); words != "" {
		part := args.Add(likePattern(words))
		where = append(where, `(lower(communities.name) LIKE `+part+` ESCAPE '\' OR communities.slug LIKE `+part+` ESCAPE '\')`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, communityTable, q, communityColumns, func(row db.Row) (c fibonacco.CommunityCount, err error) {
			return c, scanCommunity(row, &c.Community)
		}, where, &args)
		if err != nil {
			return err
		}
		return countBusinesses(ctx, tx, page.Data)
	})
	return page, err
}

// countBusinesses fills in how many businesses each community has.
func countBusinesses(ctx context.Context, tx *db.Tx, page []fibonacco.CommunityCount) error {
	if len(page) == 0 {
		return nil
	}
	at := make(map[int64]*fibonacco.CommunityCount, len(page))
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].ID
		at[page[i].ID] = &page[i]
	}
	type group struct {
		CommunityID int64
		N, Active   int
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT community_id, count(*) AS n, SUM(CASE WHEN campaign_status = 'active' THEN 1 ELSE 0 END) AS active
		FROM smbs WHERE deleted_at IS NULL AND community_id IN ($1...) GROUP BY community_id`, ids)
	if err != nil {
		return fmt.Errorf("count the businesses of %d communities: %w", len(ids), err)
	}
	for _, g := range groups {
		at[g.CommunityID].SMBs, at[g.CommunityID].Active = g.N, g.Active
	}
	return nil
}
