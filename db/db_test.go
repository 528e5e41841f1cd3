package db_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func insertCommunity(t *testing.T, d *db.DB, slug string) (id int64) {
	t.Helper()
	must(t, d.Update(t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(t.Context(), `
			INSERT INTO communities (uuid, name, slug, state, created_at, updated_at)
			VALUES ($1, $2, $3, 'NY', $4, $4) RETURNING id`,
			"0193c2f0-0000-7000-8000-0000000000"+slug, "Town "+slug, slug, tx.Now).Scan(&id)
	}))
	return id
}

func TestUpdateRollsBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		boom := errors.New("boom")
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			tx.AfterCommit(func() { t.Error("after-commit hook ran after a rollback") })
			if _, err := tx.Exec(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('a', '{}', $1)`, tx.Now); err != nil {
				return err
			}
			return boom
		})
		if !errors.Is(err, boom) {
			t.Fatalf("Update = %v, want boom", err)
		}
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM settings`)
			if n != 0 {
				t.Errorf("%d rows survived the rollback", n)
			}
			return err
		}))
	})
}

func TestViewCannotWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		err := d.View(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('a', '{}', $1)`, tx.Now)
			return err
		})
		if err == nil {
			t.Error("a View wrote a row")
		}
	})
}

func TestTimesComeBackEqual(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		honolulu, err := time.LoadLocation("Pacific/Honolulu")
		must(t, err)
		in := time.Date(2026, 3, 8, 1, 59, 59, 123456789, honolulu)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO settings (key, value, updated_at) VALUES ('t', '{}', $1)`, in)
			return err
		}))
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			var plain, folded time.Time
			if err := tx.QueryRow(t.Context(), `SELECT updated_at, MAX(updated_at) FROM settings GROUP BY updated_at`).Scan(&plain, db.Time(&folded)); err != nil {
				return err
			}
			want := in.Truncate(time.Microsecond)
			if !plain.Equal(want) || !folded.Equal(want) {
				t.Errorf("got %v and %v, want %v", plain, folded, want)
			}
			return nil
		}))
	})
}

func TestListsAndErrors(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		a, b, c := insertCommunity(t, d, "01"), insertCommunity(t, d, "02"), insertCommunity(t, d, "03")
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			in, err := db.Select[string](t.Context(), tx, `SELECT slug FROM communities WHERE id IN ($1...) ORDER BY slug`, []int64{a, c})
			if err != nil {
				return err
			}
			if got := strings.Join(in, ","); got != "01,03" {
				t.Errorf("IN = %s", got)
			}
			out, err := db.Select[int64](t.Context(), tx, `SELECT id FROM communities WHERE slug NOT IN ($1...)`, []string{"01", "03"})
			if len(out) != 1 || out[0] != b {
				t.Errorf("NOT IN = %v, want [%d]", out, b)
			}
			none, err2 := db.Select[int64](t.Context(), tx, `SELECT id FROM communities WHERE id IN ($1...)`, []int64(nil))
			if len(none) != 0 {
				t.Errorf("empty IN = %v", none)
			}
			return errors.Join(err, err2)
		}))
		err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO communities (uuid, name, slug, state) VALUES ('0193c2f0-0000-7000-8000-000000000099', 'x', '01', 'NY')`)
			return err
		})
		if !db.IsUnique(err) {
			t.Errorf("duplicate slug = %v, want a unique violation", err)
		}
		err = d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO smbs (uuid, business_name, community_id) VALUES ('0193c2f0-0000-7000-8000-000000000099', 'x', 999)`)
			return err
		})
		if !db.IsForeignKey(err) {
			t.Errorf("unknown community = %v, want a foreign key violation", err)
		}
	})
}

func TestBatch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		const n = 700 // several parts on SQLite
		community := insertCommunity(t, d, "01")
		b := db.NewBatch("uuid uuid", "name text", "opted boolean", "meta jsonb", "at timestamptz", "start date", "score integer", "email text")
		for i := range n {
			var email any
			if i%2 == 0 {
				email = "a@example.com"
			}
			b.Add(uuidOf(i), "Business", i%3 == 0, `{"i":1}`, clock.Now(), "2026-03-02", i, email)
		}
		ids := 0
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			return tx.QueryBatch(t.Context(), b, `
				INSERT INTO smbs (uuid, community_id, business_name, email_opted_in, metadata, created_at, manifest_destiny_start_date, engagement_score, primary_email)
				SELECT uuid, $1, name, opted, meta, at, start, score, email FROM rows
				WHERE TRUE ON CONFLICT (uuid) DO NOTHING RETURNING id`, func(r db.Row) error {
				var id int64
				ids++
				return r.Scan(&id)
			}, community)
		}))
		if ids != n {
			t.Fatalf("returned %d ids, want %d", ids, n)
		}
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			up := db.NewBatch("uuid uuid", "score bigint")
			up.Add(uuidOf(0), int64(77))
			up.Add(uuidOf(n-1), nil)
			changed, err := tx.ExecBatch(t.Context(), up, `
				UPDATE smbs SET engagement_score = COALESCE(rows.score, $1) FROM rows WHERE smbs.uuid = rows.uuid`, -1)
			if changed != 2 {
				t.Errorf("changed %d rows, want 2", changed)
			}
			return err
		}))
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			type row struct {
				Score int
				Start string
				Email *string
				At    time.Time
			}
			got, err := db.Select[row](t.Context(), tx, `
				SELECT engagement_score AS score, CAST(manifest_destiny_start_date AS text) AS start, primary_email AS email, created_at AS at
				FROM smbs WHERE uuid IN ($1...) ORDER BY uuid`, []string{uuidOf(0), uuidOf(n - 1)})
			if err != nil {
				return err
			}
			if len(got) != 2 || got[0].Score != 77 || got[1].Score != -1 || got[0].Start != "2026-03-02" || got[0].Email == nil || got[1].Email != nil || !got[0].At.Equal(clock.Now()) {
				t.Errorf("got %+v", got)
			}
			return nil
		}))
	})
}

func uuidOf(i int) string {
	const digits = "0123456789abcdef"
	return "0193c2f0-0000-7000-8000-000000000" + string([]byte{digits[i>>8&15], digits[i>>4&15], digits[i&15]})
}

// Two writers at once lose nothing, on either engine.
func TestConcurrentUpdates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		id := insertCommunity(t, d, "01")
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 10 {
					if err := d.Update(t.Context(), func(tx *db.Tx) error {
						_, err := tx.Exec(t.Context(), `UPDATE communities SET population = COALESCE(population, 0) + 1 WHERE id = $1`, id)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT population FROM communities WHERE id = $1`, id)
			if n != 80 {
				t.Errorf("population = %d, want 80", n)
			}
			return err
		}))
	})
}

func TestMigrateDownAndUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		all, err := d.Migrations(t.Context())
		must(t, err)
		for range all {
			_, err := d.MigrateDown(t.Context())
			must(t, err)
		}
		// Four nodes start at once on an empty database.
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				if _, err := d.Migrate(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		again, err := d.Migrations(t.Context())
		must(t, err)
		for _, m := range again {
			if !m.Applied {
				t.Errorf("%s is not applied", m.Name)
			}
		}
		insertCommunity(t, d, "01")
	})
}

func TestOpenRefuses(t *testing.T) {
	for _, bad := range []string{"", "mysql://x", "sqlite://", "postgres://%zz", "/tmp/x.db"} {
		_, err := db.Open(t.Context(), bad, fibonacco.SystemClock{}, 1)
		if fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("Open(%q) = %v, want Invalid", bad, err)
		}
	}
	_, err := db.Open(t.Context(), "postgres://user:hunter2@127.0.0.1:1/x", fibonacco.SystemClock{}, 1)
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an unreachable server gave %v", err)
	}
}
