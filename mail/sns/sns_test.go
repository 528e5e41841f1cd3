package sns_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/sns"
	"github.com/fibonacco/fibonacco/mail/sns/snstest"
)

const topic = "arn:aws:sns:us-east-1:123456789012:ses-events"

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func verifier(a *snstest.Amazon, topics ...string) *sns.Verifier {
	return sns.New(sns.Options{Topics: topics, Clock: snstest.Clock{At: now}, Client: &http.Client{Transport: a}})
}

func notification(change func(m map[string]string)) map[string]string {
	m := map[string]string{
		"Type": "Notification", "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", "TopicArn": topic, "Message": "{\"eventType\":\"Bounce\"}\nü\"<>&",
		"Timestamp": now.Add(-time.Second).Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": "2",
	}
	if change != nil {
		change(m)
	}
	return m
}

func TestVerify(t *testing.T) {
	t.Parallel()
	a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
	confirmation := func(kind string) func(map[string]string) {
		return func(m map[string]string) {
			m["Type"], m["Token"], m["SubscribeURL"] = kind, "2336412f37", "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription"
		}
	}
	set := func(name, value string) func(map[string]string) { return func(m map[string]string) { m[name] = value } }
	for name, tc := range map[string]struct {
		signed func(map[string]string) // before it is signed
		forged func(map[string]string) // afterwards
		topics []string
		want   fibonacco.Code
	}{
		"version 2":              {},
		"version 1":              {signed: set("SignatureVersion", "1")},
		"with a subject":         {signed: set("Subject", "Amazon SES Email Event Notification")},
		"an empty subject":       {signed: set("Subject", "")},
		"confirmation":           {signed: confirmation("SubscriptionConfirmation")},
		"the end of one":         {signed: confirmation("UnsubscribeConfirmation")},
		"59 minutes old":         {signed: set("Timestamp", now.Add(-59*time.Minute).Format(time.RFC3339))},
		"two hours old":          {signed: set("Timestamp", now.Add(-2*time.Hour).Format(time.RFC3339)), want: fibonacco.Forbidden},
		"from the future":        {signed: set("Timestamp", now.Add(time.Hour).Format(time.RFC3339)), want: fibonacco.Forbidden},
		"no time":                {signed: set("Timestamp", "yesterday"), want: fibonacco.Forbidden},
		"another's topic":        {signed: set("TopicArn", "arn:aws:sns:us-east-1:999999999999:ses-events"), want: fibonacco.Forbidden},
		"no topic is ours":       {topics: []string{}, want: fibonacco.Forbidden},
		"message changed":        {forged: set("Message", "{}"), want: fibonacco.Forbidden},
		"id changed":             {forged: set("MessageId", "x"), want: fibonacco.Forbidden},
		"subject added":          {forged: set("Subject", "x"), want: fibonacco.Forbidden},
		"type changed":           {forged: set("Type", "SubscriptionConfirmation"), want: fibonacco.Forbidden},
		"type of no kind":        {signed: set("Type", "Other"), want: fibonacco.Forbidden},
		"no signature":           {forged: set("Signature", ""), want: fibonacco.Forbidden},
		"signature is no base64": {forged: set("Signature", "!!!"), want: fibonacco.Forbidden},
		"version 3":              {forged: set("SignatureVersion", "3"), want: fibonacco.Forbidden},
		"no version":             {forged: set("SignatureVersion", ""), want: fibonacco.Forbidden},
		"version 1 claimed of 2": {forged: set("SignatureVersion", "1"), want: fibonacco.Forbidden},
		"no id":                  {signed: set("MessageId", ""), want: fibonacco.Forbidden},
		"certificate by http":    {forged: set("SigningCertURL", "http://sns.us-east-1.amazonaws.com/x.pem"), want: fibonacco.Forbidden},
		"certificate elsewhere":  {forged: set("SigningCertURL", "https://evil.example/x.pem"), want: fibonacco.Forbidden},
		"a look-alike":           {forged: set("SigningCertURL", "https://sns.us-east-1.amazonaws.com.evil.example/x.pem"), want: fibonacco.Forbidden},
		"a user in the address":  {forged: set("SigningCertURL", "https://sns.us-east-1.amazonaws.com@evil.example/x.pem"), want: fibonacco.Forbidden},
		"a port":                 {forged: set("SigningCertURL", "https://sns.us-east-1.amazonaws.com:8443/x.pem"), want: fibonacco.Forbidden},
		"a query":                {forged: set("SigningCertURL", snstest.CertURL+"?x=.pem"), want: fibonacco.Forbidden},
		"no certificate's name":  {forged: set("SigningCertURL", "https://sns.us-east-1.amazonaws.com/x"), want: fibonacco.Forbidden},
		"a bucket called sns":    {forged: set("SigningCertURL", "https://sns.s3.amazonaws.com/x.pem"), want: fibonacco.Forbidden},
		"China's certificate":    {forged: set("SigningCertURL", "https://sns.cn-north-1.amazonaws.com.cn/x.pem")},
		"no address":             {forged: set("SigningCertURL", ""), want: fibonacco.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := notification(tc.signed)
			body := a.Sign(m)
			if tc.forged != nil {
				tc.forged(m)
				body, _ = json.Marshal(m)
			}
			parsed, err := sns.Parse(body)
			if err != nil {
				t.Fatal(err)
			}
			topics := tc.topics
			if topics == nil {
				topics = []string{topic}
			}
			if got := fibonacco.CodeOf(verifier(a, topics...).Verify(t.Context(), parsed)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCertificate(t *testing.T) {
	t.Parallel()
	verify := func(t *testing.T, a *snstest.Amazon, v *sns.Verifier) error {
		t.Helper()
		m, err := sns.Parse(a.Sign(notification(nil)))
		if err != nil {
			t.Fatal(err)
		}
		return v.Verify(t.Context(), m)
	}
	t.Run("is fetched once", func(t *testing.T) {
		t.Parallel()
		a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
		v := verifier(a, topic)
		for range 50 {
			if err := verify(t, a, v); err != nil {
				t.Fatal(err)
			}
		}
		if a.Fetched.Load() != 1 {
			t.Errorf("fetched %d times", a.Fetched.Load())
		}
	})
	for name, a := range map[string]*snstest.Amazon{
		"expired":     snstest.New(now.Add(-2*time.Hour), now.Add(-time.Hour)),
		"not yet":     snstest.New(now.Add(time.Hour), now.Add(2*time.Hour)),
		"no PEM":      {Key: snstest.New(now, now).Key, PEM: []byte("<html>")},
		"another key": {Key: snstest.New(now, now).Key, PEM: snstest.New(now.Add(-time.Hour), now.Add(time.Hour)).PEM},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := verify(t, a, verifier(a, topic)); fibonacco.CodeOf(err) != fibonacco.Forbidden {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("is not followed elsewhere", func(t *testing.T) {
		t.Parallel()
		a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
		a.Answer = func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "sns.us-east-1.amazonaws.com" {
				t.Errorf("asked %s", r.URL)
			}
			return &http.Response{StatusCode: http.StatusFound, Header: http.Header{"Location": {"https://evil.example/x.pem"}}, Body: http.NoBody, Request: r}, nil
		}
		if err := verify(t, a, verifier(a, topic)); fibonacco.CodeOf(err) != fibonacco.Unavailable {
			t.Errorf("got %v", err)
		}
	})
	t.Run("Amazon is away for a moment", func(t *testing.T) {
		t.Parallel()
		a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
		a.Answer = func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
		v := verifier(a, topic)
		for range 20 {
			if err := verify(t, a, v); fibonacco.CodeOf(err) != fibonacco.Unavailable {
				t.Errorf("got %v", err)
			}
		}
		if a.Fetched.Load() != 1 {
			t.Errorf("asked %d times at once", a.Fetched.Load())
		}
	})
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body string
		want fibonacco.Code
	}{
		"empty":     {"", fibonacco.Malformed},
		"cut off":   {`{"Type":"Notification"`, fibonacco.Malformed},
		"a list":    {`[]`, fibonacco.Malformed},
		"two":       {`{}{}`, fibonacco.Malformed},
		"deep":      {strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), fibonacco.Malformed},
		"deep list": {`{"a":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, fibonacco.Malformed},
		"a number":  {`{"Message":1}`, fibonacco.Malformed},
		"oversized": {`{"Message":"` + strings.Repeat("x", sns.MaxSize) + `"}`, fibonacco.TooLarge},
		"fine":      {`{"Type":"Notification","Message":"{[{[{[{["}`, ""},
	} {
		if _, err := sns.Parse([]byte(tc.body)); fibonacco.CodeOf(err) != tc.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
	v := verifier(a, topic)
	good := a.Sign(notification(nil))
	f.Add(good)
	f.Add([]byte(`{"Type":"SubscriptionConfirmation","Token":"x"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := sns.Parse(body)
		if err != nil {
			if m != nil || fibonacco.CodeOf(err) == fibonacco.Internal {
				t.Errorf("%v, %v", m, err)
			}
			return
		}
		if err := v.Verify(t.Context(), m); err == nil && m.Message != notification(nil)["Message"] {
			t.Errorf("believed %q", m.Message)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	a := snstest.New(now.Add(-time.Hour), now.Add(time.Hour))
	v := verifier(a, topic)
	body := a.Sign(notification(nil))
	for b.Loop() {
		m, err := sns.Parse(body)
		if err == nil {
			err = v.Verify(b.Context(), m)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
