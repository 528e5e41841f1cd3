package normal_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco/smb/normal"
)

func TestLikeness(t *testing.T) {
	cases := map[string]struct {
		a, b     string
		low, top float64
	}{
		"the same":                     {"Rosa's Bakery", "ROSAS BAKERY LLC", 1, 1},
		"another order":                {"Diaz, Rosa", "Rosa Diaz", 1, 1},
		"an abbreviation":              {"Bklyn Auto Svc", "Brooklyn Auto Service", 1, 1},
		"one letter":                   {"Carrol Gardens Wash-n-Dry", "Carroll Gardens Wash N Dry", 0.9, 0.999},
		"swapped letters":              {"Ateliervictor", "Ateilervictor", 0.9, 0.999},
		"a space":                      {"Fed Ex", "FedEx", 0.9, 0.999},
		"a word that says little":      {"Azzure Motor Cars", "Azzure Motor Cars of Brooklyn", 0.85, 0.999},
		"a plural":                     {"Joe's Pizza", "Joe Pizza", 0.9, 0.999},
		"another trade, one street":    {"Smith Street Grocery", "Smith Street Laundromat", 0.3, 0.8},
		"another shop of the town":     {"Red Hook Laundromat", "Red Hook Recovery", 0.3, 0.79},
		"numbered branches":            {"Red Hook Laundromat #1", "Red Hook Laundromat #2", 0, 0.5},
		"numbered houses":              {"156 Express Grocery", "157 Express Grocery", 0, 0.5},
		"only the trade in common":     {"Leo's Tire Shop", "Viva Mexico Tire Shop", 0, 0.5},
		"nothing in common":            {"Qiao Feng Deli", "New Lucky Star", 0, 0.2},
		"short words are not mistyped": {"Ann", "Dan", 0, 0},
		"nothing":                      {"", "", 0, 0},
		"beyond ASCII":                 {"東京スシバー", "東京スシハー", 0.8, 0.999},
	}
	for name, tc := range cases {
		a, b := normal.ParseName(normal.NameKey(tc.a)), normal.ParseName(normal.NameKey(tc.b))
		if got := a.Likeness(b); got < tc.low || got > tc.top {
			t.Errorf("%s: %q and %q are %.3f alike, want %.3f to %.3f", name, tc.a, tc.b, got, tc.low, tc.top)
		}
	}
}

func TestLikenessIsSymmetric(t *testing.T) {
	word := rapid.SampledFrom([]string{"rosa", "rosas", "roza", "bakery", "deli", "of", "brooklyn", "1", "2", "smith", "smyth", "street", "東京", "x"})
	rapid.Check(t, func(t *rapid.T) {
		name := func(label string) normal.Name {
			key := ""
			for _, w := range rapid.SliceOfN(word, 0, 6).Draw(t, label) {
				key += w + " "
			}
			return normal.ParseName(normal.NameKey(key))
		}
		a, b := name("a"), name("b")
		there, back := a.Likeness(b), b.Likeness(a)
		if there != back {
			t.Fatalf("%q and %q: %v one way, %v the other", a.Key, b.Key, there, back)
		}
		if there < 0 || there > 1+1e-9 {
			t.Fatalf("%q and %q are %v alike", a.Key, b.Key, there)
		}
		if a.Key != "" && a.Likeness(a) != 1 {
			t.Fatalf("%q is not like itself", a.Key)
		}
	})
}

func TestEdits(t *testing.T) {
	for _, tc := range []struct {
		a, b       string
		most, want int
	}{
		{"", "", 2, 0},
		{"a", "", 2, 1},
		{"abc", "", 2, 3},
		{"rosa", "rosas", 2, 1},
		{"rosa", "roza", 2, 1},
		{"rosa", "roas", 2, 1},
		{"kitten", "sitting", 3, 3},
		{"kitten", "sitting", 2, 3},
		{"é", "e", 1, 1},
		{"abcdef", "abdcfe", 2, 2},
	} {
		if got := normal.Edits(tc.a, tc.b, tc.most); got != tc.want {
			t.Errorf("Edits(%q, %q, %d) = %d, want %d", tc.a, tc.b, tc.most, got, tc.want)
		}
	}
}

// The bounded count is the plain one, as far as it goes.
func TestEditsAgree(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("abcé")), 0, 80, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, most := letters.Draw(t, "a"), letters.Draw(t, "b"), rapid.IntRange(0, 6).Draw(t, "most")
		if got, want := normal.Edits(a, b, most), min(plainEdits([]rune(a), []rune(b)), most+1); got != want {
			t.Fatalf("Edits(%q, %q, %d) = %d, want %d", a, b, most, got, want)
		}
	})
}

// plainEdits is the textbook's table.
func plainEdits(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func FuzzLikeness(f *testing.F) {
	for _, seed := range [][2]string{{"", ""}, {"Rosa's Bakery", "Rosas Bakery LLC"}, {"\xff\x00", "東京"}, {"1 2 3", "3 2 1"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got := normal.ParseName(normal.NameKey(a)).Likeness(normal.ParseName(normal.NameKey(b)))
		if got < 0 || got > 1+1e-9 {
			t.Fatalf("%q and %q are %v alike", a, b, got)
		}
		building, unit := normal.Street(a)
		if utf8.ValidString(a) && (!utf8.ValidString(building) || !utf8.ValidString(unit)) {
			t.Fatalf("Street(%q) = %q, %q", a, building, unit)
		}
	})
}
