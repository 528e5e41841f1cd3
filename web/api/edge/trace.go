package edge

import (
	"context"

	"github.com/fibonacco/fibonacco"
)

// Trace is what is noted about one request on its way, for the log and for answers: ids only.
// It belongs to the goroutine that serves the request.
type Trace struct {
	RequestID string
	Pattern   string // the route that matched; "" when none did
	Principal *fibonacco.Principal
	Err       error // why the answer is 500 or 503
}

type traceKey struct{}

// WithTrace puts a trace into a request's context.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

// TraceOf is the request's trace, or a lost one when it has none; never nil.
func TraceOf(ctx context.Context) *Trace {
	if t, ok := ctx.Value(traceKey{}).(*Trace); ok {
		return t
	}
	return &Trace{}
}
