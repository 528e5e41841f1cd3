// Package db opens the database and runs transactions on it, on two engines with one SQL text
// (D1). Engine differences live here and nowhere else: placeholders and casts, id lists, bulk
// rows, times, unique violations, migrations.
//
// SQL is written with $1 placeholders, ON CONFLICT, RETURNING and CAST(x AS …). Four things are
// translated:
//
//	id IN ($1...)            a slice of int64 or string; IN ($1... AS bigint) where the column's type is narrower
//	COLLATE "C"              by bytes: left out on SQLite, which knows no other order
//	CAST(x AS jsonb)         and uuid, inet, point, date, timestamptz: left out on SQLite
//	FROM rows                the rows of a Batch, see Tx.ExecBatch
package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"modernc.org/sqlite"

	"github.com/fibonacco/fibonacco"
)

// Engine is which database a DB speaks to.
type Engine string

// The engines.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// DB is an open database. Safe for concurrent use.
type DB struct {
	clock fibonacco.Clock
	pool  *pgxpool.Pool // PostgreSQL only
	write *sql.DB       // SQLite: the one writer
	read  *sql.DB       // SQLite: readers, which never wait for the writer
	path  string        // SQLite file
	again chan struct{} // whoever tries a transaction again goes alone, see Update
}

// Open opens the database of a URL: sqlite:///path/file.db (three slashes and an absolute or
// relative path) or postgres://…. It creates a missing SQLite file and its folder. maxConns is the size of
// the PostgreSQL pool; 0 means 20. The schema is not touched: see Migrate. Returns Invalid for a
// URL it cannot read.
func Open(ctx context.Context, databaseURL string, clock fibonacco.Clock, maxConns int) (*DB, error) {
	switch {
	case strings.HasPrefix(databaseURL, "sqlite://"):
		return openSQLite(ctx, strings.TrimPrefix(databaseURL, "sqlite://"), clock)
	case strings.HasPrefix(databaseURL, "postgres://"), strings.HasPrefix(databaseURL, "postgresql://"):
		return openPostgres(ctx, databaseURL, clock, maxConns)
	}
	return nil, fibonacco.Errorf(fibonacco.Invalid,
		"DATABASE_URL must start with sqlite:// or postgres://, for example sqlite:///var/lib/fibonacco/fibonacco.db")
}

func openPostgres(ctx context.Context, databaseURL string, clock fibonacco.Clock, maxConns int) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		// pgx's message would quote the URL, password and all.
		return nil, fibonacco.Errorf(fibonacco.Invalid, "DATABASE_URL is not a PostgreSQL URL")
	}
	if maxConns <= 0 {
		maxConns = 20
	}
	cfg.MaxConns = int32(min(maxConns, 1000))
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	if cfg.ConnConfig.RuntimeParams["application_name"] == "" {
		cfg.ConnConfig.RuntimeParams["application_name"] = "fibonacco"
	}
	cfg.AfterConnect = letGo
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach PostgreSQL at %s:%d: %w", cfg.ConnConfig.Host, cfg.ConnConfig.Port, err)
	}
	return &DB{clock: clock, pool: pool, again: make(chan struct{}, 1)}, nil
}

// letGo has PostgreSQL end a transaction in which nothing has happened for five minutes, longer than any
// of ours thinks: its process is frozen or cut off, and others wait for what it has locked. Whoever has
// set a time of their own, by the URL, the role or the database, keeps it.
func letGo(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config('idle_in_transaction_session_timeout', '300000', FALSE)
		WHERE current_setting('idle_in_transaction_session_timeout') = '0'`)
	if err != nil {
		return fmt.Errorf("limit idle transactions: %w", err)
	}
	return nil
}

func openSQLite(ctx context.Context, path string, clock fibonacco.Clock) (*DB, error) {
	if path == "" || path == "/" {
		return nil, fibonacco.Errorf(fibonacco.Invalid, "DATABASE_URL names no SQLite file, for example sqlite:///var/lib/fibonacco/fibonacco.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make the database folder: %w", err)
	}
	open := func(more url.Values, conns int) (*sql.DB, error) {
		q := url.Values{
			"_pragma": {
				"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
				"wal_autocheckpoint(16000)", "cache_size(-64000)", "temp_store(memory)",
			},
			"_time_integer_format": {"unix_micro"},
			"_inttotime":           {"1"},
		}
		for k, v := range more {
			q[k] = append(q[k], v...)
		}
		c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode())
		if err != nil {
			return nil, fmt.Errorf("open SQLite file %s: %w", path, err)
		}
		d := sql.OpenDB(keeper{c})
		d.SetMaxOpenConns(conns)
		d.SetMaxIdleConns(conns)
		if err := d.PingContext(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("open SQLite file %s: %w", path, err), d.Close())
		}
		return d, nil
	}
	write, err := open(url.Values{"_txlock": {"immediate"}}, 1)
	if err != nil {
		return nil, err
	}
	read, err := open(url.Values{"_pragma": {"query_only(1)", "cache_size(-16000)"}}, 4)
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	return &DB{clock: clock, write: write, read: read, path: path, again: make(chan struct{}, 1)}, nil
}

// Close waits for running transactions and closes every connection.
func (d *DB) Close() error {
	if d.pool != nil {
		d.pool.Close()
		return nil
	}
	return errors.Join(d.read.Close(), d.write.Close())
}

// Engine is what d speaks to.
func (d *DB) Engine() Engine {
	if d.pool != nil {
		return Postgres
	}
	return SQLite
}

// Clock is the clock that sets Tx.Now.
func (d *DB) Clock() fibonacco.Clock { return d.clock }

// Pool is the PostgreSQL pool, nil on SQLite. For queue, which hands it to River.
func (d *DB) Pool() *pgxpool.Pool { return d.pool }

// Writer is SQLite's one writing connection, nil on PostgreSQL. For queue, which hands it to River.
func (d *DB) Writer() *sql.DB { return d.write }

// Reader is SQLite's reading connections, which cannot write; nil on PostgreSQL. For queue, which hands
// them to River's pages.
func (d *DB) Reader() *sql.DB { return d.read }

// Ping proves that the database answers.
func (d *DB) Ping(ctx context.Context) error {
	if d.pool != nil {
		return d.pool.Ping(ctx)
	}
	return d.read.PingContext(ctx)
}

// View runs fn in a transaction that sees one state of the database and cannot write.
func (d *DB) View(ctx context.Context, fn func(tx *Tx) error) error {
	return d.run(ctx, false, fn)
}

func (d *DB) run(ctx context.Context, writes bool, fn func(tx *Tx) error) error {
	tx, err := d.begin(ctx, writes)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.rollback() // after a commit this does nothing; after a panic it frees the connection
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func (d *DB) begin(ctx context.Context, writes bool) (*Tx, error) {
	tx := &Tx{Now: d.clock.Now(), db: d}
	var err error
	switch {
	case d.pool != nil && writes:
		tx.pg, err = d.pool.Begin(ctx)
	case d.pool != nil:
		tx.pg, err = d.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	case writes:
		tx.lite, err = d.write.BeginTx(ctx, nil)
	default:
		tx.lite, err = d.read.BeginTx(ctx, nil)
	}
	if err != nil {
		return nil, err
	}
	// Waiting for the one writer can take a while: now is when the transaction has begun.
	tx.Now = d.clock.Now()
	return tx, nil
}

// IsUnique reports whether err is a violated unique key.
func IsUnique(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23505"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && (lite.Code() == 2067 || lite.Code() == 1555)
}

// IsForeignKey reports whether err is a reference to a row that does not exist.
func IsForeignKey(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "23503"
	}
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code() == 787
}

// IsNoRows reports whether QueryRow found nothing.
func IsNoRows(err error) bool {
	return errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows)
}
