package duplicates

import (
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco/smb/normal"
)

// Proposed is the least score of a pair that is proposed.
const Proposed = 50

// Points for and against. A number or an address that many businesses have is a headquarters' or
// an agent's: it says little. Two addresses speak against one business more than anything else
// does: the shops of a chain share name, number and inbox, and are several all the same.
const (
	sameName     = 45
	sameTrade    = 30 // the same name, of which no word says which business it is: "The Laundromat"
	nearlyName   = 35
	similarName  = 20
	relatedName  = 8
	otherName    = -15
	samePhone    = 35
	commonPhone  = 5
	otherPhone   = -8
	sameEmail    = 40
	commonEmail  = 5
	otherEmail   = -4
	sameStreet   = 30
	sameBuilding = 20
	otherStreet  = -25
	sameZIP      = 15 // when the names are alike
	unknownZIP   = 8  // likewise, when one has none
)

// How alike names are; see normal.Name.Likeness.
const (
	nearlyAlike  = 0.9
	similarAlike = 0.8
	relatedAlike = 0.65
	hardlyAlike  = 0.4
)

// Shared says how many businesses have a telephone number or an e-mail address. It may say 0 of what
// few have.
type Shared func(value string) int

// few is how many businesses may share a number or an inbox before it is a headquarters'.
const few = 3

// Likely is how likely a and b are the same business, from 0 to 100, with the reasons for people.
// It is the same whichever of them comes first.
func Likely(a, b *Entry, shared Shared) (score int, reasons []string) {
	if a.ID > b.ID {
		a, b = b, a
	}
	likeness, x, y := likestNames(a, b)
	points := namePoints(likeness, x)
	for _, part := range []func(a, b *Entry, shared Shared) int{phonePoints, emailPoints, streetPoints} {
		points += part(a, b, shared)
	}
	if likeness >= similarAlike {
		switch {
		case a.ZIP == "" || b.ZIP == "":
			points += unknownZIP
		case a.ZIP == b.ZIP:
			points += sameZIP
		}
	}
	points = min(max(points, 0), 100)
	if points < Proposed {
		return points, nil
	}
	return points, explain(a, b, shared, likeness, x, y)
}

// likestNames is the two of their names that are most alike.
func likestNames(a, b *Entry) (likeness float64, x, y name) {
	likeness = -1
	for _, n := range a.names {
		for _, o := range b.names {
			if l := n.Likeness(o.Name); l > likeness {
				likeness, x, y = l, n, o
			}
		}
	}
	return max(likeness, 0), x, y
}

func namePoints(likeness float64, n name) int {
	switch {
	case likeness == 1 && len(n.Telling()) == 0:
		return sameTrade
	case likeness == 1:
		return sameName
	case likeness >= nearlyAlike:
		return nearlyName
	case likeness >= similarAlike:
		return similarName
	case likeness >= relatedAlike:
		return relatedName
	case likeness < hardlyAlike:
		return otherName
	}
	return 0
}

func phonePoints(a, b *Entry, shared Shared) int {
	switch {
	case a.Phone == "" || b.Phone == "":
		return 0
	case a.Phone != b.Phone:
		return otherPhone
	case shared(a.Phone) > few:
		return commonPhone
	}
	return samePhone
}

func emailPoints(a, b *Entry, shared Shared) int {
	switch {
	case a.Email == "" || b.Email == "":
		return 0
	case a.Email != b.Email:
		return otherEmail
	case shared(a.Email) > few:
		return commonEmail
	}
	return sameEmail
}

func streetPoints(a, b *Entry, _ Shared) int {
	switch {
	case a.building == "" || b.building == "":
		return 0
	case !oneBuilding(a.building, b.building) || a.ZIP != "" && b.ZIP != "" && a.ZIP != b.ZIP:
		return otherStreet
	case a.unit != "" && b.unit != "" && a.unit != b.unit:
		return sameBuilding
	}
	return sameStreet
}

// oneBuilding takes "466 ct" for "466 ct st": people leave the kind of street out.
func oneBuilding(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || strings.Contains(a, " ") && strings.HasPrefix(b, a+" ")
}

// explain says in sentences what speaks for and against.
func explain(a, b *Entry, shared Shared, likeness float64, x, y name) []string {
	var all []string
	say := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	switch {
	case likeness == 1 && len(x.Telling()) == 0:
		say("same name: “%s”, which many have", x.written)
	case likeness == 1:
		say("same name: “%s”", x.written)
	case normal.Edits(x.Key, y.Key, 1) == 1:
		say("names differ by one letter: “%s” and “%s”", x.written, y.written)
	case likeness >= relatedAlike:
		say("similar names: “%s” and “%s”", x.written, y.written)
	}
	switch phonePoints(a, b, shared) {
	case samePhone:
		say("same phone number %s", phoneText(a.Phone))
	case commonPhone:
		say("same phone number %s, as %d businesses have", phoneText(a.Phone), shared(a.Phone))
	case otherPhone:
		say("but different phone numbers: %s and %s", phoneText(a.Phone), phoneText(b.Phone))
	}
	switch emailPoints(a, b, shared) {
	case sameEmail:
		say("same e-mail address %s", a.Email)
	case commonEmail:
		say("same e-mail address %s, as %d businesses have", a.Email, shared(a.Email))
	case otherEmail:
		say("but different e-mail addresses: %s and %s", a.Email, b.Email)
	}
	switch streetPoints(a, b, shared) {
	case sameStreet:
		say("same address: %s", a.Address)
	case sameBuilding:
		say("same building: %s and %s", a.Address, b.Address)
	case otherStreet:
		say("but different addresses: %s and %s", a.Address, b.Address)
	}
	if likeness < relatedAlike {
		say("but different names: “%s” and “%s”", x.written, y.written)
	}
	if a.ZIP != "" && a.ZIP == b.ZIP {
		say("same ZIP %s", a.ZIP)
	}
	return all
}

// phoneText is a number as Americans write it.
func phoneText(e164 string) string {
	if rest, ok := strings.CutPrefix(e164, "+1"); ok && len(rest) == 10 {
		return "(" + rest[:3] + ") " + rest[3:6] + "-" + rest[6:]
	}
	return e164
}
