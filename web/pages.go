package web

import (
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// pages is everything that is mounted, behind the checks that hold for all of it. They have no
// time limit here: some of them stream.
func (s *server) pages() http.Handler {
	mux := http.NewServeMux()
	for _, mount := range s.o.Mounts {
		mount(mux)
	}
	return s.bounded(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.sameSite(r); err != nil {
			edge.Write(w, r, err)
			return
		}
		handler, pattern := mux.Handler(r)
		edge.TraceOf(r.Context()).Pattern = pattern
		if pattern == "" {
			edge.Write(w, r, edge.Unrouted(r, handler, "there is no such page"))
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// sameSite refuses changing requests that another site made a browser send.
func (s *server) sameSite(r *http.Request) error {
	for _, prefix := range CrossSitePaths {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return nil
		}
	}
	if err := s.origin.Check(r); err != nil {
		return &fibonacco.Error{Code: fibonacco.Forbidden, Message: "the request came from another site", Err: err}
	}
	return nil
}
