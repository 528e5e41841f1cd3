package public

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// eventRoutes are the calendars of communities, for anybody:
//
//	GET /events/{community}                what is to come
//	GET /events/{community}/calendar.ics   the same for calendar programs
//	GET /events/{community}/feed.xml       the same for feed readers
//	GET /events/{community}/{id}-{slug}    one event; with .ics behind it for calendar programs
func (s *site) eventRoutes() routes {
	return routes{
		"GET /events/{community}":              s.events,
		"GET /events/{community}/calendar.ics": s.calendarFile,
		"GET /events/{community}/feed.xml":     s.eventFeed,
		"GET /events/{community}/{event}":      s.event,
		"/events/":                             s.notFound,
	}
}

// happening is an event as it is shown at a moment.
type happening struct {
	*fibonacco.CommunityEvent
	Path  string
	URL   string // absolute, for those who come from elsewhere
	Owner string // token of the owner who looks at it before others can; "" in public
	Now   time.Time
	zone  *time.Location
}

func (s *site) happeningOf(e *fibonacco.CommunityEvent) happening {
	zone, err := fibonacco.LoadZone(e.Zone)
	if err != nil {
		zone = time.UTC
	}
	path := fmt.Sprintf("/events/%s/%d-%s", e.Community, e.ID, e.Slug)
	return happening{CommunityEvent: e, Path: path, URL: s.PublicURL + path, zone: zone, Now: s.Clock.Now().In(zone)}
}

func (h happening) over() bool      { return !h.OverAt.After(h.Now) }
func (h happening) cancelled() bool { return h.State == fibonacco.EventCancelled }

// day is the date of its beginning: "Saturday, December 5".
func (h happening) day() string { return dateText(h.Now, h.StartsAt.In(h.zone)) }

// when is its day and time in full: "Saturday, December 5, 7 p.m. to 10 p.m.".
func (h happening) when() string {
	starts := h.StartsAt.In(h.zone)
	text := h.day() + ", " + timeText(starts)
	switch last := h.OverAt.In(h.zone).Add(-time.Second); {
	case h.EndsAt != nil && (daysBetween(starts, last) == 0 || h.EndsAt.Sub(h.StartsAt) < 12*time.Hour):
		return text + " to " + timeText(h.EndsAt.In(h.zone))
	case h.EndsAt != nil:
		ends := h.EndsAt.In(h.zone)
		return text + " to " + dateText(h.Now, ends) + ", " + timeText(ends)
	case daysBetween(starts, last) > 0:
		return text + ", until " + dateText(h.Now, last)
	}
	return text
}

// clocks says what there is to know when the clocks change; "" on other days.
func (h happening) clocks() string {
	for _, t := range []*time.Time{&h.StartsAt, h.EndsAt} {
		if t == nil {
			continue
		}
		at := t.In(h.zone)
		if _, kind := fibonacco.LocalTime(h.zone, at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute()); kind == fibonacco.TimeTwice {
			return "The clocks go back that night, and " + timeText(at) + " comes twice. The first one is meant."
		}
	}
	return ""
}

// dateText is a day, with its year where that is not this one.
func dateText(now, day time.Time) string {
	if now.Year() == day.Year() {
		return day.Format("Monday, January 2")
	}
	return day.Format("Monday, January 2, 2006")
}

func (h happening) paragraphs() []string { return paragraphs(h.About) }

// summary is one or two lines for those who are sent the address.
func (h happening) summary() string {
	text := joined(". ", h.when(), h.Place)
	if h.cancelled() {
		text = "Canceled. " + text
	}
	return text
}

func (s *site) events(w http.ResponseWriter, r *http.Request) {
	c, err := s.Events.CommunityCalendar(r.Context(), r.PathValue("community"))
	if err != nil {
		s.refuseEvents(w, r, "calendar", err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	if len(c.Events) > 0 {
		w.Header().Del("X-Robots-Tag")
	}
	list := make([]happening, len(c.Events))
	for i := range c.Events {
		list[i] = s.happeningOf(&c.Events[i])
	}
	s.show(w, r, http.StatusOK, s.calendarPage(c, list))
}

func (s *site) calendarFile(w http.ResponseWriter, r *http.Request) {
	file, err := s.Events.CalendarFile(r.Context(), r.PathValue("community"))
	if err != nil {
		s.refuseEvents(w, r, "calendar file", err)
		return
	}
	serveCalendar(w, file, "events.ics")
}

// event shows one event, or hands out its file. Its number finds it; whatever stands behind that is for
// people, and put right.
func (s *site) event(w http.ResponseWriter, r *http.Request) {
	name, file := strings.CutSuffix(r.PathValue("event"), ".ics")
	number, _, _ := strings.Cut(name, "-")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		s.noEvent(w, r)
		return
	}
	if file {
		content, err := s.Events.EventFile(r.Context(), r.PathValue("community"), id)
		if err != nil {
			s.refuseEvents(w, r, "event file", err)
			return
		}
		serveCalendar(w, content, fmt.Sprintf("event-%d.ics", id))
		return
	}
	e, err := s.Events.CommunityEvent(r.Context(), r.PathValue("community"), id)
	if err != nil {
		s.refuseEvents(w, r, "event", err)
		return
	}
	h := s.happeningOf(e)
	w.Header().Set("Cache-Control", "public, max-age=60")
	if name != strings.TrimPrefix(h.Path, "/events/"+e.Community+"/") {
		http.Redirect(w, r, h.Path, http.StatusMovedPermanently)
		return
	}
	w.Header().Del("X-Robots-Tag")
	s.show(w, r, http.StatusOK, s.eventPage(h))
}

func serveCalendar(w http.ResponseWriter, file []byte, name string) {
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", `inline; filename="`+name+`"`)
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(file) // nobody to tell
}

func (s *site) refuseEvents(w http.ResponseWriter, r *http.Request, doing string, err error) {
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		s.noEvent(w, r)
		return
	}
	s.refuse(w, r, doing, err)
}

func (s *site) noEvent(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusNotFound, s.message("There is no event here",
		"It may have been taken back, or part of the address is missing."))
}
