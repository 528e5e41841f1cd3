package api_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// passport lets in whoever says who they are: the token, or the session, is the principal itself.
type passport struct{ gate }

func (passport) ByToken(_ context.Context, secret string) (*fibonacco.Principal, error) {
	text, err := base64.RawURLEncoding.DecodeString(secret)
	p := &fibonacco.Principal{}
	if err != nil || json.Unmarshal(text, p) != nil {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "unknown")
	}
	return p, nil
}

func (g passport) BySession(ctx context.Context, s string) (*fibonacco.Principal, error) {
	return g.ByToken(ctx, s)
}

// ask sends a request without a body as a principal; nil is nobody.
func ask(t *testing.T, a http.Handler, method, path string, p *fibonacco.Principal) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	if p != nil {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		secret := base64.RawURLEncoding.EncodeToString(text)
		if p.TokenID != 0 {
			r.Header.Set("Authorization", "Bearer "+secret)
		} else {
			r.Header.Set("Cookie", api.SessionCookie+"="+secret)
		}
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// concrete is a route as a request.
func concrete(route string) (method, path string) {
	method, path, ok := strings.Cut(route, " ")
	if !ok {
		method, path = http.MethodDelete, route
	}
	return method, strings.NewReplacer("{id}", "1", "{uuid}", smbUUID, "{slug}", "a-page").Replace(path)
}

// Route × role × ability × scope: what the table says is what happens, and every route is in it.
func TestEveryRouteHasARule(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	o.Access = passport{}
	a := api.New(o)
	asked := 0
	for _, route := range a.Routes() {
		rule, ok := api.Permissions[route]
		if !ok {
			t.Errorf("%s has no rule: who may use it?", route)
			continue
		}
		method, path := concrete(route)
		if opensDoors(route) {
			if method == http.MethodGet {
				if w := ask(t, a, method, path, nil); w.Code != http.StatusOK {
					t.Errorf("%s, which is open: %d %s", route, w.Code, w.Body)
				}
				continue
			}
			if w := ask(t, a, method, path, nil); w.Code != http.StatusUnprocessableEntity && w.Code != http.StatusBadRequest {
				t.Errorf("%s, which is open: %d %s", route, w.Code, w.Body)
			}
			continue
		}
		if !slices.Contains([]fibonacco.Role{fibonacco.Admin, fibonacco.Manager, fibonacco.Operator, fibonacco.Viewer}, rule.Role) {
			t.Errorf("%s is for %q, which is no role of staff", route, rule.Role)
		}
		if w := ask(t, a, method, path, nil); w.Code != http.StatusUnauthorized {
			t.Errorf("%s as nobody: %d", route, w.Code)
		}
		for _, role := range append(slices.Clone(fibonacco.Roles), "emperor") {
			for _, scope := range [][]int64{nil, {1}, {99}} {
				person := &fibonacco.Principal{UserID: 1, SessionID: 1, Role: role, Communities: scope}
				expect(t, ask(t, a, method, path, person), route, person, role.AtLeast(rule.Role))
				asked++
				for _, ability := range append(slices.Clone(fibonacco.Abilities), "", "smbs:fly", rule.Ability) {
					token := &fibonacco.Principal{UserID: 1, TokenID: 1, Role: role, Communities: scope}
					if ability != "" {
						token.Abilities = []fibonacco.Ability{ability}
					}
					may := role.AtLeast(rule.Role) && !forPeople(route) && (ability == "" || ability == rule.Ability || rule.Ability == "")
					expect(t, ask(t, a, method, path, token), route, token, may)
					asked++
				}
			}
		}
	}
	for route := range api.Permissions {
		if !slices.Contains(a.Routes(), route) {
			t.Errorf("there is a rule for %s, and no such route", route)
		}
	}
	t.Logf("%d requests to %d routes", asked, len(a.Routes()))
}

// forPeople are the routes that no token is let to: what a token can do is in its abilities, and
// opening other ways in is not among them.
func forPeople(route string) bool {
	_, path, _ := strings.Cut(route, " ")
	return strings.HasPrefix(path, "/api/v1/me/") || path == "/api/v1/session"
}

func expect(t *testing.T, w *httptest.ResponseRecorder, route string, p *fibonacco.Principal, may bool) {
	t.Helper()
	switch {
	case w.Code == http.StatusUnauthorized:
		t.Errorf("%s as %+v: nobody knows them", route, *p)
	case (w.Code != http.StatusForbidden) != may:
		t.Errorf("%s as %+v: %d, and may is %v: %s", route, *p, w.Code, may, w.Body)
	}
}

// What a rule asks for beside a role is an ability, or one of the two words for none.
func TestRulesNameAbilities(t *testing.T) {
	t.Parallel()
	for _, table := range []map[string]api.Rule{api.Permissions, api.Pages} {
		for route, rule := range table {
			if opensDoors(route) {
				continue
			}
			if rule.Ability != "" && rule.Ability != "in person" && !slices.Contains(fibonacco.Abilities, rule.Ability) {
				t.Errorf("%s takes the ability %q, which nobody has", route, rule.Ability)
			}
			writes := !strings.HasPrefix(route, "GET ") && strings.Contains(route, " ")
			if writes && rule.Role == fibonacco.Viewer && rule.Ability != "in person" {
				t.Errorf("%s changes something and is open to every viewer", route)
			}
		}
	}
}

// The scope of whoever asks reaches the modules, and their name the audit log.
func TestWhoAsksReachesTheModules(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	o.Access = passport{}
	heard := &listener{}
	o.Audit = heard
	a := api.New(o)
	w := ask(t, a, http.MethodGet, "/api/v1/audit-log", &fibonacco.Principal{TokenID: 7, Name: "CI", Role: fibonacco.Manager, Communities: []int64{3, 5}})
	if w.Code != http.StatusOK || heard.p.TokenID != 7 || !slices.Equal(fibonacco.ScopeOf(heard.ctx), []int64{3, 5}) || heard.p.IP != "192.0.2.1" {
		t.Errorf("%d, heard %+v", w.Code, heard.p)
	}
	w = ask(t, a, http.MethodGet, "/api/v1/me", &fibonacco.Principal{TokenID: 7, Name: "CI", Role: fibonacco.Viewer, Communities: []int64{3}, Abilities: []fibonacco.Ability{fibonacco.ReadSMBs}})
	if want := `{"name":"CI","user_id":null,"token_id":7,"role":"viewer","abilities":["smbs:read"],"communities":[3]}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("got %s, want %s", w.Body, want)
	}
}

type listener struct {
	ctx context.Context //nolint:containedctx // to be looked at
	p   fibonacco.Principal
}

func (l *listener) NoteExport(context.Context, string, string, []string) error { return nil }

func (l *listener) ListAudit(ctx context.Context, _ fibonacco.ListQuery) (page fibonacco.Page[fibonacco.AuditEntry], err error) {
	l.ctx, l.p = ctx, *fibonacco.PrincipalOf(ctx)
	return page, nil
}
