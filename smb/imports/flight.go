package imports

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// flight is a batch on its way into the database, in a transaction of its own. Two are under way
// at once on PostgreSQL, where one writer alone leaves half of the time unused. They end as if one
// had come after the other:
//
//   - a batch looks for known businesses once the one before has worked out what it will store,
//     and waits until that is committed when one of its rows could be about the same business;
//   - batches are committed in the file's order, or not at all, so that what is stored of a file
//     that was broken off is always its beginning.
type flight struct {
	*batch
	from  int     // the rows before it are stored
	ahead *flight // the batch before, until it is committed
	lock  int     // which of the community's locks it holds, see takeTurn

	id     int64                  // of the import; 0 until its first batch is stored
	start  fibonacco.ImportResult // of the file up to here
	result fibonacco.ImportResult // this batch included
	about  []int64
	index  *index

	merged  chan struct{} // closed when index and result are worked out
	leaving atomic.Bool   // the commit is on its way: the lock may be gone at any moment
	ended   chan struct{} // closed when it is committed, or has failed
	err     error         // why it has failed; after ended
	gone    chan struct{} // closed when its transaction is over
}

var (
	// errAgain says that a batch must be written once more, from the start and by itself.
	errAgain = errors.New("write the batch again")
	// errLate says that the batch ahead was gone when this one had its lock: somebody else may
	// have been there in between.
	errLate = errors.New("the batch ahead is stored")
)

// writeAll writes batches as they come. more is asked after each that is stored.
func (w *writer) writeAll(ctx context.Context, batches <-chan *batch, more func(done int64) bool) error {
	var last *flight
	land := func(next *flight) error {
		f := last
		last = next
		if f == nil {
			return nil
		}
		if err := w.land(ctx, f, next); err != nil {
			return err
		}
		if !more(f.done) {
			return errPaused
		}
		return nil
	}
	fly := func() error {
		for b := range batches {
			select {
			case <-b.ready:
			case <-ctx.Done():
				return ctx.Err()
			}
			if err := land(w.takeOff(ctx, b, last)); err != nil {
				return err
			}
			if !w.inPairs() {
				if err := land(nil); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := fly()
	if err == nil || errors.Is(err, errPaused) {
		return errors.Join(err, land(nil)) // what is in the air is not thrown away
	}
	if last != nil {
		<-last.gone
	}
	return err
}

// inPairs reports whether two batches may be under way at once. Overwriting needs to know of each
// business whether a row before was about it, whatever that row changed; names that are compared by
// their sound, and files of those who want to hear nothing, meet in ways that meets does not see.
func (w *writer) inPairs() bool {
	return w.db.Engine() == db.Postgres && w.pretend == nil && w.about == nil && w.names == nil && !w.blocks()
}

// takeOff begins to write a batch behind the one ahead, nil when that is stored.
func (w *writer) takeOff(ctx context.Context, b *batch, ahead *flight) *flight {
	f := &flight{
		batch: b, from: min(w.skip, len(b.rows)), ahead: ahead, id: w.id, start: w.result,
		merged: make(chan struct{}), ended: make(chan struct{}), gone: make(chan struct{}),
	}
	w.skip -= f.from
	go func() {
		defer close(f.gone)
		f.end(guard(func() error { return w.fly(ctx, f) })())
	}()
	return f
}

// land waits until f is stored. When it must be written again, so must the one behind it, whose
// work rested on f's.
func (w *writer) land(ctx context.Context, f, behind *flight) error {
	<-f.gone
	f.ahead = nil // or each batch would keep all before it in memory
	again := errors.Is(f.err, errAgain)
	if again {
		if behind != nil {
			<-behind.gone
		}
		f.err = w.alone(ctx, f)
	}
	if f.err != nil {
		return f.err
	}
	w.result, w.id = f.result, f.id
	for _, id := range f.about {
		w.about.add(id)
	}
	if again && behind != nil {
		behind.err = w.alone(ctx, behind)
	}
	return nil
}

// fly writes a batch that may be one of two.
func (w *writer) fly(ctx context.Context, f *flight) error {
	if f.from == len(f.rows) {
		f.result = f.start
		return nil
	}
	if w.pretend != nil {
		return w.tryOut(ctx, f)
	}
	if f.ahead != nil {
		select {
		case <-f.ahead.merged:
			f.start = f.ahead.result
			if err := w.try(ctx, f); !errors.Is(err, errLate) {
				return err
			}
		case <-f.ahead.ended:
		}
		if err := f.follow(ctx); err != nil {
			return err
		}
		f.start, f.id, f.ahead = f.ahead.result, f.ahead.id, nil
	}
	return w.try(ctx, f)
}

// try writes f once. A second try, after a deadlock, could come to another result than the one
// that the batch behind knows: it is left to land.
func (w *writer) try(ctx context.Context, f *flight) error {
	tried := false
	return w.db.Update(ctx, func(tx *db.Tx) error {
		if tried {
			return errAgain
		}
		tried = true
		err := w.write(ctx, tx, f)
		if err != nil && db.IsRetryable(err) {
			f.end(errAgain) // now, not when there is a connection for the next try: the one behind may hold it
		}
		return err
	})
}

// alone writes f when nothing else of its file is under way.
func (w *writer) alone(ctx context.Context, f *flight) error {
	f.ahead, f.start = nil, w.result
	id := w.id
	return w.db.Update(ctx, func(tx *db.Tx) error {
		f.id = id
		return w.write(ctx, tx, f)
	})
}

// end makes known what became of f, once.
func (f *flight) end(err error) {
	select {
	case <-f.ended:
	default:
		f.err = err
		close(f.ended)
	}
}

// work tells the batch behind what f will store, once.
func (f *flight) work(x *index, result fibonacco.ImportResult) {
	f.index, f.result = x, result
	select {
	case <-f.merged:
	default:
		close(f.merged)
	}
}

// follow waits until the batch ahead is committed.
func (f *flight) follow(ctx context.Context) error {
	if f.ahead == nil {
		return nil
	}
	select {
	case <-f.ahead.ended:
	case <-ctx.Done():
		return ctx.Err()
	}
	if f.ahead.err != nil {
		return errAgain
	}
	f.id = f.ahead.id
	return nil
}

// meets reports whether a row of f could be about a business that the batch ahead adds, or that
// one of its rows is about.
func (f *flight) meets(x *index) bool {
	met := false
	for i := f.from; i < len(f.rows) && !met; i++ {
		b := &f.rows[i]
		if f.failed[i] {
			continue
		}
		either := func(k *known) { met = met || k.touched }
		x.byEmail.each(b.emailKey, either)
		x.byNumber.each(b.number(), either)
		x.byName.each(b.nameKey, func(k *known) {
			// One that is in the database may still stand there with another ZIP.
			met = met || k.touched && (k.id != 0 || compare(zip5(k.text[zip]), zip5(b.text[zip])) != other)
		})
	}
	return met
}
