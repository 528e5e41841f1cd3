package track

import (
	"context"
	"runtime"
	"time"

	"github.com/fibonacco/fibonacco"
)

const (
	queueLength = 8192             // notes that may wait; more callers wait to get in
	batchMost   = 2000             // notes of one transaction
	commitLimit = 30 * time.Second // of one transaction, real time
)

// Start begins to store what Open, Click and Record bring. Calling it again does nothing.
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
func (s *Service) submit(ctx context.Context, n *note) (target string, err error) {
	select {
	case <-s.closing:
		return "", shuttingDown()
	default:
	}
	n.done = make(chan outcome, 1)
	select {
	case s.in <- n:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.closing:
		return "", shuttingDown()
	}
	select {
	case o := <-n.done:
		return o.target, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-s.ended:
		select { // the last batch may have taken it
		case o := <-n.done:
			return o.target, o.err
		default:
			return "", shuttingDown()
		}
	}
}

// run is the group commit: take what is there, commit it, answer, repeat. There is no timer: while
// one batch commits, the next one gathers, so that batches grow with the load by themselves. One
// committer is faster than two, which wait for each other's log writes.
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

// gather takes what waits. Callers that were just answered and come again need a moment on the
// processor before they wait; yielding it to them, as long as that brings something, makes
// batches a fifth larger than taking one look.
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

// settle stores a batch and answers everybody in it. When the batch fails, each note is tried
// alone, so that one that cannot be stored takes nobody with it; not when the database is away,
// where thousands of tries would tell nothing new.
func (s *Service) settle(batch []*note) {
	ctx, cancel := context.WithTimeout(context.Background(), commitLimit)
	defer cancel()
	outcomes, err := s.store(ctx, batch)
	switch {
	case err == nil:
	case len(batch) == 1 || s.db.Ping(ctx) != nil:
		outcomes = make([]outcome, len(batch))
		for i := range outcomes {
			outcomes[i].err = err
		}
	default:
		for _, n := range batch {
			s.settle([]*note{n})
		}
		return
	}
	for i, n := range batch {
		n.done <- outcomes[i]
	}
}
