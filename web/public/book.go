package public

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/clientip"
)

// bookRoutes are the booking pages:
//
//	GET  /book/{slug}                   ?kind= what, ?month= and ?day= when, ?at= one time: the form
//	POST /book/{slug}                   books it
//	GET  /booking/{token}               what was booked
//	POST /booking/{token}               cancels it
//	GET  /booking/{token}/move          another time for it, as above
//	POST /booking/{token}/move          moves it
//	GET  /booking/{token}/calendar.ics  for calendars
//	GET  /my/{token}/booking            its owner's side
//	POST /my/{token}/booking            settings, opening and closing, calling off
func (s *site) bookRoutes() routes {
	if s.Booking == nil { // this build has no such module
		return nil
	}
	all := routes{
		"GET /book/{slug}":                  s.book,
		"POST /book/{slug}":                 s.makeBooking,
		"GET /booking/{token}":              s.booking,
		"POST /booking/{token}":             s.cancelBooking,
		"GET /booking/{token}/move":         s.moveBooking,
		"POST /booking/{token}/move":        s.makeMove,
		"GET /booking/{token}/calendar.ics": s.bookingFile,
	}
	if s.Owners != nil {
		all["GET /my/{token}/booking"], all["POST /my/{token}/booking"] = s.owned(s.myBooking), s.owned(s.changeMyBooking)
	}
	for pattern, handle := range all {
		all[pattern] = ownReferrer(handle)
	}
	all["/book/"], all["/booking/"] = s.notFound, s.notFound
	return all
}

// ownReferrer lets browsers say to us, and to nobody else, which of our pages a form was on: older ones
// would call themselves another site otherwise.
func ownReferrer(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Referrer-Policy", "same-origin")
		next(w, r)
	}
}

// book leads from what is offered to a time, and from a time to the form. Every step is a link.
func (s *site) book(w http.ResponseWriter, r *http.Request) {
	page, kind, ok := s.offered(w, r)
	if !ok {
		return
	}
	if r.URL.RawQuery == "" { // the page itself may be found by a search engine, and not each of its days
		w.Header().Del("X-Robots-Tag")
	}
	if kind == nil {
		s.show(w, r, http.StatusOK, s.bookKinds(page))
		return
	}
	q := r.URL.Query()
	month, day := q.Get("month"), q.Get("day")
	at, err := time.Parse(time.RFC3339, q.Get("at"))
	asked := err == nil
	if asked {
		month, day = monthOf(at, page), ""
	}
	c := s.calendar(w, r, page, kind, month)
	if c == nil {
		return
	}
	if asked && c.offers(at) {
		s.show(w, r, http.StatusOK, s.bookFormPage(page, kind, newBookForm(at), at))
		return
	}
	c.Gone = asked
	c.pick(day)
	s.show(w, r, http.StatusOK, s.bookTimes(page, c))
}

// monthOf is the month of a time where the business is.
func monthOf(at time.Time, page *fibonacco.PublicBookingPage) string {
	return at.In(zoneOf(page.Zone)).Format("2006-01")
}

// offered is the page of a request with the kind of appointment that it names, nil where it is yet to be
// picked. It answers itself where nothing can be booked.
func (s *site) offered(w http.ResponseWriter, r *http.Request) (page *fibonacco.PublicBookingPage, kind *fibonacco.AppointmentKind, ok bool) {
	page, err := s.Booking.PublicBookingPage(r.Context(), r.PathValue("slug"))
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		s.show(w, r, http.StatusNotFound, s.message("There is no such page", "Please look at the address once more, or ask the business for it."))
		return nil, nil, false
	}
	if err != nil {
		s.refuse(w, r, "booking page", err)
		return nil, nil, false
	}
	if !page.Open {
		s.show(w, r, http.StatusOK, s.bookClosed(page))
		return nil, nil, false
	}
	if len(page.Kinds) == 1 {
		return page, &page.Kinds[0], true
	}
	id, _ := strconv.ParseInt(r.FormValue("kind"), 10, 64)
	i := slices.IndexFunc(page.Kinds, func(k fibonacco.AppointmentKind) bool { return k.ID == id })
	if i < 0 {
		return page, nil, true
	}
	return page, &page.Kinds[i], true
}

// calendar is a month of times for a kind of appointment; nil when that was answered already.
func (s *site) calendar(w http.ResponseWriter, r *http.Request, page *fibonacco.PublicBookingPage, kind *fibonacco.AppointmentKind, month string) *monthView {
	c, err := s.Booking.BookingCalendar(r.Context(), page.Slug, kind.ID, month)
	if err != nil {
		s.refuse(w, r, "booking calendar", err)
		return nil
	}
	v := &monthView{
		BookingCalendar: c, Zone: zoneOf(page.Zone), path: "/book/" + url.PathEscape(page.Slug), carry: url.Values{},
		What: kind.Name, Minutes: kind.Minutes,
	}
	if len(page.Kinds) > 1 {
		v.carry.Set("kind", strconv.FormatInt(kind.ID, 10))
		v.Back = v.path
	}
	return v
}

// bookingsASecond is how many forms one client may send to one business; what it may book within a day
// is for the module to say.
const bookingsASecond = 2

// makeBooking takes the form.
func (s *site) makeBooking(w http.ResponseWriter, r *http.Request) {
	if !s.readForm(w, r) {
		return
	}
	page, kind, ok := s.offered(w, r)
	if !ok {
		return
	}
	slug, client := page.Slug, clientip.Of(r)
	if s.Limiter != nil && s.Limiter.Take(r.Context(), "book:"+slug+":"+client, bookingsASecond, 1) > 0 {
		s.tooManyBookings(w, r)
		return
	}
	at, err := time.Parse(time.RFC3339, r.PostForm.Get("at"))
	if err != nil || kind == nil || r.PostForm.Get("kind") != strconv.FormatInt(kind.ID, 10) {
		// There is nothing to show again: the form was for something that is not offered any more.
		seeOther(w, r, "/book/"+url.PathEscape(slug))
		return
	}
	form := readBookForm(r.PostForm)
	if r.PostForm.Get(honeypot) != "" {
		form.robot = true
		s.show(w, r, http.StatusUnprocessableEntity, s.bookFormPage(page, kind, form, at))
		return
	}
	made, err := s.Booking.Book(r.Context(), slug, fibonacco.BookingRequest{
		Kind: kind.ID, Start: at, Name: form.value("name"), Email: form.value("email"), Phone: form.value("phone"), Note: form.value("note"),
		Form: form.value("form"), Client: client,
	})
	switch fibonacco.CodeOf(err) {
	case "":
		seeOther(w, r, "/booking/"+made.Token+"?done=booked")
	case fibonacco.Invalid:
		form.faults = faultsOf(err, bookWords.say)
		s.show(w, r, http.StatusUnprocessableEntity, s.bookFormPage(page, kind, form, at))
	case fibonacco.Conflict:
		s.takenMeanwhile(w, r, page, kind, form, at)
	case fibonacco.TooMany:
		s.tooManyBookings(w, r)
	default:
		s.refuse(w, r, "book", err)
	}
}

// takenMeanwhile shows the form once more, with what was typed and the nearest times that are free.
func (s *site) takenMeanwhile(w http.ResponseWriter, r *http.Request, page *fibonacco.PublicBookingPage, kind *fibonacco.AppointmentKind, form *bookForm, at time.Time) {
	c := s.calendar(w, r, page, kind, monthOf(at, page))
	if c == nil {
		return
	}
	form.instead = c.nearest(at, 8)
	if len(form.instead) == 0 {
		c.pick("")
		c.Gone = true
		s.show(w, r, http.StatusConflict, s.bookTimes(page, c))
		return
	}
	s.show(w, r, http.StatusConflict, s.bookFormPage(page, kind, form, at))
}

func (s *site) tooManyBookings(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "3600")
	s.show(w, r, http.StatusTooManyRequests, s.message("That is a lot of bookings",
		"Nothing was booked just now: there are several already with this email address, or from where you are.",
		"The emails about them have links to move or cancel them. If you need more, please call the business."))
}

// bookForm is the form for a booking.
type bookForm struct {
	form
	robot   bool        // the field that people do not see was filled in
	instead []time.Time // times to pick from, because the one that was asked for is taken
}

// bookWords is what the form's fields are called.
var bookWords = fieldWords{"name": "Your name", "email": "Email", "phone": "Phone", "note": "Anything we should know"}

// newBookForm is an empty form that no other is mistaken for.
func newBookForm(at time.Time) *bookForm {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails
	return &bookForm{form: form{values: url.Values{"form": {base64.RawURLEncoding.EncodeToString(raw)}, "at": {at.UTC().Format(time.RFC3339)}}}}
}

func readBookForm(posted url.Values) *bookForm {
	f := &bookForm{form: form{values: posted}}
	if n := len(f.value("form")); n == 0 || n > 100 {
		posted.Set("form", newBookForm(time.Time{}).value("form"))
	}
	return f
}

// nearest is the n free times of a month that are nearest to a time, in order.
func (v *monthView) nearest(at time.Time, n int) (all []time.Time) {
	for _, d := range v.Days {
		all = append(all, d.Free...)
	}
	slices.SortStableFunc(all, func(a, b time.Time) int { return cmp.Compare(a.Sub(at).Abs(), b.Sub(at).Abs()) })
	all = all[:min(n, len(all))]
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// zoneOf is the zone of a business; it was looked at when it was stored.
func zoneOf(name string) *time.Location {
	zone, err := fibonacco.LoadZone(name)
	if err != nil {
		return time.UTC
	}
	return zone
}

// callLink is a telephone number as a link calls it; "" when it is none.
func callLink(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, strings.FieldsFunc(phone+" ", func(r rune) bool { return r == 'x' || r == 'e' || r == '#' })[0])
	return "tel:" + digits
}
