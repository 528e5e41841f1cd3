//go:build !race

// What these tests watch happens between processes, where the race detector sees nothing.

package campaign_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// The process that brings the schema up is killed after some steps: started again it finishes, and
// the schema is the one that an undisturbed run makes.
func TestCrashDuringMigration(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			whole := schema(t, dbtest.Open(t, engine, fibonacco.SystemClock{}))
			if len(whole) < 300 {
				t.Fatalf("only %d columns in a whole schema", len(whole))
			}
			steps := []int{1, 14}
			if engine == db.Postgres {
				steps = steps[1:] // each schema takes seconds
			}
			for _, step := range steps {
				url := "sqlite://" + t.TempDir() + "/new.db"
				if engine == db.Postgres {
					url = dbtest.URL(t, engine)
				}
				d, err := db.Open(t.Context(), url, fibonacco.SystemClock{}, 4)
				must(t, err)
				if engine == db.Postgres {
					for _, change := range []string{`DROP SCHEMA public CASCADE`, `CREATE SCHEMA public`} {
						_, err := d.Pool().Exec(t.Context(), change)
						must(t, err)
					}
				}
				n := node{Name: "one", URL: url, Task: "migrate", Die: "migrate: after some steps", Nth: step}
				if !n.start(t).end(t) {
					t.Fatalf("the schema was whole before the process was killed after step %d", step)
				}
				left := schema(t, d)
				if len(left) == 0 || len(left) >= len(whole) {
					t.Errorf("killed with %d of %d columns: proves nothing", len(left), len(whole))
				}
				n.Die = ""
				n.start(t).end(t)
				if got := schema(t, d); !slices.Equal(got, whole) {
					t.Errorf("after a death at step %d the schema has %d columns, an undisturbed one %d", step, len(got), len(whole))
				}
				must(t, d.Close())
			}
		})
	}
}

// schema is every column and index there is.
func schema(t *testing.T, d *db.DB) []string {
	t.Helper()
	query := `SELECT table_name || '.' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'`
	if d.Engine() == db.SQLite {
		query = `SELECT t.name || '.' || c.name || ' ' || c.type FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'
			UNION ALL SELECT COALESCE(sql, name) FROM sqlite_master WHERE type = 'index'`
	}
	var all []string
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		all, err = db.Select[string](t.Context(), tx, query)
		return err
	}))
	slices.Sort(all)
	return all
}

// The process that judges a test of subjects is killed before it can say who has won: the next one
// says it, once.
func TestCrashDuringJudgement(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			url := dbtest.URL(t, engine)
			later := crashStart.Add(25 * time.Hour)
			d, err := db.Open(t.Context(), url, fibonacco.NewFakeClock(crashStart), 4)
			must(t, err)
			defer func() { must(t, d.Close()) }()
			b := setup(t, d, nil)
			old, err := b.svc.CampaignForDay(t.Context(), 1)
			must(t, err)
			_, _, err = b.svc.UpdateCampaign(t.Context(), old.Version, fibonacco.CampaignDraft{
				ID: old.ID, Type: old.Type, Day: 1, Title: old.Title, Slug: old.Slug, Subject: "One", Subjects: []string{"Two"}, BodyMarkdown: "A text.",
			}, "Ann")
			must(t, err)
			b.start(b.smbs(b.community("America/New_York"), 500)...)
			b.exec(`UPDATE campaign_sends SET status = 'sent', sent_at = $1`, crashStart)
			b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE subject_variant = 1 OR id % 10 = 0`, crashStart)

			n := node{Name: "one", URL: url, Clock: &fibonacco.ClockAnchor{Real: later, Virtual: later}, Task: "judge", Die: "judge: before the winner is stored"}
			if !n.start(t).end(t) {
				t.Fatal("nothing was judged")
			}
			equal(t, "judged by a dead process", b.n(`SELECT COUNT(*) FROM subject_tests`), 0)
			n.Die = ""
			for range 2 {
				n.start(t).end(t)
				equal(t, "judged", fmt.Sprint(b.n(`SELECT COUNT(*) FROM subject_tests`), b.n(`SELECT COALESCE(MAX(winner), -1) FROM subject_tests`)), "1 1")
			}
		})
	}
}
