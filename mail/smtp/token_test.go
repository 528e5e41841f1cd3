package smtp_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// endpoint hands out tokens: "access-secret-1", "access-secret-2" and so on.
type endpoint struct {
	mu      sync.Mutex
	asked   int
	refused string // the answer instead of a token
	life    string // expires_in, as JSON
	refresh string // what it takes next
	rotates bool
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked++
	if e.refused != "" || r.PostFormValue("refresh_token") != e.refresh || r.PostFormValue("client_secret") != "client-secret" ||
		r.PostFormValue("client_id") != "me" || r.PostFormValue("grant_type") != "refresh_token" {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_grant","error_description":"%s refresh-secret"}`, e.refused)
		return
	}
	if e.rotates {
		e.refresh = fmt.Sprintf("refresh-secret-%d", e.asked)
	}
	fmt.Fprintf(w, `{"access_token":"access-secret-%d","expires_in":%s,"refresh_token":%q}`, e.asked, e.life, e.refresh)
}

func (e *endpoint) times() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.asked
}

func oauthMailer(t *testing.T, server *mailtest.Server, e *endpoint, log *tee, query string) *smtp.Mailer {
	t.Helper()
	web := httptest.NewServer(e)
	t.Cleanup(web.Close)
	u := strings.Replace(server.URL(), "sarah:@", "sarah:refresh-secret@", 1)
	return newMailer(t, u, "auth=xoauth2&client_id=me&client_secret=client-secret&token_url="+url.QueryEscape(web.URL)+"&"+query,
		func(o *smtp.Options) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
}

// TestXOAUTH2: one token serves all connections; another is fetched when the server refuses it, or
// its time is up.
func TestXOAUTH2(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		life    string
		rotates bool
		token   string // that the server takes
		asked   int    // how often for a first run, at least
		most    int
		again   int // and for a second
	}{
		"kept":                        {life: "3600", token: "access-secret-1", asked: 1, most: 1},
		"kept without an end":         {life: "0", token: "access-secret-1", asked: 1, most: 1},
		"as text":                     {life: `"3600"`, token: "access-secret-1", asked: 1, most: 1},
		"revoked before its time":     {life: "3600", token: "access-secret-2", asked: 2, most: 2},
		"revoked, with a new refresh": {life: "3600", rotates: true, token: "access-secret-2", asked: 2, most: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewServer(t, mailtest.ServerOptions{User: "sarah", Mechanisms: "PLAIN XOAUTH2", Token: tc.token})
			e := &endpoint{life: tc.life, refresh: "refresh-secret", rotates: tc.rotates}
			var log tee
			m := oauthMailer(t, server, e, &log, "connections=3")
			mails := many(20)
			book := mailtest.RunAll(t, m, mails...)
			honest(t, server, book, mails)
			if n := len(arrivals(server)); n != 20 || e.times() < tc.asked || e.times() > tc.most {
				t.Errorf("%d arrived, %d tokens were fetched", n, e.times())
			}
			server.SetToken(fmt.Sprintf("access-secret-%d", e.times()+1))
			more := many(30)[20:]
			mailtest.RunAll(t, m, more...).Check(t, more)
			if n := len(arrivals(server)); n != 30 || e.times() != tc.most+1 {
				t.Errorf("%d arrived, %d tokens were fetched after the change", n, e.times())
			}
			if strings.Contains(log.String(), "secret") {
				t.Errorf("a secret is in the log: %s", log.String())
			}
		})
	}
}

// TestTokenEnds: a token is not used to its last second.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{User: "sarah", Mechanisms: "XOAUTH2", Token: "access-secret-1"})
	e := &endpoint{life: "0.000001", refresh: "refresh-secret"}
	var log tee
	m := oauthMailer(t, server, e, &log, "connections=1")
	if err := m.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.SetToken("access-secret-2")
	if err := m.Check(t.Context()); err != nil || e.times() != 2 {
		t.Errorf("%v, %d tokens were fetched", err, e.times())
	}
	if n := server.Seen(mailtest.AtAUTH); n != 2 {
		t.Errorf("%d logins: the old token was tried", n)
	}
}

// TestTokenFails: what goes wrong is said, without secrets, and no password leaves instead.
func TestTokenFails(t *testing.T) {
	t.Parallel()
	certificate, _ := mailtest.NewCertificate(t, "localhost")
	for name, tc := range map[string]struct {
		server  mailtest.ServerOptions
		refused string
		says    string
	}{
		"the endpoint refuses":     {server: mailtest.ServerOptions{Token: "x", Mechanisms: "XOAUTH2"}, refused: "no", says: "400 invalid_grant"},
		"the server refuses":       {server: mailtest.ServerOptions{Token: "x", Mechanisms: "XOAUTH2"}, says: "535 5.7.8"},
		"the server has only AUTH": {server: mailtest.ServerOptions{Mechanisms: "PLAIN LOGIN"}, says: "no login that we know"},
		"required, not offered":    {server: mailtest.ServerOptions{Mechanisms: "XOAUTH2"}, says: "does not offer TLS"},
		"required, not trusted":    {server: mailtest.ServerOptions{Mechanisms: "XOAUTH2", TLS: certificate}, says: "TLS: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.server.User = "sarah"
			server := mailtest.NewServer(t, tc.server)
			e := &endpoint{life: "3600", refresh: "refresh-secret", refused: tc.refused}
			var log tee
			query := "connections=1"
			if strings.HasPrefix(name, "required") {
				query += "&tls=required"
			}
			m := oauthMailer(t, server, e, &log, query)
			err := m.Check(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%v", err)
			}
			for _, line := range server.Log() {
				if strings.HasPrefix(line, "AUTH") && !strings.HasPrefix(line, "AUTH XOAUTH2") {
					t.Errorf("another login: %s", line)
				}
			}
			if e.times() > 2 {
				t.Errorf("%d tokens were fetched", e.times())
			}
		})
	}
}
