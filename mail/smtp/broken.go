package smtp

import "github.com/fibonacco/fibonacco"

// seasoned is how many mails a connection must have carried for its loss to count as an accident.
const seasoned = 10

// lost deals with a connection that broke while no body was unanswered. It returns the mail (nil
// for none), of which nothing has left, when it should start over at once: the connection had
// served before, and a new one will show whether the server is there.
func (l *lane) lost(it *item, err error) (again *item) {
	sick := isTimeout(err) || l.conn.served == 0
	l.drop()
	reason := explain(err)
	if !sick || l.run.stopping() {
		return l.orNotTried(it, reason)
	}
	l.stop(it, fibonacco.Handover{Reason: reason})
	return nil
}

// unanswered deals with a connection that broke, or fell silent, after a body had begun to leave.
// next, whose body has not, may start over.
func (l *lane) unanswered(it, next *item, err error, left bool) (*item, error) {
	if !left { // nothing of the body did: the connection had gone before
		l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: explain(err)})
		return next, err
	}
	sick := isTimeout(err) || l.conn.served < seasoned
	reason := explain(err)
	l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.Unanswered, Reason: reason})
	l.drop()
	if sick && !l.run.stopping() {
		l.gate.fail(reason)
	}
	return l.orNotTried(next, reason), nil
}

// dismissed deals with 421 in the place of a reply to an envelope.
func (l *lane) dismissed(it *item, v verdict) (again *item) {
	if v = l.local(it, v); v.Slower { // a domain's: the mail waits, the others go on
		l.drop()
		l.gate.works()
		l.run.done(it.mail, v.Handover)
		return nil
	}
	if v.effect == reconnect {
		return l.leave(it, v)
	}
	l.drop()
	l.stop(it, v.Handover)
	return nil
}

// stop reports a mail (nil for none) at which the server failed, and stops all lanes for a while.
// When the server has failed at this mail before, and others got through in between, it is the
// mail's fault: its try counts, so that it does not come back for ever, and the others go on.
func (l *lane) stop(it *item, h fibonacco.Handover) {
	h.Result = fibonacco.NotTried
	if it != nil && l.gate.blame(it.mail) {
		h.Result = fibonacco.Deferred
	} else if !l.run.stopping() {
		l.gate.fail(h.Reason)
	}
	if it != nil {
		l.run.done(it.mail, h)
	}
}

// leave closes the connection as a reply asks, and stops the other lanes when it says so. It
// returns the mail (nil for none), of which nothing has left, when it may start over.
func (l *lane) leave(it *item, v verdict) (again *item) {
	l.drop()
	if v.effect != reconnect && !l.run.stopping() {
		l.gate.fail(v.Reason)
	}
	return l.orNotTried(it, v.Reason)
}

// orNotTried returns the mail (nil for none) if it may start over now, else reports it.
func (l *lane) orNotTried(it *item, reason string) (again *item) {
	if it == nil {
		return nil
	}
	if !l.run.stopping() && l.gate.mayDial(l) {
		return it
	}
	l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: reason})
	return nil
}
