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

	// also, when set, stores what belongs to the batch in its transaction: the progress of a job.
	// about is the businesses that rows of this batch were about, when modeOverwrite.
	also func(ctx context.Context, tx *db.Tx, result fibonacco.ImportResult, done int64, about []int64) error

	pretend *index // a dry run remembers here what it would have stored
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
		x := newIndex()
		if err := x.load(ctx, tx, w.req.CommunityID, b.rows[from:], w.about); err != nil {
			return err
		}
		after = w.count(x, b, from)
		ids, err := w.store(ctx, tx, x)
		w.committing()
		if err != nil || w.also == nil && w.about == nil {
			return err
		}
		about = nil
		if w.about != nil {
			about = ids
			for id, k := range x.byID {
				if k.touched && !w.about.has(id) {
					about = append(about, id)
				}
			}
		}
		if w.also == nil {
			return nil
		}
		return w.also(ctx, tx, after, b.done, about)
	})
	if err != nil {
		return err
	}
	w.result = after
	for _, id := range about {
		w.about.add(id)
	}
	return nil
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
		switch x.merge(&b.rows[i], w.req.Duplicates) {
		case created:
			r.Created++
		case updated:
			r.Updated++
		case skipped:
			r.Skipped++
		}
	}
	r.Errors = r.Errors[:len(r.Errors):len(r.Errors)] // what was handed out stays as it is
	for _, e := range b.errors {
		if e.row >= from && len(r.Errors) < mostErrors {
			r.Errors = append(r.Errors, e.ImportError)
		}
	}
	return r
}

const mostErrors = 1000 // errors that a result lists; all are counted

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
	if err := update(ctx, tx, changed); err != nil {
		return nil, err
	}
	for _, k := range changed {
		events = append(events, fibonacco.SMBUpdated{SMBID: k.id, CommunityID: w.req.CommunityID, Fields: k.changed.names()})
	}
	return ids, w.queue.Publish(ctx, tx, events...)
}

// tryOut is write of a dry run: it reads, and remembers what it would have written.
func (w *writer) tryOut(ctx context.Context, b *batch, from int) error {
	err := w.db.View(ctx, func(tx *db.Tx) error {
		return w.pretend.load(ctx, tx, w.req.CommunityID, b.rows[from:], nil)
	})
	if err != nil {
		return err
	}
	after := w.count(w.pretend, b, from)
	w.pretend.forget()
	if w.also != nil {
		if err := w.db.Update(ctx, func(tx *db.Tx) error { return w.also(ctx, tx, after, b.done, nil) }); err != nil {
			return err
		}
	}
	w.result = after
	return nil
}
