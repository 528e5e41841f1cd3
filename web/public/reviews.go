package public

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// reviewRoutes are what customers say of a business:
//
//	GET      /reviews/{slug}           what is published
//	GET POST /review/{slug}            the form for anybody
//	GET POST /review/r/{token}         the form for a customer who was asked, once
//	GET POST /review/r/{token}/stop    the way out of being asked
//	GET POST /my/{token}/reviews       the owner's desk
//	GET      /my/{token}/reviews/try   the form as customers see it
func (s *site) reviewRoutes() routes {
	return routes{
		"GET /reviews/{slug}":          s.reviewPage,
		"GET /review/{slug}":           s.reviewForm,
		"POST /review/{slug}":          s.takeReview,
		"GET /review/r/{token}":        s.requestForm,
		"POST /review/r/{token}":       s.answerRequest,
		"GET /review/r/{token}/stop":   s.stopRequests,
		"POST /review/r/{token}/stop":  s.stopRequestsNow,
		"GET /my/{token}/reviews":      s.owned(s.reviewDesk),
		"POST /my/{token}/reviews":     s.owned(s.changeReviews),
		"GET /my/{token}/reviews/try":  s.owned(s.tryReviewForm),
		"POST /my/{token}/reviews/try": s.owned(s.triedReviewForm),
		"/reviews/":                    s.notFound,
		"/review/":                     s.notFound,
	}
}

// reviewPage shows what is published. It is the same for everybody, and may be found by a search
// engine.
func (s *site) reviewPage(w http.ResponseWriter, r *http.Request) {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	page, err := s.Reviews.ReviewPage(r.Context(), r.PathValue("slug"), max(before, 0))
	if err != nil {
		s.refuseReviews(w, r, "review page", err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	w.Header().Del("X-Robots-Tag")
	s.show(w, r, http.StatusOK, s.reviewsPage(page, r.URL.Query().Has("before")))
}

// reviewForm is the form for anybody, or what follows it.
func (s *site) reviewForm(w http.ResponseWriter, r *http.Request) {
	page, err := s.Reviews.ReviewPage(r.Context(), r.PathValue("slug"), 0)
	if err != nil {
		s.refuseReviews(w, r, "review form", err)
		return
	}
	if r.URL.Query().Has("thanks") {
		s.show(w, r, http.StatusOK, s.message("Thank you for your review",
			page.Business+" sees it now. It is public in 7 days at the latest, good or bad.",
			"It is held back only if it is spam, abusive, tells private things, or was not written by a customer."))
		return
	}
	sameOrigin(w)
	s.show(w, r, http.StatusOK, s.reviewFormPage(reviewForm{
		Business: page.Business, form: form{action: r.URL.EscapedPath(), values: url.Values{"form": {rand.Text()}}}, AskEmail: true,
	}))
}

// takeReview stores what anybody wrote. Whoever fills in what people do not see is thanked, and nothing
// is kept.
func (s *site) takeReview(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	after := r.URL.EscapedPath() + "?thanks"
	if r.PostForm.Get(honeypot) != "" {
		seeOther(w, r, after)
		return
	}
	slug := r.PathValue("slug")
	err := s.Reviews.WriteReview(r.Context(), slug, draftOf(r))
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		page, perr := s.Reviews.ReviewPage(r.Context(), slug, 0)
		if perr != nil {
			s.refuseReviews(w, r, "review form", perr)
			return
		}
		sameOrigin(w)
		s.show(w, r, http.StatusUnprocessableEntity, s.reviewFormPage(reviewForm{
			Business: page.Business, form: form{r.URL.EscapedPath(), r.PostForm, faultsOf(err, reviewWords.say)}, AskEmail: true,
		}))
		return
	}
	if err != nil {
		s.refuseReviews(w, r, "write a review", err)
		return
	}
	seeOther(w, r, after)
}

// requestForm is the form for a customer who was asked. Looking at it uses nothing up.
func (s *site) requestForm(w http.ResponseWriter, r *http.Request) {
	req, err := s.Reviews.ReviewRequest(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuseReviews(w, r, "review request", err)
		return
	}
	s.showRequest(w, r, http.StatusOK, req, url.Values{"name": {req.Name}}, nil)
}

func (s *site) showRequest(w http.ResponseWriter, r *http.Request, status int, req *fibonacco.ReviewRequest, typed url.Values, faults []fault) {
	switch {
	case req.Answered:
		s.show(w, r, http.StatusOK, s.message("Thank you for your review",
			req.Business+" has it. It is public in 7 days at the latest, good or bad, and we write to you then.",
			"This link was good for one review."))
	case req.Over || req.Closed:
		s.show(w, r, http.StatusGone, s.message("This link is over",
			req.Business+" takes no review by it any more. Links like this one are good for 60 days."))
	default:
		sameOrigin(w)
		s.show(w, r, status, s.reviewFormPage(reviewForm{
			Business: req.Business, form: form{r.URL.EscapedPath(), typed, faults}, Stop: r.URL.EscapedPath() + "/stop",
		}))
	}
}

func (s *site) answerRequest(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	token := r.PathValue("token")
	err := s.Reviews.AnswerRequest(r.Context(), token, draftOf(r))
	switch fibonacco.CodeOf(err) {
	case "", fibonacco.Conflict: // the page says which
		seeOther(w, r, r.URL.EscapedPath())
	case fibonacco.Invalid:
		req, rerr := s.Reviews.ReviewRequest(r.Context(), token)
		if rerr != nil {
			s.refuseReviews(w, r, "review request", rerr)
			return
		}
		s.showRequest(w, r, http.StatusUnprocessableEntity, req, r.PostForm, faultsOf(err, reviewWords.say))
	default:
		s.refuseReviews(w, r, "answer a review request", err)
	}
}

// stopRequests asks once more: mail scanners follow the link as well.
func (s *site) stopRequests(w http.ResponseWriter, r *http.Request) {
	req, err := s.Reviews.ReviewRequest(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuseReviews(w, r, "review request", err)
		return
	}
	if req.Declined {
		s.show(w, r, http.StatusOK, s.message("You are not asked again",
			req.Business+" cannot ask you for a review through us any more, at the address that this link came to."))
		return
	}
	sameOrigin(w)
	s.show(w, r, http.StatusOK, s.stopPage(req, r.URL.EscapedPath()))
}

// stopRequestsNow acts at once. A mail program's one-click request gets a plain answer (RFC 8058).
func (s *site) stopRequestsNow(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	if err := s.Reviews.DeclineRequests(r.Context(), r.PathValue("token")); err != nil {
		s.refuseReviews(w, r, "decline review requests", err)
		return
	}
	if r.PostForm.Get("List-Unsubscribe") == "One-Click" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "You are not asked again.\n") // nobody to tell
		return
	}
	seeOther(w, r, r.URL.EscapedPath())
}

// refuseReviews says the same of a page that is not open and of one that never was.
func (s *site) refuseReviews(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("There are no reviews here",
			"The page may not be open yet, or it was closed.",
			"Is it yours? The link in our email about your reviews takes you to where you open it."))
	case fibonacco.TooMany:
		w.Header().Set("Retry-After", "86400")
		s.show(w, r, http.StatusTooManyRequests, s.message("That is enough for one day",
			"Several reviews came from your connection today. Yours was not stored. Please try again tomorrow."))
	default:
		s.refuse(w, r, doing, err)
	}
}

func draftOf(r *http.Request) fibonacco.ReviewDraft {
	stars, _ := strconv.Atoi(r.PostForm.Get("stars")) // what is no number is refused as 0 stars
	return fibonacco.ReviewDraft{
		FormKey: r.PostForm.Get("form"), ClientIP: clientip.Of(r), Stars: stars,
		Body: r.PostForm.Get("body"), Name: r.PostForm.Get("name"), Email: r.PostForm.Get("email"),
	}
}

// reviewWords says what to do about each field that was refused.
var reviewWords = fieldWords{
	"stars": "Choose how many stars you give.",
	"body":  "Your review must have at most 4,000 characters, and no odd ones.",
	"name":  "Write a name to show with your review, at most 80 characters. A first name is enough.",
	"email": "This is not an email address: it should look like name@example.com. You may leave it empty.",
	"form":  "Please open the form again.",
}

// reviewForm is what the form shows.
type reviewForm struct {
	form
	Business string
	AskEmail bool   // of strangers; that of a request is known
	Stop     string // where to say: do not ask me again; "" for strangers
	Trial    bool   // its owner tries it
}

// structured is a page of reviews as schema.org has it: what is shown on it and nothing else. Search
// engines give no stars in their lists for reviews that a business shows of itself; it helps them to
// understand the page all the same. encoding/json writes < as \u003c, so that nothing ends the element.
func (s *site) structured(p *fibonacco.ReviewPage) (string, error) {
	type rating struct {
		Type  string `json:"@type"`
		Value string `json:"ratingValue"`
		Count int    `json:"reviewCount,omitempty"`
		Best  int    `json:"bestRating"`
		Worst int    `json:"worstRating"`
	}
	type person struct {
		Type string `json:"@type"`
		Name string `json:"name"`
	}
	type review struct {
		Type   string `json:"@type"`
		Author person `json:"author"`
		Date   string `json:"datePublished"`
		Rating rating `json:"reviewRating"`
		Body   string `json:"reviewBody,omitempty"`
	}
	all := make([]review, len(p.Reviews))
	for i, r := range p.Reviews {
		all[i] = review{
			Type: "Review", Author: person{"Person", r.Name}, Date: in(p.Zone, publicSince(r)).Format(time.DateOnly),
			Rating: rating{Type: "Rating", Value: strconv.Itoa(r.Stars), Best: 5, Worst: 1}, Body: r.Body,
		}
	}
	text, err := json.Marshal(struct {
		Context   string   `json:"@context"`
		Type      string   `json:"@type"`
		Name      string   `json:"name"`
		URL       string   `json:"url"`
		Aggregate rating   `json:"aggregateRating"`
		Reviews   []review `json:"review"`
	}{
		"https://schema.org", "LocalBusiness", p.Business, s.PublicURL + "/reviews/" + p.Slug,
		rating{"AggregateRating", average(p), p.Count, 5, 1},
		all,
	})
	return string(text), err
}

func publicSince(r fibonacco.Review) time.Time {
	if r.PublishedAt != nil {
		return *r.PublishedAt
	}
	return r.CreatedAt
}

// average has one decimal place, as it is shown.
func average(p *fibonacco.ReviewPage) string { return strconv.FormatFloat(p.Average, 'f', 1, 64) }

func reviewCount(n int) string {
	if n == 1 {
		return "1 review"
	}
	return fmt.Sprintf("%d reviews", n)
}

// in is a time in a zone; one that is unknown is UTC.
func in(zone string, t time.Time) time.Time { return t.In(zoneOf(zone)) }

// longDay is a day as people here write it.
func longDay(zone string, t time.Time) string { return in(zone, t).Format("January 2, 2006") }

func inStars(n int) string { return strings.Repeat("★", n) + strings.Repeat("☆", max(0, 5-n)) }

// structuredData is one element that browsers do not run.
func (s *site) structuredData(p *fibonacco.ReviewPage) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		text, err := s.structured(p)
		if err == nil {
			_, err = io.WriteString(w, `<script type="application/ld+json">`+text+`</script>`)
		}
		return err
	})
}

func starWords(n int) string {
	return [...]string{"", "1 star, bad", "2 stars, poor", "3 stars, fair", "4 stars, good", "5 stars, great"}[n]
}

func heldWords(n int) string {
	switch n {
	case 0:
		return "None is held back for that."
	case 1:
		return "1 is held back for that."
	}
	return fmt.Sprintf("%d are held back for that.", n)
}
