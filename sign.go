package fibonacco

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
	"sync"
	"time"
)

// TokenKind keeps the tokens of one purpose from opening another's door: it is part of what is
// signed.
type TokenKind byte

// The kinds of public links.
const (
	TrackToken       TokenKind = 't' // pixel and click of one send
	UnsubscribeToken TokenKind = 'u' // preference page of one send's recipient
	LearnToken       TokenKind = 'l' // personalised learning page
	ApproveToken     TokenKind = 'a' // approval of one service; expires
	PasswordToken    TokenKind = 'p' // lets a user set a password; expires, good once
	ConfirmToken     TokenKind = 'c' // confirms that an address wants mail; expires, good once
	VoicemailToken   TokenKind = 'v' // where a provider reports the result of one voicemail
	ViewToken        TokenKind = 'w' // one visit to one learning page
	ReceiptToken     TokenKind = 'd' // what follows one approval: its success page and its offers
	OwnerToken       TokenKind = 'o' // a business's own pages: what it has approved, to fill in and change; expires
	BookingToken     TokenKind = 'b' // one booking, for whoever made it
	ReviewToken      TokenKind = 'r' // one request for a review
	TillToken        TokenKind = 'q' // lets whoever stands at the till of a business redeem its coupons
	ChatToken        TokenKind = 'h' // one conversation with one business's assistant
	SetupToken       TokenKind = 'i' // makes the code that lets the first user of an installation in
)

const (
	macSize     = 16 // bytes kept of HMAC-SHA-256
	tokenHeader = 1  // key id
)

// Signer makes and checks the opaque tokens of public links (R6). The first secret signs, all
// of them verify, so a key is rotated by putting a new one in front. Safe for concurrent use.
type Signer struct {
	keys []signKey
}

type signKey struct {
	id   byte
	pool *sync.Pool // of *macState: keying HMAC costs more than the sum itself
}

// macState is a keyed HMAC with room for its input and sum, so that a token costs no allocation.
type macState struct {
	hash hash.Hash
	text []byte // kind and payload
	sum  []byte
}

// NewSigner takes one or more secrets, separated by commas, each at least 32 bytes long (as text
// or hex). The key's id inside a token is derived from the secret, so their order may change.
// Returns Invalid when there is none or one is too short.
func NewSigner(secrets string) (*Signer, error) {
	s := &Signer{}
	for secret := range strings.SplitSeq(secrets, ",") {
		secret = strings.TrimSpace(secret)
		key := []byte(secret)
		if raw, err := hex.DecodeString(secret); err == nil && len(raw) >= 32 {
			key = raw
		}
		if len(key) < 32 {
			return nil, Errorf(Invalid, "the secret key must be at least 32 bytes long, for example the output of: openssl rand -hex 32")
		}
		id := sha256.Sum256(append([]byte("fibonacco key id:"), key...))
		s.keys = append(s.keys, signKey{
			id: id[0],
			pool: &sync.Pool{New: func() any {
				return &macState{hash: hmac.New(sha256.New, key), text: make([]byte, 0, 128), sum: make([]byte, 0, sha256.Size)}
			}},
		})
	}
	return s, nil
}

// Sign makes a token that carries payload, readable but not changeable by whoever holds it.
func (s *Signer) Sign(kind TokenKind, payload []byte) string {
	return string(s.AppendSigned(nil, kind, payload))
}

// AppendSigned is Sign onto the end of dst, for hot paths.
func (s *Signer) AppendSigned(dst []byte, kind TokenKind, payload []byte) []byte {
	var scratch [96]byte
	raw := append(scratch[:0], s.keys[0].id)
	raw = append(raw, payload...)
	raw = s.keys[0].appendMAC(raw, kind, payload)
	return base64.RawURLEncoding.AppendEncode(dst, raw)
}

// Verify returns the payload of a token that this product signed for this kind, and false for
// anything else. The comparison takes the same time wherever the token is wrong.
func (s *Signer) Verify(kind TokenKind, token string) (payload []byte, ok bool) {
	if len(token) > 512 {
		return nil, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) < tokenHeader+macSize {
		return nil, false
	}
	payload, mac := raw[tokenHeader:len(raw)-macSize], raw[len(raw)-macSize:]
	for _, key := range s.keys {
		if key.id != raw[0] {
			continue
		}
		var scratch [macSize]byte
		if subtle.ConstantTimeCompare(mac, key.appendMAC(scratch[:0], kind, payload)) == 1 {
			return payload, true
		}
	}
	return nil, false
}

func (k signKey) appendMAC(dst []byte, kind TokenKind, payload []byte) []byte {
	m := k.pool.Get().(*macState)
	m.hash.Reset()
	m.text = append(append(m.text[:0], byte(kind)), payload...)
	m.hash.Write(m.text)
	m.sum = m.hash.Sum(m.sum[:0])
	dst = append(dst, m.sum[:macSize]...)
	k.pool.Put(m)
	return dst
}

// SendClaim is what the link of a mail proves: it was in this send, to this SMB.
type SendClaim struct {
	SendID int64
	SMBID  int64
	LinkID int64 // 0 for the pixel, the unsubscribe and the learning link
}

// AppendSend signs a claim onto the end of dst.
func (s *Signer) AppendSend(dst []byte, kind TokenKind, c SendClaim) []byte {
	var scratch [3 * binary.MaxVarintLen64]byte
	p := binary.AppendVarint(scratch[:0], c.SendID)
	p = binary.AppendVarint(p, c.SMBID)
	p = binary.AppendVarint(p, c.LinkID)
	return s.AppendSigned(dst, kind, p)
}

// SignSend is AppendSend as a string.
func (s *Signer) SignSend(kind TokenKind, c SendClaim) string {
	return string(s.AppendSend(nil, kind, c))
}

// VerifySend returns the claim of a token made by SignSend for the same kind.
func (s *Signer) VerifySend(kind TokenKind, token string) (c SendClaim, ok bool) {
	p, ok := s.Verify(kind, token)
	if !ok {
		return SendClaim{}, false
	}
	for _, field := range []*int64{&c.SendID, &c.SMBID, &c.LinkID} {
		v, n := binary.Varint(p)
		if n <= 0 {
			return SendClaim{}, false
		}
		*field, p = v, p[n:]
	}
	return c, len(p) == 0
}

// SignID makes the token of one thing that has an id: a confirmation, a receipt, a booking, a request
// for a review. What became of the thing since, its module knows.
func (s *Signer) SignID(kind TokenKind, id int64) string {
	return s.Sign(kind, binary.AppendVarint(nil, id))
}

// VerifyID returns the id of a token made by SignID for the same kind.
func (s *Signer) VerifyID(kind TokenKind, token string) (id int64, ok bool) {
	p, ok := s.Verify(kind, token)
	if !ok {
		return 0, false
	}
	id, n := binary.Varint(p)
	return id, n > 0 && n == len(p)
}

// OwnerClaim is what the link of a business's own pages proves: its holder was mailed it at the
// address on record, and may see and change what the business has approved.
type OwnerClaim struct {
	SMBID   int64
	Expires time.Time
}

// SignOwner makes the token of a business's own pages.
func (s *Signer) SignOwner(c OwnerClaim) string {
	p := binary.AppendVarint(nil, c.SMBID)
	return s.Sign(OwnerToken, binary.AppendVarint(p, c.Expires.Unix()))
}

// VerifyOwner returns the claim of a token made by SignOwner, expired or not: look at Expires.
func (s *Signer) VerifyOwner(token string) (c OwnerClaim, ok bool) {
	p, ok := s.Verify(OwnerToken, token)
	if !ok {
		return OwnerClaim{}, false
	}
	var n int
	if c.SMBID, n = binary.Varint(p); n <= 0 {
		return OwnerClaim{}, false
	}
	expires, m := binary.Varint(p[n:])
	c.Expires = time.Unix(expires, 0).UTC()
	return c, m > 0 && n+m == len(p)
}

// TillClaim is what the link of a till proves. It does not expire, for it is kept on a device at the
// till; it is called in by making the next generation of links.
type TillClaim struct {
	SMBID      int64
	Generation int64
}

// SignTill makes the token of a till.
func (s *Signer) SignTill(c TillClaim) string {
	return s.Sign(TillToken, binary.AppendVarint(binary.AppendVarint(nil, c.SMBID), c.Generation))
}

// VerifyTill returns the claim of a token made by SignTill, called in or not: look at Generation.
func (s *Signer) VerifyTill(token string) (c TillClaim, ok bool) {
	p, ok := s.Verify(TillToken, token)
	if !ok {
		return TillClaim{}, false
	}
	var n, m int
	if c.SMBID, n = binary.Varint(p); n <= 0 {
		return TillClaim{}, false
	}
	c.Generation, m = binary.Varint(p[n:])
	return c, m > 0 && n+m == len(p)
}

// SignApproval makes an approval token (M4-01).
func (s *Signer) SignApproval(c ApprovalClaim) string {
	p := binary.AppendVarint(nil, c.SMBID)
	p = binary.AppendVarint(p, c.Expires.Unix())
	p = append(p, c.ServiceType...)
	p = append(p, 0)
	p = append(p, c.SourceID...)
	return s.Sign(ApproveToken, p)
}

// VerifyApproval returns the claim of a token made by SignApproval, expired or not: look at
// Expires.
func (s *Signer) VerifyApproval(token string) (c ApprovalClaim, ok bool) {
	p, ok := s.Verify(ApproveToken, token)
	if !ok {
		return ApprovalClaim{}, false
	}
	var n int
	if c.SMBID, n = binary.Varint(p); n <= 0 {
		return ApprovalClaim{}, false
	}
	p = p[n:]
	expires, n := binary.Varint(p)
	if n <= 0 {
		return ApprovalClaim{}, false
	}
	c.Expires = time.Unix(expires, 0).UTC()
	service, source, found := strings.Cut(string(p[n:]), "\x00")
	c.ServiceType, c.SourceID = service, source
	return c, found
}
