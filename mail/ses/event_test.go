package ses_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/ses"
)

// The shapes are those of AWS's developer guide: event publishing has eventType and tags,
// notifications have notificationType and headers.
func TestReports(t *testing.T) {
	t.Parallel()
	const tagged = `"mail":{"timestamp":"2026-11-23T10:00:00.000Z","messageId":"0100-a","destination":["somebody@else.test"],"tags":{"send":["42"],"ses:configuration-set":["events"]}}`
	const headed = `"mail":{"timestamp":"2026-11-23T10:00:00.000Z","messageId":"0100-a","headers":[{"name":"Message-ID","value":"<0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f@sender.test>"}]}`
	const bounced = `"bounce":{"bounceType":%q,"bounceSubType":%q,"bouncedRecipients":[{"emailAddress":"owner@shop.test","action":"failed","status":"5.1.1"}],"timestamp":"2026-11-23T10:00:05.123Z"}`
	const complained = `"complaint":{"complainedRecipients":[{"emailAddress":"Owner <owner@shop.test>"}],"timestamp":"2026-11-23T10:00:05.000Z"%s}`
	for name, tc := range map[string]struct{ message, want string }{
		"permanent bounce":      {fmt.Sprintf(`{"eventType":"Bounce",`+bounced+`,`+tagged+`}`, "Permanent", "General"), "42  owner@shop.test bounced Permanent true"},
		"unknown sub-type":      {fmt.Sprintf(`{"eventType":"Bounce",`+bounced+`,`+tagged+`}`, "Permanent", "SomethingNew"), "42  owner@shop.test bounced Permanent true"},
		"transient bounce":      {fmt.Sprintf(`{"eventType":"Bounce",`+bounced+`,`+tagged+`}`, "Transient", "MailboxFull"), "42  owner@shop.test bounced Transient false"},
		"undetermined bounce":   {fmt.Sprintf(`{"eventType":"Bounce",`+bounced+`,`+tagged+`}`, "Undetermined", "Undetermined"), "42  owner@shop.test bounced Undetermined false"},
		"notification form":     {fmt.Sprintf(`{"notificationType":"Bounce",`+bounced+`,`+headed+`}`, "Permanent", "NoEmail"), "0 0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f owner@shop.test bounced Permanent true"},
		"complaint":             {fmt.Sprintf(`{"eventType":"Complaint",`+complained+`,`+tagged+`}`, `,"complaintFeedbackType":"abuse"`), "42  owner@shop.test complained  true"},
		"complaint of no type":  {fmt.Sprintf(`{"eventType":"Complaint",`+complained+`,`+tagged+`}`, ``), "42  owner@shop.test complained  true"},
		"not spam after all":    {fmt.Sprintf(`{"eventType":"Complaint",`+complained+`,`+tagged+`}`, `,"complaintFeedbackType":"not-spam"`), ""},
		"failed authentication": {fmt.Sprintf(`{"eventType":"Complaint",`+complained+`,`+tagged+`}`, `,"complaintFeedbackType":"auth-failure"`), ""},
		"on SES's own list":     {fmt.Sprintf(`{"eventType":"Complaint",`+complained+`,`+tagged+`}`, `,"complaintSubType":"OnAccountSuppressionList"`), "42  owner@shop.test bounced Permanent true"},
		"delivery":              {`{"eventType":"Delivery","delivery":{"timestamp":"2026-11-23T10:00:05Z","recipients":["owner@shop.test","x@shop.test"]},` + tagged + `}`, "42  owner@shop.test delivered  false|42  x@shop.test delivered  false"},
		"delay":                 {`{"eventType":"DeliveryDelay","deliveryDelay":{"timestamp":"2026-11-23T10:00:05Z","delayType":"MailboxFull","delayedRecipients":[{"emailAddress":"owner@shop.test"}]},` + tagged + `}`, "42  owner@shop.test delayed  false"},
		"reject":                {`{"eventType":"Reject","reject":{"reason":"Bad content"},` + tagged + `}`, "42   rejected  false"},
		"rendering failure":     {`{"eventType":"Rendering Failure","failure":{"errorMessage":"x","templateName":"y"},` + tagged + `}`, "42   rejected  false"},
		"open":                  {`{"eventType":"Open","open":{"ipAddress":"192.0.2.1","timestamp":"2026-11-23T10:00:05Z","userAgent":"Mozilla/5.0"},` + tagged + `}`, "42   opened  false"},
		"click":                 {`{"eventType":"Click","click":{"ipAddress":"192.0.2.1","timestamp":"2026-11-23T10:00:05Z","userAgent":"x","link":"https://a.test","linkTags":{"a":["b"]}},` + tagged + `}`, "42   clicked  false"},
		"send":                  {`{"eventType":"Send","send":{},` + tagged + `}`, ""},
		"subscription":          {`{"eventType":"Subscription","subscription":{},` + tagged + `}`, ""},
		"a type to come":        {`{"eventType":"Teleport",` + tagged + `}`, ""},
		"a bounce of nobody":    {`{"eventType":"Bounce",` + tagged + `}`, ""},
		"a tag of another kind": {`{"eventType":"Reject","reject":{},"mail":{"tags":{"send":["x"]}}}`, "0   rejected  false"},
		"not about a mail":      {`{"hello":"world"}`, "malformed"},
		"no JSON":               {`Successfully validated SNS topic for Amazon SES event publishing.`, "malformed"},
	} {
		reports, err := ses.Reports(tc.message)
		var got []string
		for _, r := range reports {
			got = append(got, fmt.Sprintf("%d %s %s %s %s %t", r.SendID, r.UUID, r.Recipient, r.Kind, r.BounceType, r.Hold))
		}
		if err != nil {
			got = []string{string(fibonacco.CodeOf(err))}
		}
		if strings.Join(got, "|") != tc.want {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

// What is kept of a message is what was said, word for word, and not whom the mail went to and what its
// headers were.
func TestKeptOfReports(t *testing.T) {
	t.Parallel()
	const mail = `"mail":{"timestamp":"2026-11-23T10:00:00Z","messageId":"0100-a","destination":["owner@shop.test"],` +
		`"headers":[{"name":"Subject","value":"Secret"}],"tags":{"send":["42"]}}`
	for kind, said := range map[string]string{
		"Bounce":            `"bounce":{"bounceType":"Transient", "bouncedRecipients":[{"emailAddress":"o@shop.test","diagnosticCode":"smtp; 452 <full> ü"}],"timestamp":"2026-11-23T10:00:05Z"}`,
		"Delivery":          `"delivery":{"timestamp":"2026-11-23T10:00:05Z","recipients":["o@shop.test"],"smtpResponse":"250 ok"}`,
		"Reject":            `"reject":{"reason":"Bad content"}`,
		"Rendering Failure": `"failure":{"errorMessage":"x"}`,
		"Open":              `"open":{"timestamp":"2026-11-23T10:00:05Z"}`,
	} {
		reports, err := ses.Reports(fmt.Sprintf(`{"eventType":%q,%s,%s}`, kind, said, mail))
		if err != nil || len(reports) != 1 {
			t.Fatalf("%s: %v, %v", kind, reports, err)
		}
		want := fmt.Sprintf(`{"eventType":%q,"mail":{"messageId":"0100-a","timestamp":"2026-11-23T10:00:00Z"},%s}`, kind, said)
		if got := reports[0].Raw; got != want {
			t.Errorf("%s: kept %s\nwant %s", kind, got, want)
		}
	}
}

func FuzzReports(f *testing.F) {
	f.Add(`{"eventType":"Bounce","bounce":{"bouncedRecipients":[{"emailAddress":"a@b"}]},"mail":{"tags":{"send":["1"]}}}`)
	f.Fuzz(func(t *testing.T, message string) {
		reports, err := ses.Reports(message)
		if err != nil && (reports != nil || fibonacco.CodeOf(err) != fibonacco.Malformed) {
			t.Errorf("%v, %v", reports, err)
		}
		for _, r := range reports {
			if !json.Valid([]byte(r.Raw)) {
				t.Errorf("keeps %q", r.Raw)
			}
		}
	})
}

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError)
	os.Exit(m.Run())
}
