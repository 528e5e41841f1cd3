package public_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// The page shows what holds, choice by choice, and says what was understood.
func TestPreferencesShown(t *testing.T) {
	f := newFakes()
	until := time.Date(2026, 12, 24, 5, 0, 0, 0, time.UTC)
	body := f.serve(get("/u/good")).Body.String()
	contains(t, "everything", body, `value="tips" checked`, `value="offers" checked`, `value="account" checked`, `value="all" checked`, `name="pause" value="0" checked`,
		"Tips and how-tos", "90 days from today", "Get the emails at another address")
	if strings.Contains(body, `value="keep"`) {
		t.Error("offers to keep a pause that there is not")
	}
	f.sub.Preferences = fibonacco.Preferences{Unwanted: []fibonacco.Topic{fibonacco.TopicOffers}, AtMostWeekly: true, PausedUntil: &until}
	f.sub.Timezone = "America/New_York"
	contains(t, "less", f.serve(get("/u/good")).Body.String(), `value="tips" checked`, `value="offers">`, `value="weekly" checked`,
		`name="pause" value="keep" checked`, "Paused until Thursday, December 24", "End the pause now")
	contains(t, "saved", f.serve(form("/u/good", "action=save&email=on&voicemail=on")).Body.String(),
		"Nothing more about “Offers and services”.", "One email a week at most.", "Nothing comes before Thursday, December 24")
	equal(t, "every field has a group", strings.Count(body, "<legend"), strings.Count(body, "<fieldset"))
}

func TestChoicesRead(t *testing.T) {
	yes, no, thirty, zero := true, false, 30, 0
	for name, tc := range map[string]struct {
		body string
		want fibonacco.Choices
	}{
		"an older page":     {"action=save&email=on", fibonacco.Choices{Email: true}},
		"all of it":         {"action=save&email=on&voicemail=on&topics=shown&topic=tips&topic=account&often=weekly&pause=30", fibonacco.Choices{Email: true, Voicemail: true, Topics: []fibonacco.Topic{"tips", "account"}, AtMostWeekly: &yes, PauseDays: &thirty}},
		"no topic":          {"action=save&email=on&topics=shown&often=all&pause=0", fibonacco.Choices{Email: true, Topics: []fibonacco.Topic{}, AtMostWeekly: &no, PauseDays: &zero}},
		"the pause goes on": {"action=save&pause=keep&topics=shown&topic=tips", fibonacco.Choices{Topics: []fibonacco.Topic{"tips"}}},
	} {
		f := newFakes()
		equal(t, name+": status", f.serve(form("/u/good", tc.body)).Code, http.StatusOK)
		got := f.choices
		same := got.Email == tc.want.Email && got.Voicemail == tc.want.Voicemail && slices.Equal(got.Topics, tc.want.Topics) && (got.Topics == nil) == (tc.want.Topics == nil) &&
			pointed(got.AtMostWeekly) == pointed(tc.want.AtMostWeekly) && pointed(got.PauseDays) == pointed(tc.want.PauseDays)
		if !same {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

// pointed is a pointer's value, or nil.
func pointed[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// Whoever left comes back by a mail, not by a tick; another address does too.
func TestComingBack(t *testing.T) {
	for name, tc := range map[string]struct {
		body    string
		in      bool
		tooMany bool
		status  int
		calls   string
		says    string
	}{
		"was in":             {"action=save&email=on", true, false, 200, "set", "Emails stay on"},
		"was out":            {"action=save&email=on", false, false, 200, "set,ask ", "One more step"},
		"stays out":          {"action=save", false, false, 200, "set", "You are unsubscribed"},
		"asked too often":    {"action=save&email=on", false, true, 429, "set", "written to you already"},
		"another address":    {"action=address&address=+new%40example.com+", true, false, 200, "ask new@example.com", "One more step"},
		"no address":         {"action=address&address=", true, false, 422, "", "not an email address"},
		"a bad address":      {"action=address&address=new", true, false, 422, "", "not an email address"},
		"another, too often": {"action=address&address=new%40example.com", true, true, 429, "", "written to you already"},
	} {
		f := newFakes()
		f.sub.Email, f.tooMany = tc.in, tc.tooMany
		w := f.serve(form("/u/good", tc.body))
		equal(t, name+": status", w.Code, tc.status)
		equal(t, name+": calls", strings.Join(f.calls, ","), tc.calls)
		contains(t, name, w.Body.String(), tc.says)
		if strings.Contains(w.Body.String(), "new@example.com") {
			t.Errorf("%s: repeats the address", name)
		}
	}
}

func TestConfirmationPage(t *testing.T) {
	f := newFakes()
	for range 3 {
		w := f.serve(get("/u/confirm/good?action=confirm"))
		equal(t, "status", w.Code, http.StatusOK)
		contains(t, "page", w.Body.String(), "Marisol &lt;Hair&gt;", "m•••@example.com", `action="/u/confirm/good"`, `value="confirm"`, fibonacco.EmailChoice)
		f.serve(httptest.NewRequest(http.MethodHead, "/u/confirm/good", nil))
	}
	equal(t, "posted without the button", f.serve(form("/u/confirm/good", "")).Code, http.StatusUnprocessableEntity)
	equal(t, "one click", f.serve(form("/u/confirm/good", "List-Unsubscribe=One-Click")).Code, http.StatusUnprocessableEntity)
	equal(t, "looking changes", len(f.calls), 0)
	w := f.serve(form("/u/confirm/good", "action=confirm"))
	equal(t, "status", w.Code, http.StatusOK)
	equal(t, "calls", strings.Join(f.calls, ","), "confirm")
	contains(t, "answer", w.Body.String(), "emails are on", "m•••@example.com")
	for token, status := range map[string]int{"used": http.StatusGone, "bad": http.StatusNotFound} {
		equal(t, token, f.serve(get("/u/confirm/"+token)).Code, status)
		equal(t, token+" posted", f.serve(form("/u/confirm/"+token, "action=confirm")).Code, status)
	}
	f.err = errors.New("away")
	equal(t, "database away", f.serve(form("/u/confirm/good", "action=confirm")).Code, http.StatusServiceUnavailable)
}
