package db

import (
	"context"
	"fmt"
)

// Browse is View for questions that a caller makes up, of whatever filters and order. PostgreSQL
// plans each for its very values, and goes by an index even where reading a whole table looks
// cheaper: a page of a list must not take longer the larger the table is.
func (d *DB) Browse(ctx context.Context, fn func(tx *Tx) error) error {
	return d.View(ctx, func(tx *Tx) error {
		if tx.pg != nil {
			if _, err := tx.pg.Exec(ctx, `SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true),
				set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true)`); err != nil {
				return fmt.Errorf("set the planner up: %w", err)
			}
		}
		return fn(tx)
	})
}

// InOrder makes the transaction, one of Browse, read lists along the index that has their order, a
// row at a time until a page is full; or, when it is not, in whatever way looks best. For a caller
// who knows that a page is full soon.
func (tx *Tx) InOrder(ctx context.Context, is bool) error {
	if tx.pg == nil || tx.inOrder == is {
		return nil
	}
	other := map[bool]string{true: "off", false: "on"}[is]
	_, err := tx.pg.Exec(ctx, `SELECT set_config('enable_sort', $1, true), set_config('enable_bitmapscan', $1, true)`, other)
	tx.inOrder = is
	return err
}
