package recount_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fibonacco/fibonacco/recount"
)

var rule = recount.Rule{Share: 50, Most: 5 * time.Minute, Stale: time.Hour, Kept: 2}

// counter counts how often it was asked, and takes its time.
type counter struct {
	takes time.Duration
	n     int
	fails error
}

func (c *counter) count(_ context.Context, _ string) (int, error) {
	time.Sleep(c.takes)
	c.n++
	return c.n, c.fails
}

// What is counted in no time is counted anew for each who asks a moment later.
func TestQuickFiguresAreFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{takes: 2 * time.Millisecond}
		f := recount.New(rule, c.count)
		expect(t, f, 1)
		expect(t, f, 1) // at once: two milliseconds are kept for a hundred
		time.Sleep(time.Second)
		expect(t, f, 2)
	})
}

// What takes long is waited for once. Later an old answer is given while it is counted behind, and after
// the hour it is waited for again.
func TestSlowFiguresAreWaitedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{takes: 4 * time.Second}
		f := recount.New(rule, c.count)
		if waited := expect(t, f, 1); waited != c.takes {
			t.Fatalf("the first waited %s", waited)
		}
		time.Sleep(4 * time.Minute) // 50 times 4 s are over
		for range 3 {
			if waited := expect(t, f, 1); waited != 0 {
				t.Fatalf("somebody waited %s", waited)
			}
		}
		time.Sleep(time.Minute)
		expect(t, f, 2)
		time.Sleep(61 * time.Minute)
		if waited := expect(t, f, 3); waited != c.takes {
			t.Fatalf("after an hour somebody waited %s", waited)
		}
	})
}

// Soon never waits: the first who ask are told that there is nothing yet, and one count is made for all.
func TestSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{takes: 4 * time.Second}
		f := recount.New(rule, c.count)
		ctx, cancel := context.WithCancel(t.Context())
		for range 3 {
			if n, ok := f.Soon(ctx, "a"); ok {
				t.Fatalf("there was %d before anything was counted", n)
			}
		}
		cancel() // who asked has left
		time.Sleep(10 * time.Second)
		if n, ok := f.Soon(t.Context(), "a"); n != 1 || !ok {
			t.Fatalf("got %d, %t", n, ok)
		}
		time.Sleep(4 * time.Minute)
		if n, ok := f.Soon(t.Context(), "a"); n != 1 || !ok {
			t.Fatalf("an old answer: got %d, %t", n, ok)
		}
		time.Sleep(10 * time.Second)
		if n, ok := f.Soon(t.Context(), "a"); n != 2 || !ok {
			t.Fatalf("the new one: got %d, %t", n, ok)
		}
	})
}

// An error is nobody's answer, and the next count is tried as if there had been none.
func TestFailedCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counter{takes: time.Second, fails: errors.New("away")}
		f := recount.New(rule, c.count)
		if _, err := f.Of(t.Context(), "a"); !errors.Is(err, c.fails) {
			t.Fatal(err)
		}
		if _, ok := f.Soon(t.Context(), "a"); ok {
			t.Fatal("an error was kept")
		}
		time.Sleep(2 * time.Second)
		c.fails = nil
		if _, ok := f.Soon(t.Context(), "a"); ok {
			t.Fatal("the error of a count behind was kept")
		}
		time.Sleep(2 * time.Second)
		expect(t, f, 3)
	})
}

func expect(t *testing.T, f *recount.Figures[string, int], want int) (waited time.Duration) {
	t.Helper()
	began := time.Now()
	got, err := f.Of(t.Context(), "a")
	if err != nil || got != want {
		t.Fatalf("got %d, %v, want %d", got, err, want)
	}
	return time.Since(began)
}
