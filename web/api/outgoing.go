package api

import (
	"compress/gzip"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// gzipFrom is how long an answer must be to be worth the work: less fits a packet anyhow.
const gzipFrom = 1400

var gzipTypes = []string{
	"application/json", "application/problem+json", "application/openapi+json", "application/openapi+yaml",
	"application/x-ndjson", "text/csv", "text/html", "text/css", "text/javascript",
}

var gzipWriters = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a known one
	return w
}}

// outgoing is an answer on its way out. A long one is compressed when the client takes gzip. One
// with an ETag is not: the tag names its bytes, and comes back in If-Match.
type outgoing struct {
	http.ResponseWriter
	accepts bool // the client takes gzip
	status  int  // 0: none yet
	decided bool // the status is out, and it is clear whether zip is used
	held    []byte
	zip     *gzip.Writer
}

func newOutgoing(w http.ResponseWriter, r *http.Request) *outgoing {
	w.Header().Add("Vary", "Accept-Encoding")
	return &outgoing{ResponseWriter: w, accepts: r.Method != http.MethodHead && acceptsGzip(r.Header.Get("Accept-Encoding"))}
}

// Compressed lets the longer answers of a handler leave compressed, for the pages that are served beside
// the interface. Nothing in them is both a secret and next to what a stranger may choose.
func Compressed(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := newOutgoing(w, r)
		h.ServeHTTP(out, r)
		out.finish() // not deferred: what breaks off shall look broken
	})
}

func acceptsGzip(header string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		text, weighed := strings.CutPrefix(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
		q, err := strconv.ParseFloat(text, 64)
		return !weighed || err == nil && q > 0
	}
	return false
}

// Unwrap lets http.ResponseController reach the connection.
func (o *outgoing) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader implements http.ResponseWriter. Only the first status counts.
func (o *outgoing) WriteHeader(status int) {
	switch {
	case status < http.StatusOK:
		o.ResponseWriter.WriteHeader(status)
	case o.status == 0:
		o.status = status
	}
}

// Write implements http.ResponseWriter.
func (o *outgoing) Write(b []byte) (int, error) {
	o.WriteHeader(http.StatusOK)
	if !o.decided {
		if o.accepts && len(o.held)+len(b) < gzipFrom {
			o.held = append(o.held, b...)
			return len(b), nil
		}
		if err := o.decide(true); err != nil {
			return 0, err
		}
	}
	if o.zip != nil {
		return o.zip.Write(b)
	}
	return o.ResponseWriter.Write(b)
}

// FlushError implements what http.ResponseController looks for. What streams is compressed
// however short its first piece is.
func (o *outgoing) FlushError() error {
	o.WriteHeader(http.StatusOK)
	if err := o.decide(true); err != nil {
		return err
	}
	if o.zip != nil {
		if err := o.zip.Flush(); err != nil {
			return err
		}
	}
	return http.NewResponseController(o.ResponseWriter).Flush()
}

// decide sends the status and what is held, compressed when it is long and may be.
func (o *outgoing) decide(long bool) error {
	if o.decided {
		return nil
	}
	o.decided = true
	if long && o.accepts && o.mayZip() {
		o.Header().Set("Content-Encoding", "gzip")
		o.Header().Del("Content-Length")
		o.zip = gzipWriters.Get().(*gzip.Writer)
		o.zip.Reset(o.ResponseWriter)
	}
	o.ResponseWriter.WriteHeader(o.status)
	var err error
	switch {
	case len(o.held) == 0:
	case o.zip != nil:
		_, err = o.zip.Write(o.held)
	default:
		_, err = o.ResponseWriter.Write(o.held) //nolint:gosec // what the handler answered, of the type that it said
	}
	o.held = nil
	return err
}

func (o *outgoing) mayZip() bool {
	h := o.Header()
	kind, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	return err == nil && slices.Contains(gzipTypes, kind) && h.Get("ETag") == "" && h.Get("Content-Encoding") == "" &&
		o.status != http.StatusNoContent && o.status != http.StatusNotModified
}

// finish ends an answer that was given in full. One that broke off must not look as if it were.
func (o *outgoing) finish() {
	if o.status == 0 {
		return // nothing was answered: that is the server's to notice
	}
	_ = o.decide(false) // who has gone away cannot be told
	if o.zip != nil {
		_ = o.zip.Close()
		gzipWriters.Put(o.zip)
		o.zip = nil
	}
}
