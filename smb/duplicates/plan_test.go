package duplicates_test

import (
	"testing"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestPlan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		w := newWorld(t, d)
		w.fill(40000)
		if d.Engine() == db.Postgres { w.exec("ANALYZE") } 
		for _, where := range []string{
			`smbs.primary_phone = $2`, `smbs.email_key = $2`, `smbs.name_key = $2`,
			`smbs.name_key >= $2 AND smbs.name_key < CAST($2 AS text) || 'z'`,
			`smbs.id IN (SELECT smb_id FROM smb_search WHERE zip = $2 AND community_id = $1 ORDER BY smb_id LIMIT 5000)`,
		} {
			q := `SELECT smbs.id, business_name FROM smbs WHERE smbs.deleted_at IS NULL AND smbs.erased_at IS NULL AND smbs.community_id = $1 AND ` + where + ` LIMIT 1000`
			must(t, d.View(t.Context(), func(tx *db.Tx) error {
				pre := "EXPLAIN QUERY PLAN "
				if d.Engine() == db.Postgres { pre = "EXPLAIN ANALYZE " }
				rows, err := tx.Query(t.Context(), pre+q, int64(1), "rosa")
				if err != nil { return err }
				defer rows.Close()
				fmt.Println("--", d.Engine(), where)
				for rows.Next() {
					var s string
					if d.Engine() == db.Postgres { _ = rows.Scan(&s) } else { var a, b, c int; _ = rows.Scan(&a, &b, &c, &s) }
					fmt.Println("   ", s)
				}
				return rows.Err()
			}))
		}
	})
}
