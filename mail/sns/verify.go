package sns

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1 is SHA-1: SNS's choice, not ours
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Verifier proves messages. Safe for concurrent use.
type Verifier struct {
	topics []string
	clock  fibonacco.Clock
	certs  *certificates
}

// Options of a Verifier.
type Options struct {
	Topics []string        // ARNs whose messages are believed; none refuses everything
	Clock  fibonacco.Clock // nil is the machine's: SNS knows nothing of a virtual clock
	Client *http.Client    // fetches certificates; nil is one with a short timeout and no redirects
	Roots  *x509.CertPool  // whose certificates sign; nil is the system's
}

// New makes a Verifier.
func New(o Options) *Verifier {
	if o.Clock == nil {
		o.Clock = fibonacco.SystemClock{}
	}
	return &Verifier{topics: o.Topics, clock: o.Clock, certs: newCertificates(o.Client, o.Roots, o.Clock)}
}

const (
	oldest = time.Hour + 5*time.Minute // SNS retries for an hour, with the first try's timestamp
	ahead  = 5 * time.Minute           // clocks differ
)

// Verify returns Forbidden unless the message is from an allowed topic, signed by SNS, and not old.
// Unavailable says that the certificate cannot be had right now: SNS will come again.
func (v *Verifier) Verify(ctx context.Context, m *Message) error {
	if !slices.Contains(v.topics, m.TopicARN) {
		return fibonacco.Errorf(fibonacco.Forbidden, "the topic is not one of ours")
	}
	at, err := m.At()
	now := v.clock.Now()
	if err != nil || at.Before(now.Add(-oldest)) || at.After(now.Add(ahead)) {
		return fibonacco.Errorf(fibonacco.Forbidden, "the message is too old, or from the future")
	}
	if m.MessageID == "" || len(m.MessageID) > 100 {
		return fibonacco.Errorf(fibonacco.Forbidden, "the message has no id")
	}
	text, err := m.signed()
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || len(signature) == 0 {
		return fibonacco.Errorf(fibonacco.Forbidden, "the message is not signed")
	}
	var hash crypto.Hash
	var sum []byte
	switch m.SignatureVersion {
	case "1":
		s := sha1.Sum(text) //nolint:gosec // see the import
		hash, sum = crypto.SHA1, s[:]
	case "2":
		s := sha256.Sum256(text)
		hash, sum = crypto.SHA256, s[:]
	default:
		return fibonacco.Errorf(fibonacco.Forbidden, "the signature is of no version that is known")
	}
	key, err := v.certs.key(ctx, m.SigningCertURL)
	if err != nil {
		return err
	}
	if rsa.VerifyPKCS1v15(key, hash, sum, signature) != nil {
		return fibonacco.Errorf(fibonacco.Forbidden, "the signature does not fit the message")
	}
	return nil
}
