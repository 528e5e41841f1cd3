package template

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is a placeholder that needs no Liquid: a field or a literal, and simple filters.
type value struct {
	base    operand
	filters []filter
}

// operand is a field, or a literal when field is negative.
type operand struct {
	field int
	text  string
}

func (o operand) of(f *Fields) string {
	if o.field < 0 {
		return o.text
	}
	return *f.pointer(o.field)
}

var noField = operand{field: -1}

type filter struct {
	name string
	arg  operand // of default
	n    int     // of truncate
	tail string  // of truncate
}

// apply is one step of a chain; Liquid's own versions of these give the same.
func (f *filter) apply(s string, fields *Fields) string {
	switch f.name {
	case "default":
		if s == "" {
			return f.arg.of(fields)
		}
		return s
	case "upcase":
		return strings.ToUpper(s)
	case "downcase":
		return strings.ToLower(s)
	case "capitalize":
		return capitalize(s)
	case "strip":
		return strings.TrimSpace(s)
	case "truncate":
		return truncate(s, f.n, f.tail)
	default: // escape: see Escape
		return s
	}
}

// parseValue compiles words, or says that they need Liquid.
func parseValue(words []lexeme) (value, bool) {
	if len(words) == 0 {
		return value{}, false
	}
	base, ok := parseOperand(words[0])
	if !ok {
		return value{}, false
	}
	v := value{base: base}
	for words = words[1:]; len(words) > 0; {
		end := 1
		for end < len(words) && words[end] != (lexeme{operator, "|"}) {
			end++
		}
		if words[0] != (lexeme{operator, "|"}) || end < 2 {
			return value{}, false
		}
		f, ok := parseFilter(words[1], words[2:end])
		if !ok {
			return value{}, false
		}
		v.filters = append(v.filters, f)
		words = words[end:]
	}
	return v, true
}

func parseOperand(w lexeme) (operand, bool) {
	switch w.kind {
	case quoted:
		return operand{field: -1, text: w.text}, true
	case identifier:
		i := fieldIndex(w.text)
		return operand{field: i}, i >= 0
	default:
		return operand{}, false
	}
}

func parseFilter(name lexeme, args []lexeme) (filter, bool) {
	if name.kind == identifier && len(args) == 0 {
		f := filter{name: name.text, arg: noField, n: truncateAt, tail: ellipsis}
		return f, slices.Contains(plainFilters, name.text)
	}
	if name.kind != keyword || len(args) == 0 {
		return filter{}, false
	}
	switch name.text {
	case "default":
		arg, ok := parseOperand(args[0])
		return filter{name: name.text, arg: arg}, ok && len(args) == 1
	case "truncate":
		n, err := strconv.Atoi(args[0].text)
		f := filter{name: name.text, arg: noField, n: n, tail: ellipsis}
		if len(args) == 3 && args[1] == (lexeme{operator, ","}) && args[2].kind == quoted {
			f.tail, args = args[2].text, args[:1]
		}
		return f, err == nil && args[0].kind == number && len(args) == 1
	default:
		return filter{}, false
	}
}

// plainFilters is the filters that may stand without an argument.
var plainFilters = []string{"upcase", "downcase", "capitalize", "strip", "truncate", "escape"}

// What truncate does when it is not told otherwise.
const (
	truncateAt = 50
	ellipsis   = "..."
)

// capitalize puts the first letter in upper case and leaves the rest. Liquid for Go takes the
// first byte instead, which breaks "élan".
func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 || r == utf8.RuneError {
		return s
	}
	return strings.ToUpper(s[:n]) + s[n:]
}

// truncate shortens s to n runes, tail included. Liquid for Go fails when n is less than the
// tail and lets a line break keep a text long; this does neither.
func truncate(s string, n int, tail string) string {
	if utf8.RuneCountInString(s) <= max(n, 0) {
		return s
	}
	return Cut(s, max(n-utf8.RuneCountInString(tail), 0)) + tail
}

// append renders the value onto dst.
func (v *value) append(dst []byte, f *Fields, escape Escape) []byte {
	s := v.base.of(f)
	for i := range v.filters {
		s = v.filters[i].apply(s, f)
	}
	return escape.Append(dst, s)
}
