package mailtest

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

func conformReady(t *testing.T, m fibonacco.Mailer) {
	if a, b := m.Name(), m.Name(); a == "" || a != b {
		t.Errorf("Name is %q, then %q", a, b)
	}
	if err := m.Ready(); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if err := m.Check(t.Context()); err != nil {
		t.Errorf("Check: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := fibonacco.RealTime()
	_ = m.Check(ctx) // may say anything, but soon
	if took := fibonacco.RealTime().Sub(began); took > patience/2 {
		t.Errorf("Check took %v although its context had ended", took)
	}
}

func conformOnce(t *testing.T, m fibonacco.Mailer) {
	mails := newMails(1, 1000)
	book := RunAll(t, m, mails...)
	book.Check(t, mails)
	accepted(t, book, mails)
	for _, mail := range mails {
		if n := book.Intents(mail.SendID); n != 1 {
			t.Errorf("mail %d had %d intents", mail.SendID, n)
		}
	}
}

func conformClosed(t *testing.T, m fibonacco.Mailer) {
	RunAll(t, m).Check(t, nil)
}

func conformEnded(t *testing.T, m fibonacco.Mailer) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := make(chan *fibonacco.Mail, 100)
	mails := newMails(1, 100)
	for _, mail := range mails {
		in <- mail
	}
	book, over := NewBook(), make(chan struct{})
	go func() {
		defer close(over)
		m.Run(ctx, in, book, book.Done)
	}()
	await(t, over)
	if len(in) != len(mails) {
		t.Errorf("%d mails were taken", len(mails)-len(in))
	}
	book.Check(t, mails[:len(mails)-len(in)])
}

func conformEnds(t *testing.T, m fibonacco.Mailer) {
	in, book := make(chan *fibonacco.Mail), NewBook()
	stop := Start(t, m, in, book)
	var taken []*fibonacco.Mail
	ended := make(chan struct{})
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		for n := int64(1); ; n++ {
			mail := NewMail(n)
			select {
			case in <- mail:
				taken = append(taken, mail)
			case <-ended:
				return
			}
		}
	}()
	book.Wait(t, 50)
	stop()
	close(ended)
	<-fed
	book.Check(t, taken)
}

func conformAgain(t *testing.T, m fibonacco.Mailer) {
	for round := range int64(3) {
		mails := newMails(round*10+1, round*10+10)
		book := RunAll(t, m, mails...)
		book.Check(t, mails)
		accepted(t, book, mails)
	}
}

func conformCrowd(t *testing.T, m fibonacco.Mailer) {
	const feeders, each = 8, 50
	in, book := make(chan *fibonacco.Mail, 3), NewBook()
	mails := newMails(1, feeders*each)
	var feeding sync.WaitGroup
	for f := range feeders {
		feeding.Go(func() {
			for _, mail := range mails[f*each : (f+1)*each] {
				in <- mail
			}
		})
	}
	go func() {
		feeding.Wait()
		close(in)
	}()
	over := make(chan struct{})
	go func() {
		defer close(over)
		m.Run(t.Context(), in, book, func(mail *fibonacco.Mail, h fibonacco.Handover) {
			time.Sleep(time.Duration(mail.SendID%3) * 100 * time.Microsecond)
			book.Done(mail, h)
		})
	}()
	await(t, over)
	book.Check(t, mails)
	accepted(t, book, mails)
}

func conformNoLedger(t *testing.T, m fibonacco.Mailer) {
	mail := NewMail(7)
	mail.SendID = 0
	book := RunAll(t, m, mail)
	book.Check(t, []*fibonacco.Mail{mail})
	accepted(t, book, []*fibonacco.Mail{mail})
}

func conformWaits(t *testing.T, m fibonacco.Mailer) {
	in, book := make(chan *fibonacco.Mail), NewBook()
	stop := Start(t, m, in, book)
	mails := newMails(1, 5)
	for i, mail := range mails {
		in <- mail
		book.Wait(t, i+1) // the last one leaves although no next one comes
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	book.Check(t, mails)
	accepted(t, book, mails)
}

func conformUntouched(t *testing.T, m fibonacco.Mailer) {
	mails := newMails(1, 50)
	before := clone(mails)
	RunAll(t, m, mails...)
	for i, mail := range mails {
		if !bytes.Equal(mail.Message, before[i]) {
			t.Errorf("mail %d was changed", mail.SendID)
		}
	}
}
