package booking_test

import (
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// property is what an iCalendar text says of a property.
func property(text, name string) string {
	m := regexp.MustCompile(`(?m)^` + name + `(;[^\r\n]*?)?:(.*)\r$`).FindStringSubmatch(strings.ReplaceAll(text, "\r\n ", ""))
	if m == nil {
		return ""
	}
	return m[2]
}

// A booking's life: both are told, with a file that calendars take; it moves, and then it ends.
func TestLifeOfABooking(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		start := ten.Add(48 * time.Hour) // Thursday
		c := w.book(start)
		first := c.ID
		mine, theirs, reminder := w.mail(first, "confirmed"), w.mail(first, "confirmed owner"), w.mail(first, "reminder")
		equal(t, "to", mine.To+" "+mine.ReplyTo, "ann@example.com owner1@example.com")
		equal(t, "to the owner", theirs.To+" "+theirs.ReplyTo, "owner1@example.com ann@example.com")
		equal(t, "link", mine.ButtonURL, "https://go.example.com/booking/"+c.Token)
		equal(t, "owner's link", theirs.ButtonURL, "https://go.example.com/my/1/booking")
		equal(t, "when", mine.Facts[1][1], "Thursday, March 5, 2026 at 10:00 a.m. (New York time)")
		equal(t, "where", mine.Facts[2][1], "18 Wharf Street, Brooklyn")
		equal(t, "note", theirs.Facts[len(theirs.Facts)-1][1], "First time.\nBy bus.")
		equal(t, "due", reminder.At, start.Add(-24*time.Hour))
		uid := property(mine.Calendar, "UID")
		for name, want := range map[string]string{"METHOD": "REQUEST", "DTSTART": "20260305T150000Z", "DTEND": "20260305T153000Z", "SEQUENCE": "0", "STATUS": "CONFIRMED", "ORGANIZER": "mailto:sarah@example.com"} {
			equal(t, name, property(mine.Calendar, name), want)
			equal(t, name+" of the owner's", property(theirs.Calendar, name), want)
		}
		if own := property(theirs.Calendar, "UID"); own == uid || !strings.HasSuffix(uid, "@go.example.com") {
			t.Errorf("UIDs %s and %s", uid, own)
		}
		if strings.Contains(mine.Calendar+mine.Subject+strings.Join(mine.Paragraphs, ""), "By bus") {
			t.Error("what was typed goes to an address that may be anybody's")
		}

		later := start.Add(24 * time.Hour)
		moved, err := w.svc.MoveBooking(t.Context(), c.Token, later)
		must(t, err)
		equal(t, "the same link", moved.Token, c.Token)
		again, err := w.svc.MoveBooking(t.Context(), c.Token, later)
		must(t, err)
		equal(t, "moved twice", again.ID, moved.ID)
		for _, side := range []string{"", " owner"} {
			n := w.mail(moved.ID, "moved"+side)
			equal(t, "sequence", property(n.Calendar, "SEQUENCE"), "1")
			equal(t, "start", property(n.Calendar, "DTSTART"), "20260306T150000Z")
		}
		equal(t, "same entry", property(w.mail(moved.ID, "moved").Calendar, "UID"), uid)
		equal(t, "old reminder", w.dropped["booking 1 reminder"], true)
		equal(t, "new reminder", w.mail(moved.ID, "reminder").At, later.Add(-24*time.Hour))
		equal(t, "the old one", w.count(`SELECT count(*) FROM bookings WHERE id = $1 AND state = 'moved'`, first), 1)
		r := ask(start)
		r.Email = "lee@example.com"
		_, err = w.svc.Book(t.Context(), marisol, r) // the time is free again
		must(t, err)
		_, err = w.svc.MoveBooking(t.Context(), c.Token, start)
		code(t, "to a time that is taken", err, fibonacco.Conflict)

		ended, err := w.svc.CancelBooking(t.Context(), c.Token)
		must(t, err)
		_, err = w.svc.CancelBooking(t.Context(), c.Token)
		must(t, err)
		equal(t, "state", ended.State+" "+ended.CancelledBy, "cancelled customer")
		end := w.mail(moved.ID, "cancelled")
		for name, want := range map[string]string{"METHOD": "CANCEL", "UID": uid, "SEQUENCE": "2", "STATUS": "CANCELLED"} {
			equal(t, "end: "+name, property(end.Calendar, name), want)
		}
		equal(t, "method", end.Method, "CANCEL")
		w.mail(moved.ID, "cancelled owner")
		_, err = w.svc.MoveBooking(t.Context(), c.Token, later)
		code(t, "moved after its end", err, fibonacco.Forbidden)
		r.Start, r.Email = later, "sue@example.com"
		_, err = w.svc.Book(t.Context(), marisol, r)
		must(t, err)
	})
}

// A booking may move within its own time, which nobody else may.
func TestMoveOverItself(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.change(1, func(s *fibonacco.BookingSettings) { s.Kinds[0].Minutes = 120 })
		c := w.book(ten.Add(24 * time.Hour))
		month, err := w.svc.MoveCalendar(t.Context(), c.Token, "")
		must(t, err)
		equal(t, "day", month.Days[3].Date, "2026-03-04")
		equal(t, "free for it", len(month.Days[3].Free), 13)
		month, err = w.svc.BookingCalendar(t.Context(), marisol, 1, "")
		must(t, err)
		equal(t, "free for others", len(month.Days[3].Free), 13-7+1)
		_, err = w.svc.MoveBooking(t.Context(), c.Token, c.StartsAt.Add(30*time.Minute))
		must(t, err)

		// Its owner shortens the appointments, and drops the kind: what was booked stays as it was.
		w.change(1, func(s *fibonacco.BookingSettings) {
			s.Kinds = []fibonacco.AppointmentKind{{Name: "Other", Minutes: 15}}
		})
		got, err := w.svc.MoveBooking(t.Context(), c.Token, c.StartsAt)
		must(t, err)
		equal(t, "kind", got.Kind, "Appointment")
		equal(t, "length", got.EndsAt.Sub(got.StartsAt), 2*time.Hour)
	})
}

// Of one booking that is moved and cancelled by many at once, one thing becomes of it.
func TestChangedAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c := w.book(ten.Add(24 * time.Hour))
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := w.svc.MoveBooking(context.WithoutCancel(t.Context()), c.Token, c.StartsAt.Add(time.Duration(i%3+1)*time.Hour))
				if code := fibonacco.CodeOf(err); err != nil && code != fibonacco.Forbidden {
					t.Errorf("move: %v", err)
				}
			})
			wg.Go(func() {
				if i == 5 {
					if _, err := w.svc.CancelBooking(context.WithoutCancel(t.Context()), c.Token); err != nil {
						t.Errorf("cancel: %v", err)
					}
				}
			})
		}
		wg.Wait()
		equal(t, "booked", w.count(`SELECT count(*) FROM bookings WHERE state = 'booked'`), 0)
		equal(t, "cancelled", w.count(`SELECT count(*) FROM bookings WHERE state = 'cancelled'`), 1)
	})
}

// What cannot be changed by its link any more, or is not that link's, stays as it is.
func TestChangeRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		c := w.book(ten.Add(24 * time.Hour))
		try := func(what, token string, want fibonacco.Code) {
			t.Helper()
			_, err := w.svc.CancelBooking(t.Context(), token)
			code(t, what+": cancel", err, want)
			_, err = w.svc.MoveBooking(t.Context(), token, ten)
			code(t, what+": move", err, want)
			_, err = w.svc.MoveCalendar(t.Context(), token, "")
			code(t, what+": calendar", err, want)
		}
		for what, token := range map[string]string{
			"empty": "", "altered": c.Token[:len(c.Token)-2] + "AA", "of another kind": w.signer.SignID(fibonacco.ReceiptToken, c.ID),
			"of a booking to come": w.signer.SignID(fibonacco.BookingToken, c.ID+1), "of no booking": w.signer.SignID(fibonacco.BookingToken, -1),
		} {
			try(what, token, fibonacco.NotFound)
			_, err := w.svc.FindBooking(t.Context(), token)
			code(t, what, err, fibonacco.NotFound)
			_, err = w.svc.BookingFile(t.Context(), token)
			code(t, what+": file", err, fibonacco.NotFound)
		}

		clock.Set(c.Until)
		got, err := w.svc.FindBooking(t.Context(), c.Token)
		must(t, err)
		equal(t, "at the last moment", got.CanEnd && got.CanMove, true)
		clock.Advance(time.Second)
		got, err = w.svc.FindBooking(t.Context(), c.Token)
		must(t, err)
		equal(t, "a second later", got.CanEnd || got.CanMove, false)
		try("too late", c.Token, fibonacco.Forbidden)
		equal(t, "booked", w.count(`SELECT count(*) FROM bookings WHERE state = 'booked'`), 1)
		equal(t, "mails", len(w.mails), 3)
	})
}

// When booked later than a day before, nobody is reminded.
func TestNoReminder(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		clock.Set(ten.Add(-24 * time.Hour))
		w.book(ten)
		equal(t, "mails", len(w.mails), 2)
		c := w.book(ten.Add(time.Hour))
		_, err := w.svc.MoveBooking(t.Context(), c.Token, ten.Add(30*time.Minute))
		must(t, err)
		equal(t, "dropped", w.dropped["booking 2 reminder"], true)
	})
}
