package fibonacco

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// FieldKind is what kind of values a list's field holds, and so what a filter of it may say.
type FieldKind string

// The kinds.
const (
	TextField    FieldKind = "text"
	IntegerField FieldKind = "integer"
	BooleanField FieldKind = "boolean"
	TimeField    FieldKind = "time" // RFC 3339, or a date, which is its midnight in UTC
	DateField    FieldKind = "date" // a local date, "2026-11-23"
	UUIDField    FieldKind = "uuid"
)

// ListField is one field of a Listing.
type ListField struct {
	Name   string
	Kind   FieldKind
	Values []string // the only values there are; nil when any value of the kind will do
	Filter bool     // filter[name] is known
	Sort   bool     // sort=name is known
	About  string   // half a sentence for people
}

// Listing is what can be asked of one list: the same names in the API, in segments, in exports
// and on the pages. What it does not name is refused, never ignored.
type Listing struct {
	Name     string // "smbs"; part of its cursors
	Fields   []ListField
	Search   bool     // search=… is known
	Includes []string // include=… names
	Sort     string   // in force when none is asked for: "-id"
}

// ListQuery is one question to a list. The zero value asks for its first page.
type ListQuery struct {
	Filter Filter
	Search string
	Sort   []string // field names, "-" in front for the largest first; nil is the listing's own
	Cursor string   // Page.Next of the page before; "" is the first page
	Size   int      // entries a page; 0 is DefaultPage, more than MaxPage is MaxPage (the API stops at 200)
	Total  bool     // also count all that match
}

// Entries a page.
const (
	DefaultPage = 50
	MaxPage     = 1000
)

// Page is one page of a list.
type Page[T any] struct {
	Data  []T
	Next  string // cursor of the next page; "" on the last one
	Total *int   // how many there are on all pages; nil unless asked for
}

// Filter is field → condition, all of which must hold. A condition is a text:
//
//	a,b,c     any of these
//	!a,b      none of these, and not unknown
//	10..20    from 10 to 20, both included; 10.. and ..20 are open at one end
//	null      unknown; !null is known
//
// A backslash takes the meaning from the character behind it: "\!" is an exclamation mark, "\,"
// a comma inside a value, "\null" the word, "a\..b" two dots.
type Filter map[string]string

// Op is what a Condition asks of its field.
type Op string

// The operations.
const (
	AnyOf   Op = "any_of"
	NoneOf  Op = "none_of"
	Between Op = "between" // Values holds low and high; "" is open
	IsNull  Op = "null"
	NotNull Op = "not_null"
)

// Condition is one condition of a Filter, read.
type Condition struct {
	Field  ListField
	Op     Op
	Values []string // in the form that the field's kind has; none is empty but the ends of Between
}

// mostValues bounds the values of one condition: 1,000 ids is a batch, more is an export.
const mostValues = 1000

// Field finds a field by name.
func (l Listing) Field(name string) (ListField, bool) {
	i := slices.IndexFunc(l.Fields, func(f ListField) bool { return f.Name == name })
	if i < 0 {
		return ListField{}, false
	}
	return l.Fields[i], true
}

// Conditions reads a filter. It returns Invalid naming every field that is unknown, with those
// there are, and every condition that does not fit its field. The conditions are in the order of
// the listing's fields, so that the same filter always makes the same SQL.
func (l Listing) Conditions(filter Filter) ([]Condition, error) {
	var bad []FieldError
	for name := range filter {
		if f, ok := l.Field(name); !ok || !f.Filter {
			bad = append(bad, FieldError{"filter[" + name + "]", "is not known here: there is " + strings.Join(l.filterNames(), ", ")})
		}
	}
	var all []Condition
	for _, f := range l.Fields {
		text, asked := filter[f.Name]
		if !asked || !f.Filter {
			continue
		}
		c, reason := f.condition(text)
		if reason != "" {
			bad = append(bad, FieldError{"filter[" + f.Name + "]", reason})
		}
		all = append(all, c)
	}
	slices.SortFunc(bad, func(a, b FieldError) int { return strings.Compare(a.Field, b.Field) })
	return all, InvalidFields("the list cannot be narrowed so", bad)
}

func (l Listing) filterNames() []string {
	var names []string
	for _, f := range l.Fields {
		if f.Filter {
			names = append(names, f.Name)
		}
	}
	return names
}

// SortNames is what sort may name, without the "-".
func (l Listing) SortNames() []string {
	var names []string
	for _, f := range l.Fields {
		if f.Sort {
			names = append(names, f.Name)
		}
	}
	return names
}

// SortKey is one field that a list is ordered by.
type SortKey struct {
	Field ListField
	Desc  bool
}

// SortKeys reads the order asked for, or the listing's own. Returns Invalid for unknown names and
// for one that is named twice.
func (l Listing) SortKeys(sort []string) ([]SortKey, error) {
	if len(sort) == 0 {
		sort = []string{l.Sort}
	}
	var keys []SortKey
	var bad []FieldError
	for _, text := range sort {
		name, desc := strings.CutPrefix(text, "-")
		f, ok := l.Field(name)
		switch {
		case !ok || !f.Sort:
			bad = append(bad, FieldError{"sort", strconv.Quote(clip(name)) + " is not known here: there is " + strings.Join(l.SortNames(), ", ")})
		case slices.ContainsFunc(keys, func(k SortKey) bool { return k.Field.Name == name }):
			bad = append(bad, FieldError{"sort", name + " is named twice"})
		case len(keys) == 3:
			bad = append(bad, FieldError{"sort", "takes at most three fields"})
		default:
			keys = append(keys, SortKey{f, desc})
		}
	}
	return keys, InvalidFields("the list cannot be ordered so", bad)
}

// condition reads the text of one condition; reason is why it cannot be.
func (f ListField) condition(text string) (c Condition, reason string) {
	c.Field = f
	switch text {
	case "null":
		c.Op = IsNull
		return c, ""
	case "!null":
		c.Op = NotNull
		return c, ""
	case "":
		return c, "is empty: leave it out, or say null for the unknown"
	}
	if low, high, ok := cutRange(text); ok {
		return f.between(low, high)
	}
	c.Op = AnyOf
	if rest, not := strings.CutPrefix(text, "!"); not {
		c.Op, text = NoneOf, rest
	}
	for _, raw := range splitList(text) {
		value, reason := f.value(raw)
		if reason != "" {
			return c, reason
		}
		if !slices.Contains(c.Values, value) {
			c.Values = append(c.Values, value)
		}
		if len(c.Values) > mostValues {
			return c, fmt.Sprintf("names more than %d values", mostValues)
		}
	}
	return c, ""
}

func (f ListField) between(low, high string) (c Condition, reason string) {
	c = Condition{Field: f, Op: Between, Values: []string{"", ""}}
	if f.Kind == BooleanField || f.Kind == UUIDField || len(f.Values) > 0 && f.Kind != IntegerField {
		return c, "has no range: name the values"
	}
	if low == "" && high == "" {
		return c, "is a range without ends"
	}
	for i, raw := range []string{low, high} {
		if raw == "" {
			continue
		}
		value, reason := f.value(raw)
		if reason != "" {
			return c, reason
		}
		c.Values[i] = value
	}
	return c, ""
}

// value brings one value into the form of the field's kind.
func (f ListField) value(raw string) (value, reason string) {
	switch {
	case raw == "":
		return "", "holds an empty value: say null for the unknown"
	case !utf8.ValidString(raw) || strings.ContainsRune(raw, 0):
		return "", "is not text"
	case len(raw) > 1000:
		return "", "holds a value of more than 1,000 bytes"
	case len(f.Values) > 0 && !slices.Contains(f.Values, raw):
		return "", "must be one of " + strings.Join(f.Values, ", ")
	}
	switch f.Kind {
	case IntegerField:
		n, err := strconv.ParseInt(raw, 10, 64)
		if err != nil {
			return "", "must be a whole number"
		}
		return strconv.FormatInt(n, 10), ""
	case BooleanField:
		if raw != "true" && raw != "false" {
			return "", "must be true or false"
		}
	case TimeField:
		for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
			if at, err := time.Parse(layout, raw); err == nil && sane(at) {
				return at.UTC().Format(time.RFC3339Nano), ""
			}
		}
		return "", "must be a time like 2026-11-23T09:00:00Z, or a date"
	case DateField:
		if at, err := time.Parse(time.DateOnly, raw); err != nil || !sane(at) {
			return "", "must be a date like 2026-11-23"
		}
	case UUIDField:
		if !uuidPattern.MatchString(raw) {
			return "", "must be a uuid"
		}
		return strings.ToLower(raw), ""
	}
	return raw, ""
}

var uuidPattern = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)

// sane is a time that both databases can store.
func sane(at time.Time) bool { return at.Year() >= 1 && at.Year() <= 9999 }

// cutRange cuts at the first ".." that no backslash takes the meaning from.
func cutRange(text string) (low, high string, ok bool) {
	for i := 0; i+1 < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] == '.' && text[i+1] == '.':
			return unescape(text[:i]), unescape(text[i+2:]), true
		}
	}
	return "", "", false
}

// splitList cuts at commas that no backslash takes the meaning from.
func splitList(text string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case ',':
			parts = append(parts, unescape(text[start:i]))
			start = i + 1
		}
	}
	return append(parts, unescape(text[start:]))
}

func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// FilterValue is a value as a condition that asks for it and nothing else, whatever it holds.
func FilterValue(value string) string {
	value = filterEscaper.Replace(value)
	if value == "null" || value == "!null" || strings.HasPrefix(value, "!") {
		value = `\` + value
	}
	return value
}

// FilterValues is FilterValue of any of several.
func FilterValues[T any](values []T) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = FilterValue(fmt.Sprint(v))
	}
	return strings.Join(parts, ",")
}

var filterEscaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `..`, `\..`)

// clip bounds what is quoted back to a caller.
func clip(text string) string {
	if len(text) > 60 {
		return strings.ToValidUTF8(text[:60], "") + "…"
	}
	return text
}
