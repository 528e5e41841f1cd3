// Package docs is the reference of the JSON interface for people, at /api/docs: pages made on the
// server from the specification itself, so that they cannot say anything else. They need no
// script, and nothing from anywhere else; their look is the product's (package static).
package docs

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/danielgtaylor/huma/v2"
)

// Path is where the reference begins.
const Path = "/api/docs"

// policy lets a page load our own style sheets, fonts and pictures, and nothing else.
const policy = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Docs is the reference of one specification. It implements http.Handler for everything at and
// below Path.
type Docs struct {
	pages func() (map[string][]byte, error) // by path
}

// New makes the reference. rule says in a few words who may use a route, "GET /api/v1/smbs". The
// specification is read at the first request, and must not change afterwards.
func New(spec *huma.OpenAPI, rule func(route string) string) *Docs {
	return &Docs{pages: sync.OnceValues(func() (map[string][]byte, error) { return write(spec, rule) })}
}

// Page is the page at a path; nil when there is none.
func (d *Docs) Page(path string) ([]byte, error) {
	pages, err := d.pages()
	return pages[strings.TrimSuffix(path, "/")], err
}

// Serve answers with a page.
func Serve(w http.ResponseWriter, page []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-cache")
	_, _ = w.Write(page) // who has gone away cannot be told
}

// write makes every page: the guide, and one for each tag.
func write(spec *huma.OpenAPI, rule func(string) string) (map[string][]byte, error) {
	g, err := readGuide(spec, rule)
	if err != nil {
		return nil, err
	}
	pages := map[string][]byte{}
	add := func(path string, page templ.Component) error {
		var text bytes.Buffer
		if err := page.Render(context.Background(), &text); err != nil {
			return fmt.Errorf("write the page %s: %w", path, err)
		}
		pages[path] = text.Bytes()
		return nil
	}
	if err := add(Path, g.guidePage()); err != nil {
		return nil, err
	}
	for _, group := range g.Groups {
		if err := add(group.path(), g.groupPage(group)); err != nil {
			return nil, err
		}
	}
	return pages, nil
}
