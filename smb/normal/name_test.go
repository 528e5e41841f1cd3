package normal_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

func TestNameKey(t *testing.T) {
	cases := map[string]string{
		"BROOKLYN CLEANERS GROUP INC":    "brooklyn cleaners group",
		"Brooklyn Cleaners Group, Inc.":  "brooklyn cleaners group",
		"Brooklyn  Cleaners\tGroup":      "brooklyn cleaners group",
		"Café Añejo":                     "cafe anejo",
		"Cafe\u0301 An\u0303ejo":         "cafe anejo",
		"Straße & Søn GmbH":              "strasse and son gmbh",
		"Joe's Pizza L.L.C.":             "joes pizza",
		"Joe’s Pizza L L C":              "joes pizza",
		"A.B.C. Deli Corp.":              "abc deli",
		"St.Mary's":                      "st marys",
		"Smith & Sons Co., Ltd.":         "smith and sons",
		"Smith and Sons":                 "smith and sons",
		"\"KOUTSINSKI, VICTOR\"":         "koutsinski victor",
		"12-14 Coles":                    "12 14 coles",
		"Company":                        "company",
		"LLC":                            "llc",
		"Inc Inc":                        "inc",
		"Coca-Cola Company":              "coca cola",
		"Zinc":                           "zinc",
		"!!!":                            "",
		"":                               "",
		"&":                              "and",
		"東京ラーメン":                         "東京ラーメン",
		"Żabka ŁÓDŹ":                     "zabka lodz",
		strings.Repeat("a", 300):         strings.Repeat("a", 255),
		strings.Repeat("é", 300):         strings.Repeat("e", 255),
		strings.Repeat("a", 251) + " co": strings.Repeat("a", 251),
		strings.Repeat("東", 300):         strings.Repeat("東", 255),
	}
	for name, want := range cases {
		if got := normal.NameKey(name); got != want {
			t.Errorf("NameKey(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzNameKey(f *testing.F) {
	for _, seed := range []string{"", "Joe's L.L.C.", "Café & Co", "\xff\x00", "a.b.c", "İstanbul ſtore Ǆ", strings.Repeat("é co", 80)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key := normal.NameKey(name)
		if !utf8.ValidString(key) || utf8.RuneCountInString(key) > 255 || strings.Contains(key, "  ") || strings.TrimSpace(key) != key {
			t.Fatalf("NameKey(%q) = %q", name, key)
		}
		if again := normal.NameKey(key); again != key {
			t.Fatalf("NameKey(%q) = %q, whose key is %q", name, key, again)
		}
	})
}

func TestEmailKey(t *testing.T) {
	for email, want := range map[string]string{
		"":                           "",
		" Owner@Cafe.Example ":       "owner@cafe.example",
		"JOSÉ@cafe.example":          "josé@cafe.example",
		"owner+tag@cafe.example":     "owner+tag@cafe.example",
		"already@lower-case.example": "already@lower-case.example",
	} {
		if got := normal.EmailKey(email); got != want {
			t.Errorf("EmailKey(%q) = %q, want %q", email, got, want)
		}
	}
}

func TestDataQuality(t *testing.T) {
	whole := fibonacco.SMB{
		BusinessName: "Joe's", Category: "Pizza", PrimaryContactName: "Joe", PrimaryEmail: "joe@joes.example",
		PrimaryPhone: "+17185550142", Address: "1 Court St", City: "Brooklyn", State: "NY", ZIP: "11231",
		Coordinates: &fibonacco.Point{Longitude: -73.9, Latitude: 40.6},
	}
	without := map[string]struct {
		change func(*fibonacco.SMB)
		score  int
	}{
		"all there":      {func(*fibonacco.SMB) {}, 100},
		"no e-mail":      {func(s *fibonacco.SMB) { s.PrimaryEmail = "" }, 75},
		"no phone":       {func(s *fibonacco.SMB) { s.PrimaryPhone = "" }, 80},
		"no name":        {func(s *fibonacco.SMB) { s.BusinessName = " " }, 85},
		"no contact":     {func(s *fibonacco.SMB) { s.PrimaryContactName = "" }, 85},
		"no category":    {func(s *fibonacco.SMB) { s.Category = "" }, 90},
		"no street":      {func(s *fibonacco.SMB) { s.Address = "" }, 96},
		"no city":        {func(s *fibonacco.SMB) { s.City = "" }, 97},
		"no state":       {func(s *fibonacco.SMB) { s.State = "" }, 98},
		"no ZIP":         {func(s *fibonacco.SMB) { s.ZIP = "" }, 97},
		"no coordinates": {func(s *fibonacco.SMB) { s.Coordinates = nil }, 97},
		"nothing":        {func(s *fibonacco.SMB) { *s = fibonacco.SMB{} }, 0},
	}
	for name, tc := range without {
		s := whole
		tc.change(&s)
		if got := normal.DataQuality(&s); got != tc.score {
			t.Errorf("%s: %d, want %d", name, got, tc.score)
		}
	}
}
