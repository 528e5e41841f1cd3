package db_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Writers that lock the same rows in both orders meet in deadlocks. None of them hears of it, and
// each change is made once.
func TestDeadlocksAreNotHeardOf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		rows := []int64{insertCommunity(t, d, "01"), insertCommunity(t, d, "02"), insertCommunity(t, d, "03")}
		const writers, rounds = 6, 3
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for range rounds {
					if err := d.Update(t.Context(), func(tx *db.Tx) error {
						for i := range rows {
							at := i
							if w%2 == 1 {
								at = len(rows) - 1 - i
							}
							if _, err := tx.Exec(t.Context(), `UPDATE communities SET population = COALESCE(population, 0) + 1 WHERE id = $1`, rows[at]); err != nil {
								return err
							}
							time.Sleep(time.Millisecond)
						}
						return nil
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT SUM(population) FROM communities`)
			if n != writers*rounds*len(rows) {
				t.Errorf("changes = %d, want %d", n, writers*rounds*len(rows))
			}
			return err
		}))
	})
}

// Another process holds SQLite's write lock for longer than SQLite itself waits: whoever writes
// waits on, until their own time is up.
func TestABusyFileIsWaitedFor(t *testing.T) {
	t.Parallel()
	address := dbtest.URL(t, db.SQLite)
	d, err := db.Open(t.Context(), address, fibonacco.SystemClock{}, 0)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	db.WaitForFile(t, d, 50*time.Millisecond)
	other, err := sql.Open("sqlite", "file:"+filepath.ToSlash(strings.TrimPrefix(address, "sqlite://")))
	must(t, err)
	t.Cleanup(func() { must(t, other.Close()) })
	conn, err := other.Conn(t.Context())
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	hold := func() {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE")
		must(t, err)
	}
	write := func(ctx context.Context) error {
		return d.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO settings (key, value, updated_at) VALUES ('x', '1', $1) ON CONFLICT (key) DO NOTHING`, tx.Now)
			return err
		})
	}

	hold()
	time.AfterFunc(600*time.Millisecond, func() { _, _ = conn.ExecContext(context.Background(), "COMMIT") })
	began := time.Now()
	if err := write(t.Context()); err != nil {
		t.Errorf("a file that is busy for a while: %v", err)
	}
	if waited := time.Since(began); waited < 300*time.Millisecond {
		t.Fatalf("waited for %s only: nobody held the file", waited)
	}

	hold()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := write(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("a file that stays busy: %v, with %v left", err, ctx.Err())
	}
}
