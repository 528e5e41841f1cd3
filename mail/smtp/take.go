package smtp

import (
	"time"

	"github.com/fibonacco/fibonacco"
)

// next waits for a mail, with nothing on the wire. It returns nil when the channel is closed or
// the context has ended.
func (l *lane) next() *item {
	if l.conn != nil {
		l.idle.Reset(l.relay.timeouts.Idle)
	}
	for {
		if l.run.ctx.Err() != nil {
			return nil
		}
		var mails <-chan *fibonacco.Mail
		var woken <-chan time.Time
		wait, changed := l.mayTake()
		if wait == 0 {
			mails = l.run.mails
		} else {
			l.wake.Reset(wait)
			woken = l.wake.C
		}
		select {
		case mail, open := <-mails:
			if !open {
				l.run.drain()
				return nil
			}
			if it := l.take(mail, &l.items[0]); it != nil {
				l.refresh()
				return it
			}
		case <-changed:
		case <-woken:
		case <-l.idle.C:
			l.quit()
			l.gate.rest(l)
		case <-l.run.drained:
			return nil
		case <-l.run.ctx.Done():
			return nil
		}
	}
}

// mayTake asks the limiter and the gate whether the lane may take a mail. It returns 0 when it may,
// else how long to wait at most before asking again.
func (l *lane) mayTake() (wait time.Duration, changed <-chan struct{}) {
	if wait := l.budget(); wait > 0 {
		return wait, nil
	}
	wait, dialFirst, changed := l.gate.admit(l)
	if wait == 0 && dialFirst {
		if l.connect(nil) {
			l.idle.Reset(l.relay.timeouts.Idle)
		} else {
			wait = time.Millisecond // the gate knows how long
		}
	}
	if wait > 0 && l.lastMailGone() {
		l.run.drain()
	}
	return wait, changed
}

// lastMailGone reports, while nothing may be taken, whether nothing will ever come: the channel is
// empty and closed. Looking at a channel without a buffer would take a mail from its sender.
func (l *lane) lastMailGone() bool {
	if cap(l.run.mails) == 0 || len(l.run.mails) > 0 {
		return false
	}
	select {
	case mail, open := <-l.run.mails:
		if open { // it came just now
			l.run.done(mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the mail server does not take mail"})
		}
		return !open
	default:
		return false
	}
}

// nextNow is next for a lane that has something on the wire: it takes what is there, or nothing.
func (l *lane) nextNow(current *item) *item {
	slot := &l.items[0]
	if slot == current {
		slot = &l.items[1]
	}
	for l.granted() {
		if l.run.stopping() || l.conn.worn() || !l.gate.admitNow() {
			return nil
		}
		select {
		case mail, open := <-l.run.mails:
			if !open {
				l.run.drain()
				return nil
			}
			if it := l.take(mail, slot); it != nil && l.fits(it) {
				return it
			}
		default:
			return nil
		}
	}
	return nil
}

// budget makes sure that the limiters have granted a mail. It asks for a tenth of a second's share of
// this lane at a time, so that asking is rare and a lane that falls idle wastes little.
func (l *lane) budget() time.Duration {
	for i, b := range l.relay.budgets {
		if l.pockets[i] > 0 {
			continue
		}
		n := min(max(int(b.perSecond)/(10*b.lanes), 1), 100)
		if wait := b.limiter.Take(l.run.ctx, b.key, b.perSecond, n); wait > 0 {
			return wait
		}
		l.pockets[i] = n
	}
	return 0
}

// granted reports whether the limiters have granted a mail already.
func (l *lane) granted() bool {
	for i := range l.relay.budgets {
		if l.pockets[i] <= 0 {
			return false
		}
	}
	return true
}

// take prepares a mail for the wire, in it. It returns nil when the mail can never go, after saying
// so.
func (l *lane) take(mail *fibonacco.Mail, it *item) *item {
	for i := range l.relay.budgets {
		l.pockets[i]--
	}
	if l.run.taken != nil {
		l.run.taken()
	}
	*it = item{mail: mail, message: mail.Message}
	var err error
	refuse := func(reason string) *item {
		l.run.done(mail, fibonacco.Handover{Result: fibonacco.Refused, Reason: reason})
		return nil
	}
	if it.to, it.utf8, err = envelopeAddress(mail.To); err != nil {
		return refuse("the recipient " + err.Error())
	}
	if mail.From != "" { // "" is the null sender
		var utf8 bool
		if it.from, utf8, err = envelopeAddress(mail.From); err != nil {
			return refuse("the sender " + err.Error())
		}
		it.utf8 = it.utf8 || utf8
	}
	if l.relay.signer != nil {
		if it.message, err = l.relay.signer.Sign(mail.Message); err != nil {
			return refuse("the message cannot be signed: " + clean(err.Error()))
		}
	}
	return it
}

// fits reports whether the server can take a mail at all, and refuses it otherwise.
func (l *lane) fits(it *item) bool {
	reason := ""
	switch ext := &l.conn.ext; {
	case ext.maxSize > 0 && len(it.message) > ext.maxSize:
		reason = "the message is larger than the server takes"
	case it.utf8 && !ext.smtputf8:
		reason = "the server does not take addresses beyond ASCII"
	default:
		return true
	}
	l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.Refused, Reason: reason})
	return false
}
