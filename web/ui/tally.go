package ui

import (
	"context"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Counting a million businesses takes longer than a page may. A page waits a moment for a count, and
// otherwise leaves a place that asks again; what was counted is shown again for as long as keeps
// counting at one part in tallyShare of the time. All of these are real time.
const (
	tallyPatience = 60 * time.Millisecond
	tallyShare    = 20
	tallyKept     = 10 * time.Second
	tallyMost     = 30 * time.Second
	tallyAtOnce   = 2
	talliesKept   = 500
)

// tallies counts each set once however many ask for it at the same time. The zero value is ready.
type tallies struct {
	mu    sync.Mutex
	all   map[string]*tally
	slots chan struct{}
}

// tally is one count, under way or done.
type tally struct {
	done  chan struct{}
	n     int
	err   error
	until time.Time
}

// count is how many there are in a set, by its key. ready is false when it takes longer than patience:
// it goes on, for whoever asks next.
func (t *tallies) count(ctx context.Context, key string, patience time.Duration, do func(context.Context) (int, error)) (n int, ready bool, err error) {
	one := t.find(ctx, key, do)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-one.done:
		return one.n, true, one.err
	case <-timer.C:
		return 0, false, nil
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
}

// find is the count that is there, or a new one.
func (t *tallies) find(ctx context.Context, key string, do func(context.Context) (int, error)) *tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all == nil || len(t.all) >= talliesKept {
		t.all = map[string]*tally{}
	}
	if t.slots == nil {
		t.slots = make(chan struct{}, tallyAtOnce)
	}
	if one := t.all[key]; one != nil {
		select {
		case <-one.done:
			if fibonacco.RealTime().Before(one.until) {
				return one
			}
		default:
			return one
		}
	}
	one := &tally{done: make(chan struct{})}
	t.all[key] = one
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer close(one.done)
		ctx, cancel := context.WithTimeout(ctx, tallyMost)
		defer cancel()
		select {
		case t.slots <- struct{}{}:
			defer func() { <-t.slots }()
		case <-ctx.Done():
			one.err = ctx.Err()
			return
		}
		began := fibonacco.RealTime()
		if one.n, one.err = do(ctx); one.err == nil {
			now := fibonacco.RealTime()
			one.until = now.Add(min(now.Sub(began)*tallyShare, tallyKept))
		}
	}()
	return one
}
