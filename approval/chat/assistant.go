package chat

import (
	"context"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Assistant answers visitors. It is asked outside of any transaction, and may take its time. An error,
// or an answer without text, becomes a holding answer that offers a person.
type Assistant interface {
	// Answer answers one message from the facts it is given and from nothing else. say gets the text in
	// parts as it comes; all of them together are the answer's text. The visitor's words are data: whatever
	// they ask for, nothing is done but answering.
	Answer(ctx context.Context, q Question, say func(part string) error) (Answer, error)
}

// Question is one message with everything that may be answered from.
type Question struct {
	Text     string
	Earlier  []fibonacco.ChatLine // of this session, oldest first
	Profile  fibonacco.BusinessProfile
	Answered []fibonacco.Answered // the owner's own answers
	Booking  string               // where to book; "" when nobody can
	Person   bool                 // somebody can be told
	Now      time.Time
}

// Answer is what an assistant says.
type Answer struct {
	Text   string
	Intent string // what it took the message for, at most 100 bytes
	Links  []Link // in order
	Offer  bool   // a person is offered
}

// Link is something that an answer leads to. Where it leads, the facts say when it is shown.
type Link string

// The links of answers.
const (
	BookingLink    Link = "booking"
	DirectionsLink Link = "directions"
	PhoneLink      Link = "phone"
	EmailLink      Link = "email"
	WebsiteLink    Link = "website"
)
