package ui

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// mountAccount adds the page of one's own account, and what its forms do.
func (u *ui) mountAccount(page func(pattern string, h handler)) {
	page("GET /account", u.account)
	page("POST /account/password", u.changePassword)
	page("POST /account/totp", u.beginTOTP)
	page("POST /account/totp/confirm", u.confirmTOTP)
	page("POST /account/totp/disable", u.disableTOTP)
	page("POST /account/totp/codes", u.renewCodes)
	page("POST /account/passkeys/begin", u.beginNewPasskey)
	page("POST /account/passkeys", u.addPasskey)
	page("POST /account/passkeys/{id}/name", u.renamePasskey)
	page("POST /account/passkeys/{id}/remove", u.removePasskey)
	page("POST /account/tokens", u.createToken)
	page("POST /account/tokens/{id}/revoke", u.revokeToken)
	page("POST /account/sessions/{id}/end", u.endSession)
	page("POST /account/sessions/end", u.endOtherSessions)
}

// accountData is the page of one's own account. What is shown once, and what went wrong, belongs to
// the section that was asked to do something.
type accountData struct {
	User     *fibonacco.User
	Passkeys []fibonacco.Passkey
	Tokens   []fibonacco.AccessToken
	Sessions []fibonacco.Session
	Methods  fibonacco.SignInMethods
	Now      time.Time // real time: accounts know no other

	Section   string // where Wrong, Error and what follows belong
	Wrong     []fibonacco.FieldError
	Error     string // one sentence
	Again     bool   // a fresh sign-in would help
	Enrolment *fibonacco.TOTPEnrolment
	Recovery  []string
	Secret    string // of the token that was just made
}

// In reports whether something is to be said in a section.
func (d accountData) In(section string) bool { return d.Section == section }

// Roles are those that a token of one's own may have.
func (d accountData) Roles() []fibonacco.Role {
	return slices.DeleteFunc(slices.Clone(fibonacco.Roles), func(r fibonacco.Role) bool { return !d.User.Role.AtLeast(r) || r == fibonacco.Owner })
}

func (u *ui) account(w http.ResponseWriter, r *http.Request) error {
	return u.showAccount(w, r, http.StatusOK, accountData{})
}

func (u *ui) showAccount(w http.ResponseWriter, r *http.Request, status int, d accountData) error {
	if u.Demo != nil {
		return fibonacco.Errorf(fibonacco.NotFound, "Nobody has an account in the demo.")
	}
	if err := u.readAccount(r.Context(), &d); err != nil {
		return fmt.Errorf("read the account: %w", err)
	}
	fr := u.frame(r, "Your account", "/account")
	fr.Toast.Text = accountToasts[r.URL.Query().Get("done")]
	u.show(w, r, status, accountPage(fr, d))
	return nil
}

func (u *ui) readAccount(ctx context.Context, d *accountData) (err error) {
	d.Now, d.Methods = fibonacco.SystemClock{}.Now(), u.Access.SignInMethods()
	if d.User, err = u.Access.Account(ctx); err != nil {
		return err
	}
	if d.Passkeys, err = u.Access.ListPasskeys(ctx); err != nil {
		return err
	}
	if d.Tokens, err = u.Access.OwnTokens(ctx); err != nil {
		return err
	}
	d.Sessions, err = u.Access.ListSessions(ctx)
	return err
}

var accountToasts = map[string]string{
	"password": "Password changed. All other browsers are signed out.", "totp": "Codes are no longer asked for.",
	"passkey": "Passkey added.", "named": "Passkey renamed.", "removed": "Passkey removed.", "revoked": "Token revoked.",
	"ended": "Session ended.", "others": "All other sessions have ended.",
}

// done ends an action: back to the page, or the page with what went wrong in its section. What the
// page has no words for becomes a page of its own.
func (u *ui) done(w http.ResponseWriter, r *http.Request, section, toast string, err error) error {
	if err == nil {
		http.Redirect(w, r, "/account?done="+toast+"#"+section, http.StatusSeeOther)
		return nil
	}
	d := accountData{Section: section, Again: errors.Is(err, fibonacco.ErrSignInAgain)}
	var known *fibonacco.Error
	if !errors.As(err, &known) || u.Demo != nil {
		return err
	}
	status := http.StatusUnprocessableEntity
	switch known.Code {
	case fibonacco.Invalid:
		d.Wrong = known.Fields
	case fibonacco.Conflict:
		status, d.Error = http.StatusConflict, capital(known.Message)+"."
	case fibonacco.TooMany:
		status, d.Error = http.StatusTooManyRequests, tooManyTries(w, err)
	case fibonacco.Forbidden:
		status, d.Error = http.StatusForbidden, capital(known.Message)+"."
	default:
		return err
	}
	return u.showAccount(w, r, status, d)
}

// posted bounds a form and reads a field of it.
func posted(w http.ResponseWriter, r *http.Request) func(name string) string {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	return r.PostFormValue
}

func (u *ui) changePassword(w http.ResponseWriter, r *http.Request) error {
	field := posted(w, r)
	if field("password") != field("repeated") {
		return u.done(w, r, "password", "", fibonacco.InvalidFields("the password cannot be changed", []fibonacco.FieldError{{Field: "repeated", Reason: "is not the same"}}))
	}
	return u.done(w, r, "password", "password", u.Access.ChangePassword(r.Context(), field("current_password"), field("password")))
}

func (u *ui) beginTOTP(w http.ResponseWriter, r *http.Request) error {
	enrolment, err := u.Access.BeginTOTP(r.Context())
	if err != nil {
		return u.done(w, r, "totp", "", err)
	}
	return u.showAccount(w, r, http.StatusOK, accountData{Section: "totp", Enrolment: enrolment})
}

func (u *ui) confirmTOTP(w http.ResponseWriter, r *http.Request) error {
	codes, err := u.Access.ConfirmTOTP(r.Context(), posted(w, r)("code"))
	if err != nil {
		return u.done(w, r, "totp", "", err)
	}
	return u.showAccount(w, r, http.StatusOK, accountData{Section: "totp", Recovery: codes})
}

func (u *ui) disableTOTP(w http.ResponseWriter, r *http.Request) error {
	return u.done(w, r, "totp", "totp", u.Access.DisableTOTP(r.Context(), posted(w, r)("code")))
}

func (u *ui) renewCodes(w http.ResponseWriter, r *http.Request) error {
	codes, err := u.Access.RenewRecoveryCodes(r.Context(), posted(w, r)("code"))
	if err != nil {
		return u.done(w, r, "totp", "", err)
	}
	return u.showAccount(w, r, http.StatusOK, accountData{Section: "totp", Recovery: codes})
}

func (u *ui) createToken(w http.ResponseWriter, r *http.Request) error {
	field := posted(w, r)
	t := fibonacco.AccessToken{Name: field("name"), Role: fibonacco.Role(field("role"))}
	for _, ability := range r.PostForm["ability"] {
		t.Abilities = append(t.Abilities, fibonacco.Ability(ability))
	}
	if text := field("expires_on"); text != "" {
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return u.done(w, r, "tokens", "", fibonacco.InvalidFields("the token cannot be made", []fibonacco.FieldError{{Field: "expires_at", Reason: "must be a date"}}))
		}
		end := day.AddDate(0, 0, 1) // the day itself counts
		t.ExpiresAt = &end
	}
	secret, _, err := u.Access.CreateOwnToken(r.Context(), t)
	if err != nil {
		return u.done(w, r, "tokens", "", err)
	}
	return u.showAccount(w, r, http.StatusOK, accountData{Section: "tokens", Secret: secret})
}

func (u *ui) revokeToken(w http.ResponseWriter, r *http.Request) error {
	return u.done(w, r, "tokens", "revoked", u.Access.RevokeOwnToken(r.Context(), pathID(r)))
}

func (u *ui) endSession(w http.ResponseWriter, r *http.Request) error {
	return u.done(w, r, "sessions", "ended", u.Access.EndSession(r.Context(), pathID(r)))
}

func (u *ui) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	_, err := u.Access.EndOtherSessions(r.Context())
	return u.done(w, r, "sessions", "others", err)
}

// pathID is the id in the address; 0, which nothing has, when it is no number.
func pathID(r *http.Request) int64 {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return 0
	}
	return id
}

// reasonOf is what is wrong with a field, all of it; "" when nothing is.
func reasonOf(wrong []fibonacco.FieldError, field string) string {
	var reasons []string
	for _, w := range wrong {
		if w.Field == field {
			reasons = append(reasons, w.Reason)
		}
	}
	return strings.Join(reasons, ", ")
}
