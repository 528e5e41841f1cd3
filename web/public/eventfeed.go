package public

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// rss is a feed (RSS 2.0). encoding/xml escapes every text, and replaces what XML cannot hold.
type rss struct {
	XMLName xml.Name   `xml:"rss"`
	Version string     `xml:"version,attr"`
	Atom    string     `xml:"xmlns:atom,attr"`
	Channel rssChannel `xml:"channel"`
}

type rssChannel struct {
	Title       string    `xml:"title"`
	Link        string    `xml:"link"`
	Description string    `xml:"description"`
	Language    string    `xml:"language"`
	Self        rssSelf   `xml:"atom:link"`
	TTL         int       `xml:"ttl"` // minutes
	Items       []rssItem `xml:"item"`
}

type rssSelf struct {
	Href string `xml:"href,attr"`
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
}

type rssItem struct {
	Title       string  `xml:"title"`
	Link        string  `xml:"link"`
	Description string  `xml:"description"`
	GUID        rssGUID `xml:"guid"`
	Published   string  `xml:"pubDate,omitempty"`
}

type rssGUID struct {
	Permanent bool   `xml:"isPermaLink,attr"`
	Value     string `xml:",chardata"`
}

// eventFeed is what is to come, for feed readers.
func (s *site) eventFeed(w http.ResponseWriter, r *http.Request) {
	c, err := s.Events.CommunityCalendar(r.Context(), r.PathValue("community"))
	if err != nil {
		s.refuseEvents(w, r, "event feed", err)
		return
	}
	var out bytes.Buffer
	out.WriteString(xml.Header)
	if err := xml.NewEncoder(&out).Encode(s.feedOf(c)); err != nil {
		s.refuse(w, r, "event feed", err)
		return
	}
	w.Header().Set("Content-Type", "application/rss+xml; charset=utf-8")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(out.Bytes()) // nobody to tell
}

func (s *site) feedOf(c *fibonacco.CommunityCalendar) rss {
	home := s.PublicURL + "/events/" + c.Community
	channel := rssChannel{
		Title: "Events in " + c.Name, Link: home, Description: "What is to come in " + c.Name, Language: "en-us", TTL: 60,
		Self: rssSelf{Href: home + "/feed.xml", Rel: "self", Type: "application/rss+xml"},
	}
	for i := range c.Events {
		h := s.happeningOf(&c.Events[i])
		item := rssItem{Title: h.Title, Link: h.URL, Description: joined("\n\n", h.summary(), h.About), GUID: rssGUID{Value: h.UUID}}
		if h.cancelled() {
			item.Title = "Canceled: " + h.Title
		}
		if h.PublishedAt != nil {
			item.Published = h.PublishedAt.UTC().Format(time.RFC1123Z)
		}
		channel.Items = append(channel.Items, item)
	}
	return rss{Version: "2.0", Atom: "http://www.w3.org/2005/Atom", Channel: channel}
}

// structured is the event for search engines, as schema.org calls it.
func (h happening) structured() templ.Component {
	status := "https://schema.org/EventScheduled"
	if h.cancelled() {
		status = "https://schema.org/EventCancelled"
	}
	event := linked{
		"@context": "https://schema.org", "@type": "Event", "@id": h.URL + "#event", "name": h.Title, "url": h.URL, "eventStatus": status,
		"eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
		"startDate":           h.StartsAt.In(h.zone).Format(time.RFC3339),
		"location":            linked{"@type": "Place", "name": h.Place, "address": h.Place},
		"organizer":           linked{"@type": "Organization", "name": h.Business},
	}
	if h.EndsAt != nil {
		event["endDate"] = h.EndsAt.In(h.zone).Format(time.RFC3339)
	}
	event.put("description", h.About)
	event.put("sameAs", h.Link)
	if h.Audience != "" {
		event["audience"] = linked{"@type": "Audience", "audienceType": h.Audience}
	}
	return templ.JSONScript("facts", event).WithType("application/ld+json")
}
