// Package dkim signs messages (RFC 6376, RFC 8463), with one key or several: RSA for everybody,
// Ed25519 beside it for those who know it.
//
// A signature says that the message, from its From header to its last byte, is as the owner of the
// domain sent it. Both List-Unsubscribe headers are under it, as one-click unsubscribing demands
// (RFC 8058). Do not sign what a provider rewrites and signs itself: Amazon's SMTP endpoint gives
// messages its own Message-ID.
package dkim

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/fibonacco/fibonacco"
)

// minRSA is what verifiers still accept (RFC 8301).
const minRSA = 1024

// signed are the headers under the signature. One that is missing is signed as missing, so that
// nobody can add it; From, which people see, is listed twice, so that nobody can add another.
var signed = []string{
	"From", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "List-Unsubscribe", "List-Unsubscribe-Post",
}

// Key is one private key and where its public half is found: in a TXT record at
// <Selector>._domainkey.<Domain>.
type Key struct {
	Domain   string // of the From address, or one above it
	Selector string
	PEM      []byte // RSA or Ed25519, PKCS #8, or RSA in PKCS #1
}

// Signer signs messages. Safe for concurrent use. Signing with RSA-2048 takes about a millisecond
// of processor time, with Ed25519 a twentieth of it.
type Signer struct {
	options []*dkim.SignOptions
}

// New reads the keys and tries each of them. It returns Invalid when one cannot be used.
func New(keys ...Key) (*Signer, error) {
	s := &Signer{}
	for _, k := range keys {
		private, err := parse(k.PEM)
		if err == nil && (k.Domain == "" || k.Selector == "") {
			err = fmt.Errorf("it needs a domain and a selector")
		}
		if err != nil {
			return nil, fibonacco.Errorf(fibonacco.Invalid, "the DKIM key %q of %q cannot be used: %v", k.Selector, k.Domain, err)
		}
		s.options = append(s.options, &dkim.SignOptions{
			Domain: k.Domain, Selector: k.Selector, Signer: private, HeaderKeys: signed,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed,
			BodyCanonicalization:   dkim.CanonicalizationRelaxed,
		})
	}
	if len(s.options) == 0 {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "signing needs a DKIM key")
	}
	if _, err := s.Sign([]byte("From: a@example.com\r\n\r\n")); err != nil {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "signing with the DKIM keys fails: %v", err)
	}
	return s, nil
}

// Sign returns a copy of the message with one signature for each key in front. The message has CRLF
// line ends and a From header.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	if !hasFrom(message) {
		return nil, fmt.Errorf("the message has no From header")
	}
	var signatures []byte
	for _, o := range s.options {
		signer, err := dkim.NewSigner(o)
		if err != nil {
			return nil, fmt.Errorf("sign with %s._domainkey.%s: %w", o.Selector, o.Domain, err)
		}
		_, err = signer.Write(message)
		if closed := signer.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return nil, fmt.Errorf("sign with %s._domainkey.%s: %w", o.Selector, o.Domain, err)
		}
		signatures = append(signatures, signer.Signature()...)
	}
	return append(signatures, message...), nil
}

// hasFrom looks for the header that a signature must cover; the library signs without it, and
// verifiers then call the signature broken.
func hasFrom(message []byte) bool {
	header, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	for line := range bytes.Lines(header) {
		if len(line) >= 5 && bytes.EqualFold(line[:5], []byte("From:")) {
			return true
		}
	}
	return false
}

// parse reads a private key. Its errors hold nothing of the key.
func parse(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("it is not PEM")
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("it is a %s, not a private key in PKCS #1 or #8", block.Type)
	}
	if err != nil {
		return nil, err
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if bits := key.N.BitLen(); bits < minRSA {
			return nil, fmt.Errorf("it has %d bits; %d is the least that is accepted, 2048 is usual", bits, minRSA)
		}
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("it is neither RSA nor Ed25519")
}

// Record is what the TXT record of a key has to say, and the size of an RSA key in bits; 0 for
// Ed25519. Invalid when the key cannot be read.
func (k Key) Record() (record string, bits int, err error) {
	private, err := parse(k.PEM)
	if err != nil {
		return "", 0, fibonacco.Errorf(fibonacco.Invalid, "the DKIM key %q of %q cannot be used: %v", k.Selector, k.Domain, err)
	}
	if public, ok := private.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public), 0, nil
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		return "", 0, fmt.Errorf("write the public half of the DKIM key %q: %w", k.Selector, err)
	}
	if public, ok := private.Public().(*rsa.PublicKey); ok {
		bits = public.N.BitLen()
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), bits, nil
}
