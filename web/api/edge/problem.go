// Package edge is what every handler of the web server shares: how an error becomes an answer
// (problem+json, RFC 9457), and what is noted about a request on its way.
package edge

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
)

// Codes that only the web server gives; the others are fibonacco's.
const (
	MethodNotAllowed     fibonacco.Code = "method_not_allowed"     // 405
	Timeout              fibonacco.Code = "timeout"                // 408
	PreconditionFailed   fibonacco.Code = "precondition_failed"    // 412: what If-Match names is no longer so
	UnsupportedMediaType fibonacco.Code = "unsupported_media_type" // 415
)

// Problem is an error as a client sees it: problem+json of RFC 9457 with three members more.
type Problem struct {
	Type      string         `json:"type" format:"uri-reference" example:"about:blank" doc:"Always about:blank: code says what happened."`
	Title     string         `json:"title" example:"Unprocessable Entity" doc:"The status in words."`
	Status    int            `json:"status" example:"422" doc:"The HTTP status."`
	Code      fibonacco.Code `json:"code" example:"invalid" doc:"What happened, for programs: malformed, invalid, unauthorized, forbidden, not_found, method_not_allowed, conflict, precondition_failed, too_large, unsupported_media_type, too_many, timeout, not_implemented, unavailable or internal."`
	Detail    string         `json:"detail" example:"The business cannot be saved." doc:"What happened, for people."`
	Errors    []Refusal      `json:"errors,omitempty" doc:"The refused values, all at once; only with code invalid."`
	RequestID string         `json:"request_id,omitempty" example:"3f9c2d41b7a05e68" doc:"Finds this request in the server's log."`

	header http.Header
	cause  error
}

// Refusal is one value that was refused.
type Refusal struct {
	Field  string `json:"field" example:"primary_email" doc:"The name as the caller wrote it."`
	Reason string `json:"reason" example:"is not an e-mail address" doc:"What is wrong with it."`
}

// Error implements error.
func (p *Problem) Error() string { return p.Detail }

// Unwrap is the error that the problem was made of; nil for none.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is part of what huma asks of an error.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is part of what huma asks of an error.
func (p *Problem) GetHeaders() http.Header { return p.header }

// ContentType is part of what huma asks of an error.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// With adds a header to the answer.
func (p *Problem) With(name, value string) *Problem {
	p.header.Set(name, value)
	return p
}

var statuses = map[fibonacco.Code]int{
	fibonacco.Internal:       http.StatusInternalServerError,
	fibonacco.Invalid:        http.StatusUnprocessableEntity,
	fibonacco.Malformed:      http.StatusBadRequest,
	fibonacco.Unauthorized:   http.StatusUnauthorized,
	fibonacco.Forbidden:      http.StatusForbidden,
	fibonacco.NotFound:       http.StatusNotFound,
	fibonacco.Conflict:       http.StatusConflict,
	fibonacco.TooLarge:       http.StatusRequestEntityTooLarge,
	fibonacco.TooMany:        http.StatusTooManyRequests,
	fibonacco.NotImplemented: http.StatusNotImplemented,
	fibonacco.Unavailable:    http.StatusServiceUnavailable,
	MethodNotAllowed:         http.StatusMethodNotAllowed,
	Timeout:                  http.StatusRequestTimeout,
	PreconditionFailed:       http.StatusPreconditionFailed,
	UnsupportedMediaType:     http.StatusUnsupportedMediaType,
}

// CodeOf is the code that goes with an HTTP status; Internal when there is none.
func CodeOf(status int) fibonacco.Code {
	for code, s := range statuses {
		if s == status {
			return code
		}
	}
	return fibonacco.Internal
}

const internalDetail = "Something went wrong on our side. The request id finds it in the server's log."

// New makes a problem of a code, with a sentence for people.
func New(ctx context.Context, code fibonacco.Code, detail string) *Problem {
	status, ok := statuses[code]
	if !ok {
		code, status = fibonacco.Internal, http.StatusInternalServerError
	}
	return &Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: sentence(detail),
		RequestID: TraceOf(ctx).RequestID, header: http.Header{},
	}
}

// From makes a problem of any error. The words of one that is not a fibonacco.Error are for the
// log: they are kept in the request's trace, which the server writes down.
func From(ctx context.Context, err error) *Problem {
	var known *Problem
	if errors.As(err, &known) {
		return known
	}
	var tooLarge *http.MaxBytesError
	var domain *fibonacco.Error
	switch {
	case errors.As(err, &domain):
	case errors.As(err, &tooLarge):
		domain = fibonacco.Errorf(fibonacco.TooLarge, "the body is larger than %d bytes", tooLarge.Limit)
	case errors.Is(err, context.Canceled):
		domain = fibonacco.Errorf(Timeout, "the request was given up before it was answered")
	case errors.Is(err, context.DeadlineExceeded):
		domain = fibonacco.Errorf(fibonacco.Unavailable, "this took too long: try again, or ask for less")
	default:
		domain = fibonacco.Errorf(fibonacco.Internal, "")
	}
	p := New(ctx, domain.Code, domain.Message)
	p.cause = err
	for _, f := range domain.Fields {
		p.Errors = append(p.Errors, Refusal(f))
	}
	switch p.Code {
	case fibonacco.Internal:
		p.Detail = internalDetail
		TraceOf(ctx).Err = err
	case fibonacco.Unavailable:
		TraceOf(ctx).Err = err
		p = p.RetryAfter(time.Second)
	case fibonacco.Unauthorized:
		p.header.Set("WWW-Authenticate", `Bearer realm="fibonacco"`)
	case fibonacco.TooMany:
		wait := time.Minute
		var told interface{ RetryAfter() time.Duration }
		if errors.As(err, &told) {
			wait = told.RetryAfter()
		}
		p = p.RetryAfter(wait)
	}
	return p
}

// RetryAfter says when to come again, in whole seconds, at least one.
func (p *Problem) RetryAfter(wait time.Duration) *Problem {
	return p.With("Retry-After", strconv.Itoa(max(1, int(math.Ceil(wait.Seconds())))))
}

// Write answers a request with err as problem+json.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	p := From(r.Context(), err)
	h := w.Header()
	for name, values := range p.header {
		h[name] = values
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Length")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // who has gone away cannot be told
	}
}

// sentence turns an error's message into one: a capital, a full stop.
func sentence(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	s = string(unicode.ToUpper(first)) + s[size:]
	switch last, _ := utf8.DecodeLastRuneInString(s); last {
	case '.', '!', '?', '…':
		return s
	}
	return s + "."
}
