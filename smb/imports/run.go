package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/queue"
)

// Service imports businesses. Safe for concurrent use.
type Service struct {
	db    *db.DB
	queue *queue.Queue
	o     options
	rows  int // of a batch; fewer in tests

	committing func() // called before a batch is committed; for tests
}

// New makes a Service on an open database. Imports in the background need Register.
func New(d *db.DB, q *queue.Queue, _ fibonacco.Config, opts ...Option) *Service {
	s := &Service{db: d, queue: q, rows: batchRows, committing: func() {}}
	for _, o := range opts {
		o(&s.o)
	}
	return s
}

const normalisers = 2 // goroutines that turn rows into businesses, the slowest part but the database

// Run imports a file at once, row by row as it is read, and returns what it did. progress, when
// not nil, is called after each batch, with the bytes of the file that were read so far.
//
// It returns Invalid when the request or the header is wrong and nothing was stored, and Malformed
// when the file cannot be read further; the rows before that are stored and in the result. Run
// again, with the same or the mended file, it stores what is missing and nothing twice. The size
// is for callers that show a percentage; 0 when it is unknown.
func (s *Service) Run(ctx context.Context, req fibonacco.ImportRequest, r io.Reader, _ int64,
	progress func(result fibonacco.ImportResult, bytesDone int64),
) (fibonacco.ImportResult, error) {
	req, err := s.check(ctx, req)
	if err != nil {
		return fibonacco.ImportResult{}, err
	}
	w := s.newWriter(req)
	w.watch = startWatch()
	if !req.DryRun {
		w.also = w.record
		if w.handle, err = newHandle(); err != nil {
			return fibonacco.ImportResult{}, err
		}
	}
	err = w.run(ctx, r, func(done int64) bool {
		if progress != nil {
			progress(w.result, done)
		}
		return true
	})
	return w.result, s.end(ctx, w, err)
}

func (s *Service) newWriter(req fibonacco.ImportRequest) *writer {
	w := &writer{Service: s, req: req, result: fibonacco.ImportResult{Errors: []fibonacco.ImportError{}}}
	if policyOf(req).overwrite != 0 && !w.blocks() {
		w.about = idSet{}
	}
	if slices.Contains(req.Match, fibonacco.MatchFuzzyNameZIP) {
		w.names = &names{byZIP: map[string][]signedID{}}
	}
	if req.DryRun {
		w.pretend = w.newIndex()
		w.pretend.notice = w.notice
	}
	return w
}

// newIndex is an empty index with the rules of the import.
func (w *writer) newIndex() *index {
	x := newIndex()
	x.policy, x.rules, x.refuses = policyOf(w.req), w.req.Match, w.blocks()
	if w.names != nil {
		x.near = newNear()
	}
	if w.o.consents != nil {
		x.draft = w.drafts
	}
	return x
}

// run takes a file through the pipeline: one goroutine reads rows, some make businesses of them,
// and writeAll stores them, in the file's order. more is asked after each batch; when it says
// false, run ends and returns errPaused.
func (w *writer) run(ctx context.Context, file io.Reader, more func(done int64) bool) error {
	count := &counter{r: file}
	o := w.opening(ctx, w.req)
	o.settled = w.settled
	src, err := o.open(count)
	if err != nil {
		return err
	}
	defer src.close()
	w.layout = src.about()
	group, ctx := errgroup.WithContext(ctx)
	ordered, work := make(chan *batch, 1), make(chan *batch, 1)
	var ended error // how the file ended; read after the group is over
	group.Go(guard(func() error {
		defer close(work)
		defer close(ordered)
		for {
			b := &batch{limit: w.rows, ready: make(chan struct{})}
			ended = src.fill(b)
			b.done = count.n
			if len(b.lines) > 0 {
				for _, to := range []chan *batch{ordered, work} {
					select {
					case to <- b:
					case <-ctx.Done():
						return ctx.Err()
					}
				}
			}
			if ended != nil {
				return nil // what was read before is good, and still on its way
			}
		}
	}))
	for range normalisers {
		group.Go(guard(func() error {
			for b := range work {
				b.normalise(src)
				close(b.ready)
			}
			return nil
		}))
	}
	group.Go(guard(func() error { return w.writeAll(ctx, ordered, more) }))
	if err := group.Wait(); err != nil {
		return err
	}
	if w.req.DryRun {
		w.reportUnread(src)
	}
	if !errors.Is(ended, io.EOF) {
		return ended
	}
	return nil
}

// errPaused says that a run stopped because it was asked to.
var errPaused = errors.New("import paused")

// unreadReason is said of a column, not of a row.
const unreadReason = "is not a field of a business; the column is left out"

// reportUnread lists the columns that a dry run did not read, so that a person can map them.
func (w *writer) reportUnread(src source) {
	for _, name := range src.unread() {
		if len(w.result.Errors) < mostErrors {
			w.result.Errors = append(w.result.Errors, fibonacco.ImportError{
				Line: 1, Field: list([]string{name}), Reason: unreadReason,
			})
		}
	}
}

// guard makes an error of a panic: what a file holds must not end the process.
func guard(f func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return f()
	}
}

// stopwatch measures real time: rates have nothing to do with the product's clock.
type stopwatch struct{ since time.Time }

func startWatch() stopwatch { return stopwatch{fibonacco.RealTime()} }

func (s stopwatch) seconds() float64 { return fibonacco.RealTime().Sub(s.since).Seconds() }
