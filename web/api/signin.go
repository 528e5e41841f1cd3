package api

import (
	"errors"
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// SessionCookie is the name of the cookie that a signed-in browser holds.
const SessionCookie = "fibonacco_session"

// SignedIn is who sends a request, by token ("Authorization: Bearer fib_…") or by session cookie.
// A token goes first. A cookie proves nothing when another site made the browser send it: a
// changing request must then pass crossOrigin. Returns Unauthorized when there is neither or it
// is not valid, Forbidden when it came from another site.
func SignedIn(r *http.Request, access fibonacco.AccessService, crossOrigin *http.CrossOriginProtection) (*fibonacco.Principal, error) {
	if access == nil {
		return nil, moduleAbsent("sign-in module")
	}
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, secret, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return nil, fibonacco.Errorf(fibonacco.Unauthorized, "send the token as Authorization: Bearer fib_…")
		}
		p, err := access.ByToken(r.Context(), strings.TrimSpace(secret))
		if fibonacco.CodeOf(err) == fibonacco.Unauthorized {
			return nil, edge.From(r.Context(), err).With("WWW-Authenticate", `Bearer realm="fibonacco", error="invalid_token"`)
		}
		return p, err
	}
	cookie, err := r.Cookie(SessionCookie)
	if err != nil {
		return nil, fibonacco.Errorf(fibonacco.Unauthorized, "sign in, or send a token as Authorization: Bearer fib_…")
	}
	p, err := access.BySession(r.Context(), cookie.Value)
	if err != nil {
		return nil, err
	}
	if err := crossOrigin.Check(r); err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Forbidden, Message: "the request came from another site", Err: err}
	}
	return p, nil
}

// isNotFound reports whether err says that something does not exist.
func isNotFound(err error) bool {
	var e *fibonacco.Error
	return errors.As(err, &e) && e.Code == fibonacco.NotFound
}
