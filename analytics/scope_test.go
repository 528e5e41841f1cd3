package analytics_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/analytics"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func limited(ctx context.Context, communities ...int64) context.Context {
	return fibonacco.WithPrincipal(ctx, &fibonacco.Principal{UserID: 1, Role: fibonacco.Admin, Communities: communities})
}

// within is the part of a world that whoever is limited to some communities may know of.
func (w *world) within(communities ...int64) *world {
	seen := func(id int64) bool { return slices.Contains(communities, id) }
	part := &world{now: w.now}
	mine, mails := map[int64]bool{}, map[int64]bool{}
	for _, c := range w.towns {
		if seen(c.id) {
			part.towns = append(part.towns, c)
		}
	}
	for _, s := range w.smbs {
		if seen(s.town) {
			part.smbs, mine[s.id] = append(part.smbs, s), true
		}
	}
	for _, s := range w.sends {
		if seen(s.town) {
			part.sends, mails[s.id] = append(part.sends, s), true
		}
	}
	for _, h := range w.hits {
		if mails[h.send] {
			part.hits = append(part.hits, h)
		}
	}
	for _, s := range w.skips {
		if seen(s.town) {
			part.skips = append(part.skips, s)
		}
	}
	for _, e := range w.events {
		if mine[e.smb] {
			part.events = append(part.events, e)
		}
	}
	return part
}

// Whoever is limited to communities is told what a recount of these gives, and nothing of any other,
// though everybody asks the same service one after another.
func TestOverviewOfSomeCommunities(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, 3, clock.Now(), 500)
		w.store(t, d)
		svc := analytics.New(d, queues{{Name: "emails", Failed: 2}, {Name: "ai", Failed: 1}})
		for _, seen := range [][]int64{nil, {1}, {2}, nil, {4, 3}, {1}} {
			want := w
			if seen != nil {
				want = w.within(seen...)
			}
			recounted := want.recount()
			if seen != nil {
				recounted.Attention = slices.DeleteFunc(recounted.Attention, func(a fibonacco.Attention) bool { return a.Kind == "failed_jobs" })
			}
			got, err := svc.Overview(limited(t.Context(), seen...))
			must(t, err)
			t.Run(fmt.Sprint(seen), func(t *testing.T) { equalOverviews(t, got, recounted) })
		}
	})
}

// A business that has moved away is not named where it came from, nor counted among what waits.
func TestOverviewForgetsWhoMovedAway(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, 5, clock.Now(), 300)
		w.store(t, d)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE smbs SET community_id = 2 WHERE community_id = 1`)
			return err
		}))
		got, err := analytics.New(d, nil).Overview(limited(t.Context(), 1))
		must(t, err)
		if len(got.Feed) > 0 || len(got.Attention) > 0 || got.Tiers != [4]int{} || got.Today.Approvals > 0 || got.Total.Unsubscribed > 0 {
			t.Errorf("of businesses that are elsewhere: %+v", got)
		}
		if got.Total.Sent == 0 {
			t.Error("what the community sent is forgotten too")
		}
	})
}

// A service that a person is to set up waits until they have, and for those who see the business.
func TestOverviewTellsOfServicesToSetUp(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, 7, clock.Now(), 20)
		w.store(t, d)
		since := clock.Now().Add(-3 * time.Hour)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			for _, task := range [][2]string{{"service_setup", "suggested"}, {"service_setup", "completed"}, {"profile_update", "suggested"}} {
				if _, err := tx.Exec(t.Context(), `
					INSERT INTO ai_tasks (smb_id, task_type, status, suggested_at, created_at, updated_at)
					SELECT MIN(id), $1, $2, $3, $3, $3 FROM smbs WHERE community_id = 2`, task[0], task[1], since); err != nil {
					return err
				}
			}
			return nil
		}))
		svc := analytics.New(d, nil)
		for community, want := range map[int64]int{1: 0, 2: 1} {
			got, err := svc.Overview(limited(t.Context(), community))
			must(t, err)
			found := 0
			for _, a := range got.Attention {
				if a.Kind == "services_to_set_up" {
					found = a.Count
					if !a.OldestAt.Equal(since) {
						t.Errorf("the oldest is of %v", a.OldestAt)
					}
				}
			}
			if found != want {
				t.Errorf("community %d is told of %d services to set up, want %d", community, found, want)
			}
		}
	})
}

// An import belongs to its community too.
func TestOverviewHidesImportsOfOthers(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, 6, clock.Now(), 20)
		w.store(t, d)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO imports (uuid, community_id, status, created_at, updated_at) VALUES ($1, 2, 'failed', $2, $2)`, uuidOf(9, 1), tx.Now)
			return err
		}))
		svc := analytics.New(d, nil)
		for community, want := range map[int64]bool{1: false, 2: true} {
			got, err := svc.Overview(limited(t.Context(), community))
			must(t, err)
			if is := slices.ContainsFunc(got.Attention, func(a fibonacco.Attention) bool { return a.Kind == "failed_imports" }); is != want {
				t.Errorf("community %d is told of the import of community 2: %v", community, is)
			}
		}
	})
}
