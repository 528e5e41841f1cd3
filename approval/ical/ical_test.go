package ical_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/approval/ical"
)

var start = time.Date(2026, 3, 8, 3, 30, 0, 0, time.FixedZone("EDT", -4*3600))

func ExampleCalendar() {
	file := ical.Calendar{Product: "-//Example//EN", Method: "REQUEST", Events: []ical.Event{{
		UID: "booking-17@example.com", Sequence: 1, Stamp: start, Start: start, End: start.Add(45 * time.Minute), Status: "CONFIRMED",
		Summary: "Cut, wash; dry", Organizer: ical.Person{Name: `Marisol "M" Ortiz`, Email: "m@example.com"}, RemindAhead: time.Hour,
	}}}.String()
	fmt.Print(strings.ReplaceAll(file, "\r\n", "\n"))
	// Output:
	// BEGIN:VCALENDAR
	// VERSION:2.0
	// PRODID:-//Example//EN
	// CALSCALE:GREGORIAN
	// METHOD:REQUEST
	// BEGIN:VEVENT
	// UID:booking-17@example.com
	// DTSTAMP:20260308T073000Z
	// LAST-MODIFIED:20260308T073000Z
	// SEQUENCE:1
	// DTSTART:20260308T073000Z
	// DTEND:20260308T081500Z
	// SUMMARY:Cut\, wash\; dry
	// STATUS:CONFIRMED
	// ORGANIZER;CN="Marisol 'M' Ortiz":mailto:m@example.com
	// BEGIN:VALARM
	// ACTION:DISPLAY
	// DESCRIPTION:Cut\, wash\; dry
	// TRIGGER:-PT60M
	// END:VALARM
	// END:VEVENT
	// END:VCALENDAR
}

// unfold reads a file as a calendar program does: the lines, unfolded.
func unfold(t interface{ Fatalf(string, ...any) }, file string) []string {
	if !strings.HasSuffix(file, "\r\n") || !utf8.ValidString(file) {
		t.Fatalf("not lines of UTF-8: %q", file)
	}
	var lines []string
	for line := range strings.SplitSeq(strings.TrimSuffix(file, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n\x00") || !utf8.ValidString(line) {
			t.Fatalf("line %q", line)
		}
		if rest, ok := strings.CutPrefix(line, " "); ok {
			lines[len(lines)-1] += rest
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

// Whatever the texts, the file has the same properties, and the texts come back.
func TestAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"a\r\nEND:VEVENT\r\nBEGIN:VEVENT", `\n\,;"`, strings.Repeat("é", 200), "x" + strings.Repeat("😀", 60), "\xff\xfe", "a\u2028b", "</script>{{x}}",
		})).Draw(t, "text")
		file := ical.Calendar{Product: text, Name: text, Method: "PUBLISH", Refresh: time.Hour, Events: []ical.Event{{
			UID: text, Stamp: start, Start: start, Summary: text, Description: text, Location: text, URL: "https://example.com/" + text, Status: "CANCELLED",
			Organizer: ical.Person{Name: text, Email: "a@example.com"}, Attendee: ical.Person{Name: text, Email: "b@example.com"},
		}}}.String()
		lines := unfold(t, file)
		var names []string
		for _, line := range lines {
			name, value, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(name, ";")
			names = append(names, name)
			if name == "SUMMARY" {
				if got, want := unescape(value), readable(text); got != want {
					t.Fatalf("summary %q, want %q", got, want)
				}
			}
		}
		want := "BEGIN VERSION PRODID CALSCALE METHOD NAME X-WR-CALNAME REFRESH-INTERVAL X-PUBLISHED-TTL BEGIN UID DTSTAMP LAST-MODIFIED SEQUENCE DTSTART SUMMARY DESCRIPTION LOCATION URL STATUS ORGANIZER ATTENDEE END END"
		if text == "" {
			want = strings.NewReplacer("NAME X-WR-CALNAME ", "", "DESCRIPTION LOCATION ", "").Replace(want)
		}
		if got := strings.Join(names, " "); got != want {
			t.Fatalf("properties %s of %q", got, text)
		}
	})
}

func unescape(value string) string {
	return strings.NewReplacer(`\\`, `\`, `\;`, ";", `\,`, ",", `\n`, "\n").Replace(value)
}

// readable is a text without what no calendar can hold.
func readable(text string) string {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(strings.ToValidUTF8(text, "\ufffd"))
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 {
			return -1
		}
		return r
	}, text)
}
