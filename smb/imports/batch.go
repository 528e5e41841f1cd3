package imports

import (
	"context"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// writer puts batches into the database, each in a transaction of its own.
type writer struct {
	*Service
	req    fibonacco.ImportRequest
	result fibonacco.ImportResult
	skip   int   // rows that an earlier run of the same job has stored
	about  idSet // businesses that rows of this file were about; only modeOverwrite needs it

	// also stores how far the import is, in the batch's transaction, and sets booking. It fails when
	// another worker has stored the batch. about is the businesses that rows of this batch were
	// about, when modeOverwrite. A dry run without a job has none.
	also func(ctx context.Context, tx *db.Tx, result fibonacco.ImportResult, done int64, about []int64) error

	pretend *index // a dry run remembers here what it would have stored
	found   []fibonacco.ImportDuplicate

	id      int64     // of the import; without a job 0 until its first batch is stored
	booking int64     // the same, as the transaction under way has it
	handle  string    // its uuid
	settled bool      // the request's mapping was chosen before
	watch   stopwatch // runs since the work began
	layout  *layout   // of the file
	names   *names    // nil unless names are compared by their sound
}

// write stores one batch. What it counts is counted once it is committed.
func (w *writer) write(ctx context.Context, b *batch) error {
	from := min(w.skip, len(b.rows))
	w.skip -= from
	if from == len(b.rows) {
		return nil
	}
	if w.pretend != nil {
		return w.tryOut(ctx, b, from)
	}
	var after fibonacco.ImportResult
	var about []int64
	err := w.db.Update(ctx, func(tx *db.Tx) error {
		if err := lockCommunity(ctx, tx, w.req.CommunityID); err != nil {
			return err
		}
		x := w.newIndex()
		if err := w.load(ctx, tx, x, b.rows[from:]); err != nil {
			return err
		}
		after = w.count(x, b, from)
		ids, err := w.store(ctx, tx, x)
		if err == nil {
			err = w.settle(ctx, tx, x, ids, &after)
		}
		w.committing()
		if err != nil {
			return err
		}
		about = w.aboutOf(x, ids)
		if err := w.also(ctx, tx, after, b.done, about); err != nil {
			return err
		}
		return w.book(ctx, tx, x, b, from, ids)
	})
	if err != nil {
		return err
	}
	w.result, w.id = after, w.booking
	for _, id := range about {
		w.about.add(id)
	}
	return nil
}

// aboutOf is the businesses that rows of a batch were about, and none before; nil unless that is
// asked for.
func (w *writer) aboutOf(x *index, created []int64) []int64 {
	if w.about == nil {
		return nil
	}
	about := created
	for id, k := range x.byID {
		if k.touched && !w.about.has(id) {
			about = append(about, id)
		}
	}
	return about
}

// count merges the rows of a batch, from one on, into x and returns the result so far.
func (w *writer) count(x *index, b *batch, from int) fibonacco.ImportResult {
	r := w.result
	for i := from; i < len(b.rows); i++ {
		r.Total++
		if b.failed[i] {
			r.Failed++
			continue
		}
		switch x.merge(&b.rows[i], b.lines[i]) {
		case created:
			r.Created++
		case updated:
			r.Updated++
		case skipped:
			r.Skipped++
		}
	}
	addErrors(&r, b.errorsFrom(from))
	return r
}

// store writes what x has in addition to the database, and publishes it. It returns the ids of
// the new businesses.
func (w *writer) store(ctx context.Context, tx *db.Tx, x *index) ([]int64, error) {
	ids, err := insert(ctx, tx, w.req.CommunityID, w.req.Source, x.added)
	if err != nil {
		return nil, err
	}
	events := make([]fibonacco.Event, 0, len(ids))
	for _, id := range ids {
		events = append(events, fibonacco.SMBCreated{SMBID: id, CommunityID: w.req.CommunityID})
	}
	changed := x.changed()
	if !w.blocks() {
		if err := update(ctx, tx, changed); err != nil {
			return nil, err
		}
	}
	for _, k := range changed {
		events = append(events, fibonacco.SMBUpdated{SMBID: k.id, CommunityID: w.req.CommunityID, Fields: k.changed.names()})
	}
	return ids, w.queue.Publish(ctx, tx, events...)
}

// tryOut is write of a dry run: it reads, and remembers what it would have written.
func (w *writer) tryOut(ctx context.Context, b *batch, from int) error {
	err := w.db.View(ctx, func(tx *db.Tx) error {
		return w.load(ctx, tx, w.pretend, b.rows[from:])
	})
	if err != nil {
		return err
	}
	after := w.count(w.pretend, b, from)
	after.Duplicates = w.found
	for _, said := range w.pretend.consents {
		after.Consents += said.word.count()
	}
	w.pretend.forget()
	if w.also != nil {
		err := w.db.Update(ctx, func(tx *db.Tx) error {
			if err := w.also(ctx, tx, after, b.done, nil); err != nil {
				return err
			}
			return storeErrors(ctx, tx, w.id, w.result.Total, b.errorsFrom(from))
		})
		if err != nil {
			return err
		}
	}
	w.result = after
	return nil
}
