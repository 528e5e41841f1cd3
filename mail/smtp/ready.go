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
