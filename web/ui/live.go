package ui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/a-h/templ"

	"github.com/fibonacco/fibonacco"
)

// All of these are real time.
const (
	lookEvery   = time.Second      // how often at most an open page moves
	lookAnyway  = 3                // looks after which a page looks though nobody said that something changed
	askAgain    = 15 * time.Second // who is watching: they may have been signed out meanwhile
	keepAlive   = 15 * time.Second // so that nobody in between takes a quiet stream for a dead one
	writeWithin = 20 * time.Second
	streamMost  = 15 * time.Minute // then the browser connects again
)

// livePart is one part of the overview that moves by itself.
type livePart struct {
	name string // its sse-swap
	html []byte
}

// liveParts are the parts in the order of the page.
func liveParts(d overviewData) map[string]templ.Component {
	return map[string]templ.Component{
		"now": nowLine(d), "figures": figuresPart(d), "machines": machinesPart(d), "waves": wavesPart(d),
		"skips": skipsPart(d), "queues": queuePulse(d), "attention": attentionPart(d), "feed": feedPart(d),
		"tiers": tiersPart(d), "clock": clockPart(d), "title": titlePart(d), "total": totalPart(d),
	}
}

var livePartNames = []string{"title", "now", "clock", "figures", "machines", "total", "waves", "skips", "queues", "attention", "feed", "tiers"}

// snapshots renders the parts once for everybody who watches the same: those who are limited to
// communities see less than others.
type snapshots struct {
	mu    sync.Mutex
	taken map[string]snapshot // by the communities that are seen
}

type snapshot struct {
	at    time.Time // real time
	parts []livePart
}

// mostSnapshots bounds what is kept; it is made again in no time.
const mostSnapshots = 100

func (u *ui) snapshot(ctx context.Context) ([]livePart, error) {
	s := &u.live
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := fmt.Sprint(fibonacco.ScopeOf(ctx))
	if t := s.taken[seen]; t.parts != nil && fibonacco.RealTime().Sub(t.at) < lookEvery/2 {
		return t.parts, nil
	}
	d, err := u.readOverview(ctx)
	if err != nil {
		return nil, err
	}
	components := liveParts(d)
	parts := make([]livePart, 0, len(livePartNames))
	for _, name := range livePartNames {
		html, err := render(ctx, components[name])
		if err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		parts = append(parts, livePart{name, html})
	}
	if s.taken == nil || len(s.taken) >= mostSnapshots {
		s.taken = map[string]snapshot{}
	}
	s.taken[seen] = snapshot{fibonacco.RealTime(), parts}
	return parts, nil
}

// overviewEvents is the stream behind an open overview.
func (u *ui) overviewEvents(w http.ResponseWriter, r *http.Request) error {
	return u.follow(w, r, u.snapshot)
}

// follow is the stream behind an open page: each part that has changed, at most once a second. It
// ends with the request, and when the parts cannot be read; the browser asks again by itself.
func (u *ui) follow(w http.ResponseWriter, r *http.Request, read func(context.Context) ([]livePart, error)) error {
	ctx, cancel := context.WithTimeout(r.Context(), streamMost)
	defer cancel()
	out := &stream{w: w, rc: http.NewResponseController(w)}
	var heard <-chan string
	if u.Bulletin != nil {
		heard = u.Bulletin.Listen(ctx)
	}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()

	shown := map[string][]byte{}
	minute, known := "", fibonacco.RealTime()
	for changed, quiet := true, 0; ; {
		if now := u.minute(); changed || now != minute || quiet >= lookAnyway {
			parts, err := read(ctx)
			if err != nil {
				if ctx.Err() == nil {
					u.Log.Error("a live page ended", "path", r.URL.Path, "error", err)
				}
				if len(shown) == 0 { // an empty stream would look like a good one to the page
					http.Error(w, "figures not available", http.StatusServiceUnavailable)
				}
				return nil
			}
			if len(shown) == 0 {
				w.Header().Set("Content-Type", "text/event-stream")
				w.Header().Set("X-Accel-Buffering", "no")
			}
			for _, p := range parts {
				if !bytes.Equal(shown[p.name], p.html) {
					out.event(p.name, p.html)
					shown[p.name] = p.html
				}
			}
			changed, quiet, minute = false, 0, now
		}
		if fibonacco.RealTime().Sub(known) >= askAgain {
			if _, err := u.identify(r); err != nil {
				return nil
			}
			known = fibonacco.RealTime()
		}
		out.keepAlive()
		if out.flush() != nil {
			return nil
		}
	wait:
		for {
			select {
			case <-ctx.Done():
				return nil
			case _, open := <-heard:
				if !open {
					heard = nil
					continue
				}
				changed = true
			case <-tick.C:
				quiet++
				break wait
			}
		}
	}
}

// minute is what a page shows of the clock.
func (u *ui) minute() string { return u.Clock.Now().Format("2006-01-02 15:04") }

// stream writes server-sent events. The first error ends it.
type stream struct {
	w     io.Writer
	rc    *http.ResponseController
	err   error
	spoke time.Time // real time
	dirty bool
}

func (s *stream) event(name string, data []byte) {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\n")
	for line := range bytes.Lines(data) {
		b.WriteString("data: ")
		b.Write(bytes.TrimRight(line, "\r\n"))
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	s.write(b.Bytes())
}

func (s *stream) keepAlive() {
	if fibonacco.RealTime().Sub(s.spoke) >= keepAlive {
		s.write([]byte(": still here\n\n"))
	}
}

func (s *stream) write(p []byte) {
	if s.err != nil {
		return
	}
	// The server's own time limit is meant for pages, not for streams. Not every writer has one.
	_ = s.rc.SetWriteDeadline(fibonacco.RealTime().Add(writeWithin))
	_, s.err = s.w.Write(p)
	s.dirty, s.spoke = true, fibonacco.RealTime()
}

func (s *stream) flush() error {
	if s.err == nil && s.dirty {
		s.err, s.dirty = s.rc.Flush(), false
	}
	return s.err
}
