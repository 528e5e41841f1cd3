package normal_test

import (
	"testing"

	"github.com/fibonacco/fibonacco/smb/normal"
)

func TestStreet(t *testing.T) {
	for address, want := range map[string][2]string{
		"":                        {"", ""},
		"466 Court Street":        {"466 ct st", ""},
		"466 COURT ST.":           {"466 ct st", ""},
		"466 Court St, Apt. 2":    {"466 ct st", "unit 2"},
		"466 Court Street #2":     {"466 ct st", "unit 2"},
		"466 Court St Suite 2B":   {"466 ct st", "unit 2b"},
		"466 Court St, 2nd Floor": {"466 ct st 2nd fl", ""}, // said the other way round, it stays with the street
		"12 Fourth Avenue":        {"12 4th ave", ""},
		"481-481 VAN BRUNT ST":    {"481 van brunt st", ""},
		"12-14 Coles St":          {"12 14 coles st", ""},
		"1 Suite Street":          {"1 ste st", ""},
		"150 North 5th St":        {"150 n 5th st", ""},
	} {
		building, unit := normal.Street(address)
		if building != want[0] || unit != want[1] {
			t.Errorf("Street(%q) = %q, %q, want %q, %q", address, building, unit, want[0], want[1])
		}
	}
}

func TestNoPhone(t *testing.T) {
	for number, want := range map[string]bool{
		"": true, "+1": true, "+17189999999": true, "+17180000000": true, "+12125551212": true, "+17185550142": false, "+442079460958": false,
	} {
		if got := normal.NoPhone(number); got != want {
			t.Errorf("NoPhone(%q) = %v", number, got)
		}
	}
}
