package booking

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// The most that settings may hold.
const (
	mostKinds   = 20
	mostHours   = 50
	mostSpecial = 100
)

// defaults is a page that its owner has not filled in: office hours and one kind of appointment.
func defaults() fibonacco.BookingSettings {
	s := fibonacco.BookingSettings{
		Kinds:        []fibonacco.AppointmentKind{{ID: 1, Name: "Appointment", Minutes: 30}},
		EveryMinutes: 30, LeadMinutes: 2 * 60, DaysAhead: 60, Seats: 1, CutoffMinutes: 2 * 60,
	}
	for day := time.Monday; day <= time.Friday; day++ {
		s.Hours = append(s.Hours, fibonacco.OpeningHours{Day: day, Opens: "09:00", Closes: "17:00"})
	}
	return s
}

// checker collects what cannot be taken.
type checker struct{ bad []fibonacco.FieldError }

func (c *checker) refuse(field, reason string) {
	c.bad = append(c.bad, fibonacco.FieldError{Field: field, Reason: reason})
}

func (c *checker) number(field string, value, least, most int, unit string) {
	if value < least || value > most {
		c.refuse(field, fmt.Sprintf("must be a whole number of %s from %d to %d", unit, least, most))
	}
}

// text is a line that can be written, without space around it.
func (c *checker) text(field, value string, most int) string {
	value = strings.Join(strings.Fields(value), " ")
	switch {
	case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
		c.refuse(field, "holds a character that cannot be written")
	case utf8.RuneCountInString(value) > most:
		c.refuse(field, fmt.Sprintf("must be at most %d characters long", most))
	}
	return value
}

// tidy leaves out empty rows and checks all the rest at once. last is the highest id that a kind was
// given before; it returns the one it is now. today is the local date: what is over is left out.
func tidy(s fibonacco.BookingSettings, before []fibonacco.AppointmentKind, last int64, today string) (fibonacco.BookingSettings, int64, error) {
	var c checker
	s.Kinds, last = c.kinds(s.Kinds, before, last)
	s.Hours = c.hours(s.Hours)
	s.Special = c.special(s.Special, today)
	c.number("gap_before", s.GapBefore, 0, 240, "minutes")
	c.number("gap_after", s.GapAfter, 0, 240, "minutes")
	c.number("every_minutes", s.EveryMinutes, 5, 240, "minutes")
	c.number("lead_minutes", s.LeadMinutes, 0, 60*24*60, "minutes")
	c.number("days_ahead", s.DaysAhead, 1, 365, "days")
	c.number("seats", s.Seats, 1, 50, "appointments")
	c.number("cutoff_minutes", s.CutoffMinutes, 0, 30*24*60, "minutes")
	s.Place = c.text("place", s.Place, 200)
	if s.Phone = c.text("phone", s.Phone, 50); s.Phone != "" && !dialable(s.Phone) {
		c.refuse("phone", "is not a telephone number, for example (718) 555-0142")
	}
	if s.Email = fibonacco.NormalizeEmail(s.Email); !fibonacco.ValidEmail(s.Email) {
		c.refuse("email", "is not an email address, for example name@example.com")
	}
	return s, last, fibonacco.InvalidFields("the settings cannot be saved", c.bad)
}

func (c *checker) kinds(rows, before []fibonacco.AppointmentKind, last int64) (kept []fibonacco.AppointmentKind, _ int64) {
	for i, k := range rows {
		field := fmt.Sprintf("kinds[%d].", i)
		if strings.TrimSpace(k.Name) == "" && k.Minutes == 0 {
			continue
		}
		if k.Name = c.text(field+"name", k.Name, 80); k.Name == "" {
			c.refuse(field+"name", "needs a name, for example “First visit”")
		}
		c.number(field+"minutes", k.Minutes, 5, 600, "minutes")
		known := func(b fibonacco.AppointmentKind) bool { return b.ID == k.ID }
		if !slices.ContainsFunc(before, known) || slices.ContainsFunc(kept, known) {
			last++
			k.ID = last
		}
		kept = append(kept, k)
	}
	if len(kept) > mostKinds {
		c.refuse("kinds", fmt.Sprintf("must be at most %d", mostKinds))
	}
	return kept, last
}

func (c *checker) hours(rows []fibonacco.OpeningHours) (kept []fibonacco.OpeningHours) {
	for i, h := range rows {
		if h.Opens == "" && h.Closes == "" {
			continue
		}
		field := fmt.Sprintf("hours[%d].", i)
		c.times(field, h.Opens, h.Closes)
		if h.Day < time.Sunday || h.Day > time.Saturday {
			c.refuse(field+"day", "is no day of the week")
		}
		kept = append(kept, h)
	}
	if len(kept) > mostHours {
		c.refuse("hours", fmt.Sprintf("must be at most %d", mostHours))
	}
	slices.SortStableFunc(kept, func(a, b fibonacco.OpeningHours) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), strings.Compare(a.Opens, b.Opens))
	})
	return kept
}

func (c *checker) times(field, opens, closes string) {
	if _, ok := clockMinutes(opens); !ok || opens == "24:00" {
		c.refuse(field+"opens", "needs a time to open, for example 9:00 a.m.")
	}
	if _, ok := clockMinutes(closes); !ok {
		c.refuse(field+"closes", "needs a time to close, for example 5:00 p.m.")
	} else if opens == closes && opens != "00:00" { // midnight to midnight is the whole day
		c.refuse(field+"closes", "must be another time than the one to open")
	}
}

func (c *checker) special(rows []fibonacco.SpecialDays, today string) (kept []fibonacco.SpecialDays) {
	for i, s := range rows {
		if s == (fibonacco.SpecialDays{}) {
			continue
		}
		field := fmt.Sprintf("special[%d].", i)
		from, ok := midnight(s.From)
		to := from
		ok2 := true
		if s.To != "" {
			to, ok2 = midnight(s.To)
		}
		switch {
		case !ok:
			c.refuse(field+"from", "needs the first day, for example 12/24/2026")
		case !ok2:
			c.refuse(field+"to", "is not a day, for example 12/26/2026")
		case to < from:
			c.refuse(field+"to", "must not be before the first day")
		case to > from.addDays(366):
			c.refuse(field+"to", "must be within a year of the first day")
		}
		if s.Opens != "" || s.Closes != "" {
			c.times(field, s.Opens, s.Closes)
		}
		if ok && ok2 && to.date() < today {
			continue // over
		}
		kept = append(kept, s)
	}
	if len(kept) > mostSpecial {
		c.refuse("special", fmt.Sprintf("must be at most %d", mostSpecial))
	}
	slices.SortStableFunc(kept, func(a, b fibonacco.SpecialDays) int { return strings.Compare(a.From, b.From) })
	return kept
}

// bookable refuses settings with which nobody could book anything.
func bookable(s fibonacco.BookingSettings) error {
	var c checker
	if len(s.Kinds) == 0 {
		c.refuse("kinds", "must have at least one row before the page can open")
	}
	if len(s.Hours) == 0 && !slices.ContainsFunc(s.Special, func(d fibonacco.SpecialDays) bool { return d.Opens != "" }) {
		c.refuse("hours", "must have at least one open day before the page can open")
	}
	return fibonacco.InvalidFields("the page cannot open yet", c.bad)
}

// dialable reports whether a text has the digits of a telephone number and nothing odd. An extension
// may follow.
func dialable(phone string) bool {
	digits := 0
	for _, r := range phone {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+-(). /xext#", unicode.ToLower(r)):
			return false
		}
	}
	return digits >= 7 && digits <= 20
}
