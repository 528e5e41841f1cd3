package ses

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"

	"github.com/fibonacco/fibonacco"
)

// Mailer is a fibonacco.Mailer over Amazon SES. What it learns about the account stays with it
// from one Run to the next.
type Mailer struct {
	o     Options
	api   *sesv2.Client
	gate  *gate
	quota *quota
}

var _ fibonacco.Mailer = (*Mailer)(nil)

// Name implements fibonacco.Mailer.
func (m *Mailer) Name() string { return "ses" }

// Ready implements fibonacco.Mailer. It talks to nobody; see Check.
func (m *Mailer) Ready() error { return m.gate.ready() }

// grace is how long requests under way may still take when Run is told to end.
const grace = 5 * time.Second

// Run implements fibonacco.Mailer.
func (m *Mailer) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	requests, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-timer.C:
			cut()
		case <-requests.Done():
		}
	})
	defer stop()
	r := &run{m: m, ctx: ctx, requests: requests, mails: mails, flight: flight, done: done, drained: make(chan struct{})}
	first, enough := context.WithTimeout(ctx, firstQuota)
	m.refresh(first)
	enough()
	var lanes sync.WaitGroup
	for range m.o.Connections {
		lanes.Go(r.lane)
	}
	lanes.Wait()
}

// firstQuota is how long sending waits for the quota before it begins without.
const firstQuota = 5 * time.Second

// run is what the lanes of one Run share.
type run struct {
	m        *Mailer
	ctx      context.Context // ends: take no more
	requests context.Context // ends a while later: give up what is on the wire
	mails    <-chan *fibonacco.Mail
	flight   fibonacco.FlightLog
	done     func(*fibonacco.Mail, fibonacco.Handover)

	once    sync.Once
	drained chan struct{} // closed when mails was found closed
}

// lane hands over one mail after another.
func (r *run) lane() {
	for {
		r.m.refresh(r.ctx)
		scout, ok := r.m.gate.pass(r.ctx, r.drained)
		if !ok {
			return
		}
		mail, ok := r.take()
		if !ok {
			if scout {
				r.m.gate.leave()
			}
			return
		}
		if err := r.slot(); err != nil {
			if scout {
				r.m.gate.leave()
			}
			r.done(mail, fibonacco.Handover{Result: fibonacco.NotTried})
			return
		}
		h, failed, pause := r.m.send(r.requests, mail, r.flight)
		switch {
		case failed != "":
			r.m.gate.fail(failed, pause)
		case h.Result == fibonacco.NotTried && scout:
			r.m.gate.leave()
		case h.Result != fibonacco.NotTried:
			r.m.gate.works()
		}
		if h.Result == fibonacco.Accepted {
			r.m.quota.count()
		}
		r.done(mail, h)
	}
}

func (r *run) take() (*fibonacco.Mail, bool) {
	if r.ctx.Err() != nil {
		return nil, false
	}
	select {
	case mail, open := <-r.mails:
		if !open {
			r.once.Do(func() { close(r.drained) })
		}
		return mail, open
	case <-r.drained:
		return nil, false
	case <-r.ctx.Done():
		return nil, false
	}
}

// slot waits for this mail's share of the account's rate.
func (r *run) slot() error {
	for {
		rate := r.m.quota.perSecond()
		if rate <= 0 {
			return nil
		}
		wait := r.m.o.Limiter.Take(r.ctx, r.m.o.LimitKey, rate, 1)
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-r.ctx.Done():
			timer.Stop()
			return errStopped
		}
	}
}
