package smtp

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
)

// forever is longer than any wait here; a change of the gate ends it.
const forever = time.Hour

// state is how the server has answered lately.
type state int

const (
	untried state = iota // nothing known: one lane goes first
	working
	broken // nothing is tried before gate.until; then one lane goes first
)

// gate decides when a lane may take a mail and when it may connect. It belongs to the Mailer, so
// that what was learnt survives one Run. The fast path is one atomic load.
//
// After a failure nobody takes mail for a while (broken). Then one lane, the scout, connects
// without a mail in hand, takes one, and when the server takes it, or refuses it for its own sake,
// the others follow.
type gate struct {
	lanes   int
	backoff Backoff
	log     *slog.Logger

	free     atomic.Bool  // working at full width and speed
	accepted atomic.Int64 // mails, ever
	latest   atomic.Int64 // Unix nanoseconds of the last of them

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when lanes should look again
	state     state
	scout     *lane
	fails     int  // in a row; forgotten after a quiet time
	unreached bool // nobody has connected since the last failure
	wait      time.Duration
	until     time.Time
	reason    string

	seats int       // lanes that may connect or are connected
	live  int       // connections
	width int       // most seats: less than lanes when the server refused further connections
	since time.Time // when width last changed

	pace     pace
	suspects map[suspect]int64 // → accepted at the time

	complained   map[string]bool // domains that have complained of our speed since complainedAt
	complainedAt int64           // accepted at the time
}

func newGate(lanes int, backoff Backoff, log *slog.Logger) *gate {
	return &gate{
		lanes: lanes, width: lanes, backoff: backoff, log: log,
		changed: make(chan struct{}), pace: pace{backoff: backoff}, suspects: map[suspect]int64{},
	}
}

// admit asks to take a mail. It returns 0 when the lane may, else how long to wait at most before
// asking again; a close of changed says to ask again at once. dialFirst tells a lane without a
// connection to connect before it takes a mail: the server may not be there.
func (g *gate) admit(l *lane) (wait time.Duration, dialFirst bool, changed <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := fibonacco.RealTime()
	if g.state == broken {
		if left := g.until.Sub(now); left > 0 {
			return left, false, g.changed
		}
		g.state, g.scout = untried, nil
	}
	if !g.sit(l) || (g.state == untried && !g.goFirst(l)) {
		return forever, false, g.changed
	}
	if wait := g.pace.ask(now); wait > 0 {
		return wait, false, g.changed
	}
	return 0, l.conn == nil && (g.unreached || g.width < g.lanes), g.changed
}

// admitNow is admit for a lane that has a connection and will not wait.
func (g *gate) admitNow() bool {
	if g.free.Load() {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state == working && g.pace.ask(fibonacco.RealTime()) == 0
}

// mayDial reports whether a lane with a mail in hand should connect now.
func (g *gate) mayDial(l *lane) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state != broken && g.sit(l) && (g.state == working || g.goFirst(l))
}

func (g *gate) goFirst(l *lane) bool {
	if g.scout == nil {
		g.scout = l
	}
	return g.scout == l
}

func (g *gate) sit(l *lane) bool {
	if !l.seated && g.seats < g.width {
		l.seated = true
		g.seats++
	}
	return l.seated
}

func (g *gate) stand(l *lane) {
	if l.seated {
		l.seated = false
		g.seats--
	}
}

// connected notes a new connection.
func (g *gate) connected() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live++
	g.unreached = false
}

// disconnected notes that one is gone.
func (g *gate) disconnected() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.live--
}

// rest gives up a lane's seat, because it has nothing to do or has ended. When nobody is connected
// the server counts as untried: it may be gone when there is mail again.
func (g *gate) rest(l *lane) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stand(l)
	if g.scout == l {
		g.scout = nil
	}
	if g.live == 0 && g.state == working {
		g.state = untried
	}
	g.settle()
}

// accept notes that the server took a mail just now.
func (g *gate) accept(now time.Time) {
	g.accepted.Add(1)
	g.latest.Store(now.UnixNano())
	g.works()
}

// works notes that the server has dealt with a mail: the others may follow the scout.
func (g *gate) works() {
	if g.free.Load() {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.state != untried {
		return
	}
	if g.fails > 0 {
		g.log.Info("mail server is back", "after_failures", g.fails)
	}
	g.state, g.scout, g.reason = working, nil, ""
	g.settle()
}

// fail stops all lanes for a while.
func (g *gate) fail(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failLocked(reason)
}

func (g *gate) failLocked(reason string) {
	if g.state == broken && fibonacco.RealTime().Before(g.until) {
		return // the same failure, seen by another lane
	}
	g.fails++
	g.wait = jitter(g.backoff.after(g.fails))
	g.until = fibonacco.RealTime().Add(g.wait)
	g.state, g.scout, g.reason, g.unreached = broken, nil, reason, true
	g.width = g.lanes
	g.log.Warn("mail server does not work", "reason", reason, "next_try_in", g.wait.Round(time.Millisecond))
	g.settle()
}

// failDial notes that a lane could not connect. While others get through, the server has enough of
// us: we stay as many as we are.
func (g *gate) failDial(l *lane, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stand(l)
	now := fibonacco.RealTime()
	if g.live == 0 || g.state != working || now.Sub(time.Unix(0, g.latest.Load())) > time.Second {
		g.failLocked(reason)
		return
	}
	if g.width > g.live {
		g.width, g.since = g.live, now
		g.log.Info("mail server takes no more connections", "reason", reason, "connections", g.width)
	}
	g.settle()
}

// slow makes all lanes slow down.
func (g *gate) slow(reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.pace.slow(fibonacco.RealTime(), g.accepted.Load()) {
		g.reason = reason
		g.log.Warn("mail server asks for less", "reason", reason,
			"pause", g.pace.pause.Round(time.Millisecond), "per_second", int(g.pace.rate))
	}
	g.settle()
}

// settle tells the lanes to look again. The caller holds mu.
func (g *gate) settle() {
	g.free.Store(g.state == working && g.width == g.lanes && g.pace.rate == 0)
	close(g.changed)
	g.changed = make(chan struct{})
}

// tick is called some times a second while mail is being sent: it measures speed, and lets go of
// what failures have taught.
func (g *gate) tick(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	quicker := g.pace.tick(now, g.accepted.Load())
	quiet := now.Sub(g.until)
	if g.fails > 0 && g.state == working && quiet > 2*g.wait+10*g.backoff.First {
		g.fails = 0
	}
	wider := g.width < g.lanes && now.Sub(g.since) > 10*g.backoff.First
	if wider {
		g.width, g.since = min(2*g.width, g.lanes), now
	}
	if quicker || wider {
		g.settle()
	}
}

// jitter spreads d by a quarter up or down, so that nodes do not come back all at once.
func jitter(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2))
}
