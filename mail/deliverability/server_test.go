package deliverability_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/mail/deliverability"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

const mx = "mx.shop.test"

// certificate is one for a host that is good for so long from now on.
func certificate(t *testing.T, host string, good time.Duration) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(good),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, MinVersion: tls.VersionTLS12}, pool
}

func TestTLS(t *testing.T) {
	const long = 90 * 24 * time.Hour
	for what, tc := range map[string]struct {
		options func(o *mailtest.ServerOptions, c *tls.Config)
		server  deliverability.Server
		name    string
		good    time.Duration
		unknown bool // by whom the certificate is signed
		down    bool
		state   string
		says    string
	}{
		"STARTTLS":            {state: "ok", says: "speaks TLS 1.3; its certificate is good until"},
		"from the first byte": {options: func(o *mailtest.ServerOptions, _ *tls.Config) { o.ImplicitTLS = true }, server: deliverability.Server{Implicit: true}, state: "ok", says: "speaks TLS 1.3"},
		"ends soon":           {good: 20 * 24 * time.Hour, state: "warning", says: "ends on"},
		"has ended":           {good: -time.Hour, state: "failed", says: "ended on"},
		"another's":           {name: "mx.other.test", state: "failed", says: "not made out to " + mx},
		"signed by nobody":    {unknown: true, state: "failed", says: "signed by nobody"},
		"on this machine":     {unknown: true, server: deliverability.Server{Local: true}, state: "ok", says: "on this machine"},
		"an old version": {options: func(_ *mailtest.ServerOptions, c *tls.Config) {
			c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
		}, state: "warning", says: "TLS 1.1 at best"},
		"offers none":           {options: func(o *mailtest.ServerOptions, _ *tls.Config) { o.TLS = nil }, state: "warning", says: "offers no STARTTLS"},
		"offers none, and near": {options: func(o *mailtest.ServerOptions, _ *tls.Config) { o.TLS = nil }, server: deliverability.Server{Local: true}, state: "ok", says: "needs no encryption"},
		"not wanted":            {server: deliverability.Server{Plain: true}, state: "warning", says: "tls=none"},
		"in the other way":      {server: deliverability.Server{Implicit: true}, state: "failed", says: "127.0.0.1"},
		"does not answer":       {down: true, state: "failed", says: "does not answer"},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			host, good := mx, long
			if tc.name != "" {
				host = tc.name
			}
			if tc.good != 0 {
				good = tc.good
			}
			config, pool := certificate(t, host, good)
			if tc.unknown {
				_, pool = certificate(t, "ca.test", long)
			}
			options := mailtest.ServerOptions{TLS: config}
			if tc.options != nil {
				tc.options(&options, config)
			}
			server := mailtest.NewServer(t, options)
			one := tc.server
			one.Addr, one.Host = server.Addr(), mx
			if tc.down {
				server.Down()
			}
			s := deliverability.Setup{FromDomain: "shop.test", Servers: []deliverability.Server{one}, Roots: pool}
			f := find(t, deliverability.Check(t.Context(), zone{}.serve(t), s), "TLS")
			if f.State != tc.state || !strings.Contains(f.Found, tc.says) || (f.State == "ok") != (f.Advice == "") {
				t.Errorf("%+v", f)
			}
			if n := len(server.Received()); n > 0 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
}
