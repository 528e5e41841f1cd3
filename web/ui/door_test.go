package ui_test

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/fibonacco/fibonacco"
)

// door is the access contract: one password, one code, sessions in memory, and one account.
type door struct {
	fibonacco.AccessService
	*town
}

const rightPassword = "correct horse battery"

// throttled is what package access says when it has heard enough.
type throttled struct{}

func (throttled) Error() string             { return "wait" }
func (throttled) RetryAfter() time.Duration { return 301 * time.Second }

func (door) SignInMethods() fibonacco.SignInMethods {
	return fibonacco.SignInMethods{Passkeys: true, SSO: "Port Avery login"}
}

func (d door) SignIn(_ context.Context, email, password string) (*fibonacco.SignedIn, error) {
	switch {
	case email == "slow@example.org":
		return nil, &fibonacco.Error{Code: fibonacco.TooMany, Message: "too many tries", Err: throttled{}}
	case password != rightPassword:
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "no user %s", email)
	case email == "careful@example.org":
		return &fibonacco.SignedIn{Pending: "half-way"}, nil
	}
	return d.open(), nil
}

func (d door) open() *fibonacco.SignedIn {
	p := &fibonacco.Principal{UserID: 1, SessionID: 2, Name: "Dana Whitfield", Role: fibonacco.Manager}
	d.sessions["fresh"] = p
	return &fibonacco.SignedIn{Session: "fresh", Principal: p}
}

func (d door) SecondFactor(_ context.Context, pending, code string) (*fibonacco.SignedIn, error) {
	if pending != "half-way" || code != "123456" {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "the code is wrong, or was used before")
	}
	return d.open(), nil
}

func (door) BeginPasskey(context.Context) (*fibonacco.Ceremony, error) {
	return &fibonacco.Ceremony{ID: "ceremony-1", Options: json.RawMessage(`{"challenge":"AAAA"}`)}, nil
}

func (d door) FinishPasskey(_ context.Context, ceremony string, answer json.RawMessage) (*fibonacco.SignedIn, error) {
	if ceremony != "ceremony-1" || string(answer) != `{"id":"key"}` {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "this passkey is not known here, or could not be checked")
	}
	return d.open(), nil
}

func (d door) BeginSSO(context.Context) (*fibonacco.SSOStart, error) {
	if d.ssoDown {
		return nil, fibonacco.Errorf(fibonacco.Unavailable, "single sign-on cannot be reached right now")
	}
	return &fibonacco.SSOStart{URL: "https://login.example.org/authorize?state=state-1", State: "state-1"}, nil
}

func (d door) FinishSSO(_ context.Context, back fibonacco.SSOCallback) (*fibonacco.SignedIn, error) {
	switch {
	case back.Cookie != back.State || back.State != "state-1":
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "what came back from single sign-on cannot be trusted")
	case back.Code == "stranger":
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "nobody has let you in here")
	case back.Code == "broken":
		return nil, errors.New("password=secret")
	}
	return d.open(), nil
}

func (d door) SignOut(_ context.Context, session string) error {
	delete(d.sessions, session)
	return nil
}

func (d door) BySession(_ context.Context, session string) (*fibonacco.Principal, error) {
	if p := d.sessions[session]; p != nil {
		return p, nil
	}
	return nil, fibonacco.Errorf(fibonacco.Unauthorized, "unknown session")
}

func (d door) FindPasswordLink(_ context.Context, token string) (*fibonacco.User, error) {
	if token != "good" || d.linkUsed {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "this link is not good any more: ask for another")
	}
	return &fibonacco.User{ID: 1, Name: "Dana Whitfield", Email: "dana@example.org"}, nil
}

func (d door) SetPasswordByLink(ctx context.Context, token, password string) error {
	if _, err := d.FindPasswordLink(ctx, token); err != nil {
		return err
	}
	if len(password) < 10 {
		return fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "password", Reason: "must have at least 10 characters"}})
	}
	d.linkUsed = true
	return nil
}

func (d door) Account(context.Context) (*fibonacco.User, error) {
	return &fibonacco.User{ID: 1, Name: "Dana Whitfield", Email: "dana@example.org", Role: fibonacco.Manager, TOTP: d.totp}, nil
}

func (d door) ListSessions(context.Context) ([]fibonacco.Session, error) {
	return []fibonacco.Session{
		{ID: 2, Method: "totp", Current: true, IP: "203.0.113.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64) Chrome/150.0 Safari/537.36", LastSeenAt: monday, CreatedAt: monday},
		{ID: 1, Method: "passkey", UserAgent: "<script>alert(1)</script>", LastSeenAt: monday, CreatedAt: monday},
	}, nil
}

func (d door) EndSession(_ context.Context, id int64) error {
	if id != 1 {
		return missing()
	}
	return nil
}

func (d door) EndOtherSessions(context.Context) (int, error) { return 1, nil }

func (d door) OwnTokens(context.Context) ([]fibonacco.AccessToken, error) { return d.tokens, nil }

func (d door) CreateOwnToken(_ context.Context, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	if t.Name == "" {
		return "", nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "name", Reason: "is required"}})
	}
	t.ID, t.Prefix = int64(len(d.tokens)+1), "fib_seen"
	d.tokens = append(d.tokens, t)
	return "fib_secret-shown-once", &t, nil
}

func (d door) RevokeOwnToken(_ context.Context, id int64) error {
	if id != 1 {
		return missing()
	}
	return nil
}

func (d door) ChangePassword(_ context.Context, current, _ string) error {
	switch current {
	case rightPassword:
		return nil
	case "tired":
		return &fibonacco.Error{Code: fibonacco.TooMany, Message: "too many", Err: throttled{}}
	}
	return fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "current_password", Reason: "is wrong"}})
}

func (d door) BeginTOTP(context.Context) (*fibonacco.TOTPEnrolment, error) {
	if d.stale {
		return nil, &fibonacco.Error{Code: fibonacco.Forbidden, Message: "sign in again first", Err: fibonacco.ErrSignInAgain}
	}
	return &fibonacco.TOTPEnrolment{Secret: "JBSWY3DPEHPK3PXP", QR: "data:image/png;base64,AAAA"}, nil
}

func (d door) ConfirmTOTP(_ context.Context, code string) ([]string, error) {
	if code != "123456" {
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "code", Reason: "is wrong, or was used before"}})
	}
	d.totp = true
	return []string{"ABCD-EFGH-IJKL-MNOP"}, nil
}

func (d door) DisableTOTP(ctx context.Context, code string) error {
	_, err := d.ConfirmTOTP(ctx, code)
	return err
}

func (d door) RenewRecoveryCodes(ctx context.Context, code string) ([]string, error) {
	return d.ConfirmTOTP(ctx, code)
}

func (d door) ListPasskeys(context.Context) ([]fibonacco.Passkey, error) {
	return []fibonacco.Passkey{{ID: 1, Name: "Work laptop", Synced: true, CreatedAt: monday}}, nil
}

func (d door) BeginNewPasskey(ctx context.Context) (*fibonacco.Ceremony, error) {
	return d.BeginPasskey(ctx)
}

func (d door) AddPasskey(_ context.Context, ceremony, _ string, _ json.RawMessage) (*fibonacco.Passkey, error) {
	if ceremony != "ceremony-1" {
		return nil, fibonacco.InvalidFields("the passkey cannot be used", []fibonacco.FieldError{{Field: "ceremony", Reason: "is over: begin again"}})
	}
	return &fibonacco.Passkey{ID: 2}, nil
}

func (d door) RenamePasskey(_ context.Context, id int64, name string) (*fibonacco.Passkey, error) {
	switch {
	case id != 1:
		return nil, missing()
	case name == "":
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "name", Reason: "is required"}})
	}
	return &fibonacco.Passkey{ID: 1, Name: name}, nil
}

func (d door) RemovePasskey(_ context.Context, id int64) error {
	if id != 1 {
		return missing()
	}
	return nil
}
