package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

const (
	idempotencyKey      = "Idempotency-Key"
	idempotencyReplayed = "Idempotency-Replayed"

	keptBodyMost = 1 << 20 // bytes of an answer that is kept
)

// keptHeaders are those of an answer that belong to it, and not to the connection or the moment.
var keptHeaders = []string{"Content-Type", "Location", "ETag"}

// once carries a POST with an Idempotency-Key out, or gives the answer that it was given before.
func (a *API) once(w http.ResponseWriter, r *http.Request, p *fibonacco.Principal, b bounds) error {
	req, err := keyedRequest(r, p)
	if err != nil {
		return err
	}
	if a.o.Idempotency == nil {
		return moduleAbsent("memory for idempotency keys")
	}
	try, kept, err := a.o.Idempotency.Claim(r.Context(), req)
	switch {
	case fibonacco.CodeOf(err) == fibonacco.Conflict:
		return edge.From(r.Context(), err).RetryAfter(time.Second)
	case err != nil:
		return err
	case kept != nil:
		return replay(w, r, kept, b.time)
	}
	a.carryOut(w, r, req, try, b.time)
	return nil
}

// keyedRequest reads the key. Whose it is goes with it: nobody finds out what others asked for.
func keyedRequest(r *http.Request, p *fibonacco.Principal) (fibonacco.KeyedRequest, error) {
	keys := r.Header.Values(idempotencyKey)
	reason := ""
	switch key := keys[0]; {
	case len(keys) > 1:
		reason = "is given twice"
	case key == "" || len(key) > 255:
		reason = "must have 1 to 255 characters"
	default:
		for _, c := range []byte(key) {
			if c <= ' ' || c > '~' {
				reason = "must be visible ASCII characters, for example a uuid"
			}
		}
	}
	if reason != "" {
		return fibonacco.KeyedRequest{}, fibonacco.InvalidFields("the request cannot be told from others",
			[]fibonacco.FieldError{{Field: idempotencyKey, Reason: reason}})
	}
	owner := fmt.Sprintf("user:%d", p.UserID)
	if p.TokenID != 0 {
		owner = fmt.Sprintf("token:%d", p.TokenID)
	}
	return fibonacco.KeyedRequest{Owner: owner, Key: keys[0], Address: r.Method + " " + r.URL.EscapedPath() + "?" + r.URL.RawQuery}, nil
}

// carryOut runs the request's route, and keeps the answer before anybody sees it. It goes on when
// the client goes away: to leave off in the middle is what a key is there to prevent.
func (a *API) carryOut(w http.ResponseWriter, r *http.Request, req fibonacco.KeyedRequest, try string, most time.Duration) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), most)
	defer cancel()
	stopped := a.holdClaim(ctx, cancel, req, try)
	body := fingerprintBody(r)
	r = r.WithContext(ctx)
	r.Body = body
	answer := &heldAnswer{ResponseWriter: w}
	over := false
	defer func() {
		if !over { // a panic, on its way to whoever makes a 500 of it
			a.forget(r.Context(), req, try)
		}
	}()
	a.mux.ServeHTTP(answer, r)
	over = true
	cancel()
	<-stopped

	print, whole := body.sum(w, most)
	if !whole || !lasting(answer.status) {
		a.forget(r.Context(), req, try)
		answer.send()
		return
	}
	kept := fibonacco.KeptAnswer{Status: answer.status, Headers: map[string]string{}, Body: answer.body, Long: answer.sent, Request: print}
	for _, name := range keptHeaders {
		if value := w.Header().Get(name); value != "" {
			kept.Headers[name] = value
		}
	}
	if err := a.o.Idempotency.Keep(context.WithoutCancel(r.Context()), req, try, kept); err != nil {
		// What was asked for is done: say so, and let the claim lapse.
		a.o.Log.ErrorContext(ctx, "an answer was not kept", "request", edge.TraceOf(ctx).RequestID, "error", err)
	}
	answer.send()
}

// lasting answers are the same tomorrow: neither our fault nor the moment's.
func lasting(status int) bool {
	return status != 0 && status < http.StatusInternalServerError && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}

// holdClaim keeps the claim of a running request from lapsing until ctx ends, and stops the
// request when it is lost all the same. The channel closes when it has left off.
func (a *API) holdClaim(ctx context.Context, lost func(), req fibonacco.KeyedRequest, try string) <-chan struct{} {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(fibonacco.IdempotencyLease / 4)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			held, err := a.o.Idempotency.Extend(ctx, req, try)
			switch {
			case err != nil && ctx.Err() == nil: // the next tick may do better
				a.o.Log.LogAttrs(ctx, slog.LevelError, "the claim of a request was not extended",
					slog.String("request", edge.TraceOf(ctx).RequestID), slog.Any("error", err))
			case err == nil && !held:
				lost()
			}
		}
	}()
	return stopped
}

func (a *API) forget(ctx context.Context, req fibonacco.KeyedRequest, try string) {
	if err := a.o.Idempotency.Free(context.WithoutCancel(ctx), req, try); err != nil {
		a.o.Log.ErrorContext(ctx, "an idempotency key was not freed", "request", edge.TraceOf(ctx).RequestID, "error", err)
	}
}

// replay gives an answer again, once it is clear that the body is the same too.
func replay(w http.ResponseWriter, r *http.Request, kept *fibonacco.KeptAnswer, most time.Duration) error {
	print, whole := fingerprintBody(r).sum(w, most)
	reason := ""
	switch {
	case !whole:
		return fibonacco.Errorf(fibonacco.Malformed, "the body could not be read to its end")
	case print != kept.Request:
		reason = "was used for another request: take a new key for each"
	case kept.Long:
		reason = "was carried out, but its answer was too long to be kept"
	}
	if reason != "" {
		return fibonacco.InvalidFields("the request cannot be answered again", []fibonacco.FieldError{{Field: idempotencyKey, Reason: reason}})
	}
	for name, value := range kept.Headers {
		w.Header().Set(name, value)
	}
	w.Header().Set(idempotencyReplayed, "true")
	w.WriteHeader(kept.Status)
	_, _ = w.Write(kept.Body) //nolint:gosec // JSON, as it was answered before
	return nil
}

// heldAnswer holds an answer back until it is kept. One that is too long for that goes out as it
// comes.
type heldAnswer struct {
	http.ResponseWriter
	status int
	body   []byte
	sent   bool
}

// Unwrap lets http.ResponseController reach the connection's deadlines.
func (h *heldAnswer) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// FlushError implements what http.ResponseController looks for.
func (h *heldAnswer) FlushError() error {
	if !h.sent {
		return nil
	}
	return http.NewResponseController(h.ResponseWriter).Flush()
}

// WriteHeader implements http.ResponseWriter.
func (h *heldAnswer) WriteHeader(status int) {
	if h.status == 0 && status >= http.StatusOK {
		h.status = status
	}
}

// Write implements http.ResponseWriter.
func (h *heldAnswer) Write(b []byte) (int, error) {
	h.WriteHeader(http.StatusOK)
	if h.sent {
		return h.ResponseWriter.Write(b)
	}
	if len(h.body)+len(b) <= keptBodyMost {
		h.body = append(h.body, b...)
		return len(b), nil
	}
	h.send()
	h.body = nil
	return h.ResponseWriter.Write(b)
}

// send lets what is held go, once.
func (h *heldAnswer) send() {
	if h.sent {
		return
	}
	h.sent = true
	h.WriteHeader(http.StatusOK)
	h.ResponseWriter.WriteHeader(h.status)
	if len(h.body) > 0 {
		_, _ = h.ResponseWriter.Write(h.body) //nolint:gosec // what the handler answered, of the type that it said
	}
}

// readRest reads what a handler left of a body.
func readRest(w http.ResponseWriter, body io.Reader, most time.Duration) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(fibonacco.RealTime().Add(most))
	_, err := io.Copy(io.Discard, body)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	_ = control.SetReadDeadline(time.Time{})
	return err
}
