package smtp_test

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newMailer makes a mailer that is quick to give up and to try again. query is added to the URL.
func newMailer(t testing.TB, url, query string, change ...func(*smtp.Options)) *smtp.Mailer {
	t.Helper()
	o := smtp.Options{
		URL: url + "?" + query, HELO: "sender.test",
		Timeouts: smtp.Timeouts{
			Connect: time.Second, Command: 2 * time.Second, Data: 2 * time.Second,
			Idle: 5 * time.Second, Grace: 300 * time.Millisecond,
		},
		Backoff: smtp.Backoff{First: 10 * time.Millisecond, Most: 40 * time.Millisecond},
		Logger:  slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	m, err := smtp.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestConform(t *testing.T) {
	servers := map[string]mailtest.SinkOptions{
		"pipelining":   {},
		"step by step": {NoPipelining: true},
		"far away":     {Delay: time.Millisecond},
	}
	for name, o := range servers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mailtest.Conform(t, func(t *testing.T) fibonacco.Mailer {
				return newMailer(t, mailtest.NewSink(t, o).URL(), "connections=4",
					func(o *smtp.Options) { o.Timeouts = smtp.Timeouts{} })
			})
		})
	}
}

func TestEveryMessageArrivesAsItIs(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{true, false} {
		sink := mailtest.NewSink(t, mailtest.SinkOptions{Keep: mailtest.KeepMessage, NoPipelining: !pipelining})
		m := newMailer(t, sink.URL(), "connections=3")
		var mails []*fibonacco.Mail
		want := map[string]*fibonacco.Mail{}
		for n := range int64(200) {
			mail := mailtest.NewMail(n + 1)
			mail.Message = append(mail.Message, bytes.Repeat([]byte("..\r\n. \r\nwords\r\n"), int(n*n)%2500)...)
			mails = append(mails, mail)
			want[mail.MessageID] = mail
		}
		book := mailtest.RunAll(t, m, mails...)
		book.Check(t, mails)
		for _, got := range sink.Received() {
			mail := want[got.MessageID]
			if mail == nil {
				t.Fatalf("%s arrived twice, or from nowhere", got.MessageID)
			}
			delete(want, got.MessageID)
			if got.From != mail.From || got.To != mail.To || !bytes.Equal(got.Message, mail.Message) {
				t.Errorf("%s arrived changed", got.MessageID)
			}
		}
		if len(want) != 0 {
			t.Errorf("%d did not arrive", len(want))
		}
	}
}

func TestPipeliningSavesRoundTrips(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t, mailtest.ServerOptions{})
	mails := many(20)
	mailtest.RunAll(t, newMailer(t, server.URL(), "connections=1"), mails...).Check(t, mails)
	if log := strings.Join(server.Log(), " "); strings.Contains(log, "RSET") {
		t.Error("RSET between mails costs time for nothing")
	}
	for _, v := range server.Violations() {
		t.Error(v)
	}
}

// TestInDoubt: however many mails there are, no more are in doubt at any moment than there are
// connections. It is what a restart after kill -9 has to settle.
func TestInDoubt(t *testing.T) {
	t.Parallel()
	const connections = 4
	sink := mailtest.NewSink(t, mailtest.SinkOptions{})
	m := newMailer(t, sink.URL(), fmt.Sprintf("connections=%d", connections))
	in := make(chan *fibonacco.Mail, 1000)
	for _, mail := range many(1000) {
		in <- mail
	}
	close(in)
	var doubt doubts
	m.Run(t.Context(), in, &doubt, func(*fibonacco.Mail, fibonacco.Handover) { doubt.now.Add(-1) })
	if most := doubt.most.Load(); most > connections || most < 1 || doubt.now.Load() != 0 {
		t.Errorf("%d mails were in doubt at once, %d at the end", most, doubt.now.Load())
	}
}

// doubts counts intents whose outcome is not known.
type doubts struct{ now, most atomic.Int64 }

func (d *doubts) Intent(int64) {
	n := d.now.Add(1)
	for most := d.most.Load(); n > most && !d.most.CompareAndSwap(most, n); most = d.most.Load() {
	}
}

// crowd runs cases all at once. They mostly wait, so there is no need to run only as many as there
// are processors, as t.Parallel does.
type crowd struct{ running sync.WaitGroup }

func (c *crowd) add(t *testing.T, name string, test func(t *testing.T)) {
	c.running.Go(func() { t.Run(name, test) })
}

// many makes n mails, numbered from 1.
func many(n int64) (mails []*fibonacco.Mail) {
	for i := range n {
		mails = append(mails, mailtest.NewMail(i+1))
	}
	return mails
}

// result is the one thing that was said about a mail.
func result(t *testing.T, book *mailtest.Book, mail *fibonacco.Mail) fibonacco.Handover {
	t.Helper()
	said := book.Of(mail)
	if len(said) != 1 {
		t.Fatalf("mail %d was reported %d times", mail.SendID, len(said))
	}
	return said[0]
}

// arrivals counts what the server took, by Message-ID, whether it could say so or not.
func arrivals(server *mailtest.Server) map[string]int {
	times := map[string]int{}
	for _, r := range append(server.Received(), server.Unanswered()...) {
		times[r.MessageID]++
	}
	return times
}

// honest checks that what was reported is what happened: the heart of R1.
func honest(t *testing.T, server *mailtest.Server, book *mailtest.Book, mails []*fibonacco.Mail) {
	t.Helper()
	book.Check(t, mails)
	times := arrivals(server)
	for _, mail := range mails {
		switch n, h := times[mail.MessageID], result(t, book, mail); h.Result {
		case fibonacco.Accepted:
			if n != 1 {
				t.Errorf("mail %d was accepted, and arrived %d times", mail.SendID, n)
			}
		case fibonacco.Unanswered:
			if n > 1 {
				t.Errorf("mail %d arrived %d times", mail.SendID, n)
			}
		default:
			if n != 0 {
				t.Errorf("mail %d arrived %d times, and was reported %+v", mail.SendID, n, h)
			}
		}
		if h := result(t, book, mail); strings.Contains(h.Reason, "@") {
			t.Errorf("an address in %q", h.Reason)
		}
	}
	for _, v := range server.Violations() {
		t.Error(v)
	}
}

// eventually waits for something to come true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 400 {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
