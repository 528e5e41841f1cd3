package ui

import (
	"bytes"
	"context"
	"errors"
	"net/http"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// policy is what pages may load: nothing that is not served here, and no script or style in the
// page itself.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers of every page. A handler may put its own policy in place.
func secure(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		head := w.Header()
		head.Set("Content-Security-Policy", policy)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Referrer-Policy", "same-origin")
		head.Set("Cross-Origin-Opener-Policy", "same-origin")
		head.Set("Cache-Control", "no-store")
		h.ServeHTTP(w, r)
	})
}

// show writes a whole page. It is rendered first, so that a failure half-way is a failure.
func (u *ui) show(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	body, err := render(r.Context(), page)
	if err != nil {
		u.Log.Error("page not rendered", "path", r.URL.Path, "error", err)
		http.Error(w, "This page could not be shown. Try again.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the visitor has gone: nothing to do about it
	}
}

func render(ctx context.Context, c templ.Component) ([]byte, error) {
	var b bytes.Buffer
	err := c.Render(ctx, &b)
	return b.Bytes(), err
}

// trouble is what the page of an error says.
type trouble struct {
	Status        int
	Title, Advice string
	Fields        []fibonacco.FieldError
}

// fail shows an error as a page. Only what was written for people is shown; the rest is logged.
func (u *ui) fail(w http.ResponseWriter, r *http.Request, err error) {
	var e *fibonacco.Error
	if !errors.As(err, &e) {
		e = &fibonacco.Error{Code: fibonacco.Internal, Err: err}
	}
	t := trouble{Advice: e.Message, Fields: e.Fields}
	switch e.Code {
	case fibonacco.NotFound:
		t.Status, t.Title = http.StatusNotFound, "Nothing here"
	case fibonacco.Invalid, fibonacco.Malformed:
		t.Status, t.Title = http.StatusUnprocessableEntity, "That cannot be done as it is"
	case fibonacco.Unauthorized:
		t.Status, t.Title = http.StatusUnauthorized, "Sign in first"
	case fibonacco.Forbidden:
		t.Status, t.Title = http.StatusForbidden, "Not for your role"
	case fibonacco.Conflict:
		t.Status, t.Title = http.StatusConflict, "Something has become different"
	case fibonacco.TooLarge:
		t.Status, t.Title = http.StatusRequestEntityTooLarge, "Too large"
	case fibonacco.TooMany:
		t.Status, t.Title = http.StatusTooManyRequests, "Too fast"
		sayWait(w, err)
	case fibonacco.NotImplemented, fibonacco.Unavailable:
		t.Status, t.Title = http.StatusServiceUnavailable, "Not available right now"
	default:
		if r.Context().Err() != nil {
			return // the visitor has gone, which is why it failed
		}
		u.Log.Error("page failed", "path", r.URL.Path, "error", err)
		t.Status, t.Title = http.StatusInternalServerError, "This did not work"
		t.Advice = "The fault is on our side and has been noted. Nothing was changed. Try again in a moment."
	}
	if t.Advice == "" {
		t.Advice = "Go back and try again."
	}
	if wantsJSON(r) {
		refuseJSON(w, t.Status, t.Advice)
		return
	}
	u.show(w, r, t.Status, troublePage(u.frame(r, t.Title, ""), t))
}
