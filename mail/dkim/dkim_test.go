package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"
	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/dkim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var message = strings.ReplaceAll(`From: Sarah <sarah@example.com>
To: jane@example.org
Subject: A subject that is
 folded
Date: Mon, 02 Nov 2026 10:00:00 +0000
Message-ID: <1@example.com>
Reply-To: reply@example.com
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii
List-Unsubscribe: <https://example.com/u/x>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
X-Other: not signed

Hello  Jane,
.a dot

and spaces   

`, "\n", "\r\n")

var dns sync.Map // name → TXT

// newKey makes a key in a form and publishes it.
func newKey(t testing.TB, selector, form string) dkim.Key {
	t.Helper()
	var private crypto.Signer
	var kind string
	var public []byte
	var err error
	if strings.HasPrefix(form, "ed25519") {
		var p ed25519.PublicKey
		p, private, err = ed25519.GenerateKey(rand.Reader)
		kind, public = "ed25519", p
	} else {
		var key *rsa.PrivateKey
		key, err = rsa.GenerateKey(rand.Reader, 2048)
		if err == nil {
			public, err = x509.MarshalPKIXPublicKey(key.Public())
		}
		kind, private = "rsa", key
	}
	if err != nil {
		t.Fatal(err)
	}
	dns.Store(selector+"._domainkey.example.com",
		fmt.Sprintf("v=DKIM1; k=%s; p=%s", kind, base64.StdEncoding.EncodeToString(public)))
	return dkim.Key{Domain: "example.com", Selector: selector, PEM: encode(t, private, form)}
}

func encode(t testing.TB, key crypto.Signer, form string) []byte {
	t.Helper()
	if strings.HasSuffix(form, "PKCS #1") {
		der := x509.MarshalPKCS1PrivateKey(key.(*rsa.PrivateKey))
		return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: der})
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// verify returns how many signatures a message has, and the first thing that is wrong with them.
func verify(t *testing.T, signed []byte) (int, error) {
	t.Helper()
	found, err := msgauth.VerifyWithOptions(bytes.NewReader(signed), &msgauth.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			txt, ok := dns.Load(name)
			if !ok {
				return nil, fmt.Errorf("no key at %s", name)
			}
			return []string{txt.(string)}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		if v.Err != nil {
			return len(found), v.Err
		}
	}
	return len(found), nil
}

func TestSign(t *testing.T) {
	t.Parallel()
	rsa1, rsa8, ed := newKey(t, "r1", "rsa PKCS #1"), newKey(t, "r8", "rsa PKCS #8"), newKey(t, "e8", "ed25519 PKCS #8")
	for name, keys := range map[string][]dkim.Key{
		"RSA, PKCS #1": {rsa1},
		"RSA, PKCS #8": {rsa8},
		"Ed25519":      {ed},
		"both":         {rsa8, ed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signer, err := dkim.New(keys...)
			if err != nil {
				t.Fatal(err)
			}
			before := []byte(message)
			signed, err := signer.Sign(before)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.HasSuffix(signed, before) || string(before) != message {
				t.Error("the message itself was changed")
			}
			if n, err := verify(t, signed); n != len(keys) || err != nil {
				t.Errorf("%d signatures, %v", n, err)
			}
			for line := range bytes.Lines(signed) {
				if len(line) > 998 || !bytes.HasSuffix(line, []byte("\r\n")) {
					t.Errorf("a line of %d bytes: %q", len(line), line)
				}
			}
		})
	}
}

// TestUnderTheSignature: what is changed breaks the signature, if it is under it.
func TestUnderTheSignature(t *testing.T) {
	t.Parallel()
	signer, err := dkim.New(newKey(t, "under", "ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	for change, breaks := range map[[2]string]bool{
		{"Sarah <sarah@", "Sarah <eve@"}:                              true,
		{"To: jane@", "To: joe@"}:                                     true,
		{"A subject", "Another subject"}:                              true,
		{"02 Nov", "03 Nov"}:                                          true,
		{"<1@example.com>", "<2@example.com>"}:                        true,
		{"Reply-To: reply@", "Reply-To: eve@"}:                        true,
		{"MIME-Version: 1.0", "MIME-Version: 1.1"}:                    true,
		{"text/plain", "text/html"}:                                   true,
		{"/u/x", "/u/y"}:                                              true,
		{"List-Unsubscribe-Post: List", "List-Unsubscribe-Post: L"}:   true,
		{"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", ""}: true,
		{"Hello  Jane", "Hello  Joe"}:                                 true,
		{"\r\nTo:", "\r\nFrom: eve@example.com\r\nTo:"}:               true,
		{"\r\nTo:", "\r\nContent-Transfer-Encoding: base64\r\nTo:"}:   true,
		{"From: Sarah", "From: eve@example.com\r\nFrom: Sarah"}:       true,
		{"X-Other: not", "X-Other: now"}:                              false,
		{"Hello  Jane", "Hello \t Jane"}:                              false,
		{"subject that is\r\n folded", "subject that is folded"}:      false,
	} {
		if !bytes.Contains(signed, []byte(change[0])) {
			t.Fatalf("%q is not there", change[0])
		}
		_, err := verify(t, bytes.Replace(signed, []byte(change[0]), []byte(change[1]), 1))
		if (err != nil) != breaks {
			t.Errorf("%q → %q: %v", change[0], change[1], err)
		}
	}
}

func TestBadKeys(t *testing.T) {
	t.Parallel()
	good := newKey(t, "good", "ed25519")
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string][]dkim.Key{
		"none":         nil,
		"not PEM":      {{Domain: "example.com", Selector: "s", PEM: []byte("secret")}},
		"not a key":    {{Domain: "example.com", Selector: "s", PEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")})}},
		"a public key": {{Domain: "example.com", Selector: "s", PEM: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY"})}},
		"neither kind": {{Domain: "example.com", Selector: "s", PEM: encode(t, p256, "PKCS #8")}},
		"no domain":    {{Selector: "s", PEM: good.PEM}},
		"no selector":  {{Domain: "example.com", PEM: good.PEM}},
		"one of two":   {good, {}},
	} {
		if _, err := dkim.New(keys...); fibonacco.CodeOf(err) != fibonacco.Invalid || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	signer, err := dkim.New(newKey(t, "messages", "ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "no header", "To: a@example.com\r\n\r\nFrom: body\r\n"} {
		if signed, err := signer.Sign([]byte(text)); err == nil {
			t.Errorf("%q became %q", text, signed)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	rsa, ed := newKey(b, "b1", "rsa PKCS #8"), newKey(b, "b2", "ed25519")
	for name, keys := range map[string][]dkim.Key{"RSA-2048": {rsa}, "Ed25519": {ed}, "both": {rsa, ed}} {
		b.Run(name, func(b *testing.B) {
			signer, err := dkim.New(keys...)
			if err != nil {
				b.Fatal(err)
			}
			text := []byte(message + strings.Repeat("Words, words, words.\r\n", 190))
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				if _, err := signer.Sign(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What is to be published is what a verifier found to fit.
func TestRecord(t *testing.T) {
	t.Parallel()
	for form, want := range map[string]int{"rsa PKCS #1": 2048, "rsa PKCS #8": 2048, "ed25519": 0} {
		key := newKey(t, "record-"+strings.ReplaceAll(form, " ", "-"), form)
		record, bits, err := key.Record()
		published, _ := dns.Load(key.Selector + "._domainkey.example.com")
		if err != nil || record != published || bits != want {
			t.Errorf("%s: %s, %d bits, %v", form, record, bits, err)
		}
	}
	if _, _, err := (dkim.Key{PEM: []byte("secret")}).Record(); fibonacco.CodeOf(err) != fibonacco.Invalid || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}
