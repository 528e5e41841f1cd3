package imports

import (
	"context"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco/db"
)

// keepDays is for how long an import can be undone, and its errors are kept with their values.
const keepDays = 30

// settle does what a batch brings beside the businesses themselves: blocks, consents, and what
// others do about new addresses. created is the ids of those that are new.
func (w *writer) settle(ctx context.Context, tx *db.Tx, x *index, created []int64) error {
	if err := w.block(ctx, tx, x); err != nil {
		return err
	}
	if err := w.recordConsents(ctx, tx, x); err != nil {
		return err
	}
	if w.o.stored == nil {
		return nil
	}
	ids := slices.Clone(created)
	for _, k := range x.changed() {
		if k.changed&(1<<email|1<<phone) != 0 {
			ids = append(ids, k.id)
		}
	}
	if err := w.o.stored(ctx, tx, ids); err != nil {
		return fmt.Errorf("after %d businesses were stored: %w", len(ids), err)
	}
	return nil
}

// book keeps what it takes to undo a batch, and its errors. Batches are numbered by the rows before
// them: that grows, and is the same when a batch is done again.
func (w *writer) book(ctx context.Context, tx *db.Tx, x *index, f *flight, created []int64) error {
	id, number, changed := f.id, f.start.Total, x.changed()
	if err := storeChanges(ctx, tx, id, number, x, changed); err != nil {
		return err
	}
	if len(created) > 0 || len(changed) > 0 || len(x.consents) > 0 {
		if _, err := tx.Exec(ctx, `INSERT INTO import_batches (import_id, batch, created, indexed) VALUES ($1, $2, $3, $4)`,
			id, number, packIDs(created), w.o.index == nil); err != nil {
			return fmt.Errorf("book a batch of import %d: %w", id, err)
		}
	}
	return storeErrors(ctx, tx, id, number, f.errorsFrom(f.from))
}

// storeChanges keeps what the known businesses were before the batch, and with which version it
// leaves those that it did more to than store them.
func storeChanges(ctx context.Context, tx *db.Tx, id int64, number int, x *index, changed []*known) error {
	rows := db.NewBatch("smb_id bigint", "fields jsonb")
	done := map[int64]bool{}
	for _, k := range changed {
		rows.Add(k.id, db.JSON(k.differences()))
		done[k.id] = true
	}
	for _, c := range x.consents {
		if !done[c.k.id] {
			rows.Add(c.k.id, "{}")
			done[c.k.id] = true
		}
	}
	_, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO import_changes (import_id, batch, smb_id, fields, version)
		SELECT $1, $2, rows.smb_id, rows.fields, smbs.version FROM rows JOIN smbs ON smbs.id = rows.smb_id`, id, number)
	if err != nil {
		return fmt.Errorf("keep what import %d changed: %w", id, err)
	}
	return nil
}

// differences is what a batch changed of a known business: field → before, after.
func (k *known) differences() map[string][2]string {
	all := map[string][2]string{}
	for f := range stored {
		if k.changed.has(f) {
			all[specs[f].name] = [2]string{k.before.text[f], k.text[f]}
		}
	}
	if k.changed&placeBit != 0 {
		was := ""
		if k.before.known {
			was = pointText(k.before.place)
		}
		all["coordinates"] = [2]string{was, pointText(k.place)}
	}
	if k.changed&blockBit != 0 {
		all["do_not_contact"] = [2]string{"false", "true"}
	}
	return all
}

// errorsFrom is the errors of a batch's rows from one on.
func (b *batch) errorsFrom(from int) []rowError {
	i, _ := slices.BinarySearchFunc(b.errors, from, func(e rowError, row int) int { return e.row - row })
	return b.errors[i:]
}
