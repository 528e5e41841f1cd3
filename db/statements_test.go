package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// A statement that is kept compiled behaves as one that is not: read within itself, after the schema
// has changed, after an error, and after so many others that it was let go.
func TestKeptStatements(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		ctx := t.Context()
		exec := func(query string, args ...any) error {
			return d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, query, args...)
				return err
			})
		}
		count := func(query string, args ...any) (n int) {
			t.Helper()
			err := d.View(ctx, func(tx *db.Tx) (err error) {
				n, err = db.Count(ctx, tx, query, args...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		const insert = `INSERT INTO communities (uuid, name, slug, state) VALUES ($1, $2, $2, 'NY')`
		for i := range 40 {
			if err := exec(insert, fmt.Sprintf("00000000-0000-4000-8000-%012d", i), fmt.Sprintf("town-%d", i)); err != nil {
				t.Fatal(err)
			}
		}
		if err := exec(insert, "00000000-0000-4000-8000-000000000000", "twice"); !db.IsUnique(err) {
			t.Errorf("the same uuid again: %v", err)
		}
		if err := exec(insert, "00000000-0000-4000-8000-000000000099", "last"); err != nil {
			t.Errorf("after an error: %v", err)
		}

		// The same text while its rows are being read; only SQLite allows it within a transaction.
		const names = `SELECT name FROM communities WHERE name LIKE $1 ORDER BY name`
		if d.Engine() == db.SQLite {
			if err := d.View(ctx, func(tx *db.Tx) error { return nested(ctx, t, tx, names) }); err != nil {
				t.Fatal(err)
			}
		}

		const all = `SELECT count(*) FROM communities`
		if err := exec(`ALTER TABLE communities ADD COLUMN kept_test integer DEFAULT 7`); err != nil {
			t.Fatal(err)
		}
		if got := count(all); got != 41 {
			t.Errorf("after the schema changed: %d communities, want 41", got)
		}
		if got := count(`SELECT max(kept_test) FROM communities`); got != 7 {
			t.Errorf("the new column holds %d, want 7", got)
		}
		for i := range 600 {
			if got := count(`SELECT count(*) FROM communities WHERE id <> $1`+strings.Repeat(" ", i)+` AND kept_test = 7`, -1); got != 41 {
				t.Fatalf("statement %d counts %d", i, got)
			}
		}
		if got := count(all); got != 41 {
			t.Errorf("after 600 others: %d communities, want 41", got)
		}

		stopped, stop := context.WithCancel(ctx)
		stop()
		if err := d.View(stopped, func(tx *db.Tx) error { _, err := db.Count(stopped, tx, all); return err }); err == nil {
			t.Error("a statement runs for a context that has ended")
		}
		if got := count(all); got != 41 {
			t.Errorf("after a context has ended: %d communities, want 41", got)
		}
	})
}

func nested(ctx context.Context, t *testing.T, tx *db.Tx, query string) error {
	t.Helper()
	outer, err := tx.Query(ctx, query, "town-1%")
	if err != nil {
		return err
	}
	defer func() { _ = outer.Close() }()
	read := 0
	for outer.Next() {
		var name string
		if err := outer.Scan(&name); err != nil {
			return err
		}
		inner, err := db.Select[string](ctx, tx, query, "town-2%")
		if err != nil {
			return err
		}
		if len(inner) != 11 || !strings.HasPrefix(name, "town-1") {
			t.Errorf("beside %s: %d names, want 11", name, len(inner))
		}
		read++
	}
	if read != 11 {
		t.Errorf("%d names, want 11", read)
	}
	return outer.Err()
}
