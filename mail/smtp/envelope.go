package smtp

import "fmt"

// envelope reads what the server says to a mail's MAIL, RCPT and DATA. An error means that the
// connection is of no more use.
func (l *lane) envelope(it *item) (answer, error) {
	if l.conn.ext.pipelining {
		return l.envelopeReplies()
	}
	return l.envelopeSteps(it)
}

// envelopeReplies reads the replies to an envelope that was sent as a group. All of them come, also
// after a refusal.
func (l *lane) envelopeReplies() (a answer, err error) {
	c := l.conn
	if c.w.Buffered() > 0 { // the first mail of an exchange
		c.deadline(c.timeouts.Command)
		if err := c.w.Flush(); err != nil {
			return a, err
		}
	}
	if c.dirty {
		c.dirty = false
		if err := c.cleared(&a); err != nil || a.leaving {
			return a, err
		}
	}
	for _, at := range []stage{atMail, atRcpt, atData} {
		c.patience()
		code, err := c.reply()
		if err == nil {
			err = a.note(at, code, c)
		}
		if err != nil || a.leaving {
			return a, err
		}
	}
	return a, nil
}

// envelopeSteps asks step by step and stops at the first refusal.
func (l *lane) envelopeSteps(it *item) (a answer, err error) {
	c := l.conn
	if c.dirty {
		c.dirty = false
		c.w.put("RSET\r\n")
		if err := c.cleared(&a); err != nil || a.leaving {
			return a, err
		}
	}
	for _, at := range []stage{atMail, atRcpt, atData} {
		switch at {
		case atMail:
			c.writeMail(it)
		case atRcpt:
			c.writeRcpt(it)
		case atData:
			c.w.put("DATA\r\n")
		}
		code, err := c.commandReply()
		if err == nil {
			err = a.note(at, code, c)
		}
		if err != nil || a.refused || a.leaving {
			return a, err
		}
	}
	return a, nil
}

// cleared reads the reply to RSET.
func (c *conn) cleared(a *answer) error {
	code, err := c.commandReply()
	switch {
	case err != nil:
		return err
	case code == 421:
		a.leaving, a.verdict = true, judge(atMail, code, c.text, c.served)
	case code/100 != 2:
		return fmt.Errorf("%w: %d to RSET", errGarbled, code)
	}
	return nil
}

// note takes one reply into account.
func (a *answer) note(at stage, code int, c *conn) error {
	hoped := 2
	if at == atData {
		hoped = 3
	}
	switch {
	case code/100 == hoped:
		a.open = a.open || at == atData
		return nil
	case code == 421:
		a.leaving, a.verdict = true, judge(at, code, c.text, c.served)
		return nil
	case code < 400:
		return fmt.Errorf("%w: %d at the wrong place", errGarbled, code)
	}
	if !a.refused {
		a.refused, a.verdict = true, judge(at, code, c.text, c.served)
	}
	return nil
}
