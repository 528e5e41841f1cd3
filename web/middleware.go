package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

var sane = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// traced gives each request an id, and writes down once, at the end, what became of it: errors
// with their cause, the rest at debug. Routes and ids only, no path, which may hold a signed link.
func (s *server) traced(next http.Handler) http.Handler {
	observer, _ := s.o.Metrics.(interface {
		observe(pattern string, status int, took time.Duration)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := fibonacco.RealTime()
		trace := &edge.Trace{RequestID: r.Header.Get("X-Request-Id")}
		if !sane.MatchString(trace.RequestID) {
			trace.RequestID = newID()
		}
		w.Header().Set("X-Request-Id", trace.RequestID)
		answer := &answer{ResponseWriter: w}
		r = r.WithContext(edge.WithTrace(r.Context(), trace))
		next.ServeHTTP(answer, r)

		took := fibonacco.RealTime().Sub(began)
		status := answer.status
		if status == 0 {
			status = http.StatusOK
		}
		if observer != nil {
			observer.observe(trace.Pattern, status, took)
		}
		level := slog.LevelDebug
		if trace.Err != nil {
			level = slog.LevelError
		}
		if !s.o.Log.Enabled(r.Context(), level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("request", trace.RequestID), slog.String("method", r.Method), slog.String("route", trace.Pattern),
			slog.Int("status", status), slog.Int64("bytes", answer.bytes), slog.Duration("took", took),
		}
		if p := trace.Principal; p != nil {
			attrs = append(attrs, slog.Int64("user", p.UserID), slog.Int64("token", p.TokenID))
		}
		if trace.Err != nil {
			attrs = append(attrs, slog.Any("error", trace.Err))
		}
		s.o.Log.LogAttrs(r.Context(), level, "request", attrs...)
	})
}

func newID() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// answer notes what is written.
type answer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection: deadlines, flushing.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush is for those who ask for http.Flusher by type.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// recovered turns a panic into a 500 where nothing has been answered yet, and into a broken
// connection where something has.
func (s *server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			err := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			if a, ok := w.(*answer); ok && a.status != 0 {
				edge.TraceOf(r.Context()).Err = err
				s.o.Log.ErrorContext(r.Context(), "an answer broke off", "request", edge.TraceOf(r.Context()).RequestID, "error", err)
				panic(http.ErrAbortHandler)
			}
			edge.Write(w, r, err)
		}()
		next.ServeHTTP(w, r)
	})
}

// headed sets what every answer carries. Pages replace the content security policy by their own.
func (s *server) headed(next http.Handler) http.Handler {
	secure := strings.HasPrefix(s.o.Config.HTTP.PublicURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		// Signed links must not leave in a Referer; "no-referrer" would also blank the Origin of our own forms.
		h.Set("Referrer-Policy", "same-origin")
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// bounded limits the body to 1 MiB, or to a file's size where files are taken in. A page that takes
// photos has a smaller limit of its own, and an answer for people to what is beyond it.
func (s *server) bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := int64(1 << 20)
		switch path := r.URL.Path; {
		case strings.HasSuffix(path, "/import"), strings.HasSuffix(path, "/import/preview"):
			most = 512 << 20
		case strings.HasPrefix(path, "/my/") && strings.HasSuffix(path, "/page/photos"):
			most = 64 << 20
		}
		if r.ContentLength > most {
			edge.Write(w, r, fibonacco.Errorf(fibonacco.TooLarge, "the body is larger than %d bytes", most))
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, most)
		next.ServeHTTP(w, r)
	})
}

// get serves one of the plain GET endpoints.
func (s *server) get(w http.ResponseWriter, r *http.Request, pattern string, do http.HandlerFunc) {
	edge.TraceOf(r.Context()).Pattern = pattern
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		edge.Write(w, r, edge.NotAllowed(r, "GET, HEAD"))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	do(w, r.WithContext(ctx))
}
