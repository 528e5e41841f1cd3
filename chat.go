package fibonacco

import (
	"context"
	"time"
)

// ChatLimits bound what one visitor can write.
const (
	ChatMessageMost = 500 // characters of one message
	ChatLinesMost   = 60  // messages and answers of one session
)

// ChatPage is a business's assistant as a visitor sees it.
type ChatPage struct {
	Business string
	Slug     string
	Greeting string
	Session  string // opaque, for the next message; "" until the first one
	Lines    []ChatLine
	Preview  bool // its owner tries it: nobody is told of anything
	Full     bool // the session takes no more messages
	Person   bool // somebody can be told; false without an address on record
	Told     bool // the business has been told of this session
}

// ChatLine is one message or one answer. Text is plain: whatever stands in it is shown as it is.
type ChatLine struct {
	Visitor bool
	Text    string
	Links   []ChatLink
	Offer   bool // the answer offers that a person replies
	At      time.Time
}

// ChatLink leads on from an answer: to a booking page, a map, a telephone.
type ChatLink struct {
	Label string `json:"label"`
	URL   string `json:"url"`
}

// ChatContact is how a visitor wants to be reached.
type ChatContact struct {
	Name  string
	Reach string // an e-mail address or a telephone number
}

// Chats are what visitors of a business's site use (M4-17). A session is an opaque token that only the
// browser which began it holds; it opens one conversation with one business, and nothing else.
type Chats interface {
	// Chat is the assistant, with the conversation of a session; "" is none yet. Changes nothing. Returns
	// NotFound when there is no assistant that talks to the public at the slug, and Forbidden for a token
	// that is not one of a session with it.
	Chat(ctx context.Context, slug, session string) (*ChatPage, error)
	// Say stores a message and the answer to it, and returns the session, which is a new one for "", and
	// the answer. heard, when not nil, gets the answer's text in parts, as it comes. Returns what Chat does;
	// Invalid (field message) for what cannot be a message; TooMany when the session, or the business for
	// today, takes no more.
	Say(ctx context.Context, slug, session, message string, heard func(part string) error) (token string, answer *ChatLine, err error)
	// LeaveContact tells the business of a session, with all that was said, and how to reach the visitor;
	// once: after that it changes nothing. Returns what Chat does; Invalid (fields name, reach); Conflict when
	// there is nobody to tell.
	LeaveContact(ctx context.Context, slug, session string, c ChatContact) error
}

// AssistantSettings is what an owner decides about the assistant.
type AssistantSettings struct {
	Slug       string
	On         bool // talks to the public; off until the owner says so
	Withdrawn  bool // the service has ended: nothing turns it on
	Greeting   string
	TellStreet bool // names the street address
	Questions  []Answered
	Facts      AssistantFacts // what it answers from, beside the questions; read only
}

// AssistantFacts is what an assistant knows: nothing else is ever told.
type AssistantFacts struct {
	Profile  BusinessProfile
	Hours    string // the week in words; "" when it is not told
	Booking  string // where to book; "" when nobody can
	CanReach bool   // the business has an address for notices
}

// Transcript is one conversation, for the business's owner.
type Transcript struct {
	ID      string
	Name    string // "" unless the visitor left it
	Reach   string
	Started time.Time
	Lines   []ChatLine
}

// Assistants are what owners of businesses use.
type Assistants interface {
	// Assistant returns NotFound for a business that has none.
	Assistant(ctx context.Context, smbID int64) (*AssistantSettings, error)
	// SetAssistant stores On, Greeting, TellStreet and Questions. Returns Invalid (fields greeting,
	// questions[0].question, questions[0].answer, …), and Conflict for one whose service has ended.
	SetAssistant(ctx context.Context, smbID int64, s AssistantSettings) error
	// TryAssistant begins a session in which the owner tries the assistant, on or off.
	TryAssistant(ctx context.Context, smbID int64) (slug, session string, err error)
	// Transcripts are the newest sessions with something in them, at most 50, of the last 30 days; older
	// ones are deleted. Those that the owner tried are not among them.
	Transcripts(ctx context.Context, smbID int64) ([]Transcript, error)
}
