package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco/web/api"
)

func record(h http.Handler, method, path string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

// bodies are what no operation should choke on.
func bodies(op *huma.Operation) []string {
	out := []string{
		"", "{", "null", "[]", "{}", `"text"`, "0", "tru", `{"a":{"b":[{}]}}`, strings.Repeat("[", 2000), "\xff\xfe", `{"name":"\u0000"}`, `{"\ud800":1}`,
	}
	if op.RequestBody == nil {
		return out
	}
	media := op.RequestBody.Content["application/json"]
	if media == nil || media.Example == nil {
		return out
	}
	good, err := json.Marshal(media.Example)
	if err != nil {
		panic(err)
	}
	out = append(out, string(good))
	var fields map[string]any
	if json.Unmarshal(good, &fields) != nil {
		return out
	}
	for name := range fields {
		for _, wrong := range []any{nil, true, -1, 1e300, 9.5, "", "\u0000", strings.Repeat("x", 70_000), []any{nil, 1}, map[string]any{"x": 1}, json.Number("99999999999999999999")} {
			changed := map[string]any{}
			for k, v := range fields {
				changed[k] = v
			}
			changed[name] = wrong
			text, err := json.Marshal(changed)
			if err != nil {
				panic(err)
			}
			out = append(out, string(text))
		}
	}
	return out
}

var strangeIDs = []string{"1", "brooklyn", smbUUID, "0", "-1", "99999999999999999999", "x", "%00", "%ff", "..%2f", strings.Repeat("9", 300), "HOOK-001", "%F0%9F%92%A9"}

var strangeValues = []string{"", "1", "1,2", "x", "-1", "%00", "%ff", "true", "99999999999999999999", "2026-02-30", strings.Repeat("y", 300), "1,,2", "%", "a&b=c"}

// Whatever is sent, it is never our fault, and what is answered is documented: status and, for
// JSON, the shape. specfuzz_test.go does more to the real modules.
func TestNothingBreaksIt(t *testing.T) {
	t.Parallel()
	batter(t, api.New(newHouse().options()), func(role string) string { return role })
}

// batter sends every operation much that is wrong. token is what lets a role in.
func batter(t *testing.T, a *api.API, token func(role string) string) {
	t.Helper()
	spec := a.Spec()
	n := 0
	all := operations(spec)
	routes := slices.Sorted(maps.Keys(all))
	slices.SortStableFunc(routes, func(a, b string) int { // what deletes comes last
		return strings.Count(a, http.MethodDelete) - strings.Count(b, http.MethodDelete)
	})
	for _, route := range routes {
		op := all[route]
		method, pattern, _ := strings.Cut(strings.Replace(route, api.Prefix, "", 1), " ")
		send := func(path, role, body string, headers ...string) {
			n++
			r := strangeRequest(t, method, path, body)
			r.Header.Set("Content-Type", "application/json")
			if role != "" {
				r.Header.Set("Authorization", "Bearer "+token(role))
			}
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			judge(t, spec, op, w, fmt.Sprintf("%s %s as %q with %.60q %v", method, path, role, body, headers))
		}
		plain := strings.NewReplacer("{id}", "1", "{uuid}", smbUUID, "{slug}", "a-page").Replace(pattern)
		tried := bodies(op)
		for _, body := range tried {
			send(plain, "admin", body)
		}
		good := tried[len(tried)-1]
		for _, role := range []string{"", "nonsense", "viewer", "owner"} {
			send(plain, role, good)
		}
		send(plain, "", "", "Authorization", "Basic YTpi")
		send(plain, "", "", "Cookie", api.SessionCookie+"=\"")
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=x", "a+b;c", ";", "+;+", "text/csv"} {
			send(plain, "admin", good, "Content-Type", kind)
		}
		for _, accept := range []string{"text/html", "*/*;q=0", "application/xml", ",,;"} {
			send(plain, "admin", good, "Accept", accept)
		}
		if strings.Contains(pattern, "{") {
			for _, id := range strangeIDs {
				send(strings.NewReplacer("{id}", id, "{uuid}", id, "{slug}", id).Replace(pattern), "admin", good)
			}
		}
		names := []string{"unknown", "%00", "%", "filter[x]", "mapping[x]", "filter%5Bcommunity_id%5D"}
		for _, p := range op.Parameters {
			if p.In == "query" {
				names = append(names, p.Name)
			}
		}
		for _, name := range names {
			for _, value := range strangeValues {
				send(plain+"?"+name+"="+value, "admin", good)
			}
			send(plain+"?"+name, "admin", good)
			send(plain+"?"+name+"=1&"+name+"=2", "admin", good)
		}
	}
	t.Logf("%d requests", n)
}

// strangeRequest also makes requests that no client would send, but a socket may.
func strangeRequest(t *testing.T, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://example.com"+api.Prefix+path, http.NoBody)
	if err != nil {
		r = httptest.NewRequestWithContext(t.Context(), method, "/", http.NoBody)
		p, query, _ := strings.Cut(path, "?")
		r.URL.Path, r.URL.RawPath, r.URL.RawQuery = api.Prefix+p, "", query
	}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return r
}

// judge holds an answer against the operation's documentation.
func judge(t *testing.T, spec *huma.OpenAPI, op *huma.Operation, w *httptest.ResponseRecorder, what string) {
	t.Helper()
	documented := documented(spec, op, w.Code)
	// A strange id may name no operation at all: those are the mux's own answers.
	if documented == nil && w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed && w.Code/100 != 3 {
		t.Errorf("%s: %d is not documented: %s", what, w.Code, w.Body)
	}
	if w.Code >= 500 && w.Code != http.StatusNotImplemented {
		t.Errorf("%s: %d %s", what, w.Code, w.Body)
	}
	if w.Code == http.StatusUnprocessableEntity && !strings.Contains(w.Body.String(), `"errors":[{"field":"`) {
		t.Errorf("%s: 422 names no field: %s", what, w.Body)
	}
	if documented == nil || w.Body.Len() == 0 {
		return
	}
	kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	media := documented.Content[kind]
	if err != nil || media == nil {
		t.Errorf("%s: %d in %q is not documented", what, w.Code, w.Header().Get("Content-Type"))
		return
	}
	if !strings.HasSuffix(kind, "json") || kind == "application/x-ndjson" {
		return
	}
	if errs := fits(spec, media.Schema, w.Body.Bytes(), huma.ModeReadFromServer); len(errs) > 0 {
		t.Errorf("%s: %d does not fit its schema: %v in %s", what, w.Code, errs, w.Body)
	}
}

// FuzzBody sends any text to the operation with the richest body.
func FuzzBody(f *testing.F) {
	a := api.New(newHouse().options())
	for _, seed := range []string{`{"community_id":1,"business_name":"x"}`, `{"coordinates":{"longitude":1,"latitude":2}}`, `{"city":null}`, `{"secondary_contacts":[{}]}`, "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		for _, route := range []string{"POST /api/v1/smbs", "PATCH /api/v1/smbs/1", "POST /api/v1/smbs/campaign/pause"} {
			method, path, _ := strings.Cut(route, " ")
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer admin")
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%s with %q: %d %s", route, body, w.Code, w.Body)
			}
		}
	})
}
