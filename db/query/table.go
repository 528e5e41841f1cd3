// Package query answers fibonacco.ListQuery in SQL, the same for every list and on both engines:
// filters, order, and pages by keyset, which stay true while others write: what was there when
// the first page was read and still is comes exactly once, whatever is added or moved meanwhile
// (an entry whose sort field changes moves with it).
package query

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Table says how a Listing is stored.
type Table struct {
	Listing fibonacco.Listing
	From    string            // "audit_log", or a join that keeps one row a Key
	Key     string            // a unique bigint column that ends every order: "audit_log.id"
	Columns map[string]Column // by field; a field that is not here is a column of its name, in the first table of From

	// Parts, when there are any, come one after the other whatever the order within them: each is
	// conditions, no row is in two, and what is in none is not listed. arg gives a value's placeholder.
	Parts []Part
	// Before, when set, is called before a part is read, to tell the database how to go about it.
	Before func(ctx context.Context, tx *db.Tx, part int) error
	// Question is what decides which rows there are beside the query's filter and search; part of its
	// cursors.
	Question string
}

// Part is some of a list's rows.
type Part func(arg func(any) string) (where []string)

// Column says how a field is stored. The zero value is a column of the field's name.
type Column struct {
	SQL      string // an expression; "" is the column of the field's name
	Nullable bool   // must be said of what can be sorted by; null is larger than everything

	// Normal brings a text that was asked for into its stored form; "" is found nowhere.
	Normal func(string) string
	// Where answers the condition itself, for what is no column. arg gives a value's placeholder.
	Where func(c fibonacco.Condition, arg func(any) string) string

	// Order is the expression that the field is sorted by, when it is not SQL, of kind OrderKind.
	Order     string
	OrderKind fibonacco.FieldKind
}

func (t Table) column(f fibonacco.ListField) Column {
	c := t.Columns[f.Name]
	if c.SQL == "" {
		table, _, _ := strings.Cut(t.From, " ")
		c.SQL = table + "." + f.Name
	}
	if c.Order == "" {
		c.Order, c.OrderKind = c.SQL, f.Kind
	}
	return c
}

// Args collects the arguments of a statement.
type Args struct {
	Values []any
	First  int // number of the first placeholder; 0 means 1
}

// Add is the placeholder of one more value.
func (a *Args) Add(value any) string {
	a.Values = append(a.Values, value)
	return "$" + strconv.Itoa(max(a.First, 1)+len(a.Values)-1)
}

// Where is a filter as conditions, to be joined by AND. Returns Invalid as Listing.Conditions does.
func (t Table) Where(filter fibonacco.Filter, args *Args) ([]string, error) {
	conditions, err := t.Listing.Conditions(filter)
	if err != nil {
		return nil, err
	}
	var where []string
	for _, c := range conditions {
		column := t.column(c.Field)
		if column.Normal != nil && c.Op != fibonacco.IsNull && c.Op != fibonacco.NotNull {
			nowhere := false
			for i, v := range c.Values {
				if v != "" {
					c.Values[i] = column.Normal(v)
					nowhere = nowhere || c.Values[i] == ""
				}
			}
			if nowhere && c.Op == fibonacco.Between { // an end that is no place is no open end
				where = append(where, "1 = 0")
				continue
			}
		}
		if column.Where != nil {
			where = append(where, column.Where(c, args.Add))
		} else {
			where = append(where, Condition(c, column.SQL, args.Add))
		}
	}
	return where, nil
}

// Condition is a condition on an expression of the field's kind.
func Condition(c fibonacco.Condition, sql string, arg func(any) string) string {
	switch c.Op {
	case fibonacco.IsNull:
		return sql + " IS NULL"
	case fibonacco.NotNull:
		return sql + " IS NOT NULL"
	case fibonacco.Between:
		var ends []string
		for i, op := range []string{" >= ", " <= "} {
			if v := c.Values[i]; v != "" {
				ends = append(ends, sql+op+one(c.Field.Kind, v, arg)+byBytes(c.Field.Kind))
			}
		}
		return strings.Join(ends, " AND ")
	}
	if len(c.Values) == 1 && c.Op == fibonacco.AnyOf {
		return sql + " = " + one(c.Field.Kind, c.Values[0], arg)
	}
	return sql + membership(c.Op) + list(c, arg)
}

// byBytes makes both engines agree on which text comes before which.
func byBytes(kind fibonacco.FieldKind) string {
	if kind == fibonacco.TextField {
		return ` COLLATE "C"`
	}
	return ""
}

func membership(op fibonacco.Op) string {
	if op == fibonacco.NoneOf {
		return " NOT IN "
	}
	return " IN "
}

// one is one value as SQL.
func one(kind fibonacco.FieldKind, text string, arg func(any) string) string {
	switch kind {
	case fibonacco.BooleanField:
		return strings.ToUpper(text) // it is true or false: Listing.Conditions has looked
	case fibonacco.UUIDField:
		return "CAST(" + arg(text) + " AS uuid)"
	case fibonacco.DateField:
		return "CAST(" + arg(text) + " AS date)"
	case fibonacco.IntegerField: // the column may be narrower than what is asked for
		return "CAST(" + arg(typed(kind, text)) + " AS bigint)"
	}
	return arg(typed(kind, text))
}

// list is several values as SQL.
func list(c fibonacco.Condition, arg func(any) string) string {
	switch c.Field.Kind {
	case fibonacco.TextField:
		return "(" + arg(c.Values) + "...)"
	case fibonacco.IntegerField:
		numbers := make([]int64, len(c.Values))
		for i, v := range c.Values {
			numbers[i] = typed(fibonacco.IntegerField, v).(int64)
		}
		return "(" + arg(numbers) + "... AS bigint)"
	}
	parts := make([]string, len(c.Values))
	for i, v := range c.Values {
		parts[i] = one(c.Field.Kind, v, arg)
	}
	return "(" + strings.Join(parts, ", ") + ")"
}

// typed is a value that Listing.Conditions has passed, or that a cursor holds, as an argument.
func typed(kind fibonacco.FieldKind, text string) any {
	switch kind {
	case fibonacco.IntegerField:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return int64(0)
		}
		return n
	case fibonacco.TimeField:
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return time.Time{}
		}
		return at
	}
	return text
}
