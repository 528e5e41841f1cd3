package domains

import (
	"context"
	"time"

	"github.com/fibonacco/fibonacco"
)

// run is one Run of a Mailer.
type run struct {
	m     *Mailer
	ctx   context.Context
	mails <-chan *fibonacco.Mail // nil when it was found closed
	done  func(*fibonacco.Mail, fibonacco.Handover)
	out   chan *fibonacco.Mail // to the mailer behind
	freed chan struct{}        // has one when a domain may take more
	held  int                  // mails that wait here
}

// loop passes mails on until the channel is closed and nothing waits, or the context has ended.
func (r *run) loop() {
	for r.ctx.Err() == nil {
		mail, wait := r.release()
		if mail == nil {
			if r.mails == nil && r.held == 0 {
				return
			}
			if mail = r.receive(wait); mail == nil {
				continue
			}
			if mail = r.admit(mail); mail == nil {
				continue
			}
		}
		select {
		case r.out <- mail:
		case <-r.ctx.Done():
			r.settle(mail, fibonacco.Handover{Result: fibonacco.NotTried})
		}
	}
}

// release is a mail that has waited and may go now, or nil and how long to wait at most.
func (r *run) release() (*fibonacco.Mail, time.Duration) {
	wait := time.Hour
	if r.held == 0 {
		return nil, wait
	}
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	now := fibonacco.RealTime()
	for _, d := range r.m.domains {
		if len(d.waiting) == 0 {
			continue
		}
		d.recover(now, r.m.o.Pause)
		left := d.ask(r.ctx, r.m.o.Limiter, now)
		if left > 0 {
			wait = min(wait, left)
			continue
		}
		mail := d.waiting[0]
		d.waiting = d.waiting[1:]
		r.held--
		return mail, 0
	}
	return nil, wait
}

// receive is the next mail, or nil when something else has happened.
func (r *run) receive(wait time.Duration) *fibonacco.Mail {
	mails := r.mails
	if r.held >= most {
		mails = nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case mail, open := <-mails:
		if !open {
			r.mails = nil
		}
		return mail
	case <-r.freed:
	case <-timer.C:
	case <-r.ctx.Done():
	}
	return nil
}

// admit returns a mail that may go now. Another waits, or is sent back.
func (r *run) admit(mail *fibonacco.Mail) *fibonacco.Mail {
	r.m.mu.Lock()
	d := r.m.find(mail.To)
	if d == nil {
		r.m.mu.Unlock()
		return mail
	}
	now := fibonacco.RealTime()
	if d.recover(now, r.m.o.Pause) && d.passing && len(d.waiting) == 0 {
		delete(r.m.domains, d.name)
		r.m.mu.Unlock()
		return mail
	}
	if len(d.waiting) == 0 && d.ask(r.ctx, r.m.o.Limiter, now) == 0 {
		r.m.mu.Unlock()
		return mail
	}
	if d.room(now) {
		d.waiting = append(d.waiting, mail)
		r.held++
		r.m.mu.Unlock()
		return nil
	}
	away := d.book(now, r.m.speeds.of(d.name, now))
	r.m.mu.Unlock()
	r.done(mail, fibonacco.Handover{
		Result: fibonacco.NotTried, After: away, Reason: "waits its turn: " + d.name + " takes no more mails now",
	})
	return nil
}

// settle takes the mailer's result.
func (r *run) settle(mail *fibonacco.Mail, h fibonacco.Handover) {
	r.m.mu.Lock()
	now := fibonacco.RealTime()
	if h.Result == fibonacco.Accepted {
		r.m.speeds.count(domainOf(mail.To), now)
	}
	if h.Slower {
		r.m.slow(mail.To, h.Reason, now)
	}
	if d := r.m.find(mail.To); d != nil {
		d.active = max(d.active-1, 0)
		if h.Slower && h.Result == fibonacco.NotTried && h.After == 0 {
			h.After = d.book(now, r.m.speeds.of(d.name, now))
		}
	}
	r.m.mu.Unlock()
	select {
	case r.freed <- struct{}{}:
	default:
	}
	r.done(mail, h)
}

// takeWaiting is what waits when Run ends.
func (r *run) takeWaiting() (all []*fibonacco.Mail) {
	r.m.mu.Lock()
	defer r.m.mu.Unlock()
	for _, d := range r.m.domains {
		all = append(all, d.waiting...)
		d.waiting = nil
	}
	return all
}
