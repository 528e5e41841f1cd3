package law_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// office is the window the product ships with.
var office = law.Company{Hours: law.Span{From: 600, Until: 1080}, Days: [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}}

// wide is a company that allows whatever the law does.
var wide = law.Company{Hours: law.Span{From: 0, Until: 24 * 60}, Days: [7]bool{true, true, true, true, true, true, true}, DaysOff: true}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		zone, state, phone string
		at                 string // local to the zone
		company            law.Company
		want               bool
	}{
		"a Tuesday at ten":                    {"America/New_York", "NY", "+17185550142", "2026-03-03 10:00", office, true},
		"a minute before":                     {"America/New_York", "NY", "+17185550142", "2026-03-03 09:59", office, false},
		"the last minutes are for landing":    {"America/New_York", "NY", "+17185550142", "2026-03-03 17:50", office, false},
		"just before them":                    {"America/New_York", "NY", "+17185550142", "2026-03-03 17:49", office, true},
		"a Saturday":                          {"America/New_York", "NY", "+17185550142", "2026-03-07 11:00", office, false},
		"Presidents' Day":                     {"America/New_York", "NY", "+17185550142", "2026-02-16 11:00", office, false},
		"the Friday before a Saturday 4 July": {"America/New_York", "NY", "+17185550142", "2026-07-03 11:00", office, false},
		"federal hours alone":                 {"America/New_York", "NY", "+17185550142", "2026-03-07 20:49", wide, true},
		"federal hours over":                  {"America/New_York", "NY", "+17185550142", "2026-03-07 20:50", wide, false},
		"California's phone in New York":      {"America/New_York", "NY", "+12135550142", "2026-03-03 12:59", office, false},
		"when California is up":               {"America/New_York", "NY", "+12135550142", "2026-03-03 13:00", office, true},
		"New York's phone in California":      {"America/Los_Angeles", "CA", "+17185550142", "2026-03-03 14:50", office, false},
		"Florida at eight in the evening":     {"America/New_York", "FL", "+13055550142", "2026-03-03 20:00", wide, false},
		"by its area code alone":              {"America/New_York", "NY", "+13055550142", "2026-03-03 20:00", wide, false},
		"the panhandle's two zones, early":    {"America/New_York", "FL", "+18505550142", "2026-03-03 10:30", office, false},
		"the panhandle's two zones":           {"America/New_York", "FL", "+18505550142", "2026-03-03 11:00", office, true},
		"Louisiana on a Sunday":               {"America/Chicago", "LA", "+15045550142", "2026-03-08 12:00", wide, false},
		"Louisiana at Mardi Gras":             {"America/Chicago", "LA", "+15045550142", "2026-02-17 12:00", wide, false},
		"Mississippi on the same day":         {"America/Chicago", "MS", "+16015550142", "2026-02-17 12:00", wide, true},
		"Rhode Island after six":              {"America/New_York", "RI", "+14015550142", "2026-03-03 18:00", wide, false},
		"Utah on Pioneer Day":                 {"America/Denver", "UT", "+18015550142", "2026-07-24 12:00", wide, false},
		"Nebraska on a Sunday morning":        {"America/Chicago", "NE", "+14025550142", "2026-03-08 12:59", wide, false},
		"Nebraska on a Sunday":                {"America/Chicago", "NE", "+14025550142", "2026-03-08 13:00", wide, true},
		"Nebraska on Christmas morning":       {"America/Chicago", "NE", "+14025550142", "2026-12-25 10:00", wide, false},
		"Kentucky at nine":                    {"America/New_York", "KY", "+15025550142", "2026-03-03 09:30", wide, false},
		"Maine after five":                    {"America/New_York", "ME", "+12075550142", "2026-03-03 17:00", wide, false},
		"South Dakota on a Saturday":          {"America/Chicago", "SD", "+16055550142", "2026-03-07 12:00", wide, false},
		"an unknown state":                    {"America/New_York", "ZZ", "+17185550142", "2026-03-03 08:00", wide, true},
		"in the hour that summer time skips":  {"America/New_York", "NY", "+17185550142", "2026-03-08 10:00", wide, true},
		"an address in California":            {"America/New_York", "CA", "+17185550142", "2026-03-03 12:59", office, false},
		"when California is up, too":          {"America/New_York", "CA", "+17185550142", "2026-03-03 13:00", office, true},
		"Detroit's clock is New York's":       {"America/Detroit", "MI", "+13135550142", "2026-03-03 10:00", office, true},
		"made-up numbers have no place":       {"America/Los_Angeles", "CA", "+15550010001", "2026-03-03 10:00", office, true},
	}
	for name, tc := range cases {
		z := zone(t, tc.zone)
		at, err := time.ParseInLocation("2006-01-02 15:04", tc.at, z)
		if err != nil {
			t.Fatal(err)
		}
		p := law.NewParty(z, law.AreaOf(tc.phone), tc.state)
		if got := p.Allowed(tc.company, at); got != tc.want {
			t.Errorf("%s: allowed %t, want %t", name, got, tc.want)
		}
	}
}

func TestNext(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		zone, state, phone, from, want string // local to the zone
	}{
		"the same morning":                  {"America/New_York", "NY", "+17185550142", "2026-03-03 08:00", "2026-03-03 10:00"},
		"at ten sharp":                      {"America/New_York", "NY", "+17185550142", "2026-03-03 10:00", "2026-03-03 10:00"},
		"a moment too late":                 {"America/New_York", "NY", "+17185550142", "2026-03-03 10:01", "2026-03-04 10:00"},
		"over a weekend":                    {"America/New_York", "NY", "+17185550142", "2026-03-06 12:00", "2026-03-09 10:00"},
		"over Thanksgiving":                 {"America/New_York", "NY", "+17185550142", "2026-11-25 12:00", "2026-11-27 10:00"},
		"over Thanksgiving in Pennsylvania": {"America/New_York", "PA", "+12155550142", "2026-11-25 12:00", "2026-11-30 10:00"},
		"later for California's phone":      {"America/New_York", "NY", "+12135550142", "2026-03-03 08:00", "2026-03-03 13:00"},
		"between two changes of the clock":  {"America/New_York", "NY", "+16025550142", "2026-03-12 08:00", "2026-03-12 13:00"},
		"before the change":                 {"America/New_York", "NY", "+16025550142", "2026-03-04 08:00", "2026-03-04 12:00"},
		"Hawaii's phone in New York":        {"America/New_York", "NY", "+18085550142", "2026-03-03 08:00", "2026-03-03 15:00"},
		"Guam's phone in New York":          {"America/New_York", "NY", "+16715550142", "2026-03-03 08:00", ""},
	}
	for name, tc := range cases {
		z := zone(t, tc.zone)
		from, err := time.ParseInLocation("2006-01-02 15:04", tc.from, z)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if when, ok := law.NewParty(z, law.AreaOf(tc.phone), tc.state).Next(office, from, 600); ok {
			got = when.In(z).Format("2006-01-02 15:04")
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestHolidays(t *testing.T) {
	t.Parallel()
	for on, want := range map[string]map[string]string{
		"2026-01-01": {"": "New Year's Day"},
		"2027-12-31": {"": "New Year's Day, observed"}, // 1 January 2028 is a Saturday
		"2026-01-19": {"": "Birthday of Martin Luther King, Jr."},
		"2026-02-17": {"AL": "Mardi Gras", "LA": "Mardi Gras", "": ""},
		"2026-04-03": {"PA": "Good Friday", "LA": "Good Friday", "UT": ""},
		"2027-03-26": {"PA": "Good Friday"},
		"2026-04-27": {"AL": "Confederate Memorial Day", "MS": "Confederate Memorial Day"},
		"2026-05-25": {"": "Memorial Day"},
		"2026-06-15": {"UT": "Juneteenth as Utah keeps it", "": ""},
		"2026-06-19": {"": "Juneteenth"},
		"2026-07-03": {"": "Independence Day, observed"},
		"2026-08-10": {"RI": "Victory Day", "": ""},
		"2026-11-03": {"PA": "Election Day", "RI": "Election Day", "NY": ""},
		"2022-11-08": {"LA": "Election Day"}, // the first of November is a Tuesday
		"2022-11-01": {"LA": "All Saints' Day", "PA": ""},
		"2026-11-26": {"": "Thanksgiving Day"},
		"2026-11-27": {"LA": "Acadian Day", "": ""},
		"2026-12-28": {"LA": "", "": ""},
		"2026-12-25": {"": "Christmas Day"},
	} {
		local, err := time.Parse(time.DateOnly, on)
		if err != nil {
			t.Fatal(err)
		}
		for state, name := range want {
			if got := law.Holiday(state, local); got != name {
				t.Errorf("%s in %q: %q, want %q", on, state, got, name)
			}
		}
	}
}

// Every state of the table is narrower than federal law, names where its rule comes from, and is a
// state that has area codes.
func TestStates(t *testing.T) {
	t.Parallel()
	states, federal := law.States(), law.Federal()
	if len(states) < 25 {
		t.Fatalf("%d states", len(states))
	}
	for _, state := range states {
		r := law.Of(state)
		if len(r.Sources) == 0 {
			t.Errorf("%s names no source", state)
		}
		narrower := r.Consent || r.Attempts24h > 0 || r.DayOff != nil
		for day := range r.Hours {
			if r.Hours[day].From < federal.Hours[day].From && !r.Hours[day].None() || r.Hours[day].Until > federal.Hours[day].Until {
				t.Errorf("%s allows more than federal law on weekday %d", state, day)
			}
			narrower = narrower || r.Hours[day] != federal.Hours[day]
		}
		if !narrower {
			t.Errorf("%s is in the table for nothing", state)
		}
	}
	for _, state := range []string{"FL", "OK", "WA", "MD", "MA", "AL", "LA", "MS"} { // protocols, section 4
		if h := law.Of(state).Hours[2]; h.From < 8*60 || h.Until > 20*60 {
			t.Errorf("%s may be called %s", state, h)
		}
	}
	for _, state := range []string{"AL", "LA", "MS"} {
		if !law.Of(state).Hours[0].None() {
			t.Errorf("%s may be called on Sundays", state)
		}
	}
	for _, state := range []string{"FL", "OK", "MD"} {
		if law.Of(state).Attempts24h != 3 {
			t.Errorf("%s limits attempts to %d", state, law.Of(state).Attempts24h)
		}
	}
}
