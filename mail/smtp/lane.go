package smtp

import (
	"context"
	"errors"
	"time"

	"github.com/fibonacco/fibonacco"
)

// staleAfter is how long a connection may lie unused before we look whether it still stands.
const staleAfter = time.Second

// item is a mail as it goes over the wire.
type item struct {
	mail     *fibonacco.Mail
	message  []byte // signed
	from, to string // ASCII domains
	utf8     bool   // needs SMTPUTF8
}

// lane is one goroutine with at most one connection.
type lane struct {
	run    *run
	relay  *relay
	gate   *gate
	conn   *conn // nil when not connected
	seated bool  // may be connected; the gate's business

	buffers *buffers
	items   [2]item // the one on the wire and the next
	pockets [2]int  // mails that the limiters have already granted, by budget
	idle    *time.Timer
	wake    *time.Timer
}

func newLane(r *run) *lane {
	l := &lane{
		run: r, relay: r.relay, gate: r.relay.gate, buffers: newBuffers(),
		idle: time.NewTimer(forever), wake: time.NewTimer(forever),
	}
	l.idle.Stop()
	l.wake.Stop()
	return l
}

// loop is a lane's life: wait for a mail, carry it and those that are at hand, wait again.
func (l *lane) loop() {
	for {
		it := l.next()
		if it == nil {
			break
		}
		for it != nil {
			if l.conn == nil && !l.connect(it) {
				break
			}
			if !l.fits(it) {
				break
			}
			it = l.exchange(it)
		}
		if l.conn != nil && l.conn.worn() {
			l.quit()
		}
	}
	l.idle.Stop()
	l.wake.Stop()
	l.quit()
	l.gate.rest(l)
}

// connect opens a connection, for a mail in hand or (nil) before one is taken. When it fails, the
// gate knows, and the mail is reported.
func (l *lane) connect(it *item) bool {
	reason := "the mail server does not take mail"
	if it == nil || l.gate.mayDial(l) {
		c, err := l.relay.connect(l.run.ctx, l.buffers)
		if err == nil {
			l.conn = c
			l.run.add(c)
			return true
		}
		if l.run.ctx.Err() != nil {
			err = context.Canceled
		}
		reason = explain(err)
		if !errors.Is(err, context.Canceled) {
			l.gate.failDial(l, reason)
		}
	}
	if it != nil {
		l.run.done(it.mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: reason})
	}
	return false
}

// refresh closes a connection on which the server has spoken unasked ("421 closing", or it is out of
// step), or that was unused for a while and that the server has left.
func (l *lane) refresh() {
	l.idle.Stop()
	c := l.conn
	if c == nil {
		return
	}
	unused := fibonacco.RealTime().Sub(c.used) > staleAfter
	if c.r.Buffered() > 0 || unused && c.stale() {
		l.drop()
	}
}

// quit takes leave of the server, if there is a connection.
func (l *lane) quit() {
	if l.conn != nil {
		l.conn.bye()
		l.drop()
	}
}

// drop closes the connection without a word.
func (l *lane) drop() {
	l.conn.nc.Close()
	l.run.remove(l.conn)
	l.conn = nil
}
