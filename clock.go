package fibonacco

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits. Everything that needs "now" is handed one; this file is the
// only place that asks the machine (D6).
type Clock interface {
	// Now is the current time, in UTC, to the microsecond: what both databases can store.
	Now() time.Time
	// Sleep waits for d of this clock's time, or until ctx ends, and returns ctx's error then.
	Sleep(ctx context.Context, d time.Duration) error
}

// SystemClock is the machine's own clock.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// Sleep implements Clock.
func (SystemClock) Sleep(ctx context.Context, d time.Duration) error { return sleep(ctx, d) }

// ClockAnchor ties virtual time to real time: at Real it was Virtual, and since then Scale
// virtual seconds pass per real second. Scale 0 means the clock stands still.
type ClockAnchor struct {
	Real    time.Time `json:"real"`
	Virtual time.Time `json:"virtual"`
	Scale   float64   `json:"scale"`
}

// At is the virtual time at a real moment. It never runs backwards: before the anchor it is
// the anchor.
func (a ClockAnchor) At(real time.Time) time.Time {
	passed := max(real.Sub(a.Real), 0)
	return a.Virtual.Add(time.Duration(float64(passed) * a.Scale)).UTC().Truncate(time.Microsecond)
}

// Lasting is how far a clock goes on while the machine's goes on by d: for leases and the like, which
// bound real work but are stored on the product's clock. On a clock that runs fast, half an hour of its
// own is over before a mail is handed over.
func Lasting(c Clock, d time.Duration) time.Duration {
	if v, ok := c.(interface{ Anchor() ClockAnchor }); ok {
		if scale := v.Anchor().Scale; scale > 1 {
			return time.Duration(float64(d) * scale)
		}
	}
	return d
}

// ScaledClock runs Scale times as fast as the machine's clock, from an anchor. The database
// remembers the anchor, so a restart goes on where the clock would be now and never jumps
// back. Safe for concurrent use.
type ScaledClock struct {
	mu     sync.RWMutex
	anchor ClockAnchor
}

// NewScaledClock starts from an anchor.
func NewScaledClock(anchor ClockAnchor) *ScaledClock { return &ScaledClock{anchor: anchor} }

// Now implements Clock.
func (c *ScaledClock) Now() time.Time { return c.Anchor().At(SystemClock{}.Now()) }

// Anchor is the anchor in force.
func (c *ScaledClock) Anchor() ClockAnchor {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.anchor
}

// SetScale changes the speed from now on and returns the new anchor, to be remembered.
// 0 pauses; negative counts as 0.
func (c *ScaledClock) SetScale(scale float64) ClockAnchor {
	real := SystemClock{}.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.anchor = ClockAnchor{Real: real, Virtual: c.anchor.At(real), Scale: max(scale, 0)}
	return c.anchor
}

// Sleep implements Clock. It looks at the scale again every 50 ms, so that a change of speed
// or a pause takes effect while it waits.
func (c *ScaledClock) Sleep(ctx context.Context, d time.Duration) error {
	until := c.Now().Add(d)
	for {
		left := until.Sub(c.Now())
		if left <= 0 {
			return ctx.Err()
		}
		real := 50 * time.Millisecond
		if scale := c.Anchor().Scale; scale > 0 {
			real = min(real, time.Duration(float64(left)/scale)+time.Millisecond)
		}
		if err := sleep(ctx, real); err != nil {
			return err
		}
	}
}

// FakeClock stands still until told otherwise. For tests. Safe for concurrent use.
type FakeClock struct {
	mu  sync.Mutex
	now time.Time
}

// NewFakeClock starts at t.
func NewFakeClock(t time.Time) *FakeClock { return &FakeClock{now: t.UTC()} }

// Now implements Clock.
func (c *FakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t, forwards or backwards.
func (c *FakeClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC()
}

// Advance moves the clock on by d.
func (c *FakeClock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Sleep implements Clock: it moves the clock on by d at once.
func (c *FakeClock) Sleep(ctx context.Context, d time.Duration) error {
	c.Advance(d)
	return ctx.Err()
}

// RealTime is the machine's clock for durations that have nothing to do with the programme:
// network time-outs, rates per second, rows per second, heartbeats. It is monotonic.
func RealTime() time.Time { return time.Now() }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ClockControl changes the speed of a virtual clock while it runs, and remembers it.
type ClockControl interface {
	Anchor() ClockAnchor
	// SetScale is virtual seconds per real second from now on; 0 pauses.
	SetScale(ctx context.Context, scale float64) error
}
