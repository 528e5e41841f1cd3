package api_test

import (
	"context"
	"encoding/json"

	"github.com/fibonacco/fibonacco"
)

// gate lets in tokens and sessions that are called as their role. Accounts behave as the contracts
// say of one user, number 1.
type gate struct{ h *house }

func (g gate) principal(name string) (*fibonacco.Principal, error) {
	if r := fibonacco.Role(name); r.Valid() {
		return &fibonacco.Principal{UserID: 1, TokenID: 1, Name: name, Role: r}, nil
	}
	return nil, fibonacco.Errorf(fibonacco.Unauthorized, "unknown")
}

func (g gate) ByToken(_ context.Context, s string) (*fibonacco.Principal, error) {
	return g.principal(s)
}

func (g gate) BySession(_ context.Context, s string) (*fibonacco.Principal, error) {
	p, err := g.principal(s)
	if err == nil {
		p.TokenID, p.SessionID = 0, 1
	}
	return p, err
}

func (gate) SignInMethods() fibonacco.SignInMethods { return fibonacco.SignInMethods{Passkeys: true} }

func (gate) SignIn(_ context.Context, email, password string) (*fibonacco.SignedIn, error) {
	switch {
	case password != "correct horse battery":
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "wrong")
	case email == "careful@example.com":
		return &fibonacco.SignedIn{Pending: "half-way"}, nil
	}
	return &fibonacco.SignedIn{Session: "fresh", Principal: &fibonacco.Principal{UserID: 1, SessionID: 1}}, nil
}

func (g gate) SecondFactor(ctx context.Context, pending, code string) (*fibonacco.SignedIn, error) {
	if pending != "half-way" || code != "123456" {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "wrong")
	}
	return g.SignIn(ctx, "", "correct horse battery")
}

func (gate) BeginPasskey(context.Context) (*fibonacco.Ceremony, error) {
	return &fibonacco.Ceremony{ID: "c", Options: json.RawMessage(`{}`)}, nil
}

func (gate) FinishPasskey(context.Context, string, json.RawMessage) (*fibonacco.SignedIn, error) {
	return nil, fibonacco.Errorf(fibonacco.Unauthorized, "wrong")
}

func (gate) BeginSSO(context.Context) (*fibonacco.SSOStart, error) {
	return nil, fibonacco.Errorf(fibonacco.NotImplemented, "none")
}

func (gate) FinishSSO(context.Context, fibonacco.SSOCallback) (*fibonacco.SignedIn, error) {
	return nil, fibonacco.Errorf(fibonacco.NotImplemented, "none")
}

func (g gate) SignOut(_ context.Context, session string) error {
	if g.h != nil {
		g.h.mu.Lock()
		defer g.h.mu.Unlock()
		g.h.signedOut = append(g.h.signedOut, session)
	}
	return nil
}

func (gate) FindPasswordLink(context.Context, string) (*fibonacco.User, error) {
	return nil, missing("link")
}
func (gate) SetPasswordByLink(context.Context, string, string) error { return missing("link") }

func someUser(id int64) (*fibonacco.User, error) {
	if id != 1 {
		return nil, missing("user")
	}
	return &fibonacco.User{ID: 1, UUID: smbUUID, Name: "Ada", Email: "ada@example.com", Role: fibonacco.Operator, CreatedAt: noon}, nil
}

func (gate) ListUsers(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.User], err error) {
	if _, err := fibonacco.UserListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	u, err := someUser(1)
	return fibonacco.Page[fibonacco.User]{Data: []fibonacco.User{*u}}, err
}

func (gate) FindUser(_ context.Context, id int64) (*fibonacco.User, error) { return someUser(id) }

func (gate) CreateUser(_ context.Context, u fibonacco.User, _ string) (*fibonacco.User, error) {
	if u.Email == "taken@example.com" {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "taken")
	}
	u.ID, u.UUID, u.CreatedAt = 1, smbUUID, noon
	return &u, nil
}

func (g gate) InviteUser(ctx context.Context, u fibonacco.User) (*fibonacco.User, *fibonacco.PasswordLink, error) {
	made, err := g.CreateUser(ctx, u, "")
	return made, &fibonacco.PasswordLink{URL: "https://example.com/password/x", ExpiresAt: noon}, err
}

func (gate) UpdateUser(_ context.Context, id int64, _ fibonacco.UserChange) (*fibonacco.User, error) {
	return someUser(id)
}

func (gate) DisableUser(_ context.Context, id int64) (*fibonacco.User, error) {
	if id == 1 {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "the last one")
	}
	return someUser(id)
}

func (gate) EnableUser(_ context.Context, id int64) (*fibonacco.User, error) { return someUser(id) }

func (gate) SetPassword(_ context.Context, id int64, _ string) error {
	_, err := someUser(id)
	return err
}

func (gate) ResetPassword(_ context.Context, id int64) (*fibonacco.PasswordLink, error) {
	_, err := someUser(id)
	return &fibonacco.PasswordLink{URL: "https://example.com/password/x", ExpiresAt: noon}, err
}

func (gate) ResetSecondFactor(_ context.Context, id int64) error {
	_, err := someUser(id)
	return err
}

func (gate) EndSessions(_ context.Context, id int64) (int, error) {
	_, err := someUser(id)
	return 1, err
}

func someToken() fibonacco.AccessToken {
	return fibonacco.AccessToken{ID: 1, Name: "CI", Role: fibonacco.Viewer, CreatedAt: noon}
}

func (gate) ListTokens(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.AccessToken], err error) {
	_, err = fibonacco.TokenListing.Conditions(q.Filter)
	return fibonacco.Page[fibonacco.AccessToken]{Data: []fibonacco.AccessToken{someToken()}}, err
}

func (gate) CreateToken(_ context.Context, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	t.ID, t.CreatedAt = 1, noon
	return "fib_secret", &t, nil
}

func (gate) RevokeToken(_ context.Context, id int64) error {
	if id != 1 {
		return missing("token")
	}
	return nil
}

func (gate) Account(context.Context) (*fibonacco.User, error) { return someUser(1) }

func (gate) ChangePassword(_ context.Context, current, _ string) error {
	if current != "correct horse battery" {
		return fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "current_password", Reason: "is wrong"}})
	}
	return nil
}

func (gate) ListSessions(context.Context) ([]fibonacco.Session, error) {
	return []fibonacco.Session{{ID: 1, Method: "password", LastSeenAt: noon, ExpiresAt: noon, CreatedAt: noon}}, nil
}

func (gate) EndSession(_ context.Context, id int64) error {
	if id != 1 {
		return missing("session")
	}
	return nil
}

func (gate) EndOtherSessions(context.Context) (int, error) { return 1, nil }

func (gate) OwnTokens(context.Context) ([]fibonacco.AccessToken, error) {
	return []fibonacco.AccessToken{someToken()}, nil
}

func (g gate) CreateOwnToken(ctx context.Context, t fibonacco.AccessToken) (string, *fibonacco.AccessToken, error) {
	return g.CreateToken(ctx, t)
}
func (g gate) RevokeOwnToken(ctx context.Context, id int64) error { return g.RevokeToken(ctx, id) }

func (gate) BeginTOTP(context.Context) (*fibonacco.TOTPEnrolment, error) {
	return &fibonacco.TOTPEnrolment{Secret: "S", URI: "otpauth://x", QR: "data:image/png;base64,"}, nil
}

func (gate) ConfirmTOTP(context.Context, string) ([]string, error) {
	return []string{"ABCD-EFGH-IJKL-MNOP"}, nil
}
func (gate) DisableTOTP(context.Context, string) error { return nil }
func (g gate) RenewRecoveryCodes(ctx context.Context, code string) ([]string, error) {
	return g.ConfirmTOTP(ctx, code)
}

func somePasskey() fibonacco.Passkey {
	return fibonacco.Passkey{ID: 1, Name: "Laptop", CreatedAt: noon}
}

func (gate) ListPasskeys(context.Context) ([]fibonacco.Passkey, error) {
	return []fibonacco.Passkey{somePasskey()}, nil
}

func (g gate) BeginNewPasskey(ctx context.Context) (*fibonacco.Ceremony, error) {
	return g.BeginPasskey(ctx)
}

func (gate) AddPasskey(_ context.Context, ceremony, _ string, _ json.RawMessage) (*fibonacco.Passkey, error) {
	if ceremony != "c" {
		return nil, fibonacco.InvalidFields("no", []fibonacco.FieldError{{Field: "ceremony", Reason: "is over"}})
	}
	k := somePasskey()
	return &k, nil
}

func (gate) RenamePasskey(_ context.Context, id int64, _ string) (*fibonacco.Passkey, error) {
	if id != 1 {
		return nil, missing("passkey")
	}
	k := somePasskey()
	return &k, nil
}

func (gate) RemovePasskey(_ context.Context, id int64) error {
	if id != 1 {
		return missing("passkey")
	}
	return nil
}
