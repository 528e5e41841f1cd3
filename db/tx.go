package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/georgysavva/scany/v2/dbscan"
	"github.com/jackc/pgx/v5"
)

// Tx is a transaction. Not safe for concurrent use.
type Tx struct {
	// Now is the product's clock when the transaction began: the one "now" of everything in it.
	Now time.Time

	db    *DB
	pg    pgx.Tx
	lite  *sql.Tx
	after []func()

	inOrder bool // see InOrder
}

// Rows is a result being read. Close it, and look at Err after the last Next.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// Row is a result of at most one row. Scan's error satisfies IsNoRows when there was none.
type Row interface {
	Scan(dest ...any) error
}

// Engine is what the transaction runs on. Callers should not need it.
func (tx *Tx) Engine() Engine { return tx.db.Engine() }

// Pgx and SQL are the engine's own transaction, for River; one of them is nil.
func (tx *Tx) Pgx() pgx.Tx  { return tx.pg }
func (tx *Tx) SQL() *sql.Tx { return tx.lite } //nolint:revive // see Pgx

// AfterCommit runs f once the transaction is committed, and never when it is not. For waking
// others, not for work that must happen.
func (tx *Tx) AfterCommit(f func()) { tx.after = append(tx.after, f) }

// Exec runs a statement and returns how many rows it touched.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	watched(ctx, query, args)
	if tx.pg != nil {
		tag, err := tx.pg.Exec(ctx, translate(query, Postgres), args...)
		return tag.RowsAffected(), err
	}
	res, err := tx.lite.ExecContext(ctx, translate(query, SQLite), sqliteArgs(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Query runs a statement that returns rows.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (Rows, error) {
	watched(ctx, query, args)
	if tx.pg != nil {
		rows, err := tx.pg.Query(ctx, translate(query, Postgres), args...)
		if err != nil {
			return nil, err
		}
		return pgRows{rows}, nil
	}
	rows, err := tx.lite.QueryContext(ctx, translate(query, SQLite), sqliteArgs(args)...)
	if err != nil {
		return nil, err
	}
	return liteRows{rows}, nil
}

// QueryRow runs a statement that returns at most one row.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) Row {
	watched(ctx, query, args)
	if tx.pg != nil {
		return tx.pg.QueryRow(ctx, translate(query, Postgres), args...)
	}
	return tx.lite.QueryRowContext(ctx, translate(query, SQLite), sqliteArgs(args)...)
}

type watchKey struct{}

// Watch shows fn every statement that is run under the context, as it was written, before it is
// run. For tests that ask the databases how they will go about it, and for those that end a process
// at a certain statement.
func Watch(ctx context.Context, fn func(query string, args []any)) context.Context {
	return context.WithValue(ctx, watchKey{}, fn)
}

func watched(ctx context.Context, query string, args []any) {
	if fn, ok := ctx.Value(watchKey{}).(func(query string, args []any)); ok {
		fn(query, args)
	}
}

// Select reads all rows into structs by column name (`db` tags or snake case), or into plain
// values when there is one column. NULL needs a pointer or COALESCE.
func Select[T any](ctx context.Context, tx *Tx, query string, args ...any) ([]T, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	var all []T
	return all, scanner.ScanAll(&all, rows.(dbscan.Rows))
}

// Read is Select for rows that scan reads itself.
func Read[T any](ctx context.Context, tx *Tx, scan func(Row) (T, error), query string, args ...any) (all []T, err error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Get is Select of exactly one row; its error satisfies IsNoRows when there is none.
func Get[T any](ctx context.Context, tx *Tx, query string, args ...any) (T, error) {
	all, err := Select[T](ctx, tx, query, args...)
	if err == nil && len(all) == 0 {
		err = sql.ErrNoRows
	}
	if err != nil {
		var zero T
		return zero, err
	}
	return all[0], nil
}

// Count runs a statement that returns one number.
func Count(ctx context.Context, tx *Tx, query string, args ...any) (int, error) {
	var n int
	err := tx.QueryRow(ctx, query, args...).Scan(&n)
	return n, err
}

// JSON is v as text for a JSON column; []byte would become a BLOB on SQLite. v must be
// something that encoding/json can write.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a channel or function in v: a mistake in the program
	}
	return string(b)
}

// Null is nil for a zero value, so that "" and the zero time are stored as NULL.
func Null[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

var scanner = func() *dbscan.API {
	api, err := dbscan.NewAPI(dbscan.WithAllowUnknownColumns(false))
	if err != nil {
		panic(err)
	}
	return api
}()

func (tx *Tx) commit(ctx context.Context) error {
	if tx.pg != nil {
		return tx.pg.Commit(ctx)
	}
	return tx.lite.Commit() //nolint:contextcheck // database/sql commits without one
}

func (tx *Tx) rollback() {
	if tx.pg != nil {
		// The caller's context may have ended; the connection must still be given back clean.
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = tx.pg.Rollback(ctx)
		return
	}
	_ = tx.lite.Rollback()
}

// Time and TimePtr are Scan targets for times that come out of an expression, an aggregate or
// RETURNING, where SQLite has forgotten that its integer is a time. NULL is the zero time, or nil.
func Time(dest *time.Time) sql.Scanner { return timeTarget{one: dest} }

// TimePtr is Time for a pointer.
func TimePtr(dest **time.Time) sql.Scanner { return timeTarget{ptr: dest} }

type timeTarget struct {
	one *time.Time
	ptr **time.Time
}

func (t timeTarget) Scan(src any) error {
	var at *time.Time
	switch v := src.(type) {
	case nil:
	case time.Time:
		v = v.UTC()
		at = &v
	case int64:
		u := time.UnixMicro(v).UTC()
		at = &u
	default:
		return fmt.Errorf("scan %T as a time", src)
	}
	switch {
	case t.ptr != nil:
		*t.ptr = at
	case at != nil:
		*t.one = *at
	default:
		*t.one = time.Time{}
	}
	return nil
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names, nil
}
func (r pgRows) NextResultSet() bool { return false }
func (r pgRows) Close() error        { r.Rows.Close(); return nil }

type liteRows struct{ *sql.Rows }
