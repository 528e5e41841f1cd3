package ui_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
)

// watch opens the overview's stream.
func (s *site) watch(ctx context.Context) <-chan string {
	s.t.Helper()
	return s.watchAt(ctx, "/overview/events")
}

// watchAt opens a live stream and hands over its events, "name: data", until the stream ends.
func (s *site) watchAt(ctx context.Context, path string) <-chan string {
	s.t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", s.server.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: "fibonacco_session", Value: "yes"})
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		s.t.Fatalf("a stream of %s, status %d", kind, res.StatusCode)
	}
	events := make(chan string, 1000)
	go func() {
		defer close(events)
		defer func() { _ = res.Body.Close() }()
		lines := bufio.NewScanner(res.Body)
		lines.Buffer(nil, 1<<20)
		event := ""
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "event":
				event = value + ": "
			case "data":
				event += value
			case "":
				events <- event
				event = ""
			}
		}
	}()
	return events
}

// until reads events up to the first that holds text.
func until(t *testing.T, events <-chan string, text string) (names []string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case e, open := <-events:
			if !open {
				t.Fatalf("the stream ended before %q", text)
			}
			name, _, _ := strings.Cut(e, ": ")
			names = append(names, name)
			if strings.Contains(e, text) {
				return names
			}
		case <-limit:
			t.Fatalf("never: %q", text)
		}
	}
}

func TestLiveOverview(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	events := s.watch(ctx)
	until(t, events, "tiers: ") // everything once, at first

	s.change(func(o *fibonacco.Overview) { o.Today.Sent = 1999 })
	if names := until(t, events, "1,999"); len(names) != 1 || names[0] != "figures" {
		t.Errorf("besides what changed, %v came", names)
	}

	leave()
	wait(t, events)
	for deadline := time.Now().Add(5 * time.Second); s.listeners() > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the visitor has gone, the stream has not")
		}
	}
}

// Nothing said, nothing asked: a quiet page does not keep the database busy.
func TestQuietStreamAsksRarely(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	until(t, s.watch(t.Context()), "tiers: ")
	time.Sleep(900 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked > 1 {
		t.Errorf("asked %d times though nothing changed", s.asked)
	}
}

func TestStreamEndsWithFiguresItCannotRead(t *testing.T) {
	t.Parallel()
	s := serve(t, fibonacco.Viewer)
	events := s.watch(t.Context())
	until(t, events, "tiers: ")
	s.fail(errors.New("away"))
	wait(t, events)
	if a := s.get("/overview/events"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a stream of nothing: %d", a.StatusCode)
	}
}

// wait waits until a stream ends.
func wait(t *testing.T, events <-chan string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case _, open := <-events:
			if !open {
				return
			}
		case <-limit:
			t.Fatal("the stream goes on")
		}
	}
}
