package booking_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Fifty at once for one time: as many get it as there are seats.
func TestBookedOnce(t *testing.T) {
	for _, seats := range []int{1, 3} {
		t.Run(fmt.Sprint(seats, " seats"), func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
				w := newWorld(t, d, clock)
				w.change(1, func(s *fibonacco.BookingSettings) { s.Seats, s.GapAfter = seats, 15 })
				errs := make([]error, 50)
				var wg sync.WaitGroup
				for i := range errs {
					r := ask(ten.Add(time.Duration(i%2) * 30 * time.Minute)) // with the gap, either time is in the other's way
					r.Email, r.Client = fmt.Sprintf("ann%d@example.com", i), fmt.Sprintf("203.0.113.%d", i)
					wg.Go(func() { _, errs[i] = w.svc.Book(context.WithoutCancel(t.Context()), marisol, r) })
				}
				wg.Wait()
				made := 0
				for _, err := range errs {
					if err == nil {
						made++
					} else {
						code(t, "the others", err, fibonacco.Conflict)
					}
				}
				equal(t, "made", made, seats)
				equal(t, "booked", w.count(`SELECT count(*) FROM bookings`), seats)
				equal(t, "mails", len(w.mails), 3*seats) // both sides, and a reminder
			})
		})
	}
}

// The same form sent twice, even at once, books once.
func TestSameFormTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		r := ask(ten)
		r.Form = "form-1"
		tokens := make([]string, 5)
		var wg sync.WaitGroup
		for i := range tokens {
			wg.Go(func() {
				c, err := w.svc.Book(context.WithoutCancel(t.Context()), marisol, r)
				if err != nil {
					t.Error(err)
					return
				}
				tokens[i] = c.Token
			})
		}
		wg.Wait()
		for _, token := range tokens {
			equal(t, "token", token, tokens[0])
		}
		equal(t, "booked", w.count(`SELECT count(*) FROM bookings`), 1)
		r.Email = "lee@example.com"
		_, err := w.svc.Book(t.Context(), marisol, r)
		code(t, "the same form for somebody else", err, fibonacco.Conflict)
		r.Start = ten.Add(time.Hour)
		_, err = w.svc.Book(t.Context(), marisol, r)
		must(t, err)
	})
}

func TestBookRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		long := strings.Repeat("é", 1001)
		for name, tc := range map[string]struct {
			change func(r *fibonacco.BookingRequest)
			code   fibonacco.Code
			fields string
		}{
			"nothing":               {func(r *fibonacco.BookingRequest) { *r = fibonacco.BookingRequest{Kind: 1, Start: ten} }, fibonacco.Invalid, "name email"},
			"advertising":           {func(r *fibonacco.BookingRequest) { r.Name = "Win at https://x.example" }, fibonacco.Invalid, "name"},
			"two addresses":         {func(r *fibonacco.BookingRequest) { r.Email = "a@example.com, b@example.com" }, fibonacco.Invalid, "email"},
			"a header":              {func(r *fibonacco.BookingRequest) { r.Email = "a@example.com\r\nBcc: b@example.com" }, fibonacco.Invalid, "email"},
			"no number":             {func(r *fibonacco.BookingRequest) { r.Phone = "later" }, fibonacco.Invalid, "phone"},
			"a zero byte":           {func(r *fibonacco.BookingRequest) { r.Name, r.Note = "a\x00", "b\x00" }, fibonacco.Invalid, "name note"},
			"no text":               {func(r *fibonacco.BookingRequest) { r.Name, r.Note = "a\xff", long }, fibonacco.Invalid, "name note"},
			"no such kind":          {func(r *fibonacco.BookingRequest) { r.Kind = 9 }, fibonacco.Conflict, ""},
			"between two times":     {func(r *fibonacco.BookingRequest) { r.Start = ten.Add(time.Minute) }, fibonacco.Conflict, ""},
			"a time that has gone":  {func(r *fibonacco.BookingRequest) { r.Start = ten.Add(-24 * time.Hour) }, fibonacco.Conflict, ""},
			"a weekend":             {func(r *fibonacco.BookingRequest) { r.Start = ten.Add(4 * 24 * time.Hour) }, fibonacco.Conflict, ""},
			"a year from now":       {func(r *fibonacco.BookingRequest) { r.Start = ten.Add(364 * 24 * time.Hour) }, fibonacco.Conflict, ""},
			"the end of all times":  {func(r *fibonacco.BookingRequest) { r.Start = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }, fibonacco.Conflict, ""},
			"the beginning of them": {func(r *fibonacco.BookingRequest) { r.Start = time.Time{} }, fibonacco.Conflict, ""},
		} {
			r := ask(ten)
			tc.change(&r)
			_, err := w.svc.Book(t.Context(), marisol, r)
			code(t, name, err, tc.code)
			equal(t, name, refused(err), tc.fields)
		}
		_, err := w.svc.Book(t.Context(), "nobody", ask(ten))
		code(t, "no such page", err, fibonacco.NotFound)
		must(t, w.svc.OpenBooking(t.Context(), 1, false))
		_, err = w.svc.Book(t.Context(), marisol, ask(ten))
		code(t, "closed", err, fibonacco.Forbidden)
		equal(t, "booked", w.count(`SELECT count(*) FROM bookings`), 0)
		equal(t, "mails", len(w.mails), 0)
	})
}

// refused is the fields that an error names.
func refused(err error) string {
	e, ok := err.(*fibonacco.Error) //nolint:errorlint // it is handed through
	if !ok {
		return ""
	}
	var names []string
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return strings.Join(names, " ")
}

// Nobody's mailbox is filled through a form that anybody can send, and nobody takes all the times.
func TestFloods(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		n := 0
		book := func(slug, email, client string) (*fibonacco.CustomerBooking, error) {
			n++
			r := ask(ten.Add(time.Duration(n/14) * 24 * time.Hour).Add(time.Duration(n%14) * 30 * time.Minute))
			r.Email, r.Client = email, client
			return w.svc.Book(t.Context(), slug, r)
		}
		var mine []*fibonacco.CustomerBooking
		for i := range 3 {
			c, err := book(marisol, fmt.Sprintf("Ann+%d@example.com", i), "")
			must(t, err)
			mine = append(mine, c)
		}
		_, err := book(marisol, "ann@example.com", "")
		code(t, "a fourth with one business", err, fibonacco.TooMany)
		for range 3 {
			_, err = book(rosa, "ann@example.com", "")
			must(t, err)
		}
		_, err = w.svc.CancelBooking(t.Context(), mine[0].Token)
		must(t, err)
		_, err = book(marisol, "ann@example.com", "")
		code(t, "booked and cancelled all day", err, fibonacco.TooMany)
		clock.Advance(24*time.Hour + time.Minute)
		_, err = book(marisol, "ann@example.com", "")
		must(t, err)

		for i := range 10 {
			_, err = book(rosa, fmt.Sprintf("b%d@example.com", i), "203.0.113.7")
			must(t, err)
		}
		_, err = book(rosa, "c@example.com", "203.0.113.7")
		code(t, "many from one place", err, fibonacco.TooMany)
		_, err = book(rosa, "c@example.com", "203.0.113.8")
		must(t, err)
		_, err = book(marisol, "d@example.com", "203.0.113.7")
		must(t, err)
		clock.Advance(24*time.Hour + time.Minute)
		_, err = book(rosa, "e@example.com", "203.0.113.7")
		must(t, err)
		equal(t, "where they came from is forgotten", w.count(`SELECT count(*) FROM bookings WHERE smb_id = 2 AND client <> ''`), 1)
	})
}

func TestCalendar(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		w.change(1, func(s *fibonacco.BookingSettings) {
			s.Special = []fibonacco.SpecialDays{{From: "2026-03-02", To: "2026-04-05"}}
		})
		for _, tc := range []struct{ asked, month, earlier, later string }{
			{"", "2026-04", "2026-03", "2026-05"},
			{"2026-03", "2026-03", "", "2026-04"},
			{"2026-05", "2026-05", "2026-04", ""},
			{"2031-05", "2026-05", "2026-04", ""},
			{"1999-01", "2026-03", "", "2026-04"},
			{"<script>", "2026-03", "", "2026-04"},
			{"2026-13", "2026-03", "", "2026-04"},
		} {
			c, err := w.svc.BookingCalendar(t.Context(), marisol, 1, tc.asked)
			must(t, err)
			equal(t, tc.asked, fmt.Sprint(c.Month, " ", c.Earlier, " ", c.Later), fmt.Sprint(tc.month, " ", tc.earlier, " ", tc.later))
		}
		c, err := w.svc.BookingCalendar(t.Context(), marisol, 1, "2026-04")
		must(t, err)
		equal(t, "days", len(c.Days), 30)
		equal(t, "on Sunday", len(c.Days[4].Free), 0)
		equal(t, "on Monday", len(c.Days[5].Free), 16)
		_, err = w.svc.BookingCalendar(t.Context(), marisol, 2, "")
		code(t, "no such kind", err, fibonacco.NotFound)
		_, err = w.svc.BookingCalendar(t.Context(), "nobody", 1, "")
		code(t, "no such page", err, fibonacco.NotFound)
		must(t, w.svc.OpenBooking(t.Context(), 1, false))
		_, err = w.svc.BookingCalendar(t.Context(), marisol, 1, "")
		code(t, "closed", err, fibonacco.NotFound)
	})
}
