package access_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

type claims = map[string]any

func TestSingleSignOn(t *testing.T) {
	for _, alg := range []string{"RS256", "ES256"} {
		t.Run(alg, func(t *testing.T) {
			inHouse(t, func(h *house) {
				p := h.provider(nil)
				p.alg = alg
				u := h.user("ada@example.com", fibonacco.Operator)
				if got := h.SignInMethods().SSO; got != "Port Avery login" {
					h.t.Errorf("button %q", got)
				}
				in, err := p.signIn(h.ctx(), h.Service, h.clock.Now(), nil, nil)
				must(h.t, err)
				if in.Principal.UserID != u.ID || in.Session == "" || in.Pending != "" {
					h.t.Fatalf("signed in %+v", in)
				}
				sessions, err := h.ListSessions(h.in(in.Session))
				if err != nil || sessions[0].Method != "sso" {
					h.t.Errorf("%+v, %v", sessions, err)
				}
				// From here on it is the subject who comes in, whatever their address is by then.
				in, err = p.signIn(h.ctx(), h.Service, h.clock.Now(), claims{"email": "ada.byron@example.com"}, nil)
				if err != nil || in.Principal.UserID != u.ID {
					h.t.Errorf("with a new address: %+v, %v", in, err)
				}
				// And nobody else, who was given the old address.
				_, err = p.signIn(h.ctx(), h.Service, h.clock.Now(), claims{"sub": "sub-2"}, nil)
				wantCode(h.t, err, fibonacco.Forbidden)
				_, err = p.signIn(h.ctx(), h.Service, h.clock.Now(), claims{"sub": "sub-3", "email": "stranger@example.com"}, nil)
				wantCode(h.t, err, fibonacco.Forbidden)
				h.user("root@example.com", fibonacco.Admin)
				_, err = h.DisableUser(h.ctx(), u.ID)
				must(h.t, err)
				_, err = p.signIn(h.ctx(), h.Service, h.clock.Now(), nil, nil)
				wantCode(h.t, err, fibonacco.Forbidden)
				if n := count(h.t, h.d, `SELECT COUNT(*) FROM users`); n != 2 {
					h.t.Errorf("%d users", n)
				}
			})
		})
	}
}

// What cannot be trusted is not.
func TestSingleSignOnRefuses(t *testing.T) {
	inHouse(t, func(h *house) {
		p := h.provider(nil)
		p.namesIss = true
		now := h.clock.Now()
		h.user("ada@example.com", fibonacco.Operator)
		named := func(back *fibonacco.SSOCallback) { back.Issuer = p.server.URL }
		tampered := func(change func(claims)) func(string) string {
			return func(token string) string {
				parts := strings.Split(token, ".")
				raw, _ := base64.RawURLEncoding.DecodeString(parts[1])
				all := claims{}
				_ = json.Unmarshal(raw, &all)
				change(all)
				raw, _ = json.Marshal(all)
				return parts[0] + "." + b64(raw) + "." + parts[2]
			}
		}
		for name, tc := range map[string]struct {
			bend      func(claims)
			bendToken func(string) string
			back      func(*fibonacco.SSOCallback)
		}{
			"another nonce":                   {bend: func(c claims) { c["nonce"] = "replayed" }},
			"no nonce":                        {bend: func(c claims) { delete(c, "nonce") }},
			"another audience":                {bend: func(c claims) { c["aud"] = "another-client" }},
			"several, and not for us":         {bend: func(c claims) { c["aud"], c["azp"] = []string{clientID, "another"}, "another" }},
			"several, for nobody":             {bend: func(c claims) { c["aud"] = []string{clientID, "another"} }},
			"expired":                         {bend: func(c claims) { c["exp"] = now.Add(-time.Second).Unix() }},
			"not yet good":                    {bend: func(c claims) { c["nbf"] = now.Add(time.Hour).Unix() }},
			"another issuer":                  {bend: func(c claims) { c["iss"] = "https://evil.example" }},
			"address not verified":            {bend: func(c claims) { c["email_verified"] = false }},
			"nothing about the address":       {bend: func(c claims) { delete(c, "email_verified") }},
			"no address":                      {bend: func(c claims) { delete(c, "email") }},
			"a strange address":               {bend: func(c claims) { c["email"] = "Ada <ada@example.com>" }},
			"no subject":                      {bend: func(c claims) { delete(c, "sub") }},
			"a changed token":                 {bendToken: tampered(func(c claims) { c["email"] = "ada@example.com"; c["admin"] = true })},
			"no signature":                    {bendToken: func(s string) string { return b64([]byte(`{"alg":"none"}`)) + "." + strings.Split(s, ".")[1] + "." }},
			"no token":                        {bendToken: func(string) string { return "" }},
			"the way back of another browser": {back: func(b *fibonacco.SSOCallback) { b.Cookie = "somebody-else's" }},
			"a browser without a way":         {back: func(b *fibonacco.SSOCallback) { b.Cookie = "" }},
			"no state":                        {back: func(b *fibonacco.SSOCallback) { b.Cookie, b.State = "", "" }},
			"an invented state":               {back: func(b *fibonacco.SSOCallback) { b.State = strings.Repeat("x", 43); b.Cookie = b.State }},
			"an invented code":                {back: func(b *fibonacco.SSOCallback) { b.Code = "invented" }},
			"no code":                         {back: func(b *fibonacco.SSOCallback) { b.Code = "" }},
			"the provider says no":            {back: func(b *fibonacco.SSOCallback) { b.Error = "access_denied" }},
			"a mix-up":                        {back: func(b *fibonacco.SSOCallback) { b.Issuer = "https://evil.example" }},
			"nobody says who it is":           {back: func(b *fibonacco.SSOCallback) { b.Issuer = "" }},
		} {
			p.mu.Lock()
			p.bend, p.bendToken = tc.bend, tc.bendToken
			p.mu.Unlock()
			in, err := p.signIn(h.ctx(), h.Service, now, nil, func(b *fibonacco.SSOCallback) {
				named(b)
				if tc.back != nil {
					tc.back(b)
				}
			})
			if fibonacco.CodeOf(err) != fibonacco.Unauthorized {
				h.t.Errorf("%s: %+v, %v", name, in, err)
			}
		}
		p.mu.Lock()
		p.bend, p.bendToken = nil, nil
		p.mu.Unlock()
		start, err := h.BeginSSO(h.ctx())
		must(h.t, err)
		back := p.authorize(start, now, nil)
		named(&back)
		_, err = h.FinishSSO(h.ctx(), back)
		must(h.t, err)
		_, err = h.FinishSSO(h.ctx(), back)
		wantCode(h.t, err, fibonacco.Unauthorized) // good once
		start, err = h.BeginSSO(h.ctx())
		must(h.t, err)
		back = p.authorize(start, h.clock.Now(), nil)
		named(&back)
		h.clock.Advance(5 * time.Minute)
		_, err = h.FinishSSO(h.ctx(), back)
		wantCode(h.t, err, fibonacco.Unauthorized) // too late
		if n := count(h.t, h.d, `SELECT COUNT(*) FROM sessions`); n != 1 {
			h.t.Errorf("%d sessions, want one", n)
		}
	})
}

func TestSingleSignOnRoles(t *testing.T) {
	inHouse(t, func(h *house) {
		p := h.provider(func(c *fibonacco.OIDCConfig) { c.GroupRoles = []string{"sales=operator", "cn=chiefs,ou=x=manager"} })
		north := h.town("north")
		h.user("root@example.com", fibonacco.Admin)
		ada := h.user("ada@example.com", fibonacco.Admin, north)
		as := func(sub string, groups any) (*fibonacco.SignedIn, error) {
			return p.signIn(h.ctx(), h.Service, h.clock.Now(), claims{"sub": sub, "email": sub + "@example.com", "name": "", "groups": groups}, nil)
		}
		role := func(in *fibonacco.SignedIn, err error) string {
			if err != nil {
				return string(fibonacco.CodeOf(err))
			}
			return string(in.Principal.Role)
		}
		for _, tc := range []struct {
			sub    string
			groups any
			want   string
		}{
			{"new", []string{"sales", "everybody"}, "operator"},
			{"new", []string{"sales", "cn=chiefs,ou=x"}, "manager"}, // the most of several, anew each time
			{"new", "sales", "operator"},                            // some providers send a text
			{"new", []string{"everybody"}, "forbidden"},             // out of all groups is out
			{"nobody", nil, "forbidden"},
			{"nobody", 5, "forbidden"},
			{"ada", []string{"sales"}, "operator"},
			{"root", []string{"sales"}, "admin"}, // the last administrator stays one
		} {
			if got := role(as(tc.sub, tc.groups)); got != tc.want {
				h.t.Errorf("%s in %v: %s, want %s", tc.sub, tc.groups, got, tc.want)
			}
		}
		if u, err := h.FindUser(h.ctx(), ada.ID); err != nil || u.Role != fibonacco.Operator || len(u.Communities) != 1 {
			h.t.Errorf("ada %+v, %v", u, err)
		}
		if u, err := h.FindUserByEmail(h.ctx(), "NEW@example.com"); err != nil || u.Name != "new" || u.Invited {
			h.t.Errorf("new %+v, %v", u, err)
		}
		if !strings.Contains(h.audited(), "user.updated") {
			h.t.Errorf("log %s", h.audited())
		}
	})
}

func TestSingleSignOnDefaultRole(t *testing.T) {
	inHouse(t, func(h *house) {
		p := h.provider(func(c *fibonacco.OIDCConfig) { c.DefaultRole = fibonacco.Viewer })
		in, err := p.signIn(h.ctx(), h.Service, h.clock.Now(), nil, nil)
		must(h.t, err)
		if in.Principal.Role != fibonacco.Viewer || in.Principal.Name != "Ada Byron" {
			h.t.Errorf("%+v", in.Principal)
		}
		_, err = h.SignIn(h.ctx(), "ada@example.com", "")
		wantCode(h.t, err, fibonacco.Unauthorized) // there is no password to guess
		_, err = h.UpdateUser(h.ctx(), in.Principal.UserID, fibonacco.UserChange{Role: ptr(fibonacco.Manager)})
		must(h.t, err)
		in, err = p.signIn(h.ctx(), h.Service, h.clock.Now(), nil, nil)
		if err != nil || in.Principal.Role != fibonacco.Manager {
			h.t.Errorf("without groups, roles are ours: %+v, %v", in, err)
		}
		// Who comes in otherwise may take a password too, without an old one.
		must(h.t, h.ChangePassword(h.in(in.Session), "", password))
		_, err = h.SignIn(h.ctx(), "ada@example.com", password)
		must(h.t, err)
	})
}

// A provider that is down keeps nobody from starting, and is asked again.
func TestProviderThatIsDown(t *testing.T) {
	inHouse(t, func(h *house) {
		p := h.provider(nil)
		ada := h.user("ada@example.com", fibonacco.Operator)
		p.down = true
		for range 3 {
			_, err := h.BeginSSO(h.ctx())
			wantCode(h.t, err, fibonacco.Unavailable)
		}
		h.as(ada) // passwords go on
		p.mu.Lock()
		if p.discovered != 1 {
			h.t.Errorf("asked %d times at once", p.discovered)
		}
		p.down = false
		p.mu.Unlock()
		for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			_, err := h.BeginSSO(h.ctx())
			if err == nil {
				return
			}
			wantCode(h.t, err, fibonacco.Unavailable)
			if time.Now().After(deadline) {
				h.t.Fatal("never asked again")
			}
		}
	})
}

// A discovery document of somebody else is not taken for ours.
func TestIssuerMixUpInDiscovery(t *testing.T) {
	inHouse(t, func(h *house) {
		p := h.provider(nil)
		p.issuer = "https://evil.example"
		_, err := h.BeginSSO(h.ctx())
		wantCode(h.t, err, fibonacco.Unavailable)
	})
}
