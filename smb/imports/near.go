package imports

import (
	"math/bits"
	"strings"

	"github.com/fibonacco/fibonacco/smb/normal"
)

// near finds businesses whose name is nearly the same, in the same ZIP. A name's signature has a
// bit for each pair of letters in it: names that are alike share most bits, so that few of a ZIP's
// businesses need be compared letter by letter.
type near struct {
	byZIP map[string][]signedKnown
}

// signed is what a business is filed under.
type signed struct {
	zip  string
	sign uint64
}

type signedKnown struct {
	sign uint64
	k    *known
}

func newNear() *near { return &near{byZIP: map[string][]signedKnown{}} }

// add files k. Called again when its name or ZIP changed; the old place then leads to it in vain.
func (n *near) add(k *known) {
	as := signed{zip5(k.text[zip]), signature(k.nameKey)}
	if as.zip == "" || as.sign == 0 || as == k.signed {
		return
	}
	k.signed = as
	n.byZIP[as.zip] = append(n.byZIP[as.zip], signedKnown{as.sign, k})
}

// each visits the businesses in b's ZIP whose names may be like b's.
func (n *near) each(b *business, visit func(*known)) {
	sign := signature(b.nameKey)
	for _, s := range n.byZIP[zip5(b.text[zip])] {
		if mayBeAlike(sign, s.sign) {
			visit(s.k)
		}
	}
}

// A signature's upper bits are for the numbers in a name, the others for its letters.
const (
	numberShift = 56
	letterBits  = 1<<numberShift - 1
)

// mayBeAlike is true for nearly all names that are alike, and for few others.
func mayBeAlike(a, b uint64) bool {
	if x, y := a>>numberShift, b>>numberShift; x != y && x != 0 && y != 0 {
		return false // shop 12 is not shop 13
	}
	few := min(bits.OnesCount64(a&letterBits), bits.OnesCount64(b&letterBits))
	return bits.OnesCount64(a&b&letterBits)*100 >= few*60
}

// alikeEnough is the likeness (see normal.Name) of two spellings of one name.
const alikeEnough = 0.85

// alike reports whether a and b may be one business whose name is written in two ways. Two that
// differ in more than one of e-mail, phone and street are not: Mario's Pizza is not Maria's.
func alike(a, b *business) bool {
	if a.nameKey == "" || b.nameKey == "" || contradictions(a, b) > 1 {
		return false
	}
	return a.nameKey == b.nameKey || normal.ParseName(a.nameKey).Likeness(normal.ParseName(b.nameKey)) >= alikeEnough
}

// signature has a bit for each pair of letters of a name key, and a hash of its numbers.
func signature(nameKey string) uint64 {
	const golden = 0x9e3779b97f4a7c15 // spreads what is close
	var letters, numbers uint64
	for word := range strings.FieldsSeq(nameKey) {
		if strings.Trim(word, "0123456789") == "" {
			var n uint64
			for _, r := range word {
				n = (n + uint64(r)) * golden
			}
			numbers += n | 1 // in whatever order
			continue
		}
		before := ' '
		for _, r := range word {
			letters |= 1 << ((uint64(before)*31 + uint64(r)) * golden >> 32 % numberShift)
			before = r
		}
	}
	if numbers != 0 {
		numbers = max(numbers*golden>>numberShift, 1)
	}
	return letters | numbers<<numberShift
}
