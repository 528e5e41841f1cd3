package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web"
	"github.com/fibonacco/fibonacco/web/api"
)

// gate knows one token and one session: viewer.
type gate struct{ fibonacco.AccessService }

func (gate) ByToken(_ context.Context, s string) (*fibonacco.Principal, error) {
	if r := fibonacco.Role(s); r.Valid() {
		return &fibonacco.Principal{TokenID: 7, Role: r}, nil
	}
	return nil, fibonacco.Errorf(fibonacco.Unauthorized, "unknown")
}

func (g gate) BySession(ctx context.Context, s string) (*fibonacco.Principal, error) {
	return g.ByToken(ctx, s)
}

type queues struct{ err error }

func (q queues) Queues(context.Context) ([]fibonacco.QueueState, error) {
	return []fibonacco.QueueState{{Name: "emails", Waiting: 3, Running: 2, Failed: 1, Wait: 1500 * time.Millisecond, Done: 9, Workers: 5, Paused: true}}, q.err
}

type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logbook) logger(level slog.Level) *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: level}))
}

func call(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.9:4711"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "From" {
			r.RemoteAddr = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHealthAndReady(t *testing.T) {
	t.Parallel()
	var parts []fibonacco.Part
	h := web.New(web.Options{Version: "1.2.3", Ready: func(context.Context) []fibonacco.Part { return parts }})
	if w := call(h, "GET", "/health", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"status":"ok"`) || !strings.Contains(w.Body.String(), "1.2.3") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, tc := range []struct {
		parts  []fibonacco.Part
		status int
		word   string
	}{
		{nil, 200, "ok"},
		{[]fibonacco.Part{{Name: "database", OK: true, Fatal: true, Latency: 1500 * time.Microsecond}}, 200, "ok"},
		{[]fibonacco.Part{{Name: "database", OK: true, Fatal: true}, {Name: "redis"}}, 200, "degraded"},
		{[]fibonacco.Part{{Name: "redis"}, {Name: "database", Fatal: true}, {Name: "mailer"}}, 503, "unavailable"},
	} {
		parts = tc.parts
		w := call(h, "GET", "/ready", "")
		var got struct {
			Status string
			Parts  []struct {
				Name      string
				LatencyMS float64 `json:"latency_ms"`
			}
		}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != tc.status || got.Status != tc.word || len(got.Parts) != len(tc.parts) {
			t.Errorf("%+v: %d %s", tc.parts, w.Code, w.Body)
		}
		if len(tc.parts) == 1 && got.Parts[0].LatencyMS != 1.5 {
			t.Errorf("latency %v", got.Parts)
		}
	}
	if w := call(h, "POST", "/health", ""); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /health: %d", w.Code)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	m := web.NewMetrics(web.MetricsOptions{
		Queues: queues{},
		Sends: func(context.Context) (map[fibonacco.SendStatus]int64, error) {
			return map[fibonacco.SendStatus]int64{fibonacco.SendSent: 12}, nil
		},
		Ready: func(context.Context) []fibonacco.Part { return []fibonacco.Part{{Name: "database", OK: true}} },
	})
	h := web.New(web.Options{Contracts: api.Contracts{Access: gate{}}, Metrics: m})
	call(h, "GET", "/health", "")
	call(h, "GET", "/no/such/page", "")
	for name, tc := range map[string]struct {
		headers []string
		status  int
	}{
		"a stranger":                 {nil, 401},
		"this machine":               {[]string{"From", "127.0.0.1:5"}, 200},
		"this machine, IPv6":         {[]string{"From", "[::1]:5"}, 200},
		"a proxy on this machine":    {[]string{"From", "127.0.0.1:5", "X-Forwarded-For", "203.0.113.9"}, 401},
		"a viewer's token":           {[]string{"Authorization", "Bearer viewer"}, 200},
		"an owner's token":           {[]string{"Authorization", "Bearer owner"}, 403},
		"a viewer through the proxy": {[]string{"From", "127.0.0.1:5", "X-Forwarded-For", "203.0.113.9", "Authorization", "Bearer viewer"}, 200},
	} {
		w := call(h, "GET", "/metrics", "", tc.headers...)
		if w.Code != tc.status {
			t.Errorf("%s: %d, want %d", name, w.Code, tc.status)
		}
		if w.Code != 200 {
			continue
		}
		for _, line := range []string{
			`fibonacco_queue_jobs{queue="emails",state="waiting"} 3`, `fibonacco_queue_jobs{queue="emails",state="failed"} 1`,
			`fibonacco_queue_wait_seconds{queue="emails"} 1.5`, `fibonacco_queue_jobs_done_total{queue="emails"} 9`, `fibonacco_queue_paused{queue="emails"} 1`,
			`fibonacco_sends{status="sent"} 12`, `fibonacco_part_up{part="database"} 1`, `fibonacco_scrape_errors{figures="queues"} 0`,
			`fibonacco_http_request_duration_seconds_count{route="/health",status="200"} 1`,
			`fibonacco_http_request_duration_seconds_count{route="none",status="404"} 1`, "go_goroutines ", "fibonacco_build_info{",
		} {
			if !strings.Contains(w.Body.String(), line) {
				t.Errorf("%s: no %s", name, line)
			}
		}
	}
	// A failing part leaves the rest readable, and says so. Without Metrics there are those of the queues.
	h = web.New(web.Options{Contracts: api.Contracts{Queues: queues{errors.New("away")}}})
	if w := call(h, "GET", "/metrics", "", "From", "127.0.0.1:5"); w.Code != 200 || !strings.Contains(w.Body.String(), `fibonacco_scrape_errors{figures="queues"} 1`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	o := web.Options{Contracts: api.Contracts{Access: gate{}}, Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	}}}
	o.Config.HTTP.PublicURL = "https://fibonacco.example"
	h := web.New(o)
	for _, target := range []string{"/page", "/health", "/api/v1/smbs", "/webhooks/ses", "/nowhere", "/api/openapi.json"} {
		w := call(h, "GET", target, "")
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
			"Strict-Transport-Security": "max-age=31536000", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", target, name, got, want)
			}
		}
		if id := w.Header().Get("X-Request-Id"); !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(id) {
			t.Errorf("%s: request id %q", target, id)
		}
	}
	for given, kept := range map[string]bool{"abcdef0123-4567": true, "short": false, "bad\tid-with-tab": false, strings.Repeat("x", 65): false} {
		if got := call(h, "GET", "/health", "", "X-Request-Id", given).Header().Get("X-Request-Id"); (got == given) != kept {
			t.Errorf("request id %q became %q", given, got)
		}
	}
}

func TestProblemsEverywhere(t *testing.T) {
	t.Parallel()
	h := web.New(web.Options{Contracts: api.Contracts{Access: gate{}}, Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /page", func(http.ResponseWriter, *http.Request) {})
	}}})
	for _, tc := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/", 404},
		{"GET", "/nowhere", 404},
		{"POST", "/page", 405},
		{"DELETE", "/ready", 405},
		{"GET", "/api", 404},
		{"GET", "/api/v2/smbs", 404},
		{"GET", "/api/v1", 401},
		{"POST", "/webhooks/ses", 501},
		{"POST", "/webhooks/twilio", 501},
		{"GET", "/webhooks/rvm", 405},
		{"POST", "/webhooks/stripe", 404},
	} {
		w := call(h, tc.method, tc.target, "{}")
		var p struct {
			Status              int
			Type, Title, Detail string
			Code                string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != tc.status || p.Status != tc.status || p.Detail == "" || p.Code == "" || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s, want %d", tc.method, tc.target, w.Code, w.Body, tc.status)
		}
		if !strings.Contains(w.Body.String(), w.Header().Get("X-Request-Id")) {
			t.Errorf("%s %s: the problem does not name the request: %s", tc.method, tc.target, w.Body)
		}
		if w.Code == 405 && w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", tc.method, tc.target)
		}
	}
}

func TestPanicIsAnsweredAndLoggedOnce(t *testing.T) {
	t.Parallel()
	book := &logbook{}
	h := web.New(web.Options{Log: book.logger(slog.LevelInfo), Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /panic/{token}", func(http.ResponseWriter, *http.Request) { panic("hunter2") })
		m.HandleFunc("GET /late", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "half an ans")
			http.NewResponseController(w).Flush()
			panic("late")
		})
	}}})
	w := call(h, "GET", "/panic/secret-link", "")
	if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	log := book.String()
	if strings.Count(log, "hunter2") != 1 || !strings.Contains(log, w.Header().Get("X-Request-Id")) || !strings.Contains(log, "GET /panic/{token}") || strings.Contains(log, "secret-link") {
		t.Errorf("log %s", log)
	}

	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/late")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("a broken answer looks whole: %q", body)
	}
	if _, err := http.Get(server.URL + "/health"); err != nil {
		t.Errorf("the server did not survive: %v", err)
	}
}

func TestAccessLogIsAtDebugAndWithoutPaths(t *testing.T) {
	t.Parallel()
	quiet, loud := &logbook{}, &logbook{}
	for book, level := range map[*logbook]slog.Level{quiet: slog.LevelInfo, loud: slog.LevelDebug} {
		h := web.New(web.Options{Contracts: api.Contracts{Access: gate{}}, Log: book.logger(level)})
		call(h, "GET", "/api/v1/smbs/77?search=rosa@example.com", "", "Authorization", "Bearer viewer")
	}
	if quiet.String() != "" {
		t.Errorf("at info: %s", quiet)
	}
	got := loud.String()
	if !strings.Contains(got, `route="GET /api/v1/smbs/{id}"`) || !strings.Contains(got, "token=7") || !strings.Contains(got, "status=422") || strings.Contains(got, "rosa") || strings.Contains(got, "/77") {
		t.Errorf("at debug: %s", got)
	}
}

func TestOtherSitesCannotPost(t *testing.T) {
	t.Parallel()
	o := web.Options{Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		for _, p := range []string{"POST /login", "GET /login", "POST /u/{token}"} {
			m.HandleFunc(p, func(http.ResponseWriter, *http.Request) {})
		}
	}}}
	o.Config.HTTP.PublicURL = "https://fibonacco.example/"
	h := web.New(o)
	for _, tc := range []struct {
		method, target string
		headers        []string
		status         int
	}{
		{"POST", "/login", nil, 200},
		{"POST", "/login", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"POST", "/login", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", "/login", []string{"Origin", "https://evil.example"}, 403},
		{"POST", "/login", []string{"Origin", "https://fibonacco.example"}, 200}, // Host is example.com: a proxy rewrote it
		{"GET", "/login", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"POST", "/u/token", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://mail.example"}, 200},
	} {
		if w := call(h, tc.method, tc.target, "", tc.headers...); w.Code != tc.status {
			t.Errorf("%s %s %v: %d, want %d", tc.method, tc.target, tc.headers, w.Code, tc.status)
		}
	}
}

func TestBodiesOfPagesAreBounded(t *testing.T) {
	t.Parallel()
	var failed error
	h := web.New(web.Options{Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		read := func(_ http.ResponseWriter, r *http.Request) { _, failed = io.Copy(io.Discard, r.Body) }
		m.HandleFunc("POST /form", read)
		m.HandleFunc("POST /businesses/import", read)
	}}})
	large := strings.Repeat("x", 1<<20+1)
	if w := call(h, "POST", "/form", large); w.Code != 413 {
		t.Errorf("announced: %d", w.Code)
	}
	r := httptest.NewRequest("POST", "/form", strings.NewReader(large))
	r.ContentLength = -1
	h.ServeHTTP(httptest.NewRecorder(), r)
	var tooLarge *http.MaxBytesError
	if !errors.As(failed, &tooLarge) {
		t.Errorf("chunked: %v", failed)
	}
	if w := call(h, "POST", "/businesses/import", large); w.Code != 200 || failed != nil {
		t.Errorf("a file: %d %v", w.Code, failed)
	}
}

// Live pages need each line at once, through all the layers.
func TestPagesCanStream(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	h := web.New(web.Options{Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /live", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "one\n")
			w.(http.Flusher).Flush()
			<-more
		})
	}}})
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); line != "one\n" {
		t.Errorf("got %q, %v", line, err)
	}
	close(more)
}

// A page may claim every path: the interface and its own 404 and 405 do not notice.
func TestAPageMayClaimEverything(t *testing.T) {
	t.Parallel()
	h := web.New(web.Options{Contracts: api.Contracts{Access: gate{}}, Mounts: []func(*http.ServeMux){func(m *http.ServeMux) {
		m.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	}}})
	if w := call(h, "GET", "/any", ""); w.Body.String() != "page" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := call(h, "GET", "/api/v1/nowhere", "", "Authorization", "Bearer viewer"); w.Code != 404 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestNewServer(t *testing.T) {
	t.Parallel()
	s := web.NewServer(":0", http.NotFoundHandler(), nil)
	if s.ReadHeaderTimeout <= 0 || s.IdleTimeout <= 0 || s.MaxHeaderBytes <= 0 || s.WriteTimeout != 0 {
		t.Errorf("%+v", s)
	}
}
