package mailtest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// Book keeps what a mailer said and did. It is a fibonacco.FlightLog, and Done is a done callback.
// Safe for concurrent use.
type Book struct {
	mu      sync.Mutex
	intents map[int64]int
	done    map[*fibonacco.Mail][]fibonacco.Handover
	strange []string
	changed chan struct{}
}

// NewBook is an empty book.
func NewBook() *Book {
	return &Book{
		intents: map[int64]int{}, done: map[*fibonacco.Mail][]fibonacco.Handover{},
		changed: make(chan struct{}),
	}
}

// Intent implements fibonacco.FlightLog.
func (b *Book) Intent(sendID int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.intents[sendID]++
}

// Done is what Run calls.
func (b *Book) Done(mail *fibonacco.Mail, h fibonacco.Handover) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if mail.SendID != 0 && b.intents[mail.SendID] == 0 &&
		(h.Result == fibonacco.Accepted || h.Result == fibonacco.Unanswered) {
		b.strange = append(b.strange, fmt.Sprintf("mail %d was handed over without Intent", mail.SendID))
	}
	b.done[mail] = append(b.done[mail], h)
	close(b.changed)
	b.changed = make(chan struct{})
}

// Of is what was said about one mail, nil when nothing was.
func (b *Book) Of(mail *fibonacco.Mail) []fibonacco.Handover {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]fibonacco.Handover(nil), b.done[mail]...)
}

// Intents is how often Intent was called for one send.
func (b *Book) Intents(sendID int64) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.intents[sendID]
}

// Len is how many mails were reported.
func (b *Book) Len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.done)
}

// Wait waits until n mails were reported, and fails the test when that takes too long.
func (b *Book) Wait(tb testing.TB, n int) {
	tb.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		have, changed := len(b.done), b.changed
		b.mu.Unlock()
		if have >= n {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			tb.Fatalf("%d of %d mails were reported", have, n)
		}
	}
}

// Check fails the test unless exactly the given mails were reported, each once, and each that may
// have left after an Intent.
func (b *Book) Check(tb testing.TB, taken []*fibonacco.Mail) {
	tb.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.strange {
		tb.Error(s)
	}
	for _, m := range taken {
		if n := len(b.done[m]); n != 1 {
			tb.Errorf("mail %d was reported %d times", m.SendID, n)
		}
	}
	if len(b.done) != len(taken) {
		tb.Errorf("%d mails were reported, %d were taken", len(b.done), len(taken))
	}
}
