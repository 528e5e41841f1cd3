package public_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

const marisolsPage = "/book/marisol-hair-studio"

// slot is the page of a free time, the n-th of the day that is shown first.
func (w *shop) slot(n int) (path, body string) {
	w.Helper()
	month := w.get(marisolsPage, http.StatusOK)
	path = link(w.T, marisolsPage, month, "at=", n)
	return path, w.get(path, http.StatusOK)
}

func ann() url.Values {
	return url.Values{"name": {"Ann Lee"}, "email": {"ann@example.com"}, "phone": {"(718) 555-0199"}, "note": {"By bus"}}
}

// From the page to a booking by links and one form; then it moves, and ends.
func TestBookMoveCancel(t *testing.T) {
	w := newShop(t, "Marisol Hair Studio", nil)
	month := w.get(marisolsPage, http.StatusOK)
	contains(t, "month", month, "March 2026", "Monday, March 2", "11:00 a.m.", "Afternoon", "New York time", "Later: April 2026", `aria-label="Tuesday, March 3, 16 times free"`, "18 Wharf Street, Brooklyn")
	if strings.Contains(month, "10:30 a.m.") {
		t.Error("a time is offered at shorter notice than two hours")
	}
	contains(t, "another day", w.get(link(t, marisolsPage, month, "day=2026-03-05", 0), http.StatusOK), "Thursday, March 5", "9:00 a.m.")
	contains(t, "another month", w.get(link(t, marisolsPage, month, "month=2026-04", 0), http.StatusOK), "Wednesday, April 1", "Earlier: March 2026")

	_, body := w.slot(3)
	contains(t, "form", body, "Monday, March 2, 2026<br>12:30 p.m. to 1:00 p.m.", "until 2 hours before")
	tomorrow := link(t, marisolsPage, w.get(marisolsPage+"?day=2026-03-03&month=2026-03", http.StatusOK), "at=", 2)
	body = w.get(tomorrow, http.StatusOK)
	form := filled(body, ann())
	_, to := w.post(marisolsPage, form, http.StatusSeeOther)
	_, again := w.post(marisolsPage, form, http.StatusSeeOther)
	equal(t, "the same form twice", again, to)
	equal(t, "booked", w.bookings(), 1)
	page := w.get(to, http.StatusOK)
	contains(t, "booked", page, "You are booked", "ann@example.com", "Tuesday, March 3, 2026<br>10:00 a.m. to 10:30 a.m.", "Until Tuesday, March 3, 2026 at 8:00 a.m. you can", "calendar.ics", "Move it", "Yes, cancel it")
	token, _, _ := strings.Cut(to, "?")

	file := w.get(token+"/calendar.ics", http.StatusOK)
	contains(t, "file", file, "BEGIN:VCALENDAR\r\n", "DTSTART:20260303T150000Z\r\n", "METHOD:PUBLISH\r\n")
	contains(t, "gone", w.get(tomorrow, http.StatusOK), "not free any more", "11:00 a.m.")

	moves := w.get(token+"/move?month=2026-03&day=2026-03-04", http.StatusOK)
	ask := w.get(link(t, token+"/move", moves, "at=", 0), http.StatusOK)
	contains(t, "asks", ask, "Move it to this time?", "Wednesday, March 4, 2026<br>9:00 a.m.", "The time until now, Tuesday, March 3")
	equal(t, "looking moves nothing", w.bookings(), 1)
	_, to = w.post(token+"/move", filled(ask, nil), http.StatusSeeOther)
	contains(t, "moved", w.get(to, http.StatusOK), "It has moved", "Wednesday, March 4, 2026<br>9:00 a.m.")

	w.post(token, url.Values{}, http.StatusUnprocessableEntity)
	_, to = w.post(token, url.Values{"action": {"cancel"}}, http.StatusSeeOther)
	contains(t, "cancelled", w.get(to, http.StatusOK), "This booking is canceled", "email that confirms it", `href="`+marisolsPage+`"`)
	contains(t, "free again", w.get(tomorrow, http.StatusOK), "Your details")
	equal(t, "mails", len(w.mails), 3+3+2) // both sides each time, and a reminder of what is to come
}

// Two have the same form open: the second is shown what else is free, with what was typed, and books it.
func TestSomebodyWasFaster(t *testing.T) {
	w := newShop(t, "Marisol Hair Studio", nil)
	_, body := w.slot(0)
	mine, theirs := filled(body, ann()), filled(body, url.Values{"name": {"Lee"}, "email": {"lee@example.com"}})
	w.post(marisolsPage, theirs, http.StatusSeeOther)
	body, _ = w.post(marisolsPage, mine, http.StatusConflict)
	contains(t, "instead", body, "Somebody was faster", `value="Ann Lee"`, "By bus", "at 11:30 a.m.")
	again := filled(body, nil)
	equal(t, "the nearest is picked", again.Get("at"), "2026-03-02T16:30:00Z")
	w.post(marisolsPage, again, http.StatusSeeOther)
	equal(t, "booked", w.bookings(), 2)
}

func TestBookFormRefused(t *testing.T) {
	limiter := &impatient{}
	w := newShop(t, "Marisol Hair Studio", limiter)
	path, body := w.slot(0)
	equal(t, "looking books nothing", w.bookings(), 0)
	refused, _ := w.post(marisolsPage, filled(body, url.Values{"name": {""}, "email": {"ann@"}, "phone": {"none"}, "note": {"<b>\"kept\"</b>"}}), http.StatusUnprocessableEntity)
	contains(t, "refused", refused, "3 things need another look", `<a href="#email">Email is not an email address`, `aria-invalid="true"`, `aria-describedby="email-hint email-error"`,
		`id="email-error"`, `value="ann@"`, "&lt;b&gt;&#34;kept&#34;&lt;/b&gt;</textarea>")
	robot, _ := w.post(marisolsPage, filled(body, url.Values{"name": {"Ann"}, "email": {"ann@example.com"}, "website": {"x"}}), http.StatusUnprocessableEntity)
	contains(t, "a program", robot, "Nothing was booked", "Leave this empty")
	for what, change := range map[string]url.Values{"no time": {"at": {"never"}}, "what is not offered any more": {"kind": {"7"}}} {
		_, to := w.post(marisolsPage, filled(body, change), http.StatusSeeOther)
		equal(t, what, to, marisolsPage)
	}
	w.post(marisolsPage, url.Values{"x": {strings.Repeat("x", 100<<10)}}, http.StatusUnprocessableEntity)
	w.post(marisolsPage, filled(body, url.Values{"name": {"Ann"}, "email": {"ann@example.com"}, "at": {"2026-03-07T15:00:00Z"}}), http.StatusConflict)
	for range 3 {
		_, body = w.slot(0)
		w.post(marisolsPage, filled(body, ann()), http.StatusSeeOther)
	}
	_, body = w.slot(0)
	much, _ := w.post(marisolsPage, filled(body, ann()), http.StatusTooManyRequests)
	contains(t, "a flood", much, "That is a lot of bookings")
	limiter.refuse = true
	w.post(marisolsPage, filled(body, url.Values{"name": {"Lee"}, "email": {"lee@example.com"}}), http.StatusTooManyRequests)
	equal(t, "booked", w.bookings(), 3)
	equal(t, "the time stays free", strings.Contains(w.get(path, http.StatusOK), "not free any more"), true)
}

// A page that is closed says so, in any month and for any time; what is booked can still be cancelled.
func TestClosedPages(t *testing.T) {
	w := newShop(t, "Marisol Hair Studio", nil)
	_, body := w.slot(0)
	form := filled(body, ann())
	_, to := w.post(marisolsPage, form, http.StatusSeeOther)
	token, _, _ := strings.Cut(to, "?")
	w.clock.Advance(time.Minute)
	late := w.get(token, http.StatusOK)
	contains(t, "later than the cut-off", late, "It cannot be changed here any more", `href="tel:7185550142"`, "(718) 555-0142")
	_, to = w.post(token, url.Values{"action": {"cancel"}}, http.StatusSeeOther)
	contains(t, "too late", w.get(to, http.StatusOK), "Nothing was changed")
	if err := w.svc.OpenBooking(t.Context(), 1, false); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{marisolsPage, marisolsPage + "?month=2026-04", marisolsPage + "?at=2026-03-03T15:00:00Z"} {
		contains(t, path, w.get(path, http.StatusOK), "Booking here is closed at the moment", "tel:7185550142")
	}
	refused, _ := w.post(marisolsPage, form, http.StatusOK)
	contains(t, "posted", refused, "closed at the moment")
	if never := w.get("/book/rosa", http.StatusOK); strings.Contains(never, "555") || !strings.Contains(never, "closed at the moment") {
		t.Errorf("a page that was never opened tells %s", never)
	}
	contains(t, "booked", w.get(token, http.StatusOK), "You are booked")
	for path, want := range map[string]int{"/book/nobody": 404, "/booking/x": 404, "/booking/x/move": 404, "/booking/x/calendar.ics": 404, "/book/": 404, "/booking/": 404} {
		w.get(path, want)
	}
}

// Several kinds are picked from first, and each has its own length.
func TestSeveralKinds(t *testing.T) {
	w := newShop(t, "Marisol Hair Studio", nil)
	p, err := w.svc.BookingPage(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	p.Settings.Kinds = append(p.Settings.Kinds, fibonacco.AppointmentKind{Name: "Color", Minutes: 120})
	if err := w.svc.SaveBookingSettings(t.Context(), 1, p.Settings); err != nil {
		t.Fatal(err)
	}
	kinds := w.get(marisolsPage, http.StatusOK)
	contains(t, "kinds", kinds, "What would you like to book?", "Appointment", "Color", "120 minutes")
	month := w.get(link(t, marisolsPage, kinds, "kind=2", 0), http.StatusOK)
	contains(t, "month", month, "Color, 120 minutes", "Something else")
	form := w.get(link(t, marisolsPage, month, "at=", 0), http.StatusOK)
	contains(t, "form", form, "Color, 120 minutes", `name="kind" value="2"`)
	_, to := w.post(marisolsPage, filled(form, ann()), http.StatusSeeOther)
	contains(t, "booked", w.get(to, http.StatusOK), "Color, 120 minutes")
	contains(t, "no such kind", w.get(marisolsPage+"?kind=9", http.StatusOK), "What would you like to book?")
}

// The owner's side: what is coming, calling one off, closing, and settings that are refused or saved.
func TestMyBooking(t *testing.T) {
	const mine = "/my/good/booking"
	w := newShop(t, "Marisol Hair Studio", nil)
	w.get("/my/bad/booking", http.StatusForbidden)
	_, body := w.slot(0)
	w.post(marisolsPage, filled(body, ann()), http.StatusSeeOther)
	page := w.get(mine, http.StatusOK)
	contains(t, "page", page, "https://go.example.com"+marisolsPage, "Ann Lee", "mailto:ann@example.com", "By bus", "Close the page", `value="Appointment"`, `value="09:00"`, "The next free times are")

	form := filled(page[strings.Index(page, "<h2>Settings</h2>"):], url.Values{"action": {"save"}})
	_, to := w.post(mine, form, http.StatusSeeOther)
	after := w.get(to, http.StatusOK)
	contains(t, "saved as it was", after, "Saved.")
	equal(t, "the same form", filled(after[strings.Index(after, "<h2>Settings</h2>"):], url.Values{"action": {"save"}}).Encode(), form.Encode())

	form.Set("kinds[1].name", "Color <b>")
	form.Set("kinds[1].minutes", "long")
	form.Set("hours[0].opens", "8:30 a.m.")
	form.Set("special[0].from", "12/24/2026")
	form.Set("special[0].to", "soon")
	form.Set("seats", "0")
	form.Set("gap_after", "15")
	refused, _ := w.post(mine, form, http.StatusUnprocessableEntity)
	contains(t, "refused", refused, "3 things need another look", `href="#kinds-1-minutes">What can be booked, row 2: the minutes must be`, `href="#special-0-to"`, `href="#seats"`, `value="Color &lt;b&gt;"`, `value="long"`, `aria-describedby="seats-error"`)
	form.Set("kinds[1].minutes", "90")
	form.Set("special[0].to", "2026-12-26")
	form.Set("seats", "2")
	w.post(mine, form, http.StatusSeeOther)
	p, err := w.svc.BookingPage(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Settings
	if len(s.Kinds) != 2 || s.Kinds[1].Minutes != 90 || s.Hours[0].Opens != "08:30" || s.Special[0] != (fibonacco.SpecialDays{From: "2026-12-24", To: "2026-12-26"}) || s.Seats != 2 || s.GapAfter != 15 || len(s.Hours) != 5 {
		t.Errorf("saved %+v", s)
	}

	_, to = w.post(mine, url.Values{"action": {"cancel"}, "booking": {"1"}, "word": {"I am ill."}}, http.StatusSeeOther)
	contains(t, "cancelled", w.get(to, http.StatusOK), "Your customer is told", "None yet")
	_, to = w.post(mine, url.Values{"action": {"close"}}, http.StatusSeeOther)
	contains(t, "closed", w.get(to, http.StatusOK), "Your page is closed", "Open the page")
	form.Set("kinds[0].name", "")
	form.Set("kinds[0].minutes", "")
	form.Set("kinds[1].name", "")
	form.Set("kinds[1].minutes", "")
	w.post(mine, form, http.StatusSeeOther)
	nothing, _ := w.post(mine, url.Values{"action": {"open"}}, http.StatusUnprocessableEntity)
	contains(t, "nothing to book", nothing, `<a href="#kinds">What can be booked must have at least one row`)
	w.post(mine, url.Values{"action": {"steal"}}, http.StatusUnprocessableEntity)
	w.post(mine, url.Values{"action": {"cancel"}, "booking": {"77"}}, http.StatusNotFound)
}

// Whatever stands in a field, it is text.
func TestHostileBooking(t *testing.T) {
	for _, hostile := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{ x }} ${x}`, "\u202eevil", "👩‍🦱 O'Brien & \"Söhne\"", `'; DROP TABLE bookings; --`} {
		w := newShop(t, hostile, nil)
		p, err := w.svc.BookingPage(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		p.Settings.Kinds[0].Name, p.Settings.Place = hostile, hostile
		if err := w.svc.SaveBookingSettings(t.Context(), 1, p.Settings); err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(p.URL, "https://go.example.com")
		month := w.get(path, http.StatusOK)
		body := w.get(link(t, path, month, "at=", 0), http.StatusOK)
		name := strings.NewReplacer("/", "", "\\", "").Replace(hostile)
		_, to := w.post(path, filled(body, url.Values{"name": {name}, "email": {"ann@example.com"}, "note": {hostile}}), http.StatusSeeOther)
		token, _, _ := strings.Cut(to, "?")
		for _, page := range []string{month, body, w.get(to, http.StatusOK), w.get("/my/good/booking", http.StatusOK)} {
			for _, bad := range []string{"<script>alert", "<img", "onerror=alert(1)>\""} {
				if strings.Contains(page, bad) {
					t.Errorf("%q became markup", hostile)
				}
			}
		}
		if strings.Count(w.get(token+"/calendar.ics", http.StatusOK), "\r\nSUMMARY:") != 1 {
			t.Errorf("%q broke the file", hostile)
		}
	}
}
