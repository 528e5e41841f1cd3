package mailtest

import (
	"bufio"
	"bytes"
	"net"
	"strings"
	"time"
)

// sinkConn is one connection to a sink. Replies gather in out and leave when nothing more is
// there to be read.
type sinkConn struct {
	sink *Sink
	nc   net.Conn
	r    *bufio.Reader
	out  []byte
	jot  []byte // lines for the journal, written before out

	from, to string
	body     []byte // the message so far, when anything of it is kept
}

var endOfData = []byte("\r\n.\r\n")

func newSinkConn(s *Sink, nc net.Conn) *sinkConn {
	return &sinkConn{sink: s, nc: nc, r: bufio.NewReaderSize(nc, 64<<10)}
}

func (c *sinkConn) serve() {
	c.say("220 sink.test ESMTP\r\n")
	for {
		if c.r.Buffered() == 0 && !c.flush() {
			return
		}
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return
		}
		if !c.command(line) {
			c.flush()
			return
		}
	}
}

// command answers one command and reports whether the connection goes on.
func (c *sinkConn) command(line []byte) bool {
	if len(line) < 4 {
		c.say("500 5.5.2 What?\r\n")
		return true
	}
	switch line[0] | 0x20 {
	case 'm':
		if c.sink.options.Keep != KeepCount {
			c.from = path(line)
		}
		c.say("250 2.1.0 Ok\r\n")
	case 'r':
		if line[1]|0x20 == 'c' && (c.sink.options.Keep != KeepCount || c.sink.journal != nil) {
			c.to = path(line)
		}
		c.say("250 2.1.5 Ok\r\n")
	case 'd':
		c.say("354 Go\r\n")
		if !c.flush() || !c.data() {
			return false
		}
		c.say("250 2.0.0 Ok: queued\r\n")
	case 'e':
		c.say("250-sink.test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-SIZE 52428800\r\n")
		if !c.sink.options.NoPipelining {
			c.say("250-PIPELINING\r\n")
		}
		c.say("250 ENHANCEDSTATUSCODES\r\n")
	case 'q':
		c.say("221 2.0.0 Bye\r\n")
		return false
	default:
		c.say("250 2.0.0 Ok\r\n")
	}
	return true
}

// data reads a message up to its final dot.
func (c *sinkConn) data() bool {
	keep := c.sink.options.Keep != KeepCount || c.sink.journal != nil
	c.body = append(c.body[:0], '\r', '\n') // so that a message of nothing ends like any other
	tail := [4]byte{'x', 'x', '\r', '\n'}   // what was read last, to find an end that is split
	n := 0
	for {
		if _, err := c.r.Peek(1); err != nil {
			return false
		}
		chunk, _ := c.r.Peek(c.r.Buffered())
		end := endIn(tail[:], chunk)
		if end >= 0 {
			chunk = chunk[:end]
		}
		if keep {
			c.body = append(c.body, chunk...)
		}
		n += len(chunk)
		remember(&tail, chunk)
		_, _ = c.r.Discard(len(chunk)) // it was peeked at: it is there
		if end >= 0 {
			break
		}
	}
	c.sink.bytes.Add(int64(n))
	if keep {
		c.keep(bytes.TrimSuffix(c.body, []byte(".\r\n")))
	}
	c.sink.count.Add(1)
	return true
}

// endIn is where in chunk the byte after the final dot's line is, or -1. before are the four
// bytes read before chunk: the end may be split over both.
func endIn(before, chunk []byte) int {
	seam := append(append(make([]byte, 0, 8), before...), chunk[:min(len(chunk), 4)]...)
	if i := bytes.Index(seam, endOfData); i >= 0 {
		return i + len(endOfData) - len(before)
	}
	if i := bytes.Index(chunk, endOfData); i >= 0 {
		return i + len(endOfData)
	}
	return -1
}

func remember(tail *[4]byte, chunk []byte) {
	if len(chunk) >= 4 {
		copy(tail[:], chunk[len(chunk)-4:])
		return
	}
	copy(tail[:], tail[len(chunk):])
	copy(tail[4-len(chunk):], chunk)
}

// keep notes a message that begins with an extra line end.
func (c *sinkConn) keep(stuffed []byte) {
	id := messageID(stuffed)
	if c.sink.journal != nil {
		c.jot = append(append(append(append(c.jot, id...), '\t'), c.to...), '\n')
	}
	if c.sink.options.Keep == KeepCount {
		return
	}
	got := Received{From: c.from, To: c.to, MessageID: id}
	if c.sink.options.Keep == KeepMessage {
		got.Message = unstuff(stuffed)
	}
	c.sink.mu.Lock()
	c.sink.received = append(c.sink.received, got)
	c.sink.mu.Unlock()
}

func (c *sinkConn) say(s string) { c.out = append(c.out, s...) }

// flush sends the replies that have gathered, the journal first: what was answered is in it.
func (c *sinkConn) flush() bool {
	if len(c.out) == 0 {
		return true
	}
	if c.sink.options.Delay > 0 {
		time.Sleep(c.sink.options.Delay)
	}
	if len(c.jot) > 0 {
		if _, err := c.sink.journal.Write(c.jot); err != nil {
			return false
		}
		c.jot = c.jot[:0]
	}
	_, err := c.nc.Write(c.out)
	c.out = c.out[:0]
	return err == nil
}

// path is what stands between the angle brackets of a command.
func path(line []byte) string {
	_, rest, _ := bytes.Cut(line, []byte("<"))
	p, _, _ := bytes.Cut(rest, []byte(">"))
	return string(p)
}

// messageID finds the header in a message that begins with an extra line end.
func messageID(message []byte) string {
	header, _, _ := bytes.Cut(message[2:], []byte("\r\n\r\n"))
	for line := range bytes.Lines(header) {
		name, value, ok := bytes.Cut(line, []byte(":"))
		if ok && strings.EqualFold(string(name), "Message-ID") {
			return strings.Trim(string(value), " \t\r\n<>")
		}
	}
	return ""
}

// unstuff takes the doubled dots out of a message that begins with an extra line end, and that
// line end too.
func unstuff(stuffed []byte) []byte {
	return bytes.ReplaceAll(stuffed, []byte("\r\n."), []byte("\r\n"))[2:]
}
