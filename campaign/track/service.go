// Package track keeps what recipients do with a mail, and what providers say became of it: opens,
// clicks, deliveries, bounces, complaints, and the way out (M2-06, M2-07, M2-09…11, M2-25).
//
// Follow one click: service.go takes the token and queues a note, ingest.go commits it together
// with whatever else is waiting (D5), store.go reads the sends of that batch and writes rows and
// events, verdict.go tells people from machines by the rules of package verdicts (R5), target.go says
// where the click leads, and only then is the caller answered. rejudge.go thinks again. outcome.go does
// what providers report, unsubscribe.go is the preference page, wishes.go what is chosen there, confirm.go
// the way back in.
//
// It plans and sends nothing; what an open is worth is another module's business.
package track

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/track/verdicts"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// What email_events.event_type says. Opened and clicked carry a verdict; delayed and rejected
// change nothing but the event list.
const (
	delivered    = "delivered"
	opened       = "opened"
	clicked      = "clicked"
	bounced      = "bounced"
	complained   = "complained"
	delayed      = "delayed"
	rejected     = "rejected"
	unsubscribed = "unsubscribed"
)

// Service implements fibonacco.Tracker, Unsubscriber, Resubscriber and TrackingVerdicts. Safe for concurrent use.
type Service struct {
	db      *db.DB
	queue   *queue.Queue
	signer  *fibonacco.Signer
	base    string // public URL without a slash at the end
	targets targets
	rules   *verdicts.Rules
	prove   ConsentKeeper // nil keeps no proof
	book    Addresses

	ingest *db.GroupCommit[*note, string]
}

var (
	_ fibonacco.Tracker          = (*Service)(nil)
	_ fibonacco.Unsubscriber     = (*Service)(nil)
	_ fibonacco.Resubscriber     = (*Service)(nil)
	_ fibonacco.TrackingVerdicts = (*Service)(nil)
)

// New makes the service. Open, Click and Record wait until Start; the rest works at once.
func New(d *db.DB, q *queue.Queue, signer *fibonacco.Signer, cfg fibonacco.Config) *Service {
	s := &Service{
		db:     d,
		queue:  q,
		signer: signer,
		base:   strings.TrimRight(cfg.HTTP.PublicURL, "/"),
		rules:  verdicts.Shipped(),
	}
	s.ingest = db.NewGroupCommit(d, batchMost, s.write)
	return s
}

// unknownLink is all that a caller learns about a token that opens nothing.
func unknownLink() error { return fibonacco.Errorf(fibonacco.NotFound, "this link is not known") }

// Open implements fibonacco.Tracker.
func (s *Service) Open(ctx context.Context, token string, hit fibonacco.Hit) error {
	claim, ok := s.signer.VerifySend(fibonacco.TrackToken, token)
	if !ok || claim.LinkID != 0 {
		return nil
	}
	_, err := s.ingest.Submit(ctx, s.hitNote(opened, claim, hit))
	if fibonacco.CodeOf(err) == fibonacco.NotFound { // the send is gone; the pixel is shown all the same
		return nil
	}
	return err
}

// Click implements fibonacco.Tracker. EmailClicked is published for the first click of a link of a
// send that is not a machine's; every click is a row of its own.
func (s *Service) Click(ctx context.Context, token string, hit fibonacco.Hit) (target string, err error) {
	claim, ok := s.signer.VerifySend(fibonacco.TrackToken, token)
	if !ok || claim.LinkID == 0 {
		return "", unknownLink()
	}
	return s.ingest.Submit(ctx, s.hitNote(clicked, claim, hit))
}

// Record stores what a provider, or a reader of mailboxes, says became of a mail: delivered,
// opened, clicked, bounced, complained, unsubscribed, delayed, rejected. Returns after it is
// durable. Repeats change nothing but the event list. NotFound for an unknown send, Invalid for an
// unknown type.
func (s *Service) Record(ctx context.Context, sendID int64, eventType string, data fibonacco.EmailEventData) error {
	n := &note{
		kind: eventType, sendID: sendID, at: data.At, link: cutText(data.LinkClicked, maxLink),
		ip: address(data.IP), agent: cutText(data.UserAgent, maxAgent),
	}
	switch eventType {
	case opened, clicked:
		n.verdict = data.Verdict
		if n.verdict == "" {
			n.verdict = fibonacco.UnknownAgent
		}
	case bounced:
		n.bounce = undetermined
		if data.BounceType == permanent || data.BounceType == transient {
			n.bounce = data.BounceType
		}
	case delivered, complained, delayed, rejected, unsubscribed:
	default:
		return fibonacco.InvalidFields("the event cannot be stored", []fibonacco.FieldError{{Field: "event_type", Reason: "is not known"}})
	}
	if json.Valid([]byte(data.Raw)) && !strings.Contains(data.Raw, `\u0000`) { // jsonb has no place for a zero
		n.raw = data.Raw
	}
	if n.at.IsZero() {
		n.at = s.db.Clock().Now()
	}
	_, err := s.ingest.Submit(ctx, n)
	return err
}

// note is one thing on its way into the database.
type note struct {
	kind     string // event type
	sendID   int64
	at       time.Time
	link     string // where the click leads, without any token
	linkID   int64
	tracked  bool              // came by a token: target and verdict are ours to find
	verdict  fibonacco.Verdict // "" until judged, and where there is nothing to judge
	rule     string            // that decided
	ip       string            // "" when not known
	agent    string
	method   string // "" for what a provider reports
	prefetch bool
	bounce   string
	raw      string // JSON

	afterDelivery *int64 // milliseconds; nil when not known

	uuid      string    // of a report that does not know the send's id
	recipient string    // key of the address that a report is about; "" when it names none
	delivery  *delivery // a provider's message with notes of its own; nothing else is then set
}

func (s *Service) hitNote(kind string, claim fibonacco.SendClaim, hit fibonacco.Hit) *note {
	n := &note{
		kind: kind, sendID: claim.SendID, linkID: claim.LinkID, tracked: true, at: hit.At,
		ip: address(hit.IP), agent: cutText(hit.UserAgent, maxAgent), method: "GET", prefetch: hit.Prefetch,
	}
	if n.at.IsZero() {
		n.at = s.db.Clock().Now()
	}
	if hit.Method == "HEAD" {
		n.method = hit.Method
	}
	return n
}

const (
	maxAgent = 512  // characters of a user agent that are kept
	maxLink  = 2048 // of a link that a provider reports
)

// cutText is s as a text column takes it on both engines: valid UTF-8 without zeros, at most n
// characters.
func cutText(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

// address is an IP address as an inet column takes it, or "".
func address(ip string) string {
	a, err := netip.ParseAddr(strings.TrimSpace(ip))
	if err != nil {
		return ""
	}
	return a.WithZone("").Unmap().String()
}
