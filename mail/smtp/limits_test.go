package smtp_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// TestNeverOnTheWire: what the server cannot take, or nobody should, is refused before anything of
// it is written.
func TestNeverOnTheWire(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{true, false} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{
			NoPipelining: !pipelining, Extensions: []string{"SIZE 2000"},
		})
		bad := many(8)
		bad[0].To = "evil@example.test\r\nRCPT TO:<victim@example.test>"
		bad[1].To = "evil@example.test>\r\nDATA"
		bad[2].From = "evil\n@example.test"
		bad[3].From = "evil@example.test> SIZE=1\r\nRSET"
		bad[4].To = ""
		bad[5].Message = append(bad[5].Message, strings.Repeat("x", 2000)...)
		bad[6].To = "evil-jürgen@example.test"
		bad[7].From = "evil-jürgen@example.test"
		var mails []*fibonacco.Mail
		for i, mail := range bad { // good ones in between
			mails = append(mails, mail, mailtest.NewMail(int64(100+i)))
		}
		book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
		honest(t, server, book, mails)
		for i, mail := range bad {
			if h := result(t, book, mail); h.Result != refused || h.Reason == "" || book.Intents(mail.SendID) > 0 {
				t.Errorf("mail %d: %+v", i+1, h)
			}
		}
		if n := len(server.Received()); n != len(bad) {
			t.Errorf("%d arrived", n)
		}
		for _, line := range server.Log() {
			if strings.Contains(line, "evil") || strings.Contains(line, "victim") || line == "RSET" {
				t.Errorf("the server read %q", line)
			}
		}
	}
}

// TestInternational: with SMTPUTF8 announced, an address beyond ASCII goes through; a domain beyond
// ASCII always does.
func TestInternational(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Extensions: []string{"SMTPUTF8", "SIZE"}})
	mails := many(3)
	mails[0].To = "jürgen@example.test"
	mails[1].To = "jane@bücher.example"
	mails[2].From = "" // a bounce
	book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
	honest(t, server, book, mails)
	got := server.Received()
	if len(got) != 3 || got[0].To != "jürgen@example.test" || got[1].To != "jane@xn--bcher-kva.example" || got[2].From != "" {
		t.Errorf("%+v", got)
	}
	log := strings.Join(server.Log(), "\n")
	if strings.Count(log, " SMTPUTF8") != 1 || strings.Count(log, " SIZE=") != 3 {
		t.Error(log)
	}
}

// TestOldServer: one that only knows HELO still gets its mail.
func TestOldServer(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{RefuseCommand: true, NoPipelining: true})
	mails := many(3)
	book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
	honest(t, server, book, mails)
	if n := len(server.Received()); n != 3 {
		t.Errorf("%d arrived", n)
	}
}

// TestOptions: what is wrong is refused, and no message repeats a password.
func TestOptions(t *testing.T) {
	t.Parallel()
	for url, wrong := range map[string]bool{
		"smtp://localhost": false,
		"smtp://user:pass@mail.example.test?connections=3":      false,
		"smtps://user:pass@mail.example.test?tls=none":          false,
		"smtp://mail.example.test:2525?tls=none":                false,
		"smtp://user:secret@127.0.0.1?tls=none":                 false,
		"smtp://user:secret@mail.example.test?tls=none":         true,
		"smtp://user:secret@mail.example.test?tls=maybe":        true,
		"smtp://user:secret@mail.example.test?connections=0":    true,
		"smtp://user:secret@mail.example.test?connections=1000": true,
		"smtp://user:secret@mail.example.test?connections=many": true,
		"smtp://user:secret@mail.example.test:port":             true,
		"http://user:secret@mail.example.test":                  true,
		"smtp://user:secret@":                                   true,
		"":                                                      true,
	} {
		_, err := smtp.New(smtp.Options{URL: url})
		if (err != nil) != wrong || (wrong && fibonacco.CodeOf(err) != fibonacco.Invalid) {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the password is in %q", err)
		}
	}
	if _, err := smtp.New(smtp.Options{URL: "smtp://localhost", PerSecond: 5}); err == nil {
		t.Error("a rate without a limiter means no limit")
	}
}

// limiter grants what it has, and says "10 ms" when it has nothing.
type limiter struct {
	mu    sync.Mutex
	has   int
	taken int
	keys  map[string]float64
}

func (l *limiter) Take(_ context.Context, key string, perSecond float64, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys[key] = perSecond
	if l.has < n {
		return 10 * time.Millisecond
	}
	l.has -= n
	l.taken += n
	return 0
}

func (l *limiter) State() string { return "test" }

// TestLimiter: no mail is taken that the limiter has not granted.
func TestLimiter(t *testing.T) {
	t.Parallel()
	for _, perSecond := range []float64{1, 14, 5000} {
		server := mailtest.NewSink(t, mailtest.SinkOptions{})
		l := &limiter{has: 300, keys: map[string]float64{}}
		m := newMailer(t, server.URL(), "connections=3", func(o *smtp.Options) {
			o.Limiter, o.LimitKey, o.PerSecond = l, "key", perSecond
		})
		in, book := make(chan *fibonacco.Mail, 500), mailtest.NewBook()
		for _, mail := range many(500) {
			in <- mail
		}
		mailtest.Start(t, m, in, book)
		eventually(t, "the limit is used up", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.has < 100 })
		eventually(t, "most of it has gone", func() bool { return book.Len() >= 150 })
		time.Sleep(30 * time.Millisecond)
		l.mu.Lock()
		if book.Len() > l.taken {
			t.Errorf("%d mails went, %d were granted", book.Len(), l.taken)
		}
		if l.keys["key"] != perSecond || len(l.keys) != 1 {
			t.Errorf("asked for %v", l.keys)
		}
		l.has += 1000
		l.mu.Unlock()
		book.Wait(t, 500)
	}
}
