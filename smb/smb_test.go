package smb_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
)

const (
	day    = 24 * time.Hour
	minute = time.Minute
)

// settings is the specification's.
func settings() fibonacco.Config {
	return fibonacco.Config{
		ManifestDestiny: fibonacco.ManifestDestinyConfig{TotalDays: 90},
		RVM:             fibonacco.RVMConfig{RequireConsent: true},
		Engagement: fibonacco.EngagementConfig{
			WindowDays: 30,
			Tiers: map[int]fibonacco.TierConfig{
				1: {Name: "Premium", MinScore: 80}, 2: {Name: "Engaged", MinScore: 50}, 3: {Name: "Active", MinScore: 20}, 4: {Name: "Passive"},
			},
			ScoreWeights: map[fibonacco.EngagementKind]int{
				fibonacco.KindOpen: 5, fibonacco.KindClick: 10, fibonacco.KindView: 8, fibonacco.KindComplete: 15,
				fibonacco.KindApproval: 25, fibonacco.KindMeeting: 30, fibonacco.KindCallback: 20,
			},
			ScoreCaps: map[fibonacco.EngagementKind]int{
				fibonacco.KindOpen: 25, fibonacco.KindClick: 30, fibonacco.KindView: 20, fibonacco.KindComplete: 30,
				fibonacco.KindApproval: 50, fibonacco.KindMeeting: 30, fibonacco.KindCallback: 40,
			},
		},
	}
}

// tester is what testing.T, testing.B and rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t *testing.T, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: error %v has code %q, want %q", what, err, got, want)
	}
}

func newService(t testing.TB, d *db.DB) *smb.Service {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	must(t, err)
	return smb.New(d, q, settings())
}

// run is one transaction of the test itself.
func run(t testing.TB, d *db.DB, fn func(tx *db.Tx) error) {
	t.Helper()
	must(t, d.Update(t.Context(), fn))
}

// insert runs an INSERT … RETURNING id. A $uuid in it becomes a fresh one.
func insert(t testing.TB, d *db.DB, query string, args ...any) (id int64) {
	t.Helper()
	run(t, d, func(tx *db.Tx) error {
		return tx.QueryRow(t.Context(), withUUID(query), args...).Scan(&id)
	})
	return id
}

func exec(t testing.TB, d *db.DB, query string, args ...any) {
	t.Helper()
	run(t, d, func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), withUUID(query), args...)
		return err
	})
}

func withUUID(query string) string {
	return strings.ReplaceAll(query, "$uuid", "'"+uuid.NewString()+"'")
}

func count(t testing.TB, d *db.DB, query string, args ...any) (n int) {
	t.Helper()
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(t.Context(), tx, query, args...)
		return err
	}))
	return n
}

// published is the stored properties of all events of E's type, oldest first.
func published[E fibonacco.Event](t testing.TB, d *db.DB) []E {
	t.Helper()
	var zero E
	var texts []string
	must(t, d.View(t.Context(), func(tx *db.Tx) (err error) {
		texts, err = db.Select[string](t.Context(), tx, `
			SELECT CAST(properties AS text) FROM analytics_events WHERE event_type = $1 ORDER BY id`, zero.Meta().Type)
		return err
	}))
	events := make([]E, len(texts))
	for i, text := range texts {
		must(t, json.Unmarshal([]byte(text), &events[i]))
	}
	return events
}

func newCommunity(t testing.TB, s *smb.Service, slug, timezone string) int64 {
	t.Helper()
	c, err := s.CreateCommunity(t.Context(), fibonacco.Community{Name: "Town of " + slug, Slug: slug, State: "NY", Timezone: timezone})
	must(t, err)
	return c.ID
}

func newSMB(t testing.TB, s *smb.Service, community int64, name string) *fibonacco.SMB {
	t.Helper()
	b, err := s.Create(t.Context(), fibonacco.SMB{CommunityID: community, BusinessName: name, EmailOptedIn: true})
	must(t, err)
	return b
}

// setup is a service with one community and one business in it.
func setup(t testing.TB, d *db.DB) (*smb.Service, *fibonacco.SMB) {
	t.Helper()
	s := newService(t, d)
	return s, newSMB(t, s, newCommunity(t, s, "park-slope", "America/New_York"), "Rosa's Bakery")
}

func find(t testing.TB, s *smb.Service, id int64) *fibonacco.SMB {
	t.Helper()
	b, err := s.Find(t.Context(), id)
	must(t, err)
	return b
}

// fieldNames is the refused fields of an error, in order.
func fieldNames(err error) []string {
	var names []string
	var e *fibonacco.Error
	if errors.As(err, &e) {
		for _, f := range e.Fields {
			names = append(names, f.Field)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func ptr[T any](v T) *T { return &v }
