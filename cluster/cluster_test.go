package cluster_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// logbook is a log that a test can read while others write.
type logbook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logbook) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.buf.String(), text)
}

func join(t *testing.T, url string) (*cluster.Cluster, *logbook) {
	t.Helper()
	book := &logbook{}
	c, err := cluster.New(t.Context(), url, slog.New(slog.NewTextHandler(book, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, book
}

// servers runs fn over a Redis in Go and, where there is one, over the real thing.
func servers(t *testing.T, fn func(t *testing.T, url string)) {
	t.Helper()
	t.Parallel()
	t.Run("miniredis", func(t *testing.T) {
		t.Parallel()
		fn(t, "redis://"+miniredis.RunT(t).Addr())
	})
	t.Run("redis", func(t *testing.T) {
		t.Parallel()
		url := os.Getenv("FIBONACCO_TEST_REDIS")
		if url == "" {
			if os.Getenv("CI") == "true" {
				t.Fatal("FIBONACCO_TEST_REDIS is not set: run the tests with `make test`")
			}
			t.Skip("FIBONACCO_TEST_REDIS is not set: `make test` runs this on a real Redis too")
		}
		fn(t, url)
	})
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("in five seconds not: " + what)
		}
	}
}

// granted counts how many of many requests get through at once.
func granted(t *testing.T, key string, perSecond float64, nodes ...*cluster.Cluster) int {
	n := 0
	for range 10 * int(perSecond+1) {
		for _, c := range nodes {
			if c.Take(t.Context(), key, perSecond, 1) == 0 {
				n++
			}
		}
	}
	return n
}

func TestTakeInProcess(t *testing.T) {
	t.Parallel()
	c, _ := join(t, "")
	if c.State() != "this process" {
		t.Errorf("state %q", c.State())
	}
	// A low rate refills too slowly to blur the count.
	if n := granted(t, "a", 5, c); n != 5 {
		t.Errorf("%d granted of a burst of 5", n)
	}
	if wait := c.Take(t.Context(), "a", 5, 1); wait <= 0 || wait > 200*time.Millisecond {
		t.Errorf("wait %v, want up to a fifth of a second", wait)
	}
	if wait := c.Take(t.Context(), "b", 5, 5); wait != 0 {
		t.Errorf("another key waits %v", wait)
	}
	if wait := c.Take(t.Context(), "a", 0, 1); wait != 0 {
		t.Errorf("no limit waits %v", wait)
	}
}

func TestTakeMoreThanABurst(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		for name, c := range map[string]*cluster.Cluster{"in process": first(join(t, "")), "shared": first(join(t, url))} {
			key := fresh(t) + name
			if wait := c.Take(t.Context(), key, 10, 50); wait != 0 {
				t.Errorf("%s: a full budget does not grant 50 at 10 a second: wait %v", name, wait)
			}
			if wait := c.Take(t.Context(), key, 10, 1); wait < 3*time.Second || wait > 5*time.Second {
				t.Errorf("%s: wait %v after five seconds' worth was taken", name, wait)
			}
			// Less than one a second is granted too, one at a time.
			if a, b := c.Take(t.Context(), key+"slow", 0.5, 1), c.Take(t.Context(), key+"slow", 0.5, 1); a != 0 || b < time.Second || b > 2*time.Second {
				t.Errorf("%s: half a second rate: %v, then %v", name, a, b)
			}
		}
	})
}

// fresh is a key that no other test, and no earlier run, has used up on the same server.
func fresh(t *testing.T) string { return fmt.Sprintf("%s %d ", t.Name(), time.Now().UnixNano()) }

func first(c *cluster.Cluster, _ *logbook) *cluster.Cluster { return c }

func TestTakeIsSharedByNodes(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		a, b := first(join(t, url)), first(join(t, url))
		if a.State() != "redis" {
			t.Fatalf("state %q", a.State())
		}
		key := fresh(t)
		began := time.Now()
		if n, most := granted(t, key, 6, a, b), refilled(6, began); n < 6 || n > most {
			t.Errorf("two nodes were granted %d of a shared burst of 6, want at most %d", n, most)
		}
		if wait := b.Take(t.Context(), key, 6, 1); wait <= 0 || wait > 170*time.Millisecond {
			t.Errorf("wait %v, want up to a sixth of a second", wait)
		}
	})
}

// refilled is the most that a rate grants: its burst, and what has come in since on a machine that may be
// slow.
func refilled(perSecond int, began time.Time) int {
	return perSecond + 2 + int(float64(perSecond)*time.Since(began).Seconds())
}

// What Redis and this process grant over time is the rate, not more.
func TestTakeKeepsTheRate(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		for name, c := range map[string]*cluster.Cluster{"in process": first(join(t, "")), "shared": first(join(t, url))} {
			key := fresh(t) + name
			n, began := 0, time.Now()
			for time.Since(began) < 400*time.Millisecond {
				if wait := c.Take(t.Context(), key, 100, 1); wait > 0 {
					time.Sleep(wait)
				} else {
					n++
				}
			}
			most := 100 + int(100*time.Since(began).Seconds()) + 1
			if n > most || n < 130 {
				t.Errorf("%s: %d granted, want 130 to %d", name, n, most)
			}
		}
	})
}

func TestTakeLeft(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		for name, c := range map[string]*cluster.Cluster{"in process": first(join(t, "")), "shared": first(join(t, url))} {
			key := fresh(t) + name
			for want := 9; want >= 7; want-- {
				if _, left := c.TakeLeft(t.Context(), key, 10, 1); left != want {
					t.Errorf("%s: %d left, want %d", name, left, want)
				}
			}
		}
	})
}

func TestRedisGoesAwayAndComesBack(t *testing.T) {
	t.Parallel()
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	url := "redis://" + server.Addr()
	a, book := join(t, url)
	b, _ := join(t, url)
	c, _ := join(t, url)
	eventually(t, "a has heard of three nodes", func() bool { return a.Nodes() == 3 })

	server.Close()
	began := time.Now()
	if n, most := granted(t, "x", 9, a), refilled(3, began); n < 3 || n > most {
		t.Errorf("a lone node of three was granted %d of 9, want its third", n)
	}
	if got := a.State(); got != "redis is away: this node keeps to 1/3" {
		t.Errorf("state %q", got)
	}
	if p := a.Part(t.Context()); p.OK || p.Fatal || p.Name != "redis" {
		t.Errorf("part %+v, want not OK, and not fatal", p)
	}
	if n := book.count("redis is away"); n != 1 {
		t.Errorf("it was said %d times, want once", n)
	}

	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, node := range []*cluster.Cluster{a, b, c} {
		eventually(t, "redis is shared again", func() bool { return node.State() == "redis" })
	}
	if n := book.count("redis is back"); n != 1 {
		t.Errorf("its return was said %d times, want once", n)
	}
	if p := a.Part(t.Context()); !p.OK || !strings.HasPrefix(p.Detail, "redis, ") {
		t.Errorf("part %+v", p)
	}
	began = time.Now()
	if n, most := granted(t, "y", 5, a, b, c), refilled(5, began); n < 5 || n > most {
		t.Errorf("three nodes were granted %d of a shared burst of 5, want at most %d", n, most)
	}
	heard := b.Listen(t.Context())
	eventually(t, "notices travel again", func() bool {
		a.Notify("t")
		select {
		case <-heard:
			return true
		default:
			return false
		}
	})
}

func TestRedisIsNotThereAtStart(t *testing.T) {
	t.Parallel()
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	url := "redis://" + server.Addr()
	server.Close() // its port is known, and free
	c, book := join(t, url)
	if got := c.State(); got != "redis is away: this node keeps to half" {
		t.Errorf("state %q", got)
	}
	if n := granted(t, "x", 8, c); n != 4 {
		t.Errorf("granted %d of 8, want half", n)
	}
	if book.count("redis is away") != 1 {
		t.Error("it was not said")
	}
	if err := server.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "redis is used", func() bool { return c.State() == "redis" })
}

func TestNewRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"localhost:6379", "http://x", "redis://%zz", "redis://:hunter2@host:port:1/x"} {
		_, err := cluster.New(t.Context(), bad, nil)
		if fibonacco.CodeOf(err) != fibonacco.Invalid {
			t.Errorf("New(%q) = %v, want Invalid", bad, err)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func TestNoticesReachOtherNodes(t *testing.T) {
	servers(t, func(t *testing.T, url string) {
		a, b := first(join(t, url)), first(join(t, url))
		here, there := a.Listen(t.Context()), b.Listen(t.Context())
		topic := "import " + t.Name() // topics may hold spaces
		a.Notify(topic)
		if got := <-here; got != topic {
			t.Errorf("heard %q here", got)
		}
		eventually(t, "the other node hears it", func() bool {
			a.Notify(topic) // its subscription may have come after the first
			for {
				select {
				case got := <-there:
					if got == topic { // a real server may carry other tests' topics
						return true
					}
				default:
					return false
				}
			}
		})
	})
}

func TestNoticesWithoutRedis(t *testing.T) {
	t.Parallel()
	c, _ := join(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	one, two := c.Listen(ctx), c.Listen(t.Context())
	c.Notify("sends")
	if a, b := <-one, <-two; a != "sends" || b != "sends" {
		t.Errorf("heard %q and %q", a, b)
	}
	cancel()
	if _, open := <-one; open {
		t.Error("a listener that left still hears")
	}
	// Nobody reads: it must not block.
	for i := range 10_000 {
		c.Notify(fmt.Sprint(i))
	}
	if got := <-two; got != "0" {
		t.Errorf("heard %q", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c, _ := join(t, "redis://"+miniredis.RunT(t).Addr())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			heard := c.Listen(ctx)
			for n := range 50 {
				c.Take(ctx, fmt.Sprint(n%3), 100, 1)
				c.Notify(fmt.Sprint(i))
			}
			<-heard
			_ = c.State()
		})
	}
	wg.Wait()
}

func BenchmarkTakeInProcess(b *testing.B) {
	c, _ := cluster.New(b.Context(), "", nil)
	for b.Loop() {
		c.Take(b.Context(), "key", 1e9, 1)
	}
}
