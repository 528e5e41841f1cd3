package smtp_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/dkim"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// TestSigned: what arrives carries a signature that holds, and what cannot be signed does not leave.
func TestSigned(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := dkim.New(dkim.Key{
		Domain: "sender.test", Selector: "s",
		PEM: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, pipelining := range []bool{true, false} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{NoPipelining: !pipelining})
		m := newMailer(t, server.URL(), "connections=2", func(o *smtp.Options) { o.Signer = signer })
		mails := many(30)
		mails[7].Message = bytes.Replace(mails[7].Message, []byte("From:"), []byte("Form:"), 1)
		book := mailtest.RunAll(t, m, mails...)
		honest(t, server, book, mails)
		for i, mail := range mails {
			want := accepted
			if i == 7 {
				want = refused
			}
			if h := result(t, book, mail); h.Result != want {
				t.Errorf("mail %d: %+v", i+1, h)
			}
		}
		for _, got := range server.Received() {
			found, err := msgauth.VerifyWithOptions(bytes.NewReader(got.Message), &msgauth.VerifyOptions{
				LookupTXT: func(string) ([]string, error) {
					return []string{"v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil
				},
			})
			if err != nil || len(found) != 1 || found[0].Err != nil {
				t.Errorf("%s: %v %v", got.MessageID, found, err)
			}
		}
	}
}

// TestSizeCountsTheSignature: the server's limit is for what arrives.
func TestSizeCountsTheSignature(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Extensions: []string{"SIZE 1000"}})
	m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) { o.Signer = longSigner{} })
	mails := many(1)
	book := mailtest.RunAll(t, m, mails...)
	if h := result(t, book, mails[0]); h.Result != fibonacco.Refused {
		t.Errorf("%+v", h)
	}
}

type longSigner struct{}

func (longSigner) Sign(message []byte) ([]byte, error) {
	return append([]byte("DKIM-Signature: "+strings.Repeat("x", 900)+"\r\n"), message...), nil
}
