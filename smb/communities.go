package smb

import (
	"context"
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
	mark := s.heads.mark()
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, communityTable, q, communityColumns, func(row db.Row) (c fibonacco.CommunityCount, err error) {
			return c, scanCommunity(row, &c.Community)
		}, where, &args)
		if err != nil {
			return err
		}
		return s.countBusinesses(ctx, tx, page.Data, mark)
	})
	return page, err
}

// countBusinesses fills in how many businesses each community has.
func (s *Service) countBusinesses(ctx context.Context, tx *db.Tx, page []fibonacco.CommunityCount, mark int) error {
	if len(page) == 0 {
		return nil
	}
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].ID
	}
	counts, err := s.heads.of(ctx, tx, s.db, ids, mark)
	for i := range page {
		n := counts[page[i].ID]
		page[i].SMBs, page[i].Active = n.all, n.active
	}
	return err
}
