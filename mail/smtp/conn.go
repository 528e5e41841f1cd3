package smtp

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// conn is one connection to the server, greeted, encrypted and logged in.
type conn struct {
	nc       net.Conn
	r        *bufio.Reader
	w        output
	wire     wire
	text     []byte // of the last reply
	timeouts Timeouts
	end      func() time.Time // no deadline is set beyond this; zero is no end

	ext       extensions
	encrypted bool
	begun     int       // mails whose envelope was begun
	served    int       // mails that were answered
	dirty     bool      // a transaction was left open: RSET before the next
	used      time.Time // when the last deadline was set
}

// wire counts what has really left.
type wire struct {
	nc   net.Conn
	sent int64
}

func (w *wire) Write(p []byte) (int, error) {
	n, err := w.nc.Write(p)
	w.sent += int64(n)
	return n, err
}

// output gathers what goes to the server. Writing to it reports nothing: the first failure stays, and
// Flush tells it.
type output struct{ *bufio.Writer }

func (o output) put(parts ...string) {
	for _, part := range parts {
		_, _ = o.WriteString(part)
	}
}

func (o output) putBytes(p []byte) { _, _ = o.Write(p) }

// replyError is a reply that ends a connection before it was of use.
type replyError struct {
	what string // what was asked: "greeting", "AUTH"
	code int
	text string // cleaned
}

func (e *replyError) Error() string { return fmt.Sprintf("%s: %d %s", e.what, e.code, e.text) }

// buffers are kept by a lane from one connection to the next.
type buffers struct {
	r    *bufio.Reader
	w    *bufio.Writer
	text []byte
}

func newBuffers() *buffers {
	return &buffers{r: bufio.NewReaderSize(nil, readBuffer), w: bufio.NewWriterSize(nil, writeBuffer)}
}

// writeBuffer holds a usual mail and the commands for the next, so that both leave in one write.
const writeBuffer = 32 << 10

// connect opens a connection and makes it ready for mail. It gives up at once when ctx ends.
func (m *relay) connect(ctx context.Context, b *buffers) (*conn, error) {
	soon, cancel := context.WithTimeout(ctx, m.timeouts.Connect)
	nc, err := m.dial(soon, "tcp", m.server.addr)
	cancel()
	if err != nil {
		return nil, err
	}
	c := &conn{nc: nc, r: b.r, w: output{b.w}, text: b.text, timeouts: m.timeouts, wire: wire{nc: nc}}
	c.r.Reset(nc)
	c.w.Reset(&c.wire)
	c.end = func() (t time.Time) {
		if ctx.Err() != nil {
			t = longAgo
		}
		return t
	}
	stop := context.AfterFunc(ctx, func() { setDeadline(nc, longAgo) })
	err = m.introduce(ctx, c)
	b.text = c.text
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		nc.Close()
		return nil, err
	}
	c.end = func() (t time.Time) { return t }
	return c, nil
}

var longAgo = time.Unix(1, 0)

// deadline gives everything that follows d from now.
func (c *conn) deadline(d time.Duration) {
	c.used = fibonacco.RealTime()
	limit := c.used.Add(d)
	setDeadline(c.nc, limit)
	// In this order, so that an end that is set meanwhile is not overwritten: see run.end.
	if end := c.end(); !end.IsZero() && end.Before(limit) {
		setDeadline(c.nc, end)
	}
}

// setDeadline fails only on a closed connection, which the next read or write notices.
func setDeadline(nc net.Conn, t time.Time) { _ = nc.SetDeadline(t) }

// reply reads one reply. Its text is in c.text until the next.
func (c *conn) reply() (code int, err error) {
	code, c.text, err = readReply(c.r, c.text)
	return code, err
}

// patience gives the server the time for a command, unless its reply is already here: in a pipelined
// exchange it usually is, and setting deadlines costs.
func (c *conn) patience() {
	here, _ := c.r.Peek(c.r.Buffered())
	if bytes.IndexByte(here, '\n') < 0 {
		c.deadline(c.timeouts.Command)
	}
}

// commandReply flushes what was written and reads one reply, within the time for a command.
func (c *conn) commandReply() (code int, err error) {
	c.deadline(c.timeouts.Command)
	if err := c.w.Flush(); err != nil {
		return 0, err
	}
	return c.reply()
}

// ask sends one command and expects a code of the hundred given.
func (c *conn) ask(what, command string, hundred int) error {
	c.w.put(command, "\r\n")
	code, err := c.commandReply()
	if err != nil {
		return err
	}
	return c.expect(what, code, hundred)
}

func (c *conn) expect(what string, code, hundred int) error {
	if code/100 == hundred {
		return nil
	}
	return &replyError{what: what, code: code, text: clean(string(c.text))}
}

// stale reports whether the server has closed a connection that was not used for a while, or has
// said something unasked: "421 timeout".
func (c *conn) stale() bool {
	setDeadline(c.nc, fibonacco.RealTime().Add(time.Millisecond)) // none in the past: it would not look
	_, err := c.r.Peek(1)
	return !isTimeout(err)
}

// worn reports whether the connection has carried as many mails as the server announced.
func (c *conn) worn() bool { return c.ext.maxMails > 0 && c.begun >= c.ext.maxMails }

// bye takes leave politely and closes.
func (c *conn) bye() {
	c.deadline(min(c.timeouts.Command, time.Second))
	c.w.put("QUIT\r\n")
	if c.w.Flush() == nil {
		_, _ = c.reply() // whatever it is
	}
	c.nc.Close()
}

// writeEnvelope writes MAIL, RCPT and DATA for a mail, which the caller flushes.
func (c *conn) writeEnvelope(it *item) {
	c.writeMail(it)
	c.writeRcpt(it)
	c.w.put("DATA\r\n")
}

func (c *conn) writeMail(it *item) {
	c.w.put("MAIL FROM:<", it.from, ">")
	if c.ext.size {
		c.w.put(" SIZE=")
		c.w.putBytes(strconv.AppendInt(c.w.AvailableBuffer(), int64(len(it.message)), 10))
	}
	if it.utf8 {
		c.w.put(" SMTPUTF8")
	}
	c.w.put("\r\n")
}

func (c *conn) writeRcpt(it *item) { c.w.put("RCPT TO:<", it.to, ">\r\n") }
