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

	// also stores how far the import is, in the batch's transaction, and sets the flight's id. It fails
	// when another worker has stored the batch. A dry run without a job has none.
	also func(ctx context.Context, tx *db.Tx, f *flight) error

	pretend *index // a dry run remembers here what it would have stored
	found   []fibonacco.ImportDuplicate

	id      int64     // of the import; without a job 0 until its first batch is stored
	handle  string    // its uuid
	settled bool      // the request's mapping was chosen before
	watch   stopwatch // runs since the work began
	layout  *layout   // of the file
	names   *names    // nil unless names are compared by their sound
}

// write stores one batch. What it counts is counted once it is committed.
func (w *writer) write(ctx context.Context, tx *db.Tx, f *flight) error {
	if err := w.takeTurn(ctx, tx, f); err != nil {
		return err
	}
	if f.ahead != nil && f.meets(f.ahead.index) {
		if err := f.follow(ctx); err != nil {
			return err
		}
	}
	x := w.newIndex()
	if err := w.load(ctx, tx, x, f.rows[f.from:]); err != nil {
		return err
	}
	result := w.count(f.start, x, f.batch, f.from)
	reserved, err := reserve(ctx, tx, len(x.added))
	if err != nil {
		return err
	}
	f.work(x, result)
	ids, err := w.store(ctx, tx, x, reserved)
	if err == nil {
		err = w.settle(ctx, tx, x, ids)
	}
	w.committing()
	if err != nil {
		return err
	}
	f.about = w.aboutOf(x, ids)
	if err := f.follow(ctx); err != nil {
		return err
	}
	if err := w.also(ctx, tx, f); err != nil {
		return err
	}
	if err := w.book(ctx, tx, x, f, ids); err != nil {
		return err
	}
	f.leaving.Store(true)
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

// count merges the rows of a batch, from one on, into x and adds what becomes of them to r.
func (w *writer) count(r fibonacco.ImportResult, x *index, b *batch, from int) fibonacco.ImportResult {
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
	for _, said := range x.consents {
		r.Consents += len(said.words)
	}
	addErrors(&r, b.errorsFrom(from))
	return r
}

// store writes what x has in addition to the database, and publishes it. It returns the ids of
// the new businesses.
func (w *writer) store(ctx context.Context, tx *db.Tx, x *index, reserved []int64) ([]int64, error) {
	ids, err := insert(ctx, tx, w.req.CommunityID, w.req.Source, x.added, reserved)
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
func (w *writer) tryOut(ctx context.Context, f *flight) error {
	err := w.db.View(ctx, func(tx *db.Tx) error {
		return w.load(ctx, tx, w.pretend, f.rows[f.from:])
	})
	if err != nil {
		return err
	}
	f.result = w.count(f.start, w.pretend, f.batch, f.from)
	f.result.Duplicates = w.found
	w.pretend.forget()
	if w.also == nil {
		return nil
	}
	return w.db.Update(ctx, func(tx *db.Tx) error {
		if err := w.also(ctx, tx, f); err != nil {
			return err
		}
		return storeErrors(ctx, tx, f.id, f.start.Total, f.errorsFrom(f.from))
	})
}
