package public

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// assistantRoutes are where an owner looks after the chat helper:
//
//	GET  /my/{token}/assistant      what it knows, its settings, the line for the business's site, conversations
//	POST /my/{token}/assistant      stores the settings
//	POST /my/{token}/assistant/try  a conversation with it, for the owner alone
func (s *site) assistantRoutes() routes {
	if s.Assistants == nil {
		return nil
	}
	return routes{
		"GET /my/{token}/assistant":      s.owned(s.assistant),
		"POST /my/{token}/assistant":     s.owned(s.setAssistant),
		"POST /my/{token}/assistant/try": s.owned(s.tryAssistant),
	}
}

// blankQuestions is how many empty pairs the form offers beside those that are there.
const blankQuestions = 3

// assistantForm is the page as it is shown: settings as stored, or as they were typed.
type assistantForm struct {
	*fibonacco.AssistantSettings
	owner       *fibonacco.BusinessOwner
	transcripts []fibonacco.Transcript
	saved       bool
	form               // the settings as they stand in its fields
	refused     string // why nothing was stored, when no field is at fault
	zone        *time.Location
}

func (s *site) assistant(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	set, err := s.Assistants.Assistant(r.Context(), o.SMBID)
	if err != nil {
		s.refuse(w, r, "assistant", err)
		return
	}
	values := url.Values{"greeting": {set.Greeting}}
	setAnswers(values, set.Questions)
	s.showAssistant(w, r, http.StatusOK, assistantForm{AssistantSettings: set, owner: o, form: form{values: values}, saved: r.URL.Query().Get("saved") == "1"})
}

func (s *site) showAssistant(w http.ResponseWriter, r *http.Request, status int, f assistantForm) {
	var err error
	if f.transcripts, err = s.Assistants.Transcripts(r.Context(), f.owner.SMBID); err != nil {
		s.refuse(w, r, "conversations", err)
		return
	}
	if f.zone, err = time.LoadLocation(f.Facts.Profile.Zone); err != nil {
		f.zone = time.UTC
	}
	s.show(w, r, status, s.assistantPage(f))
}

// setAssistant stores all settings at once, or shows them again as they were typed.
func (s *site) setAssistant(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	typed := readAssistant(r.PostForm)
	err := s.Assistants.SetAssistant(r.Context(), o.SMBID, typed)
	if err == nil {
		seeOther(w, r, "/my/"+o.Token+"/assistant?saved=1")
		return
	}
	var e *fibonacco.Error
	if !errors.As(err, &e) || e.Code != fibonacco.Invalid && e.Code != fibonacco.Conflict {
		s.refuse(w, r, "change the assistant", err)
		return
	}
	set, gone := s.Assistants.Assistant(r.Context(), o.SMBID)
	if gone != nil {
		s.refuse(w, r, "assistant", gone)
		return
	}
	set.On, set.TellStreet, set.Questions = typed.On, typed.TellStreet, typed.Questions
	f := assistantForm{AssistantSettings: set, owner: o, form: form{values: r.PostForm, faults: faultsOf(err, assistantWords.say)}}
	status := http.StatusUnprocessableEntity
	if e.Code == fibonacco.Conflict {
		f.refused, status = sentence(e.Message), http.StatusConflict
	}
	s.showAssistant(w, r, status, f)
}

// readAssistant takes the form; pairs are numbered as they are shown.
func readAssistant(v url.Values) fibonacco.AssistantSettings {
	return fibonacco.AssistantSettings{On: v.Get("on") != "", Greeting: v.Get("greeting"), TellStreet: v.Get("street") != "", Questions: typedAnswers(v)}
}

func (s *site) tryAssistant(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	slug, session, err := s.Assistants.TryAssistant(r.Context(), o.SMBID)
	if err != nil {
		s.refuse(w, r, "try the assistant", err)
		return
	}
	seeOther(w, r, chatURL(slug, session))
}

// pairs is how many questions the form has: those that are there, with some empty ones to fill in.
func (f assistantForm) pairs() int {
	n := len(f.Questions)
	for n > 0 && f.Questions[n-1] == (fibonacco.Answered{}) {
		n--
	}
	return n + blankQuestions
}

// scriptTag is the line for the business's own site.
func (s *site) scriptTag(slug string) string {
	return fmt.Sprintf(`<script src="%s/chat/%s/widget.js" async></script>`, s.PublicURL, url.PathEscape(slug))
}

// known is what the helper would tell, as label and value; "" is not known.
func (f assistantForm) known() [][2]string {
	p := f.Facts.Profile
	street := p.Street
	if p.HideStreet {
		street = ""
	}
	return [][2]string{
		{"Name", p.Name},
		{"Phone", p.Phone},
		{"Email", p.Email},
		{"Website", p.Website},
		{"Street", street},
		{"Town", strings.Trim(p.City+", "+p.State, ", ")},
		{"Hours", f.Facts.Hours},
		{"Services", strings.Join(p.Services, ", ")},
		{"Booking page", f.Facts.Booking},
	}
}

// began is when a conversation began, where the business is.
func (f assistantForm) began(t fibonacco.Transcript) string {
	return t.Started.In(f.zone).Format("January 2, 3:04 p.m.")
}

func yes(b bool) string { return strconv.FormatBool(b) }

// offers reports whether the last answer offers a person.
func offers(page *fibonacco.ChatPage) bool {
	n := len(page.Lines)
	return n > 0 && page.Lines[n-1].Offer
}

// state says in a sentence whether it talks.
func (f assistantForm) state() string {
	if f.On && !f.Withdrawn {
		return "It is on."
	}
	return "It is off, and talks to nobody but you."
}

// assistantWords is what its fields are called.
var assistantWords = fieldWords{"greeting": "The first words", "questions": "The questions", "questions.question": "Question #", "questions.answer": "Answer #"}

// firstWords is what a visitor began with.
func firstWords(t fibonacco.Transcript) string {
	for _, l := range t.Lines {
		if l.Visitor {
			if runes := []rune(l.Text); len(runes) > 80 {
				return string(runes[:80]) + "…"
			}
			return l.Text
		}
	}
	return ""
}
