package privacy

import (
	"fmt"
	"strings"
)

// kind is what a column holds, and so how it is exported and what an erasure does with it.
type kind string

const (
	number kind = "int"
	flag   kind = "bool"
	moment kind = "time"
	day    kind = "date"
	handle kind = "uuid"
	word   kind = "word"  // a text of the product's own vocabulary, or an id: it tells of nobody, and stays
	staff  kind = "staff" // about our own people: neither exported nor erased

	// These say who somebody is, or what they said: an erasure puts something else in their place.
	text  kind = "text"
	doc   kind = "json"
	inet  kind = "inet"
	point kind = "point"
	blob  kind = "bytes" // a file, exported as base64
)

// personal reports whether a column of the kind must be erased.
func (k kind) personal() bool { return k == text || k == doc || k == inet || k == point || k == blob }

// column is one column of a table.
type column struct {
	name   string
	kind   kind
	erased string // what an erasure leaves, as SQL; "" leaves it as it is
}

// columns reads "id int, email text=”, subject text=NULL". It panics on what it cannot read: the
// lines are part of the program.
func columns(lines ...string) []column {
	var all []column
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ", ") {
			name, rest, _ := strings.Cut(part, " ")
			k, erased, _ := strings.Cut(rest, "=")
			switch c := (column{name, kind(k), erased}); c.kind {
			case number, flag, moment, day, handle, word, staff, text, doc, inet, point, blob:
				all = append(all, c)
			default:
				panic(fmt.Sprintf("privacy: column %q", part))
			}
		}
	}
	return all
}

// selected is how the column is read for the archive.
func (c column) selected() string {
	switch c.kind {
	case handle, doc, inet, point, day:
		return "CAST(" + c.name + " AS text)"
	}
	return c.name
}
