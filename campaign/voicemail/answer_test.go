package voicemail_test

import (
	"encoding/xml"
	"fmt"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

const (
	callbackLine = "+17185550100"
	optOutLine   = "+18005550100"
	next         = "https://media.example/webhooks/twilio"
)

// answered reads TwiML: what is said, and the verbs in their order with where they lead.
func answered(t *testing.T, text []byte) (said, verbs string) {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(string(text)))
	var out []string
	for {
		token, err := dec.Token()
		if err != nil {
			break
		}
		switch token := token.(type) {
		case xml.StartElement:
			verb := token.Name.Local
			for _, a := range token.Attr {
				if a.Name.Local == "action" {
					verb += ">" + strings.TrimPrefix(a.Value, next)
				}
			}
			out = append(out, verb)
		case xml.CharData:
			said += string(token) + " "
		}
	}
	return said, strings.Join(out, " ")
}

func (w *world) call(c fibonacco.PhoneCall) (said, verbs string) {
	w.t.Helper()
	text, err := w.svc.AnswerCall(w.t.Context(), c, next)
	must(w.t, err)
	return answered(w.t.(*testing.T), text)
}

// The number that a voicemail gives to stop takes effect with the call itself.
func TestOptOutLine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(142))
		id := w.left(smb)
		clock.Set(monday)
		planned := w.drop(w.smb(phone(142)))

		said, verbs := w.call(fibonacco.PhoneCall{ID: "CA1", From: phone(142), To: optOutLine})
		equal(t, "verbs", verbs, "Response Say Hangup")
		if !strings.Contains(said, "Town Media") || !strings.Contains(said, "0 1 4 2") {
			t.Errorf("it says %q", said)
		}
		equal(t, "opted in", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 0)
		equal(t, "planned", w.state(planned), "cancelled/not_opted_in")
		equal(t, "the call", get[string](w, `SELECT intent_detected FROM callbacks WHERE smb_id = $1 AND rvm_drop_id = $2`, smb, id), "opt_out")
		equal(t, "told", w.events("callback.received"), 1)
		equal(t, "tied", w.count(`SELECT COUNT(*) FROM rvm_drops WHERE id = $1 AND callback_received AND callback_id IS NOT NULL`, id), 1)

		w.call(fibonacco.PhoneCall{ID: "CA1", From: phone(142), To: optOutLine})
		equal(t, "told once per call", w.events("callback.received"), 1)
	})
}

// Who calls from another telephone says which number is meant.
func TestOptOutOfAnotherNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.smb(phone(142))
		for i, from := range []string{phone(9999), "anonymous", ""} {
			_, verbs := w.call(fibonacco.PhoneCall{ID: fmt.Sprint("CA", i), From: from, To: optOutLine})
			equal(t, "asked", verbs, "Response Gather>?step=number Say")
		}
		_, verbs := w.call(fibonacco.PhoneCall{ID: "CA1", From: phone(9999), To: optOutLine, Step: "number", Digits: "71855"})
		equal(t, "too few digits", verbs, "Response Say Hangup")
		equal(t, "still in", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 1)
		said, _ := w.call(fibonacco.PhoneCall{ID: "CA1", From: phone(9999), To: optOutLine, Step: "number", Digits: "7185550142"})
		if !strings.Contains(said, "0 1 4 2") {
			t.Errorf("it says %q", said)
		}
		equal(t, "out", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 0)
	})
}

func TestCallbackLine(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		smb := w.smb(phone(142))
		w.left(smb)
		c := fibonacco.PhoneCall{ID: "CA1", From: phone(142), To: callbackLine}
		said, verbs := w.call(c)
		equal(t, "greeting", verbs, "Response Gather>?step=choice Say")
		if !strings.Contains(said, "Town Media") || !strings.Contains(said, "press 9") {
			t.Errorf("it says %q", said)
		}
		c.Step, c.Digits = "choice", "1"
		_, verbs = w.call(c)
		equal(t, "a message", verbs, "Response Say Record>?step=recorded Say Hangup")
		c.Step, c.Digits, c.Recording, c.Seconds = "recorded", "hangup", "https://api.example/recordings/RE1", 17
		_, verbs = w.call(c)
		equal(t, "thanks", verbs, "Response Say Hangup")
		equal(t, "kept", get[string](w, `SELECT intent_detected || '/' || CAST(duration_seconds AS text) || '/' || (metadata ->> 'recording_url') FROM callbacks WHERE smb_id = $1`, smb),
			"conversation/17/https://api.example/recordings/RE1")
		equal(t, "told once", w.events("callback.received"), 1)
		equal(t, "still in", w.count(`SELECT COUNT(*) FROM smbs WHERE rvm_opted_in`), 1)
	})
}

// Consent may be revoked by any reasonable means: a key, or words.
func TestStopByWord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.smb(phone(142))
		for i, tc := range []struct {
			digits, speech string
			out            bool
		}{
			{"1", "", false}, {"", "", false}, {"", "a friend recommended you", false}, {"", "I want to stop by your office", true}, // rather once too often
			{"9", "", true}, {"", "Stop.", true}, {"", "please take me off, unsubscribe", true}, {"", "opt out", true}, {"", "Don't call me", true},
		} {
			w.exec(`UPDATE smbs SET rvm_opted_in = TRUE`)
			w.call(fibonacco.PhoneCall{ID: fmt.Sprint("CA", i), From: phone(142), To: callbackLine, Step: "choice", Digits: tc.digits, Speech: tc.speech})
			equal(t, tc.digits+tc.speech, w.count(`SELECT COUNT(*) FROM smbs WHERE NOT rvm_opted_in`) == 1, tc.out)
		}
		if _, err := w.svc.AnswerCall(t.Context(), fibonacco.PhoneCall{From: phone(142), To: optOutLine}, next); fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("a call without an id: %v", err)
		}
	})
}
