package booking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/db"
)

// world is two businesses, Marisol (1) and Rosa (2), with booking pages that are open from nine to
// five on weekdays, New York time. It is Monday, March 2, 9 in the morning.
type world struct {
	*testing.T
	db     *db.DB
	clock  *fibonacco.FakeClock
	svc    *booking.Service
	signer *fibonacco.Signer

	mu      sync.Mutex
	mails   map[string]fibonacco.Notice // by key
	dropped map[string]bool             // keys that were cancelled
}

const (
	marisol = "marisol-hair-studio"
	rosa    = "rosas-bakery"
)

// ten is a time that is free: ten o'clock tomorrow.
var ten = time.Date(2026, 3, 3, 15, 0, 0, 0, time.UTC)

func newWorld(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) *world {
	t.Helper()
	signer, err := fibonacco.NewSigner(strings.Repeat("k", 32))
	must(t, err)
	w := &world{T: t, db: d, clock: clock, signer: signer, mails: map[string]fibonacco.Notice{}, dropped: map[string]bool{}}
	w.svc = booking.New(booking.Options{
		DB: d, Signer: signer, Post: w.post, Cancel: w.cancel,
		Config: fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com/"}, Email: fibonacco.EmailConfig{FromEmail: "sarah@example.com"}},
		OwnerURL: func(_ context.Context, _ *db.Tx, smbID int64, page string) (string, error) {
			return fmt.Sprintf("https://go.example.com/my/%d/%s", smbID, page), nil
		},
	})
	w.exec(`INSERT INTO communities (id, uuid, name, slug, state, timezone) VALUES (1, $1, 'Brooklyn', 'brooklyn', 'NY', 'America/New_York')`, uuid.NewString())
	for i, name := range []string{"Marisol Hair Studio", "Rosa's Bakery"} {
		w.exec(`INSERT INTO smbs (id, uuid, community_id, business_name, primary_email, address, city, primary_phone) VALUES ($1, $2, 1, $3, $4, '18 Wharf Street', 'Brooklyn', '+17185550142')`,
			i+1, uuid.NewString(), name, fmt.Sprintf("owner%d@example.com", i+1))
		w.provision(int64(i + 1))
		must(t, w.svc.OpenBooking(t.Context(), int64(i+1), true))
	}
	return w
}

func (w *world) post(_ context.Context, _ *db.Tx, n fibonacco.Notice) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, there := w.mails[n.Key]; !there {
		w.mails[n.Key] = n
	}
	return nil
}

func (w *world) cancel(_ context.Context, _ *db.Tx, keys ...string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		w.dropped[k] = true
	}
	return nil
}

// mail is the notice about a booking; it must be there.
func (w *world) mail(id int64, what string) fibonacco.Notice {
	w.Helper()
	n, ok := w.mails[fmt.Sprintf("booking %d %s", id, what)]
	if !ok {
		w.Fatalf("no mail %q about booking %d", what, id)
	}
	return n
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func code(t *testing.T, what string, err error, want fibonacco.Code) {
	t.Helper()
	if got := fibonacco.CodeOf(err); got != want {
		t.Errorf("%s: %v has code %q, want %q", what, err, got, want)
	}
}

func (w *world) do(f func(tx *db.Tx) error) {
	w.Helper()
	must(w.T, w.db.Update(w.Context(), f))
}

func (w *world) exec(query string, args ...any) {
	w.Helper()
	w.do(func(tx *db.Tx) error {
		_, err := tx.Exec(w.Context(), query, args...)
		return err
	})
}

func (w *world) count(query string, args ...any) (n int) {
	w.Helper()
	must(w.T, w.db.View(w.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(w.Context(), tx, query, args...)
		return err
	}))
	return n
}

func (w *world) provision(smb int64) (result map[string]any) {
	w.Helper()
	w.do(func(tx *db.Tx) (err error) {
		result, err = w.svc.Provision(w.Context(), tx, &fibonacco.ProvisioningTask{SMBID: smb})
		return err
	})
	return result
}

// change changes a page's settings.
func (w *world) change(smb int64, f func(s *fibonacco.BookingSettings)) {
	w.Helper()
	p, err := w.svc.BookingPage(w.Context(), smb)
	must(w.T, err)
	f(&p.Settings)
	must(w.T, w.svc.SaveBookingSettings(w.Context(), smb, p.Settings))
}

func ask(start time.Time) fibonacco.BookingRequest {
	return fibonacco.BookingRequest{Kind: 1, Start: start, Name: "Ann Lee", Email: "ann@example.com", Phone: "(718) 555-0199", Note: "First time.\nBy bus."}
}

func (w *world) book(start time.Time) *fibonacco.CustomerBooking {
	w.Helper()
	c, err := w.svc.Book(w.Context(), marisol, ask(start))
	must(w.T, err)
	return c
}
