package hook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/web/hook"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	for request, status := range map[string]int{
		"POST /webhooks/ses":     http.StatusNotImplemented,
		"POST /webhooks/rvm":     http.StatusNotImplemented,
		"POST /webhooks/twilio":  http.StatusNotImplemented,
		"GET /webhooks/ses":      http.StatusMethodNotAllowed,
		"POST /webhooks/unknown": http.StatusNotFound,
		"POST /webhooks/":        http.StatusNotFound,
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		hook.New(hook.Options{}).ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("{}")))
		var problem struct {
			Status int
			Detail string
		}
		if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || w.Code != status || problem.Status != status || problem.Detail == "" {
			t.Errorf("%s: %d %s, want %d", request, w.Code, w.Body, status)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: Content-Type %s", request, got)
		}
	}
}
