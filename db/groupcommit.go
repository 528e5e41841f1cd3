package db

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// GroupCommit stores what many callers bring, one thing each, in few transactions, and answers each
// of them once its own is durable: take what is there, commit it, answer, repeat. There is no timer:
// while one group is stored, the next one gathers, so that groups grow with the load by themselves.
// On PostgreSQL a group is written while the one before waits for the disk. Safe for concurrent use.
type GroupCommit[T, R any] struct {
	db    *DB
	most  int
	write func(ctx context.Context, tx *Tx, things []T) ([]Stored[R], error)

	in             chan waiting[T, R]
	turn           sync.Mutex // whose holder gathers a group, and writes it
	start, stop    sync.Once
	closing, ended chan struct{}
}

// Stored is what one caller gets.
type Stored[R any] struct {
	Value R
	Err   error
}

type waiting[T, R any] struct {
	thing T
	done  chan Stored[R] // takes one without waiting: its reader may be gone
}

const (
	groupTurns = 4                // groups that may wait; more callers wait to get in
	groupLimit = 30 * time.Second // of one transaction, real time
)

// NewGroupCommit makes one whose groups are of at most so many things. write stores a group in a
// transaction and returns what each thing became, in the same order; its error says that nothing was
// stored. It is never called twice at once, and may be called again with the same things.
func NewGroupCommit[T, R any](d *DB, most int, write func(ctx context.Context, tx *Tx, things []T) ([]Stored[R], error)) *GroupCommit[T, R] {
	return &GroupCommit[T, R]{
		db: d, most: most, write: write,
		in: make(chan waiting[T, R], groupTurns*most), closing: make(chan struct{}), ended: make(chan struct{}),
	}
}

// Start begins to store. Calling it again does nothing.
func (g *GroupCommit[T, R]) Start() { g.start.Do(g.run) }

// Close refuses what comes from now on, stores what waits, and returns when that is done.
func (g *GroupCommit[T, R]) Close() {
	g.start.Do(func() { close(g.ended) }) // never started: there is nothing to wait for
	g.stop.Do(func() { close(g.closing) })
	<-g.ended
}

// Submit hands a thing over and waits until the group it rides in is durable. It waits for Start, too.
// A caller whose ctx ends stops waiting; the thing may be stored all the same. Unavailable says that
// the group was closed and the thing is not stored.
func (g *GroupCommit[T, R]) Submit(ctx context.Context, thing T) (R, error) {
	var none R
	closed := fibonacco.Errorf(fibonacco.Unavailable, "the server is shutting down")
	select {
	case <-g.closing:
		return none, closed
	default:
	}
	w := waiting[T, R]{thing, make(chan Stored[R], 1)}
	select {
	case g.in <- w:
	case <-ctx.Done():
		return none, ctx.Err()
	case <-g.closing:
		return none, closed
	}
	select {
	case s := <-w.done:
		return s.Value, s.Err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-g.ended:
		select { // the last group may have taken it
		case s := <-w.done:
			return s.Value, s.Err
		default:
			return none, closed
		}
	}
}

// run starts the committers: one on SQLite, which has one writer anyway.
func (g *GroupCommit[T, R]) run() {
	committers := 1
	if g.db.Engine() == Postgres {
		committers = 2
	}
	var running sync.WaitGroup
	for range committers {
		running.Go(g.commit)
	}
	go func() {
		running.Wait()
		close(g.ended)
	}()
}

func (g *GroupCommit[T, R]) commit() {
	group := make([]waiting[T, R], 0, g.most)
	for {
		select {
		case w := <-g.in:
			group = append(group[:0], w)
		case <-g.closing:
			select {
			case w := <-g.in:
				group = append(group[:0], w)
			default:
				return
			}
		}
		g.turn.Lock()
		group = g.gather(group)
		g.settle(group, true)
		clear(group)
	}
}

// gather takes what waits. Callers that were just answered and come again need a moment on the
// processor before they wait; yielding it to them, as long as that brings something, makes groups a
// fifth larger than taking one look.
func (g *GroupCommit[T, R]) gather(group []waiting[T, R]) []waiting[T, R] {
	for before := 0; before < len(group) && len(group) < g.most; {
		before = len(group)
		runtime.Gosched()
		for left := len(g.in); left > 0 && len(group) < g.most; left-- {
			group = append(group, <-g.in)
		}
	}
	return group
}

// settle stores a group and answers everybody in it. When that fails, each half is tried alone, down to
// single things, so that one that cannot be stored takes nobody with it; not when the database is away,
// where thousands of tries would tell nothing new. turn says that the caller has the turn, which is
// given up as soon as the group is written.
func (g *GroupCommit[T, R]) settle(group []waiting[T, R], turn bool) {
	ctx, cancel := context.WithTimeout(context.Background(), groupLimit)
	defer cancel()
	things := make([]T, len(group))
	for i, w := range group {
		things[i] = w.thing
	}
	var stored []Stored[R]
	err := g.db.Update(ctx, func(tx *Tx) (err error) {
		if !turn {
			g.turn.Lock()
		}
		turn = false
		defer g.turn.Unlock()
		stored, err = g.write(ctx, tx, things)
		return err
	})
	if turn { // there was no transaction
		g.turn.Unlock()
	}
	if err != nil && len(group) > 1 && g.db.Ping(ctx) == nil {
		g.settle(group[:len(group)/2], false)
		g.settle(group[len(group)/2:], false)
		return
	}
	for i, w := range group {
		if err != nil {
			w.done <- Stored[R]{Err: err}
		} else {
			w.done <- stored[i]
		}
	}
}
