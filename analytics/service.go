// Package analytics is Module 8: it reads the figures. It owns no table and writes nothing; every
// figure is counted from the rows that the other modules keep, so that it equals a recount.
//
// overview.go puts the first page together, day.go says what "today" is, counts.go and
// engagement.go count sends and what recipients did, feed.go and attention.go say what happened
// and what waits for a person, total.go and slow.go count what moves slowly.
package analytics

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/recount"
)

// Pages ask for an overview every second and share the answer. Counting may take at most one
// part in ten of the time, and what moves slowly one part in slowShare: over few rows every
// answer is fresh, over a million it is a few seconds old and the database keeps its breath. Who asks
// while it is counted anew gets the last answer where that takes long.
var often = recount.Rule{Share: 10, Most: 10 * time.Second, Stale: 10 * time.Minute, Kept: 200}

const (
	slowShare = 50
	slowMost  = time.Minute
)

// Service implements fibonacco.Analytics. Safe for concurrent use.
type Service struct {
	db     *db.DB
	queues fibonacco.Queues

	overviews *recount.Figures[string, *fibonacco.Overview] // by the communities that are seen

	one   sync.Mutex            // who counts; guards what follows
	whole kept[slow]            // of everything
	split kept[map[int64]*slow] // of each community, for those who do not see everything
	zones map[string]*time.Location
}

var _ fibonacco.Analytics = (*Service)(nil)

// New makes the service. queues may be nil: then jobs that gave up are not in Attention.
func New(d *db.DB, queues fibonacco.Queues) *Service {
	s := &Service{db: d, queues: queues, zones: map[string]*time.Location{}}
	s.overviews = recount.New(often, s.counted)
	return s
}

// Overview implements fibonacco.Analytics. Callers share what it returns and must not change it.
func (s *Service) Overview(ctx context.Context) (*fibonacco.Overview, error) {
	return s.overviews.Of(ctx, seenBy(ctx))
}

// CountOverview begins to count the overview of everything, so that of the first who look nobody waits.
func (s *Service) CountOverview(ctx context.Context) { _, _ = s.overviews.Soon(ctx, seenBy(ctx)) }

// seenBy names the communities that a caller sees.
func seenBy(ctx context.Context) string {
	scope := slices.Sorted(slices.Values(fibonacco.ScopeOf(ctx)))
	if fibonacco.ScopeOf(ctx) == nil {
		return "all"
	}
	return fmt.Sprint(scope)
}

// counted counts what the caller sees.
func (s *Service) counted(ctx context.Context, _ string) (*fibonacco.Overview, error) {
	s.one.Lock()
	defer s.one.Unlock()
	scope := slices.Clone(fibonacco.ScopeOf(ctx))
	slices.Sort(scope)
	failed := 0
	if scope == nil { // a job belongs to no community
		var err error
		if failed, err = s.failedJobs(ctx); err != nil {
			return nil, fmt.Errorf("overview: %w", err)
		}
	}
	o := &fibonacco.Overview{}
	err := s.db.View(ctx, func(tx *db.Tx) error {
		slow, err := s.readSlow(ctx, tx, scope)
		if err != nil {
			return err
		}
		return s.count(ctx, tx, o, scope, slow, failed)
	})
	if err != nil {
		return nil, fmt.Errorf("overview: %w", err)
	}
	return o, nil
}

// kept is a result with what it cost.
type kept[T any] struct {
	value *T
	taken time.Time // real time
	cost  time.Duration
}

func (k *kept[T]) keep(value *T, began time.Time) {
	k.value, k.taken = value, fibonacco.RealTime()
	k.cost = k.taken.Sub(began)
}

// fresh reports whether the result may be shown again.
func (k *kept[T]) fresh(share int, most time.Duration) bool {
	return k.value != nil && fibonacco.RealTime().Sub(k.taken) < min(k.cost*time.Duration(share), most)
}
