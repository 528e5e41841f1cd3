package smtp_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"

	gosmtp "github.com/emersion/go-smtp"

	"github.com/fibonacco/fibonacco/mail/mailtest"
)

// TestAgainstGoSMTP hands mail to a server that somebody else wrote.
func TestAgainstGoSMTP(t *testing.T) {
	t.Parallel()
	box := &goBox{got: map[string][]byte{}}
	server := gosmtp.NewServer(box)
	server.Domain, server.EnableSMTPUTF8, server.MaxMessageBytes = "server.test", true, 100_000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	defer serving.Wait()
	defer server.Close()

	mails := many(100)
	mails[10].To = "unknown@example.test"
	mails[20].To = "jürgen@example.test"
	mails[30].Message = append(mails[30].Message, bytes.Repeat([]byte("x"), 100_000)...)
	book := mailtest.RunAll(t, newMailer(t, "smtp://"+l.Addr().String(), "connections=3"), mails...)
	book.Check(t, mails)
	for i, mail := range mails {
		h := result(t, book, mail)
		switch {
		case i == 10 || i == 30:
			if h.Result != refused {
				t.Errorf("mail %d: %+v", i+1, h)
			}
		case h.Result != accepted:
			t.Errorf("mail %d: %+v", i+1, h)
		case !bytes.Equal(box.got[mail.To], mail.Message):
			t.Errorf("mail %d arrived changed", i+1)
		}
	}
	if len(box.got) != 98 {
		t.Errorf("%d arrived", len(box.got))
	}
}

// goBox keeps messages by recipient.
type goBox struct {
	mu  sync.Mutex
	got map[string][]byte
}

func (b *goBox) NewSession(*gosmtp.Conn) (gosmtp.Session, error) { return &goSession{box: b}, nil }

type goSession struct {
	box *goBox
	to  string
}

func (s *goSession) Mail(string, *gosmtp.MailOptions) error { return nil }

func (s *goSession) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	if to == "unknown@example.test" {
		return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "No such user"}
	}
	s.to = to
	return nil
}

func (s *goSession) Data(r io.Reader) error {
	message, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.got[s.to] = message
	return err
}

func (s *goSession) Reset()        {}
func (s *goSession) Logout() error { return nil }
