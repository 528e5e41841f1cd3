package ui_test

import (
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/ui"
)

// deps is everything the pages need, over a town.
func deps(w *town) ui.Deps {
	c := newCabinet(w)
	return ui.Deps{
		Contracts: api.Contracts{
			Records: c, Notes: c, Suggestions: c, Consents: c, Privacy: c, Merges: c,
			Queues: w, QueueControl: newYard(w), Jobs: newYard(w), Directory: w, SMBs: records{town: w}, Communities: newCounty(w), Campaigns: w,
			Explainer: w, Programme: w, Importer: newFiles(), Approvals: &desk{}, Sending: w, Voicemail: line{town: w}, Audit: w, Access: door{town: w},
			Editor: newShelf(w), Mailing: newShelf(w), Previewer: newShelf(w), Reporter: newShelf(w), Libraries: newShelf(w), Holidays: newShelf(w), Learning: newClassroom(),
			Segments: &drawer{town: w}, Bulk: newCrew(),
		},
		Analytics: w, Mailbox: w, Clock: w.now, ClockControl: w, Bulletin: w,
		LearningPage: publicPage,
		Company:      fibonacco.CompanyConfig{Name: "Port Avery Local"},
		PublicURL:    "https://mail.example.org", Log: slog.New(slog.DiscardHandler),
	}
}

// site is the pages being served, with somebody of a role signed in ("" for nobody).
type site struct {
	*town
	t      *testing.T
	server *httptest.Server
	client *http.Client
	role   fibonacco.Role
}

func serve(t *testing.T, role fibonacco.Role, change ...func(*ui.Deps)) *site {
	t.Helper()
	w := newTown()
	w.sessions["yes"] = &fibonacco.Principal{UserID: 1, Name: "Dana Whitfield", Role: role}
	d := deps(w)
	for _, c := range change {
		c(&d)
	}
	mux := http.NewServeMux()
	ui.Mount(mux, d)
	s := &site{town: w, t: t, server: httptest.NewServer(mux), role: role}
	s.client = &http.Client{Transport: s.server.Client().Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(s.server.Close)
	return s
}

type answer struct {
	*http.Response
	body string
}

func (s *site) do(method, path string, form url.Values, header ...string) answer {
	s.t.Helper()
	if form != nil {
		header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	}
	return s.send(method, path, form.Encode(), header...)
}

func (s *site) send(method, path, body string, header ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if s.role != "" {
		req.AddCookie(&http.Cookie{Name: "fibonacco_session", Value: "yes"})
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{res, string(text)}
}

func (s *site) get(path string) answer { s.t.Helper(); return s.do("GET", path, nil) }

func (a answer) wants(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d\n%s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body[:min(len(a.body), 400)])
	}
	plain := html.UnescapeString(a.body)
	for _, text := range texts {
		if !strings.Contains(plain, text) {
			t.Errorf("%s: %q is missing", a.Request.URL, text)
		}
	}
}

// pages are all that are guarded, from the table that says by whom, as requests; but for the live
// streams, which do not end.
var pages = func() (all []struct {
	method, path string
	rule         api.Rule
},
) {
	for pattern, rule := range api.Pages {
		if strings.HasSuffix(pattern, "/events") {
			continue
		}
		method, path, ok := strings.Cut(pattern, " ")
		if !ok {
			method, path = "GET", "/no-such-page"
		}
		id := map[string]string{"POST /businesses/{id}/start": "2", "POST /businesses/{id}/resume": "3", "GET /programme/{id}": "HOOK-001"}[pattern]
		if id == "" {
			id = "1"
		}
		all = append(all, struct {
			method, path string
			rule         api.Rule
		}{method, strings.NewReplacer("{id}", id, "{name}", "emails", "{slug}", "find-you", "{$}", "").Replace(path), rule})
	}
	return all
}()

func TestEveryPageWantsASignIn(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	for _, p := range pages {
		a := s.do(p.method, p.path, nil)
		if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login") {
			t.Errorf("%s %s: %d to %q", p.method, p.path, a.StatusCode, a.Header.Get("Location"))
		}
	}
	if a := s.do("GET", "/overview/events", nil, "Accept", "text/event-stream"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the live stream: %d", a.StatusCode)
	}
	if a := s.get("/businesses?q=x&tier=1"); a.Header.Get("Location") != "/login?next=%2Fbusinesses%3Fq%3Dx%26tier%3D1" {
		t.Errorf("the way back is lost: %s", a.Header.Get("Location"))
	}
	if status := s.smbs[1].CampaignStatus; status != fibonacco.StatusPending {
		t.Errorf("a stranger has started a programme: %s", status)
	}
}

func TestRoles(t *testing.T) {
	t.Parallel()
	for _, role := range fibonacco.Roles {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			s := serve(t, role)
			for _, p := range pages {
				a := s.do(p.method, p.path, nil)
				if refused := a.StatusCode == http.StatusForbidden; refused == role.AtLeast(p.rule.Role) {
					t.Errorf("%s %s as %s: %d", p.method, p.path, role, a.StatusCode)
				}
			}
			if role == fibonacco.Owner && s.get("/overview/events").StatusCode != http.StatusForbidden {
				t.Error("the live stream is open to owners")
			}
			if a := s.get("/businesses/4"); role != fibonacco.Owner && strings.Contains(a.body, "/businesses/4/start") != role.AtLeast(fibonacco.Operator) {
				t.Error("the button to start is offered to the wrong people")
			}
		})
	}
}

func TestFormsOfOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Origin", "https://evil.example"}} {
		for _, path := range []string{"/businesses/2/start", "/clock", "/logout"} {
			if a := s.do("POST", path, url.Values{"speed": {"fast"}}, header...); a.StatusCode != http.StatusForbidden {
				t.Errorf("%s with %v: %d", path, header, a.StatusCode)
			}
		}
	}
	if s.smbs[1].CampaignStatus != fibonacco.StatusPending || s.Anchor().Scale != 10800 || s.sessions["yes"] == nil {
		t.Error("a form of another site did something")
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	for _, path := range []string{"/overview", "/login", "/no-such-page"} {
		a := s.get(path)
		csp := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %s", path, csp)
		}
	}
	for _, path := range []string{"/overview", "/businesses", "/businesses/1?date=2026-11-16", "/programme", "/queues"} {
		body := s.get(path).body
		for _, inline := range []string{" style=", "<style", "onclick=", "<script>", "javascript:"} {
			if strings.Contains(body, inline) {
				t.Errorf("%s holds %q, which the policy forbids", path, inline)
			}
		}
	}
}

func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	name := s.smbs[1].BusinessName
	for _, path := range []string{"/overview", "/businesses", "/businesses/2", "/find?q=script", "/businesses/2?done=started"} {
		a := s.get(path)
		a.wants(t, http.StatusOK, name)
		if strings.Contains(a.body, "<script>alert") {
			t.Errorf("%s runs the name", path)
		}
	}
	a := s.get("/find?q=" + url.QueryEscape(`"><img src=x onerror=1>`))
	if strings.Contains(a.body, "<img src=x") {
		t.Error("the search runs what is searched for")
	}
}

func TestUnknownThings(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Admin)
	for _, path := range []string{
		"/businesses/99", "/businesses/x", "/businesses/-1", "/businesses/99999999999999999999", "/programme/NOPE-001",
		"/mailbox/99", "/mailbox/x", "/mailbox/99/html", "/mailbox/99/source", "/nope", "/static/nope.css",
	} {
		if a := s.get(path); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := s.do("POST", "/businesses/99/start", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("start of an unknown business: %d", a.StatusCode)
	}
	s.get("/nope").wants(t, http.StatusNotFound, "There is no page at this address.", "Overview")
}

func TestFaultsTellNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	s.broken = errors.New("password=secret at 10.0.0.1")
	a := s.get("/overview")
	a.wants(t, http.StatusInternalServerError, "Try again in a moment.")
	if strings.Contains(a.body, "secret") {
		t.Error("the page tells the cause")
	}
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	a := s.do("POST", "/logout", nil)
	if a.Header.Get("Location") != "/login" || a.Cookies()[0].MaxAge >= 0 || s.sessions["yes"] != nil {
		t.Errorf("still signed in: %v", a.Cookies())
	}
}

func TestDemoNeedsNoSignIn(t *testing.T) {
	t.Parallel()
	s := serve(t, "", func(d *ui.Deps) {
		d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator}
	})
	a := s.get("/overview")
	a.wants(t, http.StatusOK, "Nothing leaves this computer", "A day takes 8 s.")
	if strings.Contains(a.body, "/logout") {
		t.Error("there is no session to end")
	}
	if a := s.get("/login"); a.StatusCode != http.StatusSeeOther {
		t.Errorf("the form is shown: %d", a.StatusCode)
	}
}

func TestClockSpeed(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Operator)
	for speed, scale := range map[string]float64{"pause": 0, "fast": 28800, "slow": 2880, "normal": 10800} {
		if a := s.do("POST", "/clock", url.Values{"speed": {speed}}); a.Header.Get("Location") != "/overview" || s.Anchor().Scale != scale {
			t.Errorf("%s: %d, scale %v", speed, a.StatusCode, s.Anchor().Scale)
		}
	}
	s.do("POST", "/clock", url.Values{"speed": {"warp"}}).wants(t, http.StatusUnprocessableEntity, "Choose one of the speeds")
	real := serve(t, fibonacco.Admin, func(d *ui.Deps) { d.ClockControl = nil })
	if a := real.do("POST", "/clock", url.Values{"speed": {"fast"}}); a.StatusCode != http.StatusNotFound {
		t.Errorf("real time has a speed: %d", a.StatusCode)
	}
	if strings.Contains(real.get("/overview").body, "/clock") {
		t.Error("the panel of a virtual clock is shown in real time")
	}
}
