package mailtest_test

import (
	"fmt"
	"io"
	"net"
	"net/smtp"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSinkReadsAnySplit writes the same conversation in pieces of every size: the messages are the
// same.
func TestSinkReadsAnySplit(t *testing.T) {
	t.Parallel()
	const talk = "EHLO x\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n" +
		"Message-ID: <1@x.test>\r\n\r\nwords\r\n..dot\r\n.. \r\n.\r\n" +
		"mail from:<c@x.test>\r\nrcpt to:<d@x.test>\r\ndata\r\n.\r\n" +
		"RSET\r\nMAIL FROM:<>\r\nRCPT TO:<e@x.test>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
	want := []mailtest.Received{
		{From: "a@x.test", To: "b@x.test", MessageID: "1@x.test", Message: []byte("Message-ID: <1@x.test>\r\n\r\nwords\r\n.dot\r\n. \r\n")},
		{From: "c@x.test", To: "d@x.test", Message: []byte{}},
		{From: "", To: "e@x.test", Message: []byte("x\r\n")},
	}
	for size := 1; size <= len(talk); size += 1 + size/8 {
		sink := mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepMessage})
		nc, err := net.Dial("tcp", sink.Addr())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for rest := talk; rest != ""; {
				n := min(size, len(rest))
				if _, err := io.WriteString(nc, rest[:n]); err != nil {
					t.Error(err)
					return
				}
				rest = rest[n:]
				time.Sleep(10 * time.Microsecond)
			}
		}()
		replies, err := io.ReadAll(nc)
		nc.Close()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%q", sink.Received()); got != fmt.Sprintf("%q", want) {
			t.Errorf("in pieces of %d: %s", size, got)
		}
		if n := strings.Count(string(replies), "\r\n"); n != 21 || sink.Count() != 3 {
			t.Errorf("%d lines of reply, %d messages", n, sink.Count())
		}
	}
}

func TestSinkJournal(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "journal")
	for range 2 { // a sink that is started again goes on
		sink := mailtest.NewSink(t, mailtest.SinkOptions{Journal: journal})
		for n := range int64(3) {
			mail := mailtest.NewMail(n + 1)
			if err := smtp.SendMail(sink.Addr(), nil, mail.From, []string{mail.To}, mail.Message); err != nil {
				t.Fatal(err)
			}
		}
		if err := smtp.SendMail(sink.Addr(), nil, "a@x.test", []string{"nobody@x.test"}, []byte("no id\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	times, err := mailtest.ReadJournal(journal)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(times); got != "map[1@sender.test:2 2@sender.test:2 3@sender.test:2 nobody@x.test:2]" {
		t.Error(got)
	}
	if _, err := mailtest.StartSink(mailtest.SinkOptions{Journal: "/dev/null/x"}); err == nil {
		t.Error("a journal that cannot be written is no journal")
	}
	if _, err := mailtest.StartSink(mailtest.SinkOptions{Addr: "nowhere"}); err == nil {
		t.Error("listens nowhere")
	}
}

// TestServerAgainstNetSMTP: without rules, the scripted server satisfies the standard library.
func TestServerAgainstNetSMTP(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{User: "user", Password: "word"})
	auth := smtp.PlainAuth("", "user", "word", "127.0.0.1")
	mail := mailtest.NewMail(1)
	if err := smtp.SendMail(server.Addr(), auth, mail.From, []string{mail.To}, mail.Message); err != nil {
		t.Fatal(err)
	}
	if err := smtp.SendMail(server.Addr(), nil, mail.From, []string{mail.To}, mail.Message); err == nil {
		t.Error("nobody had to log in")
	}
	got := server.Received()
	if len(got) != 1 || got[0].MessageID != "1@sender.test" || string(got[0].Message) != string(mail.Message) {
		t.Errorf("%q", got)
	}
	if v := server.Violations(); len(v) > 0 {
		t.Error(v)
	}
}

// TestServerViolations: a client that runs ahead is noticed.
func TestServerViolations(t *testing.T) {
	t.Parallel()
	for talk, want := range map[string]string{
		"EHLO x\r\nNOOP\r\nQUIT\r\n": "group of commands",
		"EHLO x\r\nHUH\r\nQUIT\r\n":  "unknown command",
		"EHLO x\r\nMAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\nbody\r\n.\r\nQUIT\r\n": "before it was answered",
		"EHLO x\r\nMAIL FROM:<a@x.test>\r\nMAIL FROM:<a@x.test>\r\nQUIT\r\n":                    "within a transaction",
	} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{NoPipelining: strings.HasPrefix(want, "group")})
		nc, err := net.Dial("tcp", server.Addr())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, talk); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(nc); err != nil {
			t.Log(err) // it may reset the connection
		}
		nc.Close()
		server.Down()
		if v := strings.Join(server.Violations(), "; "); !strings.Contains(v, want) {
			t.Errorf("%q: %q", want, v)
		}
	}
}

// TestConformNotices: the suite fails mailers that break the contract. A suite that cannot fail
// proves nothing.
func TestConformNotices(t *testing.T) {
	t.Parallel()
	book := mailtest.NewBook()
	mail, other := mailtest.NewMail(1), mailtest.NewMail(2)
	book.Done(mail, fibonacco.Handover{Result: fibonacco.Accepted}) // without Intent
	book.Done(other, fibonacco.Handover{Result: fibonacco.Refused})
	book.Done(other, fibonacco.Handover{Result: fibonacco.Refused}) // twice
	for name, taken := range map[string][]*fibonacco.Mail{
		"twice, without Intent": {mail, other},
		"not taken":             {},
		"not reported":          {mailtest.NewMail(3)},
	} {
		witness := &silent{TB: t}
		book.Check(witness, taken)
		if witness.errors == 0 {
			t.Errorf("%s: not noticed", name)
		}
	}
}

// silent counts errors instead of failing.
type silent struct {
	testing.TB
	errors int
}

func (s *silent) Error(...any)          { s.errors++ }
func (s *silent) Errorf(string, ...any) { s.errors++ }
func (s *silent) Helper()               {}
