package smtp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// tokens fetches access tokens (RFC 6749 §6) and keeps one for all lanes of a relay. None of its
// errors repeats a secret.
type tokens struct {
	endpoint, clientID, clientSecret, scope string
	client                                  *http.Client

	mu      sync.Mutex // held while one is fetched: the others wait for it
	refresh string
	access  string
	until   time.Time // access is renewed from then on; zero is when the server refuses it
}

// A token is renewed a minute before it ends, or, when it lives shorter, at half of its life.
const renewBefore = time.Minute

// mostTokenBytes is how much of the endpoint's answer is read.
const mostTokenBytes = 64 << 10

func newTokens(s server, patience time.Duration) *tokens {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // it is asked once an hour
	return &tokens{
		endpoint: s.tokenURL, clientID: s.clientID, clientSecret: s.clientSecret, scope: s.scope, refresh: s.password,
		client: &http.Client{
			Timeout: patience, Transport: transport,
			// A redirect could carry the secrets elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// get returns a token other than refused, which is "" or one that the server did not take.
func (t *tokens) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := fibonacco.RealTime()
	if t.access != "" && t.access != refused && (t.until.IsZero() || now.Before(t.until)) {
		return t.access, nil
	}
	t.access = ""
	got, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.access, t.until = got.Access, time.Time{}
	if life := time.Duration(float64(got.Seconds) * float64(time.Second)); life > 0 {
		t.until = now.Add(max(life-renewBefore, life/2))
	}
	if got.Refresh != "" {
		t.refresh = got.Refresh // some providers hand out a new one each time
	}
	return t.access, nil
}

// grant is the endpoint's answer.
type grant struct {
	Access  string  `json:"access_token"`
	Seconds seconds `json:"expires_in"`
	Refresh string  `json:"refresh_token"`
	Failed  string  `json:"error"`
}

// seconds is a number, which some endpoints send as a string.
type seconds float64

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(text []byte) error {
	return json.Unmarshal([]byte(strings.Trim(string(text), `"`)), (*float64)(s))
}

func (t *tokens) fetch(ctx context.Context) (grant, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {t.refresh}, "client_id": {t.clientID}}
	if t.clientSecret != "" {
		form.Set("client_secret", t.clientSecret)
	}
	if t.scope != "" {
		form.Set("scope", t.scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return grant{}, errors.New("the token endpoint cannot be asked")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	response, err := t.client.Do(request)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // without the URL
		}
		return grant{}, fmt.Errorf("the token endpoint does not answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, mostTokenBytes))
	if err != nil {
		return grant{}, fmt.Errorf("the token endpoint breaks off: %w", err)
	}
	var got grant
	bad := json.Unmarshal(body, &got) != nil
	switch {
	case response.StatusCode/100 != 2:
		return grant{}, fmt.Errorf("the token endpoint answers %d %s", response.StatusCode, errorCode(got.Failed))
	case bad || !isToken(got.Access):
		return grant{}, errors.New("the token endpoint answers without a token")
	}
	return got, nil
}

// errorCode is the endpoint's own word for what is wrong, if it is one: "invalid_grant".
func errorCode(text string) string {
	for _, r := range text {
		if (r < 'a' || r > 'z') && r != '_' {
			return ""
		}
	}
	return text[:min(len(text), 60)]
}

// isToken reports whether a token can stand in the login: nothing in it ends the line or the field.
func isToken(text string) bool {
	return text != "" && len(text) <= 8<<10 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
