package public

import (
	"io"
	"mime"
	"net/http"

	"github.com/fibonacco/fibonacco"
)

const formLimit = 64 << 10 // bytes of a posted form

// preferences shows the choices. It changes nothing: mail scanners come here too.
func (s *site) preferences(w http.ResponseWriter, r *http.Request) {
	sub, err := s.Unsubscriber.Subscription(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "preferences", err)
		return
	}
	s.show(w, r, http.StatusOK, s.preferencePage(*sub, r.URL.EscapedPath(), ""))
}

// changePreferences acts at once. A mail program's one-click request gets a plain answer: no page,
// no redirect, no cookie (RFC 8058).
func (s *site) changePreferences(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if err := parseForm(r); err != nil {
		s.badForm(w, r)
		return
	}
	if r.PostForm.Get("List-Unsubscribe") == "One-Click" {
		if err := s.Unsubscriber.Unsubscribe(r.Context(), token, hit(r)); err != nil {
			s.refuse(w, r, "one-click unsubscribe", err)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "You are unsubscribed.\n") // nobody to tell
		return
	}
	var err error
	email, voicemail := r.PostForm.Get("email") != "", r.PostForm.Get("voicemail") != ""
	switch r.PostForm.Get("action") {
	case "unsubscribe":
		err = s.Unsubscriber.Unsubscribe(r.Context(), token, hit(r))
		email = false
	case "save":
		err = s.Unsubscriber.SetSubscription(r.Context(), token, email, voicemail, hit(r))
	default:
		s.badForm(w, r)
		return
	}
	if err != nil {
		s.refuse(w, r, "change preferences", err)
		return
	}
	sub, err := s.Unsubscriber.Subscription(r.Context(), token)
	if err != nil {
		s.refuse(w, r, "preferences", err)
		return
	}
	s.show(w, r, http.StatusOK, s.preferencePage(*sub, r.URL.EscapedPath(), whatWasDone(*sub, email)))
}

// parseForm reads a posted form of either kind. A mail program that names no kind means the
// simple one.
func parseForm(r *http.Request) error {
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if media, _, _ := mime.ParseMediaType(kind); media == "multipart/form-data" {
		return r.ParseMultipartForm(formLimit)
	}
	return r.ParseForm()
}

func (s *site) badForm(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusUnprocessableEntity, s.message("This form could not be read",
		"Nothing was changed. Please open the link in the email again and use the buttons on the page."))
}

// whatWasDone says what holds now. wanted is what the reader asked for: an address that its mail
// server refused stays off.
func whatWasDone(sub fibonacco.Subscription, wanted bool) string {
	switch {
	case wanted && !sub.Email:
		return "Your choices are saved, but emails stay off: the mail server turned this address down, or a complaint came from it. Reply to one of our emails if that is wrong."
	case !sub.Email && !sub.Voicemail:
		return "No more emails and no more voicemails from now on. One that has already left may still reach you."
	case !sub.Email:
		return "No more emails from now on. One that has already left may still reach you."
	case !sub.Voicemail:
		return "Emails stay on. No more voicemails from now on."
	}
	return "Emails and voicemails are on."
}

// forWhom names the business, and the address only as far as its owner knows it anyway: the link
// may have been forwarded.
func forWhom(sub fibonacco.Subscription) string {
	if sub.BusinessName == "" {
		return "For " + sub.MaskedEmail
	}
	return "For " + sub.BusinessName + ", " + sub.MaskedEmail
}
