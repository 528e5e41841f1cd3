package smb

import (
	"context"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
	"github.com/fibonacco/fibonacco/smb/search"
)

// A page of a list can be read in two ways: along the list's order until the page is full, which is
// right when what is asked for is frequent; or through the index of what is rare in it, all of it,
// and then put in order. A database must guess which, and guesses badly when conditions hang
// together or when text is searched; SQLite does not guess at all. So a sample is looked at first.

// way is a subquery of ids that an index answers, and how many it gives, about. inOrder says that
// they come in the order of the ids.
type way struct {
	ids     func(arg func(any) string) string
	rows    int
	inOrder bool
}

// shortest is the way of fewest rows; ok is false when walking along the order takes fewer.
func shortest(ways []way, walk int) (w way, ok bool) {
	if len(ways) == 0 {
		return w, false
	}
	w = slices.MinFunc(ways, func(a, b way) int { return a.rows - b.rows })
	return w, w.rows <= walk
}

// inAll is the ids of the chosen way for SQLite, less those that others do not have which are not much
// longer: two indexes in the same order are gone through side by side much sooner than so many rows
// are looked up.
func inAll(ways []way, chosen way, arg func(any) string) string {
	ids := chosen.ids(arg)
	for _, w := range ways {
		if chosen.inOrder && w.inOrder && w.rows > chosen.rows && w.rows <= 5*chosen.rows {
			ids += " INTERSECT " + w.ids(arg)
		}
	}
	return ids
}

// listed is how a page of size SMBs of a narrowing is read best in an order. A search has its own
// when none was asked for.
func (n narrowing) listed(ctx context.Context, tx *db.Tx, size int, order []string) (listing, error) {
	l := listing{table: smbTable, ranked: len(order) == 0 && n.searches[0].Asked()}
	s, err := n.sampled(ctx, tx, l.ranked, carriedBy(order))
	s.page = size
	if err != nil {
		return l, err
	}
	engine := tx.Engine()
	if l.ranked {
		// The order of a search is that of name_key within each part; the side table leads.
		l.table.From, l.table.Key = "smb_search CROSS JOIN smbs", "smb_search.smb_id"
		l.table.Columns = map[string]query.Column{"business_name": {Order: "smb_search.name_key", OrderKind: fibonacco.TextField}}
		l.where = func(func(any) string) []string { return nil }
		var walks [len(search.Ranks)]bool
		for _, r := range search.Ranks {
			part, driven := n.rankPart(r, engine, s)
			l.table.Parts, walks[r] = append(l.table.Parts, part), !driven
		}
		l.table.Before = func(ctx context.Context, tx *db.Tx, part int) error { return tx.InOrder(ctx, walks[part]) }
		return l, nil
	}
	ways := n.ways(engine, s, 0)
	chosen, driven := shortest(ways, s.walkCarried())
	l.table.Before = func(ctx context.Context, tx *db.Tx, _ int) error { return tx.InOrder(ctx, !driven) }
	switch {
	case !driven:
		l.where = func(arg func(any) string) []string { return n.steady(engine, 0, arg) }
		if n.searching() {
			l.table.From = "smbs CROSS JOIN smb_search"
		}
	case engine == db.Postgres: // it knows how to combine several, unless they hang together
		l.where = func(arg func(any) string) []string {
			where := n.where(engine, arg)
			if s.entangled() {
				where = append(where, isOne(engine, "smbs.id", chosen.ids(arg)))
			}
			return where
		}
	default:
		if n.searching() {
			l.table.From = "smbs CROSS JOIN smb_search"
		}
		l.where = func(arg func(any) string) []string {
			return append(n.steady(engine, 0, arg), within("smbs.id", inAll(ways, chosen, arg)))
		}
	}
	return l, nil
}

// ways is every index that a narrowing can be answered through, the searches from one on included.
// Those that tell one business from another come first: of several that the sample has none of, the
// first is taken.
func (n narrowing) ways(engine db.Engine, s sample, searches int) []way {
	var precise, others []way
	for i, c := range n.conditions {
		if drive(c, new(query.Args).Add) == "" {
			continue
		}
		w := way{func(arg func(any) string) string { return drive(c, arg) }, s.rows(s.conditions[i]), places[c.Field.Name].copied && c.Op == fibonacco.AnyOf && len(c.Values) == 1}
		switch c.Field.Name {
		case "id", "uuid", "primary_email", "primary_phone", "business_name", tagField, "approved_service", "waiting_service":
			precise = append(precise, w)
		default:
			others = append(others, w)
		}
	}
	for i, q := range n.searches {
		if q.Asked() && i >= searches {
			precise = append(precise, way{ids: func(arg func(any) string) string { return q.Found(engine, arg) }, rows: s.rows(s.searches[i])})
		}
	}
	return append(precise, others...)
}

// steady is the narrowing for rows that are passed one by one: no condition asks for an index, but
// on PostgreSQL, which is told so otherwise. Of the searches it has those from one on.
func (n narrowing) steady(engine db.Engine, searches int, arg func(any) string) []string {
	smbs := "smbs."
	if engine == db.SQLite {
		smbs = "+smbs." // a plus keeps it from the column's index
	}
	all := []string{"smbs.id > 0", "smbs.deleted_at IS NULL"} // the first says where to begin: a table is not read from its other end
	for _, c := range n.conditions {
		all = append(all, holds(c, smbs, arg))
	}
	if n.searching() {
		all = append(all, "smb_search.smb_id = smbs.id")
	}
	for i, q := range n.searches {
		if q.Asked() && i >= searches {
			all = append(all, q.Holds(engine, arg))
		}
	}
	return all
}

// rankPart is the businesses of one rank, in the best way. driven says that this is not along the
// order of the list.
func (n narrowing) rankPart(r search.Rank, engine db.Engine, s sample) (part query.Part, driven bool) {
	q, walk := n.searches[0], s.walk(s.ranks[r])/2 // what is passed is looked up in one table, what is found in two
	ways := n.ways(engine, s, 1)
	switch r {
	case search.Exact:
		ways, walk = []way{{ids: q.ExactFound}}, 0
	case search.Begins:
		walk = min(walk, s.rows(s.within))
	case search.Contains:
		ways = append(ways, way{ids: func(arg func(any) string) string { return q.NameFound(engine, arg) }, rows: s.rows(s.named)})
	case search.Other:
		ways = append(ways, way{ids: func(arg func(any) string) string { return q.Found(engine, arg) }, rows: s.rows(s.searches[0])})
	}
	chosen, driven := shortest(ways, walk)
	part = func(arg func(any) string) []string {
		where := n.steady(engine, 1, arg)
		if ranked := q.Ranked(r, engine, arg); ranked != "" {
			where = append(where, ranked)
		}
		if driven {
			return append(where, isOne(engine, "smb_search.smb_id", chosen.ids(arg)))
		}
		if id := n.oneCommunity(); id != "" { // its names have an order of their own
			where = append(where, "smb_search.community_id = CAST("+arg(id)+" AS bigint)")
		}
		if r == search.Begins {
			if within := q.Range(arg); within != "" {
				where = append(where, within)
			}
		}
		return where
	}
	return part, driven
}

// isOne is within, so that PostgreSQL finds these ids first, whatever it thinks of how many they
// are: as a join it would try to be clever, and walk along the order of the list.
func isOne(engine db.Engine, id, ids string) string {
	if engine == db.Postgres && ids != "" {
		return id + " = ANY (ARRAY(" + ids + "))"
	}
	return within(id, ids)
}

// searching reports whether any text is searched for.
func (n narrowing) searching() bool {
	return slices.ContainsFunc(n.searches, search.Query.Asked)
}

// oneCommunity is the community that the list is limited to, when it is one; otherwise 0.
func (n narrowing) oneCommunity() string {
	for _, c := range n.conditions {
		if c.Field.Name == "community_id" && c.Op == fibonacco.AnyOf && len(c.Values) == 1 {
			return c.Values[0]
		}
	}
	return ""
}

// counted is the conditions of a count: through an index when that spares most of the table.
func (n narrowing) counted(ctx context.Context, tx *db.Tx, arg func(any) string) ([]string, error) {
	engine := tx.Engine()
	if engine == db.Postgres {
		return n.where(engine, arg), nil
	}
	s, err := n.sampled(ctx, tx, false, nil)
	if err != nil {
		return nil, err
	}
	chosen, driven := shortest(n.ways(engine, s, len(n.searches)), s.total/2)
	plain := narrowing{conditions: n.conditions}
	where := plain.steady(engine, 0, arg)
	for i, q := range n.searches {
		switch {
		case !q.Asked():
		case driven && chosen.rows < s.rows(s.searches[i]):
			where = append(where, "EXISTS (SELECT 1 FROM smb_search WHERE smb_search.smb_id = smbs.id AND "+q.Holds(engine, arg)+")")
		default:
			where = append(where, within("smbs.id", q.Found(engine, arg)))
		}
	}
	if driven {
		where = append(where, within("smbs.id", chosen.ids(arg)))
	}
	return where, nil
}
