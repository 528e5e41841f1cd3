package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

func cookieOf(t *testing.T, a answer, name string) *http.Cookie {
	t.Helper()
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("%s %s: no cookie %s in %v", a.Request.Method, a.Request.URL.Path, name, a.Cookies())
	return nil
}

func credentials(email, password, next string) url.Values {
	return url.Values{"email": {email}, "password": {password}, "next": {next}}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	s.get("/login").wants(t, http.StatusOK, "Sign in to Port Avery Local", "Port Avery login", "Use a passkey")
	wrong := s.do("POST", "/login", credentials("dana@example.org", "no", ""))
	wrong.wants(t, http.StatusUnauthorized, "do not go together", "dana@example.org")
	if strings.Contains(wrong.body, "no user") {
		t.Error("the page says which of the two is wrong")
	}
	slow := s.do("POST", "/login", credentials("slow@example.org", "no", ""))
	slow.wants(t, http.StatusTooManyRequests, "Too many tries. Wait 6 minutes")
	if slow.Header.Get("Retry-After") != "301" {
		t.Errorf("Retry-After %q", slow.Header.Get("Retry-After"))
	}
	for next, want := range map[string]string{
		"": "/overview", "/businesses?q=a": "/businesses?q=a", "https://evil.example/": "/overview", "//evil.example": "/overview",
		`/\evil.example`: "/overview", "/login?next=/x": "/overview", "businesses": "/overview", "/\tx": "/overview", "javascript:alert(1)": "/overview",
	} {
		if a := s.do("POST", "/login", credentials("dana@example.org", rightPassword, next)); a.Header.Get("Location") != want {
			t.Errorf("next %q leads to %q", next, a.Header.Get("Location"))
		}
	}
	c := cookieOf(t, s.do("POST", "/login", credentials("dana@example.org", rightPassword, "")), "fibonacco_session")
	if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 0 || c.Domain != "" {
		t.Errorf("cookie %+v", c)
	}
	secure := serve(t, "", func(d *ui.Deps) { d.SecureCookies = true })
	for email, name := range map[string]string{"dana@example.org": "fibonacco_session", "careful@example.org": "fibonacco_pending"} {
		if c := cookieOf(t, secure.do("POST", "/login", credentials(email, rightPassword, "")), name); !c.Secure || !c.HttpOnly {
			t.Errorf("cookie over https %+v", c)
		}
	}
}

// A session that somebody put into the browser before the sign-in ends with it.
func TestSessionIsNotFixed(t *testing.T) {
	t.Parallel()
	for name, signIn := range map[string]func(s *site) answer{
		"password": func(s *site) answer {
			return s.do("POST", "/login", credentials("dana@example.org", rightPassword, ""))
		},
		"code": func(s *site) answer {
			return s.do("POST", "/login/code", url.Values{"code": {"123456"}}, "Cookie", "fibonacco_pending=half-way")
		},
		"passkey": func(s *site) answer {
			return s.send("POST", "/login/passkey", `{"ceremony":"ceremony-1","credential":{"id":"key"}}`, "Content-Type", "application/json")
		},
		"single sign-on": func(s *site) answer {
			return s.do("GET", "/login/sso/callback?state=state-1&code=c", nil, "Cookie", "fibonacco_sso=state-1.")
		},
	} {
		s := serve(t, fibonacco.Viewer) // "yes" is in the browser already, and may be somebody else's
		a := signIn(s)
		if c := cookieOf(t, a, "fibonacco_session"); c.Value != "fresh" {
			t.Errorf("%s: session %q", name, c.Value)
		}
		if s.sessions["yes"] != nil || s.sessions["fresh"] == nil {
			t.Errorf("%s: the old session goes on", name)
		}
	}
}

func TestSecondStep(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	a := s.do("POST", "/login", credentials("careful@example.org", rightPassword, "/queues"))
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != "/login/code?next=%2Fqueues" {
		t.Fatalf("%d to %s", a.StatusCode, a.Header.Get("Location"))
	}
	c := cookieOf(t, a, "fibonacco_pending")
	if c.Value != "half-way" || c.Path != "/login" || c.MaxAge != 300 || !c.HttpOnly {
		t.Errorf("cookie %+v", c)
	}
	for _, c := range a.Cookies() {
		if c.Name == "fibonacco_session" {
			t.Error("half a sign-in is a session")
		}
	}
	if a := s.get("/login/code"); a.Header.Get("Location") != "/login" {
		t.Errorf("without a first step: %d", a.StatusCode)
	}
	if a := s.do("POST", "/login/code", url.Values{"code": {"123456"}}); a.Header.Get("Location") != "/login" {
		t.Errorf("without a first step: %d", a.StatusCode)
	}
	pending := []string{"Cookie", "fibonacco_pending=half-way"}
	s.do("GET", "/login/code?next=/queues", nil, pending...).wants(t, http.StatusOK, "One step more", `value="/queues"`)
	s.do("POST", "/login/code", url.Values{"code": {"000000"}, "next": {"/queues"}}, pending...).wants(t, http.StatusUnauthorized, "The code is wrong, or was used before.")
	a = s.do("POST", "/login/code", url.Values{"code": {"123456"}, "next": {"/queues"}}, pending...)
	if a.Header.Get("Location") != "/queues" || cookieOf(t, a, "fibonacco_session").Value != "fresh" || cookieOf(t, a, "fibonacco_pending").MaxAge >= 0 {
		t.Errorf("%d to %q with %v", a.StatusCode, a.Header.Get("Location"), a.Cookies())
	}
	if a := s.do("POST", "/login/code", url.Values{"code": {"123456"}, "next": {"//evil.example"}}, pending...); a.Header.Get("Location") != "/overview" {
		t.Errorf("leads to %q", a.Header.Get("Location"))
	}
}

func TestPasskeySignIn(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	js := []string{"Content-Type", "application/json; charset=utf-8"}
	s.send("POST", "/login/passkey/begin", "{}", js...).wants(t, http.StatusOK, `"ceremony":"ceremony-1"`, `"challenge":"AAAA"`)
	a := s.send("POST", "/login/passkey", `{"ceremony":"ceremony-1","credential":{"id":"key"},"next":"/queues"}`, js...)
	a.wants(t, http.StatusOK, `{"location":"/queues"}`)
	cookieOf(t, a, "fibonacco_session")
	s.send("POST", "/login/passkey", `{"ceremony":"ceremony-1","credential":{"id":"key"},"next":"https://evil.example"}`, js...).wants(t, http.StatusOK, `{"location":"/overview"}`)
	s.send("POST", "/login/passkey", `{"ceremony":"other","credential":{}}`, js...).wants(t, http.StatusUnauthorized, "not known here")
	s.send("POST", "/login/passkey", `{"ceremony":`, js...).wants(t, http.StatusBadRequest)
	s.send("POST", "/login/passkey", `{"ceremony":"`+strings.Repeat("x", 100_000)+`"}`, js...).wants(t, http.StatusBadRequest)
	for _, kind := range []string{"", "text/plain", "application/x-www-form-urlencoded"} { // what a form of another site may send
		s.send("POST", "/login/passkey", `{"ceremony":"ceremony-1","credential":{"id":"key"}}`, "Content-Type", kind).wants(t, http.StatusUnsupportedMediaType)
	}
	for _, path := range []string{"/login", "/login/code", "/login/passkey", "/login/passkey/begin", "/password/good"} {
		if a := s.send("POST", path, "{}", "Content-Type", "application/json", "Sec-Fetch-Site", "cross-site"); a.StatusCode != http.StatusForbidden {
			t.Errorf("%s from another site: %d", path, a.StatusCode)
		}
	}
}

func TestSingleSignOn(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	a := s.get("/login/sso?next=/queues")
	c := cookieOf(t, a, "fibonacco_sso")
	if a.Header.Get("Location") != "https://login.example.org/authorize?state=state-1" || c.Path != "/login" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Fatalf("%d to %s with %+v", a.StatusCode, a.Header.Get("Location"), c)
	}
	with := []string{"Cookie", c.Name + "=" + c.Value}
	a = s.do("GET", "/login/sso/callback?state=state-1&code=good", nil, with...)
	if a.Header.Get("Location") != "/queues" || cookieOf(t, a, "fibonacco_sso").MaxAge >= 0 {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	s.do("GET", "/login/sso/callback?state=state-1&code=good", nil).wants(t, http.StatusUnauthorized, "cannot be trusted", "E-mail")
	s.do("GET", "/login/sso/callback?state=other&code=good", nil, with...).wants(t, http.StatusUnauthorized, "cannot be trusted")
	s.do("GET", "/login/sso/callback?state=state-1&code=stranger", nil, with...).wants(t, http.StatusForbidden, "Nobody has let you in here.")
	if a := s.do("GET", "/login/sso/callback?state=state-1&code=broken", nil, with...); a.StatusCode != http.StatusInternalServerError || strings.Contains(a.body, "secret") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	s.ssoDown = true
	s.get("/login/sso").wants(t, http.StatusServiceUnavailable, "cannot be reached right now", "Password")
}

func TestPasswordLink(t *testing.T) {
	t.Parallel()
	s := serve(t, "")
	for range 2 {
		s.get("/password/good").wants(t, http.StatusOK, "Hello Dana Whitfield", "dana@example.org")
	}
	s.get("/password/bad").wants(t, http.StatusNotFound, "ask for another")
	form := func(password, repeated string) url.Values {
		return url.Values{"password": {password}, "repeated": {repeated}}
	}
	s.do("POST", "/password/good", form("a new password", "another")).wants(t, http.StatusUnprocessableEntity, "This is not the same.")
	s.do("POST", "/password/good", form("short", "short")).wants(t, http.StatusUnprocessableEntity, "The password must have at least 10 characters.")
	a := s.do("POST", "/password/good", form("a new password", "a new password"))
	if a.Header.Get("Location") != "/login?done=password" || len(a.Cookies()) != 0 {
		t.Errorf("%d to %q with %v: it signs nobody in", a.StatusCode, a.Header.Get("Location"), a.Cookies())
	}
	s.get("/login?done=password").wants(t, http.StatusOK, "Your new password is set.")
	s.do("POST", "/password/good", form("a new password", "a new password")).wants(t, http.StatusNotFound)
}

// Who is signed in may sign in again, for what takes a fresh session.
func TestSignInAgain(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	if a := s.get("/login?next=/account"); a.Header.Get("Location") != "/account" {
		t.Errorf("%d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	s.get("/login?again=1&next=/account").wants(t, http.StatusOK, `value="/account"`)
}
