package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Options say which server takes the mail, and how. Only URL is required.
type Options struct {
	// URL is smtp://user:password@host:port, or smtps:// for TLS from the first byte. The port is
	// 587 with a user, else 25; with smtps it is 465. The query may hold
	//
	//	connections=10      how many at most, 1–100
	//	tls=opportunistic   STARTTLS when offered: the default for remote hosts
	//	tls=required        no mail without verified TLS
	//	tls=none            no STARTTLS: the default for this machine
	//
	// A password never leaves unencrypted for another machine, whatever the query says.
	URL string

	HELO string // the name we give ourselves; "" is the machine's name

	Limiter   fibonacco.Limiter // shares PerSecond with the other nodes; needed when PerSecond is set
	LimitKey  string            // the limiter's key; "" is "smtp"
	PerSecond float64           // mails a second over all nodes; 0 is no limit

	Signer Signer      // signs each message before it leaves; nil leaves that to the server
	TLS    *tls.Config // which certificates to believe; nil believes what the machine believes

	// Dial connects, for those who need a proxy or a certain source address; nil does the usual.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Timeouts Timeouts
	Backoff  Backoff
	Logger   *slog.Logger // nil is slog.Default(); gets what happens to the server, never addresses
}

// Signer puts a signature in front of a message; mail/dkim has one. It must not change message.
type Signer interface {
	Sign(message []byte) ([]byte, error)
}

// Timeouts are how long each step may take. Zero values become the defaults.
type Timeouts struct {
	Connect time.Duration // 10 s: until the connection stands, and again for the TLS handshake
	Command time.Duration // 30 s: for each reply but the one to a body
	Data    time.Duration // 120 s: to write a body and have it answered
	Idle    time.Duration // 30 s: a connection without mail is closed after this
	Grace   time.Duration // 5 s: for replies on the wire when Run's context has ended
}

// Backoff is how long nothing is tried after a failure: First, then twice as long each time up to
// Most, give or take a quarter. Zero values become the defaults.
type Backoff struct {
	First time.Duration // 1 s
	Most  time.Duration // 60 s
}

// tlsMode says what STARTTLS is used for.
type tlsMode string

const (
	tlsNone          tlsMode = "none"
	tlsOpportunistic tlsMode = "opportunistic"
	tlsRequired      tlsMode = "required"
)

// server is what the URL says.
type server struct {
	host, addr     string
	user, password string
	implicit       bool // TLS from the first byte
	tls            tlsMode
	loopback       bool
	connections    int
}

// parseURL reads Options.URL. Its errors never repeat the URL: there is a password in it.
func parseURL(text string) (server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return server{}, fibonacco.Errorf(fibonacco.Invalid,
			"the SMTP address must look like smtp://user:password@host:port")
	}
	s := server{host: u.Hostname(), implicit: u.Scheme == "smtps", user: u.User.Username()}
	s.password, _ = u.User.Password()
	port := u.Port()
	switch {
	case port != "":
	case s.implicit:
		port = "465"
	case s.user != "":
		port = "587"
	default:
		port = "25"
	}
	s.addr = net.JoinHostPort(s.host, port)
	s.loopback = isLoopback(s.host)

	query := u.Query()
	if s.connections, err = strconv.Atoi(cmp.Or(query.Get("connections"), "10")); err != nil ||
		s.connections < 1 || s.connections > 100 {
		return server{}, fibonacco.Errorf(fibonacco.Invalid, "connections in the SMTP address must be 1 to 100")
	}
	s.tls = tlsMode(query.Get("tls"))
	if s.tls == "" {
		s.tls = tlsOpportunistic
		if s.loopback {
			s.tls = tlsNone
		}
	}
	switch s.tls {
	case tlsRequired, tlsOpportunistic:
	case tlsNone:
		if s.user != "" && !s.loopback && !s.implicit {
			return server{}, fibonacco.Errorf(fibonacco.Invalid,
				"tls=none in the SMTP address would send the password in clear; leave it out, or the password")
		}
	default:
		return server{}, fibonacco.Errorf(fibonacco.Invalid,
			"tls in the SMTP address must be required, opportunistic or none")
	}
	return s, nil
}

// isLoopback reports whether a connection to host stays on this machine.
func isLoopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

func (t Timeouts) orDefaults() Timeouts {
	return Timeouts{
		Connect: cmp.Or(t.Connect, 10*time.Second),
		Command: cmp.Or(t.Command, 30*time.Second),
		Data:    cmp.Or(t.Data, 120*time.Second),
		Idle:    cmp.Or(t.Idle, 30*time.Second),
		Grace:   cmp.Or(t.Grace, 5*time.Second),
	}
}

func (b Backoff) orDefaults() Backoff {
	b.First = cmp.Or(b.First, time.Second)
	b.Most = max(cmp.Or(b.Most, time.Minute), b.First)
	return b
}

// after is how long to stop after the n-th failure in a row, from 1.
func (b Backoff) after(n int) time.Duration {
	d := b.First
	for ; n > 1 && d < b.Most; n-- {
		d *= 2
	}
	return min(d, b.Most)
}

// heloName is what we call ourselves: a name without anything that could end the command.
func heloName(wanted string) string {
	name := wanted
	if name == "" {
		name, _ = os.Hostname()
	}
	for _, r := range name {
		if r <= ' ' || r > '~' {
			return "localhost"
		}
	}
	return cmp.Or(name, "localhost")
}
