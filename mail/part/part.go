// Package part takes a mail apart into what it consists of.
package part

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"strings"
)

const deepest = 5 // parts within parts; ours have one

// Each calls fn with every part that has no parts itself, decoded, in their order. header is that of
// the mail; what names no type is plain text. Returns fn's first error, and one of its own for what is
// not MIME, is cut off, or has parts within parts within parts.
func Each(header textproto.MIMEHeader, body io.Reader, fn func(media string, content []byte) error) error {
	return each(header, body, fn, 0)
}

func each(header textproto.MIMEHeader, body io.Reader, fn func(media string, content []byte) error, depth int) error {
	media, params := "text/plain", map[string]string(nil)
	if kind := header.Get("Content-Type"); kind != "" {
		var err error
		if media, params, err = mime.ParseMediaType(kind); err != nil {
			return fmt.Errorf("content type: %w", err)
		}
	}
	if !strings.HasPrefix(media, "multipart/") {
		content, err := io.ReadAll(Decoded(header, body))
		if err != nil {
			return err
		}
		return fn(media, content)
	}
	if depth >= deepest {
		return errors.New("parts within parts within parts")
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := each(p.Header, p, fn, depth+1); err != nil {
			return err
		}
	}
}

// Decoded reads a body as it was before it was put into seven bits.
func Decoded(header textproto.MIMEHeader, body io.Reader) io.Reader {
	switch strings.ToLower(header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		return quotedprintable.NewReader(body)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, body)
	}
	return body
}
