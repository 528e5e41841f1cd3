package catcher

import (
	"context"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

const (
	maxBatch      = 256
	maxBatchBytes = 4 << 20
	// afterFailure is how long nothing is taken when the disk did not take a batch.
	afterFailure = time.Second
)

// Name implements fibonacco.Mailer.
func (c *Catcher) Name() string { return "catcher" }

// Ready implements fibonacco.Mailer: nil unless mails could not be written just now.
func (c *Catcher) Ready() error {
	if left, err := c.waits(); left > 0 {
		unavailable := fibonacco.Errorf(fibonacco.Unavailable, "the mail catcher cannot write, next try in 1 s")
		unavailable.Err = err
		return unavailable
	}
	return nil
}

// Check implements fibonacco.Mailer: it looks whether the folder can be written to.
func (c *Catcher) Check(context.Context) error {
	f, err := os.CreateTemp(c.dir, "check-*")
	if err == nil {
		_, err = f.WriteString(head)
		f.Close()
		os.Remove(f.Name())
	}
	if err != nil {
		unavailable := fibonacco.Errorf(fibonacco.Unavailable, "the mail catcher cannot write to its folder")
		unavailable.Err = err
		return unavailable
	}
	return nil
}

// Run implements fibonacco.Mailer. Mails that come together are written together.
func (c *Catcher) Run(ctx context.Context, mails <-chan *fibonacco.Mail, flight fibonacco.FlightLog,
	done func(*fibonacco.Mail, fibonacco.Handover),
) {
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 4) {
		workers.Go(func() {
			b := batch{catcher: c, flight: flight, done: done, most: min(maxBatch, c.perSegment())}
			for b.take(ctx, mails) {
				b.write()
			}
		})
	}
	workers.Wait()
}

// batch is what one worker writes at once.
type batch struct {
	catcher *Catcher
	flight  fibonacco.FlightLog
	done    func(*fibonacco.Mail, fibonacco.Handover)
	most    int // mails

	mails   []*fibonacco.Mail
	entries []entry
	records []byte
}

// take waits for a mail and takes what else is there. It returns false when nothing will come.
func (b *batch) take(ctx context.Context, mails <-chan *fibonacco.Mail) bool {
	b.mails, b.entries, b.records = b.mails[:0], b.entries[:0], b.records[:0]
	for wait, _ := b.catcher.waits(); wait > 0; wait, _ = b.catcher.waits() {
		if (fibonacco.SystemClock{}).Sleep(ctx, wait) != nil { // the disk does not care for the programme's clock
			return false
		}
	}
	if ctx.Err() != nil {
		return false
	}
	select {
	case mail, open := <-mails:
		if !open {
			return false
		}
		b.add(mail)
	case <-ctx.Done():
		return false
	}
	for len(b.mails) < b.most && len(b.records) < maxBatchBytes {
		select {
		case mail, open := <-mails:
			if !open {
				return true // the next take sees it, too
			}
			b.add(mail)
		default:
			return true
		}
	}
	return true
}

// add prepares a mail's record, or reports at once a mail that is not to be caught.
func (b *batch) add(mail *fibonacco.Mail) {
	if h, failed := verdict(mail); failed {
		b.done(mail, h)
		return
	}
	if mail.SendID != 0 && b.flight != nil {
		b.flight.Intent(mail.SendID)
	}
	e := entry{CaughtMail: fibonacco.CaughtMail{
		At: b.catcher.clock.Now(), From: cut(mail.From), To: cut(mail.To),
		Subject: cut(subject(mail.Message)), Size: len(mail.Message),
	}}
	e.search = searchText(e.To, e.Subject)
	var body int
	b.records, body = appendRecord(b.records, &e, mail.Message)
	e.offset = int64(body) // within the batch, until the segment knows where that begins
	b.mails, b.entries = append(b.mails, mail), append(b.entries, e)
}

// write appends the batch to the folder and reports each mail of it.
func (b *batch) write() {
	if len(b.mails) == 0 {
		return
	}
	if err := b.catcher.add(b.records, b.entries); err != nil {
		for _, mail := range b.mails {
			b.done(mail, fibonacco.Handover{Result: fibonacco.NotTried, Reason: "the mail catcher cannot write"})
		}
		return
	}
	for _, mail := range b.mails {
		b.done(mail, fibonacco.Handover{Result: fibonacco.Accepted, Code: 250})
	}
	if tell := b.catcher.OnCaught; tell != nil {
		for _, e := range b.entries {
			tell(e.CaughtMail)
		}
	}
}
