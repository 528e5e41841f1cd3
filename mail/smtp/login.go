package smtp

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
)

// logIn proves who we are, as the URL says: else by PLAIN if the server knows it, else by LOGIN.
func (m *relay) logIn(ctx context.Context, c *conn) error {
	if !c.encrypted && !m.server.loopback {
		return errClearPassword
	}
	offers := func(mechanism string) bool { return strings.Contains(c.ext.auth, " "+mechanism+" ") }
	may := func(mode authMode) bool { return m.server.auth == authAny || m.server.auth == mode }
	switch {
	case m.server.auth == authXOAUTH2 && offers("XOAUTH2"):
		return m.bearToken(ctx, c)
	case may(authPLAIN) && offers("PLAIN"):
		return c.ask("AUTH", "AUTH PLAIN "+encode("\x00"+m.server.user+"\x00"+m.server.password), 2)
	case may(authLOGIN) && offers("LOGIN"):
		err := c.ask("AUTH", "AUTH LOGIN", 3)
		if err == nil {
			err = c.ask("AUTH", encode(m.server.user), 3)
		}
		if err == nil {
			err = c.ask("AUTH", encode(m.server.password), 2)
		}
		return err
	}
	return errNoAuth
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// bearToken logs in by XOAUTH2. A token that the server does not take may have been revoked before
// its time: then another is fetched, and tried once.
func (m *relay) bearToken(ctx context.Context, c *conn) error {
	token, err := m.tokens.get(ctx, "")
	if err != nil {
		return err
	}
	err = c.xoauth2(m.server.user, token)
	var refusal *replyError
	if !errors.As(err, &refusal) || refusal.code/100 != 5 {
		return err
	}
	if token, err = m.tokens.get(ctx, token); err != nil {
		return err
	}
	return c.xoauth2(m.server.user, token)
}

// xoauth2 is one try. A server that refuses may first explain why, with 334, and waits for an empty
// answer before it says so.
func (c *conn) xoauth2(user, token string) error {
	c.w.put("AUTH XOAUTH2 ", encode("user="+user+"\x01auth=Bearer "+token+"\x01\x01"), "\r\n")
	code, err := c.commandReply()
	if err == nil && code == 334 {
		c.w.put("\r\n")
		if code, err = c.commandReply(); err == nil && code/100 == 2 {
			return errGarbled // it does not take what it has just refused
		}
	}
	if err != nil {
		return err
	}
	return c.expect("AUTH XOAUTH2", code, 2)
}
