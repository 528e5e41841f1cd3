package domains_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/domains"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// limiter counts, and grants so many of each key.
type limiter struct {
	mu    sync.Mutex
	has   int // of each key
	taken map[string]int
	rates map[string][]float64
}

func newLimiter(has int) *limiter {
	return &limiter{has: has, taken: map[string]int{}, rates: map[string][]float64{}}
}

func (l *limiter) Take(_ context.Context, key string, perSecond float64, n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rates[key] = append(l.rates[key], perSecond)
	if l.taken[key]+n > l.has {
		return 5 * time.Millisecond
	}
	l.taken[key] += n
	return 0
}

func (l *limiter) State() string { return "test" }

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// newMailer is an SMTP mailer behind limits.
func newMailer(t *testing.T, url string, o domains.Options) fibonacco.Mailer {
	t.Helper()
	inner, err := smtp.New(smtp.Options{
		URL: url, HELO: "sender.test", PerDomain: true, Logger: quiet,
		Backoff: smtp.Backoff{First: 10 * time.Millisecond, Most: 40 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Logger = quiet
	if o.Limiter == nil {
		o.Limiter = newLimiter(1 << 30)
	}
	return domains.New(inner, o)
}

func to(domain string, from, until int64) (mails []*fibonacco.Mail) {
	for n := from; n <= until; n++ {
		m := mailtest.NewMail(n)
		m.To = fmt.Sprintf("someone%d@%s", n, domain)
		mails = append(mails, m)
	}
	return mails
}

func TestConform(t *testing.T) {
	t.Parallel()
	mailtest.Conform(t, func(t *testing.T) fibonacco.Mailer {
		return newMailer(t, mailtest.NewSink(t, mailtest.SinkOptions{}).URL(), domains.Options{})
	})
}

// results counts what became of mails.
func results(t *testing.T, book *mailtest.Book, mails []*fibonacco.Mail) map[fibonacco.HandoverResult]int {
	t.Helper()
	n := map[fibonacco.HandoverResult]int{}
	for _, m := range mails {
		of := book.Of(m)
		if len(of) != 1 {
			t.Fatalf("mail %d was reported %d times", m.SendID, len(of))
		}
		n[of[0].Result]++
	}
	return n
}

// TestAtOnce: a domain never has more under way than it takes; what does not fit is sent back, each
// with a later turn; other domains do not wait.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	inner := &slowly{release: make(chan struct{})}
	m := domains.New(inner, domains.Options{
		Limits: map[string]fibonacco.DomainLimit{"few.test": {Connections: 3}}, Limiter: newLimiter(1 << 30), Logger: quiet,
	})
	few, free := to("Few.TEST.", 1, 60), to("free.test", 61, 90)
	in := make(chan *fibonacco.Mail, 100)
	for _, mail := range append(slices.Clone(few), free...) {
		in <- mail
	}
	book := mailtest.NewBook()
	stop := mailtest.Start(t, m, in, book)
	// 3 under way and 12 waiting; 45 come back, and the 30 of the other domain are through.
	book.Wait(t, 75)
	if n := results(t, book, free); n[fibonacco.Accepted] != 30 {
		t.Errorf("of the other domain: %v", n)
	}
	var last time.Duration
	for _, mail := range few[15:] {
		h := book.Of(mail)
		if len(h) != 1 || h[0].Result != fibonacco.NotTried || h[0].After < last || h[0].After <= 0 {
			t.Fatalf("mail %d: %+v after %v", mail.SendID, h, last)
		}
		last = h[0].After
	}
	if last < 11*time.Second {
		t.Errorf("the last comes back after %v: not one after another", last)
	}
	close(inner.release)
	book.Wait(t, 90)
	stop()
	if n := results(t, book, few); n[fibonacco.Accepted] != 15 || inner.most != 3 {
		t.Errorf("%v, %d at once", n, inner.most)
	}
}

// slowly is a mailer whose mails to few.test take until released.
type slowly struct {
	release   chan struct{}
	mu        sync.Mutex
	now, most int
}

func (s *slowly) Name() string                { return "slowly" }
func (s *slowly) Ready() error                { return nil }
func (s *slowly) Check(context.Context) error { return nil }

func (s *slowly) Run(_ context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog, done func(*fibonacco.Mail, fibonacco.Handover)) {
	var all sync.WaitGroup
	defer all.Wait()
	for mail := range mails {
		flight.Intent(mail.SendID)
		if mail.SendID > 60 {
			done(mail, fibonacco.Handover{Result: fibonacco.Accepted})
			continue
		}
		s.mu.Lock()
		s.now++
		s.most = max(s.most, s.now)
		s.mu.Unlock()
		all.Go(func() {
			<-s.release
			s.mu.Lock()
			s.now--
			s.mu.Unlock()
			done(mail, fibonacco.Handover{Result: fibonacco.Accepted})
		})
	}
}

// TestRate: a domain's mails ask the shared limiter, in its name, and nobody else's do.
func TestRate(t *testing.T) {
	t.Parallel()
	sink := mailtest.NewSink(t, mailtest.SinkOptions{})
	l := newLimiter(30)
	m := newMailer(t, sink.URL(), domains.Options{Limits: map[string]fibonacco.DomainLimit{"slow.test": {Rate: 20}}, Limiter: l})
	slow, free := to("slow.test", 1, 60), to("free.test", 61, 100)
	in := make(chan *fibonacco.Mail, 100)
	for _, mail := range append(slices.Clone(slow), free...) {
		in <- mail
	}
	book := mailtest.NewBook()
	stop := mailtest.Start(t, m, in, book)
	book.Wait(t, 80) // 30 granted and 10 of 30 sent back, for 20 wait; and the 40 of the other domain
	if n := sink.Count(); n != 70 {
		t.Errorf("%d arrived", n)
	}
	stop()
	got := results(t, book, slow)
	if got[fibonacco.Accepted] != 30 || got[fibonacco.NotTried] != 30 {
		t.Errorf("%v", got)
	}
	if len(l.taken) != 1 || l.taken["domain:slow.test"] != 30 {
		t.Errorf("granted: %v", l.taken)
	}
}

// TestDomainComplains: a domain that asks for less gets less, with half of its speed, and others do
// not notice, be it with 450 or by closing the connection with 421.
func TestDomainComplains(t *testing.T) {
	t.Parallel()
	for _, reply := range []string{"450 4.7.1 Slow down", "421 4.7.28 Rate limited"} {
		t.Run(reply[:3], func(t *testing.T) {
			t.Parallel()
			server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
				{At: mailtest.AtRCPT, Line: "@picky.test", Reply: reply, Drop: reply[:3] == "421"},
			}})
			l := newLimiter(1 << 30)
			m := newMailer(t, server.URL()+"?connections=2", domains.Options{Limiter: l, Pause: time.Hour, MostPause: time.Hour})
			in := make(chan *fibonacco.Mail, 200)
			book := mailtest.NewBook()
			mailtest.Start(t, m, in, book)
			first, free := to("picky.test", 1, 1), to("free.test", 2, 101)
			in <- first[0]
			book.Wait(t, 1)
			for _, mail := range free {
				in <- mail
			}
			later := to("picky.test", 200, 205)
			for _, mail := range later {
				in <- mail
			}
			book.Wait(t, 107)
			if n := results(t, book, free); n[fibonacco.Accepted] != 100 {
				t.Errorf("of the other domain: %v", n)
			}
			if h := book.Of(first[0])[0]; !h.Slower || (h.Result == fibonacco.NotTried) != (reply[:3] == "421") {
				t.Errorf("the one that was refused: %+v", h)
			}
			for _, mail := range later {
				if h := book.Of(mail)[0]; h.Result != fibonacco.NotTried || h.After < 40*time.Minute {
					t.Errorf("during the pause: %+v", h)
				}
			}
			if n := server.Seen(mailtest.AtRCPT); n != 101 {
				t.Errorf("%d were tried", n)
			}
			if err := m.Ready(); err != nil {
				t.Errorf("all are held: %v", err)
			}
		})
	}
}

// TestRecovers: after the pause mail goes again, at a speed that grows until there is no limit.
func TestRecovers(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
		{At: mailtest.AtRCPT, Upto: 1, Reply: "450 4.7.1 Slow down"},
	}})
	l := newLimiter(1 << 30)
	m := newMailer(t, server.URL()+"?connections=1", domains.Options{Limiter: l, Pause: 2 * time.Millisecond, MostPause: 2 * time.Millisecond})
	in := make(chan *fibonacco.Mail)
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	for n := int64(1); n <= 200; n++ {
		mail := to("picky.test", n, n)[0]
		in <- mail
		book.Wait(t, int(n))
		time.Sleep(time.Millisecond)
	}
	l.mu.Lock()
	rates := l.rates["domain:picky.test"]
	l.mu.Unlock()
	if len(rates) == 0 || !slices.IsSorted(rates) || len(rates) > 190 {
		t.Errorf("%d mails were limited, at %v", len(rates), rates)
	}
	if n := len(server.Received()); n < 190 {
		t.Errorf("%d arrived", n)
	}
}

// TestAllComplain: when one domain after the other complains, it is the server that does.
func TestAllComplain(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{Rules: []mailtest.Rule{
		{At: mailtest.AtRCPT, Reply: "421 4.7.0 Too much from you", Drop: true},
	}})
	inner, err := smtp.New(smtp.Options{URL: server.URL() + "?connections=1", PerDomain: true, Logger: quiet, Backoff: smtp.Backoff{First: time.Hour, Most: time.Hour}})
	if err != nil {
		t.Fatal(err)
	}
	m := domains.New(inner, domains.Options{Limiter: newLimiter(1 << 30), Logger: quiet})
	in := make(chan *fibonacco.Mail, 10)
	for n := range int64(5) {
		in <- to(fmt.Sprintf("d%d.test", n), n+1, n+1)[0]
	}
	book := mailtest.NewBook()
	mailtest.Start(t, m, in, book)
	book.Wait(t, 3)
	if m.Ready() == nil || server.Seen(mailtest.AtRCPT) != 3 {
		t.Errorf("ready: %v, %d were tried", m.Ready(), server.Seen(mailtest.AtRCPT))
	}
}
