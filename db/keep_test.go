package db_test

import (
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Statements that are used again give what they gave the first time: after others, many and large,
// within one another, after the schema has changed, and after a transaction that came to nothing.
func TestStatementsAreUsedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		numbers := func(from, to int) *db.Batch {
			b := db.NewBatch("n bigint", "word text")
			for i := from; i < to; i++ {
				b.Add(int64(i), fmt.Sprint("number ", i))
			}
			return b
		}
		sum := func(tx *db.Tx, query string, b *db.Batch) (total int64, err error) {
			return total, tx.QueryBatch(t.Context(), b, query, func(r db.Row) error {
				var n int64
				err := r.Scan(&n)
				total += n
				return err
			})
		}
		const query = `SELECT n FROM rows WHERE word = 'number ' || CAST(n AS text)`
		check := func(tx *db.Tx, from, to int) {
			t.Helper()
			got, err := sum(tx, query, numbers(from, to))
			if want := int64(to-from) * int64(from+to-1) / 2; err != nil || got != want {
				t.Errorf("%d to %d: %d, %v; want %d", from, to, got, err, want)
			}
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			for n := range 400 {
				check(tx, 1, 1+n)
			}
			for i := range 100 { // more, and larger, than are kept
				_, err := sum(tx, fmt.Sprintf("%s AND n <> %d", query, -1-i), numbers(0, 300))
				must(t, err)
			}
			check(tx, 5, 305)
			return tx.QueryBatch(t.Context(), numbers(0, 1), query, func(r db.Row) error {
				if d.Engine() == db.SQLite { // PostgreSQL's connections do one thing at a time
					check(tx, 7, 8)
				}
				return r.Scan(new(int64))
			})
		}))
		put := func(from, to int, fail bool) error {
			return d.Update(t.Context(), func(tx *db.Tx) error {
				b := db.NewBatch("id text")
				for i := from; i < to; i++ {
					b.Add(fmt.Sprint(i))
				}
				_, err := tx.ExecBatch(t.Context(), b, `INSERT INTO provider_messages (id, received_at) SELECT id, $1 FROM rows WHERE TRUE`, tx.Now)
				if fail && err == nil {
					err = errNameless
				}
				return err
			})
		}
		must(t, put(0, 300, false))
		if err := put(300, 600, true); err == nil {
			t.Error("it should have failed")
		}
		if err := put(299, 310, false); !db.IsUnique(err) {
			t.Errorf("got %v", err)
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `ALTER TABLE provider_messages ADD COLUMN note text`)
			return err
		}))
		must(t, put(300, 600, false))
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			check(tx, 1, 90)
			n, err := db.Count(t.Context(), tx, `SELECT COUNT(*) FROM provider_messages`)
			if n != 600 {
				t.Errorf("%d rows, want 600", n)
			}
			return err
		}))
	})
}
