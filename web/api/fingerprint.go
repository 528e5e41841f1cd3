package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime"
	"net/http"
	"time"
)

// printedBody is a request's body that is fingerprinted as it is read, however long it is.
type printedBody struct {
	io.ReadCloser
	print  hash.Hash
	into   io.Writer
	marked *unbound // nil unless the body is a form
	ended  bool
}

// fingerprintBody begins the fingerprint of what r brings: its type, and its bytes. The boundary
// of a form, which clients draw anew each time, is left out.
func fingerprintBody(r *http.Request) *printedBody {
	b := &printedBody{ReadCloser: r.Body, print: sha256.New()}
	b.into = b.print
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil {
		_, _ = b.print.Write([]byte(kind + "\n"))
	}
	if boundary := params["boundary"]; err == nil && boundary != "" {
		b.marked = &unbound{to: b.print, boundary: []byte(boundary)}
		b.into = b.marked
	}
	return b
}

// Read implements io.Reader.
func (b *printedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	_, _ = b.into.Write(p[:n])
	b.ended = b.ended || errors.Is(err, io.EOF)
	return n, err
}

// sum reads what is left and is the fingerprint; whole is false when the body broke off.
func (b *printedBody) sum(w http.ResponseWriter, most time.Duration) (print string, whole bool) {
	if !b.ended && readRest(w, b, most) != nil {
		return "", false
	}
	if b.marked != nil {
		b.marked.flush()
	}
	return hex.EncodeToString(b.print.Sum(nil)), true
}

// unbound passes bytes on with every occurrence of a boundary replaced by a mark.
type unbound struct {
	to       io.Writer
	boundary []byte
	tail     []byte // may be the beginning of a boundary
}

var boundaryMark = []byte("\x00boundary\x00")

// Write implements io.Writer.
func (u *unbound) Write(p []byte) (int, error) {
	text := append(u.tail, p...)
	for {
		at := bytes.Index(text, u.boundary)
		if at < 0 {
			break
		}
		_, _ = u.to.Write(text[:at])
		_, _ = u.to.Write(boundaryMark)
		text = text[at+len(u.boundary):]
	}
	keep := min(len(text), len(u.boundary)-1)
	_, _ = u.to.Write(text[:len(text)-keep])
	u.tail = append([]byte(nil), text[len(text)-keep:]...)
	return len(p), nil
}

// flush passes on what turned out to be no boundary.
func (u *unbound) flush() {
	_, _ = u.to.Write(u.tail)
	u.tail = nil
}
