package fibonacco

import (
	"context"
	"io"
	"time"
)

// Mail is one finished message on its way to a provider.
type Mail struct {
	SendID    int64             // the ledger's row; 0 for mail outside the ledger
	From      string            // envelope sender, bare address
	To        string            // envelope recipient, bare address
	MessageID string            // as in the header, without angle brackets
	Message   []byte            // RFC 5322 with CRLF line ends; must not be changed once handed over
	Tags      map[string]string // provider tags (campaign, smb, send); nil when the provider has none
}

// HandoverResult is what is known about one attempt to hand a mail over.
type HandoverResult int

// The results. Only Accepted and Refused end a send's life; Unknown waits for the provider's own
// events or a person (R1).
const (
	NotTried   HandoverResult = iota // nothing that could deliver it left this machine: try again, not counted
	Accepted                         // the provider has it
	Deferred                         // clearly refused for now: retry later, counted
	Refused                          // clearly refused for good
	Unanswered                       // the body left, no answer came: may or may not have arrived
)

// Handover is the outcome of handing one mail over.
type Handover struct {
	Result    HandoverResult
	MessageID string // the provider's id; "" means Mail.MessageID
	Code      int    // SMTP or HTTP status; 0 when there was none
	Reason    string // the provider's words, without addresses; "" when accepted

	Slower bool          // the recipient's domain asks for less; the result says what became of this mail
	After  time.Duration // with NotTried: not before this has passed; 0 leaves it to the sender
}

// FlightLog is told just before the bytes leave that could deliver a mail. What was told survives
// the death of the process, so that a restart knows which mails are in doubt. Calls are cheap
// (no system call) and safe for concurrent use.
type FlightLog interface {
	Intent(sendID int64)
}

// Mailer hands mails to a provider: SMTP, Amazon SES, or the built-in catcher.
type Mailer interface {
	// Name is "smtp", "ses" or "catcher".
	Name() string
	// Run hands over what arrives on mails until the channel is closed and everything is done, or
	// ctx ends. It calls flight.Intent before each body leaves and done exactly once for each mail
	// it took from the channel, from any goroutine; done must not block for long. It keeps its own
	// number of connections, takes nothing from the channel while the provider is unreachable, and
	// slows all of them down when the provider says so. When ctx ends it finishes what is on the
	// wire, gives it at most a few seconds, and returns.
	Run(ctx context.Context, mails <-chan *Mail, flight FlightLog, done func(*Mail, Handover))
	// Ready is nil when hand-over can be tried, else why not: "connection refused, next try in 4 s".
	Ready() error
	// Check talks to the provider and proves that it would take mail. For doctor and /ready.
	Check(ctx context.Context) error
}

// CaughtMail is one message that the built-in catcher took instead of sending it.
type CaughtMail struct {
	ID      int64 // counts up from 1
	At      time.Time
	From    string // envelope
	To      string // envelope
	Subject string // decoded
	Size    int
}

// Mailbox is what the catcher holds.
type Mailbox interface {
	// ListCaught is one page, newest first, before a cursor id (0 starts), of those whose
	// recipient or subject holds query ("" is all). total counts all that match.
	ListCaught(ctx context.Context, query string, before int64, limit int) (page []CaughtMail, total int, err error)
	// Caught returns one message with its raw bytes, or NotFound.
	Caught(ctx context.Context, id int64) (*CaughtMail, []byte, error)
}

// Phone mails nothing and rings nobody by itself: it turns telephone provider requests into calls.
type Phone interface {
	Name() string
	// VerifyRequest proves that a webhook came from the provider; Forbidden when not.
	VerifyRequest(url string, form map[string][]string, signature string) error
}

// Model is a language model, or the scripted assistant.
type Model interface {
	Name() string
	// Complete answers the last turn. system is trusted, turns are not.
	Complete(ctx context.Context, system string, turns []Turn, maxTokens int) (string, error)
}

// Transcriber turns recorded speech into text.
type Transcriber interface {
	Transcribe(ctx context.Context, audioURL string) (string, error)
}

// FileStore keeps files by name: a local folder, or S3.
type FileStore interface {
	Put(ctx context.Context, name string, content io.Reader, contentType string) error
	// Open returns NotFound when there is no such file.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
	Remove(ctx context.Context, name string) error
}

// Limiter shares rates between all nodes over Redis, or within this process. Real time.
type Limiter interface {
	// Take asks for n of key's budget of perSecond a second, with a burst of one second. It returns
	// 0 when granted, else how long to wait before asking again.
	Take(ctx context.Context, key string, perSecond float64, n int) time.Duration
	// State says in a few words how the limits are shared: "redis", "this process",
	// "redis is away: this node keeps to half".
	State() string
}

// Bulletin tells every node that something changed, so that pages can move. It may lose
// messages and never blocks.
type Bulletin interface {
	Notify(topic string)
	// Listen yields topics until ctx ends; slow listeners miss some.
	Listen(ctx context.Context) <-chan string
}

// Part is one thing the product leans on, as /ready and doctor show it.
type Part struct {
	Name    string        `json:"name"` // database, queue, redis, mailer, clock
	OK      bool          `json:"ok"`
	Fatal   bool          `json:"fatal"`  // this node cannot serve without it
	Detail  string        `json:"detail"` // no secrets
	Latency time.Duration `json:"latency_ns"`
}
