package dropcowboy

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// tolerance is how far a call's timestamp may be from our clock.
const tolerance = 300 * time.Second

// statusEvent tells what became of a voicemail. All others are taken and left aside; the receipt that
// follows it says the same once more.
const statusEvent = "contact.rvm.status"

// Webhook takes what Drop Cowboy posts: signed webhooks, and the unsigned results that go to the
// callback address of a voicemail, which carries a proof of ours. It implements fibonacco.Webhook.
type Webhook struct {
	secrets []string
	signer  *fibonacco.Signer
	reports fibonacco.DropReports
	log     *slog.Logger
	now     func() time.Time
}

var _ fibonacco.Webhook = (*Webhook)(nil)

// NewWebhook makes a Webhook. secrets are separated by commas, each of one webhook of the account;
// without any, signed calls are refused. signer knows the proofs of callback addresses.
func NewWebhook(secrets string, signer *fibonacco.Signer, reports fibonacco.DropReports, log *slog.Logger) *Webhook {
	w := &Webhook{signer: signer, reports: reports, log: log, now: fibonacco.RealTime}
	for s := range strings.SplitSeq(secrets, ",") {
		if s = strings.TrimSpace(s); s != "" {
			w.secrets = append(w.secrets, s)
		}
	}
	if w.log == nil {
		w.log = slog.Default()
	}
	return w
}

// Receive implements fibonacco.Webhook.
func (w *Webhook) Receive(ctx context.Context, r fibonacco.WebhookRequest) error {
	if r.Get("X-Signature") != "" {
		return w.signed(ctx, r)
	}
	return w.callback(ctx, r)
}

// envelope is the body of a webhook.
type envelope struct {
	EventID string `json:"event_id"`
	Event   string `json:"event"`
	Data    result `json:"data"`
}

// signed takes a webhook.
func (w *Webhook) signed(ctx context.Context, r fibonacco.WebhookRequest) error {
	if err := w.verify(r); err != nil {
		return err
	}
	var e envelope
	if err := json.Unmarshal(r.Body, &e); err != nil {
		return &fibonacco.Error{Code: fibonacco.Malformed, Message: "the call is not JSON as Drop Cowboy writes it", Err: err}
	}
	if e.EventID == "" {
		e.EventID = r.Get("X-Event-Id")
	}
	if e.Event != statusEvent {
		w.log.DebugContext(ctx, "an event of the voicemail provider's is left aside", "event", clip(e.Event))
		return nil
	}
	if e.EventID == "" || len(e.EventID) > 64 {
		return fibonacco.Errorf(fibonacco.Malformed, "the event has no id")
	}
	return w.take(ctx, e.Data, fibonacco.DropReport{EventID: e.EventID})
}

// verify proves that a call is from an account whose secret we know, and fresh. Without a secret
// nothing is believed (R7).
func (w *Webhook) verify(r fibonacco.WebhookRequest) error {
	forbidden := func(why string) error {
		return fibonacco.Errorf(fibonacco.Forbidden, "the call does not prove to be Drop Cowboy's: %s", why)
	}
	if len(w.secrets) == 0 {
		return forbidden("no secret is configured")
	}
	if v := r.Get("X-Signature-Version"); v != "" && v != "v1" {
		return forbidden("the signature is of an unknown version")
	}
	stamp := r.Get("X-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(stamp) > 12 {
		return forbidden("it has no timestamp")
	}
	if age := w.now().Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return forbidden("it is stale")
	}
	signature, ok := strings.CutPrefix(r.Get("X-Signature"), "sha256=")
	if !ok {
		return forbidden("the signature is not SHA-256")
	}
	given, err := hex.DecodeString(signature)
	if err != nil {
		return forbidden("the signature is not hexadecimal")
	}
	for _, secret := range w.secrets {
		if hmac.Equal(given, mac(secret, stamp, r.Body)) {
			return nil
		}
	}
	return forbidden("the signature is wrong")
}

// Sign is the value of X-Signature for a body that is posted at a time.
func Sign(secret, timestamp string, body []byte) string {
	return "sha256=" + hex.EncodeToString(mac(secret, timestamp, body))
}

func mac(secret, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// callback takes an unsigned result. What it says counts only for the voicemail whose address, with
// our proof, was given to nobody but the provider, and whose id it tells back.
func (w *Webhook) callback(ctx context.Context, r fibonacco.WebhookRequest) error {
	u, err := url.Parse(r.URL)
	if err != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "the call proves nothing")
	}
	claim, ok := w.signer.VerifySend(fibonacco.VoicemailToken, u.Query().Get("proof"))
	if !ok {
		return fibonacco.Errorf(fibonacco.Forbidden, "the call proves nothing")
	}
	var body result
	if err := json.Unmarshal(r.Body, &body); err != nil {
		return &fibonacco.Error{Code: fibonacco.Malformed, Message: "the call is not JSON as Drop Cowboy writes it", Err: err}
	}
	if body.ForeignID == "" {
		return fibonacco.Errorf(fibonacco.Forbidden, "the call does not name its voicemail")
	}
	return w.take(ctx, body, fibonacco.DropReport{DropID: claim.SendID})
}

// take hands a result on. One that says nothing is taken, and left aside.
func (w *Webhook) take(ctx context.Context, body result, with fibonacco.DropReport) error {
	report, ok := body.report()
	if !ok {
		return nil
	}
	report.EventID, report.DropID = with.EventID, with.DropID
	if !isUUID(report.UUID) {
		if report.DropID != 0 {
			return fibonacco.Errorf(fibonacco.Forbidden, "the call does not name its voicemail")
		}
		report.UUID = "" // another system's: the number may still be one that we know
	}
	_, err := w.reports.TakeDropReport(ctx, report)
	return err
}

// isUUID reports whether text is a uuid as we write them.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i, r := range text {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (r == '-') || !dash && !strings.ContainsRune("0123456789abcdef", r) {
			return false
		}
	}
	return true
}

func clip(text string) string { return text[:min(len(text), 60)] }
