package public

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// hourField is the name of one field of the form for hours: "monday-0-opens".
func hourField(day time.Weekday, span int, which string) string {
	return fmt.Sprintf("%s-%d-%s", strings.ToLower(day.String()), span, which)
}

// dayField is what a day is called in an error of SaveHours.
func dayField(day time.Weekday) string { return "hours[" + strings.ToLower(day.String()) + "]" }

// hoursWords is what each day is called.
var hoursWords = func() fieldWords {
	all := fieldWords{}
	for _, day := range weekdays {
		all[dayField(day)] = day.String()
	}
	return all
}()

func (s *site) ownHours(w http.ResponseWriter, r *http.Request, v pageVisit) {
	values, span := url.Values{}, map[time.Weekday]int{}
	for _, h := range v.page.Hours {
		closes := h.Closes
		if closes == "24:00" { // which no browser's field for a time can hold
			closes = "00:00"
		}
		values.Set(hourField(h.Day, span[h.Day], "opens"), h.Opens)
		values.Set(hourField(h.Day, span[h.Day], "closes"), closes)
		span[h.Day]++
	}
	s.show(w, r, http.StatusOK, s.ownHoursForm(v, form{r.URL.EscapedPath(), values, nil}, ""))
}

// saveHours stores the hours, or fills other days with Monday's, which stores nothing yet.
func (s *site) saveHours(w http.ResponseWriter, r *http.Request, v pageVisit) {
	if !s.readForm(w, r) {
		return
	}
	for _, day := range weekdays { // as a browser's fields for times show them again
		for span := range 2 {
			for _, which := range []string{"opens", "closes"} {
				name := hourField(day, span, which)
				r.PostForm.Set(name, readClock(r.PostForm.Get(name)))
			}
		}
	}
	f := form{r.URL.EscapedPath(), r.PostForm, nil}
	switch r.PostForm.Get("action") {
	case "copy-week":
		copyMonday(r.PostForm, weekdays[1:5])
		s.show(w, r, http.StatusOK, s.ownHoursForm(v, f, "Tuesday to Friday are now as Monday. Save to keep it."))
		return
	case "copy-all":
		copyMonday(r.PostForm, weekdays[1:])
		s.show(w, r, http.StatusOK, s.ownHoursForm(v, f, "Every day is now as Monday. Save to keep it."))
		return
	}
	err := s.Business.SaveHours(r.Context(), v.SMBID, readHours(r.PostForm))
	s.saved(w, r, v, "hours", err, hoursWords, func(again form) {
		s.show(w, r, http.StatusUnprocessableEntity, s.ownHoursForm(v, again, ""))
	})
}

func copyMonday(values url.Values, to []time.Weekday) {
	for _, day := range to {
		for span := range 2 {
			for _, which := range []string{"opens", "closes"} {
				values.Set(hourField(day, span, which), values.Get(hourField(time.Monday, span, which)))
			}
		}
	}
}

// readHours reads the form. A span of which one time is missing or no time goes on as it is, to be
// refused with its day.
func readHours(values url.Values) (hours []fibonacco.OpeningHours) {
	for _, day := range weekdays {
		for span := range 2 {
			h := fibonacco.OpeningHours{Day: day, Opens: values.Get(hourField(day, span, "opens")), Closes: values.Get(hourField(day, span, "closes"))}
			if h.Opens == "" && h.Closes == "" {
				continue
			}
			if h.Closes == "00:00" {
				h.Closes = "24:00"
			}
			hours = append(hours, h)
		}
	}
	return hours
}

func clockLabel(day time.Weekday, span int, label string) string {
	if span > 0 {
		return day.String() + ", after a break: " + strings.ToLower(label)
	}
	return day.String() + ": " + strings.ToLower(label)
}
