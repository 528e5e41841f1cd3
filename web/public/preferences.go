package public

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// preferences shows the choices. It changes nothing: mail scanners come here too.
func (s *site) preferences(w http.ResponseWriter, r *http.Request) {
	sub, err := s.Unsubscriber.Subscription(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "preferences", err)
		return
	}
	s.show(w, r, http.StatusOK, s.preferencePage(*sub, r.URL.EscapedPath(), "", false))
}

// changePreferences acts at once. A mail program's one-click request gets a plain answer: no page,
// no redirect, no cookie (RFC 8058).
func (s *site) changePreferences(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	if !s.readForm(w, r) {
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
	switch r.PostForm.Get("action") {
	case "unsubscribe":
		if err := s.Unsubscriber.Unsubscribe(r.Context(), token, hit(r)); err != nil {
			s.refuse(w, r, "unsubscribe", err)
			return
		}
		s.showDone(w, r, false)
	case "save":
		s.save(w, r)
	case "address":
		s.askAddress(w, r)
	default:
		s.badForm(w, r)
	}
}

// save stores the choices of the form. Whoever wants emails again is asked by a mail first.
func (s *site) save(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	choices, ok := readChoices(r.PostForm)
	if !ok {
		s.badForm(w, r)
		return
	}
	before, err := s.Unsubscriber.Subscription(r.Context(), token)
	if err == nil {
		err = s.Unsubscriber.SetSubscription(r.Context(), token, choices, hit(r))
	}
	back := err == nil && choices.Email && !before.Email
	if back {
		err = s.Resubscriber.AskConfirmation(r.Context(), token, "")
	}
	if err != nil {
		s.refuseAsked(w, r, "change preferences", err)
		return
	}
	s.showDone(w, r, back)
}

// showDone is the page with what holds now. asked is whether a confirmation was asked for.
func (s *site) showDone(w http.ResponseWriter, r *http.Request, asked bool) {
	sub, err := s.Unsubscriber.Subscription(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "preferences", err)
		return
	}
	done := whatHolds(*sub)
	if asked {
		done = whatWasAsked(sub.MaskedEmail) + " Until then emails stay off; everything else is saved."
	}
	s.show(w, r, http.StatusOK, s.preferencePage(*sub, r.URL.EscapedPath(), done, asked))
}

// readChoices is false for what the page does not offer. A page from before a choice was offered
// leaves it as it is.
func readChoices(form url.Values) (c fibonacco.Choices, ok bool) {
	c.Email, c.Voicemail = form.Get("email") != "", form.Get("voicemail") != ""
	if form.Get("topics") != "" {
		c.Topics = []fibonacco.Topic{}
		for _, t := range form["topic"] {
			c.Topics = append(c.Topics, fibonacco.Topic(t))
		}
	}
	switch often := form.Get("often"); often {
	case "all", "weekly":
		weekly := often == "weekly"
		c.AtMostWeekly = &weekly
	case "":
	default:
		return c, false
	}
	switch pause := form.Get("pause"); pause {
	case "", "keep":
	default:
		days, err := strconv.Atoi(pause)
		if err != nil {
			return c, false
		}
		c.PauseDays = &days
	}
	return c, true
}

// whatHolds says what comes from now on.
func whatHolds(sub fibonacco.Subscription) string {
	var say []string
	switch {
	case !sub.Email && !sub.Voicemail:
		return "No more emails and no more voicemails from now on. One that has already left may still reach you."
	case !sub.Email:
		return "No more emails from now on. One that has already left may still reach you. Voicemails stay on."
	case !sub.Voicemail:
		say = append(say, "Emails stay on. No more voicemails from now on.")
	default:
		say = append(say, "Emails and voicemails are on.")
	}
	switch n := len(sub.Unwanted); {
	case n == len(fibonacco.Topics):
		say = append(say, "No subject is ticked, so no emails come.")
	case n > 0:
		titles := make([]string, n)
		for i, t := range sub.Unwanted {
			titles[i] = "“" + t.Title() + "”"
		}
		say = append(say, "Nothing more about "+strings.Join(titles, " and ")+".")
	}
	if sub.AtMostWeekly {
		say = append(say, "One email a week at most.")
	}
	if day := pauseDay(sub); day != "" {
		say = append(say, "Nothing comes before "+day+", and then it goes on where it stood.")
	}
	return strings.Join(say, " ")
}

// whatWasAsked tells nothing about an address: whether it is one that we may not mail is for its owner
// to know.
func whatWasAsked(address string) string {
	return "We send one email to " + address + ": press the button in it within 7 days, and emails are on. " +
		"It does not come to an address that has turned our emails down for good or reported them; reply to one of our emails if yours should be let in again."
}

// pauseDay is the day on which a pause is over; "" when there is none.
func pauseDay(sub fibonacco.Subscription) string {
	if sub.PausedUntil == nil {
		return ""
	}
	zone, err := fibonacco.LoadZone(sub.Timezone)
	if err != nil {
		zone = time.UTC
	}
	return sub.PausedUntil.In(zone).Format("Monday, January 2")
}

// topicHint says what mails of a topic are.
func topicHint(t fibonacco.Topic) string {
	switch t {
	case fibonacco.TopicTips:
		return "Short guides you can use by yourself."
	case fibonacco.TopicOffers:
		return "What we could set up for you, and what it takes."
	case fibonacco.TopicAccount:
		return "What you have with us."
	}
	return ""
}

func wants(sub fibonacco.Subscription, t fibonacco.Topic) bool {
	return !slices.Contains(sub.Unwanted, t)
}

// forWhom names the business, and the address only as far as its owner knows it anyway: the link
// may have been forwarded.
func forWhom(sub fibonacco.Subscription) string {
	if sub.BusinessName == "" {
		return "For " + sub.MaskedEmail
	}
	return "For " + sub.BusinessName + ", " + sub.MaskedEmail
}
