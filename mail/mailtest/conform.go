package mailtest

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// patience is how long anything may take before it counts as stuck. It is much longer than the "few
// seconds" of the contract, because tests run on busy machines.
const patience = 20 * time.Second

// Conform checks what every fibonacco.Mailer promises. newMailer makes a mailer whose provider
// is there and takes everything; it is called once for each part, and all parts run at once.
func Conform(t *testing.T, newMailer func(t *testing.T) fibonacco.Mailer) {
	t.Helper()
	parts := map[string]func(*testing.T, fibonacco.Mailer){
		"says who it is and that it is ready":          conformReady,
		"reports each mail once, accepted":             conformOnce,
		"returns when the channel is closed at once":   conformClosed,
		"takes nothing once its context has ended":     conformEnded,
		"reports what it took when its context ends":   conformEnds,
		"runs again after it has returned":             conformAgain,
		"serves many feeders and slow listeners":       conformCrowd,
		"takes mail that is not in the ledger":         conformNoLedger,
		"waits for mail without spinning or leaving":   conformWaits,
		"leaves the messages it was given as they are": conformUntouched,
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, newMailer(t))
		})
	}
}

// NewMail makes a small, valid mail; the same n makes the same mail.
func NewMail(n int64) *fibonacco.Mail {
	id := fmt.Sprintf("%d@sender.test", n)
	to := fmt.Sprintf("recipient%d@example.test", n)
	return &fibonacco.Mail{
		SendID: n, From: "bounce@sender.test", To: to, MessageID: id,
		Message: fmt.Appendf(nil, "From: Sarah <sarah@sender.test>\r\nTo: %s\r\nSubject: Message %d\r\n"+
			"Date: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <%s>\r\nMIME-Version: 1.0\r\n"+
			"Content-Type: text/plain; charset=us-ascii\r\n\r\nHello %d,\r\n.a line that begins with a dot\r\n",
			to, n, id, n),
	}
}

// Start runs a mailer until the returned stop is called or the test ends. Stop ends the context,
// waits for Run and fails the test when that takes too long.
func Start(tb testing.TB, m fibonacco.Mailer, mails <-chan *fibonacco.Mail, book *Book) (stop func()) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan struct{})
	go func() {
		defer close(over)
		m.Run(ctx, mails, book, book.Done)
	}()
	stop = func() {
		tb.Helper()
		cancel()
		await(tb, over)
	}
	tb.Cleanup(stop)
	return stop
}

// RunAll hands the mails over, closes the channel, waits for Run and returns the book.
func RunAll(tb testing.TB, m fibonacco.Mailer, mails ...*fibonacco.Mail) *Book {
	tb.Helper()
	in := make(chan *fibonacco.Mail, len(mails))
	for _, mail := range mails {
		in <- mail
	}
	close(in)
	book, over := NewBook(), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		defer close(over)
		m.Run(ctx, in, book, book.Done)
	}()
	await(tb, over)
	return book
}

func await(tb testing.TB, over <-chan struct{}) {
	tb.Helper()
	select {
	case <-over:
	case <-time.After(patience):
		tb.Fatal("Run did not return")
	}
}

func newMails(from, to int64) (mails []*fibonacco.Mail) {
	for n := from; n <= to; n++ {
		mails = append(mails, NewMail(n))
	}
	return mails
}

func accepted(tb testing.TB, b *Book, mails []*fibonacco.Mail) {
	tb.Helper()
	for _, m := range mails {
		for _, h := range b.Of(m) {
			if h.Result != fibonacco.Accepted || h.Reason != "" {
				tb.Errorf("mail %d: %+v", m.SendID, h)
			}
		}
	}
}

func clone(mails []*fibonacco.Mail) (texts [][]byte) {
	for _, m := range mails {
		texts = append(texts, bytes.Clone(m.Message))
	}
	return texts
}
