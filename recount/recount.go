// Package recount keeps figures that take long to count. Over few rows every answer is fresh; over
// millions it is a little old, counting takes at most its share of the time, and nobody but the very
// first waits for it. All times are real ones.
package recount

import (
	"context"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Rule says how old an answer may be.
type Rule struct {
	Share int           // counting may take one part in Share of the time
	Most  time.Duration // after which an answer is counted anew, however long that takes
	Stale time.Duration // for which an old answer is given while it is counted anew; 0 means never
	Kept  int           // how many answers are kept; 0 means 1
}

// patience is what somebody waits for a fresh answer. Where counting takes longer, they get the last.
const patience = 100 * time.Millisecond

// countMost is how long a count may take that nobody waits for.
const countMost = time.Minute

// Figures are the last answers, by what was asked. Callers share an answer and must not change it.
// Safe for concurrent use.
type Figures[K comparable, V any] struct {
	rule  Rule
	count func(context.Context, K) (V, error)
	one   sync.Mutex // who counts

	mu    sync.Mutex // guards what follows
	last  map[K]*answer[V]
	again map[K]bool // what is being counted while nobody waits
}

type answer[V any] struct {
	value V
	taken time.Time
	cost  time.Duration
}

// New makes figures that count reads.
func New[K comparable, V any](rule Rule, count func(context.Context, K) (V, error)) *Figures[K, V] {
	return &Figures[K, V]{rule: rule, count: count, last: map[K]*answer[V]{}, again: map[K]bool{}}
}

// Of is the answer to what is asked: the last one while it may be given, else a new one. It fails with
// what counting fails with.
func (f *Figures[K, V]) Of(ctx context.Context, asked K) (V, error) {
	f.mu.Lock()
	a, old := f.given(asked)
	if a != nil && old {
		f.start(ctx, asked)
	}
	f.mu.Unlock()
	if a != nil {
		return a.value, nil
	}
	return f.anew(ctx, asked)
}

// Soon is the last answer while it may be given. Otherwise ok is false, and it is being counted from now
// on, for those who ask later. It never waits.
func (f *Figures[K, V]) Soon(ctx context.Context, asked K) (value V, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	a, old := f.given(asked)
	if a == nil || old {
		f.start(ctx, asked)
	}
	if a == nil {
		return value, false
	}
	return a.value, true
}

// given is the last answer while it may be given, or nil; old says that it is to be counted anew. f.mu
// is held.
func (f *Figures[K, V]) given(asked K) (a *answer[V], old bool) {
	a = f.last[asked]
	switch {
	case a == nil:
		return nil, false
	case a.age() < f.most(a):
		return a, false
	case a.cost >= patience && a.age() < f.rule.Stale:
		return a, true
	}
	return nil, false
}

// start counts behind, unless that is being done. f.mu is held.
func (f *Figures[K, V]) start(ctx context.Context, asked K) {
	if !f.again[asked] {
		f.again[asked] = true
		go f.behind(context.WithoutCancel(ctx), asked)
	}
}

// behind counts while nobody waits. An error is left to those who will.
func (f *Figures[K, V]) behind(ctx context.Context, asked K) {
	ctx, cancel := context.WithTimeout(ctx, countMost)
	defer cancel()
	_, _ = f.anew(ctx, asked)
	f.mu.Lock()
	delete(f.again, asked)
	f.mu.Unlock()
}

// anew counts, or takes what somebody else has counted while it waited for its turn.
func (f *Figures[K, V]) anew(ctx context.Context, asked K) (V, error) {
	f.one.Lock()
	defer f.one.Unlock()
	f.mu.Lock()
	a := f.last[asked]
	f.mu.Unlock()
	if a != nil && a.age() < f.most(a) {
		return a.value, nil
	}
	began := fibonacco.RealTime()
	value, err := f.count(ctx, asked)
	if err != nil {
		return value, err
	}
	taken := fibonacco.RealTime()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last[asked] == nil && len(f.last) >= max(1, f.rule.Kept) {
		clear(f.last) // each is made again when somebody looks
	}
	f.last[asked] = &answer[V]{value: value, taken: taken, cost: taken.Sub(began)}
	return value, nil
}

func (f *Figures[K, V]) most(a *answer[V]) time.Duration {
	return min(a.cost*time.Duration(f.rule.Share), f.rule.Most)
}

func (a *answer[V]) age() time.Duration { return fibonacco.RealTime().Sub(a.taken) }
