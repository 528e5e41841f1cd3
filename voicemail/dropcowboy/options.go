package dropcowboy

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Name is what rvm_drops.provider says.
const Name = "drop_cowboy"

// Where the API is.
const (
	endpointV2 = "https://api-v2.dropcowboy.com"
	endpointV1 = "https://api.dropcowboy.com"
)

// Options say how to reach Drop Cowboy, and as whom.
type Options struct {
	Key         string // of the API; of version 1, the team id
	Secret      string
	V1          bool   // version 1: no keys against repeats, credentials in the body
	Endpoint    string // "" is Drop Cowboy's own
	BrandID     string // required by version 1
	PhoneLineID string // "" is the account's default line; of version 1, the pool
	VoiceID     string // required: speaks the scripts

	Name    string        // "" is "drop_cowboy"
	Client  *http.Client  // nil is one of its own
	Timeout time.Duration // of one request; 0 is 30 s
	Backoff Backoff
	Logger  *slog.Logger // nil is slog.Default()
}

// Backoff is how long nothing is tried after Drop Cowboy failed as a whole, in real time.
type Backoff struct {
	First time.Duration // after the first failure; 0 is 2 s
	Most  time.Duration // it doubles up to this; 0 is ten minutes
}

// Client is a fibonacco.Voicemailer over Drop Cowboy.
type Client struct {
	o    Options
	gate gate
}

var _ fibonacco.Voicemailer = (*Client)(nil)

// New makes a Client. It talks to nobody yet. Returns Invalid when an option is missing.
func New(o Options) (*Client, error) {
	var bad []fibonacco.FieldError
	needed := []struct{ name, value string }{{"key", o.Key}, {"secret", o.Secret}, {"voice_id", o.VoiceID}}
	if o.V1 {
		needed = append(needed, struct{ name, value string }{"brand_id", o.BrandID})
	}
	for _, n := range needed {
		if n.value == "" {
			bad = append(bad, fibonacco.FieldError{Field: "rvm." + n.name, Reason: "is required"})
		}
	}
	if u, err := url.Parse(o.Endpoint); o.Endpoint != "" && (err != nil || u.Host == "") {
		bad = append(bad, fibonacco.FieldError{Field: "rvm.endpoint", Reason: "must be a URL"})
	}
	if err := fibonacco.InvalidFields("Drop Cowboy cannot be used", bad); err != nil {
		return nil, err
	}
	home := endpointV2
	if o.V1 {
		home = endpointV1
	}
	o.Endpoint = strings.TrimSuffix(cmp.Or(o.Endpoint, home), "/")
	o.Name = cmp.Or(o.Name, Name)
	o.Timeout = cmp.Or(o.Timeout, 30*time.Second)
	o.Backoff.First, o.Backoff.Most = cmp.Or(o.Backoff.First, 2*time.Second), cmp.Or(o.Backoff.Most, 10*time.Minute)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxConnsPerHost, t.MaxIdleConnsPerHost = mostAtOnce, mostAtOnce
		o.Client = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return &Client{o: o, gate: gate{backoff: o.Backoff, log: o.Logger, name: o.Name}}, nil
}

// mostAtOnce stays under the hundred requests at once that Drop Cowboy asks for.
const mostAtOnce = 50

// Name implements fibonacco.Voicemailer.
func (c *Client) Name() string { return c.o.Name }

// Repeatable implements fibonacco.Voicemailer: keys are remembered for 24 hours, by version 2.
func (c *Client) Repeatable() time.Duration {
	if c.o.V1 {
		return 0
	}
	return 24 * time.Hour
}

// Ready implements fibonacco.Voicemailer.
func (c *Client) Ready() error { return c.gate.ready() }

// Check implements fibonacco.Voicemailer: it asks for the phone lines, which needs the credentials and
// changes nothing. Version 1 has nothing to ask for: only that it answers can be known.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	path := "/phone/public/lines"
	if c.o.V1 {
		path = "/v1/rvm"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.o.Endpoint+path, nil)
	if err != nil {
		return &fibonacco.Error{Code: fibonacco.Invalid, Message: "Drop Cowboy's address cannot be used", Err: err}
	}
	c.sign(r)
	res, err := c.o.Client.Do(r)
	if err != nil {
		return &fibonacco.Error{Code: fibonacco.Unavailable, Message: "Drop Cowboy cannot be reached", Err: lastCause(err)}
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode >= 500:
		return fibonacco.Errorf(fibonacco.Unavailable, "Drop Cowboy answers %d", res.StatusCode)
	case c.o.V1:
		return nil
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return fibonacco.Errorf(fibonacco.Unauthorized, "Drop Cowboy does not accept the key and secret")
	case res.StatusCode != http.StatusOK:
		return fibonacco.Errorf(fibonacco.Unavailable, "Drop Cowboy answers %d", res.StatusCode)
	}
	return nil
}

// sign puts the credentials of version 2 into a request.
func (c *Client) sign(r *http.Request) {
	if !c.o.V1 {
		r.Header.Set("X-Key", c.o.Key)
		r.Header.Set("X-Secret", c.o.Secret)
	}
	r.Header.Set("Accept", "application/json")
}

// watch notes when a whole request has been written: what comes after may have left.
func watch(ctx context.Context, left func()) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(i httptrace.WroteRequestInfo) {
			if i.Err == nil {
				left()
			}
		},
	})
}

// lastCause is the innermost error: the outer ones quote the address.
func lastCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
