package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/config"
	"github.com/fibonacco/fibonacco/mail/deliverability"
)

// emptyDNS knows no name.
type emptyDNS struct{}

func (emptyDNS) missing(name string) error {
	return &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (d emptyDNS) LookupTXT(_ context.Context, n string) ([]string, error) { return nil, d.missing(n) }

func (d emptyDNS) LookupMX(_ context.Context, n string) ([]*net.MX, error) { return nil, d.missing(n) }

func (d emptyDNS) LookupAddr(_ context.Context, n string) ([]string, error) { return nil, d.missing(n) }

func (d emptyDNS) LookupNetIP(_ context.Context, _, n string) ([]netip.Addr, error) {
	return nil, d.missing(n)
}

// What is looked at is how these settings send: every mail of the shipped library as it would leave,
// the account at Amazon, or the servers of SMTP_URL.
func TestDeliverabilitySetup(t *testing.T) {
	amazon := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v2/email/identities/") {
			w.Header().Set("x-amzn-ErrorType", "NotFoundException")
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"no such identity"}`)
			return
		}
		_, _ = io.WriteString(w, `{"SendingEnabled":true,"ProductionAccessEnabled":false,"EnforcementStatus":"HEALTHY"}`)
	}))
	defer amazon.Close()
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	look := func(t *testing.T, set ...string) map[string]deliverability.Finding {
		t.Helper()
		dir := t.TempDir()
		settings, err := config.Read(config.Options{Environ: []string{}, Dir: dir, Set: append(set,
			"data_dir="+dir, "email.from_email=sarah@shop.test", "http.public_url=https://go.shop.test", "company.postal_address=1 Main Street")})
		if err != nil {
			t.Fatal(err)
		}
		a, err := wire(t.Context(), settings, wiring{migrate: true})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = a.close() }()
		if err := a.ensureLibrary(&env{ctx: t.Context(), settings: settings, out: io.Discard, err: io.Discard}); err != nil {
			t.Fatal(err)
		}
		s, err := a.deliverabilitySetup(t.Context(), []string{"192.0.2.25"})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Mails) < 52 {
			t.Errorf("only %d mails are looked at", len(s.Mails))
		}
		found := map[string]deliverability.Finding{}
		for _, f := range deliverability.Check(t.Context(), emptyDNS{}, s) {
			found[f.Name] = f
		}
		for _, name := range []string{"unsubscribe", "headers", "size", "pictures", "links"} {
			if f := found[name]; f.State != deliverability.OK {
				t.Errorf("the shipped mails: %s is %+v", name, f)
			}
		}
		return found
	}
	t.Run("smtp", func(t *testing.T) {
		closed, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = closed.Close()
		found := look(t, "email.mailer=smtp", "email.smtp_url=smtp://"+closed.Addr().String())
		if f := found["TLS"]; f.State != deliverability.Failed || !strings.Contains(f.Found, "does not answer") {
			t.Errorf("%+v", f)
		}
		if f := found["PTR"]; f.State != deliverability.Failed {
			t.Errorf("%+v", f)
		}
	})
	t.Run("ses", func(t *testing.T) {
		found := look(t, "email.mailer=ses", "email.ses_region=us-east-1", "email.ses_endpoint="+amazon.URL)
		if f := found["account"]; f.State != deliverability.Failed || !strings.Contains(f.Found, "sandbox") {
			t.Errorf("%+v", f)
		}
		if f := found["identity"]; f.State != deliverability.Failed || !strings.Contains(f.Found, "shop.test is not set up") {
			t.Errorf("%+v", f)
		}
	})
}

// Who asks within a minute gets the same look.
func TestDeliverabilityIsKept(t *testing.T) {
	kept := &fibonacco.DeliverabilityReport{Domain: "shop.test"}
	d := &doctorOfMail{last: kept, at: fibonacco.RealTime()}
	got, err := d.Deliverability(t.Context())
	if err != nil || got != kept {
		t.Errorf("%v, %v", got, err)
	}
}
