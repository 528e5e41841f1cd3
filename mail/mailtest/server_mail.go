package mailtest

import (
	"bytes"
	"strings"
)

func (c *serverConn) mailFrom(line string) {
	usual := "250 2.1.0 Ok"
	switch {
	case c.mail:
		usual = "503 5.5.1 Nested MAIL"
		c.s.violate("MAIL within a transaction")
	case c.s.options.User != "" && !c.loggedIn:
		usual = "530 5.7.0 Authentication required"
	case c.s.options.MailsPerConn > 0 && c.mails >= c.s.options.MailsPerConn:
		c.say(AtMAIL, line, "421 4.7.0 Too many messages on this connection")
		c.done = true
		return
	}
	if taken(c.say(AtMAIL, line, usual)) {
		c.mail, c.from, c.to = true, path([]byte(line)), nil
	}
}

func (c *serverConn) rcptTo(line string) {
	usual := "250 2.1.5 Ok"
	if !c.mail {
		usual = "503 5.5.1 MAIL first"
	}
	if taken(c.say(AtRCPT, line, usual)) {
		c.to = append(c.to, path([]byte(line)))
	}
}

func (c *serverConn) data(line string) {
	if c.r.Buffered() > 0 {
		c.s.violate("bytes after DATA, before it was answered")
	}
	usual := "354 Go"
	switch {
	case len(c.to) > 0 || c.s.options.LaxData:
	case c.mail:
		usual = "554 5.5.1 No valid recipients"
	default:
		usual = "503 5.5.1 MAIL first"
	}
	if c.say(AtDATA, line, usual) != "354" || c.done {
		return
	}
	message, ok := c.message()
	if !ok {
		c.done = true
		return
	}
	got := Received{
		From: c.from, To: strings.Join(c.to, ","), Message: unstuff(message), MessageID: messageID(message),
	}
	usual = "250 2.0.0 Ok: queued"
	if len(c.to) == 0 {
		usual = "554 5.5.1 No valid recipients"
		if len(got.Message) > 0 {
			c.s.violate("a body that nobody was to get")
		}
	}
	c.mails++
	c.mail, c.to = false, nil
	c.finish(got, usual)
}

// finish notes a message before it is answered, so that a client that has the answer finds it.
func (c *serverConn) finish(got Received, usual string) {
	rule := c.s.rule(AtDot, "")
	answer := usual
	if rule != nil && rule.Reply != "" {
		answer = rule.Reply
	}
	silent := rule != nil && rule.silent()
	c.s.mu.Lock()
	switch {
	case silent:
		c.s.unanswered = append(c.s.unanswered, got)
	case taken(answer):
		c.s.received = append(c.s.received, got)
	}
	c.s.mu.Unlock()
	if silent {
		answer = ""
	}
	c.answer(answer, rule)
	if rule != nil && !c.act(rule) {
		c.done = true
	}
}

func taken(answer string) bool { return strings.HasPrefix(answer, "2") }

// message reads up to the final dot, with an extra line end before.
func (c *serverConn) message() ([]byte, bool) {
	if _, err := c.r.Peek(1); err != nil {
		return nil, false
	}
	if rule := c.s.rule(AtBody, ""); rule != nil {
		c.answer(rule.Reply, rule)
		if !c.act(rule) {
			return nil, false
		}
	}
	message := []byte("\r\n")
	for {
		line, err := c.r.ReadBytes('\n')
		if err != nil {
			return nil, false
		}
		if string(line) == ".\r\n" && bytes.HasSuffix(message, []byte("\r\n")) {
			return message, true
		}
		message = append(message, line...)
	}
}
