package catcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fibonacco/fibonacco"
)

// DefaultKeep is how many mails a catcher keeps unless told otherwise.
const DefaultKeep = 50_000

// perSegments is into how many segments the mails are parted: dropping the oldest loses an eighth.
const perSegments = 8

// Catcher is a fibonacco.Mailer that delivers nothing, and a fibonacco.Mailbox that shows what it
// would have delivered. Safe for concurrent use.
type Catcher struct {
	// Keep is how many mails are kept at most; when there are more, the oldest eighth goes. 0 is
	// DefaultKeep. Set it before Run.
	Keep int
	// OnCaught, when set, is told of each mail after it was reported as accepted, in no certain
	// order. It must not block for long. Set it before Run.
	OnCaught func(fibonacco.CaughtMail)

	dir   string
	clock fibonacco.Clock

	mu       sync.RWMutex
	segments []*segment // oldest first; the last is written to; none after Close
	total    int
	failed   error // of the last write, nil when it went well
	retry    time.Time
}

var (
	_ fibonacco.Mailer  = (*Catcher)(nil)
	_ fibonacco.Mailbox = (*Catcher)(nil)
)

var errClosed = errors.New("the catcher is closed")

// Open makes a catcher of a folder, with what was caught before. It creates the folder if need be.
func Open(dir string, clock fibonacco.Clock) (*Catcher, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open mail catcher: %w", err)
	}
	segments, err := openSegments(dir)
	if err != nil {
		return nil, fmt.Errorf("open mail catcher: %w", err)
	}
	c := &Catcher{dir: dir, clock: clock, segments: segments}
	for _, s := range segments {
		c.total += len(s.entries)
	}
	if len(segments) == 0 {
		s, err := createSegment(dir, 1)
		if err != nil {
			return nil, fmt.Errorf("open mail catcher: %w", err)
		}
		c.segments = []*segment{s}
	}
	return c, nil
}

// Close closes the files. What comes afterwards fails.
func (c *Catcher) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, s := range c.segments {
		errs = append(errs, s.file.Close())
	}
	c.segments, c.total = nil, 0
	return errors.Join(errs...)
}

// Clear forgets all mails. Numbers go on where they were.
func (c *Catcher) Clear(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.segments) == 0 {
		return errClosed
	}
	last := c.segments[len(c.segments)-1]
	if len(last.entries) > 0 {
		fresh, err := createSegment(c.dir, last.next())
		if err != nil {
			return fmt.Errorf("clear caught mail: %w", err)
		}
		c.segments = append(c.segments, fresh)
	}
	for len(c.segments) > 1 {
		if err := c.dropOldest(); err != nil {
			return fmt.Errorf("clear caught mail: %w", err)
		}
	}
	return nil
}

// ListCaught implements fibonacco.Mailbox. Upper and lower case are the same. A limit below 1 is 50.
func (c *Catcher) ListCaught(_ context.Context, query string, before int64, limit int) (
	page []fibonacco.CaughtMail, total int, err error,
) {
	if limit < 1 {
		limit = 50
	}
	query = strings.ToLower(query)
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, s := range slices.Backward(c.segments) {
		if query == "" && (len(page) == limit || before > 0 && s.first >= before) {
			total += len(s.entries)
			continue
		}
		for _, e := range slices.Backward(s.entries) {
			if !strings.Contains(e.search, query) {
				continue
			}
			total++
			if len(page) < limit && (before <= 0 || e.ID < before) {
				page = append(page, e.CaughtMail)
			}
		}
	}
	return page, total, nil
}

// Caught implements fibonacco.Mailbox.
func (c *Catcher) Caught(_ context.Context, id int64) (*fibonacco.CaughtMail, []byte, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, s := range c.segments {
		if id < s.first || id >= s.next() {
			continue
		}
		e := s.entries[id-s.first]
		message := make([]byte, e.Size)
		if _, err := s.file.ReadAt(message, e.offset); err != nil {
			return nil, nil, fmt.Errorf("read caught mail %d: %w", id, err)
		}
		return &e.CaughtMail, message, nil
	}
	return nil, nil, fibonacco.Errorf(fibonacco.NotFound, "There is no caught mail %d, or no longer.", id)
}

// add writes a batch and gives its entries their numbers. It makes room first.
func (c *Catcher) add(records []byte, entries []entry) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed = c.addLocked(records, entries)
	if c.failed != nil {
		c.retry = fibonacco.RealTime().Add(afterFailure)
	}
	return c.failed
}

// waits is how long nothing is to be taken, and why: a write has failed just now.
func (c *Catcher) waits() (time.Duration, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.failed == nil {
		return 0, nil
	}
	return c.retry.Sub(fibonacco.RealTime()), c.failed
}

func (c *Catcher) addLocked(records []byte, entries []entry) error {
	if len(c.segments) == 0 {
		return errClosed
	}
	last := c.segments[len(c.segments)-1]
	if n := len(last.entries); n > 0 && n+len(entries) > c.perSegment() {
		fresh, err := createSegment(c.dir, last.next())
		if err != nil {
			return err
		}
		c.segments = append(c.segments, fresh)
		last = fresh
	}
	for len(c.segments) > 1 && c.total+len(entries) > c.keep() {
		if err := c.dropOldest(); err != nil {
			return err
		}
	}
	if err := last.append(records, entries); err != nil {
		return err
	}
	c.total += len(entries)
	return nil
}

func (c *Catcher) keep() int {
	if c.Keep > 0 {
		return c.Keep
	}
	return DefaultKeep
}

// perSegment is how many mails a segment, and a batch, holds at most.
func (c *Catcher) perSegment() int { return max(c.keep()/perSegments, 1) }

func (c *Catcher) dropOldest() error {
	oldest := c.segments[0]
	c.segments = c.segments[1:]
	c.total -= len(oldest.entries)
	return oldest.drop()
}

func searchText(to, subject string) string { return strings.ToLower(to + "\n" + subject) }
