package smtp

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Options say which servers take the mail, and how. Only URL is required.
type Options struct {
	// URL is smtp://user:password@host:port, or smtps:// for TLS from the first byte; or several of
	// them, parted by spaces or commas. See url.go for what its query may hold.
	URL string

	HELO string // the name we give ourselves; "" is the machine's name

	Limiter   fibonacco.Limiter // shares rates with the other nodes; needed when PerSecond or a server's rate is set
	LimitKey  string            // the limiter's key, and what those of servers begin with; "" is "smtp"
	PerSecond float64           // mails a second over all servers and nodes; 0 is no limit

	// PerDomain reports what the recipient's domain has against our speed as Handover.Slower, and
	// slows nobody else down, unless several domains complain and nothing is accepted in between.
	PerDomain bool

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
