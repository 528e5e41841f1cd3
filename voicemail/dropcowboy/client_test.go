package dropcowboy_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/voicemailtest"
)

func client(t *testing.T, o dropcowboy.Options) *dropcowboy.Client {
	t.Helper()
	o.Key, o.Secret, o.VoiceID, o.Logger = "the-key", "the-secret", "the-voice", quiet
	c, err := dropcowboy.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is sent, of both versions.
func TestRequest(t *testing.T) {
	t.Parallel()
	type sent struct {
		path   string
		header http.Header
		body   map[string]any
	}
	for name, tc := range map[string]struct {
		o    dropcowboy.Options
		path string
		body map[string]any
		keys bool
	}{
		"v2": {
			dropcowboy.Options{BrandID: "b", PhoneLineID: "line"},
			"/rvm",
			map[string]any{"to": "+15550010001", "phone_line_id": "line", "voice_id": "the-voice", "brand_id": "b", "postal_code": "11231"},
			true,
		},
		"v1": {
			dropcowboy.Options{V1: true, BrandID: "b", PhoneLineID: "pool"},
			"/v1/rvm",
			map[string]any{"phone_number": "+15550010001", "pool_id": "pool", "voice_id": "the-voice", "brand_id": "b", "team_id": "the-key", "secret": "the-secret", "postal_code": "11231"},
			false,
		},
	} {
		got := make(chan sent, 2)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s := sent{path: r.URL.Path, header: r.Header}
			_ = json.NewDecoder(r.Body).Decode(&s.body)
			got <- s
			_, _ = io.WriteString(w, `{"status":"queued","message_id":"m-1"}`)
		}))
		t.Cleanup(server.Close)
		tc.o.Endpoint = server.URL
		v := voicemailtest.New(1, "+15550010001")
		v.CallbackURL, v.PostalCode = "https://media.example/webhooks/rvm?proof=x", "11231"
		h := client(t, tc.o).Drop(t.Context(), v)
		if h.Result != fibonacco.Accepted || h.MessageID != "m-1" {
			t.Errorf("%s: %+v", name, h)
		}
		s := <-got
		tc.body["foreign_id"], tc.body["tts_body"], tc.body["callback_url"] = v.UUID, v.Script, v.CallbackURL
		if s.path != tc.path || len(s.body) != len(tc.body) {
			t.Errorf("%s: %s %v", name, s.path, s.body)
		}
		for k, want := range tc.body {
			if s.body[k] != want {
				t.Errorf("%s: %s is %v, want %v", name, k, s.body[k], want)
			}
		}
		if (s.header.Get("X-Key") == "the-key" && s.header.Get("X-Secret") == "the-secret") != tc.keys || (s.header.Get("Idempotency-Key") == v.Key) != tc.keys {
			t.Errorf("%s: headers %v", name, s.header)
		}
	}
}

// What an answer means for the voicemail, and for the next one.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		status int
		body   string
		want   fibonacco.HandoverResult
		ready  bool
		reason string
	}{
		"accepted":             {202, `{"status":"queued","message_id":"m"}`, fibonacco.Accepted, true, ""},
		"of a stranger":        {200, `<html>Welcome to our hotel</html>`, fibonacco.Unanswered, false, "could not be read"},
		"of another api":       {200, `{"status":"ok"}`, fibonacco.Unanswered, false, "could not be read"},
		"a redirect":           {302, ``, fibonacco.NotTried, false, "not Drop Cowboy's"},
		"bad values":           {400, `{"title":"Bad Request","detail":"to +15550010001 is not a number"}`, fibonacco.Refused, true, "to (number) is not a number"},
		"not accepted":         {422, `{"message":"no"}`, fibonacco.Refused, true, "no"},
		"no credentials":       {401, `{"title":"Unauthorized"}`, fibonacco.NotTried, false, "Unauthorized"},
		"no right":             {403, ``, fibonacco.NotTried, false, "Forbidden"},
		"no money":             {402, ``, fibonacco.NotTried, false, "Payment Required"},
		"no such address":      {404, ``, fibonacco.NotTried, false, "Not Found"},
		"slow down":            {429, `{"message":"Too many requests"}`, fibonacco.NotTried, false, "Too many requests"},
		"broken":               {500, ``, fibonacco.Unanswered, false, "Internal Server Error"},
		"broken on the way":    {502, ``, fibonacco.Unanswered, false, "Bad Gateway"},
		"later":                {409, `{"detail":"busy"}`, fibonacco.Deferred, true, "busy"},
		"numbers of any shape": {400, `{"detail":"(555) 001-0001 and 15550010001"}`, fibonacco.Refused, true, "(555) (number) and (number)"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}))
		c := client(t, dropcowboy.Options{Endpoint: server.URL, Backoff: dropcowboy.Backoff{First: time.Minute}})
		h := c.Drop(t.Context(), voicemailtest.New(1, "+15550010001"))
		if h.Result != tc.want || !strings.Contains(h.Reason, tc.reason) && !strings.Contains(readiness(c), tc.reason) {
			t.Errorf("%s: %+v", name, h)
		}
		if (c.Ready() == nil) != tc.ready {
			t.Errorf("%s: ready: %v", name, c.Ready())
		}
		if strings.Contains(h.Reason, "5550010001") {
			t.Errorf("%s: the reason quotes the number: %s", name, h.Reason)
		}
		if !tc.ready {
			if h := c.Drop(t.Context(), voicemailtest.New(2, "+15550010001")); h.Result != fibonacco.NotTried {
				t.Errorf("%s: the next: %+v", name, h)
			}
		}
		server.Close()
	}
}

func readiness(c *dropcowboy.Client) string {
	if err := c.Ready(); err != nil {
		return err.Error()
	}
	return ""
}

// What breaks before the request has left costs no try; what breaks after may have left.
func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + closed.Addr().String()
	_ = closed.Close()
	if h := client(t, dropcowboy.Options{Endpoint: nobody}).Drop(t.Context(), voicemailtest.New(1, "+15550010001")); h.Result != fibonacco.NotTried {
		t.Errorf("nobody there: %+v", h)
	}

	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer hangs.Close()
	c := client(t, dropcowboy.Options{Endpoint: hangs.URL, Timeout: 100 * time.Millisecond})
	if h := c.Drop(t.Context(), voicemailtest.New(1, "+15550010001")); h.Result != fibonacco.Unanswered || h.Reason != "no answer in time" {
		t.Errorf("no answer: %+v", h)
	}

	var calls atomic.Int32
	cuts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = conn.Close()
		}
	}))
	defer cuts.Close()
	c = client(t, dropcowboy.Options{Endpoint: cuts.URL})
	if h := c.Drop(t.Context(), voicemailtest.New(1, "+15550010001")); h.Result != fibonacco.Unanswered {
		t.Errorf("cut: %+v", h)
	}
	if calls.Load() != 1 {
		t.Errorf("the request was made %d times", calls.Load())
	}
}

// After a failure it waits, and then goes on by itself.
func TestComesBack(t *testing.T) {
	t.Parallel()
	var down atomic.Bool
	down.Store(true)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if down.Load() {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		_, _ = io.WriteString(w, `{"status":"queued"}`)
	}))
	defer server.Close()
	c := client(t, dropcowboy.Options{Endpoint: server.URL, Backoff: dropcowboy.Backoff{First: 50 * time.Millisecond}})
	c.Drop(t.Context(), voicemailtest.New(1, "+15550010001"))
	if c.Ready() == nil {
		t.Error("it is ready after a refusal")
	}
	down.Store(false)
	deadline := time.Now().Add(10 * time.Second)
	for c.Ready() != nil && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if h := c.Drop(t.Context(), voicemailtest.New(1, "+15550010001")); h.Result != fibonacco.Accepted {
		t.Errorf("afterwards: %+v", h)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]dropcowboy.Options{
		"nothing": {}, "no voice": {Key: "k", Secret: "s"}, "no brand": {Key: "k", Secret: "s", VoiceID: "v", V1: true}, "no address": {Key: "k", Secret: "s", VoiceID: "v", Endpoint: "here"},
	} {
		if _, err := dropcowboy.New(o); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	c, err := dropcowboy.New(dropcowboy.Options{Key: "k", Secret: "s", VoiceID: "v"})
	if err != nil || c.Repeatable() != 24*time.Hour || c.Name() != "drop_cowboy" {
		t.Errorf("version 2: %v, %v", c, err)
	}
	if h := c.Drop(t.Context(), fibonacco.Voicemail{Script: strings.Repeat("x", 1201)}); h.Result != fibonacco.Refused {
		t.Errorf("a long script: %+v", h)
	}
}
