package public_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
	"github.com/fibonacco/fibonacco/web/public"
)

// fakes stand in for the modules and note what they were asked.
type fakes struct {
	hits   []fibonacco.Hit
	calls  []string
	target string
	sub    fibonacco.Subscription
	page   *fibonacco.LearningPage
	err    error // of every call

	choices fibonacco.Choices // that were set last
	tooMany bool
}

func (f *fakes) answer(token, call string, hit fibonacco.Hit) error {
	f.calls, f.hits = append(f.calls, call), append(f.hits, hit)
	if f.err != nil {
		return f.err
	}
	if token != "good" {
		return fibonacco.Errorf(fibonacco.NotFound, "not known")
	}
	return nil
}

func (f *fakes) Open(_ context.Context, token string, hit fibonacco.Hit) error {
	return f.answer(token, "open", hit)
}

func (f *fakes) Click(_ context.Context, token string, hit fibonacco.Hit) (string, error) {
	return f.target, f.answer(token, "click", hit)
}

func (f *fakes) Subscription(_ context.Context, token string) (*fibonacco.Subscription, error) {
	if f.err != nil || token != "good" {
		return nil, errors.Join(f.err, fibonacco.Errorf(fibonacco.NotFound, "not known"))
	}
	sub := f.sub
	return &sub, nil
}

func (f *fakes) Unsubscribe(_ context.Context, token string, hit fibonacco.Hit) error {
	err := f.answer(token, "unsubscribe", hit)
	if err == nil {
		f.sub.Email = false
	}
	return err
}

func (f *fakes) SetSubscription(_ context.Context, token string, c fibonacco.Choices, hit fibonacco.Hit) error {
	if c.PauseDays != nil && *c.PauseDays == 31 {
		return fibonacco.Errorf(fibonacco.Invalid, "no such pause")
	}
	err := f.answer(token, "set", hit)
	if err == nil {
		f.sub.Email, f.sub.Voicemail, f.choices = c.Email && f.sub.Email, c.Voicemail, c
	}
	return err
}

func (f *fakes) AskConfirmation(_ context.Context, token, address string) error {
	if f.tooMany {
		return fibonacco.Errorf(fibonacco.TooMany, "enough")
	}
	if address != "" && !fibonacco.ValidEmail(address) {
		return fibonacco.Errorf(fibonacco.Invalid, "no address")
	}
	return f.answer(token, "ask "+address, fibonacco.Hit{})
}

func (f *fakes) Confirmation(_ context.Context, token string) (*fibonacco.Confirmation, error) {
	return f.confirmation(token)
}

func (f *fakes) Confirm(_ context.Context, token string, hit fibonacco.Hit) (*fibonacco.Confirmation, error) {
	c, err := f.confirmation(token)
	if err != nil {
		return nil, err
	}
	return c, f.answer(token, "confirm", hit)
}

func (f *fakes) confirmation(token string) (*fibonacco.Confirmation, error) {
	switch token {
	case "good":
		return &fibonacco.Confirmation{BusinessName: "Marisol <Hair>", MaskedEmail: "m•••@example.com"}, f.err
	case "used":
		return nil, fibonacco.Errorf(fibonacco.Conflict, "used")
	}
	return nil, fibonacco.Errorf(fibonacco.NotFound, "not known")
}

func (f *fakes) LearningPage(_ context.Context, slug, _ string) (*fibonacco.LearningPage, error) {
	if f.err != nil {
		return nil, f.err
	}
	if slug != "good" {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "no page")
	}
	return f.page, nil
}

func newFakes() *fakes {
	return &fakes{target: "https://www.example.org/a?b=c", sub: fibonacco.Subscription{
		SMBID: 7, BusinessName: "Marisol <Hair>", MaskedEmail: "m•••@example.com", Email: true, Voicemail: true,
	}}
}

func (f *fakes) deps() public.Deps {
	return public.Deps{
		Tracker: f, Unsubscriber: f, Resubscriber: f, Pages: f, Company: fibonacco.CompanyConfig{Name: "Port Avery Local", PostalAddress: "200 Market Street"},
		PublicURL: "https://go.example.com", Log: slog.New(slog.DiscardHandler),
	}
}

func mount(mux *http.ServeMux, f *fakes) { public.Mount(mux, f.deps()) }

func (f *fakes) serve(r *http.Request) *httptest.ResponseRecorder {
	mux := http.NewServeMux()
	mount(mux, f)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	return w
}

func get(target string) *http.Request {
	return httptest.NewRequest(http.MethodGet, target, nil)
}

func form(target, body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, target, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func contains(t *testing.T, what, body string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(body, part) {
			t.Errorf("%s lacks %q in:\n%s", what, part, body)
		}
	}
}

// Every answer keeps its address to itself and runs no foreign code.
func TestHeaders(t *testing.T) {
	f := newFakes()
	f.page = &fibonacco.LearningPage{}
	for _, target := range []string{"/track/open/good", "/track/click/good", "/u/good", "/learn/good?r=x", "/u/bad", "/learn/bad", "/track/nothing", "/u/", "/u/confirm/good", "/u/confirm/used", "/learn/a/b"} {
		w := f.serve(get(target))
		h := w.Header()
		equal(t, target+": referrer", h.Get("Referrer-Policy"), "no-referrer")
		contains(t, target+": cache", h.Get("Cache-Control"), "no-store")
		contains(t, target+": policy", h.Get("Content-Security-Policy"), "default-src 'none'", "frame-ancestors 'none'", "form-action 'self'")
		equal(t, target+": cookies", len(w.Result().Cookies()), 0)
		// Our own script on learning pages, and nothing else that runs.
		if n := strings.Count(w.Body.String(), "<script"); n != strings.Count(w.Body.String(), `<script src="/static/learn.js?v=`) || n > 0 && target != "/learn/good?r=x" {
			t.Errorf("%s holds %d scripts", target, n)
		}
		for _, no := range []string{"style=", "onclick", "javascript:"} {
			if strings.Contains(w.Body.String(), no) {
				t.Errorf("%s holds %q", target, no)
			}
		}
	}
	if h := f.serve(get("/learn/good")).Header(); !strings.Contains(h.Get("Cache-Control"), "public") || h.Get("X-Robots-Tag") != "" {
		t.Errorf("the page for anybody: %v", h)
	}
}

func TestOpen(t *testing.T) {
	for name, tc := range map[string]struct {
		token string
		err   error
	}{
		"good": {"good", nil}, "unknown": {"bad", nil}, "database away": {"good", errors.New("away")}, "shutting down": {"good", fibonacco.Errorf(fibonacco.Unavailable, "x")},
	} {
		f := newFakes()
		f.err = tc.err
		w := f.serve(get("/track/open/" + tc.token))
		equal(t, name+": status", w.Code, http.StatusOK)
		equal(t, name+": type", w.Header().Get("Content-Type"), "image/gif")
		equal(t, name+": picture", strings.HasPrefix(w.Body.String(), "GIF89a") && w.Body.Len() == 42, true)
	}
}

func TestClick(t *testing.T) {
	f := newFakes()
	w := f.serve(get("/track/click/good"))
	equal(t, "status", w.Code, http.StatusFound)
	equal(t, "target", w.Header().Get("Location"), f.target)
	equal(t, "body", w.Body.Len(), 0)

	w = f.serve(get("/track/click/bad?url=https://evil.example/"))
	equal(t, "unknown", w.Code, http.StatusNotFound)
	equal(t, "unknown leads", w.Header().Get("Location"), "")

	f.err = errors.New("password=secret at host 10.0.0.1")
	w = f.serve(get("/track/click/good"))
	equal(t, "database away", w.Code, http.StatusServiceUnavailable)
	if strings.Contains(w.Body.String(), "secret") {
		t.Error("the page tells what went wrong inside")
	}
	equal(t, "a posted click", f.serve(form("/track/click/good", "")).Code, http.StatusNotFound)
}

func TestHit(t *testing.T) {
	cases := map[string]struct {
		method string
		proxy  bool
		remote string
		header map[string]string
		want   fibonacco.Hit
	}{
		"plain":               {"GET", false, "203.0.113.9:4711", map[string]string{"User-Agent": "A/1"}, fibonacco.Hit{IP: "203.0.113.9", UserAgent: "A/1", Method: "GET"}},
		"HEAD":                {"HEAD", false, "203.0.113.9:4711", nil, fibonacco.Hit{IP: "203.0.113.9", Method: "HEAD"}},
		"IPv6":                {"GET", false, "[2001:db8::1%eth0]:4711", nil, fibonacco.Hit{IP: "2001:db8::1", Method: "GET"}},
		"IPv4 in IPv6":        {"GET", false, "[::ffff:203.0.113.9]:4711", nil, fibonacco.Hit{IP: "203.0.113.9", Method: "GET"}},
		"a socket":            {"GET", false, "@", nil, fibonacco.Hit{Method: "GET"}},
		"a forged address":    {"GET", false, "203.0.113.9:1", map[string]string{"X-Forwarded-For": "1.2.3.4"}, fibonacco.Hit{IP: "203.0.113.9", Method: "GET"}},
		"behind our proxy":    {"GET", true, "10.0.0.1:1", map[string]string{"X-Forwarded-For": "1.2.3.4, 198.51.100.7"}, fibonacco.Hit{IP: "198.51.100.7", Method: "GET"}},
		"proxy without a say": {"GET", true, "10.0.0.1:1", nil, fibonacco.Hit{IP: "10.0.0.1", Method: "GET"}},
		"proxy talks rubbish": {"GET", true, "10.0.0.1:1", map[string]string{"X-Forwarded-For": "unknown"}, fibonacco.Hit{IP: "10.0.0.1", Method: "GET"}},
		"Chrome prefetches":   {"GET", false, "203.0.113.9:1", map[string]string{"Sec-Purpose": "prefetch;prerender"}, fibonacco.Hit{IP: "203.0.113.9", Method: "GET", Prefetch: true}},
		"Safari previews":     {"GET", false, "203.0.113.9:1", map[string]string{"X-Purpose": "preview"}, fibonacco.Hit{IP: "203.0.113.9", Method: "GET", Prefetch: true}},
		"Firefox prefetches":  {"GET", false, "203.0.113.9:1", map[string]string{"X-Moz": "prefetch"}, fibonacco.Hit{IP: "203.0.113.9", Method: "GET", Prefetch: true}},
	}
	for name, tc := range cases {
		f := newFakes()
		mux := http.NewServeMux()
		public.Mount(mux, f.deps())
		var proxies clientip.Proxies
		if tc.proxy {
			proxies = clientip.Proxies{netip.MustParsePrefix("10.0.0.0/8")}
		}
		r := httptest.NewRequest(tc.method, "/track/click/good", nil)
		r.RemoteAddr = tc.remote
		for k, v := range tc.header {
			r.Header.Set(k, v)
		}
		proxies.Note(mux).ServeHTTP(httptest.NewRecorder(), r)
		if len(f.hits) != 1 || f.hits[0] != tc.want {
			t.Errorf("%s: %+v, want %+v", name, f.hits, tc.want)
		}
	}
}

func TestPreferencePage(t *testing.T) {
	f := newFakes()
	w := f.serve(get("/u/good"))
	equal(t, "status", w.Code, http.StatusOK)
	contains(t, "page", w.Body.String(), "Marisol &lt;Hair&gt;", "m•••@example.com", `action="/u/good"`, `name="email" value="on" checked`, "Stop all emails", "200 Market Street")
	for range 3 {
		f.serve(get("/u/good?List-Unsubscribe=One-Click&action=unsubscribe"))
		f.serve(httptest.NewRequest(http.MethodHead, "/u/good", nil))
	}
	equal(t, "looking changes", len(f.calls), 0)
	equal(t, "unknown", f.serve(get("/u/bad")).Code, http.StatusNotFound)
	f.err = errors.New("away")
	f.sub.Email = false
	f.err = nil
	if body := f.serve(get("/u/good")).Body.String(); strings.Contains(body, "Stop all emails") {
		t.Error("offers to stop what is stopped")
	}
}

// RFC 8058: what mail programs post, in both encodings.
func TestOneClick(t *testing.T) {
	var parts bytes.Buffer
	m := multipart.NewWriter(&parts)
	_ = m.WriteField("List-Unsubscribe", "One-Click")
	_ = m.Close()
	multi := httptest.NewRequest(http.MethodPost, "/u/good", &parts)
	multi.Header.Set("Content-Type", m.FormDataContentType())
	untyped := form("/u/good", "List-Unsubscribe=One-Click")
	untyped.Header.Del("Content-Type")
	for name, r := range map[string]*http.Request{"form": form("/u/good", "List-Unsubscribe=One-Click"), "multipart": multi, "no type": untyped} {
		f := newFakes()
		w := f.serve(r)
		equal(t, name+": status", w.Code, http.StatusOK)
		equal(t, name+": type", w.Header().Get("Content-Type"), "text/plain; charset=utf-8")
		equal(t, name+": cookies", len(w.Result().Cookies()), 0)
		equal(t, name+": leads elsewhere", w.Header().Get("Location"), "")
		equal(t, name+": calls", strings.Join(f.calls, ","), "unsubscribe")
	}
	f := newFakes()
	equal(t, "unknown token", f.serve(form("/u/bad", "List-Unsubscribe=One-Click")).Code, http.StatusNotFound)
	f.err = errors.New("away")
	equal(t, "database away", f.serve(form("/u/good", "List-Unsubscribe=One-Click")).Code, http.StatusServiceUnavailable)
}

func TestChangePreferences(t *testing.T) {
	cases := map[string]struct {
		target, body     string
		status           int
		calls            string
		email, voicemail bool
		says             string
	}{
		"stop all":            {"/u/good", "action=unsubscribe&email=on&voicemail=on", 200, "unsubscribe", false, true, "No more emails from now on"},
		"save nothing":        {"/u/good", "action=save", 200, "set", false, false, "No more emails and no more voicemails"},
		"save e-mail":         {"/u/good", "action=save&email=on", 200, "set", true, false, "No more voicemails"},
		"asks for a pause":    {"/u/good", "action=save&email=on&voicemail=on&pause=30", 200, "set", true, true, "Your choices are saved"},
		"no such pause":       {"/u/good", "action=save&email=on&pause=31", 422, "", true, true, "Nothing was changed"},
		"no pause at all":     {"/u/good", "action=save&email=on&pause=long", 422, "", true, true, "Nothing was changed"},
		"no such frequency":   {"/u/good", "action=save&email=on&often=never", 422, "", true, true, "Nothing was changed"},
		"save both":           {"/u/good", "action=save&email=on&voicemail=on", 200, "set", true, true, "Your choices are saved"},
		"unknown token":       {"/u/bad", "action=save&email=on", 404, "", true, true, "leads nowhere"},
		"nothing asked":       {"/u/good", "", 422, "", true, true, "Nothing was changed"},
		"asked in the URL":    {"/u/good?action=unsubscribe&List-Unsubscribe=One-Click", "", 422, "", true, true, "Nothing was changed"},
		"something else":      {"/u/good", "action=delete", 422, "", true, true, "Nothing was changed"},
		"broken":              {"/u/good", "action=%zz", 422, "", true, true, "Nothing was changed"},
		"far too long a form": {"/u/good", "action=save&x=" + strings.Repeat("x", 100<<10), 422, "", true, true, "Nothing was changed"},
	}
	for name, tc := range cases {
		f := newFakes()
		w := f.serve(form(tc.target, tc.body))
		equal(t, name+": status", w.Code, tc.status)
		equal(t, name+": calls", strings.Join(f.calls, ","), tc.calls)
		equal(t, name+": e-mail", f.sub.Email, tc.email)
		equal(t, name+": voicemail", f.sub.Voicemail, tc.voicemail)
		contains(t, name, w.Body.String(), tc.says)
	}
}

func TestLearnPage(t *testing.T) {
	f := newFakes()
	f.page = &fibonacco.LearningPage{
		Content: fibonacco.Content{Title: "A page", ApprovalButtonText: "Set up my page", Slides: []fibonacco.Slide{
			{Component: "HeroSlide", Headline: "Hero <b>", Body: "Hero body", Narration: "Hero words", Seconds: 50},
			{Component: "ConceptSlide", Headline: "Concept", Body: "Concept body", Seconds: 50},
			{Component: "DataSlide", Headline: "Data", Items: []string{"Factors: 3.", "Source: a book"}},
			{Component: "StepSlide", Headline: "Step", Items: []string{"First do this"}},
			{Component: "ComparisonSlide", Headline: "Comparison", Items: []string{"It is: one", "It is: two", "It is not: three", "no label"}},
			{Component: "HologramSlide", Headline: "Unheard of", Body: "Still text", Items: []string{"And items"}, Narration: "And words"},
			{Component: "CTASlide", Headline: "Yes or no", Body: "Either is fine"},
		}},
		ArticleHTML: "<h2>Article</h2>", For: "Marisol & Sons", ApprovalURL: "https://go.example.com/approve/TOKEN",
	}
	w := f.serve(get("/learn/good?r=x"))
	body := w.Body.String()
	equal(t, "status", w.Code, http.StatusOK)
	contains(t, "page", body, "Hero &lt;b&gt;", "Hero body", "“Hero words”", "Concept body", "Factors", "3.", "a book", "First do this", "one", "two", "three", "no label",
		"Unheard of", "Still text", "And items", "“And words”", "Either is fine", "<h2>Article</h2>", "For Marisol &amp; Sons. 2 minutes", "7 of 7",
		`href="https://go.example.com/approve/TOKEN"`, "Set up my page")
	equal(t, "labels said once", strings.Count(body, "<h3>It is</h3>"), 1)
	equal(t, "one heading", strings.Count(body, "<h1>"), 1)

	f.page.Related = []fibonacco.RelatedContent{{Slug: "next", Type: "edu", Title: "What is <next>"}}
	alone := f.serve(get("/learn/good/article?r=x")).Body.String()
	contains(t, "article", alone, "<h1>A page</h1>", "<h2>Article</h2>", "/approve/TOKEN", `href="/learn/next?r=x"`, "What is &lt;next&gt;", "The same as 7 slides")
	if strings.Contains(alone, "Hero body") {
		t.Error("the article shows the slides")
	}
	equal(t, "no such article", f.serve(get("/learn/bad/article")).Code, http.StatusNotFound)

	f.page = &fibonacco.LearningPage{Content: fibonacco.Content{Title: "Only an article", DurationSeconds: 60}, ArticleHTML: "<p>Text</p>"}
	body = f.serve(get("/learn/good")).Body.String()
	contains(t, "page for anybody", body, "<h1>Only an article</h1>", "1 minute", "<p>Text</p>")
	if strings.Contains(body, "/approve/") {
		t.Error("a page for anybody offers an approval")
	}
	equal(t, "unknown", f.serve(get("/learn/bad")).Code, http.StatusNotFound)
	f.err = errors.New("away")
	equal(t, "database away", f.serve(get("/learn/good")).Code, http.StatusServiceUnavailable)
}

func TestNotFound(t *testing.T) {
	w := httptest.NewRecorder()
	public.NotFound(public.Deps{}).ServeHTTP(w, get("/nothing"))
	equal(t, "status", w.Code, http.StatusNotFound)
	contains(t, "page", w.Body.String(), "leads nowhere", "Your local media company")
}
