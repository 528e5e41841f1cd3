package search

import (
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// Rank is the place of a business among those that a search finds. Within a rank the order is that
// of name_key, then the id.
type Rank int

// The ranks, the first first.
const (
	Exact    Rank = iota // the search is its address or its number
	Begins               // its name begins with the search
	Contains             // its name contains the search
	Other                // the words occur somewhere
)

// Ranks is every rank, in order.
var Ranks = [...]Rank{Exact, Begins, Contains, Other}

// ExactFound is a subquery of the businesses of rank Exact; "" when there are none.
func (q Query) ExactFound(arg func(any) string) string {
	var ways []string
	if q.email != "" {
		ways = append(ways, "found.email_key = "+arg(q.email))
	}
	if q.phone != "" {
		ways = append(ways, "found.primary_phone = "+arg(q.phone))
	}
	if len(ways) == 0 {
		return ""
	}
	return "SELECT found.id FROM smbs AS found WHERE " + strings.Join(ways, " OR ")
}

// Range is a stretch of smb_search's order that holds all of rank Begins; "" when there are none.
func (q Query) Range(arg func(any) string) string {
	if q.words == "" {
		return ""
	}
	low := q.leastKey()
	return "smb_search.name_key >= " + arg(low) + " AND smb_search.name_key < " + arg(low+"\U0010FFFF")
}

// NameHolds is that the name contains the search, without an index.
func (q Query) NameHolds(engine db.Engine, arg func(any) string) string {
	return occurs(engine, "smb_search.name", arg(piece(q.words)))
}

// Ranked is that a business has a rank, as a condition without an index; of rank Exact it is what
// ExactFound leaves to be said, which may be nothing.
func (q Query) Ranked(r Rank, engine db.Engine, arg func(any) string) string {
	var all []string
	if r != Exact {
		all = append(all, q.Holds(engine, arg))
		all = append(all, q.notExact(arg)...)
	}
	if q.words == "" && r != Exact && r != Other {
		return "FALSE"
	}
	if q.words == "" {
		return strings.Join(all, " AND ")
	}
	begins := func() string {
		return "substr(smb_search.name, 1, " + arg(utf8.RuneCountInString(q.words)+1) + ") = " + arg(" "+q.words)
	}
	switch r {
	case Begins:
		all = append(all, begins())
	case Contains:
		all = append(all, q.NameHolds(engine, arg), "NOT "+begins())
	case Other:
		all = append(all, "NOT "+q.NameHolds(engine, arg))
	}
	return strings.Join(all, " AND ")
}

func (q Query) notExact(arg func(any) string) []string {
	var all []string
	if q.email != "" {
		all = append(all, "COALESCE(smbs.email_key, '') <> "+arg(q.email))
	}
	if q.phone != "" {
		all = append(all, "COALESCE(smbs.primary_phone, '') <> "+arg(q.phone))
	}
	return all
}

// leastKey is what the name_key of every business begins with whose name begins with the search. A
// company form at the end of a name is not in its key, so neither may be what could become one.
func (q Query) leastKey() string {
	key := normal.TrimForms(q.words)
	for {
		i := strings.LastIndexByte(key, ' ')
		if i < 0 || !normal.BeginsForm(key[i+1:]) {
			return key
		}
		key = normal.TrimForms(key[:i])
	}
}
