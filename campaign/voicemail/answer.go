package voicemail

import (
	"context"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Steps of a call, as the address of the next answer names them.
const (
	stepChoice   = "choice"   // which key was pressed, or what was said
	stepNumber   = "number"   // which number is to be stopped
	stepRecorded = "recorded" // a message was left
)

const (
	keySeconds    = 6   // how long a caller may think
	recordSeconds = 120 // longest message
	stopKey       = "9"
)

// stopWords are the words by which people revoke consent (47 CFR 64.1200(a)(10)), and a few more.
var stopWords = []string{"stop", "quit", "end", "revoke", "cancel", "unsubscribe", "remove", "opt out", "opt-out", "don't call", "do not call"}

// AnswerCall implements fibonacco.VoicemailLine. A call to the opt-out number from a number that we
// have on file stops the voicemails there and then, and ends; from another, it asks for the number. A
// call to the callback number may do the same by a key or a word, or leave a message.
func (s *Service) AnswerCall(ctx context.Context, c fibonacco.PhoneCall, next string) ([]byte, error) {
	if c.ID == "" {
		return nil, fibonacco.InvalidFields("the call cannot be answered", []fibonacco.FieldError{{Field: "id", Reason: "is required"}})
	}
	switch c.Step {
	case stepNumber:
		return s.takeNumber(ctx, c)
	case stepChoice:
		if c.Digits == stopKey || wantsOut(c.Speech) {
			return s.stopCaller(ctx, c, next)
		}
		if err := s.note(ctx, call{PhoneCall: c, intent: intentTalk}); err != nil {
			return nil, err
		}
		return twiml(speak("Please speak after the tone, and press the pound key when you are done."), recordVerb{
			Action: stepURL(next, stepRecorded), Method: "POST", MaxLength: recordSeconds, FinishOnKey: "#", PlayBeep: true,
		}, speak("We heard nothing. Goodbye."), hangupVerb{})
	case stepRecorded:
		if err := s.note(ctx, call{PhoneCall: c, intent: intentTalk, done: []string{"message recorded"}}); err != nil {
			return nil, err
		}
		return twiml(speak("Thank you. A person will listen to your message. Goodbye."), hangupVerb{})
	}
	if c.To == s.cfg.OptOutNumber {
		return s.stopCaller(ctx, c, next)
	}
	if err := s.note(ctx, call{PhoneCall: c, intent: intentTalk}); err != nil {
		return nil, err
	}
	return twiml(gatherVerb{
		Input: "speech dtmf", Action: stepURL(next, stepChoice), Method: "POST", NumDigits: 1, Timeout: keySeconds, Hints: "stop, message", OnEmpty: true,
		Say: speak("Thank you for calling " + s.name + ". This call is answered by a computer. " +
			"To stop our recorded messages, press 9, or say stop. To leave a message for a person, press 1, or just wait."),
	})
}

// stopCaller stops the voicemails to the caller's own number, and asks for the number when it is not one
// that we know, or hidden.
func (s *Service) stopCaller(ctx context.Context, c fibonacco.PhoneCall, next string) ([]byte, error) {
	known := false
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		n, err := db.Count(ctx, tx, `
			SELECT (SELECT COUNT(*) FROM smbs WHERE primary_phone = $1) + (SELECT COUNT(*) FROM rvm_drops WHERE phone = $1)`, c.From)
		if known = n > 0; err != nil || !known {
			return err
		}
		return s.stopNumber(ctx, tx, c, c.From)
	})
	if err != nil {
		return nil, err
	}
	if known {
		return s.stopped(c.From)
	}
	return twiml(gatherVerb{
		Input: "dtmf", Action: stepURL(next, stepNumber), Method: "POST", NumDigits: 10, Timeout: 2 * keySeconds, OnEmpty: true,
		Say: speak("This is " + s.name + ". To stop our recorded messages, please enter the ten digits of the telephone number that gets them, area code first."),
	})
}

// takeNumber stops the voicemails to a number that was keyed in.
func (s *Service) takeNumber(ctx context.Context, c fibonacco.PhoneCall) ([]byte, error) {
	if len(c.Digits) != 10 || strings.Trim(c.Digits, "0123456789") != "" {
		return twiml(speak("That was not a number of ten digits. Please call again. Goodbye."), hangupVerb{})
	}
	phone := "+1" + c.Digits
	if err := s.db.Update(ctx, func(tx *db.Tx) error { return s.stopNumber(ctx, tx, c, phone) }); err != nil {
		return nil, err
	}
	return s.stopped(phone)
}

// stopNumber opts a number out and keeps the call that asked for it.
func (s *Service) stopNumber(ctx context.Context, tx *db.Tx, c fibonacco.PhoneCall, phone string) error {
	if _, err := s.optOut(ctx, tx, phone, "voicemail opt-out line"); err != nil {
		return err
	}
	return s.storeCall(ctx, tx, call{PhoneCall: c, intent: intentOptOut, done: []string{"voicemail stopped"}})
}

func (s *Service) stopped(phone string) ([]byte, error) {
	return twiml(speak("This is "+s.name+". The number that ends in "+spell(phone[max(0, len(phone)-4):])+
		" gets no more recorded messages from us, from now on. Goodbye."), hangupVerb{})
}

func (s *Service) note(ctx context.Context, c call) error {
	return s.db.Update(ctx, func(tx *db.Tx) error { return s.storeCall(ctx, tx, c) })
}

// wantsOut reports whether a caller said to stop.
func wantsOut(speech string) bool {
	said := strings.ToLower(speech)
	words := strings.FieldsFunc(said, func(r rune) bool { return r < 'a' || r > 'z' })
	return slices.ContainsFunc(stopWords, func(w string) bool {
		if strings.ContainsAny(w, " -'") {
			return strings.Contains(said, w)
		}
		return slices.Contains(words, w)
	})
}

// spell parts digits, so that a voice reads them one by one.
func spell(digits string) string { return strings.Join(strings.Split(digits, ""), " ") }
