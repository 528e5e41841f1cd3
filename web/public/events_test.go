package public_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/calendar"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/web/public"
)

// newFair is a shop whose business 7 may post events.
func newFair(t *testing.T) *stand {
	t.Helper()
	s := newStand(t)
	events := calendar.New(s.db, fibonacco.Config{HTTP: fibonacco.HTTPConfig{PublicURL: "https://go.example.com"}})
	s.mux = http.NewServeMux()
	public.Mount(s.mux, public.Deps{Owners: s, Business: s.svc, Events: events, Clock: s.clock, PublicURL: "https://go.example.com", Log: slog.New(slog.DiscardHandler)})
	s.update(func(tx *db.Tx) error {
		_, err := events.Provision(t.Context(), tx, &fibonacco.ProvisioningTask{SMBID: 7})
		return err
	})
	return s
}

func blockParty() url.Values {
	return url.Values{"title": {"Block party"}, "place": {"Wharf Street"}, "audience": {"Everybody"}, "about": {"Bring a chair.\r\n\r\nAnd a friend."}, "link": {"www.example.com/party"}, "day": {"2026-03-07"}, "starts": {"6 pm"}, "ends": {"22:00"}}
}

func TestOwnerPostsAnEvent(t *testing.T) {
	s := newFair(t)
	w := s.ask(get("/events/port-avery"))
	equal(t, "nothing yet", w.Code, http.StatusOK)
	contains(t, "nothing yet", w.Body.String(), "Nothing is planned")
	equal(t, "not to be found", w.Header().Get("X-Robots-Tag"), "noindex")
	contains(t, "own events", s.ask(get("/my/seven/events")).Body.String(), "None yet")
	contains(t, "the form", s.ask(get("/my/seven/events/new")).Body.String(), `type="date"`, `action="/my/seven/events/new"`)

	status, _, body := s.post("events/new", url.Values{"title": {""}, "about": {"typed"}, "day": {"2026-03-08"}, "starts": {"02:30"}})
	equal(t, "refused", status, http.StatusUnprocessableEntity)
	contains(t, "refused", body, `href="#title"`, "What it is called is missing", "Where is missing", "\ntyped</textarea>", `value="02:30"`)
	leap := blockParty()
	leap.Set("day", "2026-03-08")
	leap.Set("starts", "2:30am")
	_, _, body = s.post("events/new", leap)
	contains(t, "a time that is not", body, "Starts does not exist on March 8, 2026: the clocks go forward over it", `aria-describedby="starts-error"`)

	status, location, _ := s.post("events/new", blockParty())
	equal(t, "saved", fmt.Sprint(status, location), "303/my/seven/events/1?saved=draft")
	contains(t, "the draft", s.ask(get(location)).Body.String(), "The draft is saved", "Saturday, March 7, 6 p.m. to 10 p.m.", "Put it in the calendar", "Remove the draft")
	equal(t, "nobody else's", s.ask(get("/events/port-avery/1-block-party")).Code, http.StatusNotFound)
	status, location, _ = s.post("events/1", url.Values{"action": {"publish"}})
	equal(t, "listed", fmt.Sprint(status, location), "303/my/seven/events/1?saved=public")

	w = s.ask(get("/events/port-avery"))
	equal(t, "may be found", w.Header().Get("X-Robots-Tag"), "")
	contains(t, "calendar", w.Body.String(), `<a href="/events/port-avery/1-block-party">Block party</a>`, "Wharf Street, by Marisol Hair Studio", "/events/port-avery/calendar.ics", `type="application/rss+xml"`)
	for _, other := range []string{"/events/port-avery/1", "/events/port-avery/1-another-name", "/events/port-avery/1-"} {
		w = s.ask(get(other))
		equal(t, other, fmt.Sprint(w.Code, w.Header().Get("Location")), "301/events/port-avery/1-block-party")
	}
	w = s.ask(get("/events/port-avery/1-block-party"))
	equal(t, "status", w.Code, http.StatusOK)
	contains(t, "event", w.Body.String(), "Saturday, March 7, 6 p.m. to 10 p.m.", "For whom", "Bring a chair.", `href="https://www.example.com/party"`, `<link rel="canonical" href="https://go.example.com/events/port-avery/1-block-party">`, `href="/events/port-avery/1-block-party.ics"`)
	event := eventFacts(t, w.Body.String())
	equal(t, "facts", fmt.Sprint(event["@type"], event["startDate"], event["endDate"], event["eventStatus"]), "Event2026-03-07T18:00:00-05:002026-03-07T22:00:00-05:00https://schema.org/EventScheduled")

	for _, file := range []string{"/events/port-avery/calendar.ics", "/events/port-avery/1-block-party.ics"} {
		w = s.ask(get(file))
		equal(t, file, fmt.Sprint(w.Code, w.Header().Get("Content-Type")), "200text/calendar; charset=utf-8")
		contains(t, file, w.Body.String(), "BEGIN:VCALENDAR\r\n", "DTSTART:20260307T230000Z\r\n", "SUMMARY:Block party\r\n", "URL:https://go.example.com/events/port-avery/1-block-party\r\n")
	}
	contains(t, "the form again", s.ask(get("/my/seven/events/1/edit")).Body.String(), `value="2026-03-07"`, `name="starts" type="time" value="18:00"`, `name="ends" type="time" value="22:00"`, `name="last_day" type="date" value=""`)
	night := blockParty()
	night.Set("ends", "02:00")
	night.Set("day", "2026-10-31")
	night.Set("starts", "11pm")
	s.post("events/1/edit", night)
	contains(t, "the form of a night", s.ask(get("/my/seven/events/1/edit")).Body.String(), `name="last_day" type="date" value=""`, `name="ends" type="time" value="02:00"`)
	night.Set("ends", "01:30")
	status, location, _ = s.post("events/1/edit", night)
	equal(t, "changed", fmt.Sprint(status, location), "303/my/seven/events/1?saved=changed")
	contains(t, "a time that comes twice", s.ask(get("/events/port-avery/1-block-party")).Body.String(), "11 p.m. to 1:30 a.m.", "The clocks go back that night, and 1:30 a.m. comes twice. The first one is meant.")

	status, location, _ = s.post("events/1", url.Values{"action": {"cancel"}})
	equal(t, "canceled", fmt.Sprint(status, location), "303/my/seven/events/1?saved=cancelled")
	w = s.ask(get("/events/port-avery/1-block-party"))
	contains(t, "canceled", w.Body.String(), "This event is canceled")
	equal(t, "status in the facts", eventFacts(t, w.Body.String())["eventStatus"], any("https://schema.org/EventCancelled"))
	contains(t, "canceled in the list", s.ask(get("/events/port-avery")).Body.String(), "Canceled", "Block party")
	contains(t, "canceled in the feed", s.ask(get("/events/port-avery/feed.xml")).Body.String(), "<title>Canceled: Block party</title>")
	status, _, _ = s.post("events/1", url.Values{"action": {"remove"}})
	equal(t, "removing what was public", status, http.StatusConflict)
	status, _, _ = s.post("events/1", url.Values{"action": {"burn"}})
	equal(t, "no such button", status, http.StatusUnprocessableEntity)
	status, location, _ = s.post("events/new", blockParty())
	equal(t, "a second", fmt.Sprint(status, location), "303/my/seven/events/2?saved=draft")
	status, location, _ = s.post("events/2", url.Values{"action": {"remove"}})
	equal(t, "a draft removed", fmt.Sprint(status, location), "303/my/seven/events?saved=removed")

	for _, no := range []string{"/events/", "/events/nowhere", "/events/nowhere/calendar.ics", "/events/nowhere/feed.xml", "/events/port-avery/x", "/events/port-avery/9-x", "/events/port-avery/9.ics", "/events/port-avery/1/2", "/my/eight/events", "/my/eight/events/new", "/my/seven/events/9", "/my/seven/events/x", "/my/seven/events/9/edit"} {
		equal(t, no, s.ask(get(no)).Code, http.StatusNotFound)
	}
	for _, no := range []string{"events", "events/new", "events/1", "events/1/edit"} {
		equal(t, no, s.ask(get("/my/bad/"+no)).Code, http.StatusForbidden)
	}
	equal(t, "another's", s.ask(form("/my/eight/events/1", "action=cancel")).Code, http.StatusNotFound)
}

func eventFacts(t *testing.T, body string) (event map[string]any) {
	t.Helper()
	m := dataBlock.FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no facts in %s", body)
	}
	if err := json.Unmarshal([]byte(m[1]), &event); err != nil {
		t.Fatalf("%v in %s", err, m[1])
	}
	return event
}

// Whatever stands in a field, by whatever way it came there: pages, facts, calendars and feeds hold it as
// text.
func TestHostileEvent(t *testing.T) {
	s := newFair(t)
	s.post("events/new", blockParty())
	s.post("events/1", url.Values{"action": {"publish"}})
	for _, f := range []string{"title", "about", "place", "audience"} {
		s.exec(`UPDATE community_events SET `+f+` = $1, link = 'javascript:alert(1)'`, poison+"\r\nEND:VCALENDAR\r\n]]>")
	}
	s.exec(`UPDATE smbs SET business_name = $1`, poison)
	s.exec(`UPDATE communities SET name = $1`, poison)
	page := s.ask(get("/events/port-avery/1")).Header().Get("Location")
	for _, target := range []string{"/events/port-avery", page, "/my/seven/events", "/my/seven/events/1", "/my/seven/events/1/edit"} {
		w := s.ask(get(target))
		equal(t, target, w.Code, http.StatusOK)
		for _, no := range []string{"<script>", `href="javascript`, "style="} {
			if strings.Contains(w.Body.String(), no) {
				t.Errorf("%s holds %q", target, no)
			}
		}
		if n := strings.Count(w.Body.String(), "</script>"); n > 1 || n == 1 && target != page {
			t.Errorf("%s holds %d scripts", target, n)
		}
	}
	if name := eventFacts(t, s.ask(get(page)).Body.String())["name"]; !strings.HasPrefix(fmt.Sprint(name), "</script><script>alert(1)") {
		t.Errorf("the name in the facts is %q", name)
	}
	file := s.ask(get("/events/port-avery/calendar.ics")).Body.String()
	for what, want := range map[string]int{"\r\nEND:VCALENDAR\r\n": 1, "\r\nBEGIN:VEVENT\r\n": 1, "\r\nEND:VEVENT\r\n": 1, "\x00": 0, "\x1b": 0} {
		equal(t, fmt.Sprintf("%q in the file", what), strings.Count(file, what), want)
	}
	w := s.ask(get("/events/port-avery/feed.xml"))
	equal(t, "feed", w.Header().Get("Content-Type"), "application/rss+xml; charset=utf-8")
	items, title := 0, ""
	for d := xml.NewDecoder(w.Body); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "item" {
			items++
			var item struct {
				Title string `xml:"title"`
				GUID  string `xml:"guid"`
			}
			if err := d.DecodeElement(&item, &start); err != nil {
				t.Fatal(err)
			}
			title = item.Title
		}
	}
	equal(t, "items", items, 1)
	if !strings.HasPrefix(title, "</script><script>alert(1)") || strings.ContainsAny(title, "\x00\x1b") {
		t.Errorf("title %q", title)
	}
}
