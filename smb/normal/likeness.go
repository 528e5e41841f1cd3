package normal

import (
	"slices"
	"strings"
)

// Name is a name key taken apart, ready to be compared with many others.
type Name struct {
	Key   string
	words []word
	whole float64 // the weights of all words
	solid string  // the key without spaces: "fed ex" is "fedex"
}

type word struct {
	text   string
	weight float64
	number bool
}

// Weights of a word: how much it says about which business it is.
const (
	tells = 1.0 // "ateliervictor"
	trade = 0.5 // what kind of business, of which there are many: "laundromat"
	place = 0.3 // where it is, and what holds a name together: "brooklyn", "the"
)

// ParseName takes a key that NameKey made.
func ParseName(key string) Name {
	n := Name{Key: key, solid: strings.ReplaceAll(key, " ", "")}
	for text := range strings.FieldsSeq(key) {
		if full, ok := abbreviations[text]; ok {
			text = full
		}
		w := word{text: text, weight: tells, number: isDigits(text)}
		switch {
		case trades[text]:
			w.weight = trade
		case places[text]:
			w.weight = place
		}
		n.words = append(n.words, w)
		n.whole += w.weight
	}
	return n
}

// Telling is the words that say which business it is; nil for a name like "The Deli".
func (n Name) Telling() []string {
	var words []string
	for _, w := range n.words {
		if w.weight == tells && !slices.Contains(words, w.text) {
			words = append(words, w.text)
		}
	}
	return words
}

// Likeness is how alike two names are, from 0 to 1, which only the same words reach. A word that
// many businesses have counts less than one that few have, words may be in another order, and one
// that is spelt a little differently is nearly the same. Names with different numbers in them
// ("#1" and "#2") are not alike, however alike the rest is.
func (n Name) Likeness(o Name) float64 {
	if n.Key == "" || o.Key == "" {
		return 0
	}
	if n.Key == o.Key {
		return 1
	}
	short, long := n, o
	if len(short.words) > len(long.words) || len(short.words) == len(long.words) && short.Key > long.Key {
		short, long = long, short // the same whichever way it is asked
	}
	var taken uint64 // words of long; those beyond 64 stay unmatched
	shared := 0.0
	for _, w := range short.words {
		best, at := 0.0, -1
		for i, v := range long.words {
			if i >= 64 || taken&(1<<i) != 0 {
				continue
			}
			if like := w.likeness(v) * min(w.weight, v.weight); like > best {
				best, at = like, i
			}
		}
		if at >= 0 {
			taken |= 1 << at
			shared += best
		}
	}
	likeness := 2 * shared / (n.whole + o.whole)
	if likeness < solidLikeness && nearly(n.solid, o.solid) {
		likeness = solidLikeness
	}
	switch {
	case likeness > 0.5 && !sameNumbers(n, o):
		return 0.5
	case likeness > 0.9999: // the same words in another order, added up in another order
		return 1
	}
	return likeness
}

// solidLikeness is that of two names that differ in their spaces and a letter or two.
const solidLikeness = 0.9

// likeness of two words: 0 unless they are the same or one may be a misspelling of the other.
func (w word) likeness(v word) float64 {
	if w.text == v.text {
		return 1
	}
	if w.number || v.number || !nearly(w.text, v.text) {
		return 0
	}
	return 0.9
}

// nearly reports whether one text may be a misspelling of another: one letter more, less, other or
// in its neighbour's place, and two in a long one. In a short one only a plural's s: Ann is not Dan.
func nearly(a, b string) bool {
	short := min(len(a), len(b))
	switch {
	case short < 4:
		return short > 1 && (a == b+"s" || b == a+"s")
	case short < 10:
		return Edits(a, b, 1) <= 1
	}
	return Edits(a, b, 2) <= 2
}

func sameNumbers(n, o Name) bool {
	numbers := func(n Name) []string {
		var all []string
		for _, w := range n.words {
			if w.number {
				all = append(all, w.text)
			}
		}
		slices.Sort(all)
		return all
	}
	a, b := numbers(n), numbers(o)
	return len(a) == 0 || len(b) == 0 || slices.Equal(a, b)
}

// Edits is how many letters have to be added, left out, changed or swapped with their neighbour to
// make b of a (the optimal string alignment distance), counted up to most; more is most+1.
func Edits(a, b string, most int) int {
	if isASCII(a) && isASCII(b) {
		return edits([]byte(a), []byte(b), most)
	}
	return edits([]rune(a), []rune(b), most)
}

func edits[T byte | rune](r, s []T, most int) int {
	for len(r) > 0 && len(s) > 0 && r[0] == s[0] {
		r, s = r[1:], s[1:]
	}
	for len(r) > 0 && len(s) > 0 && r[len(r)-1] == s[len(s)-1] {
		r, s = r[:len(r)-1], s[:len(s)-1]
	}
	if len(r) > len(s) {
		r, s = s, r
	}
	if len(s)-len(r) > most {
		return most + 1
	}
	if len(r) == 0 {
		return len(s)
	}
	var room [3 * 64]int // names are short: most need no more
	width := len(s) + 1
	flat := room[:]
	if 3*width > len(room) {
		flat = make([]int, 3*width)
	}
	rows := [3][]int{flat[:width], flat[width : 2*width], flat[2*width : 3*width]}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(r); i++ {
		above, row, twoAbove := rows[(i-1)%3], rows[i%3], rows[(i+1)%3]
		row[0] = i
		least := i
		for j := 1; j <= len(s); j++ {
			cost := 1
			if r[i-1] == s[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && r[i-1] == s[j-2] && r[i-2] == s[j-1] {
				row[j] = min(row[j], twoAbove[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most { // a swap may reach back over one row, but never for less than that row's least
			return most + 1
		}
	}
	return min(rows[len(r)%3][len(s)], most+1)
}

// abbreviations is the short forms that names are full of.
var abbreviations = map[string]string{
	"bklyn": "brooklyn", "bros": "brothers", "ctr": "center", "centre": "center", "intl": "international", "mfg": "manufacturing",
	"svc": "service", "svcs": "services", "assoc": "associates", "dept": "department", "st": "street", "ave": "avenue",
	"blvd": "boulevard", "rd": "road", "rest": "restaurant", "mkt": "market", "mgmt": "management", "natl": "national",
	"tech": "technology", "hosp": "hospital", "pharm": "pharmacy", "contr": "contracting",
}

var trades = setOf(`
	account accounting accountants appliance appliances associates attorney attorneys auto automotive bakery bakers bagel bagels
	bank bar barber barbers beauty beverage bistro boutique brothers builders building cafe candy car care carpet cars catering
	center childcare church cleaner cleaners cleaning clinic club coffee collision communications computer computers construction
	consulting contracting contractor contractors convenience cosmetics dance daycare deli delicatessen dental dentist department
	design diner discount distributors doctor donuts dry electric electrical electronics enterprise enterprises express farm fashion
	fish fitness flooring florist flowers food foods fruit furniture garage garden gas gifts glass gourmet grill grocery group gym hair
	hall hardware health heating home homes hospital hotel house ice improvement improvements insurance international jewelers jewelry
	kitchen lab laundromat laundry law liquor liquors locksmith lounge lumber management market marketplace massage meat media medical
	mini minimarket mobile motor motors moving music nail nails national news office optical organic painting paper park parking
	parts pet petroleum pets pharmacy phone photo pizza pizzeria plumbing plus power pressing pub quality rail realty recycling
	remodeling renovation renovations rental rentals repair repairs restaurant restoration roofing salon school seafood security
	service services shipping shoe shoes shop shops smoke solutions spa sport sports station stationery store stores studio studios
	super supermarket supplies supply systems tailor tattoo tavern taxi technology thai tire tires tobacco towing trading transmission
	transport transportation travel tree upholstery variety veterinary video wash wholesale wine wines wireless wood works yoga`)

var places = setOf(`
	a all american an and at avenue borough boulevard brooklyn by city co company corp corporation corner county de del dba east el
	first for from general inc incorporated in island la las limited llc los ltd manhattan my new north ny nyc of old on one our road
	second side south square st street the third to town united us usa village west with york your`)

func setOf(words string) map[string]bool {
	set := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		set[w] = true
	}
	return set
}
