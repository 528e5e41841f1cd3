package ses_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/ses"
	"github.com/fibonacco/fibonacco/mail/sns"
	"github.com/fibonacco/fibonacco/mail/sns/snstest"
	"github.com/fibonacco/fibonacco/web/hook"
)

// shelf keeps what it was told; err is what it answers.
type shelf struct {
	got []fibonacco.MailDelivery
	err error
}

func (s *shelf) TakeReports(_ context.Context, d fibonacco.MailDelivery) (bool, error) {
	s.got = append(s.got, d)
	return true, s.err
}

// From the wire to the contract, as Amazon would call it.
func TestWebhook(t *testing.T) {
	t.Parallel()
	const topic = "arn:aws:sns:us-east-1:123456789012:ses-events"
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	amazon := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
	message := func(change func(map[string]string)) string {
		m := map[string]string{
			"Type": "Notification", "MessageId": "m-1", "TopicArn": topic, "Timestamp": now.Format(time.RFC3339), "SignatureVersion": "1",
			"Message": `{"eventType":"Delivery","delivery":{"timestamp":"2026-11-23T10:00:05Z","recipients":["owner@shop.test"]},"mail":{"tags":{"send":["42"]}}}`,
		}
		if change != nil {
			change(m)
		}
		return string(amazon.Sign(m))
	}
	confirmed := 0
	for name, tc := range map[string]struct {
		body   string
		err    error
		status int
		got    int
	}{
		"a delivery":       {body: message(nil), status: 200, got: 1},
		"somebody's topic": {body: message(func(m map[string]string) { m["TopicArn"] = topic + "2" }), status: 403},
		"forged":           {body: strings.Replace(message(nil), "owner@shop.test", "other@shop.test", 1), status: 403},
		"truncated":        {body: message(nil)[:100], status: 400},
		"oversized":        {body: message(func(m map[string]string) { m["Message"] = strings.Repeat("x", 300<<10) }), status: 413},
		"not SES's":        {body: message(func(m map[string]string) { m["Message"] = "hello" }), status: 200},
		"cannot be stored": {body: message(nil), err: errors.New("the database is away"), status: 500, got: 1},
		"the end of a topic": {body: message(func(m map[string]string) {
			m["Type"], m["Token"], m["SubscribeURL"] = "UnsubscribeConfirmation", "t", "https://sns.us-east-1.amazonaws.com/"
		}), status: 200},
	} {
		s := &shelf{err: tc.err}
		w := ses.NewWebhook(sns.New(sns.Options{Topics: []string{topic}, Clock: snstest.Clock{At: now}, Client: &http.Client{Transport: amazon}}),
			func(context.Context, *sns.Message) error { confirmed++; return nil }, s, slog.New(slog.DiscardHandler))
		r := httptest.NewRequest(http.MethodPost, "/webhooks/ses", strings.NewReader(tc.body))
		r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
		answer := httptest.NewRecorder()
		hook.New(hook.Options{SES: w}).ServeHTTP(answer, r)
		if answer.Code != tc.status || len(s.got) != tc.got {
			t.Errorf("%s: %d with %d deliveries, want %d with %d: %s", name, answer.Code, len(s.got), tc.status, tc.got, answer.Body)
		}
		if tc.got == 1 && (s.got[0].ID != "sns:m-1" || s.got[0].Reports[0].SendID != 42) {
			t.Errorf("%s: %+v", name, s.got[0])
		}
	}
	if confirmed != 0 {
		t.Error("something was confirmed that nobody asked for")
	}
}
