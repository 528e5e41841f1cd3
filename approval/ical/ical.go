// Package ical writes iCalendar files (RFC 5545), for calendars that people subscribe to and for files
// attached to mails. It knows one kind of thing, an event at a moment in UTC, which needs no time zone
// tables and is right in every calendar. Whatever stands in a text stays text.
package ical

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The methods (RFC 5546).
const (
	Publish = "PUBLISH" // for whoever wants it
	Request = "REQUEST" // asks attendees to come; the same UID with a higher sequence changes it
	Cancel  = "CANCEL"
)

// Calendar is a file.
type Calendar struct {
	Product string // who wrote it: "-//Fibonacco//Events//EN"
	Method  string // one of the methods; "" for a file that is merely kept
	Name    string // shown by programs that subscribe; "" is none
	Refresh time.Duration
	Events  []Event
}

// Event is one event. UID, Stamp, Start and Summary are needed.
type Event struct {
	UID         string // the same for all versions of it
	Sequence    int    // higher in each version
	Stamp       time.Time
	Start       time.Time
	End         time.Time // the zero time is not told
	Summary     string
	Description string
	Location    string
	URL         string
	Status      string // CONFIRMED, TENTATIVE or CANCELLED; "" is not told
	Organizer   Person
	Attendee    Person
	RemindAhead time.Duration // 0 reminds of nothing
}

// Person is somebody with an address. The zero value is nobody.
type Person struct{ Name, Email string }

// String is the file, with lines that end as the standard wants it.
func (c Calendar) String() string {
	var w writer
	w.line("BEGIN", "VCALENDAR")
	w.line("VERSION", "2.0")
	w.text("PRODID", c.Product)
	w.line("CALSCALE", "GREGORIAN")
	w.given("METHOD", c.Method)
	if c.Name != "" {
		w.text("NAME", c.Name)
		w.text("X-WR-CALNAME", c.Name)
	}
	if c.Refresh > 0 {
		w.line("REFRESH-INTERVAL;VALUE=DURATION", duration(c.Refresh))
		w.line("X-PUBLISHED-TTL", duration(c.Refresh))
	}
	for _, e := range c.Events {
		w.event(e)
	}
	w.line("END", "VCALENDAR")
	return w.b.String()
}

func (w *writer) event(e Event) {
	w.line("BEGIN", "VEVENT")
	w.text("UID", e.UID)
	w.line("DTSTAMP", moment(e.Stamp))
	w.line("LAST-MODIFIED", moment(e.Stamp))
	w.line("SEQUENCE", strconv.Itoa(e.Sequence))
	w.line("DTSTART", moment(e.Start))
	if !e.End.IsZero() {
		w.line("DTEND", moment(e.End))
	}
	w.text("SUMMARY", e.Summary)
	if e.Description != "" {
		w.text("DESCRIPTION", e.Description)
	}
	if e.Location != "" {
		w.text("LOCATION", e.Location)
	}
	w.given("URL", e.URL)
	w.given("STATUS", e.Status)
	if e.Organizer.Email != "" {
		w.line("ORGANIZER"+common(e.Organizer), "mailto:"+e.Organizer.Email)
	}
	if e.Attendee.Email != "" {
		w.line("ATTENDEE"+common(e.Attendee)+";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED", "mailto:"+e.Attendee.Email)
	}
	if e.RemindAhead > 0 {
		w.line("BEGIN", "VALARM")
		w.line("ACTION", "DISPLAY")
		w.text("DESCRIPTION", e.Summary)
		w.line("TRIGGER", "-"+duration(e.RemindAhead))
		w.line("END", "VALARM")
	}
	w.line("END", "VEVENT")
}

// common is a person's name as a parameter. Nothing can be escaped there, so quotes become single.
func common(p Person) string {
	name := strings.Map(func(r rune) rune {
		if r == '"' {
			return '\''
		}
		return printable(r)
	}, strings.ToValidUTF8(p.Name, "\ufffd"))
	if name = strings.TrimSpace(name); name == "" {
		return ""
	}
	return `;CN="` + name + `"`
}

// moment is a time in UTC: "20260308T070000Z".
func moment(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// duration is whole minutes: "PT90M".
func duration(d time.Duration) string {
	return "PT" + strconv.FormatInt(int64((d+time.Minute-1)/time.Minute), 10) + "M"
}

// writer writes content lines.
type writer struct{ b strings.Builder }

// text writes a property whose value is text.
func (w *writer) text(name, value string) { w.line(name, escape(value)) }

// given writes a property whose value is no text, unless there is none.
func (w *writer) given(name, value string) {
	if value != "" {
		w.line(name, value)
	}
}

const longest = 75 // octets of a line, its end not counted

// line writes one content line, folded so that no part of it is longer than 75 octets and no character
// is torn. What could end the line early is left out.
func (w *writer) line(name, value string) {
	room := longest
	for _, r := range name + ":" + strings.ToValidUTF8(value, "\ufffd") {
		if r = printable(r); r < 0 {
			continue
		}
		n := utf8.RuneLen(r)
		if n > room {
			w.b.WriteString("\r\n ")
			room = longest - 1
		}
		w.b.WriteRune(r)
		room -= n
	}
	w.b.WriteString("\r\n")
}

// escape makes a text a value (RFC 5545, 3.3.11).
func escape(s string) string {
	return strings.NewReplacer("\\", "\\\\", ";", "\\;", ",", "\\,", "\r\n", "\\n", "\n", "\\n", "\r", "\\n", "\u2028", "\\n", "\u2029", "\\n").Replace(s)
}

// printable is -1 for what no value may hold.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}
