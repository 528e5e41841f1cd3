package fibonacco

import (
	"context"
	"time"
)

// MailReport is what a provider, or a bounce message, says became of one mail to one recipient.
type MailReport struct {
	SendID    int64  // the ledger's row, when the provider carried our tag; 0 when not known
	UUID      string // the send's, from our Message-ID, when SendID is 0; "" when not known
	Recipient string // bare address the report is about; "" when the report names none

	Kind       string // delivered, bounced, complained, delayed, rejected, opened, clicked
	At         time.Time
	BounceType string // of bounced: Permanent, Transient or Undetermined
	Hold       bool   // of bounced and complained: the address gets no more mail (protocols §2)
	Link       string // of clicked
	IP         string
	UserAgent  string
	Raw        string // the provider's JSON, "" when there is none
}

// MailDelivery is one message of a provider's, with the reports it holds. It counts once, however
// often it comes.
type MailDelivery struct {
	ID      string // the provider's, of the message
	Reports []MailReport
}

// MailReports takes what providers say.
type MailReports interface {
	// TakeReports returns after the delivery is durable; first is false when it came before, and
	// nothing was changed. Reports about mails that are not ours are left aside and are no error.
	TakeReports(ctx context.Context, d MailDelivery) (first bool, err error)
}

// WebhookRequest is what a provider posted, not yet believed.
type WebhookRequest struct {
	URL    string // as the provider called it: public scheme and host, with the query
	Header map[string][]string
	Body   []byte
}

// Get is a header's first value, "" when it is not there; name is in canonical form.
func (r *WebhookRequest) Get(name string) string {
	if v := r.Header[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Webhook takes one provider's calls.
type Webhook interface {
	// Receive proves a call and returns after what it says is durable. Forbidden when it proves
	// nothing, or when no secret or topic is configured to prove it by; Malformed or TooLarge when it
	// cannot be read. A call that came before is nil and has no effect (R7).
	Receive(ctx context.Context, r WebhookRequest) error
}
