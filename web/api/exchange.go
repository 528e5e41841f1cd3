package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// exchange is the request that a handler answers, for what huma does not hand on: lists read
// their own query, and write their own exports.
type exchange struct {
	r     *http.Request
	w     http.ResponseWriter
	known []string     // query names of the operation
	rules func() error // the domain's, about the body that came; nil for none
}

type exchangeKey struct{}

// exchangeOf is the exchange of a handler's context.
func exchangeOf(ctx context.Context) exchange {
	at, _ := ctx.Value(exchangeKey{}).(exchange)
	return at
}

func (at exchange) url() *url.URL {
	if at.r == nil {
		return &url.URL{}
	}
	return at.r.URL
}

// unknown refuses query names that the operation does not know, and those given twice.
func (at exchange) unknown() error {
	if at.r == nil {
		return nil
	}
	return onlyKnown(at.r.URL.Query(), at.known)
}

// answer runs the route of a request that has passed every check.
func (a *API) answer(w http.ResponseWriter, r *http.Request, p *fibonacco.Principal, b bounds) error {
	if r.Method == http.MethodPost && p != nil && len(r.Header.Values(idempotencyKey)) > 0 {
		return a.once(w, r, p, b)
	}
	// The mux again, and not the handler that it found: only it fills in the path's values.
	a.mux.ServeHTTP(w, r)
	return nil
}

// options says which methods a path has. It is told without signing in, as the specification is.
func (a *API) options(w http.ResponseWriter, r *http.Request) error {
	handler, pattern := a.mux.Handler(r)
	if pattern != "" { // a route that answers any method
		w.Header().Set("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	err := edge.Unrouted(r, handler, noResource)
	var refused *edge.Problem
	if !errors.As(err, &refused) || refused.Code != edge.MethodNotAllowed {
		return err
	}
	w.Header().Set("Allow", refused.GetHeaders().Get("Allow")+", OPTIONS")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const noResource = "there is no such resource: /api/docs and /api/openapi.json list them"
