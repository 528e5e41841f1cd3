package campaign_test

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fibonacco/fibonacco"
)

// trap kills its own process at one named point of a mail's way. It sees statements before they are
// run (db.Watch), events once they are committed, and every byte to and from the mail server.
type trap struct {
	point string
	sleep bool // the process stops there, and goes on when it is told to
	left  atomic.Int64

	planned   atomic.Bool // steps are stored: what is released from here on is mails
	recording atomic.Bool // results are written and not committed
}

func newTrap(point string, nth int) *trap {
	t := &trap{point: point}
	t.left.Store(int64(max(nth, 1)))
	return t
}

// reach kills the process when this is the point, for the nth time.
func (t *trap) reach(point string) {
	if point != t.point || t.left.Add(-1) != 0 {
		return
	}
	if t.sleep {
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
		return
	}
	die()
}

// die is SIGKILL: nothing is closed, flushed or said.
func die() {
	_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
	select {}
}

// The statements that are points, by a part of them.
var trappedStatements = []struct{ point, part string }{
	{"plan: before its job is stored", `INSERT INTO plan_runs`},
	{"plan: steps written, not committed", `INSERT INTO send_batches`},
	{"claim: looked at, not marked", `UPDATE campaign_sends SET status = 'sending'`},
	{"record: before anything is written", `WHEN campaign_sends.status = 'sending' THEN rows.status`},
	{"settle: before the dead run's mails are", `SET status = rows.status, sent_at = rows.sent, last_error`},
	{"judge: before the winner is stored", `INSERT INTO subject_tests`},
}

func (t *trap) statement(query string, _ []any) {
	for _, s := range trappedStatements {
		if strings.Contains(query, s.part) {
			t.reach(s.point)
		}
	}
	switch {
	case strings.Contains(query, `DELETE FROM send_batches`) && t.planned.Load():
		t.reach("release: before")
		if t.point == "release: at any moment of it" {
			go func() {
				time.Sleep(500 * time.Microsecond)
				t.reach(t.point)
			}()
		}
	case strings.Contains(query, `WHEN campaign_sends.status = 'sending' THEN rows.status`):
		t.recording.Store(true)
	case strings.Contains(query, `INSERT INTO analytics_events`) && t.recording.Load():
		t.reach("record: written, not committed")
	}
}

// published is told of events after their commit.
func (t *trap) published(topic string) {
	switch topic {
	case "campaign_send.queued":
		t.planned.Store(true)
		t.reach("plan: committed")
	case "campaign_send.completed":
		t.recording.Store(false)
		t.reach("record: committed")
	case "email.delivered", "email.bounced", "email.complained":
		t.reach("reports: committed, not answered")
	}
}

// trapped is a mailer whose first mail, or full lane, is a point.
type trapped struct {
	fibonacco.Mailer
	trap *trap
}

func (m trapped) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	switch m.trap.point {
	case "claim: committed, mails being written":
		<-mails
		die()
	case "claim: committed, the lane is full":
		for len(mails) < cap(mails) {
			time.Sleep(time.Millisecond)
		}
		m.trap.reach(m.trap.point)
	}
	m.Mailer.Run(ctx, mails, flight, done)
}

func (t *trap) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &trappedConn{Conn: c, trap: t}, nil
}

// trappedConn is a connection to the mail server. One goroutine uses it at a time.
type trappedConn struct {
	net.Conn
	trap   *trap
	bodies int // written, not answered
}

var finalDot = []byte("\r\n.\r\n")

func (c *trappedConn) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("MAIL FROM:")) {
		c.trap.reach("hand-over: before MAIL")
	}
	end := bytes.Index(p, finalDot)
	if end < 0 {
		return c.Conn.Write(p)
	}
	if c.trap.point == "hand-over: in the middle of DATA" && c.trap.left.Add(-1) == 0 {
		_, _ = c.Conn.Write(p[:end/2])
		die()
	}
	c.bodies++
	n, err := c.Conn.Write(p)
	c.trap.reach("hand-over: after the dot")
	return n, err
}

func (c *trappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil && c.bodies > 0 {
		c.bodies = 0
		c.trap.reach("hand-over: answered, not noted")
	}
	return n, err
}
