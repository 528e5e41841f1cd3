package smtp

import (
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// These tests look at gate and pace from within: what they decide shows outside only after minutes.

func newTestGate(lanes int) *gate {
	backoff := Backoff{First: time.Second, Most: time.Minute}
	return newGate(lanes, backoff, slog.New(slog.NewTextHandler(io.Discard, nil)))
}

// TestScout: one lane goes first, the others follow when the server has dealt with its mail.
func TestScout(t *testing.T) {
	t.Parallel()
	g := newTestGate(2)
	scout, other := &lane{}, &lane{}
	if wait, dialFirst, _ := g.admit(scout); wait != 0 || dialFirst {
		t.Errorf("the first waits %v, dials first: %t", wait, dialFirst)
	}
	wait, _, changed := g.admit(other)
	if wait != forever || g.mayDial(other) || !g.mayDial(scout) {
		t.Error("the second does not wait")
	}
	g.connected()
	g.works()
	<-changed
	if wait, _, _ := g.admit(other); wait != 0 || !g.free.Load() {
		t.Errorf("the second waits %v", wait)
	}
	g.rest(other) // had nothing to do
	if g.state != working {
		t.Error("the server is forgotten although there is a connection")
	}
	g.disconnected()
	g.rest(scout)
	if g.state != untried || g.free.Load() || g.seats != 0 {
		t.Error("nobody is connected, and the server counts as working")
	}
}

// TestManyFailuresAreOne: lanes that see the same failure do not double the pause each.
func TestManyFailuresAreOne(t *testing.T) {
	t.Parallel()
	g := newTestGate(4)
	for range 4 {
		g.fail("gone")
	}
	if g.fails != 1 || g.wait > 1250*time.Millisecond {
		t.Errorf("%d failures, a pause of %v", g.fails, g.wait)
	}
}

// TestScoutCannotDial: when the lane that goes first fails, everybody waits, whoever is still
// connected.
func TestScoutCannotDial(t *testing.T) {
	t.Parallel()
	g := newTestGate(4)
	g.connected() // a connection from before
	g.latest.Store(fibonacco.RealTime().UnixNano())
	scout := &lane{}
	g.admit(scout)
	g.failDial(scout, "refused")
	if g.state != broken || g.width != 4 {
		t.Errorf("state %d, width %d", g.state, g.width)
	}
}

// TestNarrow: a server that takes only some connections gets as many; later we try more.
func TestNarrow(t *testing.T) {
	t.Parallel()
	g := newTestGate(10)
	lanes := make([]*lane, 10)
	for i := range lanes {
		lanes[i] = &lane{}
	}
	now := fibonacco.RealTime()
	g.admit(lanes[0])
	g.connected()
	g.accept(now)
	for _, l := range lanes {
		g.admit(l)
	}
	g.connected()
	for _, l := range lanes[2:] {
		g.failDial(l, "421")
	}
	if g.width != 2 || g.seats != 2 || g.state != working || g.free.Load() {
		t.Fatalf("width %d, %d seats", g.width, g.seats)
	}
	if wait, _, _ := g.admit(lanes[5]); wait != forever {
		t.Error("a third lane is let in")
	}
	g.tick(now.Add(5 * time.Second))
	if g.width != 2 {
		t.Errorf("width %d after 5 s", g.width)
	}
	for i, width := range []int{4, 8, 10} {
		g.tick(now.Add(time.Duration(i+1) * 11 * time.Second))
		if g.width != width {
			t.Errorf("width %d, want %d", g.width, width)
		}
		if wait, dialFirst, _ := g.admit(lanes[5]); wait != 0 || dialFirst != (width < 10) {
			t.Errorf("width %d: waits %v, dials first: %t", width, wait, dialFirst)
		}
	}
	if !g.free.Load() {
		t.Error("not free again")
	}
	// But when nobody gets through any more, it is the server that is gone.
	g.latest.Store(now.Add(-2 * time.Second).UnixNano())
	g.failDial(lanes[9], "refused")
	if g.state != broken {
		t.Error("still working")
	}
}

// TestFailuresAreForgotten: a quiet time after them, the next one counts as the first.
func TestFailuresAreForgotten(t *testing.T) {
	t.Parallel()
	g := newTestGate(1)
	l := &lane{}
	for range 3 {
		g.fail("gone")
		g.until = fibonacco.RealTime() // as if the pause was over
		g.admit(l)
	}
	g.works()
	if g.fails != 3 || g.state != working {
		t.Fatalf("%d failures, state %d", g.fails, g.state)
	}
	g.tick(g.until.Add(g.wait))
	if g.fails != 3 {
		t.Error("forgotten too soon")
	}
	g.tick(g.until.Add(2*g.wait + 11*time.Second))
	if g.fails != 0 {
		t.Errorf("%d failures", g.fails)
	}
}

// TestPace: complaints halve the speed that was, and it comes back.
func TestPace(t *testing.T) {
	t.Parallel()
	p := pace{backoff: Backoff{First: time.Second, Most: 4 * time.Second}}
	now, accepted := fibonacco.RealTime(), int64(0)
	second := func(n int64) { // one second in which n mails are accepted
		for range 4 {
			now, accepted = now.Add(250*time.Millisecond), accepted+n/4
			p.tick(now, accepted)
		}
	}
	for range 10 {
		second(1000)
	}
	for range 3 {
		if p.ask(now) != 0 {
			t.Error("there is a limit without a complaint")
		}
	}
	if !p.slow(now, accepted) || p.rate < 450 || p.rate > 550 {
		t.Fatalf("after a complaint at 1000/s: %v/s", p.rate)
	}
	if wait := p.ask(now); wait < 750*time.Millisecond || wait > 1250*time.Millisecond {
		t.Errorf("it pauses for %v", wait)
	}
	if p.slow(now.Add(100*time.Millisecond), accepted) {
		t.Error("what was on its way counts again")
	}
	first := p.pause
	now = now.Add(2 * time.Second)
	if p.ask(now) != 0 {
		t.Error("no mail after the pause")
	}
	if wait := p.ask(now); wait < time.Millisecond || wait > 3*time.Millisecond {
		t.Errorf("the next mail after %v, want a five-hundredth of a second", wait)
	}
	if !p.slow(now, accepted) || p.rate > 275 || p.pause < first*9/8 {
		t.Errorf("a second complaint: %v/s, a pause of %v", p.rate, p.pause)
	}
	before := p.rate
	now = now.Add(5 * time.Second)
	p.tick(now, accepted)
	second(200)
	if p.rate < before*1.02 || p.rate > before*1.6 {
		t.Errorf("a second later %v/s, before %v/s", p.rate, before)
	}
	n := 0
	for ; p.rate > 0 && n < 200; n++ {
		second(int64(p.rate))
	}
	if n < 20 || n > 90 {
		t.Errorf("the limit was gone after %d s", n)
	}
	second(1000)
	if !p.slow(now, accepted) || p.pause > 1250*time.Millisecond {
		t.Errorf("a complaint long after pauses for %v", p.pause)
	}
}

// TestPaceFromRest: a complaint before anything was measured leaves a little.
func TestPaceFromRest(t *testing.T) {
	t.Parallel()
	p := pace{backoff: Backoff{First: time.Second, Most: time.Minute}}
	if p.slow(fibonacco.RealTime(), 0); p.rate != 1 {
		t.Errorf("%v/s", p.rate)
	}
}
