package ui_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/ui"
)

func TestAccount(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	a := s.get("/account")
	a.wants(t, http.StatusOK, "dana@example.org", "Work laptop", "on several devices", "This browser", "Chrome on Linux", "from 203.0.113.7", "Password and code", `href="/account"`, "passkey.js")
	if strings.Contains(a.body, "<script>alert") {
		t.Error("the page runs what a browser calls itself")
	}
	for _, inline := range []string{" style=", "<style", "onclick=", "javascript:"} {
		if strings.Contains(a.body, inline) {
			t.Errorf("the page holds %q, which the policy forbids", inline)
		}
	}
	for role, options := range map[fibonacco.Role]string{fibonacco.Manager: "manager operator viewer"} {
		var offered []string
		for part := range strings.SplitSeq(a.body, `<option value="`) {
			if value, _, ok := strings.Cut(part, `"`); ok && fibonacco.Role(value).Valid() {
				offered = append(offered, value)
			}
		}
		if strings.Join(offered, " ") != options {
			t.Errorf("a %s is offered tokens for %q", role, offered)
		}
	}
}

func TestAccountForms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path   string
		form   url.Values
		status int
		texts  []string // or where it leads
	}{
		"password":                    {"/account/password", url.Values{"current_password": {rightPassword}, "password": {"a new password"}, "repeated": {"a new password"}}, 303, []string{"/account?done=password#password"}},
		"password, wrong":             {"/account/password", url.Values{"current_password": {"no"}, "password": {"a new password"}, "repeated": {"a new password"}}, 422, []string{"The current password is wrong."}},
		"password, twice different":   {"/account/password", url.Values{"current_password": {rightPassword}, "password": {"a new password"}, "repeated": {"b"}}, 422, []string{"This is not the same."}},
		"password, too often":         {"/account/password", url.Values{"current_password": {"tired"}, "password": {"a new password"}, "repeated": {"a new password"}}, 429, []string{"Wait 6 minutes"}},
		"TOTP":                        {"/account/totp", nil, 200, []string{"JBSWY3DPEHPK3PXP", "data:image/png;base64,AAAA", "/account/totp/confirm"}},
		"TOTP confirmed":              {"/account/totp/confirm", url.Values{"code": {"123456"}}, 200, []string{"ABCD-EFGH-IJKL-MNOP", "Keep these recovery codes."}},
		"TOTP, wrong code":            {"/account/totp/confirm", url.Values{"code": {"1"}}, 422, []string{"is wrong, or was used before"}},
		"TOTP off":                    {"/account/totp/disable", url.Values{"code": {"123456"}}, 303, []string{"/account?done=totp#totp"}},
		"TOTP off, wrong code":        {"/account/totp/disable", url.Values{"code": {"1"}}, 422, []string{"is wrong, or was used before"}},
		"new recovery codes":          {"/account/totp/codes", url.Values{"code": {"123456"}}, 200, []string{"ABCD-EFGH-IJKL-MNOP"}},
		"passkey renamed":             {"/account/passkeys/1/name", url.Values{"name": {"Phone"}}, 303, []string{"/account?done=named#passkeys"}},
		"passkey without a name":      {"/account/passkeys/1/name", url.Values{"name": {""}}, 422, []string{"The name is required."}},
		"passkey of another":          {"/account/passkeys/2/name", url.Values{"name": {"Phone"}}, 404, nil},
		"passkey removed":             {"/account/passkeys/1/remove", nil, 303, []string{"/account?done=removed#passkeys"}},
		"token":                       {"/account/tokens", url.Values{"name": {"CI"}, "role": {"viewer"}, "ability": {"smbs:read"}, "expires_on": {"2027-01-31"}}, 200, []string{"fib_secret-shown-once", "It is not shown again.", "fib_seen…", "smbs:read"}},
		"token without a name":        {"/account/tokens", url.Values{"role": {"viewer"}}, 422, []string{"This is required."}},
		"token with a strange expiry": {"/account/tokens", url.Values{"name": {"CI"}, "expires_on": {"tomorrow"}}, 422, []string{"The date must be a date."}},
		"token revoked":               {"/account/tokens/1/revoke", nil, 303, []string{"/account?done=revoked#tokens"}},
		"token that is none":          {"/account/tokens/x/revoke", nil, 404, nil},
		"session":                     {"/account/sessions/1/end", nil, 303, []string{"/account?done=ended#sessions"}},
		"session of another":          {"/account/sessions/9/end", nil, 404, nil},
		"other sessions":              {"/account/sessions/end", nil, 303, []string{"/account?done=others#sessions"}},
	} {
		s := serve(t, fibonacco.Manager)
		a := s.do("POST", tc.path, tc.form)
		if tc.status == http.StatusSeeOther {
			if a.StatusCode != tc.status || a.Header.Get("Location") != tc.texts[0] {
				t.Errorf("%s: %d to %q", name, a.StatusCode, a.Header.Get("Location"))
			}
			continue
		}
		t.Run(name, func(t *testing.T) { a.wants(t, tc.status, tc.texts...) })
		if after := s.get("/account"); strings.Contains(after.body, "fib_secret-shown-once") || strings.Contains(after.body, "ABCD-EFGH") {
			t.Errorf("%s: the secret is shown twice", name)
		}
	}
}

func TestAccountTakesAFreshSession(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	s.stale = true
	s.do("POST", "/account/totp", nil).wants(t, http.StatusForbidden, "Sign in again first.", "/login?again=1&next=%2Faccount", "Where you are signed in")
}

func TestPasskeyIsAddedByScript(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	js := []string{"Content-Type", "application/json"}
	s.send("POST", "/account/passkeys/begin", "{}", js...).wants(t, http.StatusOK, "ceremony-1")
	s.send("POST", "/account/passkeys", `{"ceremony":"ceremony-1","name":"Phone","credential":{}}`, js...).wants(t, http.StatusOK, "/account?done=passkey#passkeys")
	a := s.send("POST", "/account/passkeys", `{"ceremony":"old","name":"Phone","credential":{}}`, js...)
	a.wants(t, http.StatusUnprocessableEntity, `"field":"ceremony"`)
	if a.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s", a.Header.Get("Content-Type"))
	}
}

func TestNoAccountInTheDemo(t *testing.T) {
	t.Parallel()
	s := serve(t, "", func(d *ui.Deps) { d.Demo = &fibonacco.Principal{Name: "Demo", Role: fibonacco.Operator} })
	s.get("/account").wants(t, http.StatusNotFound)
	if strings.Contains(s.get("/overview").body, `href="/account"`) {
		t.Error("the demo leads to an account")
	}
	for _, path := range []string{"/login/sso", "/password/good", "/login/sso/callback?state=state-1"} {
		if a := s.get(path); a.StatusCode != http.StatusSeeOther {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
}

// What is done on a page is done in the name of who is signed in, and within their limits.
func TestPagesSayWhoAsks(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Manager)
	s.sessions["yes"].Communities = []int64{3}
	s.do("GET", "/businesses", nil, "X-Forwarded-For", "198.51.100.1")
	p := s.askedBy
	if p == nil || p.UserID != 1 || len(p.Communities) != 1 || p.Communities[0] != 3 || p.IP != "127.0.0.1" {
		t.Errorf("asked by %+v", p)
	}
}
