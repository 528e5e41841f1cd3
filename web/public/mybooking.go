package public

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// myBooking is a booking page as its owner sees it.
func (s *site) myBooking(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	s.showMyBooking(w, r, o, http.StatusOK, nil)
}

// showMyBooking shows the page, with a form that was refused in the place of what is stored.
func (s *site) showMyBooking(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner, status int, refused *form) {
	p, err := s.Booking.BookingPage(r.Context(), o.SMBID)
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		s.show(w, r, http.StatusNotFound, s.message("You have no booking page", "It is made when you say yes to it. Our emails about it have the button."))
		return
	}
	var coming []fibonacco.Booking
	if err == nil {
		coming, err = s.Booking.ComingBookings(r.Context(), o.SMBID)
	}
	if err != nil {
		s.refuse(w, r, "own booking page", err)
		return
	}
	v := myBookingView{BookingPage: p, Coming: coming, Form: refused, Action: "/my/" + o.Token + "/booking", Done: r.URL.Query().Get("done")}
	if v.Form == nil {
		v.Form = settingsForm(p.Settings)
	}
	s.show(w, r, status, s.myBookingPage(v))
}

// changeMyBooking does what one of the page's buttons says.
func (s *site) changeMyBooking(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	var err error
	action := r.PostForm.Get("action")
	switch action {
	case "save":
		err = s.Booking.SaveBookingSettings(r.Context(), o.SMBID, readSettings(r.PostForm))
	case "open", "close":
		err = s.Booking.OpenBooking(r.Context(), o.SMBID, action == "open")
	case "cancel":
		id, _ := strconv.ParseInt(r.PostForm.Get("booking"), 10, 64)
		err = s.Booking.CallOffBooking(r.Context(), o.SMBID, id, r.PostForm.Get("word"))
	default:
		s.badForm(w, r)
		return
	}
	done := action
	switch fibonacco.CodeOf(err) {
	case "":
	case fibonacco.Invalid:
		f := &form{values: r.PostForm}
		if action != "save" {
			f = nil
			if p, err := s.Booking.BookingPage(r.Context(), o.SMBID); err == nil {
				f = settingsForm(p.Settings)
			}
		}
		if f != nil {
			f.faults = faultsOf(err, settingWords.say)
		}
		s.showMyBooking(w, r, o, http.StatusUnprocessableEntity, f)
		return
	case fibonacco.Forbidden:
		done = "not"
	default:
		s.refuse(w, r, "change own booking page", err)
		return
	}
	seeOther(w, r, "/my/"+url.PathEscape(o.Token)+"/booking?done="+done)
}

// myBookingView is what the owner's page shows.
type myBookingView struct {
	*fibonacco.BookingPage
	Coming []fibonacco.Booking
	Form   *form
	Action string
	Done   string // what was done just now; "" nothing
}

// Said is what was done, in words; "" for nothing.
func (v myBookingView) Said() string {
	return map[string]string{
		"save":   "Saved. It holds from now on; what is booked already stays as it was.",
		"open":   "Your page is open. Customers can book from now on.",
		"close":  "Your page is closed. Nothing new can be booked; what is booked already holds.",
		"cancel": "Canceled. Your customer is told by email.",
		"not":    "Nothing was changed: things are not as they were when you opened this page. Please look once more.",
	}[v.Done]
}

// How many rows of each kind a form may have, and how many are empty to begin with.
const (
	mostRows  = 120
	spareRows = 2
)

// settingsForm is settings as a form, with rows to spare.
func settingsForm(s fibonacco.BookingSettings) *form {
	v := url.Values{}
	number := func(name string, n int) { v.Set(name, strconv.Itoa(n)) }
	for i := range len(s.Kinds) + spareRows {
		row := fmt.Sprintf("kinds[%d].", i)
		v.Set(row+"name", "")
		if i < len(s.Kinds) {
			v.Set(row+"id", strconv.FormatInt(s.Kinds[i].ID, 10))
			v.Set(row+"name", s.Kinds[i].Name)
			number(row+"minutes", s.Kinds[i].Minutes)
		}
	}
	i := 0
	for _, day := range weekdays {
		of := slices.DeleteFunc(slices.Clone(s.Hours), func(h fibonacco.OpeningHours) bool { return h.Day != day })
		for n := range max(2, len(of)) { // a day may have a break
			row := fmt.Sprintf("hours[%d].", i)
			number(row+"day", int(day))
			if n < len(of) {
				v.Set(row+"opens", of[n].Opens)
				v.Set(row+"closes", strings.Replace(of[n].Closes, "24:00", "00:00", 1))
			}
			i++
		}
	}
	for i := range len(s.Special) + spareRows {
		row := fmt.Sprintf("special[%d].", i)
		v.Set(row+"from", "")
		if i < len(s.Special) {
			d := s.Special[i]
			v.Set(row+"from", d.From)
			v.Set(row+"to", d.To)
			v.Set(row+"opens", d.Opens)
			v.Set(row+"closes", d.Closes)
		}
	}
	number("gap_before", s.GapBefore)
	number("gap_after", s.GapAfter)
	number("every_minutes", s.EveryMinutes)
	number("lead_minutes", s.LeadMinutes)
	number("days_ahead", s.DaysAhead)
	number("seats", s.Seats)
	number("cutoff_minutes", s.CutoffMinutes)
	v.Set("place", s.Place)
	v.Set("phone", s.Phone)
	v.Set("email", s.Email)
	return &form{values: v}
}

// readSettings is a form as settings. What is no number is one that is refused.
func readSettings(v url.Values) fibonacco.BookingSettings {
	number := func(name string) int {
		n, err := strconv.Atoi(strings.TrimSpace(v.Get(name)))
		if err != nil {
			return -1
		}
		return n
	}
	s := fibonacco.BookingSettings{
		GapBefore: number("gap_before"), GapAfter: number("gap_after"), EveryMinutes: number("every_minutes"), LeadMinutes: number("lead_minutes"),
		DaysAhead: number("days_ahead"), Seats: number("seats"), CutoffMinutes: number("cutoff_minutes"),
		Place: v.Get("place"), Phone: v.Get("phone"), Email: v.Get("email"),
	}
	for i := range rowsOf(v, "kinds", "name") {
		row := fmt.Sprintf("kinds[%d].", i)
		k := fibonacco.AppointmentKind{Name: v.Get(row + "name")}
		k.ID, _ = strconv.ParseInt(v.Get(row+"id"), 10, 64)
		if strings.TrimSpace(v.Get(row+"minutes")) != "" {
			k.Minutes = number(row + "minutes")
		}
		s.Kinds = append(s.Kinds, k)
	}
	for i := range rowsOf(v, "hours", "day") {
		row := fmt.Sprintf("hours[%d].", i)
		s.Hours = append(s.Hours, fibonacco.OpeningHours{Day: time.Weekday(number(row + "day")), Opens: typedClock(v.Get(row + "opens")), Closes: typedClock(v.Get(row + "closes"))})
	}
	for i := range rowsOf(v, "special", "from") {
		row := fmt.Sprintf("special[%d].", i)
		s.Special = append(s.Special, fibonacco.SpecialDays{
			From: typedDate(v.Get(row + "from")), To: typedDate(v.Get(row + "to")), Opens: typedClock(v.Get(row + "opens")), Closes: typedClock(v.Get(row + "closes")),
		})
	}
	return s
}

// rowsOf is how many rows of a kind a form has: as many as follow one another.
func rowsOf(v url.Values, kind, member string) int {
	n := 0
	for n < mostRows && v.Has(fmt.Sprintf("%s[%d].%s", kind, n, member)) {
		n++
	}
	return n
}

// typedClock is a time of day as it is stored, also where a browser lets people write it as they like.
func typedClock(text string) string {
	plain := strings.ToUpper(strings.NewReplacer(".", "", " ", "").Replace(text))
	for _, layout := range []string{"15:04", "15:04:05", "3:04PM", "3PM"} {
		if t, err := time.Parse(layout, plain); err == nil {
			return t.Format("15:04")
		}
	}
	return strings.TrimSpace(text)
}

func typedDate(text string) string {
	text = strings.TrimSpace(text)
	if t, err := time.Parse("1/2/2006", text); err == nil {
		return t.Format(time.DateOnly)
	}
	return text
}

// choice is one entry of a list to pick from.
type choice struct{ Value, Label string }

// minuteChoices is lengths of time to pick from; one that is in force, and not among them, comes last.
func minuteChoices(f *form, name string, minutes ...int) (all []choice) {
	if n, err := strconv.Atoi(f.value(name)); err == nil && n > 0 && !slices.Contains(minutes, n) {
		minutes = append(minutes, n)
	}
	for _, m := range minutes {
		label := hoursBefore(m)
		if m == 0 {
			label = "None"
		}
		all = append(all, choice{strconv.Itoa(m), label})
	}
	return all
}

func dayChoices(f *form, name string, days ...int) (all []choice) {
	if n, err := strconv.Atoi(f.value(name)); err == nil && n > 0 && !slices.Contains(days, n) {
		days = append(days, n)
	}
	for _, d := range days {
		all = append(all, choice{strconv.Itoa(d), hoursBefore(d * 24 * 60)})
	}
	return all
}

// hourRows is the rows of the form for one day of the week.
func hourRows(f *form, day time.Weekday) (all []int) {
	for i := range rowsOf(f.values, "hours", "day") {
		if f.value(fmt.Sprintf("hours[%d].day", i)) == strconv.Itoa(int(day)) {
			all = append(all, i)
		}
	}
	return all
}

// settingWords is what the fields of the settings are called.
var settingWords = fieldWords{
	"kinds": "What can be booked", "kinds.name": "What can be booked, row #: the name", "kinds.minutes": "What can be booked, row #: the minutes",
	"hours": "Weekly hours", "hours.opens": "Weekly hours: the time to open", "hours.closes": "Weekly hours: the time to close",
	"special": "Days off and special days", "special.from": "Special days, row #: the first day", "special.to": "Special days, row #: the last day",
	"special.opens": "Special days, row #: the time to open", "special.closes": "Special days, row #: the time to close",
	"gap_before": "Gap before", "gap_after": "Gap after", "every_minutes": "A time every", "lead_minutes": "Shortest notice", "days_ahead": "How far ahead",
	"seats": "At the same time", "cutoff_minutes": "Changes until", "place": "Where", "phone": "Phone for customers", "email": "Your email",
}
