package db

import (
	"context"
	"fmt"
)

// On SQLite, which has one writer, both of these do nothing: its writers take turns as it is.

// Lock makes writing transactions that lock the same name take turns: the others wait until this
// one has ended, however it ends.
func (tx *Tx) Lock(ctx context.Context, name string) error {
	if tx.pg == nil {
		return nil
	}
	if _, err := tx.pg.Exec(ctx, lockName, name); err != nil {
		return fmt.Errorf("lock %s: %w", name, err)
	}
	return nil
}

// Await waits until no other transaction has locked name, and leaves it to the next that wants it.
func (tx *Tx) Await(ctx context.Context, name string) error {
	if tx.pg == nil {
		return nil
	}
	// A lock that is taken after a savepoint goes when the transaction goes back there.
	save, err := tx.pg.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err := save.Exec(ctx, lockName, name); err != nil {
		return fmt.Errorf("await %s: %w", name, err)
	}
	return save.Rollback(ctx)
}

const lockName = `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`
