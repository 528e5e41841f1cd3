package imports

import (
	"math/bits"

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

// mayBeAlike is true for nearly all names that are alike, and for few others.
func mayBeAlike(a, b uint64) bool {
	few := min(bits.OnesCount64(a), bits.OnesCount64(b))
	return bits.OnesCount64(a&b)*100 >= few*60
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

// signature has a bit for each pair of letters of a name key.
func signature(nameKey string) uint64 {
	var sign uint64
	before := ' '
	for _, r := range nameKey {
		if r != ' ' {
			sign |= 1 << ((uint64(before)*31 + uint64(r)) * 0x9e3779b97f4a7c15 >> 58)
		}
		before = r
	}
	return sign
}
