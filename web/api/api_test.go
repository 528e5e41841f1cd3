package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

type page struct {
	Data []map[string]any
	Page struct {
		Size  int
		Next  *string
		Total *int
	}
}

// Pages follow one another by cursor, without gaps and repeats, and end.
func TestPages(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for _, path := range []string{"/smbs", "/communities/brooklyn/smbs", "/campaign-sends", "/smbs/1/campaigns"} {
		seen, cursor := map[any]bool{}, ""
		for range 10 {
			var p page
			got := do(t, a, request{route: "GET " + path + "?page[size]=3&page[cursor]=" + cursor})
			got.decode(t, &p)
			if got.StatusCode != http.StatusOK || p.Page.Size != 3 || len(p.Data) > 3 {
				t.Fatalf("%s: %d %s", path, got.StatusCode, got.body)
			}
			for _, row := range p.Data {
				if seen[row["id"]] {
					t.Errorf("%s: %v comes twice", path, row["id"])
				}
				seen[row["id"]] = true
			}
			if p.Page.Next == nil {
				break
			}
			cursor = *p.Page.Next
		}
		want := 7
		if strings.Contains(path, "campaign") {
			want = 5
		}
		if len(seen) != want {
			t.Errorf("%s: %d rows, want %d", path, len(seen), want)
		}
	}
	var p page
	do(t, a, request{route: "GET /smbs?page[size]=1&page[total]=true"}).decode(t, &p)
	if p.Page.Total == nil || *p.Page.Total != 7 {
		t.Errorf("total %v, want 7", p.Page.Total)
	}
	// A cursor is of one list only.
	if got := do(t, a, request{route: "GET /campaign-sends?page[cursor]=" + *p.Page.Next}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "page[cursor]" {
		t.Errorf("another list's cursor: %d %s", got.StatusCode, got.body)
	}
}

func TestFiltersReachTheDirectory(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	got := do(t, a, request{route: "GET /smbs?filter[community_id]=1,2&filter%5Bengagement_tier%5D=1,4&filter[campaign_status]=active,paused" +
		"&filter[service_model]=self_service&filter[subscription_tier]=free&filter[source]=import,api&filter[category]=Bakery&search=rosa%27s"})
	if got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	want := fibonacco.SMBFilter{Search: "rosa's", Where: fibonacco.Filter{
		"community_id": "1,2", "engagement_tier": "1,4", "campaign_status": "active,paused", "service_model": "self_service",
		"subscription_tier": "free", "source": "import,api", "category": "Bakery",
	}}
	if fmt.Sprint(h.asked) != fmt.Sprint(want) {
		t.Errorf("asked for %+v, want %+v", h.asked, want)
	}
	got = do(t, a, request{route: "GET /smbs?filter[tier]=1&serach=x"})
	if got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "filter[tier] serach" || !strings.Contains(got.body, "filter[engagement_tier], ") {
		t.Errorf("unknown names: %d %s", got.StatusCode, got.body)
	}
}

func TestBusinessLife(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	got := do(t, a, request{route: "POST /smbs", body: `{"community_id":1,"business_name":"Rosa's Bakery","sms_opted_in":true,"coordinates":{"longitude":-73.9,"latitude":40.7}}`})
	if got.StatusCode != http.StatusCreated || got.Header.Get("Location") != "/api/v1/smbs/8" {
		t.Fatalf("%d %s, Location %s", got.StatusCode, got.body, got.Header.Get("Location"))
	}
	made := h.smbs[7]
	if !made.EmailOptedIn || !made.RVMOptedIn || !made.SMSOptedIn || made.PhoneOptedIn || made.Source != "api" || made.SubscriptionTier != "free" || made.Coordinates.Latitude != 40.7 {
		t.Errorf("stored %+v", made)
	}
	for _, id := range []string{"8", smbUUID, strings.ToUpper(smbUUID)} {
		if got := do(t, a, request{route: "GET /smbs/" + id}); got.StatusCode != http.StatusOK || !strings.Contains(got.body, "Rosa") {
			t.Errorf("by %s: %d %s", id, got.StatusCode, got.body)
		}
	}
	for _, method := range []string{"PUT", "PATCH"} {
		h.smbs[7].City = "Queens"
		got := do(t, a, request{route: method + " /smbs/8", body: `{"city":null,"email_opted_in":false}`})
		if s := h.smbs[7]; got.StatusCode != http.StatusOK || s.City != "" || s.EmailOptedIn || s.BusinessName != "Rosa's Bakery" {
			t.Errorf("%s: %d, stored %+v", method, got.StatusCode, s)
		}
	}
	if got := do(t, a, request{route: "DELETE /smbs/8"}); got.StatusCode != http.StatusNoContent || got.body != "" {
		t.Errorf("delete: %d %q", got.StatusCode, got.body)
	}
	for _, route := range []string{"DELETE /smbs/8", "GET /smbs/8", "GET /smbs/8/engagement/score", "GET /smbs/8/campaigns", "GET /smbs/8/explain", "POST /smbs/8/campaign/start"} {
		if got := do(t, a, request{route: route}); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s of a deleted one: %d", route, got.StatusCode)
		}
	}
}

func TestProgramme(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	for _, step := range []struct {
		route, body string
		status      int
		want        fibonacco.CampaignStatus
	}{
		{"POST /smbs/1/campaign/resume", "", http.StatusConflict, "pending"},
		{"POST /smbs/1/campaign/start", "", http.StatusOK, "active"},
		{"POST /smbs/1/campaign/start", "", http.StatusConflict, "active"},
		{"POST /smbs/1/campaign/pause", `{"reason":"on holiday"}`, http.StatusOK, "paused"},
		{"POST /smbs/1/campaign/pause", "", http.StatusConflict, "paused"},
		{"POST /smbs/1/campaign/resume", "", http.StatusOK, "active"},
		{"POST /smbs/1/campaign/pause", "", http.StatusOK, "paused"},
		{"POST /smbs/99/campaign/pause", "", http.StatusNotFound, "paused"},
	} {
		got := do(t, a, request{route: step.route, body: step.body})
		if got.StatusCode != step.status || h.smbs[0].CampaignStatus != step.want {
			t.Errorf("%s: %d and %s, want %d and %s: %s", step.route, got.StatusCode, h.smbs[0].CampaignStatus, step.status, step.want, got.body)
		}
		if step.body != "" && h.reason != "on holiday" {
			t.Errorf("reason %q", h.reason)
		}
	}
	if h.reason == "" {
		t.Error("a pause without a reason keeps an empty one, which means not paused")
	}
	got := do(t, a, request{route: "POST /smbs/campaign/start", body: `{"filter":{"id":[1,2,3],"community_id":[1]}}`})
	var r fibonacco.ProgrammeResult
	got.decode(t, &r)
	if got.StatusCode != http.StatusOK || r.Matched != 3 || r.Changed != 2 || r.Refused != 1 {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	// Everything is a choice: it must be written.
	if got := do(t, a, request{route: "POST /smbs/campaign/start", body: `{}`}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "filter" {
		t.Errorf("no filter: %d %s", got.StatusCode, got.body)
	}
	if got := do(t, a, request{route: "POST /smbs/campaign/pause", body: `{"filter":{"comunity_id":[1]}}`}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "filter.comunity_id" {
		t.Errorf("misspelt filter: %d %s", got.StatusCode, got.body)
	}
}

func TestExplainMeansTodayThere(t *testing.T) {
	t.Parallel()
	h := newHouse()
	o := h.options()
	o.Clock = fibonacco.NewFakeClock(time.Date(2026, 3, 3, 3, 0, 0, 0, time.UTC)) // still the 2nd in New York
	var e fibonacco.Explanation
	do(t, api.New(o), request{route: "GET /smbs/1/explain"}).decode(t, &e)
	if e.Date != "2026-03-02" || e.Lines == nil {
		t.Errorf("got %+v", e)
	}
	if got := do(t, api.New(o), request{route: "GET /smbs/1/explain?date=tomorrow"}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "date" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func form(t *testing.T, file string, fields ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if file != "" {
		part, err := w.CreateFormFile("file", `C:\lists\brooklyn.csv`)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1]) // after the file, as forms may have it
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

func TestImport(t *testing.T) {
	t.Parallel()
	csv := "name,email\nRosa,rosa@example.com\n"
	inForm, boundary := form(t, csv, "community", "brooklyn", "dry_run", "true", "duplicates", "skip", "mapping[business_name]", "name", "mapping[primary_email]", "email")
	for name, q := range map[string]request{
		"form": {route: "POST /smbs/import", body: inForm, headers: map[string]string{"Content-Type": boundary}},
		"body": {route: "POST /smbs/import?community=1&dry_run=true&duplicates=skip&mapping[business_name]=name&mapping[primary_email]=email&filename=brooklyn.csv", body: csv, headers: map[string]string{"Content-Type": "text/csv; charset=utf-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse()
			a := api.New(h.options())
			got := do(t, a, q)
			if got.StatusCode != http.StatusAccepted {
				t.Fatalf("%d %s", got.StatusCode, got.body)
			}
			r := h.imported
			if r.CommunityID != 1 || r.Filename != "brooklyn.csv" || !r.DryRun || r.Duplicates != "skip" || r.Mapping["primary_email"] != "email" || h.file != csv {
				t.Errorf("imported %+v of %q", r, h.file)
			}
			where := got.Header.Get("Location")
			got = do(t, a, request{route: "GET " + strings.TrimPrefix(where, api.Prefix)})
			if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"errors":[]`) {
				t.Errorf("%s: %d %s", where, got.StatusCode, got.body)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	csv := map[string]string{"Content-Type": "text/csv"}
	noFile, noFileType := form(t, "", "community", "1")
	twice, twiceType := form(t, "x", "community", "1", "community", "1")
	for name, tc := range map[string]struct {
		q      request
		status int
		fields string
	}{
		"no community":      {request{route: "POST /smbs/import", body: "x", headers: csv}, 422, "community"},
		"unknown community": {request{route: "POST /smbs/import?community=queens", body: "x", headers: csv}, 422, "community"},
		"empty file":        {request{route: "POST /smbs/import?community=1", headers: csv}, 422, "file"},
		"form without file": {request{route: "POST /smbs/import", body: noFile, headers: map[string]string{"Content-Type": noFileType}}, 422, "file"},
		"a field twice":     {request{route: "POST /smbs/import", body: twice, headers: map[string]string{"Content-Type": twiceType}}, 422, "community"},
		"all wrong at once": {request{route: "POST /smbs/import?dry_run=maybe&duplicates=merge&format=pdf&what=1", headers: csv}, 422, "community dry_run duplicates file format what"},
		"spreadsheet":       {request{route: "POST /smbs/import?community=1", body: "PK", headers: map[string]string{"Content-Type": "application/vnd.ms-excel"}}, 415, ""},
		"cut-off form":      {request{route: "POST /smbs/import?community=1", body: twice[:len(twice)/2], headers: map[string]string{"Content-Type": twiceType}}, 400, ""},
		"no boundary":       {request{route: "POST /smbs/import?community=1", body: "x", headers: map[string]string{"Content-Type": "multipart/form-data"}}, 400, ""},
	} {
		got := do(t, a, tc.q)
		if got.StatusCode != tc.status || got.fields() != tc.fields {
			t.Errorf("%s: %d %q, want %d %q: %s", name, got.StatusCode, got.fields(), tc.status, tc.fields, got.body)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/smbs/import?community=1", strings.NewReader("x"))
	r.ContentLength = 600 << 20
	r.Header.Set("Content-Type", "text/csv")
	r.Header.Set("Authorization", "Bearer admin")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("600 MiB: %d %s", w.Code, w.Body)
	}
}

func TestLargeBodies(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	body := `{"community_id":1,"business_name":"` + strings.Repeat("x", 1<<20) + `"}`
	if got := do(t, a, request{route: "POST /smbs", body: body}); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("announced: %d %s", got.StatusCode, got.body)
	}
	r := httptest.NewRequest(http.MethodPost, "/api/v1/smbs", strings.NewReader(body))
	r.ContentLength = -1 // chunked
	r.Header.Set("Authorization", "Bearer admin")
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: %d %s", w.Code, w.Body)
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	cookie := func(more ...string) map[string]string {
		h := map[string]string{"Cookie": api.SessionCookie + "=operator"}
		for i := 0; i < len(more); i += 2 {
			h[more[i]] = more[i+1]
		}
		return h
	}
	for name, tc := range map[string]struct {
		q      request
		status int
	}{
		"nobody":                         {request{route: "GET /smbs", role: "-"}, 401},
		"nobody, nowhere":                {request{route: "GET /nowhere", role: "-"}, 401},
		"unknown token":                  {request{route: "GET /smbs", role: "fib_x"}, 401},
		"basic":                          {request{route: "GET /smbs", role: "-", headers: map[string]string{"Authorization": "Basic eDp5"}}, 401},
		"session":                        {request{route: "GET /smbs", role: "-", headers: cookie()}, 200},
		"session, own page":              {request{route: "POST /smbs/1/campaign/start", role: "-", headers: cookie("Sec-Fetch-Site", "same-origin")}, 200},
		"session, other site":            {request{route: "POST /smbs/2/campaign/start", role: "-", headers: cookie("Sec-Fetch-Site", "cross-site")}, 403},
		"session, other site reads":      {request{route: "GET /smbs", role: "-", headers: cookie("Sec-Fetch-Site", "cross-site")}, 200},
		"session, other site, old":       {request{route: "POST /smbs/2/campaign/start", role: "-", headers: cookie("Origin", "https://evil.example")}, 403},
		"token, other site":              {request{route: "POST /smbs/2/campaign/start", headers: map[string]string{"Sec-Fetch-Site": "cross-site"}}, 200},
		"a wrong token is not forgotten": {request{route: "GET /smbs", role: "wrong", headers: cookie()}, 401},
	} {
		got := do(t, a, tc.q)
		if got.StatusCode != tc.status {
			t.Errorf("%s: %d, want %d: %s", name, got.StatusCode, tc.status, got.body)
		}
		if tc.status == 401 && !strings.HasPrefix(got.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: WWW-Authenticate %q", name, got.Header.Get("WWW-Authenticate"))
		}
	}
}

// miser grants two requests.
type miser struct {
	left int
	keys []string
}

func (m *miser) State() string { return "test" }
func (m *miser) Take(ctx context.Context, key string, perSecond float64, n int) time.Duration {
	wait, _ := m.TakeLeft(ctx, key, perSecond, n)
	return wait
}

func (m *miser) TakeLeft(_ context.Context, key string, perSecond float64, n int) (time.Duration, int) {
	m.keys = append(m.keys, fmt.Sprint(key, " ", perSecond))
	if m.left < n {
		return 2500 * time.Millisecond, 0
	}
	m.left -= n
	return 0, m.left
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	m := &miser{left: 2}
	o.Limiter, o.PerMinute = m, 120
	a := api.New(o)
	for want := 1; want >= 0; want-- {
		got := do(t, a, request{route: "GET /smbs"})
		if got.StatusCode != http.StatusOK || got.Header.Get("RateLimit-Remaining") != fmt.Sprint(want) || got.Header.Get("RateLimit-Limit") != "2" || got.Header.Get("RateLimit-Policy") != `"api";q=120;w=60` {
			t.Errorf("%d %v", got.StatusCode, got.Header)
		}
	}
	got := do(t, a, request{route: "GET /smbs"})
	if got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "3" || got.Header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, got.body)
	}
	if m.keys[0] != "api:token:1 2" {
		t.Errorf("key %q", m.keys[0])
	}
}

// A build without modules answers 501 and names what is missing.
func TestAbsentModules(t *testing.T) {
	t.Parallel()
	a := api.New(api.Options{Contracts: api.Contracts{Access: gate{}}})
	for route, op := range operations(a.Spec()) {
		method, path, _ := strings.Cut(strings.Replace(route, api.Prefix, "", 1), " ")
		if op.Tags[0] == "Account" || strings.HasPrefix(path, "/tokens") || strings.HasPrefix(path, "/users") {
			continue
		}
		q := request{route: method + " " + strings.NewReplacer("{id}", "1", "{uuid}", smbUUID, "{slug}", "a-page").Replace(path)}
		if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
			text, err := json.Marshal(op.RequestBody.Content["application/json"].Example)
			if err != nil {
				t.Fatal(err)
			}
			q.body = string(text)
		}
		if got := do(t, a, q); got.StatusCode != http.StatusNotImplemented || !strings.Contains(got.problem.Detail, "is not part of this build yet.") {
			t.Errorf("%s: %d %s", route, got.StatusCode, got.body)
		}
	}
	for _, q := range []string{"DELETE /approvals/7", "PATCH /ai/tasks/1", "PUT /inbound/", "GET /analytics/overview", "POST /command-center/posts", "GET /rvm-drops"} {
		if got := do(t, a, request{route: q}); got.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %d %s", q, got.StatusCode, got.body)
		}
	}
	if got := do(t, api.New(api.Options{}), request{route: "GET /smbs"}); got.StatusCode != http.StatusNotImplemented {
		t.Errorf("without sign-in: %d %s", got.StatusCode, got.body)
	}
}

// What went wrong inside is for the log, not for the caller.
func TestInternalErrorsStayInside(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	for _, tc := range []struct {
		err    error
		status int
		logged bool
	}{
		{errors.New("password=hunter2"), 500, true},
		{fmt.Errorf("query: %w", context.DeadlineExceeded), 503, true},
		{fmt.Errorf("query: %w", context.Canceled), 408, false},
		{fmt.Errorf("wrapped: %w", &fibonacco.Error{Code: fibonacco.Conflict, Message: "the row is busy", Err: errors.New("hunter2")}), 409, false},
		{fibonacco.Errorf(fibonacco.Unavailable, "the database is away"), 503, true},
	} {
		h.score = func() (fibonacco.ScoreBreakdown, error) { return fibonacco.ScoreBreakdown{}, tc.err }
		trace := &edge.Trace{RequestID: "r1"}
		r := httptest.NewRequestWithContext(edge.WithTrace(t.Context(), trace), http.MethodGet, "/api/v1/smbs/1/engagement/score", nil)
		r.Header.Set("Authorization", "Bearer viewer")
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != tc.status || strings.Contains(w.Body.String(), "hunter2") || !strings.Contains(w.Body.String(), `"request_id":"r1"`) {
			t.Errorf("%v: %d %s", tc.err, w.Code, w.Body)
		}
		if (trace.Err != nil) != tc.logged {
			t.Errorf("%v: for the log %v", tc.err, trace.Err)
		}
		if w.Code == 503 && w.Header().Get("Retry-After") == "" {
			t.Errorf("%v: no Retry-After", tc.err)
		}
		if trace.Pattern != "GET /api/v1/smbs/{id}/engagement/score" || trace.Principal == nil {
			t.Errorf("trace %+v", trace)
		}
	}
}

func TestAccessResources(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for _, tc := range []struct {
		route, body string
		status      int
		fields      string
	}{
		{"POST /tokens", `{"name":"CI","role":"viewer"}`, 201, ""},
		{"POST /tokens", `{"name":"","role":"root"}`, 422, "name role"},
		{"DELETE /tokens/1", "", 204, ""},
		{"DELETE /tokens/2", "", 404, ""},
		{"DELETE /tokens/x", "", 404, ""},
		{"GET /tokens", "", 200, ""},
		{"POST /users", `{"name":"Ada","email":"ada@example.com","role":"viewer","password":"0123456789"}`, 201, ""},
		{"POST /users", `{"name":"Ada","email":"taken@example.com","role":"viewer","password":"0123456789"}`, 409, ""},
		{"POST /users", `{"name":"Ada","email":"ada@example.com","role":"viewer","password":"012345678"}`, 422, "password"},
	} {
		got := do(t, a, request{route: tc.route, body: tc.body})
		if got.StatusCode != tc.status || got.fields() != tc.fields {
			t.Errorf("%s %s: %d %s", tc.route, tc.body, got.StatusCode, got.body)
		}
		if strings.Contains(got.body, "012345678") {
			t.Errorf("%s shows a password: %s", tc.route, got.body)
		}
	}
}
