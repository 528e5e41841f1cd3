package smtp_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// TestServerAway: while the server cannot be used, nothing is taken but the one mail that found it
// out; Ready says why; and when it is back everything leaves by itself.
func TestServerAway(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for name, tc := range map[string]struct {
		rule  mailtest.Rule
		down  bool
		ready string
	}{
		"connection refused": {down: true, ready: "connection refused, next try in "},
		"greeting 554":       {rule: mailtest.Rule{At: mailtest.AtGreeting, Reply: "554 5.7.1 Go away", Drop: true}, ready: "greeting: 554 5.7.1 Go away"},
		"greeting 421":       {rule: mailtest.Rule{At: mailtest.AtGreeting, Reply: "421 4.3.2 Busy", Drop: true}, ready: "421 4.3.2 Busy"},
		"greeting hangs":     {rule: mailtest.Rule{At: mailtest.AtGreeting, Hang: true}, ready: "no answer in time"},
		"greeting drops":     {rule: mailtest.Rule{At: mailtest.AtGreeting, Drop: true}, ready: "connection lost"},
		"EHLO 421":           {rule: mailtest.Rule{At: mailtest.AtEHLO, Reply: "421 Busy", Drop: true}, ready: "EHLO: 421"},
		"EHLO hangs":         {rule: mailtest.Rule{At: mailtest.AtEHLO, Hang: true}, ready: "no answer in time"},
		"sender 550":         {rule: mailtest.Rule{At: mailtest.AtMAIL, Reply: "550 5.7.1 bounce@sender.test is suspended"}, ready: "5.7.1 (address) is suspended"},
		"MAIL 530":           {rule: mailtest.Rule{At: mailtest.AtMAIL, Reply: "530 5.7.0 Log in first"}, ready: "Log in first"},
		"relay denied":       {rule: mailtest.Rule{At: mailtest.AtRCPT, Reply: "554 5.7.1 <x@y.test>: Relay access denied"}, ready: "Relay access denied"},
		"account paused":     {rule: mailtest.Rule{At: mailtest.AtDot, Reply: "554 Sending paused for this account."}, ready: "Sending paused"},
		"MAIL 421":           {rule: mailtest.Rule{At: mailtest.AtMAIL, Reply: "421 4.3.2 Going down", Drop: true}, ready: "Going down"},
		"MAIL drops":         {rule: mailtest.Rule{At: mailtest.AtMAIL, Drop: true}, ready: "connection lost"},
		"MAIL hangs":         {rule: mailtest.Rule{At: mailtest.AtMAIL, Hang: true}, ready: "no answer in time"},
	} {
		all.add(t, name, func(t *testing.T) {
			server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{tc.rule}})
			if tc.down {
				server.Down()
			}
			m := newMailer(t, server.URL(), "connections=4", func(o *smtp.Options) {
				o.Timeouts.Command, o.Timeouts.Connect = impatient, impatient
				o.Backoff = smtp.Backoff{First: 250 * time.Millisecond, Most: 250 * time.Millisecond}
			})
			in, book := make(chan *fibonacco.Mail, 50), mailtest.NewBook()
			mails := many(50)
			for _, mail := range mails {
				in <- mail
			}
			mailtest.Start(t, m, in, book)
			eventually(t, "it is not ready", func() bool { return m.Ready() != nil })
			if err := m.Ready(); !strings.Contains(err.Error(), tc.ready) || fibonacco.CodeOf(err) != fibonacco.Unavailable {
				t.Errorf("Ready: %v", err)
			}
			book.Wait(t, 1)
			if n := 50 - len(in); n != 1 || book.Len() != 1 {
				t.Errorf("%d mails were taken, %d reported", n, book.Len())
			}
			if h := result(t, book, mails[0]); h.Result != notTried || !strings.Contains(h.Reason, tc.ready[:8]) {
				t.Errorf("%+v", h)
			}

			server.SetRules()
			if tc.down {
				server.Up(t)
			}
			book.Wait(t, 50)
			if err := m.Ready(); err != nil {
				t.Errorf("Ready: %v", err)
			}
			honest(t, server, book, mails)
			if n := len(server.Received()); n != 49 {
				t.Errorf("%d arrived", n)
			}
		})
	}
}

// TestBackoffGrows: each failure in a row doubles the pause, up to the most; no mail is needed to
// find out that the server is back.
func TestBackoffGrows(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		Rules: []mailtest.Rule{{At: mailtest.AtGreeting, Reply: "554 Go away", Drop: true}},
	})
	var log tee
	m := newMailer(t, server.URL(), "connections=4", func(o *smtp.Options) {
		o.Timeouts.Idle = 300 * time.Millisecond
		o.Backoff = smtp.Backoff{First: 10 * time.Millisecond, Most: 80 * time.Millisecond}
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	})
	in, book := make(chan *fibonacco.Mail, 1), mailtest.NewBook()
	in <- mailtest.NewMail(1)
	mailtest.Start(t, m, in, book)
	eventually(t, "it tries again", func() bool { return server.Seen(mailtest.AtGreeting) >= 7 })
	var pauses []time.Duration
	for line := range strings.Lines(log.String()) {
		if _, after, ok := strings.Cut(line, "next_try_in="); ok {
			d, err := time.ParseDuration(strings.TrimSpace(after))
			if err != nil {
				t.Fatal(err)
			}
			pauses = append(pauses, d)
		}
	}
	for i, usual := range []time.Duration{10, 20, 40, 80, 80, 80} {
		usual *= time.Millisecond
		if pauses[i] < usual*3/4-time.Millisecond || pauses[i] > usual*5/4+time.Millisecond {
			t.Errorf("pause %d took %v", i+1, pauses[i])
		}
	}
	server.SetRules()
	eventually(t, "it is ready", func() bool { return m.Ready() == nil && server.Open() > 0 })
	if n := server.Open(); n != 1 {
		t.Errorf("%d connections to find out", n)
	}
	if book.Len() != 1 {
		t.Errorf("%d mails reported", book.Len())
	}
	eventually(t, "the connection that found out is closed", func() bool { return server.Open() == 0 })
	time.Sleep(50 * time.Millisecond)
	if n := server.Open(); n != 0 {
		t.Errorf("%d connections although there is no mail", n)
	}
}

// TestGoneWhileIdle: a server that worked and left while nobody looked costs a few mails a try, and
// usually one: that of the lane that goes first (TestScout), if all have had the time to notice.
func TestGoneWhileIdle(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		Rules: []mailtest.Rule{{At: mailtest.AtDot, Wait: 2 * time.Millisecond}},
	})
	m := newMailer(t, server.URL(), "connections=4", func(o *smtp.Options) {
		o.Timeouts.Idle = 20 * time.Millisecond
		o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
	})
	in, book := make(chan *fibonacco.Mail, 50), mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	mails := many(40)
	for _, mail := range mails[:20] {
		in <- mail
	}
	book.Wait(t, 20)
	eventually(t, "the connections are closed", func() bool { return server.Open() == 0 })
	if server.MostOpen() < 2 {
		t.Errorf("%d connections for 20 mails", server.MostOpen())
	}
	server.Down()
	for _, mail := range mails[20:] {
		in <- mail
	}
	eventually(t, "it is not ready", func() bool { return m.Ready() != nil })
	time.Sleep(20 * time.Millisecond)
	if n := 20 - len(in); n < 1 || n > 4 {
		t.Errorf("%d mails were taken", n)
	}
}

// TestAllRefused: the first lane's mail need not be accepted for the others to follow.
func TestAllRefused(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
		{At: mailtest.AtRCPT, Reply: "550 5.1.1 No such user", Wait: 2 * time.Millisecond},
	}})
	mails := many(40)
	mailtest.RunAll(t, newMailer(t, server.URL(), "connections=4"), mails...).Check(t, mails)
	if n := server.MostOpen(); n < 2 {
		t.Errorf("%d connection", n)
	}
}

// TestClosedWhileAway: Run returns when the channel is closed and empty, server or no server.
func TestClosedWhileAway(t *testing.T) {
	t.Parallel()
	m := newMailer(t, mailtest.RefusingURL(t), "connections=4")
	mails := many(1)
	book := mailtest.RunAll(t, m, mails...)
	if h := result(t, book, mails[0]); h.Result != notTried || h.Reason != "connection refused" {
		t.Errorf("%+v", h)
	}
}

// TestSlowDown: one mail's "too fast" stops all lanes for a while, and then they go slower.
func TestSlowDown(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{
		"454 Throttling failure: Maximum sending rate exceeded.",
		"451 4.7.0 Try later",
		"450 4.7.28 Unusual rate of mail",
		"452 4.3.1 Out of space",
		"450 Please slow down",
	} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{
			Rules: []mailtest.Rule{{At: mailtest.AtDot, Nth: 40, Reply: reply}},
		})
		m := newMailer(t, server.URL(), "connections=4", func(o *smtp.Options) {
			o.Backoff = smtp.Backoff{First: 200 * time.Millisecond, Most: time.Second}
		})
		in, book := make(chan *fibonacco.Mail, 200), mailtest.NewBook()
		mails := many(200)
		for _, mail := range mails {
			in <- mail
		}
		stop := mailtest.Start(t, m, in, book)
		eventually(t, "it slows down", func() bool { return m.Ready() != nil })
		if err := m.Ready(); !strings.Contains(err.Error(), reply[:8]) {
			t.Errorf("Ready: %v", err)
		}
		before := server.Seen(mailtest.AtDot)
		time.Sleep(100 * time.Millisecond) // two thirds of the shortest pause
		if n := server.Seen(mailtest.AtDot); n > before+8 {
			t.Errorf("%q: %d bodies left in the pause", reply, n-before)
		}
		stop()
		taken := mails[:200-len(in)]
		honest(t, server, book, taken)
		late := 0
		for _, mail := range taken {
			if result(t, book, mail).Result == deferred {
				late++
			}
		}
		if late != 1 {
			t.Errorf("%q: %d mails were deferred", reply, late)
		}
	}
}

// TestNoSlowDown: what concerns one recipient does not slow the others.
func TestNoSlowDown(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{
		"450 4.2.1 The user is receiving mail at a rate that is too high",
		"450 4.7.1 Greylisting in action",
		"451 4.3.0 Temporary lookup failure",
		"452 4.2.2 Over quota",
	} {
		server := mailtest.NewServer(t, mailtest.ServerOptions{
			Rules: []mailtest.Rule{{At: mailtest.AtRCPT, Nth: 4, Reply: reply}},
		})
		m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) {
			o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
		})
		mails := many(20)
		book := mailtest.RunAll(t, m, mails...)
		honest(t, server, book, mails)
		if h := result(t, book, mails[3]); h.Result != deferred {
			t.Errorf("%+v", h)
		}
	}
}

// TestConnectionHasHadItsShare: a server that takes so many mails on one connection costs no pause,
// whether it announces the number or not.
func TestConnectionHasHadItsShare(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]mailtest.ServerOptions{
		"says 421":              {MailsPerConn: 3},
		"says 421 step by step": {MailsPerConn: 3, NoPipelining: true},
		"announces it":          {MailsPerConn: 3, Extensions: []string{"LIMITS RCPTMAX=9 MAILMAX=3"}},
		"announces one":         {MailsPerConn: 1, Extensions: []string{"LIMITS MAILMAX=1"}},
	} {
		server := mailtest.NewServer(t, o)
		m := newMailer(t, server.URL(), "connections=2", func(o *smtp.Options) {
			o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
		})
		mails := many(20)
		book := mailtest.RunAll(t, m, mails...)
		honest(t, server, book, mails)
		if n := len(server.Received()); n != 20 {
			t.Errorf("%s: %d arrived", name, n)
		}
		if len(o.Extensions) > 0 && server.Seen(mailtest.AtMAIL) != 20 {
			t.Errorf("%s: tried too many mails on one connection", name)
		}
	}
}

// TestNoShareAtAll: a server that says so at the first mail of each connection means us to go away.
func TestNoShareAtAll(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		Rules: []mailtest.Rule{{At: mailtest.AtMAIL, Upto: 1, Reply: "421 4.7.0 Too many messages", Drop: true}},
	})
	mails := many(2)
	book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
	honest(t, server, book, mails)
	if h := result(t, book, mails[0]); h.Result != notTried || h.Code != 421 {
		t.Errorf("%+v", h)
	}
}

// TestTooManyConnections: the server's limit is found and kept, and those connected go on.
func TestTooManyConnections(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{
		MaxConns: 2, Rules: []mailtest.Rule{{At: mailtest.AtDot, Wait: 2 * time.Millisecond}},
	})
	m := newMailer(t, server.URL(), "connections=10", func(o *smtp.Options) {
		o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
	})
	mails := many(200)
	book := mailtest.RunAll(t, m, mails...)
	honest(t, server, book, mails)
	if n := len(server.Received()); n < 190 {
		t.Errorf("%d of 200 arrived", n)
	}
}

// TestIdle: an unused connection is closed politely, and a new one is opened for new mail.
func TestIdle(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{})
	m := newMailer(t, server.URL(), "connections=3", func(o *smtp.Options) { o.Timeouts.Idle = 30 * time.Millisecond })
	in, book := make(chan *fibonacco.Mail), mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	mails := many(3)
	for i, mail := range mails {
		in <- mail
		book.Wait(t, i+1)
		eventually(t, "the connection is closed", func() bool { return server.Open() == 0 })
	}
	if n := server.Seen(mailtest.AtQUIT); n != 3 {
		t.Errorf("said goodbye %d times", n)
	}
	honest(t, server, book, mails)
}

// TestServerClosesIdleConnection: the server may be the first to tire. The next mail does not notice.
func TestServerClosesIdleConnection(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for _, pause := range []time.Duration{50 * time.Millisecond, 1100 * time.Millisecond} {
		all.add(t, pause.String(), func(t *testing.T) {
			server := mailtest.NewServer(t, mailtest.ServerOptions{})
			m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) {
				o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
			})
			in, book := make(chan *fibonacco.Mail), mailtest.NewBook()
			mailtest.Start(t, m, in, book)
			mails := many(2)
			in <- mails[0]
			book.Wait(t, 1)
			server.Down()
			server.Up(t)
			time.Sleep(pause)
			in <- mails[1]
			book.Wait(t, 2)
			honest(t, server, book, mails)
			if n := len(server.Received()); n != 2 {
				t.Errorf("%d arrived: %+v", n, result(t, book, mails[1]))
			}
		})
	}
}

// TestUnaskedGoodbye: a server may say 421 while nothing is asked. That is no trouble.
func TestUnaskedGoodbye(t *testing.T) {
	t.Parallel()
	var all crowd
	defer all.running.Wait()
	for _, raw := range []string{"250 2.0.0 Ok\r\n421 4.3.2 Closing\r\n", "250 2.0.0 Ok\r\n"} {
		all.add(t, raw, func(t *testing.T) {
			server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
				{At: mailtest.AtDot, Nth: 1, Raw: raw, Drop: true},
			}})
			m := newMailer(t, server.URL(), "connections=1", func(o *smtp.Options) {
				o.Backoff = smtp.Backoff{First: time.Minute, Most: time.Minute}
			})
			in, book := make(chan *fibonacco.Mail), mailtest.NewBook()
			mailtest.Start(t, m, in, book)
			mails := many(3)
			in <- mails[0]
			book.Wait(t, 1)
			time.Sleep(1100 * time.Millisecond) // long enough to have a look before the next
			in <- mails[1]
			in <- mails[2]
			book.Wait(t, 3)
			honest(t, server, book, mails)
			if n := len(arrivals(server)); n != 3 {
				t.Errorf("%q: %d arrived", raw, n)
			}
		})
	}
}

// TestHastyGoodbye: 421 together with the answer to the last mail is no trouble either.
func TestHastyGoodbye(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{NoPipelining: true, Rules: []mailtest.Rule{
		{At: mailtest.AtDot, Nth: 2, Raw: "250 2.0.0 Ok\r\n421 4.3.2 Closing\r\n", Drop: true},
	}})
	mails := many(4)
	book := mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...)
	honest(t, server, book, mails)
	if n := len(arrivals(server)); n != 4 {
		t.Errorf("%d arrived", n)
	}
}

// tee is a log that can be read while it is written.
type tee struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (w *tee) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *tee) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}
