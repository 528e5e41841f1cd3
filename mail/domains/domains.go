// Package domains keeps a mailer to what the recipients' domains take: so many mails at once and a
// second, as the settings say, and less where a domain asks for it. Others are not held up.
//
// What a domain cannot take now waits here for a second at most; what would wait longer goes back to
// the sender as NotTried, with the time after which its turn may come (Handover.After).
package domains

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Options say what domains take.
type Options struct {
	Limits  map[string]fibonacco.DomainLimit // by domain in lower case
	Limiter fibonacco.Limiter                // shares rates with the other nodes; required

	// What a domain that asks for less gets: nothing for Pause, doubled with each complaint up to
	// MostPause; then half of its speed, which grows by a twentieth in each Pause.
	Pause, MostPause time.Duration // 0 is 5 s and 5 min

	Logger *slog.Logger // nil is slog.Default()
}

// Mailer is a fibonacco.Mailer in front of another.
type Mailer struct {
	inner fibonacco.Mailer
	o     Options

	mu      sync.Mutex
	domains map[string]*domain
	speeds  speeds
}

var _ fibonacco.Mailer = (*Mailer)(nil)

// New puts limits in front of a mailer.
func New(inner fibonacco.Mailer, o Options) *Mailer {
	if o.Pause <= 0 {
		o.Pause = 5 * time.Second
	}
	if o.MostPause <= 0 {
		o.MostPause = 5 * time.Minute
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	m := &Mailer{inner: inner, o: o, domains: map[string]*domain{}}
	for name, limit := range o.Limits {
		m.domains[name] = &domain{name: name, limit: limit}
	}
	return m
}

// Name implements fibonacco.Mailer.
func (m *Mailer) Name() string { return m.inner.Name() }

// Ready implements fibonacco.Mailer.
func (m *Mailer) Ready() error { return m.inner.Ready() }

// Check implements fibonacco.Mailer.
func (m *Mailer) Check(ctx context.Context) error { return m.inner.Check(ctx) }

// most is how many mails wait here, over all domains, and handed how many wait for the mailer.
const most, handed = 256, 32

// Run implements fibonacco.Mailer.
func (m *Mailer) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	r := &run{m: m, ctx: ctx, mails: mails, done: done, out: make(chan *fibonacco.Mail, handed), freed: make(chan struct{}, 1)}
	var inner sync.WaitGroup
	inner.Go(func() { m.inner.Run(ctx, r.out, flight, r.settle) })
	r.loop()
	close(r.out)
	inner.Wait()
	for mail := range r.out {
		r.settle(mail, fibonacco.Handover{Result: fibonacco.NotTried})
	}
	for _, mail := range r.takeWaiting() {
		done(mail, fibonacco.Handover{Result: fibonacco.NotTried})
	}
}

// find is what is known of a recipient's domain; nil when it has no limit and has not complained.
// The caller holds mu.
func (m *Mailer) find(to string) *domain { return m.domains[domainOf(to)] }

func domainOf(to string) string {
	return strings.TrimSuffix(strings.ToLower(to[strings.LastIndexByte(to, '@')+1:]), ".")
}

// slow notes a complaint.
func (m *Mailer) slow(to, reason string, now time.Time) {
	d := m.find(to)
	if d == nil {
		d = &domain{name: domainOf(to), passing: true, active: 1}
		m.domains[d.name] = d
	}
	if d.slow(now, m.speeds.of(d.name, now), m.o.Pause, m.o.MostPause) {
		m.o.Logger.Warn("a domain asks for less", "domain", d.name, "reason", reason,
			"pause", d.pause.Round(time.Millisecond), "per_second", d.slowed)
	}
}
