package public

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// ownPageRoutes are where an owner looks at the business's page, puts it right and makes it public:
//
//	GET POST /my/{token}/page             what is on it; makes it public, or takes it back
//	GET      /my/{token}/page/preview     as others will see it
//	GET POST /my/{token}/page/facts       name, address, telephone
//	GET POST /my/{token}/page/hours       hours
//	GET POST /my/{token}/page/answers     services and questions
//	GET POST /my/{token}/page/photos      photos
//	GET      /my/{token}/page/photo/{id}  one of them
func (s *site) ownPageRoutes() routes {
	return routes{
		"GET /my/{token}/page":            s.paged(s.ownPage),
		"POST /my/{token}/page":           s.paged(s.publishOwnPage),
		"GET /my/{token}/page/preview":    s.paged(s.previewOwnPage),
		"GET /my/{token}/page/facts":      s.paged(s.ownFacts),
		"POST /my/{token}/page/facts":     s.paged(s.saveFacts),
		"GET /my/{token}/page/hours":      s.paged(s.ownHours),
		"POST /my/{token}/page/hours":     s.paged(s.saveHours),
		"GET /my/{token}/page/answers":    s.paged(s.ownAnswers),
		"POST /my/{token}/page/answers":   s.paged(s.saveAnswers),
		"GET /my/{token}/page/photos":     s.paged(s.ownPhotos),
		"POST /my/{token}/page/photos":    s.paged(s.savePhotos),
		"GET /my/{token}/page/photo/{id}": s.paged(s.ownPhoto),
	}
}

// pageVisit is an owner at the business's page.
type pageVisit struct {
	*fibonacco.BusinessOwner
	page *fibonacco.BusinessProfile
	at   string // path of the owner's page
}

// paged lets the owner of a business that has a page in.
func (s *site) paged(next func(w http.ResponseWriter, r *http.Request, v pageVisit)) http.HandlerFunc {
	return s.owned(func(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
		p, err := s.Business.OwnPage(r.Context(), o.SMBID)
		if fibonacco.CodeOf(err) == fibonacco.NotFound {
			s.show(w, r, http.StatusNotFound, s.message("There is no page to look at",
				"The business has not asked for a page, or the page was turned off.",
				"If you want one, reply to any of our emails: a person reads it."))
			return
		}
		if err != nil {
			s.refuse(w, r, "own page", err)
			return
		}
		next(w, r, pageVisit{o, p, "/my/" + o.Token + "/page"})
	})
}

func (s *site) ownPage(w http.ResponseWriter, r *http.Request, v pageVisit) {
	s.show(w, r, http.StatusOK, s.ownPageView(v, s.previewOf(v.page, v.Token), savedText(r.URL.Query().Get("saved"))))
}

// savedText is what an owner is told after a change; "" for what we did not say.
func savedText(what string) string {
	switch what {
	case "facts":
		return "The facts are saved."
	case "hours":
		return "The hours are saved."
	case "answers":
		return "Services and questions are saved."
	case "public":
		return "Your page is public now."
	case "private":
		return "Your page is no longer public. Search engines may remember it for some days."
	case "photo":
		return "The photo is on your page."
	case "words":
		return "The words are saved."
	case "lead":
		return "That photo is the first now."
	case "removed":
		return "The photo is gone."
	}
	return ""
}

func (s *site) publishOwnPage(w http.ResponseWriter, r *http.Request, v pageVisit) {
	if !s.readForm(w, r) {
		return
	}
	what := "private"
	switch r.PostForm.Get("action") {
	case "public":
		what = "public"
	case "private":
	default:
		s.badForm(w, r)
		return
	}
	err := s.Business.PublishPage(r.Context(), v.SMBID, what == "public")
	s.saved(w, r, v, what, err, nil, func(form) { s.badForm(w, r) })
}

func (s *site) previewOwnPage(w http.ResponseWriter, r *http.Request, v pageVisit) {
	s.show(w, r, http.StatusOK, s.businessPage(s.previewOf(v.page, v.Token)))
}

// saved sends an owner back to the page after a change, or shows the form again with what is wrong.
func (s *site) saved(w http.ResponseWriter, r *http.Request, v pageVisit, what string, err error, names fieldWords, again func(f form)) {
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		again(form{r.URL.EscapedPath(), r.PostForm, faultsOf(err, names.say)})
		return
	}
	if err != nil {
		s.refuse(w, r, "save "+what, err)
		return
	}
	seeOther(w, r, v.at+"?saved="+what)
}

func (s *site) ownFacts(w http.ResponseWriter, r *http.Request, v pageVisit) {
	p := v.page
	values := url.Values{}
	for name, text := range map[string]string{
		"name": p.Name, "category": p.Category, "about": p.About, "phone": phoneText(p.Phone), "email": p.Email, "website": p.Website,
		"street": p.Street, "city": p.City, "state": p.State, "zip": p.ZIP,
	} {
		values.Set(name, text)
	}
	if p.HideStreet {
		values.Set("hide_street", "on")
	}
	s.show(w, r, http.StatusOK, s.ownFactsForm(v, form{r.URL.EscapedPath(), values, nil}))
}

func (s *site) saveFacts(w http.ResponseWriter, r *http.Request, v pageVisit) {
	if !s.readForm(w, r) {
		return
	}
	f := r.PostForm
	err := s.Business.SaveFacts(r.Context(), v.SMBID, fibonacco.BusinessProfile{
		Name: f.Get("name"), Category: f.Get("category"), About: f.Get("about"), Phone: f.Get("phone"), Email: f.Get("email"), Website: f.Get("website"),
		Street: f.Get("street"), City: f.Get("city"), State: f.Get("state"), ZIP: f.Get("zip"), HideStreet: f.Get("hide_street") != "",
	})
	s.saved(w, r, v, "facts", err, factWords, func(again form) {
		s.show(w, r, http.StatusUnprocessableEntity, s.ownFactsForm(v, again))
	})
}

// factWords is what the facts are called.
var factWords = fieldWords{
	"name": "Name", "category": "What you are", "about": "About you", "phone": "Phone", "email": "Email", "website": "Website",
	"street": "Street", "city": "City", "state": "State", "zip": "ZIP code",
}

// count is a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
