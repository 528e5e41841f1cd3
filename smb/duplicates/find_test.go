package duplicates_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/duplicates"
)

// world is a database with two communities, 1 and 2, and the service.
type world struct {
	t    testing.TB
	db   *db.DB
	smbs *smb.Service
	svc  *duplicates.Finder
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	w := &world{t: t, db: d, smbs: smb.New(d, q, fibonacco.Config{})}
	w.svc = duplicates.New(d, w.smbs)
	for id, slug := range map[int64]string{1: "port-avery", 2: "red-hook"} {
		w.exec(`INSERT INTO communities (id, uuid, name, slug, state) VALUES ($1, $2, $3, $3, 'NY')`, id, uuid.NewString(), slug)
	}
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t testing.TB, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: error %v has code %q, want %q", what, err, got, want)
	}
}

func (w *world) exec(query string, args ...any) {
	w.t.Helper()
	must(w.t, w.db.Update(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), query, args...)
		return err
	}))
}

// add stores a side as a business of a community.
func (w *world) add(community int64, s side) int64 {
	w.t.Helper()
	made, err := w.smbs.Create(w.t.Context(), fibonacco.SMB{
		CommunityID: community, BusinessName: s.name, DBAName: s.trading, PrimaryPhone: s.phone, PrimaryEmail: s.email, Address: s.address, ZIP: s.zip,
	})
	must(w.t, err)
	return made.ID
}

// pairs is the proposals of a community, "1-2:95".
func (w *world) pairs(ctx context.Context, community int64, limit int) string {
	w.t.Helper()
	found, err := w.svc.Duplicates(ctx, community, limit)
	must(w.t, err)
	return said(found)
}

func (w *world) of(ctx context.Context, id int64) string {
	w.t.Helper()
	found, err := w.svc.DuplicatesOf(ctx, id)
	must(w.t, err)
	return said(found)
}

func said(found []fibonacco.DuplicatePair) string {
	parts := make([]string, len(found))
	for i, p := range found {
		parts[i] = fmt.Sprintf("%d-%d:%d", p.A.ID, p.B.ID, p.Score)
	}
	return strings.Join(parts, " ")
}

func as(t testing.TB, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ana Ruiz", Role: fibonacco.Manager, Communities: communities})
}

func TestDuplicates(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		w := newWorld(t, d)
		a := w.add(1, side{"Rosa's Bakery", "", "718-555-0101", "", "466 Court St", "11231"})
		b := w.add(1, side{"Rosas Bakery LLC", "", "718-555-0101", "", "466 Court Street", "11231-1234"})
		c := w.add(1, side{name: "Rosa Bakery", zip: "11231"})
		far := w.add(1, side{"Rosa's Bakery", "", "718-555-0101", "", "", "10001"})
		nowhere := w.add(1, side{name: "Harbor Nail Studio"})
		somewhere := w.add(1, side{name: "Harbor Nail Studio", zip: "11201"})
		w.add(1, side{name: "Blue Salon", zip: "11231"})
		elsewhere := w.add(2, side{"Rosa's Bakery", "", "718-555-0101", "", "466 Court St", "11231"})
		twin := w.add(2, side{"Rosa's Bakery", "", "718-555-0101", "", "466 Court St", "11231"})
		deleted := w.add(1, side{"Rosa's Bakery", "", "718-555-0101", "", "466 Court St", "11231"})
		must(t, w.smbs.DeleteSMB(t.Context(), deleted))
		erased := w.add(1, side{"Rosa's Bakery", "", "718-555-0101", "", "466 Court St", "11231"})
		w.exec(`UPDATE smbs SET erased_at = $2 WHERE id = $1`, erased, dbtest.Start)

		inTown := fmt.Sprintf("%d-%d:100 %d-%d:80 %d-%d:80 %d-%d:53 %d-%d:50 %d-%d:50", a, b, a, far, b, far, nowhere, somewhere, a, c, b, c)
		equal(t, "in the town", w.pairs(t.Context(), 1, 0), inTown)
		equal(t, "the best two", w.pairs(t.Context(), 1, 2), strings.Join(strings.Fields(inTown)[:2], " "))
		equal(t, "in both towns, the best two", w.pairs(t.Context(), 0, 2), fmt.Sprintf("%d-%d:100 %d-%d:100", a, b, elsewhere, twin))
		equal(t, "of one, which comes first", w.of(t.Context(), far), fmt.Sprintf("%d-%d:80 %d-%d:80", far, a, far, b))
		equal(t, "of one without a twin", w.of(t.Context(), erased), "")
		equal(t, "of one that is misspelt", w.of(t.Context(), c), fmt.Sprintf("%d-%d:50 %d-%d:50", c, a, c, b))

		equal(t, "within the scope", w.pairs(as(t, 2), 0, 0), fmt.Sprintf("%d-%d:100", elsewhere, twin))
		_, err := w.svc.Duplicates(as(t, 2), 1, 0)
		code(t, "a town out of scope", err, fibonacco.NotFound)
		_, err = w.svc.Duplicates(t.Context(), 99, 0)
		code(t, "a town that is not there", err, fibonacco.NotFound)
		for _, id := range []int64{a, deleted, 999} {
			_, err = w.svc.DuplicatesOf(as(t, 2), id)
			code(t, "of one that is not to be seen", err, fibonacco.NotFound)
		}

		before := w.of(t.Context(), b)
		must(t, w.svc.DismissDuplicate(as(t, 1), b, a))
		must(t, w.svc.DismissDuplicate(as(t, 1), a, b))
		equal(t, "without the dismissed", w.pairs(t.Context(), 1, 1), fmt.Sprintf("%d-%d:80", a, far))
		equal(t, "of one, without the dismissed", w.of(t.Context(), b), fmt.Sprintf("%d-%d:80 %d-%d:50", b, far, b, c))
		var said string
		must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
			said, err = db.Get[string](t.Context(), tx, `SELECT action || ' ' || entity_id || ' ' || user_id FROM audit_log WHERE action LIKE '%dismissed'`)
			return err
		}))
		equal(t, "in the log, once", said, fmt.Sprintf("smb.duplicate_dismissed %d 7", b))
		for range 2 {
			must(t, w.svc.RestoreDuplicate(as(t, 1), a, b))
		}
		equal(t, "proposed again", w.of(t.Context(), b), before)
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM audit_log WHERE action = 'smb.duplicate_restored'`)
			equal(t, "and said once", n, 1)
			return err
		}))
		code(t, "restore out of scope", w.svc.RestoreDuplicate(as(t, 2), a, b), fibonacco.NotFound)
		code(t, "dismiss one and the same", w.svc.DismissDuplicate(t.Context(), a, a), fibonacco.Invalid)
		code(t, "dismiss what is not there", w.svc.DismissDuplicate(t.Context(), a, 999), fibonacco.NotFound)
		code(t, "dismiss out of scope", w.svc.DismissDuplicate(as(t, 2), a, c), fibonacco.NotFound)
	})
}

// A number that many have is a headquarters', however the businesses are spread over ZIP codes.
func TestHeadquarters(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		w := newWorld(t, d)
		for i := range 60 {
			w.add(1, side{"Dunkin Donuts", "", "800-555-0199", "hq@dunkin.example", fmt.Sprintf("%d Court St", i+1), fmt.Sprintf("112%02d", i%3)})
		}
		equal(t, "proposed", w.pairs(t.Context(), 1, 0), "")
		twin := w.add(1, side{"Dunkin Donuts", "", "800-555-0199", "", "1 Court Street", "11200"})
		equal(t, "but one at the same address", w.pairs(t.Context(), 1, 0), fmt.Sprintf("1-%d:95", twin))
	})
}

// BenchmarkDuplicates looks for all pairs in one community of 200,000 businesses, a twentieth of
// which were entered twice. FIBONACCO_TEST_POSTGRES adds PostgreSQL.
func BenchmarkDuplicates(b *testing.B) {
	const n = 200_000
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		if engine == db.Postgres && os.Getenv("FIBONACCO_TEST_POSTGRES") == "" {
			continue
		}
		b.Run(string(engine), func(b *testing.B) {
			d := dbtest.Open(b, engine, fibonacco.SystemClock{})
			w := newWorld(b, d)
			w.fill(n)
			for b.Loop() {
				found, err := w.svc.Duplicates(b.Context(), 1, 100)
				must(b, err)
				if len(found) != 100 {
					b.Fatalf("%d pairs", len(found))
				}
			}
		})
		b.Run(string(engine)+"/one", func(b *testing.B) {
			d := dbtest.Open(b, engine, fibonacco.SystemClock{})
			w := newWorld(b, d)
			w.fill(n)
			for i := 0; b.Loop(); i++ {
				began := fibonacco.RealTime()
				_, err := w.svc.DuplicatesOf(b.Context(), int64(1+i*977%n))
				must(b, err)
				if took := fibonacco.RealTime().Sub(began); took > 5*time.Second {
					b.Fatalf("took %s", took)
				}
			}
		})
	}
}
