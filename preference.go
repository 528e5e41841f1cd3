package fibonacco

import (
	"context"
	"time"
)

// Topic is what a mail is about, as the owner of a small business sees it.
type Topic string

// The topics.
const (
	TopicTips    Topic = "tips"    // teaches something
	TopicOffers  Topic = "offers"  // offers a service
	TopicAccount Topic = "account" // is about what the business has with us
)

// Topics is every topic, in the order a page shows them.
var Topics = []Topic{TopicTips, TopicOffers, TopicAccount}

// Title is what a topic is called in front of people.
func (t Topic) Title() string {
	switch t {
	case TopicTips:
		return "Tips and how-tos"
	case TopicOffers:
		return "Offers and services"
	case TopicAccount:
		return "Your account"
	}
	return string(t)
}

// Topic is what the mails of a type are about. A type that nobody knows counts as an offer: whoever
// wants none gets none of it.
func (t CampaignType) Topic() Topic {
	switch t {
	case Edu, HowTo:
		return TopicTips
	case Intro:
		return TopicAccount
	}
	return TopicOffers
}

// PauseChoices is for how many days a business may ask for quiet.
var PauseChoices = []int{30, 60, 90}

// Preferences is what a business wants of what it may get. The zero value wants everything, as the
// programme has it.
type Preferences struct {
	Unwanted     []Topic    // in the order of Topics
	AtMostWeekly bool       // one programme mail in seven local days
	PausedUntil  *time.Time // nothing leaves before: midnight of a local day; nil when there is no pause
}

// Subscription is what the preference page shows.
type Subscription struct {
	SMBID        int64
	BusinessName string
	MaskedEmail  string // "m•••@example.com": the link may have been forwarded
	Email        bool   // programme e-mails wanted, and the address not suppressed
	Voicemail    bool   // voicemails wanted
	DoNotContact bool
	Timezone     string // of its community
	Preferences
}

// Choices is what the preference page changes.
type Choices struct {
	Email        bool // false is the way out; true keeps what holds, and brings nobody back: see Resubscriber
	Voicemail    bool
	Topics       []Topic // that are wanted; nil leaves them as they are
	AtMostWeekly *bool   // nil leaves it as it is
	PauseDays    *int    // one of PauseChoices, from today; 0 ends a pause; nil leaves it as it is
}

// Unsubscriber is the way out, by the signed link of every mail (M2-25).
type Unsubscriber interface {
	// Subscription returns NotFound when the token proves nothing. Changes nothing.
	Subscription(ctx context.Context, token string) (*Subscription, error)
	// Unsubscribe opts out of e-mail at once and suppresses the address the link was mailed to.
	// Doing it again is no error.
	Unsubscribe(ctx context.Context, token string, hit Hit) error
	// SetSubscription stores the choices of the preference page. Invalid for a topic or pause that
	// there is not.
	SetSubscription(ctx context.Context, token string, c Choices, hit Hit) error
}

// Confirmation is what somebody who wants mail again is asked to confirm.
type Confirmation struct {
	BusinessName string
	MaskedEmail  string
}

// Resubscriber lets an address back in, or a new one, once its owner has confirmed it by a mail
// (double opt-in).
type Resubscriber interface {
	// AskConfirmation has one confirmation mailed to address, or for "" to the one that the
	// preference link was mailed to. Whether the address can be mailed at all is not told: nothing
	// leaves for one that is suppressed other than by its owner. NotFound when the token proves
	// nothing, Invalid for what is no address, TooMany when it was asked too often.
	AskConfirmation(ctx context.Context, token, address string) error
	// Confirmation is what a confirmation's link asks. Changes nothing. NotFound when the token
	// proves nothing, Conflict when it is too old or was used.
	Confirmation(ctx context.Context, token string) (*Confirmation, error)
	// Confirm records the consent, makes the address the business's own, lifts its unsubscribe, and
	// opts in; a suppression for another reason stays. Errors as of Confirmation.
	Confirm(ctx context.Context, token string, hit Hit) (*Confirmation, error)
}
