package ses_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/ses"
)

// account is a stand-in for Amazon SES v2 on the wire: paths, JSON and error headers are those of
// the service's API model.
type account struct {
	t      *testing.T
	mu     sync.Mutex
	sent   []map[string]any
	answer func(n int, w http.ResponseWriter, r *http.Request) bool // true: it has answered
	quota  string
	asked  atomic.Int64
}

func (a *account) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDTEST/") {
		fail(w, http.StatusForbidden, "UnrecognizedClientException", "The security token included in the request is invalid.")
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /v2/email/account":
		a.asked.Add(1)
		a.mu.Lock()
		defer a.mu.Unlock()
		_, _ = io.WriteString(w, a.quota)
	case "POST /v2/email/outbound-emails":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		var in map[string]any
		if err := json.Unmarshal(body, &in); err != nil {
			a.t.Errorf("request is not JSON: %v", err)
		}
		a.mu.Lock()
		n, answer := len(a.sent), a.answer
		a.sent = append(a.sent, in)
		a.mu.Unlock()
		if answer != nil && answer(n, w, r) {
			return
		}
		_, _ = fmt.Fprintf(w, `{"MessageId":"0100-%d"}`, n)
	default:
		a.t.Errorf("asked for %s %s", r.Method, r.URL.Path)
	}
}

func (a *account) requests() []map[string]any {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]map[string]any(nil), a.sent...)
}

func fail(w http.ResponseWriter, status int, code, words string) {
	w.Header().Set("x-amzn-ErrorType", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": words})
}

const healthy = `{"SendingEnabled":true,"ProductionAccessEnabled":true,"EnforcementStatus":"HEALTHY","SendQuota":{"Max24HourSend":50000,"MaxSendRate":5000,"SentLast24Hours":10}}`

func newAccount(t *testing.T) (*account, string) {
	t.Helper()
	a := &account{t: t, quota: healthy}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	return a, server.URL
}

// noLimit grants everything and notes the rate that it was asked for.
type noLimit struct{ rate atomic.Value }

func (l *noLimit) Take(_ context.Context, _ string, perSecond float64, _ int) time.Duration {
	l.rate.Store(perSecond)
	return 0
}
func (*noLimit) State() string { return "none" }

func newMailer(t *testing.T, url string, change func(*ses.Options)) *ses.Mailer {
	t.Helper()
	o := ses.Options{
		Region: "us-east-1", Endpoint: url, AccessKeyID: "AKIDTEST", SecretAccessKey: "secret", Limiter: &noLimit{},
		Timeout: 5 * time.Second, Backoff: ses.Backoff{First: 20 * time.Millisecond, Most: 200 * time.Millisecond},
	}
	if change != nil {
		change(&o)
	}
	m, err := ses.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConforms(t *testing.T) {
	t.Parallel()
	mailtest.Conform(t, func(t *testing.T) fibonacco.Mailer {
		_, url := newAccount(t)
		return newMailer(t, url, nil)
	})
}

func TestRequest(t *testing.T) {
	t.Parallel()
	a, url := newAccount(t)
	m := newMailer(t, url, func(o *ses.Options) { o.ConfigurationSet = "events" })
	mail := mailtest.NewMail(7)
	mail.Tags = map[string]string{"campaign": "HOOK-001", "send": "7", "na me": "a b/c"}
	book := mailtest.RunAll(t, m, mail)
	h := book.Of(mail)
	if len(h) != 1 || h[0].Result != fibonacco.Accepted || h[0].MessageID != "0100-0" {
		t.Fatalf("got %+v", h)
	}
	in := a.requests()[0]
	raw, _ := base64.StdEncoding.DecodeString(in["Content"].(map[string]any)["Raw"].(map[string]any)["Data"].(string))
	if string(raw) != string(mail.Message) {
		t.Errorf("the mail arrived changed:\n%s", raw)
	}
	if to := fmt.Sprint(in["Destination"]); to != "map[ToAddresses:[recipient7@example.test]]" || in["ConfigurationSetName"] != "events" {
		t.Errorf("destination %s, set %v", to, in["ConfigurationSetName"])
	}
	got := map[string]string{}
	for _, tag := range in["EmailTags"].([]any) {
		got[tag.(map[string]any)["Name"].(string)] = tag.(map[string]any)["Value"].(string)
	}
	if got["campaign"] != "HOOK-001" || got["send"] != "7" || got["na_me"] != "a_b_c" {
		t.Errorf("tags %v", got)
	}
}

func TestSimpleRequest(t *testing.T) {
	t.Parallel()
	a, url := newAccount(t)
	m := newMailer(t, url, func(o *ses.Options) { o.Simple = true })
	mail := &fibonacco.Mail{SendID: 1, From: "sarah@sender.test", To: "owner@shop.test", MessageID: "1@sender.test", Message: []byte("From: Sarah <sarah@sender.test>\r\n" +
		"Reply-To: reply@sender.test\r\nTo: owner@shop.test\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\nList-Unsubscribe: <https://x.test/u/1>\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1 =3D 1\r\n" +
		"--b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>Hello</p>\r\n--b--\r\n")}
	if h := mailtest.RunAll(t, m, mail).Of(mail); len(h) != 1 || h[0].Result != fibonacco.Accepted {
		t.Fatalf("got %+v", h)
	}
	in := a.requests()[0]
	s := in["Content"].(map[string]any)["Simple"].(map[string]any)
	body := s["Body"].(map[string]any)
	if s["Subject"].(map[string]any)["Data"] != "Café" || body["Text"].(map[string]any)["Data"] != "1 = 1" || body["Html"].(map[string]any)["Data"] != "<p>Hello</p>" {
		t.Errorf("got %v", s)
	}
	if fmt.Sprint(s["Headers"]) != "[map[Name:List-Unsubscribe Value:<https://x.test/u/1>]]" || fmt.Sprint(in["ReplyToAddresses"]) != "[reply@sender.test]" || in["FromEmailAddress"] != "Sarah <sarah@sender.test>" {
		t.Errorf("headers %v, reply to %v, from %v", s["Headers"], in["ReplyToAddresses"], in["FromEmailAddress"])
	}
}

// Each error class of the SES documentation: what becomes of the mail, and whether the others wait.
func TestErrorClasses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		status      int
		code, words string
		want        fibonacco.HandoverResult
		stops       bool
	}{
		"rate":              {429, "TooManyRequestsException", "Maximum sending rate exceeded.", fibonacco.NotTried, true},
		"throttled":         {400, "ThrottlingException", "Maximum sending rate exceeded.", fibonacco.NotTried, true},
		"daily quota":       {429, "TooManyRequestsException", "Daily message quota exceeded.", fibonacco.NotTried, true},
		"suspended":         {400, "AccountSuspendedException", "Account is suspended.", fibonacco.NotTried, true},
		"paused":            {400, "SendingPausedException", "Sending is paused.", fibonacco.NotTried, true},
		"MAIL FROM":         {400, "MailFromDomainNotVerifiedException", "The MAIL FROM domain is not verified.", fibonacco.NotTried, true},
		"no such set":       {404, "NotFoundException", "Configuration set <events> does not exist.", fibonacco.NotTried, true},
		"sender unverified": {400, "MessageRejected", "Email address is not verified. The following identities failed the check in region US-EAST-1: bounce@sender.test", fibonacco.NotTried, true},
		"sandbox recipient": {400, "MessageRejected", "Email address is not verified. The following identities failed the check in region US-EAST-1: owner@shop.test", fibonacco.Refused, false},
		"rejected":          {400, "MessageRejected", "Email content is not allowed.", fibonacco.Refused, false},
		"bad request":       {400, "BadRequestException", "Missing final '@domain'", fibonacco.Refused, false},
		"credentials":       {403, "InvalidSignatureException", "The request signature we calculated does not match.", fibonacco.NotTried, true},
		"unavailable":       {503, "ServiceUnavailable", "Come back later.", fibonacco.NotTried, true},
		"broken":            {500, "InternalServiceErrorException", "Something broke.", fibonacco.Unanswered, true},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, url := newAccount(t)
			a.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				fail(w, tc.status, tc.code, tc.words)
				return true
			}
			m := newMailer(t, url, func(o *ses.Options) {
				o.Connections, o.Backoff = 1, ses.Backoff{First: time.Minute, Most: time.Hour}
			})
			mail, in, book := mailtest.NewMail(1), make(chan *fibonacco.Mail, 2), mailtest.NewBook()
			in <- mail
			mailtest.Start(t, m, in, book)
			book.Wait(t, 1)
			h := book.Of(mail)[0]
			if h.Result != tc.want || strings.Contains(h.Reason, "@sender.test") || strings.Contains(h.Reason, "@shop.test") || h.Reason == "" {
				t.Errorf("got %+v", h)
			}
			if stopped := m.Ready() != nil; stopped != tc.stops {
				t.Errorf("ready: %v", m.Ready())
			}
			if n := len(a.requests()); n != 1 {
				t.Errorf("handed over %d times", n)
			}
		})
	}
}

// The request is cut off: before it had all left nothing can have arrived, afterwards it may have.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	t.Run("after it left", func(t *testing.T) {
		t.Parallel()
		a, url := newAccount(t)
		a.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close()
			}
			return true
		}
		mail := mailtest.NewMail(1)
		h := mailtest.RunAll(t, newMailer(t, url, nil), mail).Of(mail)
		if len(h) != 1 || h[0].Result != fibonacco.Unanswered || len(a.requests()) != 1 {
			t.Errorf("got %+v after %d requests", h, len(a.requests()))
		}
	})
	t.Run("too late", func(t *testing.T) {
		t.Parallel()
		a, url := newAccount(t)
		a.answer = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			return true
		}
		mail := mailtest.NewMail(1)
		h := mailtest.RunAll(t, newMailer(t, url, func(o *ses.Options) { o.Timeout = 300 * time.Millisecond }), mail).Of(mail)
		if len(h) != 1 || h[0].Result != fibonacco.Unanswered {
			t.Errorf("got %+v", h)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = ln.Close()
		m := newMailer(t, "http://"+ln.Addr().String(), nil)
		mail, in, book := mailtest.NewMail(1), make(chan *fibonacco.Mail, 1), mailtest.NewBook()
		in <- mail
		mailtest.Start(t, m, in, book)
		book.Wait(t, 1)
		if h := book.Of(mail); h[0].Result != fibonacco.NotTried {
			t.Errorf("got %+v", h)
		}
		if m.Check(t.Context()) == nil {
			t.Error("Check is content")
		}
	})
}

// SES asks for less for a while: everything arrives, nothing twice, and nobody storms meanwhile.
func TestSlowsDownAndComesBack(t *testing.T) {
	t.Parallel()
	a, url := newAccount(t)
	var refused atomic.Int64
	a.answer = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n < 40 && n%4 != 0 {
			refused.Add(1)
			fail(w, http.StatusTooManyRequests, "TooManyRequestsException", "Maximum sending rate exceeded.")
			return true
		}
		return false
	}
	m := newMailer(t, url, func(o *ses.Options) { o.Connections = 4 })
	in := make(chan *fibonacco.Mail, 60)
	for n := range int64(60) {
		in <- mailtest.NewMail(n + 1)
	}
	mailtest.Start(t, m, in, mailtest.NewBook())
	deadline := time.Now().Add(20 * time.Second)
	for len(a.requests()) < 60 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if n := len(a.requests()); n != 60 {
		t.Fatalf("%d of 60 were handed over, each at most once", n)
	}
	if refused.Load() == 0 {
		t.Error("nothing was refused: the test shows nothing")
	}
}

func TestQuota(t *testing.T) {
	t.Parallel()
	t.Run("the account's rate is obeyed", func(t *testing.T) {
		t.Parallel()
		a, url := newAccount(t)
		a.quota = strings.Replace(healthy, `"MaxSendRate":5000`, `"MaxSendRate":14`, 1)
		limit := &noLimit{}
		mail := mailtest.NewMail(1)
		mailtest.RunAll(t, newMailer(t, url, func(o *ses.Options) { o.Limiter, o.Connections = limit, 1 }), mail)
		if limit.rate.Load() != 14.0 {
			t.Errorf("asked for %v a second", limit.rate.Load())
		}
	})
	t.Run("a lower limit of our own goes first", func(t *testing.T) {
		t.Parallel()
		_, url := newAccount(t)
		limit := &noLimit{}
		mail := mailtest.NewMail(1)
		mailtest.RunAll(t, newMailer(t, url, func(o *ses.Options) { o.Limiter, o.Connections, o.PerSecond = limit, 1, 3 }), mail)
		if limit.rate.Load() != 3.0 {
			t.Errorf("asked for %v a second", limit.rate.Load())
		}
	})
	for name, quota := range map[string]string{
		"used up":  strings.Replace(healthy, `"SentLast24Hours":10`, `"SentLast24Hours":50000`, 1),
		"disabled": strings.Replace(healthy, `"SendingEnabled":true`, `"SendingEnabled":false`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, url := newAccount(t)
			a.quota = quota
			m := newMailer(t, url, func(o *ses.Options) { o.QuotaEvery = 100 * time.Millisecond })
			if fibonacco.CodeOf(m.Check(t.Context())) != fibonacco.Unavailable {
				t.Error("Check is content")
			}
			in, book := make(chan *fibonacco.Mail, 1), mailtest.NewBook()
			in <- mailtest.NewMail(1)
			mailtest.Start(t, m, in, book)
			deadline := time.Now().Add(10 * time.Second)
			for m.Ready() == nil && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if len(a.requests()) != 0 || m.Ready() == nil {
				t.Fatalf("%d handed over, ready: %v", len(a.requests()), m.Ready())
			}
			a.mu.Lock()
			a.quota = healthy
			a.mu.Unlock()
			book.Wait(t, 1) // it resumes by itself
		})
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]ses.Options{
		"no limiter":    {Region: "us-east-1"},
		"half a key":    {Region: "us-east-1", Limiter: &noLimit{}, AccessKeyID: "x"},
		"negative rate": {Region: "us-east-1", Limiter: &noLimit{}, PerSecond: -1},
	} {
		if _, err := ses.New(t.Context(), o); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}
