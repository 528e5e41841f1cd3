package ui

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/edge"
	"github.com/fibonacco/fibonacco/web/clientip"
)

const (
	sessionCookie = api.SessionCookie
	themeCookie   = "fibonacco_theme" // set by the theme switch: "light" or "dark"
)

// handler answers a request, or says why not: errors become a page.
type handler func(w http.ResponseWriter, r *http.Request) error

// principal is who asks; nil on pages before the sign-in.
func principal(ctx context.Context) *fibonacco.Principal { return fibonacco.PrincipalOf(ctx) }

// ruleOf is the rule of a page. One that has none is a mistake that the first start shows.
func ruleOf(pattern string) api.Rule {
	rule, ok := api.Pages[pattern]
	if !ok {
		panic("ui: api.Pages has no rule for " + pattern)
	}
	return rule
}

// staff lets a handler be asked by those only whom a rule lets. The request is theirs from there on:
// what is found leaves out what they do not see, and what is changed is changed in their name.
func (u *ui) staff(rule api.Rule, h handler) http.Handler {
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
		trace := edge.TraceOf(r.Context())
		who := *p // a copy: the demo's is shared by all
		who.IP, who.RequestID = clientip.Of(r), trace.RequestID
		trace.Principal = &who
		r = r.WithContext(fibonacco.WithPrincipal(r.Context(), &who))
		if rule.Allow(&who) != nil {
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
	case wantsJSON(r):
		refuseJSON(w, http.StatusUnauthorized, "Your session has ended. Load the page again to sign in.")
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

// enter gives the browser its new session, in place of the one it held: that one may have been put
// there by somebody else, and ends.
func (u *ui) enter(w http.ResponseWriter, r *http.Request, in *fibonacco.SignedIn) error {
	if old, err := r.Cookie(sessionCookie); err == nil && old.Value != "" && old.Value != in.Session {
		if err := u.Access.SignOut(r.Context(), old.Value); err != nil {
			return err
		}
	}
	http.SetCookie(w, u.cookie(in.Session, 0))
	return nil
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
