package smtp_test

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// TestEncryptionAndLogin looks at what goes over which kind of connection. The host is far away by
// its name, and the server knows its certificate only in some cases.
func TestEncryptionAndLogin(t *testing.T) {
	t.Parallel()
	certificate, pool := mailtest.NewCertificate(t, "mail.example.test", "localhost")
	const login = "user:s%40cret%20word@"
	offers := mailtest.ServerOptions{TLS: certificate}
	implicit := mailtest.ServerOptions{TLS: certificate, ImplicitTLS: true}
	wantsLogin := func(o mailtest.ServerOptions) mailtest.ServerOptions {
		o.User, o.Password = "user", "s@cret word"
		return o
	}
	refusesTLS := mailtest.ServerOptions{
		TLS: certificate, Rules: []mailtest.Rule{{At: mailtest.AtSTARTTLS, Reply: "454 4.7.0 Not now"}},
	}
	onlyLOGIN := wantsLogin(offers)
	onlyLOGIN.Mechanisms = "CRAM-MD5 LOGIN"
	onlyCRAM := wantsLogin(offers)
	onlyCRAM.Mechanisms = "CRAM-MD5"

	for name, tc := range map[string]struct {
		url     string
		server  mailtest.ServerOptions
		trusted bool
		fails   string // what Ready says; "" when mail goes
		tls     bool   // whether STARTTLS is asked for
	}{
		"remote, offered, trusted":              {url: "smtp://mail.example.test", server: offers, trusted: true, tls: true},
		"remote, offered, not trusted":          {url: "smtp://mail.example.test", server: offers, tls: true},
		"remote, not offered":                   {url: "smtp://mail.example.test"},
		"remote, none wanted":                   {url: "smtp://mail.example.test?tls=none", server: offers},
		"remote, offered but refused":           {url: "smtp://mail.example.test", server: refusesTLS, tls: true},
		"required, trusted":                     {url: "smtp://mail.example.test?tls=required", server: offers, trusted: true, tls: true},
		"required, not trusted":                 {url: "smtp://mail.example.test?tls=required", server: offers, fails: "TLS: ", tls: true},
		"required, not offered":                 {url: "smtp://mail.example.test?tls=required", fails: "does not offer TLS"},
		"required, refused":                     {url: "smtp://mail.example.test?tls=required", server: refusesTLS, fails: "Not now", tls: true},
		"required, wrong name":                  {url: "smtp://other.example.test?tls=required", server: offers, trusted: true, fails: "TLS: ", tls: true},
		"implicit, trusted":                     {url: "smtps://mail.example.test", server: implicit, trusted: true},
		"implicit, not trusted":                 {url: "smtps://mail.example.test", server: implicit, fails: "TLS: "},
		"implicit, login":                       {url: "smtps://" + login + "mail.example.test", server: wantsLogin(implicit), trusted: true},
		"login, trusted":                        {url: "smtp://" + login + "mail.example.test", server: wantsLogin(offers), trusted: true, tls: true},
		"login, LOGIN":                          {url: "smtp://" + login + "mail.example.test", server: onlyLOGIN, trusted: true, tls: true},
		"login, not trusted":                    {url: "smtp://" + login + "mail.example.test", server: wantsLogin(offers), fails: "TLS: ", tls: true},
		"login, not offered":                    {url: "smtp://" + login + "mail.example.test", server: wantsLogin(mailtest.ServerOptions{}), fails: "does not leave in clear"},
		"login, TLS refused":                    {url: "smtp://" + login + "mail.example.test", server: wantsLogin(refusesTLS), trusted: true, fails: "Not now", tls: true},
		"login, unknown way":                    {url: "smtp://" + login + "mail.example.test", server: onlyCRAM, trusted: true, fails: "no login that we know", tls: true},
		"login, wrong":                          {url: "smtp://user:s%40cret@mail.example.test", server: wantsLogin(offers), trusted: true, fails: "535 5.7.8", tls: true},
		"no login, needed":                      {url: "smtp://mail.example.test", server: wantsLogin(offers), fails: "Authentication required", tls: true},
		"this machine, login in clear":          {url: "smtp://" + login + "localhost", server: wantsLogin(mailtest.ServerOptions{})},
		"this machine, offered":                 {url: "smtp://" + login + "localhost", server: wantsLogin(offers)},
		"this machine, required":                {url: "smtp://localhost?tls=required", server: offers, trusted: true, tls: true},
		"this machine, opportunistic, any cert": {url: "smtp://localhost?tls=opportunistic", server: offers, tls: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewServer(t, tc.server)
			var log tee
			url, query, _ := strings.Cut(tc.url, "?")
			m := newMailer(t, url, "connections=1&"+query, func(o *smtp.Options) {
				o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, server.Addr())
				}
				if tc.trusted {
					o.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
				}
				o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			})
			in, book := make(chan *fibonacco.Mail, 30), mailtest.NewBook()
			mails := many(30)
			for _, mail := range mails {
				in <- mail
			}
			stop := mailtest.Start(t, m, in, book)
			if tc.fails == "" {
				book.Wait(t, 30)
				if n := len(server.Received()); n != 30 {
					t.Errorf("%d arrived", n)
				}
			} else {
				book.Wait(t, 1)
				eventually(t, "it is not ready: "+tc.fails, func() bool {
					err := m.Ready()
					return err != nil && strings.Contains(err.Error(), tc.fails)
				})
				if n := len(server.Received()) + len(in); n != 29 {
					t.Errorf("%d arrived or were not taken", n)
				}
			}
			stop()
			err := m.Check(t.Context())
			if needsMail := tc.fails == "Authentication required"; (err != nil) != (tc.fails != "" && !needsMail) {
				t.Errorf("Check: %v", err)
			}
			if asked := server.Seen(mailtest.AtSTARTTLS) > 0; asked != tc.tls {
				t.Errorf("STARTTLS: %t", asked)
			}
			if all := strings.Join(server.Log(), "\n") + log.String(); strings.Contains(all, "cret") {
				t.Error("the password is in the open: " + all)
			}
			if tc.fails == "does not leave in clear" && server.Seen(mailtest.AtAUTH) > 0 {
				t.Error("AUTH without TLS")
			}
			for _, v := range server.Violations() {
				t.Error(v)
			}
		})
	}
}

// TestInjectedBeforeTLS: what came before the handshake, unencrypted, is not believed.
func TestInjectedBeforeTLS(t *testing.T) {
	t.Parallel()
	certificate, pool := mailtest.NewCertificate(t, "localhost")
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		TLS: certificate, Rules: []mailtest.Rule{{At: mailtest.AtSTARTTLS, Raw: "220 Go\r\n250-evil\r\n250 AUTH PLAIN\r\n"}},
	})
	m := newMailer(t, strings.Replace(server.URL(), "127.0.0.1", "localhost", 1), "tls=required", func(o *smtp.Options) {
		o.TLS = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
		o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Addr())
		}
	})
	if err := m.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "before TLS") {
		t.Errorf("Check: %v", err)
	}
}

// TestCheck: it proves that the server takes mail, without sending any, and says why not.
func TestCheck(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{User: "user", Password: "word"})
	if err := newMailer(t, server.URL(), "").Check(t.Context()); err != nil {
		t.Error(err)
	}
	if log := strings.Join(server.Log(), " "); strings.Contains(log, "MAIL") || !strings.HasSuffix(log, "NOOP QUIT") {
		t.Error(log)
	}
	for name, rule := range map[string]mailtest.Rule{
		"554 5.3.2 Closed":  {At: mailtest.AtGreeting, Reply: "554 5.3.2 Closed"},
		"535 5.7.8 No":      {At: mailtest.AtAUTH, Reply: "535 5.7.8 No"},
		"451 4.3.0 Ill":     {At: mailtest.AtNOOP, Reply: "451 4.3.0 Ill"},
		"connection lost":   {At: mailtest.AtNOOP, Drop: true},
		"no answer in time": {At: mailtest.AtEHLO, Hang: true},
	} {
		server.SetRules(rule)
		m := newMailer(t, server.URL(), "", func(o *smtp.Options) { o.Timeouts.Command = impatient })
		if err := m.Check(t.Context()); fibonacco.CodeOf(err) != fibonacco.Unavailable || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newMailer(t, server.URL(), "").Check(ctx); err == nil {
		t.Error("Check went on without its context")
	}
}
