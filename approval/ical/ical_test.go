package ical_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/approval/ical"
)

var start = time.Date(2026, 3, 8, 2, 30, 0, 0, time.FixedZone("here", -5*3600))

func TestText(t *testing.T) {
	t.Parallel()
	got := ical.Text(ical.Request, "", ical.Event{
		UID: "1@go.example.com", Sequence: 2, Stamp: start.Add(-time.Hour), Start: start, End: start.Add(45 * time.Minute),
		Summary: "Cut; finish, at Marisol’s", Description: "Line one\r\nLine \\two", URL: "https://go.example.com/booking/x",
		Organizer: ical.Person{Name: `Marisol "Hair"`, Email: "book@example.com"}, Attendee: ical.Person{Name: "Ann", Email: "ann@example.com"},
	})
	want := strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Fibonacco//Fibonacco//EN
CALSCALE:GREGORIAN
METHOD:REQUEST
BEGIN:VEVENT
UID:1@go.example.com
SEQUENCE:2
DTSTAMP:20260308T063000Z
DTSTART:20260308T073000Z
DTEND:20260308T081500Z
SUMMARY:Cut\; finish\, at Marisol’s
DESCRIPTION:Line one\nLine \\two
URL:https://go.example.com/booking/x
ORGANIZER;CN="Marisol 'Hair'":mailto:book@example.com
ATTENDEE;CN="Ann";PARTSTAT=ACCEPTED;RSVP=FALSE:mailto:ann@example.com
STATUS:CONFIRMED
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Whatever stands in a text, there is one line for each property, none too wide, and a reader gets the
// text back.
func TestHostileTexts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		hostile := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"a\r\nATTENDEE:mailto:x@example.com", "\nEND:VEVENT\n", `";X="`, strings.Repeat("é", 200), strings.Repeat("👩‍🦱", 40), "\xff\xfe", "a\u2028b", "\\n",
		}))
		summary := hostile.Draw(t, "summary")
		text := ical.Text(ical.Publish, hostile.Draw(t, "name"), ical.Event{
			UID: "1@x", Stamp: start, Start: start, End: start, Summary: summary, Description: hostile.Draw(t, "description"), Location: hostile.Draw(t, "location"),
			Organizer: ical.Person{Name: hostile.Draw(t, "organizer"), Email: "a@example.com"}, Attendee: ical.Person{Name: hostile.Draw(t, "attendee"), Email: "b@example.com"},
		})
		if !utf8.ValidString(text) || !strings.HasSuffix(text, "\r\n") {
			t.Fatalf("not a text: %q", text)
		}
		for l := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			if len(l) > 75 || strings.ContainsAny(l, "\r\n") || !utf8.ValidString(l) {
				t.Fatalf("line %q", l)
			}
		}
		seen := map[string]string{}
		for l := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n ", ""), "\r\n") {
			property, value, _ := strings.Cut(l, ":")
			name, _, _ := strings.Cut(property, ";")
			if _, twice := seen[name]; twice && name != "BEGIN" && name != "END" {
				t.Fatalf("%s stands there twice:\n%s", name, text)
			}
			seen[name] = value
		}
		if read := strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(seen["SUMMARY"]); plainText(summary) != "" && read != plainText(summary) {
			t.Fatalf("%q came back as %q", summary, read)
		}
		if !strings.HasSuffix(seen["ATTENDEE"], "mailto:b@example.com") {
			t.Fatalf("attendee %q", seen["ATTENDEE"])
		}
	})
}

// plainText is what can be written of a text.
func plainText(s string) string {
	s = strings.NewReplacer("\r\n", "\n").Replace(strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\r' || r == '\u0085' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0):
			return -1
		}
		return r
	}, s)
}
