// Package sns reads and proves the messages that Amazon SNS posts to a webhook (R7). A signature
// shows that some topic of SNS sent a message, not that it was ours: topics are allow-listed. What
// is refused is refused before anything of it is believed, and nothing in a message is ever
// fetched but the signing certificate, from Amazon's own hosts.
package sns

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
)

// MaxSize is the most bytes that a message can have: SNS itself takes no more than 256 KiB.
const MaxSize = 256 << 10

// The types of message.
const (
	Notification             = "Notification"
	SubscriptionConfirmation = "SubscriptionConfirmation"
	UnsubscribeConfirmation  = "UnsubscribeConfirmation"
)

// Message is one message, as SNS wrote it.
type Message struct {
	Type             string  `json:"Type"`
	MessageID        string  `json:"MessageId"`
	TopicARN         string  `json:"TopicArn"`
	Subject          *string `json:"Subject"` // nil when absent: it is then not signed
	Message          string  `json:"Message"`
	Timestamp        string  `json:"Timestamp"`
	Token            string  `json:"Token"`
	SubscribeURL     string  `json:"SubscribeURL"` // never fetched
	SignatureVersion string  `json:"SignatureVersion"`
	Signature        string  `json:"Signature"`
	SigningCertURL   string  `json:"SigningCertURL"`
}

// Parse reads a body. Returns TooLarge or Malformed.
func Parse(text []byte) (*Message, error) {
	if len(text) > MaxSize {
		return nil, fibonacco.Errorf(fibonacco.TooLarge, "the message is larger than %d bytes", MaxSize)
	}
	if deep(text) {
		return nil, fibonacco.Errorf(fibonacco.Malformed, "the message is nested")
	}
	var m Message
	if err := json.Unmarshal(text, &m); err != nil { // also when there is something behind the message
		return nil, &fibonacco.Error{Code: fibonacco.Malformed, Message: "the message is not JSON as SNS writes it", Err: err}
	}
	return &m, nil
}

// deep reports whether JSON has more than two levels outside of its texts: SNS's envelope has one,
// and one for attributes of a message.
func deep(text []byte) bool {
	depth, quoted, escaped := 0, false, false
	for _, c := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > 3 {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// At is when SNS sent the message.
func (m *Message) At() (time.Time, error) {
	at, err := time.Parse(time.RFC3339Nano, m.Timestamp)
	if err != nil {
		return at, fmt.Errorf("timestamp: %w", err)
	}
	return at, nil
}

// signed is the text that the signature is of: names and values in the order of the names, a line
// each.
func (m *Message) signed() ([]byte, error) {
	b := make([]byte, 0, len(m.Message)+1024)
	line := func(name, value string) {
		b = append(append(append(append(b, name...), '\n'), value...), '\n')
	}
	line("Message", m.Message)
	line("MessageId", m.MessageID)
	switch m.Type {
	case Notification:
		if m.Subject != nil {
			line("Subject", *m.Subject)
		}
		line("Timestamp", m.Timestamp)
	case SubscriptionConfirmation, UnsubscribeConfirmation:
		line("SubscribeURL", m.SubscribeURL)
		line("Timestamp", m.Timestamp)
		line("Token", m.Token)
	default:
		return nil, fibonacco.Errorf(fibonacco.Forbidden, "the message is of no type that SNS has")
	}
	line("TopicArn", m.TopicARN)
	line("Type", m.Type)
	return b, nil
}
