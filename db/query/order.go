package query

import (
	"strings"

	"github.com/fibonacco/fibonacco"
)

// key is one expression that a page is ordered by.
type key struct {
	sql      string
	kind     fibonacco.FieldKind
	desc     bool
	nullable bool
}

// order is what a page is ordered by: the fields asked for, and the key, which makes the order
// total. It goes the way of the field before it, so that one index serves both.
func (t Table) order(sort []string) ([]key, error) {
	fields, err := t.Listing.SortKeys(sort)
	if err != nil {
		return nil, err
	}
	var keys []key
	for _, f := range fields {
		c := t.column(f.Field)
		keys = append(keys, key{c.Order, c.OrderKind, f.Desc, c.Nullable})
		if c.Order == t.Key {
			return keys, nil // unique: what comes after decides nothing
		}
	}
	return append(keys, key{t.Key, fibonacco.IntegerField, keys[len(keys)-1].desc, false}), nil
}

func expressions(keys []key) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = k.sql
	}
	return out
}

// orderBy puts null last upwards and first downwards, as PostgreSQL does by itself.
func orderBy(keys []key) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		parts[i] = k.sql
		if k.desc {
			parts[i] += " DESC"
		}
		switch {
		case k.nullable && k.desc:
			parts[i] += " NULLS FIRST"
		case k.nullable:
			parts[i] += " NULLS LAST"
		}
	}
	return " ORDER BY " + strings.Join(parts, ", ")
}

// after is the condition that a row comes after the one with these values.
func after(keys []key, values []cursorValue, arg func(any) string) string {
	placeholders := make([]string, len(keys))
	for i, v := range values {
		switch {
		case v.null:
		case v.kind == fibonacco.IntegerField: // the column may be narrower than what a cursor can say
			placeholders[i] = "CAST(" + arg(v.argument()) + " AS bigint)"
		default:
			placeholders[i] = arg(v.argument())
		}
	}
	if rowComparable(keys) { // one range of an index
		op := ">"
		if keys[0].desc {
			op = "<"
		}
		return "(" + strings.Join(expressions(keys), ", ") + ") " + op + " (" + strings.Join(placeholders, ", ") + ")"
	}
	var ways []string
	var same []string // the keys before are equal
	for i, k := range keys {
		if beyond := k.beyond(values[i], placeholders[i]); beyond != "" {
			ways = append(ways, strings.Join(append(same[:len(same):len(same)], beyond), " AND "))
		}
		if values[i].null {
			same = append(same, k.sql+" IS NULL")
		} else {
			same = append(same, k.sql+" = "+placeholders[i])
		}
	}
	condition := "(" + strings.Join(ways, " OR ") + ")"
	if first := keys[0]; !first.nullable { // tell the index where to begin
		op := " >= "
		if first.desc {
			op = " <= "
		}
		condition = first.sql + op + placeholders[0] + " AND " + condition
	}
	return condition
}

// rowComparable: all one way, and never null.
func rowComparable(keys []key) bool {
	for _, k := range keys {
		if k.nullable || k.desc != keys[0].desc {
			return false
		}
	}
	return true
}

// beyond is that the key comes after a value; "" when nothing does.
func (k key) beyond(v cursorValue, placeholder string) string {
	switch {
	case v.null && k.desc:
		return k.sql + " IS NOT NULL"
	case v.null:
		return ""
	case k.desc:
		return k.sql + " < " + placeholder
	case k.nullable:
		return "(" + k.sql + " > " + placeholder + " OR " + k.sql + " IS NULL)"
	}
	return k.sql + " > " + placeholder
}
