package public

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/fibonacco/fibonacco"
)

// desk is what the owner's page of reviews shows.
type desk struct {
	*fibonacco.ReviewDesk
	form
	Form   string // the public form, absolute
	Public string // the public page, absolute
	Done   string // what was just done; "" nothing
}

// reviewDesk takes nothing from its address but where the list begins: there is no way to look at good
// reviews or bad ones alone.
func (s *site) reviewDesk(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	s.showDesk(w, r, o, http.StatusOK, url.Values{}, nil)
}

func (s *site) showDesk(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner, status int, typed url.Values, faults []fault) {
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64) // what is no number is the first page
	d, err := s.Reviews.ReviewDesk(r.Context(), o.SMBID, max(before, 0))
	if err != nil {
		s.refuseDesk(w, r, "review desk", err)
		return
	}
	sameOrigin(w)
	s.show(w, r, status, s.reviewDeskPage(desk{
		ReviewDesk: d, form: form{"/my/" + o.Token + "/reviews", typed, faults}, Form: s.PublicURL + "/review/" + d.Page.Slug, Public: s.PublicURL + "/reviews/" + d.Page.Slug,
		Done: doneWords(r.URL.Query()),
	}))
}

func (s *site) refuseDesk(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("This is not here",
			"Reviews are not set up for your business at the moment, or this review is gone.",
			"Reply to any of our emails if you think that they should be: a person reads it."))
	case fibonacco.Conflict:
		s.show(w, r, http.StatusConflict, s.message("That does not go just now",
			"Nothing was changed. Go back and load the page again: something about it is different by now."))
	default:
		s.refuse(w, r, doing, err)
	}
}

// changeReviews does one thing at a time; which, its button says.
func (s *site) changeReviews(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	form, ctx, id := r.PostForm, r.Context(), r.PostForm.Get("id")
	review, _ := strconv.ParseInt(id, 10, 64) // what is no number is no review of theirs
	back, fields := url.Values{"done": {form.Get("action")}}, map[string]string(nil)
	var err error
	switch form.Get("action") {
	case "open", "close":
		err = s.Reviews.OpenReviews(ctx, o.SMBID, form.Get("action") == "open")
	case "ask":
		var asked fibonacco.ReviewAsked
		asked, err = s.Reviews.AskForReviews(ctx, o.SMBID, fibonacco.ReviewAsk{Customers: form.Get("customers"), Statement: form.Get("statement") != ""})
		for name, n := range map[string]int{"asked": asked.Asked, "again": asked.Again, "quiet": asked.Quiet, "later": asked.Later} {
			back.Set(name, strconv.Itoa(n))
		}
	case "publish":
		err = s.Reviews.PublishReview(ctx, o.SMBID, review)
	case "hold":
		err, fields = s.Reviews.HoldReview(ctx, o.SMBID, review, form.Get("reason")), map[string]string{"reason": "reason-" + id}
	case "respond":
		err, fields = s.Reviews.RespondToReview(ctx, o.SMBID, review, form.Get("response")), map[string]string{"response": "response-" + id}
	default:
		s.badForm(w, r)
		return
	}
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, "/my/"+o.Token+"/reviews?"+back.Encode())
	case fibonacco.Invalid:
		faults := faultsOf(err, deskWords.say)
		for i, f := range faults {
			if to := fields[f.Field]; to != "" {
				faults[i].Field = to
			}
		}
		s.showDesk(w, r, o, http.StatusUnprocessableEntity, form, faults)
	default:
		s.refuseDesk(w, r, "change reviews", err)
	}
}

// deskWords is what the fields of the desk are called.
var deskWords = fieldWords{
	"customers": "The list of customers", "statement": "Tick that they are your customers. Only customers may be asked.",
	"reason": "The reason", "response": "Your answer",
}

// tryReviewForm shows the owner what customers see.
func (s *site) tryReviewForm(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	sameOrigin(w)
	s.show(w, r, http.StatusOK, s.reviewFormPage(reviewForm{Business: o.Business, form: form{action: r.URL.EscapedPath()}, AskEmail: true, Trial: true}))
}

func (s *site) triedReviewForm(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	s.show(w, r, http.StatusOK, s.tried("/my/"+o.Token+"/reviews"))
}

// doneWords says what was just done. It is made of the address, so that loading the page again says no
// more than that; numbers only are taken from it.
func doneWords(q url.Values) string {
	switch q.Get("done") {
	case "open":
		return "Your review page is open. Share its link, or ask customers below."
	case "close":
		return "Your review page is closed. Nobody sees it, and nobody can write. What was written is kept."
	case "publish":
		return "The review is public."
	case "hold":
		return "The review is held back, and its reason is on record."
	case "respond":
		return "Your answer is saved."
	case "ask":
		n := func(name string) int {
			i, _ := strconv.Atoi(q.Get(name)) // what is no number is none
			return i
		}
		say := "Nobody was asked."
		switch asked := n("asked"); {
		case asked == 1:
			say = "1 customer is asked. They get your email in a minute."
		case asked > 1:
			say = fmt.Sprintf("%d customers are asked. They get your email in a minute.", asked)
		}
		for _, more := range []struct {
			name, one, many string
		}{
			{"again", "1 was asked by you in the last 90 days already.", "%d were asked by you in the last 90 days already."},
			{"quiet", "1 does not want to be asked, or cannot be written to.", "%d do not want to be asked, or cannot be written to."},
			{"later", "1 is beyond what may be asked in a day: try again tomorrow.", "%d are beyond what may be asked in a day: try again tomorrow."},
		} {
			switch k := n(more.name); {
			case k == 1:
				say += " " + more.one
			case k > 1:
				say += " " + fmt.Sprintf(more.many, k)
			}
		}
		return say
	}
	return ""
}

// requestState says in a few words what became of a request.
func requestState(r fibonacco.ReviewRequest, zone string) string {
	switch {
	case r.Answered:
		return "Answered"
	case r.Declined:
		return "Does not want to be asked"
	case r.Over:
		return "No answer"
	case r.RemindedAt != nil:
		return "Reminded " + longDay(zone, *r.RemindedAt)
	}
	return "Asked " + longDay(zone, r.CreatedAt)
}

// holdTitle is a reason as people read it.
func holdTitle(reason string) string {
	for _, h := range fibonacco.HoldReasons {
		if h.Reason == reason {
			return h.Title
		}
	}
	return reason
}

func leftWords(n int) string {
	switch n {
	case 0:
		return "You have asked as many as you may today."
	case 1:
		return "You may ask 1 more today."
	}
	return fmt.Sprintf("You may ask %d more today.", n)
}

// answerTyped is what stands in the box: what was just refused, else the answer as it is.
func answerTyped(d desk, r fibonacco.Review) string {
	if d.value("action") == "respond" && d.value("id") == strconv.FormatInt(r.ID, 10) {
		return d.value("response")
	}
	return r.Response
}

func nameOrAddress(r fibonacco.ReviewRequest) string {
	if r.Name != "" {
		return r.Name
	}
	return r.Email
}
