package dropcowboy

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// gate keeps everybody from trying while Drop Cowboy takes nothing. Real time.
type gate struct {
	backoff Backoff
	log     *slog.Logger
	name    string

	mu     sync.Mutex
	until  time.Time
	reason string
	fails  int // in a row
}

// works notes that Drop Cowboy dealt with a request.
func (g *gate) works() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fails > 0 {
		g.log.Info("the voicemail provider is back", "provider", g.name, "after_failures", g.fails)
	}
	g.fails, g.reason, g.until = 0, "", time.Time{}
}

// fail stops everybody for at least a time; 0 is what the backoff says.
func (g *gate) fail(reason string, atLeast time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := fibonacco.RealTime()
	if now.Before(g.until) && atLeast <= g.until.Sub(now) {
		return // the same failure, seen by another
	}
	g.fails++
	pause := g.backoff.First << min(g.fails-1, 20)
	if pause > g.backoff.Most || pause <= 0 {
		pause = g.backoff.Most
	}
	pause = max(atLeast, time.Duration(float64(pause)*(0.75+rand.Float64()/2)))
	g.until, g.reason = now.Add(pause), reason
	g.log.Warn("the voicemail provider takes nothing", "provider", g.name, "reason", reason, "next_try_in", pause.Round(time.Millisecond))
}

// ready is nil when a request could be made now.
func (g *gate) ready() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.until.Sub(fibonacco.RealTime())
	if left <= 0 {
		return nil
	}
	return fibonacco.Errorf(fibonacco.Unavailable, "%s, next try in %d s", g.reason, max(1, int(left.Round(time.Second)/time.Second)))
}
