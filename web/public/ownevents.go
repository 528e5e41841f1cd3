package public

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
)

// ownEventRoutes are where a business posts its events:
//
//	GET      /my/{token}/events            all of them
//	GET POST /my/{token}/events/new        the form for one
//	GET POST /my/{token}/events/{id}       one; lists it, cancels it, removes a draft
//	GET POST /my/{token}/events/{id}/edit  its form
func (s *site) ownEventRoutes() routes {
	return routes{
		"GET /my/{token}/events":            s.owned(s.ownEvents),
		"GET /my/{token}/events/new":        s.owned(s.newEvent),
		"POST /my/{token}/events/new":       s.owned(s.saveEvent),
		"GET /my/{token}/events/{id}":       s.owned(s.ownEvent),
		"POST /my/{token}/events/{id}":      s.owned(s.moveEvent),
		"GET /my/{token}/events/{id}/edit":  s.owned(s.editEvent),
		"POST /my/{token}/events/{id}/edit": s.owned(s.saveEvent),
	}
}

// refuseOwnEvents is refuse for an owner.
func (s *site) refuseOwnEvents(w http.ResponseWriter, r *http.Request, doing string, err error) {
	switch fibonacco.CodeOf(err) {
	case fibonacco.NotFound:
		s.show(w, r, http.StatusNotFound, s.message("There is no such event",
			"It may have been removed, or your business does not post events.",
			"If you want to, reply to any of our emails: a person reads it."))
	case fibonacco.Conflict:
		s.show(w, r, http.StatusConflict, s.message("That is not possible any more",
			"The event has changed meanwhile, or it is over. Nothing was changed. Please go back and look at it again."))
	default:
		s.refuse(w, r, doing, err)
	}
}

func (s *site) ownEvents(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	all, err := s.Events.OwnEvents(r.Context(), o.SMBID)
	if err != nil {
		s.refuseOwnEvents(w, r, "own events", err)
		return
	}
	list := make([]happening, len(all))
	for i := range all {
		list[i] = s.happeningOf(&all[i])
	}
	note := ""
	if r.URL.Query().Get("saved") == "removed" {
		note = "The draft is gone."
	}
	s.show(w, r, http.StatusOK, s.ownEventsPage(o, list, note))
}

// own is the event of a path; it answers when there is none.
func (s *site) own(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) (h happening, ok bool) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		s.refuseOwnEvents(w, r, "own event", fibonacco.Errorf(fibonacco.NotFound, "no number"))
		return h, false
	}
	e, err := s.Events.OwnEvent(r.Context(), o.SMBID, id)
	if err != nil {
		s.refuseOwnEvents(w, r, "own event", err)
		return h, false
	}
	h = s.happeningOf(e)
	h.Owner = o.Token
	return h, true
}

func (s *site) ownEvent(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if h, ok := s.own(w, r, o); ok {
		s.show(w, r, http.StatusOK, s.ownEventPage(o, h, eventSaved(r.URL.Query().Get("saved"))))
	}
}

// eventSaved is what an owner is told after a change; "" for what we did not say.
func eventSaved(what string) string {
	switch what {
	case "draft":
		return "The draft is saved. Nobody else sees it yet."
	case "changed":
		return "The change is saved. Calendars that have the event take it over by themselves."
	case "public":
		return "The event is in the calendar now."
	case "cancelled":
		return "The event is marked as canceled. It stays in the calendar like that until it is over."
	}
	return ""
}

func (s *site) newEvent(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if _, err := s.Events.OwnEvents(r.Context(), o.SMBID); err != nil {
		s.refuseOwnEvents(w, r, "new event", err)
		return
	}
	s.show(w, r, http.StatusOK, s.eventForm(o, nil, form{action: r.URL.EscapedPath()}))
}

func (s *site) editEvent(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	h, ok := s.own(w, r, o)
	if !ok {
		return
	}
	starts := h.StartsAt.In(h.zone)
	values := url.Values{}
	for name, text := range map[string]string{
		"title": h.Title, "about": h.About, "place": h.Place, "audience": h.Audience, "link": h.Link,
		"day": starts.Format(time.DateOnly), "starts": starts.Format("15:04"),
	} {
		values.Set(name, text)
	}
	last := h.OverAt.In(h.zone)
	if h.EndsAt != nil {
		values.Set("ends", last.Format("15:04"))
	} else {
		last = last.Add(-time.Second)
	}
	// Where the form would find the last day by itself, it is left out.
	if days := daysBetween(starts, last); days > 1 || days == 1 && (h.EndsAt == nil || last.Format("15:04") > starts.Format("15:04")) {
		values.Set("last_day", last.Format(time.DateOnly))
	}
	s.show(w, r, http.StatusOK, s.eventForm(o, &h, form{r.URL.EscapedPath(), values, nil}))
}

func (s *site) saveEvent(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	var id int64
	var before *happening
	if r.PathValue("id") != "" {
		h, ok := s.own(w, r, o)
		if !ok {
			return
		}
		id, before = h.ID, &h
	}
	f := r.PostForm
	f.Set("starts", readClock(f.Get("starts"))) // as a browser's field for times shows it again
	f.Set("ends", readClock(f.Get("ends")))
	saved, err := s.Events.SaveEvent(r.Context(), o.SMBID, id, fibonacco.EventDraft{
		Title: f.Get("title"), About: f.Get("about"), Place: f.Get("place"), Audience: f.Get("audience"), Link: f.Get("link"),
		Day: f.Get("day"), Starts: f.Get("starts"), LastDay: f.Get("last_day"), Ends: f.Get("ends"),
	})
	if fibonacco.CodeOf(err) == fibonacco.Invalid {
		s.show(w, r, http.StatusUnprocessableEntity, s.eventForm(o, before, form{r.URL.EscapedPath(), f, faultsOf(err, eventWords.say)}))
		return
	}
	if err != nil {
		s.refuseOwnEvents(w, r, "save event", err)
		return
	}
	what := "draft"
	if before != nil && before.State != fibonacco.EventDrafted {
		what = "changed"
	}
	seeOther(w, r, fmt.Sprintf("/my/%s/events/%d?saved=%s", o.Token, saved, what))
}

// moveEvent lists an event, cancels it, or removes a draft.
func (s *site) moveEvent(w http.ResponseWriter, r *http.Request, o *fibonacco.BusinessOwner) {
	if !s.readForm(w, r) {
		return
	}
	h, ok := s.own(w, r, o)
	if !ok {
		return
	}
	var err error
	next := fmt.Sprintf("/my/%s/events/%d?saved=", o.Token, h.ID)
	switch r.PostForm.Get("action") {
	case "publish":
		next += "public"
		err = s.Events.PublishEvent(r.Context(), o.SMBID, h.ID)
	case "cancel":
		next += "cancelled"
		err = s.Events.CancelEvent(r.Context(), o.SMBID, h.ID)
	case "remove":
		next = "/my/" + o.Token + "/events?saved=removed"
		err = s.Events.RemoveEvent(r.Context(), o.SMBID, h.ID)
	default:
		s.badForm(w, r)
		return
	}
	if err != nil {
		s.refuseOwnEvents(w, r, "move event", err)
		return
	}
	seeOther(w, r, next)
}

// eventWords is what the fields of an event are called.
var eventWords = fieldWords{
	"title": "What it is called", "about": "What happens", "place": "Where", "audience": "For whom", "link": "Page to read more",
	"day": "Day", "starts": "Starts", "ends": "Ends", "last_day": "Last day",
}
