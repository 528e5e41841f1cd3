package bounce_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/bounce"
	"github.com/fibonacco/fibonacco/mail/receive"
)

// Each file in testdata is one message as a kind of server writes it.
func TestRead(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"postfix-unknown-user.eml": "bounced Permanent owner@shop.example 5.1.1",
		"exchange-full.eml":        "bounced Transient owner@shop.example 5.2.2",
		"sendmail-delayed.eml":     "delayed  owner@shop.example 4.4.1",
		"gmail-policy.eml":         "bounced Transient owner@shop.example 5.7.1",
		"exim-no-status.eml":       "bounced Permanent owner@shop.example ",
		"nested-two.eml":           "bounced Permanent owner@shop.example 5.1.1|delivered  other@shop.example 2.1.5",
		"arf-abuse.eml":            "complained  owner@shop.example ",
		"arf-not-spam.eml":         "",
		"vacation.eml":             "",
	} {
		message, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		reports, err := bounce.Read(message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, r := range reports {
			got = append(got, strings.Join([]string{r.Kind, r.BounceType, r.Recipient, r.Status}, " "))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(files) == 0 {
		f.Fatal("no samples", err)
	}
	for _, name := range files {
		message, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message []byte) {
		reports, err := bounce.Read(message)
		if err != nil && fibonacco.CodeOf(err) != fibonacco.Malformed {
			t.Errorf("got %v", err)
		}
		for _, r := range reports {
			if r.Kind == "" || r.Kind == "bounced" && r.BounceType == "" {
				t.Errorf("got %+v", r)
			}
		}
	})
}

type shelf struct {
	got []fibonacco.MailDelivery
	err error
}

func (s *shelf) TakeReports(_ context.Context, d fibonacco.MailDelivery) (bool, error) {
	s.got = append(s.got, d)
	return true, s.err
}

// A bounce travels the whole way: over SMTP to the signed address, as the send's report.
func TestOverSMTP(t *testing.T) {
	t.Parallel()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := fibonacco.NewSigner(strings.Repeat("o", 32))
	if err != nil {
		t.Fatal(err)
	}
	to := signer.ReturnPath(fibonacco.SendClaim{SendID: 42, SMBID: 7}, "bounces.example")
	dsn, err := os.ReadFile("testdata/postfix-unknown-user.eml")
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := receive.New("bounces.example", slog.New(slog.DiscardHandler), bounce.NewTaker(signer, s, slog.New(slog.DiscardHandler)))
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	send := func(recipient string, message []byte) error {
		return smtp.SendMail(ln.Addr().String(), nil, "", []string{recipient}, message)
	}
	if err := send(strings.ToUpper(to[:10])+to[10:], dsn); err != nil {
		t.Fatal(err)
	}
	if len(s.got) != 1 || s.got[0].Reports[0].SendID != 42 || s.got[0].Reports[0].Kind != "bounced" || !s.got[0].Reports[0].Hold {
		t.Errorf("got %+v", s.got)
	}
	if err := send(to, dsn); err != nil || s.got[0].ID == "" {
		t.Errorf("a second time: %v", err)
	}
	vacation, err := os.ReadFile("testdata/vacation.eml")
	if err != nil {
		t.Fatal(err)
	}
	if err := send(to, vacation); err != nil || len(s.got) != 2 {
		t.Errorf("an automatic answer: %v, %d deliveries", err, len(s.got))
	}
	for name, recipient := range map[string]string{
		"nobody":           "sarah@bounces.example",
		"somebody else's":  other.ReturnPath(fibonacco.SendClaim{SendID: 42, SMBID: 7}, "bounces.example"),
		"one letter wrong": to[:20] + flip(to[20:21]) + to[21:],
	} {
		if err := send(recipient, dsn); err == nil || !strings.HasPrefix(err.Error(), "550") {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.err = errors.New("the database is away")
	if err := send(to, dsn); err == nil || !strings.HasPrefix(err.Error(), "451") {
		t.Errorf("it could not be stored: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(server.Close(ctx), <-served); err != nil {
		t.Error(err)
	}
}

func flip(letter string) string {
	if letter == "a" {
		return "b"
	}
	return "a"
}
