package db

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"

	"github.com/fibonacco/fibonacco"
)

// mostTries is how often a transaction is begun before its error is the caller's.
const mostTries = 10

// Update runs fn in a transaction that may write, and commits it when fn returns nil. Writers wait
// for each other. A transaction that the database broke off for the sake of another is tried again,
// up to ten times as long as ctx lasts: after a deadlock or a serialization failure on PostgreSQL;
// on SQLite, when another process held the file for longer than SQLite itself waits. So fn must not
// have effects outside the database, and must set what it finds rather than add to it.
func (d *DB) Update(ctx context.Context, fn func(tx *Tx) error) error {
	err := d.run(ctx, true, fn)
	if err == nil || !IsRetryable(err) {
		return err
	}
	// Those who met once would meet again: one at a time now, and not in step.
	select {
	case d.again <- struct{}{}:
		defer func() { <-d.again }()
	case <-ctx.Done():
		return err
	}
	for try := 2; try <= mostTries && ctx.Err() == nil; try++ {
		wait := rand.N(time.Duration(try*try) * 5 * time.Millisecond)
		if (fibonacco.SystemClock{}).Sleep(ctx, wait) != nil {
			return err
		}
		if err = d.run(ctx, true, fn); err == nil || !IsRetryable(err) {
			return err
		}
	}
	return err
}

// IsRetryable reports whether a transaction failed through no fault of its own: Update tries again.
func IsRetryable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	const busy = 5 // the first byte of SQLITE_BUSY and its kin
	var lite *sqlite.Error
	return errors.As(err, &lite) && lite.Code()&0xff == busy
}
