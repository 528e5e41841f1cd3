package sns

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

var amazonHost = regexp.MustCompile(`^sns\.[a-zA-Z0-9-]{3,}\.amazonaws\.com(\.cn)?$`)

const (
	certMost    = 64 << 10 // bytes
	certTimeout = 5 * time.Second
	certsKept   = 100              // addresses: far more than regions
	missKept    = 30 * time.Second // a certificate that could not be had is not asked for again so soon
)

// certificates fetches each signing certificate once and keeps it until it ends.
type certificates struct {
	client *http.Client
	roots  *x509.CertPool
	clock  fibonacco.Clock

	mu    sync.Mutex
	known map[string]*certificate
}

type certificate struct {
	once  sync.Once
	cert  *x509.Certificate
	err   error
	until time.Time // of err
}

func newCertificates(client *http.Client, roots *x509.CertPool, clock fibonacco.Clock) *certificates {
	if client == nil {
		client = &http.Client{}
	}
	own := *client
	own.Timeout = certTimeout
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &certificates{client: &own, roots: roots, clock: clock, known: map[string]*certificate{}}
}

// key is the public key of a certificate. Forbidden for an address that is not Amazon's, and for a
// certificate that is not in force.
func (c *certificates) key(ctx context.Context, address string) (*rsa.PublicKey, error) {
	if err := amazonsOwn(address); err != nil {
		return nil, err
	}
	c.mu.Lock()
	entry := c.known[address]
	if entry == nil || entry.err != nil && c.clock.Now().After(entry.until) {
		if len(c.known) >= certsKept {
			clear(c.known)
		}
		entry = &certificate{}
		c.known[address] = entry
	}
	c.mu.Unlock()
	entry.once.Do(func() {
		// Not the request's context: others wait for the same certificate.
		fetch, cancel := context.WithTimeout(context.WithoutCancel(ctx), certTimeout)
		defer cancel()
		cert, err := c.fetch(fetch, address)
		c.mu.Lock()
		defer c.mu.Unlock()
		entry.cert, entry.err, entry.until = cert, err, c.clock.Now().Add(missKept)
	})
	c.mu.Lock()
	cert, err := entry.cert, entry.err
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	now := c.clock.Now()
	if now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "the signing certificate is not in force")
	}
	return cert.PublicKey.(*rsa.PublicKey), nil
}

// amazonsOwn: https, Amazon's host and nothing else, a certificate.
func amazonsOwn(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > 500 || u.Scheme != "https" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" ||
		!amazonHost.MatchString(u.Host) || !strings.HasSuffix(u.Path, ".pem") {
		return fibonacco.Errorf(fibonacco.Forbidden, "the signing certificate is not at Amazon's")
	}
	return nil
}

func (c *certificates) fetch(ctx context.Context, address string) (*x509.Certificate, error) {
	away := func(err error) error {
		return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "the signing certificate cannot be had right now", Err: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, away(err)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return nil, away(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, away(fmt.Errorf("status %s", res.Status))
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, certMost))
	if err != nil {
		return nil, away(err)
	}
	return c.read(text)
}

// read takes the first certificate of a PEM file, and proves it by the others and the roots.
func (c *certificates) read(text []byte) (*x509.Certificate, error) {
	refused := func(err error) error {
		return &fibonacco.Error{Code: fibonacco.Forbidden, Message: "the signing certificate cannot be trusted", Err: err}
	}
	between := x509.NewCertPool()
	var first *x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, refused(err)
		}
		if first == nil {
			first = cert
		} else {
			between.AddCert(cert)
		}
	}
	if first == nil {
		return nil, refused(fmt.Errorf("there is none in the file"))
	}
	if _, ok := first.PublicKey.(*rsa.PublicKey); !ok {
		return nil, refused(fmt.Errorf("its key is not RSA"))
	}
	// The host is proven by TLS. The chain is proven where it can be: Amazon's file holds the leaf
	// alone, whose issuer a system does not know.
	if c.roots != nil {
		if _, err := first.Verify(x509.VerifyOptions{Roots: c.roots, Intermediates: between, CurrentTime: c.clock.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
			return nil, refused(err)
		}
	}
	return first, nil
}
