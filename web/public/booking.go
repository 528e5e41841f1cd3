package public

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/fibonacco/fibonacco"
)

// booking shows what was booked. It changes nothing: mail scanners come here too.
func (s *site) booking(w http.ResponseWriter, r *http.Request) {
	b, err := s.Booking.FindBooking(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "booking", err)
		return
	}
	s.show(w, r, http.StatusOK, s.bookingPage(b, r.URL.Query().Get("done")))
}

func (s *site) cancelBooking(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	if r.PostForm.Get("action") != "cancel" {
		s.badForm(w, r)
		return
	}
	b, err := s.Booking.CancelBooking(r.Context(), r.PathValue("token"))
	s.changed(w, r, b, "cancelled", err)
}

// changed leads to the booking as it is now; one that cannot be changed any more says so itself.
func (s *site) changed(w http.ResponseWriter, r *http.Request, b *fibonacco.CustomerBooking, done string, err error) {
	token := r.PathValue("token")
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, "/booking/"+b.Token+"?done="+done)
	case fibonacco.Forbidden:
		seeOther(w, r, "/booking/"+url.PathEscape(token)+"?done=late")
	default:
		s.refuse(w, r, "change a booking", err)
	}
}

// moveBooking leads to another time, and asks once more before it is taken.
func (s *site) moveBooking(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	at, err := time.Parse(time.RFC3339, q.Get("at"))
	if err != nil {
		s.showMove(w, r, http.StatusOK, q.Get("month"), q.Get("day"), false)
		return
	}
	b, v := s.moving(w, r, at.UTC().Format("2006-01"))
	if v == nil {
		return
	}
	if month := at.In(v.Zone).Format("2006-01"); month != v.Month {
		if b, v = s.moving(w, r, month); v == nil {
			return
		}
	}
	if !v.offers(at) {
		s.showMove(w, r, http.StatusOK, v.Month, "", true)
		return
	}
	s.show(w, r, http.StatusOK, s.confirmMove(b, v, at))
}

// moving is a booking that can be moved with a month of times for it; nil when that was answered.
func (s *site) moving(w http.ResponseWriter, r *http.Request, month string) (*fibonacco.CustomerBooking, *monthView) {
	token := r.PathValue("token")
	b, err := s.Booking.FindBooking(r.Context(), token)
	if err != nil {
		s.refuse(w, r, "booking", err)
		return nil, nil
	}
	c, err := s.Booking.MoveCalendar(r.Context(), token, month)
	if err != nil {
		s.changed(w, r, b, "", err)
		return nil, nil
	}
	return b, &monthView{
		BookingCalendar: c, Zone: zoneOf(b.Zone), path: "/booking/" + url.PathEscape(token) + "/move", What: b.Kind, Minutes: b.Minutes,
		Back: "/booking/" + url.PathEscape(token),
	}
}

func (s *site) showMove(w http.ResponseWriter, r *http.Request, status int, month, day string, gone bool) {
	b, v := s.moving(w, r, month)
	if v == nil {
		return
	}
	v.pick(day)
	v.Gone = gone
	s.show(w, r, status, s.moveTimes(b, v))
}

func (s *site) makeMove(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	at, err := time.Parse(time.RFC3339, r.PostForm.Get("at"))
	if err != nil {
		s.badForm(w, r)
		return
	}
	b, err := s.Booking.MoveBooking(r.Context(), r.PathValue("token"), at)
	if fibonacco.CodeOf(err) == fibonacco.Conflict {
		s.showMove(w, r, http.StatusConflict, "", "", true)
		return
	}
	s.changed(w, r, b, "moved", err)
}

func (s *site) bookingFile(w http.ResponseWriter, r *http.Request) {
	text, err := s.Booking.BookingFile(r.Context(), r.PathValue("token"))
	if err != nil {
		s.refuse(w, r, "booking file", err)
		return
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8; method=PUBLISH")
	w.Header().Set("Content-Disposition", `attachment; filename="appointment.ics"`)
	_, _ = io.WriteString(w, text) // nobody to tell
}

// whenWords is a time in full: "Tuesday, March 3, 2026 at 2:00 p.m.".
func whenWords(t time.Time, zone string) string {
	z := zoneOf(zone)
	return fibonacco.LongDay(t, z) + " at " + fibonacco.ClockTime(t, z)
}

// bookingTitle says how things stand.
func bookingTitle(b *fibonacco.CustomerBooking) string {
	switch b.State {
	case "cancelled":
		return "This booking is canceled"
	case "moved":
		return "This booking has moved"
	}
	return "You are booked"
}

// bookingDone says what has just happened; "" is nothing.
func bookingDone(b *fibonacco.CustomerBooking, done string) string {
	switch {
	case done == "booked" && b.State == "booked":
		return "A confirmation is on its way to " + b.Email + ", with a file for your calendar. Not there in a few minutes? Look among the junk, too."
	case done == "moved" && b.State == "booked":
		return "It has moved to the new time. " + b.Business + " knows, and an email with the change is on its way to you."
	case done == "cancelled" && b.State == "cancelled":
		return b.Business + " knows, and an email that confirms it is on its way to you."
	}
	return ""
}

// hoursBefore is minutes as words: "12 hours", "2 days".
func hoursBefore(minutes int) string {
	count := func(n int, unit string) string {
		if n == 1 {
			return "1 " + unit
		}
		return fmt.Sprintf("%d %ss", n, unit)
	}
	switch {
	case minutes%(24*60) == 0 && minutes > 24*60:
		return count(minutes/(24*60), "day")
	case minutes%60 == 0 && minutes > 0:
		return count(minutes/60, "hour")
	}
	return count(minutes, "minute")
}
