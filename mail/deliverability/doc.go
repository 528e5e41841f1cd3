// Package deliverability looks at what receiving servers look at before they believe a mail: who may
// send for the domain (SPF), whose signature it carries (DKIM), what the domain wants done with
// forgeries (DMARC), where returned mail goes (MX), what the sending address is called (PTR), how well
// the servers that take our mail prove themselves (TLS), what a provider says of the account, and what
// is in the mails.
//
// It reads the public DNS, shakes hands with the servers, and changes nothing. Whether mail leaves at
// all is for the mailers.
package deliverability

import (
	"context"
	"crypto/x509"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// patience is how long the checks may take, whatever the DNS and the servers do.
const patience = 5 * time.Second

// Finding is what one check found.
type Finding = fibonacco.DeliverabilityFinding

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
	Servers      []Server       // that take our mails; none when a provider does by another way
	Roots        *x509.CertPool // whose certificates are believed; nil is the machine's
	Account      *Account       // nil without a provider that has one
	Mails        []Mail         // as they would leave
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
	LookupAddr(ctx context.Context, addr string) ([]string, error)
}

// Check looks at everything at once, for five seconds at most. A resolver of nil is the machine's.
func Check(ctx context.Context, r Resolver, s Setup) []Finding {
	if r == nil {
		r = net.DefaultResolver
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	looks := []func(context.Context, Resolver, Setup) []Finding{
		checkSPF, checkDKIM, checkDMARC, checkBounce, checkHosts, checkServers, checkAccount, checkMails,
	}
	found := make([][]Finding, len(looks))
	var all sync.WaitGroup
	for i, look := range looks {
		all.Go(func() { found[i] = look(ctx, r, s) })
	}
	all.Wait()
	return slices.Concat(found...)
}

// absent reports whether a name, or a record of it, is certainly not there.
func absent(err error) bool {
	d, ok := err.(*net.DNSError) //nolint:errorlint // net.Resolver returns it bare
	return ok && d.IsNotFound
}
