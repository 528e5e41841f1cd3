package fibonacco

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// ErrSignInAgain is the cause of a Forbidden that a fresh sign-in lifts.
var ErrSignInAgain = errors.New("the session is too old for this")

// TOTPEnrolment is a second factor that is being set up. All of it is a secret.
type TOTPEnrolment struct {
	Secret string `json:"secret"` // base32, to be typed
	URI    string `json:"uri"`    // otpauth://, for apps
	QR     string `json:"qr"`     // the same as a picture, data:image/png;base64,…
}

// Passkey is a credential of a device or a password manager that signs in without a password.
type Passkey struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Synced     bool       `json:"synced"` // kept by a provider for several devices
	LastUsedAt *time.Time `json:"last_used_at"`
	CreatedAt  time.Time  `json:"created_at"`
}

// AccountService is what people do with their own account: whoever asks (PrincipalOf) is whose it
// is. Forbidden for tokens and for the product itself. What opens another way in (passkeys, TOTP,
// tokens) takes a session that is younger than an hour: otherwise Forbidden, for ErrSignInAgain.
type AccountService interface {
	// Account is whoever asks.
	Account(ctx context.Context) (*User, error)
	// ChangePassword ends every other session. Invalid on current_password when that is wrong,
	// TooMany when it was wrong ten times in fifteen minutes.
	ChangePassword(ctx context.Context, current, password string) error

	// ListSessions is newest first. EndSession returns NotFound for what is not one's own.
	ListSessions(ctx context.Context) ([]Session, error)
	EndSession(ctx context.Context, id int64) error
	// EndOtherSessions ends all but this one and returns how many.
	EndOtherSessions(ctx context.Context) (int, error)

	// OwnTokens is newest first. A token is of its maker's role and communities, or less.
	OwnTokens(ctx context.Context) ([]AccessToken, error)
	CreateOwnToken(ctx context.Context, t AccessToken) (secret string, created *AccessToken, err error)
	RevokeOwnToken(ctx context.Context, id int64) error

	// BeginTOTP makes a secret, which counts once ConfirmTOTP has seen a code of it; Conflict when
	// there is one that counts. ConfirmTOTP returns ten recovery codes, each good once in the
	// place of a code, which are not shown again.
	BeginTOTP(ctx context.Context) (*TOTPEnrolment, error)
	ConfirmTOTP(ctx context.Context, code string) (recovery []string, err error)
	// DisableTOTP and RenewRecoveryCodes take a code or a recovery code; Invalid when it is wrong.
	DisableTOTP(ctx context.Context, code string) error
	RenewRecoveryCodes(ctx context.Context, code string) ([]string, error)

	// ListPasskeys is oldest first. BeginNewPasskey and AddPasskey register one.
	ListPasskeys(ctx context.Context) ([]Passkey, error)
	BeginNewPasskey(ctx context.Context) (*Ceremony, error)
	AddPasskey(ctx context.Context, ceremony, name string, answer json.RawMessage) (*Passkey, error)
	RenamePasskey(ctx context.Context, id int64, name string) (*Passkey, error)
	RemovePasskey(ctx context.Context, id int64) error
}
