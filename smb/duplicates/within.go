package duplicates

import (
	"cmp"
	"slices"
	"strings"
)

// What many businesses share is looked at in part: of a group larger than most, each is compared
// with the next few in the order of what else they have. Real duplicates stand side by side there.
const (
	most       = 40
	neighbours = 6
)

// pairsWithin calls look for every pair of a block worth a look, once: those that share a name, a
// telephone number, an e-mail address or a building, and those whose names share a telling word or
// a misspelling of it.
func pairsWithin(block []*Entry, look func(a, b *Entry)) {
	var keys []key
	for i, e := range block {
		keys = appendKeys(keys, int32(i), e)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.at, b.at)) })
	seen := map[uint64]struct{}{}
	meet := func(i, j int32) {
		id := uint64(min(i, j))<<32 | uint64(max(i, j))
		if _, again := seen[id]; again || i == j {
			return
		}
		seen[id] = struct{}{}
		look(block[i], block[j])
	}
	for len(keys) > 0 {
		n := 1
		for n < len(keys) && keys[n].hash == keys[0].hash {
			n++
		}
		members := keys[:n]
		keys = keys[n:]
		next := n
		if n > most {
			if members[0].hash&misspelt != 0 {
				continue // a word that so many have tells nothing
			}
			slices.SortFunc(members, func(a, b key) int { return compareEntries(block[a.at], block[b.at]) })
			next = neighbours
		}
		for i, m := range members {
			for _, o := range members[i+1 : min(i+1+next, n)] {
				meet(m.at, o.at)
			}
		}
	}
}

// compareEntries puts the likely ones side by side.
func compareEntries(a, b *Entry) int {
	return cmp.Or(strings.Compare(a.building, b.building), strings.Compare(a.key(), b.key()),
		strings.Compare(a.Phone, b.Phone), cmp.Compare(a.ID, b.ID))
}

func (e *Entry) key() string {
	if len(e.names) == 0 {
		return ""
	}
	return e.names[0].Key
}

// key is something that a business of a block may share with another.
type key struct {
	hash uint64
	at   int32 // the business's place in the block
}

// misspelt is the bit that tells the words of a name, and what they may be misspelt as, from the rest.
const misspelt = 1

// appendKeys adds what e may share with its duplicate.
func appendKeys(keys []key, at int32, e *Entry) []key {
	add := func(kind uint64, text string) {
		if text != "" {
			keys = append(keys, key{(hash(text)*31 + 2*kind) &^ misspelt, at})
		}
	}
	add(1, e.Phone)
	add(2, e.Email)
	add(3, e.building)
	for _, n := range e.names {
		add(4, strings.ReplaceAll(n.Key, " ", "")) // "Fed Ex" is FedEx
		for _, w := range n.Telling() {
			keys = append(keys, key{wordHash(w, -1) | misspelt, at})
			if len(w) < 4 || len(w) > 20 {
				continue
			}
			for i := range w {
				keys = append(keys, key{wordHash(w, i) | misspelt, at})
			}
		}
	}
	return keys
}

// wordHash is of a word without its letter at without, or of all of it: two words that differ by a
// letter too many, too few, wrong or swapped have one of these in common. (FNV-1a)
func wordHash(word string, without int) uint64 {
	h := uint64(14695981039346656037)
	for i, r := range word {
		if i != without {
			h = (h ^ uint64(r)) * 1099511628211
		}
	}
	return h
}
