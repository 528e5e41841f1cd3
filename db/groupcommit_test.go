package db_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// shelf stores names as rows, and answers each with its length.
type shelf struct {
	*db.GroupCommit[string, int]
	db     *db.DB
	groups atomic.Int64 // transactions that were begun
	inside atomic.Int64
	hold   chan struct{} // nil, or what the first transaction waits for
}

func newShelf(t *testing.T, d *db.DB, most int) *shelf {
	t.Helper()
	s := &shelf{db: d}
	s.GroupCommit = db.NewGroupCommit(d, most, s.put)
	return s
}

var errNameless = errors.New("has no name")

func (s *shelf) put(ctx context.Context, tx *db.Tx, names []string) ([]db.Stored[int], error) {
	if s.inside.Add(1) != 1 {
		return nil, errors.New("two groups at once")
	}
	defer s.inside.Add(-1)
	if s.groups.Add(1) == 1 && s.hold != nil {
		<-s.hold
	}
	out := make([]db.Stored[int], len(names))
	rows := db.NewBatch("id text")
	for i, name := range names {
		if name == "" {
			out[i].Err = errNameless
			continue
		}
		out[i].Value = len(name)
		rows.Add(name)
	}
	_, err := tx.ExecBatch(ctx, rows, `INSERT INTO provider_messages (id, received_at) SELECT id, $1 FROM rows WHERE TRUE`, tx.Now)
	return out, err
}

func (s *shelf) has(t *testing.T, name string) bool {
	t.Helper()
	n := 0
	must(t, s.db.View(t.Context(), func(tx *db.Tx) (err error) {
		n, err = db.Count(t.Context(), tx, `SELECT COUNT(*) FROM provider_messages WHERE id = $1`, name)
		return err
	}))
	return n == 1
}

// all submits so many names at once: name(i) says which.
func (s *shelf) all(t *testing.T, n int, name func(i int) string, then func(name string, length int, err error)) {
	t.Helper()
	var callers sync.WaitGroup
	for i := range n {
		callers.Go(func() {
			length, err := s.Submit(t.Context(), name(i))
			then(name(i), length, err)
		})
	}
	callers.Wait()
}

// Each caller gets the answer to its own thing, once that can be read; those who come while one
// group commits share the next.
func TestGroupCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newShelf(t, d, 20)
		s.Start()
		s.Start() // twice is no harm
		defer s.Close()
		s.all(t, 100, func(i int) string { return strings.Repeat("x", i) }, func(name string, length int, err error) {
			switch {
			case name == "" && !errors.Is(err, errNameless):
				t.Errorf("nothing was taken: %v", err)
			case name != "" && (err != nil || length != len(name) || !s.has(t, name)):
				t.Errorf("%d: %d, %v", len(name), length, err)
			}
		})
		if n := s.groups.Load(); n < 100/20 {
			t.Errorf("100 things in %d groups of at most 20", n)
		}
	})
}

// What the database refuses takes nobody with it, and costs the others a few tries.
func TestGroupCommitRefusal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newShelf(t, d, 1000)
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO provider_messages (id, received_at) VALUES ('77', $1)`, tx.Now)
			return err
		}))
		const things = 256
		go func() { // who has handed in waits for Start, so that it is one group
			time.Sleep(50 * time.Millisecond)
			s.Start()
		}()
		defer s.Close()
		s.all(t, things, func(i int) string { return fmt.Sprint(i) }, func(name string, _ int, err error) {
			if name == "77" && !db.IsUnique(err) || name != "77" && (err != nil || !s.has(t, name)) {
				t.Errorf("%s: %v", name, err)
			}
		})
		if n := s.groups.Load(); n > things/2 {
			t.Errorf("%d transactions for one that was refused among %d", n, things)
		}
	})
}

func TestGroupCommitWithoutItsDatabase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newShelf(t, d, 100)
		must(t, d.Close())
		go func() {
			time.Sleep(50 * time.Millisecond)
			s.Start()
		}()
		s.all(t, 64, func(i int) string { return fmt.Sprint(i) }, func(name string, _ int, err error) {
			if err == nil {
				t.Errorf("%s was stored in a database that is away", name)
			}
		})
		s.Close()
		if n := s.groups.Load(); n > 16 {
			t.Errorf("%d tries for 64 things, with the database away", n)
		}
	})
}

// A caller that leaves is not waited for; what it brought is stored all the same.
func TestGroupCommitCallerLeaves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newShelf(t, d, 10)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := s.Submit(ctx, "left"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		s.Start()
		s.Close()
		if !s.has(t, "left") {
			t.Error("what was handed in is not stored")
		}
	})
}

// Whoever was answered is stored, and whoever was turned away is not.
func TestGroupCommitClose(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s := newShelf(t, d, 10)
		s.hold = make(chan struct{})
		s.Start()
		go func() {
			for s.groups.Load() == 0 {
				time.Sleep(time.Millisecond)
			}
			close(s.hold)
			s.Close()
		}()
		s.all(t, 300, func(i int) string { return fmt.Sprint(i) }, func(name string, _ int, err error) {
			if err != nil && fibonacco.CodeOf(err) != fibonacco.Unavailable || (err == nil) != s.has(t, name) {
				t.Errorf("%s: %v", name, err)
			}
		})
		s.Close()
		if _, err := s.Submit(t.Context(), "late"); fibonacco.CodeOf(err) != fibonacco.Unavailable {
			t.Errorf("after Close: %v", err)
		}
		newShelf(t, d, 10).Close() // nor is never having started
	})
}
