package fibonacco

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"strings"
)

// BounceToken is the kind of the tokens in return paths.
const BounceToken TokenKind = 'b'

// Relays may put a local part in lower case: base32 survives that.
var returnPath = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const returnPrefix = "b-"

// ReturnPath is the envelope sender of one send (VERP): what comes back to it is about that send,
// whatever the bounce message says.
func (s *Signer) ReturnPath(c SendClaim, domain string) string {
	raw, err := base64.RawURLEncoding.DecodeString(s.SignSend(BounceToken, c))
	if err != nil {
		return "" // SignSend writes nothing else
	}
	return returnPrefix + returnPath.EncodeToString(raw) + "@" + domain
}

// ReadReturnPath is the claim of an address that ReturnPath made; false for any other.
func (s *Signer) ReadReturnPath(address string) (SendClaim, bool) {
	local, _, _ := strings.Cut(address, "@")
	text, ok := strings.CutPrefix(strings.ToLower(local), returnPrefix)
	if !ok || len(text) > 120 {
		return SendClaim{}, false
	}
	raw, err := returnPath.DecodeString(text)
	if err != nil {
		return SendClaim{}, false
	}
	return s.VerifySend(BounceToken, base64.RawURLEncoding.EncodeToString(raw))
}

// IncomingMail is one message that came by mail.
type IncomingMail struct {
	From       string // envelope sender; "" for the null sender
	Recipients []string
	Message    []byte // RFC 5322
	RemoteIP   string
}

// MailTaker is whoever takes mail that comes in.
type MailTaker interface {
	// Takes reports whether there is such a mailbox; asked for each recipient before the message is
	// read.
	Takes(ctx context.Context, recipient string) bool
	// TakeMail returns after the message is durable. Any error but Malformed asks the sender to come
	// again.
	TakeMail(ctx context.Context, m IncomingMail) error
}
