package search

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco/db"
)

// HasIndex reports whether text is looked up in an index. It is not on a PostgreSQL without the
// extension pg_trgm: then search finds the same, but reads every row.
func HasIndex(ctx context.Context, d *db.DB) (has bool, err error) {
	if d.Engine() == db.SQLite {
		return true, nil
	}
	err = d.View(ctx, func(tx *db.Tx) error {
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM pg_indexes WHERE indexname = 'smb_search_text_index' AND schemaname = ANY (current_schemas(false))`)
		has = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for the index of the search: %w", err)
	}
	return has, nil
}

// EnsureIndex makes the index when the extension is there by now and the migration could not.
func EnsureIndex(ctx context.Context, d *db.DB) error {
	has, err := HasIndex(ctx, d)
	if err != nil || has {
		return err
	}
	err = d.Update(ctx, func(tx *db.Tx) error {
		n, err := db.Count(ctx, tx, `SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'`)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `CREATE INDEX IF NOT EXISTS smb_search_text_index ON smb_search USING gin (name gin_trgm_ops, words gin_trgm_ops)`)
		return err
	})
	if err != nil {
		return fmt.Errorf("make the index of the search: %w", err)
	}
	return nil
}
