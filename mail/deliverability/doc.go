// Package deliverability looks at what receiving servers look at before they believe a mail: who may
// send for the domain (SPF), whose signature it carries (DKIM), what the domain wants done with
// forgeries (DMARC), and where returned mail goes (MX).
//
// It reads the public DNS and changes nothing. Whether mail leaves at all is for the mailers.
package deliverability

import (
	"context"
	"net"
	"net/netip"
	"time"
)

// patience is how long one check may take, whatever the DNS does.
const patience = 5 * time.Second

// Finding is what one check found.
type Finding struct {
	Name   string `json:"name"`   // SPF, DKIM, DMARC, bounce MX
	State  string `json:"state"`  // ok, warning, failed
	Found  string `json:"found"`  // what is there
	Advice string `json:"advice"` // what to do, with the record to publish; "" when there is nothing to do
}

// The states of a finding.
const (
	OK      = "ok"
	Warning = "warning"
	Failed  = "failed"
)

// Setup is how mail is sent.
type Setup struct {
	FromDomain   string
	Senders      []netip.Addr // addresses that hand mails to receivers; none when not known
	Include      string       // what an SPF record has to include, "amazonses.com"; "" is nothing
	BounceDomain string       // "" has none
	PublicHost   string       // where returned mail is received; "" when not known
	Keys         []Key
}

// Key is the public half of a key that signs.
type Key struct {
	Domain, Selector string
	Record           string // what its TXT record has to say
	Bits             int    // of RSA; 0 for Ed25519
}

// Resolver is the part of net.Resolver that is used.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Check looks at everything, each for five seconds at most. A resolver of nil is the machine's.
func Check(ctx context.Context, r Resolver, s Setup) []Finding {
	if r == nil {
		r = net.DefaultResolver
	}
	var out []Finding
	for _, look := range []func(context.Context, Resolver, Setup) []Finding{checkSPF, checkDKIM, checkDMARC, checkBounce} {
		limited, cancel := context.WithTimeout(ctx, patience)
		out = append(out, look(limited, r, s)...)
		cancel()
	}
	return out
}

// absent reports whether a name, or a record of it, is certainly not there.
func absent(err error) bool {
	d, ok := err.(*net.DNSError) //nolint:errorlint // net.Resolver returns it bare
	return ok && d.IsNotFound
}
