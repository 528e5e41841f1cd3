package fibonacco

import (
	"context"
	"encoding/json"
	"time"
)

// Visit is where a request comes from, known before anybody knows who sent it.
type Visit struct {
	IP        string // of the client, whatever proxies are between; "" when unknown
	UserAgent string
	RequestID string
}

type visitKey struct{}

// WithVisit says where a request comes from.
func WithVisit(ctx context.Context, v Visit) context.Context {
	return context.WithValue(ctx, visitKey{}, v)
}

// VisitOf is where the request comes from; zero when it does not come over the network.
func VisitOf(ctx context.Context) Visit {
	v, _ := ctx.Value(visitKey{}).(Visit)
	return v
}

// SignInMethods is how people can come in, beside a password.
type SignInMethods struct {
	Passkeys bool   `json:"passkeys"`       // false when the public address has no host name
	SSO      string `json:"single_sign_on"` // what its button says; "" when there is none
}

// SignedIn is what a step of signing in leads to: a session, or one step more.
type SignedIn struct {
	Session   string     // what the browser is to hold; "" when there is a step more
	Principal *Principal // nil when there is a step more
	Pending   string     // proves the first step to SecondFactor for five minutes; "" when there is no step more
}

// Ceremony is one use of a passkey, on its way: Options is for the browser
// (PublicKeyCredentialCreationOptions or …RequestOptions, as JSON), ID comes back with its answer,
// once and within five minutes.
type Ceremony struct {
	ID      string          `json:"ceremony"`
	Options json.RawMessage `json:"options"`
}

// SSOStart sends a browser to the provider of single sign-on. State is to be kept in a cookie of
// that browser: without it, somebody else's way back could be slipped to it.
type SSOStart struct {
	URL   string
	State string
}

// SSOCallback is what the provider sends a browser back with.
type SSOCallback struct {
	Cookie string // the State that the browser held
	State  string // the one that came back
	Code   string
	Issuer string // who says so (RFC 9207); "" when it is not said
	Error  string // the provider's word for what went wrong; "" when nothing did
}

// SignInService lets people in. Failures are counted by e-mail address and by IP address (VisitOf):
// TooMany, with a RetryAfter, after ten in fifteen minutes for one e-mail, or fifty for one IP.
// Who has signed in gets a new session each time; the caller ends the one the browser held before.
type SignInService interface {
	SignInMethods() SignInMethods
	// SignIn checks e-mail and password; Unauthorized when either is wrong, without saying which.
	SignIn(ctx context.Context, email, password string) (*SignedIn, error)
	// SecondFactor checks a TOTP code or a recovery code. Unauthorized when it is wrong, was used
	// before, or Pending is over; TooMany after five wrong ones in fifteen minutes.
	SecondFactor(ctx context.Context, pending, code string) (*SignedIn, error)
	// BeginPasskey and FinishPasskey sign in with a passkey, which is both factors. Unauthorized
	// when it is unknown or was copied, NotImplemented where there are no passkeys.
	BeginPasskey(ctx context.Context) (*Ceremony, error)
	FinishPasskey(ctx context.Context, ceremony string, answer json.RawMessage) (*SignedIn, error)
	// BeginSSO and FinishSSO sign in with the provider of single sign-on, which sees to second
	// factors itself. Unavailable while it cannot be reached, NotImplemented when there is none,
	// Unauthorized when what it says cannot be trusted, Forbidden for whom nobody has let in.
	BeginSSO(ctx context.Context) (*SSOStart, error)
	FinishSSO(ctx context.Context, back SSOCallback) (*SignedIn, error)
	// SignOut ends a session; unknown ones are no error.
	SignOut(ctx context.Context, session string) error
	// FindPasswordLink is the user of a link to set a password; NotFound when it is not, or no
	// longer, good. SetPasswordByLink uses it up. It signs nobody in.
	FindPasswordLink(ctx context.Context, token string) (*User, error)
	SetPasswordByLink(ctx context.Context, token, password string) error
}

// Session is one browser that somebody is signed in with.
type Session struct {
	ID         int64     `json:"id"`
	Method     string    `json:"method"`  // password, totp, recovery_code, passkey or sso
	Current    bool      `json:"current"` // the one that asks
	IP         string    `json:"ip"`      // at the sign-in
	UserAgent  string    `json:"user_agent"`
	LastSeenAt time.Time `json:"last_seen_at"` // to the minute
	ExpiresAt  time.Time `json:"expires_at"`   // at the latest
	CreatedAt  time.Time `json:"created_at"`
}
