package smtp

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fibonacco/fibonacco"
)

// relay is one server and what has been learnt about it, which stays from one Run to the next.
type relay struct {
	server   server
	helo     string
	tls      *tls.Config
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	timeouts Timeouts
	signer   Signer
	budgets  []budget
	domains  bool    // complaints may be about one domain
	tokens   *tokens // nil unless the server wants XOAUTH2

	gate *gate
}

// budget is a rate that the lanes of a relay keep to, with all nodes and, maybe, other relays.
type budget struct {
	limiter   fibonacco.Limiter
	key       string
	perSecond float64
	lanes     int // that live on it, in this process
}

func newRelay(s server, o Options) *relay {
	r := &relay{
		server: s, helo: heloName(o.HELO), tls: o.TLS, dial: o.Dial, timeouts: o.Timeouts.orDefaults(), signer: o.Signer, domains: o.PerDomain,
		gate: newGate(s.connections, o.Backoff.orDefaults(), cmp.Or(o.Logger, slog.Default()).With("server", s.addr)),
	}
	if r.tls == nil {
		r.tls = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if r.dial == nil {
		r.dial = new(net.Dialer).DialContext
	}
	if s.perSecond > 0 {
		r.budgets = append(r.budgets, budget{o.Limiter, o.LimitKey + ":" + s.account(), s.perSecond, s.connections})
	}
	if s.auth == authXOAUTH2 {
		r.tokens = newTokens(s, r.timeouts.Connect)
	}
	return r
}

// account names a login at a server to other nodes, without saying who it is.
func (s server) account() string {
	sum := sha256.Sum256([]byte(s.user + "@" + s.addr))
	return hex.EncodeToString(sum[:6])
}

// check connects, encrypts and logs in, on a connection of its own.
func (m *relay) check(ctx context.Context) error {
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

// carry hands over what arrives on mails until the channel is closed or ctx ends. taken is told,
// unless it is nil, each time that a mail was taken.
func (m *relay) carry(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog,
	done func(*fibonacco.Mail, fibonacco.Handover), taken func(),
) {
	r := &run{
		relay: m, ctx: ctx, mails: mails, flight: flight, done: done, taken: taken,
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

// run is what the lanes of one relay share from start to end.
type run struct {
	relay  *relay
	ctx    context.Context
	mails  <-chan *fibonacco.Mail
	flight fibonacco.FlightLog
	done   func(*fibonacco.Mail, fibonacco.Handover)
	taken  func() // nil when nobody wants to know

	drained chan struct{} // closed when mails was found closed
	once    sync.Once
	ending  atomic.Int64 // Unix nanoseconds after which nothing is waited for; 0 before ctx ends

	mu    sync.Mutex
	conns map[*conn]struct{}
}

// stop is called when the context has ended: nothing is taken any more, and what is on the wire
// has a last deadline.
func (r *run) stop() {
	end := fibonacco.RealTime().Add(r.relay.timeouts.Grace)
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
	r.relay.gate.connected()
}

func (r *run) remove(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	r.relay.gate.disconnected()
}

func (r *run) tick(ended <-chan struct{}) {
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			r.relay.gate.tick(fibonacco.RealTime())
		case <-ended:
			return
		}
	}
}
