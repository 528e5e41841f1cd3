package smtp_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// newMailers is newMailer for several servers. urls have their queries.
func newMailers(t testing.TB, urls []string, change ...func(*smtp.Options)) *smtp.Mailer {
	t.Helper()
	return newMailer(t, "", "", append([]func(*smtp.Options){func(o *smtp.Options) { o.URL = strings.Join(urls, " ") }}, change...)...)
}

func TestConformSeveral(t *testing.T) {
	t.Parallel()
	mailtest.Conform(t, func(t *testing.T) fibonacco.Mailer {
		var urls []string
		for range 3 {
			urls = append(urls, mailtest.NewSink(t, mailtest.SinkOptions{}).URL()+"?connections=2")
		}
		return newMailers(t, urls, func(o *smtp.Options) { o.Timeouts = smtp.Timeouts{} })
	})
}

// TestWeights: each server gets its share, however few connections it has.
func TestWeights(t *testing.T) {
	t.Parallel()
	light, heavy := mailtest.NewSink(t, mailtest.SinkOptions{}), mailtest.NewSink(t, mailtest.SinkOptions{})
	m := newMailers(t, []string{light.URL() + "?connections=8", heavy.URL() + "?connections=2&weight=3"})
	mails := many(800)
	book := mailtest.RunAll(t, m, mails...)
	book.Check(t, mails)
	// 200 and 600, but for what a busy machine holds up.
	if l, h := light.Count(), heavy.Count(); l+h != 800 || l < 150 || h < 2*l {
		t.Errorf("the light one got %d, the heavy one %d", l, h)
	}
}

// TestTakeOver: while one server does not work, in whatever way, the others take its share, at once
// and once.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]mailtest.ServerOptions{
		"login refused":          {User: "someone", Password: "else"},
		"421 on connecting":      {Rules: []mailtest.Rule{{At: mailtest.AtGreeting, Reply: "421 4.3.2 Down", Drop: true}}},
		"421 to MAIL":            {Rules: []mailtest.Rule{{At: mailtest.AtMAIL, Reply: "421 4.3.2 Down", Drop: true}}},
		"421 to DATA":            {Rules: []mailtest.Rule{{At: mailtest.AtDATA, Reply: "421 4.3.2 Down", Drop: true}}},
		"drops at RCPT":          {Rules: []mailtest.Rule{{At: mailtest.AtRCPT, Drop: true}}},
		"account suspended":      {Rules: []mailtest.Rule{{At: mailtest.AtMAIL, Reply: "554 5.7.1 account is suspended"}}},
		"silent on connecting":   {Rules: []mailtest.Rule{{At: mailtest.AtGreeting, Hang: true}}},
		"silent in the envelope": {Rules: []mailtest.Rule{{At: mailtest.AtMAIL, Hang: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad, good := mailtest.NewServer(t, o), mailtest.NewServer(t, mailtest.ServerOptions{})
			url := bad.URL()
			if o.User != "" {
				url = strings.Replace(url, "someone:else", "someone:wrong", 1)
			}
			m := newMailers(t, []string{url + "?connections=3&weight=5", good.URL() + "?connections=3"},
				func(o *smtp.Options) { o.Timeouts.Command = time.Second })
			mails := many(60)
			book := mailtest.RunAll(t, m, mails...)
			book.Check(t, mails)
			times := arrivals(good)
			for _, mail := range mails {
				if h := result(t, book, mail); h.Result != accepted || times[mail.MessageID] != 1 {
					t.Errorf("mail %d arrived %d times: %+v", mail.SendID, times[mail.MessageID], h)
				}
			}
			if err := m.Ready(); err != nil {
				t.Errorf("not ready while one works: %v", err)
			}
			if err := m.Check(t.Context()); err != nil {
				t.Errorf("the check fails while one works: %v", err)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		t.Parallel()
		good := mailtest.NewSink(t, mailtest.SinkOptions{})
		mails := many(50)
		mailtest.RunAll(t, newMailers(t, []string{mailtest.RefusingURL(t), good.URL()}), mails...).Check(t, mails)
		if good.Count() != 50 {
			t.Errorf("%d arrived", good.Count())
		}
	})
}

// TestInDoubtStaysInDoubt: a mail whose body has left is never offered to another server.
func TestInDoubtStaysInDoubt(t *testing.T) {
	t.Parallel()
	for _, silent := range []mailtest.Rule{
		{At: mailtest.AtDot, Drop: true}, {At: mailtest.AtDot, Hang: true}, {At: mailtest.AtBody, Drop: true},
	} {
		bad := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{silent}})
		good := mailtest.NewServer(t, mailtest.ServerOptions{})
		m := newMailers(t, []string{bad.URL() + "?connections=2", good.URL() + "?connections=2"}, func(o *smtp.Options) {
			o.Timeouts.Data = 300 * time.Millisecond
		})
		mails := many(60)
		book := mailtest.RunAll(t, m, mails...)
		book.Check(t, mails)
		times, doubtful := arrivals(good), 0
		for _, mail := range mails {
			h := result(t, book, mail)
			if h.Result == unanswered {
				doubtful++
			}
			if n := times[mail.MessageID]; n > 1 || (n == 1) != (h.Result == accepted) {
				t.Errorf("%s: mail %d arrived %d times: %+v", silent.At, mail.SendID, n, h)
			}
		}
		if doubtful == 0 || doubtful > 30 {
			t.Errorf("%s: %d are in doubt", silent.At, doubtful)
		}
	}
}

// TestServerComesBack: a server that was away gets its share again.
func TestServerComesBack(t *testing.T) {
	t.Parallel()
	first, second := mailtest.NewServer(t, mailtest.ServerOptions{}), mailtest.NewServer(t, mailtest.ServerOptions{})
	m := newMailers(t, []string{first.URL() + "?connections=2", second.URL() + "?connections=2"})
	in := make(chan *fibonacco.Mail, 10)
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	var sent []*fibonacco.Mail
	offer := func(n int) {
		for range n {
			mail := mailtest.NewMail(int64(len(sent) + 1))
			sent = append(sent, mail)
			in <- mail
		}
	}
	send := func(n int) {
		offer(n)
		book.Wait(t, len(sent))
	}
	send(20)
	first.Down()
	send(20)
	second.Down()
	eventually(t, "nobody is ready", func() bool {
		if m.Ready() == nil && len(in) == 0 {
			offer(1) // which may be kept until one is back
		}
		return m.Ready() != nil
	})
	first.Up(t)
	before := len(first.Received())
	eventually(t, "the first is back", func() bool { send(1); return len(first.Received()) > before })
	second.Up(t)
	before = len(second.Received())
	eventually(t, "the second is back", func() bool { send(1); return len(second.Received()) > before })

	got := arrivals(first)
	for id, n := range arrivals(second) {
		got[id] += n
	}
	lost := 0
	for _, mail := range sent {
		switch h := result(t, book, mail); {
		case h.Result == accepted && got[mail.MessageID] == 1:
		case h.Result == notTried && got[mail.MessageID] == 0:
			lost++
		default:
			t.Errorf("mail %d arrived %d times: %+v", mail.SendID, got[mail.MessageID], h)
		}
	}
	if accepted := len(sent) - lost; accepted < 42 {
		t.Errorf("%d of %d were accepted", accepted, len(sent))
	}
}

// TestStuckServer: one that hangs in the middle keeps what it has, and no more than that.
func TestStuckServer(t *testing.T) {
	t.Parallel()
	stuck := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{{At: mailtest.AtDot, Hang: true}}})
	good := mailtest.NewServer(t, mailtest.ServerOptions{})
	m := newMailers(t, []string{stuck.URL() + "?connections=1", good.URL() + "?connections=1"},
		func(o *smtp.Options) { o.Timeouts = smtp.Timeouts{} })
	in := make(chan *fibonacco.Mail, 100)
	mails := many(100)
	for _, mail := range mails {
		in <- mail
	}
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	book.Wait(t, 99) // all but the one whose body was sent
	if n := len(arrivals(good)); n != 99 {
		t.Errorf("%d arrived at the other server", n)
	}
	stuck.Down()
	book.Wait(t, 100)
}

// TestRates: a server has its own rate, and all of them one together.
func TestRates(t *testing.T) {
	t.Parallel()
	slow, quick := mailtest.NewSink(t, mailtest.SinkOptions{}), mailtest.NewSink(t, mailtest.SinkOptions{})
	granted := &limiter{has: 1 << 20, keys: map[string]float64{}}
	m := newMailers(t, []string{slow.URL() + "?rate=7&connections=2", quick.URL() + "?connections=2"}, func(o *smtp.Options) {
		o.Limiter, o.PerSecond, o.LimitKey = granted, 500, "out"
	})
	mails := many(100)
	mailtest.RunAll(t, m, mails...).Check(t, mails)
	granted.mu.Lock()
	defer granted.mu.Unlock()
	rates := map[string]float64{}
	for key, rate := range granted.keys {
		rates[fmt.Sprint(rate)+key[:3]] = rate
	}
	if len(granted.keys) != 2 || rates["7out"] != 7 || rates["500out"] != 500 || granted.keys["out"] != 500 {
		t.Errorf("asked for %v", granted.keys)
	}
	if n := int64(granted.taken); n < 100+slow.Count() || n > 200+slow.Count() {
		t.Errorf("%d granted for 100 mails, %d of them slow", n, slow.Count())
	}
}

// TestSpillOver: a server at its own rate leaves the rest to the others.
func TestSpillOver(t *testing.T) {
	t.Parallel()
	slow, quick := mailtest.NewSink(t, mailtest.SinkOptions{}), mailtest.NewSink(t, mailtest.SinkOptions{})
	m := newMailers(t, []string{slow.URL() + "?rate=7&connections=1", quick.URL() + "?connections=2"}, func(o *smtp.Options) {
		o.Limiter = &limiter{has: 5, keys: map[string]float64{}} // and no more
	})
	in := make(chan *fibonacco.Mail, 300)
	for _, mail := range many(300) {
		in <- mail
	}
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	book.Wait(t, 298) // two lie in the queue of the slow one
	if slow.Count() != 5 || quick.Count() < 293 {
		t.Errorf("the slow one got %d, the quick one %d", slow.Count(), quick.Count())
	}
}

func TestSeveralURLs(t *testing.T) {
	t.Parallel()
	for url, wrong := range map[string]bool{
		"smtp://a.test smtps://b.test":                                                false,
		"smtp://a.test,smtp://b.test?weight=3":                                        false,
		" smtp://u:sec,ret@a.test?connections=2 ,\n smtp://b.test?rate=.5, ":          false,
		"smtp://a.test smtp://a.test:25":                                              true,
		"smtp://u:p@a.test smtp://v:p@a.test":                                         false,
		"smtp://a.test?weight=0":                                                      true,
		"smtp://a.test?rate=-1":                                                       true,
		"smtp://a.test?rate=NaN":                                                      true,
		"smtp://a.test,imap://b.test smtp://c.test":                                   true,
		"smtp://a.test http://secret@b.test":                                          true,
		"smtp://a.test smtp://u:secret@b.test?tls=perhaps":                            true,
		"smtp://a.test?auth=plain":                                                    true,
		"smtp://u:secret@a.test?auth=cram":                                            true,
		"smtp://u:secret@a.test?auth=xoauth2":                                         true,
		"smtp://u:secret@a.test?auth=xoauth2&token_url=https://t.test/x":              true,
		"smtp://u:secret@a.test?auth=xoauth2&token_url=http://t.test/x&client_id=me":  true,
		"smtp://u:secret@a.test?auth=xoauth2&token_url=https://t.test/x&client_id=me": false,
		strings.Repeat("smtp://a.test ", 30):                                          true,
	} {
		_, err := smtp.New(smtp.Options{URL: url, Limiter: &limiter{}})
		if (err != nil) != wrong || wrong && fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("a secret is in %q", err)
		}
	}
	if _, err := smtp.New(smtp.Options{URL: "smtp://a.test smtp://b.test?rate=5"}); err == nil {
		t.Error("a rate without a limiter means no limit")
	}
}

func TestServersOfAURL(t *testing.T) {
	t.Parallel()
	got, err := smtp.Servers("smtps://u:p@one.test, smtp://u:p@two.test?tls=required smtp://three.test:26?tls=none&weight=2,smtp://localhost")
	want := []smtp.Server{
		{Addr: "one.test:465", Host: "one.test", Implicit: true},
		{Addr: "two.test:587", Host: "two.test"},
		{Addr: "three.test:26", Host: "three.test", Plain: true},
		{Addr: "localhost:25", Host: "localhost", Plain: true, Local: true},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := smtp.Servers("http://one.test"); fibonacco.CodeOf(err) != fibonacco.Invalid {
		t.Errorf("got %v", err)
	}
}
