package deliverability

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Server is an SMTP server that takes our mails.
type Server struct {
	Addr     string // host and port
	Host     string // that its certificate has to name
	Implicit bool   // TLS from the first byte
	Plain    bool   // nothing is encrypted on purpose
	Local    bool   // it is on this machine
}

// endsSoon is how long before its end a certificate is spoken of: most are renewed a month before.
const endsSoon = 21 * 24 * time.Hour

// checkServers shakes hands with each server, all at once, and sends nothing.
func checkServers(ctx context.Context, _ Resolver, s Setup) []Finding {
	out := make([]Finding, len(s.Servers))
	var all sync.WaitGroup
	for i, server := range s.Servers {
		all.Go(func() { out[i] = server.check(ctx, s.Roots) })
	}
	all.Wait()
	return out
}

func (s Server) check(ctx context.Context, roots *x509.CertPool) Finding {
	f := Finding{Name: "TLS", State: Failed}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		f.Found, f.Advice = fmt.Sprintf("%s does not answer: %v", s.Addr, reason(err)), "Look at the address in SMTP_URL, and whether a firewall lets this machine through to the port."
		return f
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	state, offered, err := s.shake(ctx, conn)
	switch {
	case err != nil:
		f.Found, f.Advice = fmt.Sprintf("%s: %v", s.Addr, reason(err)), "This is not a mail server that takes mail from here, or it wants TLS in another way: smtps:// is for TLS from the first byte, usually at port 465."
	case !offered && s.Local:
		f.State, f.Found = OK, s.Addr+" is on this machine and needs no encryption"
	case !offered:
		f.State, f.Found = Warning, s.Addr+" offers no STARTTLS: mails go there in clear"
		f.Advice = "Turn TLS on at the server, then add tls=required to SMTP_URL."
	case s.Plain && !s.Local:
		f.State, f.Found = Warning, s.Addr+" offers STARTTLS, and tls=none in SMTP_URL leaves it unused"
		f.Advice = "Take tls=none out of SMTP_URL."
	default:
		return s.judge(f, state, roots)
	}
	return f
}

// shake speaks as a mailer would, up to the certificate. Whether that can be believed is judged
// afterwards, so that everything that is wrong with it can be said.
func (s Server) shake(ctx context.Context, conn net.Conn) (state tls.ConnectionState, offered bool, err error) {
	config := &tls.Config{ServerName: s.Host, InsecureSkipVerify: true, MinVersion: tls.VersionTLS10} //nolint:gosec // judged afterwards
	if s.Implicit {
		t := tls.Client(conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			return state, false, err
		}
		conn = t
		state = t.ConnectionState()
	}
	c, err := smtp.NewClient(conn, s.Host)
	if err != nil {
		return state, false, err
	}
	defer func() { _ = c.Quit() }()
	if s.Implicit {
		return state, true, nil
	}
	if offered, _ = c.Extension("STARTTLS"); !offered || s.Plain {
		return state, offered, nil
	}
	if err := c.StartTLS(config); err != nil {
		return state, true, err
	}
	state, _ = c.TLSConnectionState()
	return state, true, nil
}

// judge looks at a certificate as one that verifies it does.
func (s Server) judge(f Finding, state tls.ConnectionState, roots *x509.CertPool) Finding {
	cert := state.PeerCertificates[0]
	between := x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	now := fibonacco.RealTime()
	_, err := cert.Verify(x509.VerifyOptions{DNSName: s.Host, Roots: roots, Intermediates: between, CurrentTime: now})
	until := cert.NotAfter.UTC().Format(time.DateOnly)
	var named x509.HostnameError
	switch {
	case now.After(cert.NotAfter):
		f.Found, f.Advice = fmt.Sprintf("the certificate of %s ended on %s", s.Addr, until), "Renew it at the server. With a password in SMTP_URL, or tls=required, no mail leaves until then."
	case errors.As(err, &named):
		f.Found, f.Advice = fmt.Sprintf("the certificate of %s is not made out to %s", s.Addr, s.Host), "Name the server in SMTP_URL as its certificate does, or get one for this name."
	case err != nil && s.Local:
		f.State, f.Found, f.Advice = OK, s.Addr+" is on this machine; its certificate is its own", ""
	case err != nil:
		f.Found, f.Advice = fmt.Sprintf("the certificate of %s is signed by nobody whom this machine knows", s.Addr), "Let the server send its whole chain, or install the certificate of its authority on this machine."
	case state.Version < tls.VersionTLS12:
		f.State, f.Found, f.Advice = Warning, s.Addr+" speaks "+tls.VersionName(state.Version)+" at best", "Let the server offer TLS 1.2 or 1.3."
	case cert.NotAfter.Sub(now) < endsSoon:
		f.State, f.Found, f.Advice = Warning, fmt.Sprintf("the certificate of %s ends on %s", s.Addr, until), "Renew it: it is usually done a month before."
	default:
		f.State, f.Found, f.Advice = OK, fmt.Sprintf("%s speaks %s; its certificate is good until %s", s.Addr, tls.VersionName(state.Version), until), ""
	}
	return f
}

// reason is an error without the addresses of both ends, which say nothing to anybody.
func reason(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}
