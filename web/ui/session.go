package ui

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
)

const (
	sessionCookie = "fibonacco_session"
	themeCookie   = "fibonacco_theme" // set by the theme switch: "light" or "dark"
)

// handler answers a request, or says why not: errors become a page.
type handler func(w http.ResponseWriter, r *http.Request) error

type principalKey struct{}

// principal is who asks; nil on pages before the sign-in.
func principal(ctx context.Context) *fibonacco.Principal {
	p, _ := ctx.Value(principalKey{}).(*fibonacco.Principal)
	return p
}

// staff lets a handler be asked by people of at least a role only.
func (u *ui) staff(least fibonacco.Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := u.identify(r)
		if fibonacco.CodeOf(err) == fibonacco.Unauthorized {
			u.askToSignIn(w, r)
			return
		}
		if err != nil {
			u.fail(w, r, err)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), principalKey{}, p))
		if !p.Role.AtLeast(least) {
			u.fail(w, r, fibonacco.Errorf(fibonacco.Forbidden, "Your role does not allow this. Ask a manager of your team."))
			return
		}
		if err := h(w, r); err != nil {
			u.fail(w, r, err)
		}
	})
}

func (u *ui) identify(r *http.Request) (*fibonacco.Principal, error) {
	if u.Demo != nil {
		return u.Demo, nil
	}
	c, err := r.Cookie(sessionCookie)
	if err != nil || c.Value == "" {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "not signed in")
	}
	return u.Access.BySession(r.Context(), c.Value)
}

// askToSignIn leads to the form, and from there back to where the visitor wanted to go.
func (u *ui) askToSignIn(w http.ResponseWriter, r *http.Request) {
	target := "/login"
	switch {
	case strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream"):
		http.Error(w, "not signed in", http.StatusUnauthorized)
		return
	case r.Header.Get("HX-Request") == "true":
		w.Header().Set("HX-Redirect", target)
		w.WriteHeader(http.StatusUnauthorized)
		return
	case r.Method == http.MethodGet && r.URL.Path != "/":
		target += "?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// localPath is next when it leads to a page of this site, else the overview.
func localPath(next string) string {
	at, err := url.Parse(next)
	if err != nil || at.IsAbs() || at.Host != "" || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || strings.HasPrefix(at.Path, "/login") {
		return "/overview"
	}
	return next
}

func (u *ui) signInForm(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if p, err := u.identify(r); err == nil && p != nil {
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath lets no other site through
		return
	}
	u.show(w, r, http.StatusOK, signInPage(u.frame(r, "Sign in", ""), signInData{Company: u.Company.Name, Next: next}))
}

func (u *ui) signIn(w http.ResponseWriter, r *http.Request) {
	if u.Demo != nil {
		http.Redirect(w, r, "/overview", http.StatusSeeOther)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	email, next := r.PostFormValue("email"), localPath(r.PostFormValue("next"))
	session, _, err := u.Access.SignIn(r.Context(), email, r.PostFormValue("password"))
	form := signInData{Company: u.Company.Name, Next: next, Email: email}
	var status int
	switch fibonacco.CodeOf(err) {
	case "":
		http.SetCookie(w, u.cookie(session, 0))
		http.Redirect(w, r, next, http.StatusSeeOther) //nolint:gosec // localPath lets no other site through
		return
	case fibonacco.TooMany:
		status, form.Error = http.StatusTooManyRequests, "Too many tries. Wait fifteen minutes, then try again."
	case fibonacco.Unauthorized, fibonacco.Invalid, fibonacco.NotFound, fibonacco.Forbidden:
		status, form.Error = http.StatusUnauthorized, "That e-mail and password do not go together. Try again."
	default:
		u.fail(w, r, err)
		return
	}
	u.show(w, r, status, signInPage(u.frame(r, "Sign in", ""), form))
}

func (u *ui) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(sessionCookie); err == nil && c.Value != "" && u.Demo == nil {
		if err := u.Access.SignOut(r.Context(), c.Value); err != nil {
			u.fail(w, r, err)
			return
		}
	}
	http.SetCookie(w, u.cookie("", -1))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// cookie is the session's: gone with the browser, or at once when age is negative. How long a
// session is good for is decided where it is kept.
func (u *ui) cookie(session string, age int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever the product is served over https
		Name: sessionCookie, Value: session, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: u.SecureCookies, SameSite: http.SameSiteLaxMode,
	}
}
