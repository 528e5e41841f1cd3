package public

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// ownerRoutes are a business's own pages. What is below them belongs to each service.
//
//	GET  /my/{token}          what is approved, and where each stands
//	POST /my/{token}/service  turns one off, or on again
//	POST /my/{token}/renew    mails a fresh link to the address on record
func (s *site) ownerRoutes() routes {
	return routes{
		"GET /my/{token}":          s.owned(s.overview),
		"POST /my/{token}/service": s.owned(s.switchService),
		"POST /my/{token}/renew":   s.renewOwner,
		"/my/":                     s.notFound,
	}
}

// owned lets the holder of a business's own link in, and shows everybody else the same page.
func (s *site) owned(next func(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token := r.PathValue("token")
		o, err := s.Owners.Owner(r.Context(), token)
		if fibonacco.CodeOf(err) == fibonacco.Forbidden {
			s.show(w, r, http.StatusForbidden, s.expiredPage("This link is not good any more",
				"Links to your own pages end after 90 days. The newest email about a service of yours has a fresh one, or we send one to the address that we have on file.",
				ownerPath(token)+"/renew", token))
			return
		}
		if err != nil {
			s.refuse(w, r, "owner link", err)
			return
		}
		next(w, r, o)
	}
}

func ownerPath(token string) string { return "/my/" + url.PathEscape(token) }

// renewOwner says the same whatever came of it.
func (s *site) renewOwner(w http.ResponseWriter, r *http.Request) {
	if err := s.Owners.RenewOwner(r.Context(), r.PathValue("token")); err != nil {
		s.refuse(w, r, "renew an owner link", err)
		return
	}
	s.show(w, r, http.StatusOK, s.message(freshLinkTitle, freshLinkLines...))
}

func (s *site) overview(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	all, err := s.Approvals.OwnedServices(r.Context(), o.SMBID)
	if err != nil {
		s.refuse(w, r, "services of a business", err)
		return
	}
	s.show(w, r, http.StatusOK, s.overviewPage(o, all))
}

func (s *site) switchService(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	action := r.PostForm.Get("action")
	id, err := strconv.ParseInt(r.PostForm.Get("approval"), 10, 64)
	if err != nil || action != "off" && action != "on" {
		s.badForm(w, r)
		return
	}
	err = s.Approvals.HideService(r.Context(), o.SMBID, id, action == "off")
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, ownerPath(o.Token))
	case fibonacco.Conflict:
		s.show(w, r, http.StatusConflict, s.message("This cannot be changed here",
			"A person looks after this one. Reply to any of our emails, and it is done."))
	default:
		s.refuse(w, r, "turn a service off or on", err)
	}
}

// standing is where a service is, in a word and its color.
func standing(o fibonacco.OwnedService) (word, color string) {
	switch {
	case o.Withdrawn:
		return "Turned off", "open"
	case o.Status == "provisioned":
		return "Ready", "leaf"
	case o.Status == "failed":
		return "A person is looking at it", "honey"
	case o.Offering.Automatic:
		return "Being set up", "ink"
	}
	return "A person replies", "ink"
}

func standingWord(o fibonacco.OwnedService) string {
	word, _ := standing(o)
	return word
}

func standingColor(o fibonacco.OwnedService) string {
	_, color := standing(o)
	return "badge " + color
}
