package api_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/web/api"
)

// Long answers are compressed for those who take it; short ones, and those with an ETag, are not.
func TestLongAnswersAreCompressed(t *testing.T) {
	t.Parallel()
	long, short := newTrail(100).api(), newTrail(1).api()
	ask := func(a *api.API, method, accepts string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "/api/v1/audit-log", nil)
		r.Header.Set("Authorization", "Bearer admin")
		if accepts != "" {
			r.Header.Set("Accept-Encoding", accepts)
		}
		return recordRequest(a, r)
	}
	plain := ask(long, http.MethodGet, "").Body.String()
	for accepts, want := range map[string]bool{
		"gzip": true, "deflate, GZIP;q=0.5": true, "br, gzip ; q=1.0": true,
		"": false, "deflate": false, "gzip;q=0": false, "gzip;q=x": false, "*": false, "identity": false, "xgzip": false,
	} {
		w := ask(long, http.MethodGet, accepts)
		if got := w.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: compressed %v", accepts, got)
			continue
		}
		text := w.Body.String()
		if want {
			if len(text) > len(plain)/4 {
				t.Errorf("%q: %d of %d bytes", accepts, len(text), len(plain))
			}
			zip, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := io.ReadAll(zip)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if text != plain || !strings.Contains(w.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: %d bytes, want %d; %v", accepts, len(text), len(plain), w.Header())
		}
	}
	if w := ask(short, http.MethodGet, "gzip"); w.Header().Get("Content-Encoding") != "" || w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"Ana"`) {
		t.Errorf("a short answer: %v %s", w.Header(), w.Body)
	}
	if w := ask(long, http.MethodHead, "gzip"); w.Header().Get("Content-Encoding") != "" {
		t.Errorf("HEAD: %v", w.Header())
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/api/openapi.json", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	if w := recordRequest(long, r); w.Header().Get("Content-Encoding") != "gzip" {
		t.Errorf("the specification: %v", w.Header())
	}
}

// OPTIONS says what there is, HEAD is GET without a body, and a method that is not there says
// which are.
func TestMethods(t *testing.T) {
	t.Parallel()
	a := newTrail(1).api()
	for route, allow := range map[string]string{
		"OPTIONS /smbs":      "GET, HEAD, POST, OPTIONS",
		"OPTIONS /smbs/7":    "DELETE, GET, HEAD, PATCH, PUT, OPTIONS",
		"OPTIONS /audit-log": "GET, HEAD, OPTIONS",
	} {
		if got := do(t, a, request{route: route, role: "-"}); got.StatusCode != http.StatusNoContent || got.Header.Get("Allow") != allow || got.body != "" {
			t.Errorf("%s: %d Allow %q %s", route, got.StatusCode, got.Header.Get("Allow"), got.body)
		}
	}
	if got := do(t, a, request{route: "OPTIONS /nothing", role: "-"}); got.StatusCode != http.StatusNotFound {
		t.Errorf("OPTIONS of nothing: %d", got.StatusCode)
	}
	if got := do(t, a, request{route: "DELETE /audit-log"}); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("DELETE: %d Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
	head, get := do(t, a, request{route: "HEAD /audit-log"}), do(t, a, request{route: "GET /audit-log"})
	if head.StatusCode != http.StatusOK || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
		t.Errorf("HEAD: %d %v", head.StatusCode, head.Header)
	}
}
