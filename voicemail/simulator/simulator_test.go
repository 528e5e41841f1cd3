package simulator_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/voicemail/dropcowboy"
	"github.com/fibonacco/fibonacco/voicemail/simulator"
	"github.com/fibonacco/fibonacco/voicemail/voicemailtest"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

func signer(t testing.TB) *fibonacco.Signer {
	t.Helper()
	s, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The simulator as the product runs it: in its own process, results and all.
func TestConform(t *testing.T) {
	t.Parallel()
	voicemailtest.Conform(t, func(t *testing.T) voicemailtest.Bundle {
		book := &voicemailtest.Book{}
		hook := dropcowboy.NewWebhook("secret", signer(t), book, quiet)
		sim := simulator.New(simulator.Options{
			Clock: fibonacco.NewFakeClock(time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC)), BaseURL: "http://localhost",
			WebhookURL: "http://localhost/webhooks/rvm", WebhookSecret: "secret", Deliver: hook.Receive, Logger: quiet,
		})
		t.Cleanup(func() { _ = sim.Close() })
		v, err := sim.Voicemailer()
		if err != nil {
			t.Fatal(err)
		}
		return voicemailtest.Bundle{
			Voicemailer: v, Reports: book, Flush: sim.Flush,
			CallbackURL: func(id int64) string {
				return "http://localhost/webhooks/rvm?proof=" + signer(t).SignSend(fibonacco.VoicemailToken, fibonacco.SendClaim{SendID: id})
			},
		}
	})
}

// A number has one result, and most arrive.
func TestResultCode(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string]int{"+15550010001": 0, "+15550010090": 4016, "+15550010097": 4013, "+15550010099": 6011} {
		if got := simulator.ResultCode(phone); got != want {
			t.Errorf("%s: %d, want %d", phone, got, want)
		}
	}
	counts := map[int]int{}
	for n := range 10_000 {
		phone := "+1718" + string([]byte{byte('2' + n%8), byte('0' + n/10%10), byte('0' + n/100%10), byte('0' + n/1000%10), byte('0' + n%10), '4', '2'})
		counts[simulator.ResultCode(phone)]++
	}
	if arrive := counts[0]; arrive < 8000 || arrive > 9200 || len(counts) < 6 {
		t.Errorf("of 10,000: %v", counts)
	}
}

// A webhook that is refused for now comes again, three times in all; a refusal for good does not.
func TestWebhookRetries(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{http.StatusServiceUnavailable: 3, http.StatusTooManyRequests: 3, http.StatusForbidden: 1, http.StatusOK: 1} {
		var mu sync.Mutex
		attempts := map[string]int{}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			attempts[r.Header.Get("X-Event-Id")]++
			w.WriteHeader(status)
		}))
		sim := simulator.New(simulator.Options{Clock: fibonacco.NewFakeClock(time.Now()), WebhookURL: server.URL, WebhookSecret: "s", Logger: quiet})
		v, err := sim.Voicemailer()
		if err != nil {
			t.Fatal(err)
		}
		v.Drop(t.Context(), voicemailtest.New(1, "+15550010001"))
		sim.Flush()
		if len(attempts) != 1 || attempts[firstKey(attempts)] != want {
			t.Errorf("%d: %v", status, attempts)
		}
		server.Close()
		_ = sim.Close()
	}
}

func firstKey(m map[string]int) string {
	for k := range m {
		return k
	}
	return ""
}

// A few of those who got a voicemail call back, and some of those want no more.
func TestCallers(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	calls := map[string][]fibonacco.PhoneCall{}
	sim := simulator.New(simulator.Options{
		Clock: fibonacco.NewFakeClock(time.Now()), CallTo: "+17185550100", Logger: quiet,
		Call: func(_ context.Context, c fibonacco.PhoneCall) error {
			mu.Lock()
			defer mu.Unlock()
			calls[c.ID] = append(calls[c.ID], c)
			return nil
		},
	})
	v, err := sim.Voicemailer()
	if err != nil {
		t.Fatal(err)
	}
	for n := range int64(400) {
		v.Drop(t.Context(), voicemailtest.New(n, "+1718555"+string([]byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10), '7'})))
	}
	sim.Flush()
	stopped := 0
	for _, steps := range calls {
		if steps[0].Step != "" || steps[0].To != "+17185550100" || steps[1].Step != "choice" {
			t.Errorf("a call goes %+v", steps)
		}
		if steps[1].Digits == "9" {
			stopped++
		}
	}
	if len(calls) < 10 || len(calls) > 60 || stopped == 0 || stopped == len(calls) {
		t.Errorf("%d called back, %d of them to stop", len(calls), stopped)
	}
	_ = sim.Close()
}

// Requests that are wrong.
func TestRefuses(t *testing.T) {
	t.Parallel()
	sim := simulator.New(simulator.Options{Clock: fibonacco.NewFakeClock(time.Now()), Logger: quiet})
	defer func() { _ = sim.Close() }()
	for name, tc := range map[string]struct {
		method, path, body string
		header             map[string]string
		want               int
	}{
		"no credentials":        {"POST", "/rvm", `{}`, nil, 401},
		"no JSON":               {"POST", "/rvm", `{`, map[string]string{"X-Key": "k", "X-Secret": "s"}, 400},
		"accepted all the same": {"POST", "/rvm", `{}`, map[string]string{"X-Key": "k", "X-Secret": "s"}, 202},
		"v1 no brand":           {"POST", "/v1/rvm", `{"team_id":"t","secret":"s"}`, nil, 400},
		"v1":                    {"POST", "/v1/rvm", `{"team_id":"t","secret":"s","brand_id":"b"}`, nil, 200},
		"lines":                 {"GET", "/phone/public/lines", ``, nil, 401},
		"elsewhere":             {"GET", "/", ``, nil, 404},
	} {
		r := httptest.NewRequest(tc.method, tc.path, strings.NewReader(tc.body))
		for k, v := range tc.header {
			r.Header.Set(k, v)
		}
		w := httptest.NewRecorder()
		sim.ServeHTTP(w, r)
		if w.Code != tc.want || w.Header().Get("X-Simulator") != "fibonacco" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
