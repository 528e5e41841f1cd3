package ui

import (
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// pendingCookie proves the first step of signing in while the second is taken; ssoCookie proves that
// a way back from single sign-on is this browser's own. Neither outlives its purpose.
const (
	pendingCookie = "fibonacco_pending"
	ssoCookie     = "fibonacco_sso"
	stepSeconds   = 5 * 60
)

// mountSignIn adds what is open to everybody.
func (u *ui) mountSignIn(route func(pattern string, h http.Handler)) {
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /login":                u.signInForm,
		"POST /login":               u.signIn,
		"GET /login/code":           u.codeForm,
		"POST /login/code":          u.signInWithCode,
		"POST /login/passkey/begin": u.beginPasskey,
		"POST /login/passkey":       u.signInWithPasskey,
		"GET /login/sso":            u.beginSSO,
		"GET /login/sso/callback":   u.signInWithSSO,
		"GET /password/{token}":     u.passwordForm,
		"POST /password/{token}":    u.setPassword,
		"POST /logout":              u.signOut,
	} {
		route(pattern, h)
	}
}

// formMost bounds what a form of these pages may hold.
const formMost = 64 << 10

func (u *ui) signInForm(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	// Who comes to sign in again is let: some things take a fresh session.
	if p, err := u.identify(r); err == nil && p != nil && (u.Demo != nil || !r.URL.Query().Has("again")) {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath lets no other site through
		return
	}
	if state, err := u.firstRun(r.Context()); err == nil && state.NeedsUser {
		http.Redirect(w, r, "/setup", http.StatusSeeOther)
		return
	}
	form := signInData{Next: next}
	if r.URL.Query().Get("done") == "password" {
		form.Notice = "Your new password is set. Sign in with it."
	}
	u.showSignIn(w, r, http.StatusOK, form)
}

func (u *ui) showSignIn(w http.ResponseWriter, r *http.Request, status int, form signInData) {
	form.Company = u.Company.Name
	if u.Demo == nil {
		form.Methods = u.Access.SignInMethods()
	}
	u.show(w, r, status, signInPage(u.frame(r, "Sign in", ""), form))
}

func (u *ui) signIn(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	email, next := r.PostFormValue("email"), localPath(r.PostFormValue("next"))
	in, err := u.Access.SignIn(r.Context(), email, r.PostFormValue("password"))
	if err != nil {
		status, words := signInWords(w, err, "That e-mail and password do not go together. Try again.")
		if status == 0 {
			u.fail(w, r, err)
			return
		}
		u.showSignIn(w, r, status, signInData{Next: next, Email: email, Error: words})
		return
	}
	u.goOn(w, r, in, next)
}

// signInWords is what a failed step is answered with; status 0 is for a failure of ours.
func signInWords(w http.ResponseWriter, err error, wrong string) (status int, words string) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.TooMany:
		return http.StatusTooManyRequests, tooManyTries(w, err)
	case fibonacco.Unauthorized, fibonacco.Invalid, fibonacco.NotFound, fibonacco.Forbidden:
		return http.StatusUnauthorized, wrong
	}
	return 0, ""
}

// tooManyTries is what somebody is told who has to wait; for how long, programs read in the head.
func tooManyTries(w http.ResponseWriter, err error) string {
	return "Too many tries. Wait " + sayWait(w, err) + ", then try again."
}

// sayWait puts how long to wait into Retry-After, and returns it in words.
func sayWait(w http.ResponseWriter, err error) string {
	wait := 15 * time.Minute
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) {
		wait = told.RetryAfter()
	}
	w.Header().Set("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
	if minutes := int(math.Ceil(wait.Minutes())); minutes > 1 {
		return strconv.Itoa(minutes) + " minutes"
	}
	return "a minute"
}

// goOn leads into the product, or to the next step.
func (u *ui) goOn(w http.ResponseWriter, r *http.Request, in *fibonacco.SignedIn, next string) {
	if in.Session == "" {
		http.SetCookie(w, u.stepCookie(pendingCookie, in.Pending))
		http.Redirect(w, r, "/login/code?"+url.Values{"next": {next}}.Encode(), http.StatusSeeOther)
		return
	}
	if err := u.enter(w, r, in); err != nil {
		u.fail(w, r, err)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath lets no other site through
}

// stepCookie is sent along to the pages of the sign-in only; "" takes it away.
func (u *ui) stepCookie(name, value string) *http.Cookie {
	age := stepSeconds
	if value == "" {
		age = -1
	}
	return &http.Cookie{ //nolint:gosec // Secure wherever the product is served over https
		Name: name, Value: value, Path: "/login", MaxAge: age,
		HttpOnly: true, Secure: u.SecureCookies, SameSite: http.SameSiteLaxMode,
	}
}

func (u *ui) codeForm(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(pendingCookie); err != nil || c.Value == "" {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	u.show(w, r, http.StatusOK, codePage(u.frame(r, "Sign in", ""), signInData{Next: localPath(r.URL.Query().Get("next"))}))
}

func (u *ui) signInWithCode(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, formMost)
	next := localPath(r.PostFormValue("next"))
	c, err := r.Cookie(pendingCookie)
	if err != nil || u.Demo != nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	in, err := u.Access.SecondFactor(r.Context(), c.Value, r.PostFormValue("code"))
	if err != nil {
		var known *fibonacco.Error
		words := ""
		if errors.As(err, &known) {
			words = capital(known.Message) + "."
		}
		status, words := signInWords(w, err, words)
		if status == 0 {
			u.fail(w, r, err)
			return
		}
		u.show(w, r, status, codePage(u.frame(r, "Sign in", ""), signInData{Next: next, Error: words}))
		return
	}
	http.SetCookie(w, u.stepCookie(pendingCookie, ""))
	u.goOn(w, r, in, next)
}
