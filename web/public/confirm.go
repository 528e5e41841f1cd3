package public

import (
	"net/http"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// askAddress has a confirmation mailed to another address than the one the link came to.
func (s *site) askAddress(w http.ResponseWriter, r *http.Request) {
	address := strings.TrimSpace(r.PostForm.Get("address"))
	if address == "" {
		s.badAddress(w, r)
		return
	}
	if err := s.Resubscriber.AskConfirmation(r.Context(), r.PathValue("token"), address); err != nil {
		s.refuseAsked(w, r, "ask an address", err)
		return
	}
	s.show(w, r, http.StatusOK, s.message("One more step", whatWasAsked("the address you gave"), "Until then nothing changes."))
}

func (s *site) badAddress(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusUnprocessableEntity, s.message("This is not an email address",
		"Nothing was changed. Please go back and look at it once more: it should look like name@example.com."))
}

// refuseAsked is refuse for what a person typed or asked too often.
func (s *site) refuseAsked(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.TooMany:
		w.Header().Set("Retry-After", "86400")
		s.show(w, r, http.StatusTooManyRequests, s.message("We have written to you already",
			"We asked for your confirmation several times today. Please look for our email, among the junk too.",
			"If it is not there, try again tomorrow."))
	case fibonacco.Invalid:
		if r.PostForm.Get("action") == "address" {
			s.badAddress(w, r)
			return
		}
		s.badForm(w, r)
	default:
		s.refuse(w, r, doing, err)
	}
}

// confirmation asks once more. It changes nothing: mail scanners follow the link as well.
func (s *site) confirmation(w http.ResponseWriter, r *http.Request) {
	c, err := s.Resubscriber.Confirmation(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuseConfirmation(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, s.confirmationPage(*c, r.URL.EscapedPath()))
}

// confirm takes the yes. It wants the page's own button: whoever posts nothing has read nothing.
func (s *site) confirm(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	if r.PostForm.Get("action") != "confirm" {
		s.badForm(w, r)
		return
	}
	c, err := s.Resubscriber.Confirm(r.Context(), r.PathValue("token"), hit(r))
	if err != nil {
		s.refuseConfirmation(w, r, err)
		return
	}
	s.show(w, r, http.StatusOK, s.message("Thank you: emails are on",
		"They come to "+c.MaskedEmail+" from now on. The link at the end of each takes you to your choices.",
		"An address that has turned our emails down for good or reported them stays off all the same; reply to one of our emails if yours should be let in again."))
}

func (s *site) refuseConfirmation(w http.ResponseWriter, r *http.Request, err error) {
	if fibonacco.CodeOf(err) != fibonacco.Conflict {
		s.refuse(w, r, "confirmation", err)
		return
	}
	s.show(w, r, http.StatusGone, s.message("This link is no longer good",
		"It was used already, or it is more than 7 days old. Nothing was changed.",
		"Open “Choose what you get” at the end of any of our emails to see what holds, or to ask once more."))
}
