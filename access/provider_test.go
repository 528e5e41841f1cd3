package access_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/access"
)

// provider is an OpenID Connect provider on this machine: discovery, keys, and a token endpoint
// that checks what a real one checks. What it puts into tokens may be bent.
type provider struct {
	t      *testing.T
	server *httptest.Server
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey

	mu         sync.Mutex
	discovered int
	down       bool
	codes      map[string]grant
	issuer     string // what discovery says; "" is the truth
	namesIss   bool
	alg        string                    // RS256 or ES256
	bend       func(map[string]any)      // of the claims
	bendToken  func(token string) string // of what was signed
}

// grant is what a code stands for.
type grant struct {
	challenge, nonce, redirect string
	claims                     map[string]any
}

const clientID, clientSecret = "fibonacco", "s3cret/with+signs"

// rsaKey takes a while to find.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// provider lets one sign people in to this house.
func (h *house) provider(change func(*fibonacco.OIDCConfig)) *provider {
	h.t.Helper()
	p := newProvider(h.t)
	h.Service = newService(h.t, h.d, h.clock, p.config(change))
	return p
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{t: t, codes: map[string]grant{}, alg: "RS256"}
	var err error
	p.rsa = rsaKey()
	p.ec, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("POST /token", p.token)
	p.server = httptest.NewServer(mux)
	t.Cleanup(p.server.Close)
	return p
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func (p *provider) discovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discovered++
	if p.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	issuer := p.server.URL
	if p.issuer != "" {
		issuer = p.issuer
	}
	answer(w, http.StatusOK, map[string]any{
		"issuer": issuer, "authorization_endpoint": p.server.URL + "/authorize", "token_endpoint": p.server.URL + "/token", "jwks_uri": p.server.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256", "HS256", "none"}, "authorization_response_iss_parameter_supported": p.namesIss,
	})
}

func (p *provider) keys(w http.ResponseWriter, _ *http.Request) {
	point, err := p.ec.PublicKey.Bytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusOK, map[string]any{"keys": []map[string]any{
		{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "r", "n": b64(p.rsa.N.Bytes()), "e": b64(big.NewInt(int64(p.rsa.E)).Bytes())},
		{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "e", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
	}})
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if basic { // RFC 6749, 2.3.1: both are form-encoded first
		id, _ = url.QueryUnescape(id)
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	g, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case id != clientID || secret != clientSecret:
		answer(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case !known || g.challenge != b64(sum[:]) || g.redirect != r.PostFormValue("redirect_uri"):
		answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
	default:
		g.claims["nonce"] = g.nonce
		if p.bend != nil {
			p.bend(g.claims)
		}
		token := p.sign(g.claims)
		if p.bendToken != nil {
			token = p.bendToken(token)
		}
		answer(w, http.StatusOK, map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 3600, "id_token": token})
	}
}

func (p *provider) sign(claims map[string]any) string {
	head := map[string]string{"alg": p.alg, "typ": "JWT", "kid": strings.ToLower(p.alg[:1])}
	h, _ := json.Marshal(head)
	c, _ := json.Marshal(claims)
	text := b64(h) + "." + b64(c)
	sum := sha256.Sum256([]byte(text))
	if p.alg == "ES256" {
		r, s, err := ecdsa.Sign(rand.Reader, p.ec, sum[:])
		if err != nil {
			panic(err)
		}
		raw := make([]byte, 64)
		r.FillBytes(raw[:32])
		s.FillBytes(raw[32:])
		return text + "." + b64(raw)
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, p.rsa, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + b64(signature)
}

// config is that of a product which this provider signs people in to.
func (p *provider) config(change func(*fibonacco.OIDCConfig)) access.Option {
	c := fibonacco.OIDCConfig{
		Issuer: p.server.URL, ClientID: clientID, ClientSecret: clientSecret, Name: "Port Avery login", Scopes: []string{"openid", "email", "profile"}, GroupsClaim: "groups",
	}
	if change != nil {
		change(&c)
	}
	return access.WithConfig(fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: publicURL}, OIDC: c})
}

// authorize is what happens at the provider: somebody signs in there and is sent back.
func (p *provider) authorize(start *fibonacco.SSOStart, now time.Time, claims map[string]any) fibonacco.SSOCallback {
	p.t.Helper()
	u, err := url.Parse(start.URL)
	must(p.t, err)
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("client_id") != clientID || q.Get("code_challenge_method") != "S256" || q.Get("state") != start.State ||
		q.Get("redirect_uri") != publicURL+"/login/sso/callback" || len(q.Get("nonce")) < 20 || !strings.Contains(q.Get("scope"), "openid") {
		p.t.Fatalf("sent away to %s", start.URL)
	}
	all := map[string]any{
		"iss": p.server.URL, "aud": clientID, "sub": "sub-1", "email": "ada@example.com", "email_verified": true, "name": "Ada Byron",
		"iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for k, v := range claims {
		all[k] = v
	}
	code := b64([]byte(q.Get("state")))[:20]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.codes[code] = grant{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri"), all}
	return fibonacco.SSOCallback{Cookie: start.State, State: start.State, Code: code}
}

// signIn goes all the way.
func (p *provider) signIn(ctx context.Context, s *access.Service, now time.Time, claims map[string]any, change func(*fibonacco.SSOCallback)) (*fibonacco.SignedIn, error) {
	p.t.Helper()
	start, err := s.BeginSSO(ctx)
	if err != nil {
		return nil, err
	}
	back := p.authorize(start, now, claims)
	if change != nil {
		change(&back)
	}
	return s.FinishSSO(ctx, back)
}
