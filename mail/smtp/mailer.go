package smtp

import (
	"cmp"
	"context"
	"errors"

	"github.com/fibonacco/fibonacco"
)

// Mailer is a fibonacco.Mailer over one SMTP server or several. What it learns about a server stays
// with it from one Run to the next.
type Mailer struct {
	relays []*relay // at least one
	budget []budget // of several servers together
}

var _ fibonacco.Mailer = (*Mailer)(nil)

// New checks the options. It does not connect. It returns Invalid when an option is wrong.
func New(o Options) (*Mailer, error) {
	servers, err := parseURLs(o.URL)
	if err != nil {
		return nil, err
	}
	limited := o.PerSecond > 0
	for _, s := range servers {
		limited = limited || s.perSecond > 0
	}
	if o.PerSecond < 0 || (limited && o.Limiter == nil) {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "a limit of mails per second must be positive and needs a limiter")
	}
	o.LimitKey = cmp.Or(o.LimitKey, "smtp")
	m := &Mailer{}
	for _, s := range servers {
		m.relays = append(m.relays, newRelay(s, o))
	}
	if o.PerSecond > 0 {
		all := budget{o.Limiter, o.LimitKey, o.PerSecond, servers[0].connections}
		if len(m.relays) == 1 {
			m.relays[0].budgets = append(m.relays[0].budgets, all)
		} else {
			m.budget = []budget{all} // taken before it is known who gets the mail
		}
	}
	return m, nil
}

// Name implements fibonacco.Mailer.
func (m *Mailer) Name() string { return "smtp" }

// Ready implements fibonacco.Mailer: it is nil when one server can be tried. It talks to nobody; see
// Check.
func (m *Mailer) Ready() error {
	var failed []error
	for _, r := range m.relays {
		err := r.gate.ready()
		if err == nil {
			return nil
		}
		failed = append(failed, err)
	}
	return together(failed)
}

// Check connects to each server, encrypts and logs in, on a connection of its own. It returns
// Unavailable, and what the servers said, when none takes mail.
func (m *Mailer) Check(ctx context.Context) error {
	var failed []error
	for _, r := range m.relays {
		if err := r.check(ctx); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) < len(m.relays) {
		return nil
	}
	return together(failed)
}

// together makes one error of those of all servers.
func together(failed []error) error {
	if len(failed) == 1 {
		return failed[0]
	}
	all := errors.Join(failed...)
	text := ""
	for _, err := range failed {
		if text != "" {
			text += "; "
		}
		text += err.Error()
	}
	return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "no mail server takes mail: " + text, Err: all}
}

// Run implements fibonacco.Mailer. A mail of which nothing has left when a connection breaks starts
// over on a new one, if that can be had at once, or with another server; else it is reported
// NotTried. Give mails a buffer: without one lanes rarely find the next mail at hand, and while the
// servers are away it cannot be seen whether the channel was closed.
func (m *Mailer) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog,
	done func(*fibonacco.Mail, fibonacco.Handover),
) {
	if len(m.relays) == 1 {
		m.relays[0].carry(ctx, mails, flight, done, nil)
		return
	}
	newSpread(ctx, m, mails, done).run(flight)
}
