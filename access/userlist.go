package access

import (
	"context"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var userTable = query.Table{
	Listing: fibonacco.UserListing, From: "users", Key: "users.id",
	Columns: map[string]query.Column{
		"email":        {SQL: "users.email_key", Normal: emailKey},
		"disabled":     {SQL: "(users.disabled_at IS NOT NULL)"},
		"last_seen_at": {Nullable: true},
		"community_id": {Where: func(c fibonacco.Condition, arg func(any) string) string {
			const limited = `EXISTS (SELECT 1 FROM user_communities WHERE user_communities.user_id = users.id`
			switch c.Op {
			case fibonacco.IsNull:
				return `NOT ` + limited + `)`
			case fibonacco.NotNull:
				return limited + `)`
			case fibonacco.NoneOf: // limited, and to none of these
				c.Op = fibonacco.AnyOf
				return limited + `) AND NOT ` + limited + ` AND ` + query.Condition(c, "user_communities.community_id", arg) + `)`
			}
			return limited + ` AND ` + query.Condition(c, "user_communities.community_id", arg) + `)`
		}},
	},
}

// ListUsers implements fibonacco.UserService.
func (s *Service) ListUsers(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.User], err error) {
	var args query.Args
	where := reachOf(ctx).users(&args)
	if words := strings.TrimSpace(q.Search); words != "" {
		like := args.Add("%" + likeEscaper.Replace(strings.ToLower(words)) + "%")
		where = append(where, `(LOWER(users.name) LIKE `+like+` ESCAPE '\' OR users.email_key LIKE `+like+` ESCAPE '\')`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if page, err = query.Select(ctx, tx, userTable, q, userColumns, scanUser, where, &args); err != nil {
			return err
		}
		ids := make([]int64, len(page.Data))
		for i, u := range page.Data {
			ids[i] = u.ID
		}
		limits, err := communitiesOfAll(ctx, tx, userLimits, ids)
		for i := range page.Data {
			page.Data[i].Communities = limits[page.Data[i].ID]
		}
		return err
	})
	return page, err
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
