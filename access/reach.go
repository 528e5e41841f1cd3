package access

import (
	"context"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db/query"
)

// reach is whose accounts somebody may know of and change: those of their own role or less and,
// when they are limited to communities, only those who are limited to some of the same. The product
// itself reaches everybody.
type reach struct {
	role  fibonacco.Role // "" is no bound
	scope []int64        // nil is no bound
}

func reachOf(ctx context.Context) reach {
	p := fibonacco.PrincipalOf(ctx)
	if p == nil {
		return reach{}
	}
	return reach{role: p.Role, scope: fibonacco.ScopeOf(ctx)}
}

// roles are those within reach.
func (r reach) roles() []string {
	var names []string
	for _, role := range fibonacco.Roles {
		if r.hasRole(role) {
			names = append(names, string(role))
		}
	}
	return names
}

func (r reach) hasRole(role fibonacco.Role) bool { return r.role == "" || !above(role, r.role) }

// hasCommunities reports whether somebody who is limited to these is limited at least as much.
func (r reach) hasCommunities(ids []int64) bool {
	return r.scope == nil || len(ids) > 0 && within(ids, r.scope)
}

func (r reach) has(u *fibonacco.User) bool {
	return r.hasRole(u.Role) && r.hasCommunities(u.Communities)
}

// users is that a row of users is within reach.
func (r reach) users(args *query.Args) []string {
	var where []string
	if r.role != "" {
		where = append(where, `users.role IN (`+args.Add(r.roles())+`...)`)
	}
	if r.scope != nil {
		where = append(where, limitedWithin("user_communities", "user_id", "users.id", args.Add(r.scope)))
	}
	return where
}

// tokens is that a row of access_tokens is within reach: by its own limit, or by its user's.
func (r reach) tokens(args *query.Args) []string {
	var where []string
	if r.role != "" {
		where = append(where, `access_tokens.role IN (`+args.Add(r.roles())+`...)`)
	}
	if r.scope != nil {
		scope := args.Add(r.scope)
		where = append(where, `(`+limitedWithin("access_token_communities", "token_id", "access_tokens.id", scope)+
			` OR `+limitedWithin("user_communities", "user_id", "access_tokens.user_id", scope)+`)`)
	}
	return where
}

// limitedWithin is that what an id stands for is limited to communities, all of which are in scope.
func limitedWithin(table, column, id, scope string) string {
	of := ` FROM ` + table + ` AS l WHERE l.` + column + ` = ` + id
	return `(EXISTS (SELECT 1` + of + `) AND NOT EXISTS (SELECT 1` + of + ` AND l.community_id NOT IN (` + scope + `...)))`
}

// above reports whether a role may more than another. Owners are below all staff.
func above(a, b fibonacco.Role) bool {
	return slices.Index(fibonacco.Roles, a) < slices.Index(fibonacco.Roles, b)
}

// lesser is what two roles both may.
func lesser(a, b fibonacco.Role) fibonacco.Role {
	if above(a, b) {
		return b
	}
	return a
}

func within[T comparable](some, all []T) bool {
	for _, v := range some {
		if !slices.Contains(all, v) {
			return false
		}
	}
	return true
}
