// Package snstest is an Amazon for tests and benchmarks: it signs messages as SNS does and serves
// its certificate. It builds the signed text from the documentation, not from the code under test.
package snstest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // SignatureVersion 1
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// CertURL is where the certificate seems to be.
const CertURL = "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0123.pem"

// Clock stands still.
type Clock struct{ At time.Time }

// Now implements fibonacco.Clock.
func (c Clock) Now() time.Time { return c.At }

// Sleep implements fibonacco.Clock; it does not.
func (c Clock) Sleep(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// Amazon holds a signing key. It is an http.RoundTripper that serves the certificate.
type Amazon struct {
	Key     *rsa.PrivateKey
	PEM     []byte
	Fetched atomic.Int64
	Answer  func(*http.Request) (*http.Response, error) // nil serves PEM
}

// New makes an Amazon whose certificate is in force from one moment to another.
func New(from, to time.Time) *Amazon {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	return &Amazon{Key: key, PEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// RoundTrip implements http.RoundTripper.
func (a *Amazon) RoundTrip(r *http.Request) (*http.Response, error) {
	a.Fetched.Add(1)
	if a.Answer != nil {
		return a.Answer(r)
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(a.PEM)), Request: r}, nil
}

// Sign adds the signature to a message's fields and returns the message.
func (a *Amazon) Sign(m map[string]string) []byte {
	names := []string{"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"}
	if m["Type"] != "Notification" {
		names = []string{"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"}
	}
	var text strings.Builder
	for _, name := range names {
		if value, ok := m[name]; ok {
			text.WriteString(name + "\n" + value + "\n")
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	hash, digest := crypto.SHA256, sum[:]
	if m["SignatureVersion"] == "1" {
		s := sha1.Sum([]byte(text.String())) //nolint:gosec // SignatureVersion 1
		hash, digest = crypto.SHA1, s[:]
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.Key, hash, digest)
	if err != nil {
		panic(err)
	}
	m["Signature"] = base64.StdEncoding.EncodeToString(signature)
	if m["SigningCertURL"] == "" {
		m["SigningCertURL"] = CertURL
	}
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return body
}
