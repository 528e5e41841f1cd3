package smtp

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// extensions are what a server announced.
type extensions struct {
	pipelining bool
	starttls   bool
	smtputf8   bool
	size       bool
	maxSize    int    // bytes of a message; 0 is no limit known
	maxMails   int    // mails on one connection (RFC 9422); 0 is no limit known
	auth       string // mechanisms, upper case, each between spaces
}

var (
	errClearPassword = errors.New("the server does not offer TLS, and the password does not leave in clear")
	errNoTLS         = errors.New("the server does not offer TLS")
	errNoAuth        = errors.New("the server offers no login that we know (PLAIN, LOGIN), or not the one asked for")
	errInjected      = errors.New("the server sent data before TLS had begun")
)

// introduce does everything between connecting and the first mail.
func (m *relay) introduce(ctx context.Context, c *conn) error {
	if m.server.implicit {
		if err := m.encrypt(ctx, c, true); err != nil {
			return err
		}
	}
	c.deadline(c.timeouts.Command)
	code, err := c.reply()
	if err == nil {
		err = c.expect("greeting", code, 2)
	}
	if err == nil {
		err = m.hello(c)
	}
	if err == nil && !c.encrypted {
		err = m.startTLS(ctx, c)
	}
	if err == nil && m.server.user != "" {
		err = m.logIn(ctx, c)
	}
	return err
}

// hello greets and learns what the server can do. A server that does not know EHLO can do nothing.
func (m *relay) hello(c *conn) error {
	c.ext = extensions{}
	err := c.ask("EHLO", "EHLO "+m.helo, 2)
	var refusal *replyError
	if errors.As(err, &refusal) && refusal.code >= 500 {
		return c.ask("HELO", "HELO "+m.helo, 2)
	}
	if err != nil {
		return err
	}
	_, lines, _ := bytes.Cut(c.text, []byte("\n"))
	for line := range strings.Lines(strings.ToUpper(string(lines))) {
		c.ext.note(strings.Fields(line))
	}
	return nil
}

func (e *extensions) note(words []string) {
	if len(words) == 0 {
		return
	}
	switch first := words[0]; {
	case first == "PIPELINING":
		e.pipelining = true
	case first == "STARTTLS":
		e.starttls = true
	case first == "SMTPUTF8":
		e.smtputf8 = true
	case first == "SIZE":
		e.size = true
		if len(words) > 1 {
			e.maxSize, _ = strconv.Atoi(words[1])
		}
	case first == "LIMITS":
		for _, limit := range words[1:] {
			if n, ok := strings.CutPrefix(limit, "MAILMAX="); ok {
				e.maxMails, _ = strconv.Atoi(n)
			}
		}
	case first == "AUTH" || strings.HasPrefix(first, "AUTH="):
		e.auth += " " + strings.TrimPrefix(strings.Join(words, " "), "AUTH=") + " "
	}
}

// startTLS encrypts when the server can and we want to, and refuses to go on when it must but cannot.
func (m *relay) startTLS(ctx context.Context, c *conn) error {
	if m.server.tls == tlsNone {
		return nil // parseURL has seen to it that no password leaves this machine
	}
	must := m.server.tls == tlsRequired || m.server.user != "" && !m.server.loopback
	if c.ext.starttls {
		err := c.ask("STARTTLS", "STARTTLS", 2)
		var refusal *replyError
		switch {
		case err == nil:
			if c.r.Buffered() > 0 {
				return errInjected
			}
			if err := m.encrypt(ctx, c, must); err != nil {
				return err
			}
			return m.hello(c)
		case must || !errors.As(err, &refusal):
			return err
		}
	}
	switch {
	case m.server.tls == tlsRequired:
		return errNoTLS
	case must:
		return errClearPassword
	}
	return nil
}

// encrypt starts TLS. Where TLS is only better than nothing, any certificate will do: refusing a
// bad one would mean to send in clear.
func (m *relay) encrypt(ctx context.Context, c *conn, verify bool) error {
	config := m.tls.Clone()
	config.ServerName = cmp.Or(config.ServerName, m.server.host)
	config.InsecureSkipVerify = config.InsecureSkipVerify || !verify
	t := tls.Client(c.nc, config)
	ctx, cancel := context.WithTimeout(ctx, c.timeouts.Connect)
	defer cancel()
	c.deadline(c.timeouts.Connect)
	if err := t.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	c.nc, c.wire.nc, c.encrypted = t, t, true
	c.r.Reset(t)
	return nil
}
