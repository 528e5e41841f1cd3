package edge

import (
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// Unrouted makes a problem of the answer that a mux has for a request without a route: 404, or
// 405 with the methods there are.
func Unrouted(r *http.Request, muxAnswer http.Handler, notFound string) error {
	kept := &statusKeeper{header: http.Header{}}
	muxAnswer.ServeHTTP(kept, r)
	if kept.status == http.StatusMethodNotAllowed {
		return NotAllowed(r, kept.header.Get("Allow"))
	}
	return fibonacco.Errorf(fibonacco.NotFound, "%s", notFound)
}

// NotAllowed is the problem of a method that a route does not have; allow lists those it has.
func NotAllowed(r *http.Request, allow string) *Problem {
	return New(r.Context(), MethodNotAllowed, r.Method+" is not possible here, only "+allow).With("Allow", allow)
}

// statusKeeper is a ResponseWriter that keeps status and header only.
type statusKeeper struct {
	header http.Header
	status int
}

func (k *statusKeeper) Header() http.Header         { return k.header }
func (k *statusKeeper) Write(b []byte) (int, error) { return len(b), nil }
func (k *statusKeeper) WriteHeader(status int)      { k.status = status }
