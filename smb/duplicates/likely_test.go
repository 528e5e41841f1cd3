package duplicates_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco/smb/duplicates"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// side is one business of a pair: name, trading name, telephone, e-mail, address, ZIP.
type side struct{ name, trading, phone, email, address, zip string }

func (s side) entry(id int64) *duplicates.Entry {
	phone, _ := normal.Phone(s.phone)
	return duplicates.NewEntry(id, s.name, s.trading, phone, normal.EmailKey(s.email), s.address, "Brooklyn", s.zip)
}

// labelled is pairs as people judge them, after the pattern of what licence registers hold: the same
// business under two licences, under its legal and its trading name, with another owner, moved;
// chains, shopping streets, buildings with many businesses, headquarters.
var labelled = []struct {
	why  string
	a, b side
	same bool
}{
	{
		"the same in every way",
		side{"Kelly Dry Cleaner Inc.", "", "718-555-0101", "kelly@clean.example", "534 Henry St", "11231"},
		side{"KELLY DRY CLEANER, INC", "", "(718) 555-0101", "Kelly@Clean.example", "534 HENRY STREET", "11231-1234"},
		true,
	},
	{
		"one without a phone",
		side{"345 Court St Corp", "Marco Polo Ristorante", "", "", "345 Court St", "11231"},
		side{"345 Court St. Corp.", "Marco Polo Ristorante", "718-555-0102", "", "345 Court St", "11231"},
		true,
	},
	{"nothing but name and ZIP", side{name: "Rosa's Bakery", zip: "11231"}, side{name: "Rosas Bakery LLC", zip: "11231"}, true},
	{
		"name and ZIP, another phone",
		side{"Rosa's Bakery", "", "718-555-0103", "", "", "11231"},
		side{"Rosa's Bakery", "", "347-555-0104", "", "", "11231"},
		true,
	},
	{"misspelt, in one ZIP", side{name: "Carrol Gardens Wash-n-Dry", zip: "11231"}, side{name: "Carroll Gardens Wash N Dry", zip: "11231"}, true},
	{
		"another owner's name, the same trading name and place",
		side{"Kim, Soon", "CH Plaza Dry Cleaners", "718-555-0105", "", "400 Court St", "11231"},
		side{"Lee, Pyung", "CH Plaza   Dry Cleaners", "", "", "400 Court St", "11231"},
		true,
	},
	{
		"legal name here, trading name there",
		side{"Cee Restaurant LLC", "Savoia", "718-555-0106", "", "277 Smith St", "11231"},
		side{"Savoia Pizzeria & Restaurant Inc.", "", "718-555-0106", "", "277 Smith St", "11231"},
		true,
	},
	{
		"moved, with its number",
		side{"M & L Auto Repair Ctr Ltd.", "", "718-555-0107", "", "34 Coffey St", "11231"},
		side{"M & L Auto Repair Center", "", "718-555-0107", "", "69 Van Dyke St", "11231"},
		true,
	},
	{
		"moved to another ZIP, with number and inbox",
		side{"Tapia Construction", "", "718-555-0108", "info@tapia.example", "1 Court St", "11201"},
		side{"Tapia Construction Corp", "", "718-555-0108", "info@tapia.example", "9 Van Brunt St", "11231"},
		true,
	},
	{
		"the same inbox and name, nothing else known",
		side{name: "Union Superwash", email: "hello@superwash.example"},
		side{name: "Union Street Superwash", email: "hello@superwash.example"},
		true,
	},
	{
		"a new name over the door, the same number and place",
		side{"Qiao Feng Deli Inc.", "", "718-555-0109", "", "353 Smith St", "11231"},
		side{"New Lucky Star Inc.", "", "718-555-0109", "", "353 Smith St", "11231"},
		true,
	},
	{
		"the kind of street left out",
		side{"Nice Bubble Laundry", "", "", "", "510 Court", "11231"},
		side{"New Nice Bubble Laundry", "", "718-555-0110", "", "510 Court Street", "11231"},
		true,
	},
	{
		"suites of one building, written differently",
		side{"Park Dental", "", "718-555-0111", "", "1 Main St Suite 4", "11231"},
		side{"Park Dental PLLC", "", "718-555-0111", "", "1 Main St #4", "11231"},
		true,
	},

	{
		"a chain's shops in one ZIP",
		side{"Dunkin' Donuts", "", "718-555-0120", "", "100 Court St", "11231"},
		side{"Dunkin Donuts", "", "718-555-0121", "", "300 Smith St", "11231"},
		false,
	},
	{
		"a chain's shops with the headquarters' number",
		side{"Dunkin' Donuts", "", "800-555-0199", "", "100 Court St", "11231"},
		side{"Dunkin Donuts", "", "800-555-0199", "", "300 Smith St", "11231"},
		false,
	},
	{
		"a chain's shops with the headquarters' number and inbox",
		side{"Rite Aid", "", "800-555-0199", "hq@riteaid.example", "320 Smith St", "11231"},
		side{"Rite Aid", "", "800-555-0199", "hq@riteaid.example", "291 President St", "11201"},
		false,
	},
	{"a chain's shops, numbered", side{"Rite Aid Store #10584", "", "", "", "320 Smith St", "11231"}, side{"Rite Aid Store #5504", "", "", "", "291 President St", "11231"}, false},
	{"a name that many have", side{name: "The Laundromat", zip: "11231"}, side{name: "Laundromat Inc", zip: "11231"}, false},
	{"the same name in another ZIP", side{name: "Rosa's Bakery", zip: "11231"}, side{name: "Rosa's Bakery", zip: "10001"}, false},
	{
		"one street, two trades",
		side{"Smith Street Grocery", "", "718-555-0122", "", "249 Smith St", "11231"},
		side{"Smith Street Laundromat", "", "718-555-0123", "", "249 Smith St", "11231"},
		false,
	},
	{
		"one building, two businesses",
		side{"New Age General Contracting", "", "718-555-0124", "", "721 Henry St", "11231"},
		side{"Henry Street Grocery", "", "718-555-0125", "", "721 Henry St", "11231"},
		false,
	},
	{
		"one owner, two businesses",
		side{"Hope Bakery", "", "", "hope@mail.example", "1 Court St", "11231"},
		side{"Blue Salon", "", "", "hope@mail.example", "9 Smith St", "11231"},
		false,
	},
	{
		"an agent's number for two",
		side{"K Laundry Room", "", "800-555-0199", "", "286 Smith St", "11231"},
		side{"SKC Laundromat", "", "800-555-0199", "", "12 Court St", "11231"},
		false,
	},
	{
		"no number is no number in common",
		side{"Hope Bakery", "", "718-999-9999", "", "1 Court St", "11231"},
		side{"Blue Salon", "", "718-999-9999", "", "1 Court St", "11231"},
		false,
	},
	{
		"one number, two names, two places",
		side{"J & C Tow Services", "", "718-555-0126", "", "9 Woodhull St", "11231"},
		side{"Blue Salon", "", "718-555-0126", "", "1 Court St", "11231"},
		false,
	},
	{"one street of two towns", side{"Park Grocery", "", "", "", "12 Main St", "11231"}, side{"Park Grocery", "", "", "", "12 Main St", "10001"}, false},
	{"a word in common", side{name: "Red Hook Laundromat", zip: "11231"}, side{name: "Red Hook Recovery", zip: "11231"}, false},
	{"houses next to each other", side{name: "156 Express Grocery", zip: "11231"}, side{name: "157 Express Grocery", zip: "11231"}, false},
}

// headquarters is what more than a few businesses have.
func headquarters(value string) int {
	return map[string]int{"+18005550199": 12, "hq@riteaid.example": 9}[value]
}

func TestLikelyJudgesAsPeopleDo(t *testing.T) {
	for _, tc := range labelled {
		a, b := tc.a.entry(1), tc.b.entry(2)
		score, reasons := duplicates.Likely(a, b, headquarters)
		if (score >= duplicates.Proposed) != tc.same {
			t.Errorf("%s: %d points, the same: %v", tc.why, score, tc.same)
		}
		if back, again := duplicates.Likely(b, a, headquarters); back != score || !slices.Equal(again, reasons) {
			t.Errorf("%s: %d points %v one way, %d %v the other", tc.why, score, reasons, back, again)
		}
		if tc.same == (len(reasons) == 0) {
			t.Errorf("%s: the reasons are %v", tc.why, reasons)
		}
	}
}

func TestReasons(t *testing.T) {
	cases := map[string]struct {
		a, b side
		want string
	}{
		"all in common": {
			labelled[0].a, labelled[0].b,
			"same name: “Kelly Dry Cleaner Inc.”; same phone number (718) 555-0101; same e-mail address kelly@clean.example; same address: 534 Henry St; same ZIP 11231",
		},
		"one letter": {
			side{name: "Rosa Bakery", zip: "11231"},
			side{name: "Roza Bakery", zip: "11231"},
			"names differ by one letter: “Rosa Bakery” and “Roza Bakery”; same ZIP 11231",
		},
		"much against it": {
			side{"M & L Auto", "", "718-555-0107", "a@a.example", "34 Coffey St", "11231"},
			side{"M & L Auto", "", "718-555-0107", "b@b.example", "9 Van Dyke St", "11231"},
			"same name: “M & L Auto”; same phone number (718) 555-0107; but different e-mail addresses: a@a.example and b@b.example; " +
				"but different addresses: 34 Coffey St and 9 Van Dyke St; same ZIP 11231",
		},
		"another name": {
			labelled[10].a, labelled[10].b,
			"same phone number (718) 555-0109; same address: 353 Smith St; but different names: “Qiao Feng Deli Inc.” and “New Lucky Star Inc.”; same ZIP 11231",
		},
		"headquarters": {
			side{"Rite Aid", "", "800-555-0199", "", "1 A St", "11231"},
			side{"Rite Aid", "", "800-555-0199", "", "1 A Street", "11231"},
			"same name: “Rite Aid”; same phone number (800) 555-0199, as 12 businesses have; same address: 1 A St; same ZIP 11231",
		},
	}
	for name, tc := range cases {
		_, reasons := duplicates.Likely(tc.a.entry(1), tc.b.entry(2), headquarters)
		if got := strings.Join(reasons, "; "); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
