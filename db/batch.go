package db

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Batch is many rows on their way into one statement, which reads them as the table "rows":
//
//	b := db.NewBatch("id bigint", "status text")
//	b.Add(send.ID, "sent")
//	n, err := tx.ExecBatch(ctx, b, `
//		UPDATE campaign_sends SET status = rows.status, updated_at = $1
//		FROM rows WHERE campaign_sends.id = rows.id`, tx.Now)
//
// The column types are bigint, integer, boolean, double precision, text, timestamptz, date,
// uuid, jsonb, inet and point. Values are Go's int64, int, bool, float64, string, time.Time, pointers to
// them, or nil for NULL. On PostgreSQL a batch is one statement however long it is; on SQLite it
// is several of at most 256 rows, of a few sizes, so that prepared statements are used again.
type Batch struct {
	names []string
	types []string
	rows  [][]any
}

// NewBatch declares the columns, each "name type".
func NewBatch(columns ...string) *Batch {
	b := &Batch{}
	for _, c := range columns {
		name, kind, ok := strings.Cut(c, " ")
		if !ok {
			panic("db: batch column without a type: " + c)
		}
		b.names, b.types = append(b.names, name), append(b.types, kind)
	}
	return b
}

// Add appends one row; it must have as many values as the batch has columns.
func (b *Batch) Add(values ...any) {
	if len(values) != len(b.names) {
		panic(fmt.Sprintf("db: batch row of %d values for %d columns", len(values), len(b.names)))
	}
	b.rows = append(b.rows, values)
}

// Len is the number of rows.
func (b *Batch) Len() int { return len(b.rows) }

// ExecBatch runs a statement over the rows of b and returns how many rows it touched. args are
// $1, $2, … of the statement. An empty batch runs nothing.
func (tx *Tx) ExecBatch(ctx context.Context, b *Batch, query string, args ...any) (int64, error) {
	var total int64
	b.watched(ctx, query, args)
	err := tx.eachPart(b, query, args, func(query string, args []any) error {
		if tx.pg != nil {
			tag, err := tx.pg.Exec(ctx, query, args...)
			total += tag.RowsAffected()
			return err
		}
		res, err := tx.lite.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		total += n
		return err
	})
	return total, err
}

// QueryBatch runs a statement with RETURNING over the rows of b and calls scan for each row it
// returns.
func (tx *Tx) QueryBatch(ctx context.Context, b *Batch, query string, scan func(Row) error, args ...any) error {
	b.watched(ctx, query, args)
	return tx.eachPart(b, query, args, func(query string, args []any) error {
		var rows Rows
		if tx.pg != nil {
			r, err := tx.pg.Query(ctx, query, args...)
			if err != nil {
				return err
			}
			rows = pgRows{r}
		} else {
			r, err := tx.lite.QueryContext(ctx, query, args...)
			if err != nil {
				return err
			}
			rows = liteRows{r}
		}
		for rows.Next() {
			if err := scan(rows); err != nil {
				_ = rows.Close()
				return err
			}
		}
		if err := rows.Err(); err != nil {
			_ = rows.Close()
			return err
		}
		return rows.Close()
	})
}

// watched shows the statement as it was written, and not at all when there is nothing to run it on.
func (b *Batch) watched(ctx context.Context, query string, args []any) {
	if len(b.rows) > 0 {
		watched(ctx, query, args)
	}
}

// sqlitePart is how many of n rows one statement takes. There are few sizes, so that there are few
// statements: they are compiled once and kept, see keeper.
func sqlitePart(n int) int {
	for _, size := range []int{256, 64, 16, 4} {
		if n >= size {
			return size
		}
	}
	return 1
}

func (tx *Tx) eachPart(b *Batch, query string, args []any, run func(query string, args []any) error) error {
	if len(b.rows) == 0 {
		return nil
	}
	if tx.pg != nil {
		return run(b.withPostgres(translate(query, Postgres), len(args)), append(args[:len(args):len(args)], b.arrays()...))
	}
	query, fixed := translate(query, SQLite), sqliteArgs(args)
	text, size := "", 0
	for rows := b.rows; len(rows) > 0; {
		n := sqlitePart(len(rows))
		if n != size {
			text, size = b.withSQLite(query, n), n
		}
		all := make([]any, 0, len(fixed)+n*len(b.names))
		for _, row := range rows[:n] {
			for _, v := range row {
				all = append(all, sqliteArg(v))
			}
		}
		all = append(all, fixed...)
		if err := run(text, all); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// withPostgres puts WITH rows AS (SELECT … FROM unnest(…)) before the statement.
func (b *Batch) withPostgres(query string, fixed int) string {
	var s strings.Builder
	s.WriteString("WITH rows AS (SELECT ")
	for i, name := range b.names {
		if i > 0 {
			s.WriteString(", ")
		}
		if arrayType(b.types[i]) != b.types[i] {
			fmt.Fprintf(&s, "CAST(u.%s AS %s) AS %s", name, b.types[i], name)
		} else {
			s.WriteString("u." + name)
		}
	}
	s.WriteString(" FROM unnest(")
	for i, kind := range b.types {
		if i > 0 {
			s.WriteString(", ")
		}
		fmt.Fprintf(&s, "CAST($%d AS %s[])", fixed+i+1, arrayType(kind))
	}
	s.WriteString(") AS u(" + strings.Join(b.names, ", ") + "))")
	return join(s.String(), query)
}

// withSQLite puts WITH rows(…) AS (VALUES …) before the statement. The rows' placeholders have no
// names: SQLite looks names up in a list, which would cost the square of their number. The
// statement's own, $1 and so on, are moved behind them.
func (b *Batch) withSQLite(query string, n int) string {
	var s strings.Builder
	s.WriteString("WITH rows(" + strings.Join(b.names, ", ") + ") AS (VALUES ")
	row := "(?" + strings.Repeat(",?", len(b.names)-1) + ")"
	s.WriteString(row)
	for range n - 1 {
		s.WriteString("," + row)
	}
	s.WriteByte(')')
	return join(s.String(), numbered.ReplaceAllStringFunc(query, func(p string) string {
		k, err := strconv.Atoi(p[1:])
		if err != nil {
			return p
		}
		return "$" + strconv.Itoa(k+n*len(b.names))
	}))
}

var numbered = regexp.MustCompile(`\$\d+`)

func join(with, query string) string {
	trimmed := strings.TrimSpace(query)
	if rest, ok := strings.CutPrefix(trimmed, "WITH "); ok {
		return with + ", " + rest
	}
	return with + " " + trimmed
}

// arrayType is what a column travels as: types without a handy Go array travel as text.
func arrayType(kind string) string {
	switch kind {
	case "uuid", "jsonb", "inet", "point", "date":
		return "text"
	}
	return kind
}

// arrays turns rows into one typed array per column.
func (b *Batch) arrays() []any {
	out := make([]any, len(b.names))
	for i, kind := range b.types {
		switch arrayType(kind) {
		case "bigint", "integer":
			out[i] = column(b.rows, i, func(v any) int64 {
				switch v := v.(type) {
				case int64:
					return v
				case int:
					return int64(v)
				}
				return mismatch[int64](v, kind)
			})
		case "boolean":
			out[i] = column(b.rows, i, as[bool](kind))
		case "double precision":
			out[i] = column(b.rows, i, as[float64](kind))
		case "timestamptz":
			out[i] = column(b.rows, i, as[time.Time](kind))
		default:
			out[i] = column(b.rows, i, as[string](kind))
		}
	}
	return out
}

// column is a []T, or a []*T when there are NULLs: looking behind each pointer takes pgx twice as long.
func column[T any](rows [][]any, i int, convert func(any) T) any {
	values := make([]T, len(rows))
	var missing []int
	for r, row := range rows {
		switch v := row[i].(type) {
		case nil:
			missing = append(missing, r)
		case *T:
			if v == nil {
				missing = append(missing, r)
			} else {
				values[r] = *v
			}
		default:
			values[r] = convert(v)
		}
	}
	if missing == nil {
		return values
	}
	out := make([]*T, len(rows))
	for r := range values {
		out[r] = &values[r]
	}
	for _, r := range missing {
		out[r] = nil
	}
	return out
}

func as[T any](kind string) func(any) T {
	return func(v any) T {
		if t, ok := v.(T); ok {
			return t
		}
		return mismatch[T](v, kind)
	}
}

func mismatch[T any](v any, kind string) T {
	panic(fmt.Sprintf("db: %T in a batch column of type %s", v, kind))
}
