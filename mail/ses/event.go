package ses

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// event is a message of SES's about one mail, as event publishing and as feedback notifications
// write it.
type event struct {
	EventType        string `json:"eventType"`
	NotificationType string `json:"notificationType"`
	Mail             struct {
		Timestamp time.Time `json:"timestamp"`
		MessageID string    `json:"messageId"`
		Headers   []header  `json:"headers"`

		Tags map[string][]string `json:"tags"`
	} `json:"mail"`
	Bounce *said[struct {
		BounceType        string      `json:"bounceType"`
		BounceSubType     string      `json:"bounceSubType"`
		BouncedRecipients []recipient `json:"bouncedRecipients"`
		Timestamp         time.Time   `json:"timestamp"`
	}] `json:"bounce"`
	Complaint *said[struct {
		ComplainedRecipients  []recipient `json:"complainedRecipients"`
		Timestamp             time.Time   `json:"timestamp"`
		ComplaintSubType      string      `json:"complaintSubType"`
		ComplaintFeedbackType string      `json:"complaintFeedbackType"`
		UserAgent             string      `json:"userAgent"`
	}] `json:"complaint"`
	Delivery *said[struct {
		Timestamp  time.Time `json:"timestamp"`
		Recipients []string  `json:"recipients"`
	}] `json:"delivery"`
	DeliveryDelay *said[struct {
		Timestamp         time.Time   `json:"timestamp"`
		DelayedRecipients []recipient `json:"delayedRecipients"`
	}] `json:"deliveryDelay"`
	Open *said[struct {
		Timestamp time.Time `json:"timestamp"`
		IPAddress string    `json:"ipAddress"`
		UserAgent string    `json:"userAgent"`
	}] `json:"open"`
	Click *said[struct {
		Timestamp time.Time `json:"timestamp"`
		IPAddress string    `json:"ipAddress"`
		UserAgent string    `json:"userAgent"`
		Link      string    `json:"link"`
	}] `json:"click"`
	Reject  *said[struct{}] `json:"reject"`
	Failure *said[struct{}] `json:"failure"`
}

// said is a part of a message, read, and as it was.
type said[T any] struct {
	is   T
	text []byte
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *said[T]) UnmarshalJSON(text []byte) error {
	s.text = bytes.Clone(text)
	return json.Unmarshal(text, &s.is)
}

func (s *said[T]) raw() []byte {
	if s == nil {
		return nil
	}
	return s.text
}

// brief is the message without what we know anyway, the mail's headers and recipients among it: what
// was said, of which mail. It is what is kept with the event.
func (e *event) brief(kind string) string {
	name, of := "delivery", e.Delivery.raw()
	for _, p := range []struct {
		kind, name string
		text       []byte
	}{
		{"Bounce", "bounce", e.Bounce.raw()},
		{"Complaint", "complaint", e.Complaint.raw()},
		{"DeliveryDelay", "deliveryDelay", e.DeliveryDelay.raw()},
		{"Reject", "reject", e.Reject.raw()},
		{"Rendering Failure", "failure", e.Failure.raw()},
		{"Open", "open", e.Open.raw()},
		{"Click", "click", e.Click.raw()},
	} {
		if p.kind == kind {
			name, of = p.name, p.text
		}
	}
	about, err := json.Marshal(map[string]any{"messageId": e.Mail.MessageID, "timestamp": e.Mail.Timestamp})
	if err != nil { // a year beyond 9999
		about = []byte("null")
	}
	if of == nil {
		of = []byte("null")
	}
	return fmt.Sprintf(`{"eventType":%q,"mail":%s,%q:%s}`, kind, about, name, of)
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type recipient struct {
	EmailAddress string `json:"emailAddress"`
}

// mostRecipients bounds a report: a mail of ours has one recipient.
const mostRecipients = 100

// Reports reads one message of SES's. Those that say nothing about what became of a mail (Send,
// Subscription) give none. Returns Malformed for what is not such a message.
func Reports(message string) ([]fibonacco.MailReport, error) {
	var e event
	if err := json.Unmarshal([]byte(message), &e); err != nil {
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the message of SES is not JSON as it should be", Err: err}
	}
	kind := e.EventType
	if kind == "" {
		kind = e.NotificationType
	}
	base := fibonacco.MailReport{Raw: e.brief(kind)}
	base.SendID, base.UUID = e.mail()
	switch {
	case kind == "Bounce" && e.Bounce != nil:
		return e.bounces(base), nil
	case kind == "Complaint" && e.Complaint != nil:
		return e.complaints(base), nil
	case kind == "Delivery" && e.Delivery != nil:
		base.Kind, base.At = "delivered", e.Delivery.is.Timestamp
		return each(base, e.Delivery.is.Recipients), nil
	case kind == "DeliveryDelay" && e.DeliveryDelay != nil:
		base.Kind, base.At = "delayed", e.DeliveryDelay.is.Timestamp
		return each(base, addresses(e.DeliveryDelay.is.DelayedRecipients)), nil
	case kind == "Reject", kind == "Rendering Failure":
		base.Kind, base.At = "rejected", e.Mail.Timestamp
		return []fibonacco.MailReport{base}, nil
	case kind == "Open" && e.Open != nil:
		base.Kind, base.At, base.IP, base.UserAgent = "opened", e.Open.is.Timestamp, e.Open.is.IPAddress, e.Open.is.UserAgent
		return []fibonacco.MailReport{base}, nil
	case kind == "Click" && e.Click != nil:
		base.Kind, base.At, base.IP, base.UserAgent, base.Link = "clicked", e.Click.is.Timestamp, e.Click.is.IPAddress, e.Click.is.UserAgent, e.Click.is.Link
		return []fibonacco.MailReport{base}, nil
	case kind == "":
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the message is not about a mail")
	}
	return nil, nil // Send, Subscription, and whatever comes later
}

// bounces: the list of those who bounced counts, never the list of destinations.
func (e *event) bounces(r fibonacco.MailReport) []fibonacco.MailReport {
	r.Kind, r.At, r.BounceType = "bounced", e.Bounce.is.Timestamp, e.Bounce.is.BounceType
	r.Hold = r.BounceType == "Permanent" // whatever the sub-type: General, NoEmail, Suppressed, OnAccountSuppressionList, or one yet unknown
	return each(r, addresses(e.Bounce.is.BouncedRecipients))
}

// complaints: "not-spam" takes a complaint back, "auth-failure" is about signatures, and what SES
// held back because of its own list is not a new complaint.
func (e *event) complaints(r fibonacco.MailReport) []fibonacco.MailReport {
	if e.Complaint.is.ComplaintSubType == "OnAccountSuppressionList" {
		r.Kind, r.BounceType, r.Hold = "bounced", "Permanent", true
	} else {
		switch e.Complaint.is.ComplaintFeedbackType {
		case "not-spam", "auth-failure":
			return nil
		}
		r.Kind, r.Hold = "complained", true
	}
	r.At, r.UserAgent = e.Complaint.is.Timestamp, e.Complaint.is.UserAgent
	return each(r, addresses(e.Complaint.is.ComplainedRecipients))
}

func addresses(list []recipient) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.EmailAddress
	}
	return out
}

// each is a report for each recipient. Addresses come bare or as "Name <address>".
func each(r fibonacco.MailReport, list []string) []fibonacco.MailReport {
	var out []fibonacco.MailReport
	for _, address := range list[:min(len(list), mostRecipients)] {
		if parsed, err := mail.ParseAddress(address); err == nil {
			address = parsed.Address
		}
		r.Recipient = address
		out = append(out, r)
	}
	return out
}

var uuidAt = regexp.MustCompile(`^<?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@`)

// mail is which mail of ours the message is about: by our tag, else by the Message-ID that we gave
// it, which SES keeps among the headers.
func (e *event) mail() (sendID int64, uuid string) {
	if values := e.Mail.Tags["send"]; len(values) == 1 {
		if id, err := strconv.ParseInt(values[0], 10, 64); err == nil && id > 0 {
			return id, ""
		}
	}
	for _, h := range e.Mail.Headers {
		if strings.EqualFold(h.Name, "Message-ID") {
			if m := uuidAt.FindStringSubmatch(strings.TrimSpace(h.Value)); m != nil {
				return 0, m[1]
			}
		}
	}
	return 0, ""
}
