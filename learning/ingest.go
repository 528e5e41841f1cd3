package learning

import (
	"context"
	"runtime"
	"time"

	"github.com/fibonacco/fibonacco"
)

const (
	queueLength = 4096             // notes that may wait; more callers wait to get in
	batchMost   = 1000             // notes of one transaction
	commitLimit = 30 * time.Second // of one transaction, real time
)

// note is one thing that a visitor did, on its way into the database.
type note struct {
	view int64
	of   int // slides of the page
	step fibonacco.ViewStep
	done chan error
}

// Start begins to store what visitors do. Calling it again does nothing.
func (s *Service) Start() { s.start.Do(func() { go s.run() }) }

// Close refuses further notes, stores those that wait, and returns when that is done.
func (s *Service) Close() {
	s.start.Do(func() { close(s.ended) }) // never started: there is nothing to wait for
	s.stop.Do(func() { close(s.closing) })
	<-s.ended
}

func shuttingDown() error {
	return fibonacco.Errorf(fibonacco.Unavailable, "the server is shutting down")
}

// submit hands a note to the committer and waits until the batch it rides in is durable. A caller
// whose ctx ends stops waiting; the note may be stored all the same.
func (s *Service) submit(ctx context.Context, n *note) error {
	n.done = make(chan error, 1)
	select {
	case <-s.closing:
		return shuttingDown()
	default:
	}
	select {
	case s.in <- n:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return shuttingDown()
	}
	select {
	case err := <-n.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
		select { // the last batch may have taken it
		case err := <-n.done:
			return err
		default:
			return shuttingDown()
		}
	}
}

// run is a group commit: take what is there, commit it, answer, repeat. While one batch commits, the
// next one gathers.
func (s *Service) run() {
	defer close(s.ended)
	batch := make([]*note, 0, batchMost)
	for {
		select {
		case n := <-s.in:
			batch = append(batch[:0], n)
		case <-s.closing:
			select {
			case n := <-s.in:
				batch = append(batch[:0], n)
			default:
				return
			}
		}
		batch = s.gather(batch)
		s.settle(batch)
		clear(batch)
	}
}

// gather takes what waits, and lets those that were just answered come again.
func (s *Service) gather(batch []*note) []*note {
	for before := 0; before < len(batch) && len(batch) < batchMost; {
		before = len(batch)
		runtime.Gosched()
		for waiting := len(s.in); waiting > 0 && len(batch) < batchMost; waiting-- {
			batch = append(batch, <-s.in)
		}
	}
	return batch
}

// settle stores a batch and answers everybody in it. When it fails, each note is tried alone, so that one
// that cannot be stored takes nobody with it; not when the database is away.
func (s *Service) settle(batch []*note) {
	ctx, cancel := context.WithTimeout(context.Background(), commitLimit)
	defer cancel()
	known, err := s.store(ctx, batch)
	if err != nil && len(batch) > 1 && s.db.Ping(ctx) == nil {
		for _, n := range batch {
			s.settle([]*note{n})
		}
		return
	}
	for _, n := range batch {
		switch {
		case err != nil:
			n.done <- err
		case !known[n.view]:
			n.done <- unknownView()
		default:
			n.done <- nil
		}
	}
}
