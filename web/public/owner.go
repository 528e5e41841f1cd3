package public

import (
	"net/http"

	"github.com/fibonacco/fibonacco"
)

// owned lets the holder of a business's own link in, and shows everybody else the same page.
func (s *site) owned(next func(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o, err := s.Owners.Owner(r.Context(), r.PathValue("token"))
		if fibonacco.CodeOf(err) == fibonacco.Forbidden {
			s.show(w, r, http.StatusForbidden, s.message("This link is not good any more",
				"Links to your own pages end after 90 days. The newest email about a service of yours has a fresh one.",
				"If you cannot find it, reply to any of our emails: a person reads it."))
			return
		}
		if err != nil {
			s.refuse(w, r, "owner link", err)
			return
		}
		next(w, r, o)
	}
}
