package fibonacco

import (
	"context"
	"time"
)

// SendingState says whether programme mail leaves, and how healthy it is (M8-07).
type SendingState struct {
	Paused bool       `json:"paused"`
	Reason string     `json:"reason"` // why, for people; "" unless paused
	By     string     `json:"by"`     // health, or the name of who paused; "" unless paused
	Since  *time.Time `json:"since"`  // nil unless paused
	Health MailHealth `json:"health"`

	Warmup *WarmupState `json:"warmup"` // nil on days without a warm-up
}

// WarmupState is how today's part of the warm-up stands.
type WarmupState struct {
	Day       int    `json:"day"`       // of the warm-up, from 1
	Date      string `json:"date"`      // UTC
	Volume    int    `json:"volume"`    // mails that may leave today
	Sent      int    `json:"sent"`      // of them, those that have left or are about to
	Postponed int    `json:"postponed"` // mails put off to the next day, with the reason on each
}

// Rates of MailHealth in percent (M8-07): above the first staff are warned, above the second sending
// pauses by itself.
const (
	BounceWarning    = 3.0
	BouncePause      = 5.0
	ComplaintWarning = 0.05
	ComplaintPause   = 0.1
)

// MailHealth is what came back of the mail of the last 24 hours, or since sending was resumed by
// hand, when that is later.
type MailHealth struct {
	Since         time.Time `json:"since"`
	Sent          int       `json:"sent"`           // accepted by the provider
	Bounced       int       `json:"bounced"`        // permanently
	Complained    int       `json:"complained"`     // reported as spam
	BounceRate    float64   `json:"bounce_rate"`    // percent of Sent; 0 when nothing was sent
	ComplaintRate float64   `json:"complaint_rate"` // likewise
	Level         string    `json:"level"`          // ok, warning or critical
}

// SendingPaused says that no programme mail leaves, and SendingResumed that it does again.
type (
	SendingPaused struct {
		Reason string `json:"reason"`
		By     string `json:"by"`
	}
	// SendingResumed ends a SendingPaused.
	SendingResumed struct {
		By string `json:"by"`
	}
)

// Meta implements Event.
func (SendingPaused) Meta() EventMeta {
	return EventMeta{Type: "sending.paused", Category: CategoryOperations}
}

// Meta implements Event.
func (SendingResumed) Meta() EventMeta {
	return EventMeta{Type: "sending.resumed", Category: CategoryOperations}
}

// SendingControl stops and starts programme mail, for all nodes.
type SendingControl interface {
	SendingState(ctx context.Context) (*SendingState, error)
	// PauseSending holds everything that is queued; what is on the wire goes. Doing it again changes
	// nothing. Invalid without a reason.
	PauseSending(ctx context.Context, reason, by string) error
	// ResumeSending lets mail go again. Health is then counted from this moment on, so that what
	// caused the pause does not cause the next. Doing it again changes nothing.
	ResumeSending(ctx context.Context, by string) error
	// SettleSend says what became of a mail that is unknown, once somebody has looked: sent, failed, or
	// queued, which mails it again. why is for the audit log. NotFound outside the caller's communities,
	// Conflict unless it is unknown, Invalid for another status or no reason.
	SettleSend(ctx context.Context, id int64, became SendStatus, why string) error
}
