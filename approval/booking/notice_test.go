package booking_test

import (
	"bytes"
	"context"
	"io"
	"mime/quotedprintable"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/booking"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/notice"
	"github.com/fibonacco/fibonacco/queue"
)

// postbox keeps what leaves.
type postbox struct {
	mu    sync.Mutex
	mails []*fibonacco.Mail
}

func (p *postbox) deliver(_ context.Context, m *fibonacco.Mail) (fibonacco.Handover, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mails = append(p.mails, m)
	return fibonacco.Handover{Result: fibonacco.Accepted}, nil
}

// until waits for a number of mails, and returns them in order of their recipients.
func (p *postbox) until(t *testing.T, n int) []*fibonacco.Mail {
	t.Helper()
	for range 400 {
		p.mu.Lock()
		if len(p.mails) >= n {
			all := slices.Clone(p.mails)
			p.mails = nil
			p.mu.Unlock()
			slices.SortFunc(all, func(a, b *fibonacco.Mail) int { return strings.Compare(a.To, b.To) })
			return all
		}
		p.mu.Unlock()
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("there are not %d mails", n)
	return nil
}

// On the real post: whatever a business, a kind and a customer are called, the mails are mails. The
// reminder leaves on its day, and not for what was moved or cancelled before.
func TestMailsLeave(t *testing.T) {
	clock := fibonacco.NewFakeClock(dbtest.Start)
	d := dbtest.Open(t, db.SQLite, clock)
	q, err := queue.New(queue.Options{DB: d, Supervisors: []queue.Supervisor{
		{Name: "email", Queues: []string{queue.EmailHigh}, Balance: "none", MinProcesses: 1, MaxProcesses: 1, Tries: 3, Timeout: time.Minute},
	}})
	must(t, err)
	box := &postbox{}
	house := fibonacco.Config{Email: fibonacco.EmailConfig{FromName: "Sarah", FromEmail: "sarah@example.com"}, HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}}
	post := notice.New(notice.Options{DB: d, Queue: q, Config: house, Deliver: box.deliver})
	must(t, q.Start(t.Context()))
	t.Cleanup(func() { _ = q.Stop(context.WithoutCancel(t.Context())) })
	w := newWorld(t, d, clock)
	w.svc = booking.New(booking.Options{
		DB: d, Signer: w.signer, Config: house, Post: post.Post, Cancel: post.Cancel,
		OwnerURL: func(context.Context, *db.Tx, int64, string) (string, error) {
			return "https://go.example.com/my/x/booking", nil
		},
	})
	const hostile = "<script>alert(1)</script>\u202e👩‍🦱\""
	w.exec(`UPDATE smbs SET business_name = $1 WHERE id = 1`, hostile+strings.Repeat("é", 200))
	w.change(1, func(s *fibonacco.BookingSettings) { s.Kinds[0].Name, s.Place = hostile, hostile })
	r := ask(ten.Add(48 * time.Hour))
	r.Name, r.Note = "<img src=x onerror=alert(1)>", hostile+"\nEND:VEVENT"
	c, err := w.svc.Book(t.Context(), marisol, r)
	must(t, err)
	for _, m := range box.until(t, 2) {
		text, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(m.Message)))
		if err != nil && len(text) == 0 {
			t.Fatal(err)
		}
		html := string(text)[strings.Index(string(text), "<!doctype html>"):strings.Index(string(text), "</html>")]
		if strings.Contains(html, "<script") || strings.Contains(html, "<img") {
			t.Errorf("to %s: markup:\n%s", m.To, html)
		}
		_, calendar, _ := strings.Cut(string(text), "BEGIN:VCALENDAR\r\n")
		if n := strings.Count(calendar, "\r\nEND:VEVENT\r\n"); n != 1 {
			t.Errorf("to %s: %d ends of one event", m.To, n)
		}
	}

	_, err = w.svc.MoveBooking(t.Context(), c.Token, c.StartsAt.Add(24*time.Hour))
	must(t, err)
	box.until(t, 2)
	r.Email = "lee@example.com"
	other, err := w.svc.Book(t.Context(), marisol, r)
	must(t, err)
	_, err = w.svc.CancelBooking(t.Context(), other.Token)
	must(t, err)
	box.until(t, 4)
	clock.Set(c.StartsAt) // a day before the new time: the one reminder that is left is due
	must(t, post.Release(t.Context()))
	reminder := box.until(t, 1)
	equal(t, "reminder", reminder[0].To, "ann@example.com")
	equal(t, "states", w.count(`SELECT count(*) FROM notices WHERE status = 'cancelled'`), 2)
	equal(t, "waiting", w.count(`SELECT count(*) FROM notices WHERE status = 'queued'`), 0)
}
