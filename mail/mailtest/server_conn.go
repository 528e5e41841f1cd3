package mailtest

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"strings"
	"time"
)

// serverConn is one connection to a scripted server. It is written for clarity, not speed.
type serverConn struct {
	s  *Server
	nc net.Conn
	r  *bufio.Reader

	encrypted, loggedIn bool
	mails               int
	mail                bool // MAIL was taken
	from                string
	to                  []string
	done                bool
}

func newServerConn(s *Server, nc net.Conn) *serverConn {
	return &serverConn{s: s, nc: nc, r: bufio.NewReader(nc)}
}

func (c *serverConn) serve() {
	if c.s.options.ImplicitTLS && !c.startTLS() {
		return
	}
	c.say(AtGreeting, "", "220 server.test ESMTP")
	for !c.done {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		c.s.mu.Lock()
		c.s.log = append(c.s.log, line)
		c.s.mu.Unlock()
		if c.r.Buffered() > 0 && c.s.options.NoPipelining {
			c.s.violate("a group of commands without PIPELINING, at %q", line)
		}
		c.command(line)
	}
}

func (c *serverConn) command(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb = strings.ToUpper(verb); verb {
	case "EHLO":
		c.ehlo(line)
	case "HELO":
		c.say(AtHELO, line, "250 server.test")
	case "STARTTLS":
		if c.say(AtSTARTTLS, line, "220 2.0.0 Go") == "220" && !c.startTLS() {
			c.done = true
		}
	case "AUTH":
		c.auth(line, rest)
	case "MAIL":
		c.mailFrom(line)
	case "RCPT":
		c.rcptTo(line)
	case "DATA":
		c.data(line)
	case "RSET":
		if taken(c.say(AtRSET, line, "250 2.0.0 Ok")) {
			c.reset()
		}
	case "NOOP":
		c.say(AtNOOP, line, "250 2.0.0 Ok")
	case "QUIT":
		c.say(AtQUIT, line, "221 2.0.0 Bye")
		c.done = true
	default:
		c.s.violate("unknown command %q", line)
		c.answer("500 5.5.2 Unknown", nil)
	}
}

func (c *serverConn) ehlo(line string) {
	o := c.s.options
	if o.RefuseCommand {
		c.answer("502 5.5.1 Not implemented", nil)
		return
	}
	lines := append([]string{"server.test greets you"}, o.Extensions...)
	if !o.NoPipelining {
		lines = append(lines, "PIPELINING")
	}
	if o.TLS != nil && !o.ImplicitTLS && !c.encrypted {
		lines = append(lines, "STARTTLS")
	}
	if o.User != "" {
		mechanisms := o.Mechanisms
		if mechanisms == "" {
			mechanisms = "PLAIN LOGIN"
		}
		lines = append(lines, "AUTH "+mechanisms)
	}
	c.say(AtEHLO, line, "250 "+strings.Join(lines, "\n"))
}

func (c *serverConn) startTLS() bool {
	t := tls.Server(c.nc, c.s.options.TLS)
	if t.HandshakeContext(context.Background()) != nil {
		return false
	}
	c.nc, c.encrypted = t, true
	c.r.Reset(t)
	return true
}

func (c *serverConn) auth(line, rest string) {
	mechanism, initial, _ := strings.Cut(rest, " ")
	var user, password string
	switch mechanism {
	case "PLAIN":
		parts := strings.Split(decode(initial), "\x00")
		if len(parts) == 3 {
			user, password = parts[1], parts[2]
		}
	case "LOGIN":
		user = decode(c.ask("334 VXNlcm5hbWU6"))
		password = decode(c.ask("334 UGFzc3dvcmQ6"))
	case "XOAUTH2":
		c.xoauth2(line, initial)
		return
	}
	usual := "235 2.7.0 Welcome"
	if user != c.s.options.User || password != c.s.options.Password {
		usual = "535 5.7.8 Wrong credentials"
	}
	c.loggedIn = c.say(AtAUTH, line, usual) == "235"
}

// xoauth2 explains a refusal before it refuses, as Google and Microsoft do.
func (c *serverConn) xoauth2(line, initial string) {
	c.s.mu.Lock()
	want := "user=" + c.s.options.User + "\x01auth=Bearer " + c.s.token + "\x01\x01"
	c.s.mu.Unlock()
	if decode(initial) == want {
		c.loggedIn = c.say(AtAUTH, line, "235 2.7.0 Welcome") == "235"
		return
	}
	if answer := c.ask("334 eyJzdGF0dXMiOiI0MDAifQ=="); answer != "" {
		c.s.violate("an answer to the explanation of XOAUTH2")
	}
	c.say(AtAUTH, line, "535 5.7.8 Username and Password not accepted")
}

func (c *serverConn) ask(question string) string {
	c.answer(question, nil)
	line, _ := c.r.ReadString('\n')
	return strings.TrimSpace(line)
}

func decode(s string) string {
	b, _ := base64.StdEncoding.DecodeString(s)
	return string(b)
}

func (c *serverConn) reset() { c.mail, c.to = false, nil }

// say answers at a step, as a rule says or as usual, and returns the code it answered, "" for none.
func (c *serverConn) say(at Step, line, usual string) string {
	rule := c.s.rule(at, line)
	if rule == nil {
		return c.answer(usual, nil)
	}
	if rule.Reply != "" {
		usual = rule.Reply
	} else if rule.silent() {
		usual = ""
	}
	code := c.answer(usual, rule)
	if !c.act(rule) {
		c.done = true
	}
	return code
}

// answer writes a reply, "" for none. A rule may slow it down.
func (c *serverConn) answer(reply string, rule *Rule) string {
	if rule != nil {
		time.Sleep(rule.Wait)
		c.write(rule.Raw)
	}
	if reply == "" {
		return ""
	}
	code, text, _ := strings.Cut(reply, " ")
	lines := strings.Split(text, "\n")
	var b strings.Builder
	for i, l := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		b.WriteString(code + mark + l + "\r\n")
	}
	if rule == nil || !rule.Split {
		c.write(b.String())
		return code
	}
	for octet := range strings.SplitSeq(b.String(), "") {
		c.write(octet)
		time.Sleep(100 * time.Microsecond)
	}
	return code
}

// write does not look whether the client is still there; the next read does.
func (c *serverConn) write(s string) { _, _ = io.WriteString(c.nc, s) }

// act hangs or drops, and reports whether the conversation goes on.
func (c *serverConn) act(rule *Rule) bool {
	if rule.Hang {
		// The client gives up, or the server goes down; what the client sends until then is lost.
		_, _ = io.Copy(io.Discard, c.r)
		return false
	}
	return !rule.Drop
}
