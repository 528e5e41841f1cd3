package imports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// Which row is about which business. Two things are the same business
//
//	by e-mail             when the addresses are equal: one inbox gets one programme;
//	by phone and name     when both are equal, whatever else differs: it has moved, or has a new address;
//	by phone              when only the number is equal, and nothing speaks against it: not the e-mail,
//	                      and not the place (the same street address, or none on one side and no other
//	                      ZIP). Several shops on one office's number stay several;
//	by name and ZIP       when both are equal or one has no ZIP, unless two of e-mail, phone and street
//	                      address differ: those are branches of a chain. A ZIP+4 is its ZIP.
//
// A number that stands for "none" (718-999-9999) is not compared. What is unknown on one side
// speaks neither for nor against, and a row leaves what it knows in the blanks of the business it
// is found to be: so a row that once was that business is so again when the file is imported anew.
const (
	different = iota
	byName
	byPhone
	byPhoneAndName
	byEmail
)

// evidence is by what a and b are the same business: the larger the surer.
func evidence(a, b *business) int {
	mail := compare(a.emailKey, b.emailKey)
	if mail == same {
		return byEmail
	}
	number := compare(a.number(), b.number())
	name := a.nameKey == b.nameKey
	if number == same && name {
		return byPhoneAndName
	}
	if number == same && mail != other && samePlace(a, b) {
		return byPhone
	}
	if !name {
		return different
	}
	code := compare(zip5(a.text[zip]), zip5(b.text[zip]))
	if code == other {
		return different
	}
	streets := compare(a.streetKey(), b.streetKey())
	if code == unknown && streets == other {
		return different
	}
	if contradictions(a, b) > 1 {
		return different
	}
	return byName
}

// contradictions is in how many of e-mail, phone and street address a and b differ.
func contradictions(a, b *business) int {
	n := 0
	for _, c := range [...]comparison{
		compare(a.emailKey, b.emailKey), compare(a.number(), b.number()), compare(a.streetKey(), b.streetKey()),
	} {
		if c == other {
			n++
		}
	}
	return n
}

// samePlace reports whether a and b may be at one place.
func samePlace(a, b *business) bool {
	switch compare(a.streetKey(), b.streetKey()) {
	case same:
		return true
	case other:
		return false
	}
	return compare(zip5(a.text[zip]), zip5(b.text[zip])) != other
}

type comparison int

const (
	unknown comparison = iota
	same
	other
)

func compare(a, b string) comparison {
	switch {
	case a == "" || b == "":
		return unknown
	case a == b:
		return same
	}
	return other
}

// number is the telephone to compare by.
func (b *business) number() string {
	if noNumber(b.text[phone]) {
		return ""
	}
	return b.text[phone]
}

// noNumber reports whether a number in E.164 is one that people write when there is none.
func noNumber(e164 string) bool {
	if len(e164) < 8 {
		return true
	}
	local := e164[len(e164)-7:]
	return local == "5551212" || strings.Count(local, local[:1]) == len(local)
}

func (b *business) streetKey() string {
	if b.street == "" && b.text[address] != "" {
		b.street = streetKey(b.text[address])
	}
	return b.street
}

// known is a business of the database, or one that this batch adds.
type known struct {
	business
	id      int64 // 0: not in the database yet
	order   int64 // the older the smaller
	changed fieldSet
	touched bool    // a row of this file was about it before
	signed  signed  // how near has it
	before  *former // what it was, of one of the database that changed
	handle  string  // uuid of one that is added
	blocked bool    // must not be contacted; known in a do-not-contact file only
}

// former is what a known business was before a batch changed it.
type former struct {
	text  [stored]string
	place fibonacco.Point
	known bool
}

// index finds known businesses by any of their keys.
type index struct {
	byEmail, byNumber, byName chains
	byID                      map[int64]*known
	added                     []*known // by this batch, in order
	forgotten                 int      // of those added; see forget

	policy policy
	rules  []fibonacco.MatchRule // nil: all that is known is weighed; see evidence
	near   *near                 // nil unless names are compared by their sound

	consents []consentOf                          // what the rows of the batch say about being reached
	draft    func(c *consent) []fibonacco.Consent // a row's word as it is written down; nil: nothing is
	recorded map[word]bool                        // what has been written down before

	refuses  bool                    // rows say who must not be contacted; see block.go
	suppress []fibonacco.Suppression // addresses and numbers of those who are not known
	unknown  map[string]bool         // the same, each once

	notice func(f finding) // told of every row about a known business; nil: nobody asks
}

func newIndex() *index {
	return &index{
		byEmail: newChains(), byNumber: newChains(), byName: newChains(), byID: map[int64]*known{}, unknown: map[string]bool{}, recorded: map[word]bool{},
	}
}

// empty is an index with the rules of x and nothing in it.
func (x *index) empty() *index {
	e := newIndex()
	e.policy, e.rules, e.notice, e.refuses, e.draft = x.policy, x.rules, x.notice, x.refuses, x.draft
	if x.near != nil {
		e.near = newNear()
	}
	return e
}

const newOrder = int64(1) << 62 // larger than any id

// add makes k findable. Called again when its keys changed.
func (x *index) add(k *known) {
	x.byEmail.add(k.emailKey, k)
	x.byNumber.add(k.number(), k)
	x.byName.add(k.nameKey, k)
	if x.near != nil {
		x.near.add(k)
	}
}

// create adds a business of which nothing was known.
func (x *index) create(b *business) *known {
	k := &known{business: *b, order: newOrder + int64(x.forgotten+len(x.added)), touched: true}
	x.added = append(x.added, k)
	x.add(k)
	return k
}

// find is the business that a row is about, and by what; nil when it is none of those known. Of
// several it is the one to which the row has nothing to add, then the surest, then the oldest.
func (x *index) find(b *business) (best *known, bestSure int) {
	var bestSettled bool
	consider := func(k *known) {
		if k == best {
			return
		}
		sure := x.evidence(b, &k.business)
		if sure == different {
			return
		}
		settled := k.gain(b, x.policy) == 0
		switch {
		case best == nil:
		case settled != bestSettled:
			if !settled {
				return
			}
		case sure != bestSure:
			if sure < bestSure {
				return
			}
		case k.order > best.order:
			return
		}
		best, bestSettled, bestSure = k, settled, sure
	}
	x.byEmail.each(b.emailKey, consider)
	x.byNumber.each(b.number(), consider)
	x.byName.each(b.nameKey, consider)
	if x.near != nil {
		x.near.each(b, consider)
	}
	return best, bestSure
}

// chains is a map from a key to several businesses that costs no allocation per key.
type chains struct {
	head  map[string]int32 // 1 + place in links
	links []link
}

type link struct {
	k    *known
	next int32
}

func newChains() chains { return chains{head: map[string]int32{}} }

func (c *chains) add(key string, k *known) {
	if key == "" {
		return
	}
	at := c.head[key]
	for i := at; i > 0; i = c.links[i-1].next {
		if c.links[i-1].k == k {
			return
		}
	}
	c.links = append(c.links, link{k, at})
	c.head[key] = int32(len(c.links))
}

func (c *chains) each(key string, visit func(*known)) {
	if key == "" {
		return
	}
	for i := c.head[key]; i > 0; i = c.links[i-1].next {
		visit(c.links[i-1].k)
	}
}

// changed is the known businesses that rows changed, the oldest first.
func (x *index) changed() []*known {
	var all []*known
	for _, k := range x.byID {
		if k.changed != 0 {
			all = append(all, k)
		}
	}
	slices.SortFunc(all, func(a, b *known) int { return cmp.Compare(a.id, b.id) })
	return all
}

// mostPretended is how many businesses a dry run remembers that it would have stored.
const mostPretended = 40_000

// forget lets a dry run keep what it has changed or added, within bounds, and nothing else. Rows
// that repeat a business further back than the bound count as new.
func (x *index) forget() {
	kept := x.empty()
	keep := x.added[max(len(x.added)-mostPretended, 0):]
	old := x.changed()
	for _, k := range old[max(len(old)-mostPretended, 0):] {
		kept.byID[k.id] = k
		kept.add(k)
	}
	for _, k := range keep {
		kept.add(k)
	}
	kept.added = keep
	kept.forgotten = x.forgotten + len(x.added) - len(keep)
	*x = *kept
}
