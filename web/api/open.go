package api

import (
	"context"
	"net/http"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// openBytes is what a request of somebody unknown may bring: signing in takes little.
const openBytes = 16 << 10

// open serves a route that takes no sign-in. It passes the checks that do not depend on who asks;
// requests are counted by where they come from. Another site cannot make a browser sign in to an
// account of its own choosing.
func (a *API) open(w http.ResponseWriter, r *http.Request, pattern string) error {
	if a.o.Access == nil {
		return moduleAbsent("sign-in module")
	}
	if err := a.o.CrossOrigin.Check(r); err != nil {
		return &fibonacco.Error{Code: fibonacco.Forbidden, Message: "the request came from another site", Err: err}
	}
	if err := a.limit(w, r, "api:from:"+clientip.Of(r)); err != nil {
		return err
	}
	edge.TraceOf(r.Context()).Pattern = pattern
	b := boundsOf(pattern)
	if r.ContentLength > openBytes {
		return fibonacco.Errorf(fibonacco.TooLarge, "the body is larger than %d bytes", openBytes)
	}
	r.Body = http.MaxBytesReader(w, r.Body, openBytes)
	ctx, cancel := context.WithTimeout(r.Context(), b.time)
	defer cancel()
	return a.answer(w, r.WithContext(ctx), nil, b)
}
