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
)

// Pages ask for an overview every second and share the answer. Counting may take at most one
// part in fastShare of the time, and what moves slowly one part in slowShare: over few rows every
// answer is fresh, over a million it is a few seconds old and the database keeps its breath. Who asks
// while it is counted anew does not wait where that takes longer than patience: the last answer does,
// unless it is older than staleMost.
const (
	fastShare = 10
	slowShare = 50
	fastMost  = 10 * time.Second
	slowMost  = time.Minute
	patience  = 100 * time.Millisecond
	staleMost = 10 * time.Minute
	countMost = time.Minute // that nobody waits for
)

// Service implements fibonacco.Analytics. Safe for concurrent use.
type Service struct {
	db     *db.DB
	queues fibonacco.Queues

	mu       sync.Mutex
	fast     map[string]*kept[fibonacco.Overview] // by the communities that are seen
	counting map[string]bool                      // what is counted in the background

	one   sync.Mutex            // who counts; guards what follows
	whole kept[slow]            // of everything
	split kept[map[int64]*slow] // of each community, for those who do not see everything
	zones map[string]*time.Location
}

var _ fibonacco.Analytics = (*Service)(nil)

// New makes the service. queues may be nil: then jobs that gave up are not in Attention.
func New(d *db.DB, queues fibonacco.Queues) *Service {
	return &Service{db: d, queues: queues, fast: map[string]*kept[fibonacco.Overview]{}, counting: map[string]bool{}, zones: map[string]*time.Location{}}
}

// mostKept bounds how many overviews are kept: there is one for everybody who sees the same.
const mostKept = 200

// Overview implements fibonacco.Analytics. Callers share what it returns and must not change it.
func (s *Service) Overview(ctx context.Context) (*fibonacco.Overview, error) {
	scope := slices.Clone(fibonacco.ScopeOf(ctx))
	slices.Sort(scope)
	seen := fmt.Sprint(scope)
	if o := s.last(seen); o != nil {
		return o, nil
	}
	if o := s.stale(seen); o != nil {
		go s.recount(context.WithoutCancel(ctx), scope, seen)
		return o, nil
	}
	return s.counted(ctx, scope, seen)
}

// last is the last answer while it is fresh, else nil.
func (s *Service) last(seen string) *fibonacco.Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.fast[seen]; k != nil && k.fresh(fastShare, fastMost) {
		return k.value
	}
	return nil
}

// stale is the last answer where counting the next takes too long to wait for; nil where it does not,
// or the last one is too old.
func (s *Service) stale(seen string) *fibonacco.Overview {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.fast[seen]
	if k == nil || k.cost < patience || fibonacco.RealTime().Sub(k.taken) > staleMost {
		return nil
	}
	return k.value
}

// recount counts once, however many ask for it meanwhile. An error is left to those who wait for an
// answer.
func (s *Service) recount(ctx context.Context, scope []int64, seen string) {
	s.mu.Lock()
	busy := s.counting[seen]
	s.counting[seen] = true
	s.mu.Unlock()
	if busy {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, countMost)
	defer cancel()
	_, _ = s.counted(ctx, scope, seen)
	s.mu.Lock()
	delete(s.counting, seen)
	s.mu.Unlock()
}

// counted counts, or takes what somebody else has counted while it waited for its turn.
func (s *Service) counted(ctx context.Context, scope []int64, seen string) (*fibonacco.Overview, error) {
	s.one.Lock()
	defer s.one.Unlock()
	if o := s.last(seen); o != nil {
		return o, nil
	}
	began := fibonacco.RealTime()
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
	s.keep(seen, o, began)
	return o, nil
}

func (s *Service) keep(seen string, o *fibonacco.Overview, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fast[seen] == nil && len(s.fast) >= mostKept {
		clear(s.fast) // each is made again when somebody looks
	}
	k := &kept[fibonacco.Overview]{}
	k.keep(o, began)
	s.fast[seen] = k
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
