package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Mailer is a fibonacco.Mailer over one SMTP server. What it learns about the server stays with it
// from one Run to the next.
type Mailer struct {
	server   server
	helo     string
	tls      *tls.Config
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	timeouts Timeouts
	signer   Signer

	limiter   fibonacco.Limiter
	limitKey  string
	perSecond float64

	gate *gate
}

var _ fibonacco.Mailer = (*Mailer)(nil)

// New checks the options. It does not connect. It returns Invalid when an option is wrong.
func New(o Options) (*Mailer, error) {
	s, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.PerSecond < 0 || (o.PerSecond > 0 && o.Limiter == nil) {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "a limit of mails per second must be positive and needs a limiter")
	}
	m := &Mailer{
		server: s, helo: heloName(o.HELO), tls: o.TLS, dial: o.Dial, timeouts: o.Timeouts.orDefaults(), signer: o.Signer,
		limitKey: cmp.Or(o.LimitKey, "smtp"), perSecond: o.PerSecond,
		gate: newGate(s.connections, o.Backoff.orDefaults(), cmp.Or(o.Logger, slog.Default())),
	}
	if m.tls == nil {
		m.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if m.dial == nil {
		m.dial = new(net.Dialer).DialContext
	}
	if o.PerSecond > 0 {
		m.limiter = o.Limiter
	}
	return m, nil
}

// Name implements fibonacco.Mailer.
func (m *Mailer) Name() string { return "smtp" }

// Ready implements fibonacco.Mailer. It talks to nobody; see Check.
func (m *Mailer) Ready() error { return m.gate.ready() }

// Check connects, encrypts and logs in, on a connection of its own. It returns Unavailable and
// what the server said when that fails.
func (m *Mailer) Check(ctx context.Context) error {
	c, err := m.connect(ctx, newBuffers())
	if err == nil {
		if err = c.ask("NOOP", "NOOP", 2); err == nil {
			c.bye()
			return nil
		}
		c.nc.Close()
	}
	unavailable := fibonacco.Errorf(fibonacco.Unavailable, "the mail server at %s does not take mail: %s",
		m.server.addr, explain(err))
	unavailable.Err = err
	return unavailable
}

// Run implements fibonacco.Mailer. A mail of which nothing has left when a connection breaks starts
// over on a new one, if that can be had at once; else it is reported NotTried. Give mails a buffer:
// without one lanes rarely find the next mail at hand, and while the server is away it cannot be
// seen whether the channel was closed.
func (m *Mailer) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog,
	done func(*fibonacco.Mail, fibonacco.Handover),
) {
	r := &run{
		mailer: m, ctx: ctx, mails: mails, flight: flight, done: done,
		drained: make(chan struct{}), conns: map[*conn]struct{}{},
	}
	stop := context.AfterFunc(ctx, r.stop)
	defer stop()
	ended := make(chan struct{})
	var lanes, ticker sync.WaitGroup
	ticker.Go(func() { r.tick(ended) })
	for range m.server.connections {
		lanes.Go(newLane(r).loop)
	}
	lanes.Wait()
	close(ended)
	ticker.Wait()
}

// run is what the lanes of one Run share.
type run struct {
	mailer *Mailer
	ctx    context.Context
	mails  <-chan *fibonacco.Mail
	flight fibonacco.FlightLog
	done   func(*fibonacco.Mail, fibonacco.Handover)

	drained chan struct{} // closed when mails was found closed
	once    sync.Once
	ending  atomic.Int64 // Unix nanoseconds after which nothing is waited for; 0 before ctx ends

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// stop is called when the context has ended: nothing is taken any more, and what is on the wire
// has a last deadline.
func (r *run) stop() {
	end := fibonacco.RealTime().Add(r.mailer.timeouts.Grace)
	r.ending.Store(end.UnixNano())
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		setDeadline(c.nc, end)
	}
}

func (r *run) stopping() bool { return r.ending.Load() != 0 }

// end is the last deadline, zero before there is one. stop stores it before it touches the
// connections, and conn.deadline reads it after it has: so it holds whichever comes first.
func (r *run) end() (t time.Time) {
	if ns := r.ending.Load(); ns != 0 {
		t = time.Unix(0, ns)
	}
	return t
}

func (r *run) drain() { r.once.Do(func() { close(r.drained) }) }

// add takes a new connection under the last deadline.
func (r *run) add(c *conn) {
	c.end = r.end
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	r.mailer.gate.connected()
}

func (r *run) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.mailer.gate.disconnected()
}

func (r *run) tick(ended <-chan struct{}) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.mailer.gate.tick(fibonacco.RealTime())
		case <-ended:
			return
		}
	}
}
