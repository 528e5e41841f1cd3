package access

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// limits is a table of the communities that users or tokens are limited to.
type limits struct{ table, column string }

var (
	userLimits  = limits{"user_communities", "user_id"}
	tokenLimits = limits{"access_token_communities", "token_id"}
)

// mostCommunities bounds how many may be named; who sees more sees all.
const mostCommunities = 500

func communitiesOf(ctx context.Context, tx *db.Tx, l limits, id int64) ([]int64, error) {
	all, err := communitiesOfAll(ctx, tx, l, []int64{id})
	return all[id], err
}

// communitiesOfAll is the limits of several, by id; who has none is not limited.
func communitiesOfAll(ctx context.Context, tx *db.Tx, l limits, ids []int64) (map[int64][]int64, error) {
	rows, err := tx.Query(ctx, `
		SELECT `+l.column+`, community_id FROM `+l.table+` WHERE `+l.column+` IN ($1...) ORDER BY `+l.column+`, community_id`, ids)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", l.table, err)
	}
	defer func() { _ = rows.Close() }()
	all := map[int64][]int64{}
	for rows.Next() {
		var id, community int64
		if err := rows.Scan(&id, &community); err != nil {
			return nil, fmt.Errorf("read %s: %w", l.table, err)
		}
		all[id] = append(all[id], community)
	}
	return all, rows.Err()
}

// setCommunities puts these limits in the place of those there are. Its error satisfies
// db.IsForeignKey for what is no community.
func setCommunities(ctx context.Context, tx *db.Tx, l limits, id int64, communities []int64) error {
	if _, err := tx.Exec(ctx, `DELETE FROM `+l.table+` WHERE `+l.column+` = $1`, id); err != nil {
		return fmt.Errorf("clear %s: %w", l.table, err)
	}
	if len(communities) == 0 {
		return nil
	}
	rows := db.NewBatch("community_id bigint")
	for _, c := range communities {
		rows.Add(c)
	}
	if _, err := tx.ExecBatch(ctx, rows, `INSERT INTO `+l.table+` (`+l.column+`, community_id) SELECT $1, community_id FROM rows`, id); err != nil {
		return fmt.Errorf("store %s: %w", l.table, err)
	}
	return nil
}
