package smtp

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// ready is nil when a mail could be taken now, or as soon as the server is tried.
func (g *gate) ready() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := fibonacco.RealTime()
	if left := g.until.Sub(now); g.state == broken && left > 0 {
		return unavailable(g.reason, left)
	}
	if left := g.pace.until.Sub(now); left > 0 {
		return unavailable(g.reason, left)
	}
	return nil
}

func unavailable(reason string, left time.Duration) error {
	seconds := max(1, int(left.Round(time.Second)/time.Second))
	return fibonacco.Errorf(fibonacco.Unavailable, "%s, next try in %d s", reason, seconds)
}

// standing says whether mail may be given to the server: it is not away, or back already. proven is
// false when it has not taken any since it was last tried.
func (g *gate) standing() (up, proven bool) {
	if g.free.Load() {
		return true, true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	now := fibonacco.RealTime()
	away := g.state == broken && now.Before(g.until) || g.unreached && g.live == 0 || now.Before(g.pace.until)
	return !away, g.state == working
}
