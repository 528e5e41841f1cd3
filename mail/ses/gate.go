package ses

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// gate keeps everybody from taking mail while SES cannot take any. After a failure nobody goes for
// a while; then one goes alone, and the others follow when SES has dealt with its mail.
type gate struct {
	backoff Backoff
	log     *slog.Logger

	mu      sync.Mutex
	changed chan struct{} // closed and replaced when waiters should look again
	until   time.Time
	reason  string
	fails   int  // in a row
	proven  bool // SES has dealt with a mail since the last failure
	scout   bool // somebody is finding out
}

func newGate(b Backoff, log *slog.Logger) *gate {
	return &gate{backoff: b, log: log, changed: make(chan struct{})}
}

// pass waits until a mail may be taken. scout says that the caller goes alone, and must end with
// works, fail or leave. It returns false when ctx or stop ended first.
func (g *gate) pass(ctx context.Context, stop <-chan struct{}) (scout, ok bool) {
	for {
		g.mu.Lock()
		wait, changed := g.until.Sub(fibonacco.RealTime()), g.changed
		switch {
		case wait <= 0 && g.proven:
			g.mu.Unlock()
			return false, true
		case wait <= 0 && !g.scout:
			g.scout = true
			g.mu.Unlock()
			return true, true
		case wait <= 0:
			wait = time.Hour // until the scout is back
		}
		g.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		case <-stop:
		}
		timer.Stop()
		if ctx.Err() != nil || closed(stop) {
			return false, false
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// works notes that SES dealt with a mail, be it by refusing that mail.
func (g *gate) works() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.proven {
		return
	}
	if g.fails > 0 {
		g.log.Info("Amazon SES is back", "after_failures", g.fails)
	}
	g.proven, g.scout, g.fails, g.reason = true, false, 0, ""
	g.wake()
}

// leave ends a scout's errand without a finding.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.scout = false
	g.wake()
}

// fail stops everybody for at least a time; 0 is what the backoff says.
func (g *gate) fail(reason string, atLeast time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := fibonacco.RealTime()
	if !g.proven && now.Before(g.until) && atLeast <= g.until.Sub(now) {
		return // the same failure, seen by another
	}
	g.fails++
	pause := g.backoff.First << min(g.fails-1, 20)
	if pause > g.backoff.Most || pause <= 0 {
		pause = g.backoff.Most
	}
	pause = max(atLeast, time.Duration(float64(pause)*(0.75+rand.Float64()/2)))
	g.until, g.reason, g.proven, g.scout = now.Add(pause), reason, false, false
	g.log.Warn("Amazon SES takes no mail", "reason", reason, "next_try_in", pause.Round(time.Millisecond))
	g.wake()
}

func (g *gate) wake() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// ready is nil when a mail could be taken now.
func (g *gate) ready() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.until.Sub(fibonacco.RealTime())
	if left <= 0 {
		return nil
	}
	return fibonacco.Errorf(fibonacco.Unavailable, "%s, next try in %d s", g.reason, max(1, int(left.Round(time.Second)/time.Second)))
}
