// Package voicemailtest is what every fibonacco.Voicemailer must pass, with a book that keeps reports.
package voicemailtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
)

// patience is how long anything may take before it counts as stuck.
const patience = 20 * time.Second

// Bundle is a voicemailer whose provider is there, with what its provider says.
type Bundle struct {
	Voicemailer fibonacco.Voicemailer
	Reports     *Book                     // nil: the provider never says what became of a voicemail
	CallbackURL func(dropID int64) string // nil: it is given no callback address
	Flush       func()                    // waits until the provider has said everything
}

// Book keeps reports. It implements fibonacco.DropReports, and counts a message once.
type Book struct {
	mu   sync.Mutex
	all  []fibonacco.DropReport
	seen map[string]bool
}

// TakeDropReport implements fibonacco.DropReports.
func (b *Book) TakeDropReport(_ context.Context, r fibonacco.DropReport) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r.EventID != "" {
		if b.seen[r.EventID] {
			return false, nil
		}
		if b.seen == nil {
			b.seen = map[string]bool{}
		}
		b.seen[r.EventID] = true
	}
	b.all = append(b.all, r)
	return true, nil
}

// All is every report so far.
func (b *Book) All() []fibonacco.DropReport {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]fibonacco.DropReport(nil), b.all...)
}

// New makes a voicemail to a number; each has its own uuid and key.
func New(dropID int64, to string) fibonacco.Voicemail {
	return fibonacco.Voicemail{
		DropID: dropID, UUID: uuid.NewString(), To: to, Persona: "sarah", Key: uuid.NewString(),
		Script: fmt.Sprintf("This is a recorded message from Town Media. To stop these messages, call (800) 555-0100, toll free. Message %d.", dropID),
	}
}

// Conform checks what every fibonacco.Voicemailer promises. newBundle makes one whose provider takes
// everything; it is called once for each part, and all parts run at once.
func Conform(t *testing.T, newBundle func(t *testing.T) Bundle) {
	t.Helper()
	parts := map[string]func(*testing.T, Bundle){
		"says who it is and that it is ready": conformReady,
		"takes a voicemail":                   conformTakes,
		"takes many at once":                  conformMany,
		"gives up when its context has ended": conformEnded,
		"repeats without dropping twice":      conformRepeats,
		"tells what became of each":           conformResults,
	}
	for name, part := range parts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			part(t, newBundle(t))
		})
	}
}

func conformReady(t *testing.T, b Bundle) {
	if name := b.Voicemailer.Name(); name != "drop_cowboy" && name != "simulator" {
		t.Errorf("its name is %q", name)
	}
	if err := b.Voicemailer.Ready(); err != nil {
		t.Errorf("ready: %v", err)
	}
	if err := b.Voicemailer.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	if b.Voicemailer.Repeatable() < 0 {
		t.Errorf("repeatable for %s", b.Voicemailer.Repeatable())
	}
}

func conformTakes(t *testing.T, b Bundle) {
	if h := b.Voicemailer.Drop(t.Context(), New(1, "+15550010001")); h.Result != fibonacco.Accepted || h.Reason != "" {
		t.Errorf("hand-over: %+v", h)
	}
	if err := b.Voicemailer.Ready(); err != nil {
		t.Errorf("ready afterwards: %v", err)
	}
}

func conformMany(t *testing.T, b Bundle) {
	var wg sync.WaitGroup
	for n := range int64(60) {
		wg.Go(func() {
			if h := b.Voicemailer.Drop(t.Context(), New(n, fmt.Sprintf("+1718555%04d", n))); h.Result != fibonacco.Accepted {
				t.Errorf("hand-over %d: %+v", n, h)
			}
		})
	}
	wg.Wait()
}

func conformEnded(t *testing.T, b Bundle) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	over := make(chan fibonacco.Handover, 1)
	go func() { over <- b.Voicemailer.Drop(ctx, New(1, "+15550010001")) }()
	select {
	case h := <-over:
		if h.Result == fibonacco.Refused || h.Result == fibonacco.Deferred {
			t.Errorf("hand-over: %+v", h)
		}
	case <-time.After(patience):
		t.Fatal("it does not return")
	}
}

func conformRepeats(t *testing.T, b Bundle) {
	if b.Voicemailer.Repeatable() == 0 || b.Reports == nil {
		t.Skip("it does not repeat, or nobody tells")
	}
	v := New(1, "+15550010001")
	v.CallbackURL = b.CallbackURL(1)
	for range 5 {
		if h := b.Voicemailer.Drop(t.Context(), v); h.Result != fibonacco.Accepted {
			t.Fatalf("hand-over: %+v", h)
		}
	}
	b.Flush()
	theirs := map[string]bool{}
	for _, r := range b.Reports.All() {
		theirs[r.Theirs] = true
	}
	if len(theirs) != 1 {
		t.Errorf("it was dropped %d times", len(theirs))
	}
}

// conformResults drops to the numbers that Drop Cowboy documents for tests.
func conformResults(t *testing.T, b Bundle) {
	if b.Reports == nil {
		t.Skip("nobody tells")
	}
	want := map[string]fibonacco.DropOutcome{
		"+15550010001": fibonacco.DropDelivered, "+15550010002": fibonacco.DropFailed, "+15550010004": fibonacco.DropDeferred,
		"+15550010090": fibonacco.DropOptedOut, "+15550010091": fibonacco.DropOptedOut, "+15550010095": fibonacco.DropBlocked,
		"+15550010097": fibonacco.DropDeferred, "+15550010098": fibonacco.DropOptedOut, "+15550010099": fibonacco.DropFailed,
	}
	drops := map[string]fibonacco.Voicemail{}
	n := int64(0)
	for phone := range want {
		n++
		v := New(n, phone)
		v.CallbackURL = b.CallbackURL(n)
		drops[phone] = v
		if h := b.Voicemailer.Drop(t.Context(), v); h.Result != fibonacco.Accepted {
			t.Fatalf("hand-over to %s: %+v", phone, h)
		}
	}
	b.Flush()
	told := map[string]int{}
	for _, r := range b.Reports.All() {
		v, ok := drops[r.Phone]
		switch {
		case !ok:
			t.Errorf("a report about %s: %+v", r.Phone, r)
			continue
		case r.Outcome != want[r.Phone]:
			t.Errorf("%s: %s, want %s", r.Phone, r.Outcome, want[r.Phone])
		case r.EventID == "" && (r.DropID != v.DropID || r.UUID != v.UUID):
			t.Errorf("%s: its callback is about drop %d, %s", r.Phone, r.DropID, r.UUID)
		case r.Status == "":
			t.Errorf("%s: no word for it", r.Phone)
		}
		told[r.Phone]++
	}
	for phone := range want {
		if told[phone] == 0 {
			t.Errorf("nothing was told about %s", phone)
		}
	}
}
