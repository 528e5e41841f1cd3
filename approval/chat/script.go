package chat

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Script is the assistant without a model: rules and the owner's own answers. It says what the facts
// say, or that it does not know; it makes nothing up. The zero value works.
type Script struct{}

var _ Assistant = Script{}

// How much a question of the owner's must be like a message: sure comes before everything that is read
// from the profile, likely after it.
const (
	sure   = .8
	likely = .55
)

// Answer implements Assistant.
func (Script) Answer(_ context.Context, q Question, say func(part string) error) (Answer, error) {
	zone, err := time.LoadLocation(q.Profile.Zone)
	s := &speaker{Question: q, heard: hear(q.Text), zoned: err == nil && q.Profile.Zone != ""}
	if s.zoned {
		s.now = q.Now.In(zone)
	}
	a := s.answer()
	for part := range strings.SplitAfterSeq(a.Text, ". ") {
		if err := say(part); err != nil {
			return a, err
		}
	}
	return a, nil
}

// speaker is one answer being found.
type speaker struct {
	Question
	heard heard
	now   time.Time // where the business is
	zoned bool      // now is known
}

// rule answers one kind of message. answer is false when the message is none of its kind.
type rule struct {
	intent string
	answer func(s *speaker) (Answer, bool)
}

// rules in the order in which they are tried.
var rules = []rule{
	{"emergency", (*speaker).emergency},
	{"owner_answer", func(s *speaker) (Answer, bool) { return s.ownAnswer(sure) }},
	{"who_are_you", (*speaker).whoAreYou},
	{"person", (*speaker).person},
	{"booking", (*speaker).booking},
	{"hours", (*speaker).hours},
	{"address", (*speaker).address},
	{"contact", (*speaker).contact},
	{"owner_answer", func(s *speaker) (Answer, bool) { return s.ownAnswer(likely) }},
	{"prices", (*speaker).prices},
	{"website", (*speaker).website},
	{"services", (*speaker).services},
	{"about", (*speaker).about},
	{"thanks", (*speaker).thanks},
	{"greeting", (*speaker).greeting},
}

func (s *speaker) answer() Answer {
	for _, r := range rules {
		if a, ok := r.answer(s); ok {
			a.Intent = r.intent
			if urgent := s.urgent(); urgent != "" && r.intent != "emergency" {
				a.Text = urgent + a.Text
			}
			return a
		}
	}
	a := s.passOn(s.urgent() + "I do not know that: it is not in what " + s.name() + " has told me.")
	a.Intent = "unknown"
	return a
}

func (s *speaker) name() string { return s.Profile.Name }

// passOn is an answer that ends at a person, or at what else there is.
func (s *speaker) passOn(text string) Answer {
	switch {
	case s.Person:
		return Answer{Text: text + " Leave your name and how to reach you below, and a person will get your question.", Offer: true}
	case s.Profile.Phone != "":
		return Answer{Text: text + " You can call " + phoneWords(s.Profile.Phone) + ".", Links: []Link{PhoneLink}}
	case s.Profile.Email != "":
		return Answer{Text: text + " You can write to " + s.Profile.Email + ".", Links: []Link{EmailLink}}
	}
	return Answer{Text: text}
}

// emergency knows words that leave no time to look anything up.
func (s *speaker) emergency() (Answer, bool) {
	switch {
	case s.heard.says("kill myself", "suicide", "suicidal", "want to die", "end my life", "hurt myself", "harm myself"):
		return Answer{Text: "I am an automatic assistant and cannot help with this, but people can, right now. In the United States, call or text 988 at any hour. If somebody is in danger, call 911."}, true
	case s.heard.says("call 911", "heart attack", "cant breathe", "cannot breathe", "not breathing", "having a stroke", "overdose", "unconscious", "bleeding badly",
		"on fire", "gas leak", "smell gas", "smells like gas", "being attacked", "someone is dying", "medical emergency", "choking"):
		return Answer{Text: "If this is an emergency, call 911 now. I am an automatic assistant: I cannot send help, and nobody may be reading this at the moment."}, true
	}
	return Answer{}, false
}

// urgent is what comes before an answer to somebody in a hurry; "" for others.
func (s *speaker) urgent() string {
	if s.heard.says("emergency", "urgent", "urgently", "danger", "dangerous", "911") {
		return "If anyone is in danger, call 911 first. "
	}
	return ""
}

func (s *speaker) ownAnswer(likeness float64) (Answer, bool) {
	qa, l := answered(s.Answered, s.heard)
	if l < 1 { // so that whoever asked something else can tell
		qa.Answer = "To the question “" + strings.TrimSpace(qa.Question) + "” " + s.name() + " answers: " + qa.Answer
	}
	return Answer{Text: qa.Answer}, l >= likeness
}

func (s *speaker) whoAreYou() (Answer, bool) {
	if !s.heard.says("are you a robot", "are you a bot", "are you human", "are you real", "are you a human", "are you a person", "are you a real person", "are you an ai", "are you ai", "is this a bot",
		"is this a robot", "is this a person", "am i talking to a person", "am i talking to a human", "chatgpt", "who are you", "what are you") {
		return Answer{}, false
	}
	return s.passOn("I am an automatic assistant, an AI and not a person. I answer from what " + s.name() + " has told me, and a person there can read along."), true
}

func (s *speaker) person() (Answer, bool) {
	if !s.heard.says("a person", "a human", "real person", "real human", "talk to someone", "speak to someone", "talk to somebody", "speak to somebody", "speak with someone", "talk with someone",
		"talk to the owner", "speak to the owner", "talk to a manager", "speak to a manager", "the manager", "the owner", "representative", "call me", "call me back",
		"contact me", "get back to me", "leave a message", "take a message", "human please") {
		return Answer{}, false
	}
	a := s.passOn("I can pass that on.")
	if !a.Offer {
		a.Text = strings.Replace(a.Text, "I can pass that on.", "I cannot pass messages on here.", 1)
	}
	return a, true
}

func (s *speaker) booking() (Answer, bool) {
	if !s.heard.says("book", "booking", "appointment", "appointments", "reservation", "reservations", "reserve", "schedule", "reschedule", "make an appointment", "need to cancel", "want to cancel", "cancel my") {
		return Answer{}, false
	}
	switch {
	case s.heard.says("cancel", "reschedule", "change", "move") && s.Booking != "":
		return Answer{Text: "To change or cancel, use the link in the email that confirmed your booking. New times are on the booking page.", Links: []Link{BookingLink}}, true
	case s.Booking != "":
		return Answer{Text: "You can see the free times and book one on the booking page.", Links: []Link{BookingLink}}, true
	}
	if a, ok := s.ownAnswer(likely); ok {
		return a, true
	}
	return s.passOn("I cannot book or change anything here."), true
}

func (s *speaker) address() (Answer, bool) {
	if !s.heard.says("address", "where are you", "where is it", "located", "location", "directions", "how do i get", "find you", "where can i find you", "your shop", "the map", "what town", "what city",
		"where do i go", "wheres the", "where is the shop", "where is the store", "where is your") || s.heard.says("email address", "mail address", "web address") {
		return Answer{}, false
	}
	town := strings.Trim(s.Profile.City+", "+s.Profile.State, ", ")
	switch {
	case s.Profile.Street != "" && !s.Profile.HideStreet:
		return Answer{Text: s.name() + " is at " + strings.Trim(s.Profile.Street+", "+town, ", ") + " " + s.Profile.ZIP + ".", Links: []Link{DirectionsLink}}.trimmed(), true
	case town != "":
		return s.passOn(s.name() + " is in " + town + ". I do not have a street address to give."), true
	}
	return s.passOn("I do not have an address to give."), true
}

// trimmed takes the blank away that stands before a period when there is no ZIP.
func (a Answer) trimmed() Answer {
	a.Text = strings.ReplaceAll(a.Text, " .", ".")
	return a
}

func (s *speaker) contact() (Answer, bool) {
	phone := s.heard.says("phone", "telephone", "phone number", "your number", "call you", "can i call", "call")
	mail := s.heard.says("email", "e mail", "mail you", "write to you", "email address")
	if !phone && !mail && !s.heard.says("contact", "reach you", "get in touch", "get hold of you") {
		return Answer{}, false
	}
	var ways []string
	var links []Link
	if s.Profile.Phone != "" && (phone || !mail) {
		ways, links = append(ways, "call "+phoneWords(s.Profile.Phone)), append(links, PhoneLink)
	}
	if s.Profile.Email != "" && (mail || !phone) {
		ways, links = append(ways, "write to "+s.Profile.Email), append(links, EmailLink)
	}
	if len(ways) == 0 {
		what := "a telephone number or an email address"
		switch {
		case phone && !mail:
			what = "a telephone number"
		case mail && !phone:
			what = "an email address"
		}
		return s.passOn("I do not have " + what + " to give."), true
	}
	return Answer{Text: "You can " + strings.Join(ways, " or ") + ".", Links: links}, true
}

func (s *speaker) prices() (Answer, bool) {
	if !s.heard.says("price", "prices", "pricing", "cost", "costs", "how much", "charge", "rates", "rate", "fee", "fees", "quote", "estimate", "cheap", "expensive", "discount", "discounts", "coupon") {
		return Answer{}, false
	}
	return s.passOn("I do not have prices, and I will not guess."), true
}

func (s *speaker) services() (Answer, bool) {
	asked := s.heard.says("services", "service", "do you do", "do you offer", "do you have", "do you sell", "do you make", "do you fix", "do you repair", "can you do", "can you fix", "can you repair",
		"what do you do", "what do you offer", "what do you sell", "offer", "treatments", "menu", "products", "specialize")
	var named []string
	for _, service := range s.Profile.Services {
		if covers(hear(service).content(), s.heard.content()) {
			named = append(named, service)
		}
	}
	if len(named) > 0 && len(named) < max(len(s.Profile.Services), 2) {
		is := " is"
		if len(named) > 1 {
			is = " are"
		}
		text := list(named) + is + " on the list of what " + s.name() + " offers. I know no more about it than that."
		if asked {
			text = "Yes: " + text
		}
		return s.passOn(text), true
	}
	if !asked {
		return Answer{}, false
	}
	if len(s.Profile.Services) == 0 {
		return s.passOn("I do not have a list of what " + s.name() + " offers."), true
	}
	all := "On the list of what " + s.name() + " offers: " + list(firsts(s.Profile.Services, 12)) + "."
	if s.heard.says("what do you do", "what services", "what do you offer", "your services", "services do you offer", "what do you sell", "menu", "list") || s.nothingNamed() {
		return Answer{Text: all}, true
	}
	return s.passOn("I do not see that on my list, which may not be complete. " + all), true
}

// nothingNamed reports whether a message about services names none.
func (s *speaker) nothingNamed() bool {
	for w := range s.heard.content() {
		if !aboutServices[w] {
			return false
		}
	}
	return true
}

var aboutServices = hear("service offer sell make fix repair treatments products specialize").content()

// covers reports whether a message has every word of a service, or more than half of a long one.
func covers(service, message map[string]bool) bool {
	both := 0
	for w := range service {
		if message[w] {
			both++
		}
	}
	return both > 0 && (both == len(service) || len(service) > 2 && 2*both > len(service))
}

func firsts(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(slices.Clone(all[:n]), "more")
}

func (s *speaker) website() (Answer, bool) {
	if s.Profile.Website == "" || !s.heard.says("website", "web site", "web page", "homepage", "online", "web address", "url") {
		return Answer{}, false
	}
	return Answer{Text: "The website is " + s.Profile.Website + ".", Links: []Link{WebsiteLink}}, true
}

func (s *speaker) about() (Answer, bool) {
	if s.Profile.About == "" || !s.heard.says("about you", "about the business", "about the shop", "who is", "what is this", "what kind of", "what is "+strings.TrimSpace(hear(s.name()).text), "tell me about") {
		return Answer{}, false
	}
	text, _, _ := strings.Cut(s.Profile.About, "\n\n")
	return Answer{Text: cut(strings.Join(strings.Fields(text), " "), 400)}, true
}

func (s *speaker) thanks() (Answer, bool) {
	short := len(s.heard.words) <= 2 && s.heard.says("ok", "okay", "great", "perfect", "awesome", "cool", "good", "ty")
	if !short && (len(s.heard.words) > 6 || !s.heard.says("thanks", "thank you", "thx", "bye", "goodbye")) {
		return Answer{}, false
	}
	return Answer{Text: "You are welcome. Is there anything else?"}, true
}

func (s *speaker) greeting() (Answer, bool) {
	if !s.heard.says("hi", "hello", "hey", "good morning", "good afternoon", "good evening", "howdy", "hola", "is someone there", "anyone there", "anybody there", "can you help me", "help me", "help") || len(s.heard.words) > 5 {
		return Answer{}, false
	}
	return Answer{Text: "Hello. I am an automatic assistant. Ask me about hours, the place, what " + s.name() + " offers, or how to reach a person."}, true
}
