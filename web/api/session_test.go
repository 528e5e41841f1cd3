package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/web/api"
)

func TestSessions(t *testing.T) {
	t.Parallel()
	h := newHouse()
	o := h.options()
	o.PublicURL = "https://crm.example.com"
	a := api.New(o)
	signIn := func(body string, headers map[string]string) *answer {
		return do(t, a, request{route: "POST /session", role: "-", body: body, headers: headers})
	}
	good := `{"email":"ada@example.com","password":"correct horse battery"}`
	got := signIn(good, nil)
	if got.StatusCode != http.StatusCreated || strings.TrimSpace(got.body) != `{"user_id":1,"second_factor":null,"pending":null}` || len(got.Cookies()) != 1 {
		t.Fatalf("%d %s %v", got.StatusCode, got.body, got.Cookies())
	}
	if c := got.Cookies()[0]; c.Name != api.SessionCookie || c.Value != "fresh" || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 0 {
		t.Errorf("cookie %+v", c)
	}
	if got := signIn(`{"email":"ada@example.com","password":"no"}`, nil); got.StatusCode != http.StatusUnauthorized || len(got.Cookies()) != 0 {
		t.Errorf("wrong: %d %v", got.StatusCode, got.Cookies())
	}
	got = signIn(`{"email":"careful@example.com","password":"correct horse battery"}`, nil)
	if got.StatusCode != http.StatusCreated || strings.TrimSpace(got.body) != `{"user_id":null,"second_factor":"totp","pending":"half-way"}` || len(got.Cookies()) != 0 {
		t.Errorf("%d %s %v", got.StatusCode, got.body, got.Cookies())
	}
	got = do(t, a, request{route: "POST /session/code", role: "-", body: `{"pending":"half-way","code":"123456"}`})
	if got.StatusCode != http.StatusCreated || len(got.Cookies()) != 1 || got.Cookies()[0].Value != "fresh" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	// The session that the browser held before ends, whoever put it there.
	signIn(good, map[string]string{"Cookie": api.SessionCookie + "=planted"})
	if !slices.Equal(h.signedOut, []string{"planted"}) {
		t.Errorf("ended %q", h.signedOut)
	}
	for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}} {
		for _, route := range []string{"POST /session", "POST /session/code"} {
			if got := do(t, a, request{route: route, role: "-", body: good, headers: header}); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s from another site: %d", route, got.StatusCode)
			}
		}
	}
	if got := signIn(`{"email":"`+strings.Repeat("x", 20_000)+`"}`, nil); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: %d", got.StatusCode)
	}
	got = do(t, a, request{route: "DELETE /session", role: "-", headers: map[string]string{"Cookie": api.SessionCookie + "=viewer"}})
	if got.StatusCode != http.StatusNoContent || got.Cookies()[0].MaxAge >= 0 || !slices.Contains(h.signedOut, "viewer") {
		t.Errorf("sign-out: %d %v, ended %q", got.StatusCode, got.Cookies(), h.signedOut)
	}
}

// Strangers are counted by where they come from.
func TestStrangersAreLimited(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	m := &miser{left: 1}
	o.Limiter, o.PerMinute = m, 120
	a := api.New(o)
	q := request{route: "POST /session", role: "-", body: `{"email":"ada@example.com","password":"no"}`}
	if got := do(t, a, q); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d", got.StatusCode)
	}
	if got := do(t, a, q); got.StatusCode != http.StatusTooManyRequests || got.Header.Get("Retry-After") != "3" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	if m.keys[0] != "api:from:192.0.2.1 2" {
		t.Errorf("key %q", m.keys[0])
	}
}

func TestUsersOverTheInterface(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	invited := do(t, a, request{route: "POST /users", body: `{"name":"Ana","email":"ana@example.com","role":"viewer","communities":[1]}`})
	if invited.StatusCode != http.StatusCreated || invited.Header.Get("Location") != "/api/v1/users/1" || !strings.Contains(invited.body, `"password_link":{"url":"https://example.com/password/x"`) {
		t.Errorf("%d %s %s", invited.StatusCode, invited.Header.Get("Location"), invited.body)
	}
	with := do(t, a, request{route: "POST /users", body: `{"name":"Ana","email":"ana@example.com","role":"viewer","password":"correct horse battery"}`})
	if with.StatusCode != http.StatusCreated || !strings.Contains(with.body, `"password_link":null`) || strings.Contains(with.body, "battery") {
		t.Errorf("%d %s", with.StatusCode, with.body)
	}
	for route, want := range map[string]int{
		"POST /users/1/disable": 409, "POST /users/2/disable": 404, "POST /users/1/enable": 200, "POST /users/x/enable": 404,
		"POST /users/1/totp/reset": 204, "DELETE /users/1/sessions": 204, "DELETE /users/2/sessions": 404, "GET /users/1": 200, "GET /users/2": 404, "GET /users?filter[role]=admin": 200,
	} {
		if got := do(t, a, request{route: route}); got.StatusCode != want {
			t.Errorf("%s: %d, want %d: %s", route, got.StatusCode, want, got.body)
		}
	}
	for body, want := range map[string]string{`{}`: `"password_link":{`, `{"password":"a new password"}`: `"password_link":null`} {
		if got := do(t, a, request{route: "POST /users/1/password", body: body}); got.StatusCode != http.StatusOK || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", body, got.StatusCode, got.body)
		}
	}
	if got := do(t, a, request{route: "PATCH /users/1", body: `{"role":"emperor","colour":"red"}`}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "colour role" {
		t.Errorf("%d %s", got.StatusCode, got.fields())
	}
}
