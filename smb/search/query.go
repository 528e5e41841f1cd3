package search

import (
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// MostCharacters is how long a search may be.
const MostCharacters = 200

// Query is what somebody typed, read. The zero value is no search at all.
type Query struct {
	words string // all of it, folded; "" when nothing in it is a letter or digit
	email string // the whole as the key of an address; "" when it is none
	phone string // the whole as a number, E.164; "" when it is none
	must  node
}

// node is a piece of text that must occur, or several of which all or any must.
type node struct {
	piece string
	nodes []node
	any   bool // one of nodes is enough
}

// Asked reports whether anything is searched for.
func (q Query) Asked() bool { return q.must.piece != "" || q.must.nodes != nil || q.must.any }

// Parse reads a search. Space around it does not count; what has no letter and no digit is found
// nowhere. Returns Invalid for one of more than MostCharacters characters.
func Parse(text string) (Query, error) {
	if text = strings.TrimSpace(text); text == "" {
		return Query{}, nil
	}
	text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(text, " "), "\x00", " "))
	if utf8.RuneCountInString(text) > MostCharacters {
		return Query{}, fibonacco.InvalidFields("the search cannot be answered",
			[]fibonacco.FieldError{{Field: "search", Reason: "must have at most 200 characters"}})
	}
	q := Query{words: normal.Words(text)}
	if fibonacco.ValidEmail(text) {
		q.email = normal.EmailKey(text)
	}
	q.phone, _ = normal.Phone(text)

	var all []node
	for _, part := range strings.Fields(text) {
		if n, ok := partNode(part); ok {
			all = append(all, n)
		}
	}
	var ways []node
	number := phonePart(text)
	if len(all) > 0 && len(number) < wholeNumber {
		ways = append(ways, join(all, false))
	}
	if number != "" && (len(all) != 1 || all[0].piece != number || len(ways) == 0) {
		ways = append(ways, node{piece: number})
	}
	if whole := digits(q.phone); whole != "" && (number == "" || !strings.Contains(whole, number)) {
		ways = append(ways, node{piece: whole})
	}
	q.must = join(ways, true)
	return q, nil
}

func join(nodes []node, either bool) node {
	if len(nodes) == 1 {
		return nodes[0]
	}
	return node{nodes: nodes, any: either}
}

// wholeNumber is from how many digits on a text of digits and nothing else is a telephone number,
// and not also a name.
const wholeNumber = 7

// partNode is one word as it was typed. "joes-pizza.example" may be two words of a name or a piece
// of an address, "718-555" a piece of a number. ok is false for what has no letter and no digit.
func partNode(part string) (n node, ok bool) {
	raw := strings.ToLower(part)
	if strings.Contains(part, "@") && utf8.RuneCountInString(raw) >= shortest {
		return node{piece: raw}, true
	}
	number := phonePart(part)
	var all []node
	for _, word := range strings.Fields(normal.Words(part)) {
		all = append(all, node{piece: piece(word)})
	}
	var ways []node
	if len(all) > 0 && len(number) < wholeNumber {
		ways = append(ways, join(all, false))
	}
	if len(all) > 1 && number == "" && utf8.RuneCountInString(raw) >= shortest {
		ways = append(ways, node{piece: raw})
	}
	if number != "" && number != part {
		ways = append(ways, node{piece: number})
	}
	if len(ways) == 0 {
		return node{piece: number}, number != ""
	}
	return join(ways, true), true
}

// shortest is how many characters a piece has that is looked for within words too. Shorter ones
// occur everywhere: they must begin a word.
const shortest = 3

func piece(word string) string {
	if utf8.RuneCountInString(word) < shortest {
		return " " + word
	}
	return word
}

// phonePart is the digits of a text that may be a part of a telephone number, and nothing else; ""
// for any other.
func phonePart(text string) string {
	for _, r := range text {
		if (r < '0' || r > '9') && !strings.ContainsRune(" \t()+-./", r) {
			return ""
		}
	}
	if d := digits(text); len(d) >= 3 {
		return d
	}
	return ""
}
