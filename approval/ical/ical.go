// Package ical writes iCalendar files (RFC 5545): what a calendar takes in without asking, whatever
// stands in the texts. Times are written in UTC, so that no zone has to be described.
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

// Person is somebody with an address.
type Person struct{ Name, Email string }

// Event is one appointment or event. What is empty is left out.
type Event struct {
	UID         string // the same for ever: "0193…@go.example.com"
	Sequence    int    // rises with every change
	Stamp       time.Time
	Start, End  time.Time
	Summary     string
	Description string
	Location    string
	URL         string
	Organizer   Person
	Attendee    Person // has said yes
	Cancelled   bool
}

// Text is a calendar of events. method is one of the methods, and name what the calendar is called; ""
// leaves it out.
func Text(method, name string, events ...Event) string {
	var b writer
	b.line("BEGIN", "VCALENDAR")
	b.line("VERSION", "2.0")
	b.line("PRODID", "-//Fibonacco//Fibonacco//EN")
	b.line("CALSCALE", "GREGORIAN")
	b.line("METHOD", method)
	b.text("X-WR-CALNAME", name)
	for _, e := range events {
		b.event(e)
	}
	b.line("END", "VCALENDAR")
	return b.String()
}

type writer struct{ strings.Builder }

func (b *writer) event(e Event) {
	b.line("BEGIN", "VEVENT")
	b.line("UID", plain(e.UID))
	b.line("SEQUENCE", strconv.Itoa(e.Sequence))
	b.line("DTSTAMP", utc(e.Stamp))
	b.line("DTSTART", utc(e.Start))
	b.line("DTEND", utc(e.End))
	b.text("SUMMARY", e.Summary)
	b.text("DESCRIPTION", e.Description)
	b.text("LOCATION", e.Location)
	if e.URL != "" {
		b.line("URL", plain(e.URL))
	}
	b.person("ORGANIZER", "", e.Organizer)
	b.person("ATTENDEE", ";PARTSTAT=ACCEPTED;RSVP=FALSE", e.Attendee)
	if e.Cancelled {
		b.line("STATUS", "CANCELLED")
	} else {
		b.line("STATUS", "CONFIRMED")
	}
	b.line("TRANSP", "OPAQUE")
	b.line("END", "VEVENT")
}

// person writes somebody's address, with the name as a quoted parameter, which knows no escapes.
func (b *writer) person(property, more string, p Person) {
	if p.Email == "" {
		return
	}
	if name := strings.ReplaceAll(plain(p.Name), `"`, "'"); name != "" {
		property += `;CN="` + name + `"`
	}
	b.line(property+more, "mailto:"+plain(p.Email))
}

// text writes a text, escaped (RFC 5545, 3.3.11).
func (b *writer) text(property, value string) {
	if value == "" {
		return
	}
	value = strings.ReplaceAll(strings.ToValidUTF8(value, "\uFFFD"), "\r\n", "\n")
	var t strings.Builder
	for _, r := range value {
		switch {
		case r == '\\' || r == ';' || r == ',':
			t.WriteByte('\\')
			t.WriteRune(r)
		case r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029' || r == '\u0085':
			t.WriteString(`\n`)
		case r == '\t' || !unicode.IsControl(r):
			t.WriteRune(r)
		}
	}
	b.line(property, t.String())
}

// plain is a value without what would end its line.
func plain(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

func utc(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// widest is how many octets a line may have before its end.
const widest = 75

// line writes a property, folded by octets and never within a character.
func (b *writer) line(property, value string) {
	rest := property + ":" + value
	for most := widest; len(rest) > most; most = widest - 1 { // the space at the beginning counts
		cut := most
		for !utf8.RuneStart(rest[cut]) {
			cut--
		}
		b.WriteString(rest[:cut] + "\r\n ")
		rest = rest[cut:]
	}
	b.WriteString(rest + "\r\n")
}
