package law_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// A file that somebody mended wrongly is refused, not half understood.
func TestReadRefuses(t *testing.T) {
	t.Parallel()
	const federal = "federal: {weekdays: 8:00-21:00, saturday: 8:00-21:00, sunday: 8:00-21:00, sources: [x]}\n"
	if err := law.ReadBook(federal); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"federal: {weekdays: 8-21}": "is not a time",
		"federal: {weekdays: 21:00-8:00, saturday: none, sunday: none, sources: [x]}":                                   "ends before it begins",
		"federal: {weekdays: 8:00-21:00, saturday: none, sunday: none}":                                                 "names no source",
		federal + "states: {NY: {weekdays: 8:00-21:00, saturday: none, sources: [x]}}":                                  "NY: sunday",
		federal + "states: {NY: {weekdays: 8:00-25:00, saturday: none, sunday: none, sources: [x]}}":                    "is not a time",
		federal + "states: {NY: {weekdays: 8:00-21:00, saturday: none, sunday: none, sources: [x], consent: seldom}}":   "consent",
		federal + "states: {NY: {weekdays: 8:00-21:00, saturday: none, sunday: none, sources: [x], holidays: perhaps}}": "holidays",
		federal + "states: {NY: {weekday: 8:00-21:00}}":                                                                 "not found",
		federal + "holidays: {NY: {Some Day: fifth Monday of May}}":                                                     "Some Day",
		federal + "holidays: {NY: {Some Day: first Moonday of May}}":                                                    "weekday",
		federal + "holidays: {NY: {Some Day: first Monday of Maytember}}":                                               "month",
		federal + "holidays: {NY: {Some Day: May 32}}":                                                                  "day of a month",
		federal + "holidays: {NY: {Some Day: Easter+x}}":                                                                "Easter",
		federal + "holidays: {NY: {Some Day: some day}}":                                                                "not a month",
		federal + "holidays: {NY: {Some Day: when it rains}}":                                                           "no rule for a day",
	} {
		if err := law.ReadBook(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for _, text := range []string{"NY ET", "NY XX 212", "NY ET 212\nNJ ET 212", "NY ET 1212", "NY ET two"} {
		if law.ReadAreas(text) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
