package access

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// SSOCallbackPath is where the provider sends people back to.
const SSOCallbackPath = "/login/sso/callback"

const (
	ssoTimeout = 10 * time.Second
	// ssoAgain is how soon a provider that could not be reached is asked again.
	ssoAgain = 5 * time.Second
	// ssoMost bounds what a provider may answer.
	ssoMost = 1 << 20
)

// provider is the one that signs people in. What it says about itself is asked for when somebody
// wants to sign in, so that one that is down keeps nothing from starting.
type provider struct {
	cfg      fibonacco.OIDCConfig
	redirect string
	client   *http.Client
	clock    fibonacco.Clock

	mu       sync.Mutex
	found    *oidc.Provider
	namesIss bool // it says in each callback who it is (RFC 9207)
	failed   error
	failedAt time.Time // real time
}

// newProvider is nil when none is configured.
func newProvider(cfg fibonacco.Config, clock fibonacco.Clock) *provider {
	if cfg.OIDC.Issuer == "" {
		return nil
	}
	return &provider{
		cfg: cfg.OIDC, redirect: strings.TrimSuffix(cfg.HTTP.PublicURL, "/") + SSOCallbackPath, clock: clock,
		client: &http.Client{Timeout: ssoTimeout, Transport: boundedTransport{http.DefaultTransport}},
	}
}

// boundedTransport keeps a provider from filling the memory.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(res.Body, ssoMost), res.Body}
	}
	return res, err
}

// discover asks the provider what it is, once.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	if p.failed != nil && fibonacco.RealTime().Sub(p.failedAt) < ssoAgain {
		return nil, p.failed
	}
	// Others wait for this answer too: it must not end with the one who happened to ask.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ssoTimeout)
	defer cancel()
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	var metadata struct {
		NamesIss bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err == nil {
		err = found.Claims(&metadata)
	}
	if err != nil {
		p.failed, p.failedAt = unreachable(err), fibonacco.RealTime()
		return nil, p.failed
	}
	p.found, p.namesIss, p.failed = found, metadata.NamesIss, nil
	return found, nil
}

func unreachable(err error) error {
	return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "single sign-on cannot be reached right now: try again, or sign in with a password", Err: err}
}

func (p *provider) oauth(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: p.redirect, Scopes: p.cfg.Scopes,
	}
}

const ssoKind = "sso"

// ssoStep is what is kept while a browser is away at the provider.
type ssoStep struct {
	Nonce    string `json:"nonce"`    // comes back inside the token: it was made for this sign-in
	Verifier string `json:"verifier"` // PKCE: whoever steals the code cannot use it
}

// BeginSSO implements fibonacco.SignInService.
func (s *Service) BeginSSO(ctx context.Context) (*fibonacco.SSOStart, error) {
	if s.sso == nil {
		return nil, noSSO()
	}
	if _, err := s.admit(ctx, beginMeter(ctx)); err != nil {
		return nil, err
	}
	found, err := s.sso.discover(ctx)
	if err != nil {
		return nil, err
	}
	step := ssoStep{Nonce: base62(secretSize), Verifier: oauth2.GenerateVerifier()}
	var state string
	err = s.db.Update(ctx, func(tx *db.Tx) (err error) {
		state, err = s.begin(ctx, tx, ssoKind, 0, step)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &fibonacco.SSOStart{
		URL:   s.sso.oauth(found).AuthCodeURL(state, oidc.Nonce(step.Nonce), oauth2.S256ChallengeOption(step.Verifier)),
		State: state,
	}, nil
}

func noSSO() error {
	return fibonacco.Errorf(fibonacco.NotImplemented, "there is no single sign-on here")
}

// FinishSSO implements fibonacco.SignInService.
func (s *Service) FinishSSO(ctx context.Context, back fibonacco.SSOCallback) (*fibonacco.SignedIn, error) {
	if s.sso == nil {
		return nil, noSSO()
	}
	if subtle.ConstantTimeCompare([]byte(back.Cookie), []byte(back.State)) != 1 {
		return nil, untrusted(errors.New("the state is not this browser's"))
	}
	var step ssoStep
	if err := s.take(ctx, ssoKind, back.State, 0, &step); err != nil {
		return nil, err
	}
	attempt, err := s.admit(ctx, signInMeter(ctx))
	if err != nil {
		return nil, err
	}
	who, err := s.sso.redeem(ctx, back, step)
	if fibonacco.CodeOf(err) == fibonacco.Unauthorized {
		return nil, s.refuse(ctx, nil, "sso", err)
	}
	if err != nil {
		return nil, err
	}
	return s.openBySSO(ctx, attempt, who)
}

func untrusted(why error) error {
	return &fibonacco.Error{Code: fibonacco.Unauthorized, Message: "what came back from single sign-on cannot be trusted: begin again", Err: why}
}

// identity is whom the provider vouches for.
type identity struct {
	Issuer, Subject string
	Email           string // verified
	Name            string
	Groups          []string
}

// redeem trades a callback for an identity.
func (p *provider) redeem(ctx context.Context, back fibonacco.SSOCallback, step ssoStep) (*identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	switch {
	case back.Issuer != p.cfg.Issuer && (back.Issuer != "" || p.namesIss):
		return nil, untrusted(errors.New("the answer is of another issuer"))
	case back.Error != "":
		return nil, untrusted(errors.New("the provider refused"))
	case back.Code == "":
		return nil, untrusted(errors.New("there is no code"))
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth(found).Exchange(ctx, back.Code, oauth2.VerifierOption(step.Verifier))
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < http.StatusInternalServerError {
		return nil, untrusted(fmt.Errorf("exchange the code: %s", refused.ErrorCode))
	}
	if err != nil {
		return nil, unreachable(fmt.Errorf("exchange the code: %w", err))
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return nil, untrusted(errors.New("there is no id_token"))
	}
	idToken, err := found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID, Now: p.clock.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, untrusted(err)
	}
	return p.identify(idToken, step)
}
