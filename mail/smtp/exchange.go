package smtp

import (
	"fmt"

	"github.com/fibonacco/fibonacco"
)

// answer is what the server said to a mail's envelope.
type answer struct {
	verdict      // of the first refusal; zero when there was none
	refused bool // the mail cannot go
	open    bool // 354 came: the server waits for a body, which may be empty
	leaving bool // 421 came: nothing more will
}

// exchange carries a mail over the open connection, and then whatever is at hand. It returns when
// nothing is on the wire any more, or the connection has broken: then it returns the mail of which
// nothing had left, to start over on a new one.
func (l *lane) exchange(it *item) (again *item) {
	c := l.conn
	l.begin(it)
	for it != nil {
		a, err := l.envelope(it)
		if err != nil {
			return l.lost(it, err)
		}
		if a.leaving {
			return l.dismissed(it, a.verdict)
		}

		var next *item
		if c.ext.pipelining && a.effect != refuseUs {
			next = l.nextNow(it)
		}
		if a.refused {
			next, err = l.skip(it, a, next)
		} else {
			next, err = l.deliver(it, next)
		}
		if err != nil {
			return l.lost(next, err)
		}
		if l.conn == nil {
			return next
		}
		it = next
	}
	return nil
}

// begin writes a mail's envelope, without flushing. Step by step, there is nothing to write yet.
func (l *lane) begin(it *item) {
	c := l.conn
	c.begun++
	if !c.ext.pipelining {
		return
	}
	if c.dirty {
		c.w.put("RSET\r\n")
	}
	c.writeEnvelope(it)
}

// deliver sends the body of a mail whose recipient was accepted, and with it the envelope of the
// next if there is one. It reports the mail, and returns the next: on the wire, or, with an error
// or without a connection, to start over.
func (l *lane) deliver(it, next *item) (*item, error) {
	c := l.conn
	c.deadline(c.timeouts.Data)
	if it.mail.SendID != 0 && l.run.flight != nil {
		l.run.flight.Intent(it.mail.SendID)
	}
	before := c.wire.sent
	writeBody(c.w, it.message)
	if next != nil {
		l.begin(next)
	}
	err, code := c.w.Flush(), 0
	if err == nil || c.wire.sent > before {
		code, err = c.replyToBody(err)
	}
	if err == nil && code/100 == 3 {
		err = fmt.Errorf("%w: %d to a body", errGarbled, code)
	}
	if err != nil {
		return l.unanswered(it, next, err, c.wire.sent > before)
	}
	c.served++
	if code/100 == 2 {
		l.gate.accept(c.used)
		l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.Accepted, Code: code, MessageID: providerID(c.text)})
		return next, nil
	}
	v := l.report(it, judge(atDot, code, c.text, c.served))
	if v.effect == goOn || v.effect == slowDown {
		return next, nil
	}
	return l.leave(next, v), nil
}

// replyToBody reads the reply to a body. When writing it failed the server may have said why before
// it hung up; if not, the failure stays.
func (c *conn) replyToBody(failed error) (code int, err error) {
	code, err = c.reply()
	if failed != nil && (err != nil || code/100 == 2) {
		return 0, failed
	}
	return code, err
}

// skip reports a refused mail and goes on to the next.
func (l *lane) skip(it *item, a answer, next *item) (*item, error) {
	c := l.conn
	c.served++
	c.dirty = !a.open
	if a.open {
		c.w.put(".\r\n") // a message of nothing, to nobody
	}
	if next != nil {
		l.begin(next)
	}
	v := l.report(it, a.verdict)
	if a.open {
		code, err := c.commandReply()
		if err != nil {
			return next, err
		}
		if code == 421 {
			v = judge(atData, code, c.text, c.served)
		}
	} else if next != nil {
		c.deadline(c.timeouts.Command)
		if err := c.w.Flush(); err != nil {
			return next, err
		}
	}
	if v.effect == goOn || v.effect == slowDown {
		return next, nil
	}
	return l.leave(next, v), nil
}

// report says what became of a mail that the server refused, and tells the gate what it means for
// the rest. It returns the verdict as it turned out: a mail that is itself to blame for what
// looks like a refusal of all of them has no effect on the rest.
func (l *lane) report(it *item, v verdict) verdict {
	v = l.local(it, v)
	if v.effect == refuseUs && l.gate.blame(it.mail) {
		v.Result, v.effect = fibonacco.Refused, goOn
	}
	switch v.effect {
	case slowDown:
		l.gate.slow(fmt.Sprintf("%d %s", v.Code, v.Reason))
		l.gate.works()
	case goOn:
		l.gate.works()
	case reconnect:
		if v.Slower {
			l.gate.works()
		}
	}
	l.run.done(it.mail, v.Handover)
	return v
}
