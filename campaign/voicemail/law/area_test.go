package law_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/fibonacco/fibonacco/campaign/voicemail/law"
)

// The library's name of a state is the full one for most numbers, two letters for the rest.
var stateNames = map[string]string{
	"Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO", "Connecticut": "CT",
	"Delaware": "DE", "Washington D.C.": "DC", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL",
	"Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD",
	"Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT",
	"Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY",
	"North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
	"Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT",
	"Vermont": "VT", "Virginia": "VA", "Washington State": "WA", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
	"Puerto Rico": "PR", "U.S. Virgin Islands": "VI", "Guam": "GU", "American Samoa": "AS", "Northern Mariana Islands": "MP",
}

// All of Florida's area code 689 is around Orlando; the library has it in Central time.
var libraryErrs = map[string]bool{"689": true}

// The list agrees with libphonenumber's on the state of each area code, and knows every time zone
// that the library finds in it.
func TestAreas(t *testing.T) {
	t.Parallel()
	winter, summer := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	offsets := func(z *time.Location) [2]int {
		_, w := winter.In(z).Zone()
		_, s := summer.In(z).Zone()
		return [2]int{w, s}
	}
	known := 0
	for area := 200; area < 1000; area++ {
		code := fmt.Sprint(area)
		ours := law.AreaOf("+1" + code + "5550123")
		if ours.Kind == law.Nowhere {
			continue
		}
		states, zones, tollFree := map[string]bool{}, map[[2]int]string{}, false
		for exchange := 200; exchange < 1000; exchange += 37 {
			n, err := phonenumbers.Parse(fmt.Sprintf("+1%s%d0123", code, exchange), "US")
			if err != nil || !phonenumbers.IsValidNumber(n) {
				continue
			}
			tollFree = tollFree || phonenumbers.GetNumberType(n) == phonenumbers.TOLL_FREE
			place, err := phonenumbers.GetGeocodingForNumber(n, "en")
			if err != nil {
				t.Fatal(err)
			}
			place = place[strings.LastIndex(place, ", ")+1:]
			place = strings.TrimSpace(place)
			if full, ok := stateNames[place]; ok {
				place = full
			}
			states[place] = true
			names, err := phonenumbers.GetTimezonesForNumber(n)
			if err != nil {
				t.Fatal(err)
			}
			if len(names) > 3 {
				continue // nobody knows
			}
			for _, name := range names {
				zones[offsets(zone(t, name))] = name
			}
		}
		switch {
		case tollFree:
			if ours.Kind != law.TollFree {
				t.Errorf("%s is toll free", code)
			}
		case ours.Kind == law.Local:
			known++
			for z, name := range zones {
				if !libraryErrs[code] && !hasZone(ours.Zones, z, offsets) {
					t.Errorf("%s reaches into %s", code, name)
				}
			}
			for state := range states {
				if state != ours.State && stateOf(state) {
					t.Errorf("%s is in %s, not in %s", code, state, ours.State)
				}
			}
		case ours.Kind == law.Unknown:
			for state := range states {
				if stateOf(state) {
					t.Errorf("%s is in %s, and not in our list", code, state)
				}
			}
		}
	}
	if known < 330 {
		t.Errorf("only %d area codes", known)
	}
}

func stateOf(abbreviation string) bool {
	for _, a := range stateNames {
		if a == abbreviation {
			return true
		}
	}
	return false
}

func hasZone(zones []*time.Location, want [2]int, offsets func(*time.Location) [2]int) bool {
	for _, z := range zones {
		if offsets(z) == want {
			return true
		}
	}
	return false
}

func TestAreaOf(t *testing.T) {
	t.Parallel()
	for phone, want := range map[string]law.Kind{
		"+17185550142": law.Local, "+18005550142": law.TollFree, "+18885550142": law.TollFree, "+15550010001": law.Nowhere,
		"+14165550142": law.Unknown, "+18765550142": law.Unknown, "+19005550142": law.Unknown, "+442071234567": law.Unknown,
		"": law.Unknown, "+1718555014": law.Unknown, "+1718555014x": law.Unknown, "7185550142": law.Unknown,
	} {
		if got := law.AreaOf(phone).Kind; got != want {
			t.Errorf("%q is of kind %d, want %d", phone, got, want)
		}
	}
}
