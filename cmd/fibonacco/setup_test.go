package main

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/mail/mailtest"
)

// stranger is somebody who has just started the server, with a browser.
type stranger struct {
	t      *testing.T
	client *http.Client
	base   string
}

// do sends a form, or asks for a page when there is none, follows, and returns what is shown.
func (s *stranger) do(path string, form url.Values) (at, body string) {
	s.t.Helper()
	method, text := http.MethodGet, ""
	if form != nil {
		method, text = http.MethodPost, form.Encode()
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(text))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	shown, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.Request.URL.Path, string(shown)
}

func (s *stranger) lands(path string, form url.Values, want string, texts ...string) {
	s.t.Helper()
	at, body := s.do(path, form)
	if at != want {
		s.t.Fatalf("%s leads to %s, want %s\n%s", path, at, want, body[:min(len(body), 600)])
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			s.t.Errorf("%s: %q is missing at %s", path, text, at)
		}
	}
}

// A new installation, from an empty database to a test mail, as who has started it sees it: the code of
// the log, the pages, settings that count without a restart, and what is left after one.
func TestSetUpANewInstallation(t *testing.T) {
	house(t)
	for _, name := range []string{"COMPANY_NAME", "COMPANY_POSTAL_ADDRESS", "FIBONACCO_PUBLIC_URL", "MAIL_FROM_ADDRESS", "MAIL_FROM_NAME", "MAIL_REPLY_TO"} {
		t.Setenv(name, "")
	}
	sink := mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepMessage})
	t.Setenv("MAIL_MAILER", "smtp")
	t.Setenv("SMTP_URL", "smtp://"+sink.Addr()+"?connections=1")
	_, out, _ := do(t, "setup")
	code := last(out)

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &stranger{t: t, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	log, stop := s.start()
	if !strings.Contains(log.String(), "code="+code) || !strings.Contains(log.String(), s.base+"/setup") {
		t.Fatalf("the log names neither the code %s nor the page:\n%s", code, log)
	}
	const password = "correct horse battery"
	me := url.Values{"code": {code}, "name": {"Dana"}, "email": {"dana@example.com"}, "password": {password}, "repeated": {password}}
	s.lands("/overview", nil, "/setup", "Nobody can sign in here yet")
	s.lands("/setup", me, "/setup/security", "Hello Dana")
	s.lands("/setup", nil, "/setup/security")
	s.lands("/setup/mail", url.Values{"to": {"dana@example.com"}}, "/setup/mail", "It did not leave.", "postal address is set (CAN-SPAM)")
	s.lands("/setup/company", url.Values{"company.name": {"Port Avery Local"}, "company.postal_address": {"200 Example Street, Port Avery, NY"}}, "/setup/domain")
	waitFor(t, "the settings to be taken up", func() bool { return strings.Count(log.String(), "fibonacco is up") == 2 })
	s.lands("/setup/mail", url.Values{"to": {"dana@example.com"}}, "/setup/mail", "Accepted after", "250 accepted")
	mails := sink.Received()
	if len(mails) != 1 || mails[0].To != "dana@example.com" || !strings.Contains(string(mails[0].Message), "200 Example Street, Port Avery, NY\r\n") {
		t.Fatalf("the server got %+v", mails)
	}
	s.lands("/setup/community", url.Values{"name": {"Port Avery"}, "state": {"NY"}, "timezone": {"America/New_York"}}, "/setup/businesses")
	s.lands("/settings?source=database", nil, "/settings", "Port Avery Local", "Made here")
	stop()

	_, stop = s.start()
	defer stop()
	s.lands("/setup/start", nil, "/setup/start", "Port Avery", "Missing")
	s.lands("/setup/finish", url.Values{}, "/overview")
	if _, out, _ := do(t, "setup"); !strings.Contains(out, "Somebody can sign in already") {
		t.Errorf("the command offers %q", out)
	}
}

// start runs the server until stop, and waits until it can be reached.
func (s *stranger) start() (log *lines, stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	log = &lines{}
	ended := make(chan int, 1)
	address := "127.0.0.1:0"
	if s.base != "" {
		address = strings.TrimPrefix(s.base, "http://") // the browser's cookies are for this one
	}
	go func() { ended <- run(ctx, []string{"serve", "--listen", address}, log, log) }()
	waitFor(s.t, "the server to be up", func() bool {
		m := regexp.MustCompile(`fibonacco is up.* listen=(\S+)`).FindStringSubmatch(log.String())
		if m != nil {
			s.base = "http://" + m[1]
		}
		return m != nil || len(ended) > 0
	})
	return log, func() {
		cancel()
		if code := <-ended; code != 0 {
			s.t.Errorf("the server ended with %d:\n%s", code, log)
		}
	}
}

// Once somebody has been through the setup, or has used the command line, nothing but a postal address
// lets real mail leave.
func TestServeWithoutPostalAddress(t *testing.T) {
	house(t)
	t.Setenv("COMPANY_POSTAL_ADDRESS", "")
	t.Setenv("MAIL_MAILER", "smtp")
	t.Setenv("SMTP_URL", "smtp://127.0.0.1:1")
	if code, _, errOut := do(t, "user", "create", "--name", "Dana", "--email", "dana@example.com", "--invite"); code != 0 {
		t.Fatal(errOut)
	}
	if code, _, errOut := do(t, "serve", "--listen", "127.0.0.1:0"); code != exitInvalid || !strings.Contains(errOut, "company.postal_address") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
