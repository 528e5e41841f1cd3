package smtp_test

import (
	"bytes"
	"fmt"
	netsmtp "net/smtp"
	"sync"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/mail/mailtest"
	"github.com/fibonacco/fibonacco/mail/smtp"
)

// benchConnections is what both senders get.
const benchConnections = 10

// benchMail is a mail of 4.1 KB, as a rendered campaign is.
func benchMail(n int64) *fibonacco.Mail {
	mail := mailtest.NewMail(n)
	line := []byte("The quick brown fox jumps over the lazy dog, and then over this line once=20\r\n")
	mail.Message = append(mail.Message, bytes.Repeat(line, 49)...)
	return mail
}

// BenchmarkMailer and BenchmarkNetSMTP hand mails to the same sink over as many connections.
func BenchmarkMailer(b *testing.B) {
	for _, way := range []string{"pipelining", "step by step"} {
		b.Run(way, func(b *testing.B) {
			sink := mailtest.NewSink(b, mailtest.SinkOptions{NoPipelining: way != "pipelining"})
			mail := benchMail(1)
			b.ReportAllocs()
			b.ResetTimer()
			pump(b, sink.URL(), mail, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}

func BenchmarkNetSMTP(b *testing.B) {
	sink := mailtest.NewSink(b, mailtest.SinkOptions{})
	mail := benchMail(1)
	b.ReportAllocs()
	b.ResetTimer()
	lockStep(b, sink.Addr(), mail, b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkRatio runs both by turns, so that the machine's moods meet both, and reports how many
// times as fast as net/smtp the mailer is. One op is a mail by each.
func BenchmarkRatio(b *testing.B) {
	const turn = 5000
	sink := mailtest.NewSink(b, mailtest.SinkOptions{})
	mail := benchMail(1)
	var ours, theirs float64
	for left := b.N; left > 0; left -= turn {
		n := min(left, turn)
		began := fibonacco.RealTime()
		pump(b, sink.URL(), mail, n)
		middle := fibonacco.RealTime()
		lockStep(b, sink.Addr(), mail, n)
		ours += middle.Sub(began).Seconds()
		theirs += fibonacco.RealTime().Sub(middle).Seconds()
	}
	b.ReportMetric(theirs/ours, "x-net/smtp")
	b.ReportMetric(float64(b.N)/ours, "mails/s")
	b.ReportMetric(float64(b.N)/theirs, "net/smtp-mails/s")
}

func pump(b *testing.B, url string, mail *fibonacco.Mail, n int) {
	m, err := smtp.New(smtp.Options{URL: fmt.Sprintf("%s?connections=%d", url, benchConnections)})
	if err != nil {
		b.Fatal(err)
	}
	mails := make(chan *fibonacco.Mail, 500)
	go func() {
		for range n {
			mails <- mail
		}
		close(mails)
	}()
	m.Run(b.Context(), mails, noFlight{}, func(_ *fibonacco.Mail, h fibonacco.Handover) {
		if h.Result != fibonacco.Accepted {
			b.Errorf("%+v", h)
		}
	})
}

type noFlight struct{}

func (noFlight) Intent(int64) {}

func lockStep(b *testing.B, addr string, mail *fibonacco.Mail, n int) {
	mails := make(chan *fibonacco.Mail, 500)
	var senders sync.WaitGroup
	for range benchConnections {
		c, err := netsmtp.Dial(addr)
		if err != nil {
			b.Fatal(err)
		}
		senders.Go(func() {
			for mail := range mails {
				if err := sendNetSMTP(c, mail); err != nil {
					b.Error(err)
				}
			}
			if err := c.Quit(); err != nil {
				b.Error(err)
			}
		})
	}
	for range n {
		mails <- mail
	}
	close(mails)
	senders.Wait()
}

func sendNetSMTP(c *netsmtp.Client, mail *fibonacco.Mail) error {
	if err := c.Mail(mail.From); err != nil {
		return err
	}
	if err := c.Rcpt(mail.To); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(mail.Message); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Reset()
}
