package address_test

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestSlug(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Marisol Hair Studio":   "marisol-hair-studio",
		"CAFÉ DEL MAR, LLC":     "cafe-del-mar-llc",
		"Joe's Pizza":           "joes-pizza",
		"A & B":                 "a-and-b",
		"  --x--  ":             "x",
		"寿司":                    "business",
		"":                      "business",
		"<script>alert(1)":      "script-alert-1",
		strings.Repeat("a", 99): strings.Repeat("a", 60),
	} {
		if got := address.Slug(name); got != want {
			t.Errorf("Slug(%q) = %q, want %q", name, got, want)
		}
	}
	shape := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	rapid.Check(t, func(t *rapid.T) {
		if s := address.Slug(rapid.String().Draw(t, "name")); !shape.MatchString(s) || len(s) > 70 {
			t.Fatalf("slug %q", s)
		}
	})
}

func TestOf(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		of := func(id int64) (slug string, err error) {
			err = d.Update(t.Context(), func(tx *db.Tx) error {
				slug, err = address.Of(t.Context(), tx, id)
				return err
			})
			return slug, err
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error { return fill(t.Context(), tx, "Joe's Pizza", "Joe's Pizza", "Joe's Pizza") }); err != nil {
			t.Fatal(err)
		}
		for id, want := range []string{"joes-pizza", "joes-pizza-brooklyn", "joes-pizza-3"} {
			for range 2 { // the second time it is there already
				if got, err := of(int64(id + 1)); err != nil || got != want {
					t.Errorf("address of %d = %q, %v; want %q", id+1, got, err, want)
				}
			}
		}
		if _, err := of(9); fibonacco.CodeOf(err) != fibonacco.NotFound {
			t.Errorf("nobody's: %v", err)
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE smbs SET deleted_at = $1 WHERE id = 2`, tx.Now)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if err := d.View(t.Context(), func(tx *db.Tx) error {
			if id, err := address.Find(t.Context(), tx, "joes-pizza"); err != nil || id != 1 {
				t.Errorf("found %d, %v", id, err)
			}
			if _, err := address.Find(t.Context(), tx, "joes-pizza-brooklyn"); fibonacco.CodeOf(err) != fibonacco.NotFound {
				t.Errorf("a deleted business: %v", err)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	})
}

func fill(ctx context.Context, tx *db.Tx, names ...string) error {
	if _, err := tx.Exec(ctx, `INSERT INTO communities (id, uuid, name, slug, state) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY')`, uuid.NewString()); err != nil {
		return err
	}
	for i, name := range names {
		if _, err := tx.Exec(ctx, `INSERT INTO smbs (id, uuid, community_id, business_name) VALUES ($1, $2, 1, $3)`, i+1, uuid.NewString(), name); err != nil {
			return err
		}
	}
	return nil
}
