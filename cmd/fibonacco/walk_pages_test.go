package main

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/ui"
)

// staffPage is one page of api.Pages at an address that is really there.
type staffPage struct {
	pattern, path string
	whole         bool // a document of ours for people, not a part of one, a file, a stream or a stranger's
}

// routesOf answers which of api.Pages takes a request, the one with the most words of its own; "" is
// none of them. (No mux can hold them all: /businesses/import/{uuid} and /businesses/{id}/export.)
func routesOf(method, address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	best, most := "", -1
	for pattern := range api.Pages {
		of, path, _ := strings.Cut(pattern, " ")
		if words := wordsInCommon(strings.TrimSuffix(path, "{$}"), u.Path); of == method && words > most {
			best, most = pattern, words
		}
	}
	return best
}

// wordsInCommon is how many parts of a path a pattern names; -1 when it does not take the path.
func wordsInCommon(pattern, path string) int {
	want, have := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return -1
	}
	n := 0
	for i, part := range want {
		switch {
		case part == have[i]:
			n++
		case !strings.HasPrefix(part, "{") || have[i] == "":
			return -1
		}
	}
	return n
}

// findPages walks from the pages without parameters along every link, until each GET of api.Pages has
// an address: the links are what fills the parameters in, with rows that are there. A page that no
// other page leads to cannot be reached by anybody, and fails the test; but for seldom, which need a
// column that somebody has chosen, or a tab that is open.
func findPages(t *testing.T, g *guest, seldom ...string) []staffPage {
	t.Helper()
	found := map[string]*staffPage{}
	var queue []*staffPage
	note := func(pattern, path string) {
		if pattern != "" && found[pattern] == nil {
			found[pattern] = &staffPage{pattern: pattern, path: path}
			queue = append(queue, found[pattern])
		}
	}
	for _, path := range seldom {
		note(routesOf(http.MethodGet, path), path)
	}
	patterns := slices.Sorted(maps.Keys(api.Pages))
	for _, pattern := range patterns {
		if path, ok := strings.CutPrefix(pattern, "GET "); ok && (!strings.Contains(path, "{") || path == "/{$}") {
			note(pattern, strings.TrimSuffix(path, "{$}"))
		}
	}
	for len(queue) > 0 {
		p := queue[0]
		queue = queue[1:]
		a := g.visits(p.path)
		if a.status >= http.StatusBadRequest {
			t.Errorf("%s, found at %s: %d", p.pattern, p.path, a.status)
		}
		if a.page == nil {
			continue
		}
		p.whole = a.status == http.StatusOK && !strings.Contains(a.head.Get("Content-Security-Policy"), "sandbox") && !strings.HasPrefix(p.path, ui.RiverPrefix)
		for _, to := range leads(a.page, p.path) {
			note(routesOf(http.MethodGet, to), to)
		}
	}
	for _, pattern := range patterns {
		if strings.HasPrefix(pattern, "GET ") && found[pattern] == nil {
			t.Errorf("no page leads to %s: give it a link, and settleHouse a row that it shows", pattern)
		}
	}
	all := slices.SortedFunc(maps.Values(found), func(a, b *staffPage) int { return cmp.Compare(a.pattern, b.pattern) })
	pages := make([]staffPage, len(all))
	for i, p := range all {
		pages[i] = *p
	}
	return pages
}

// leads are the addresses of this house that a page asks for, or lets somebody ask for.
func leads(page *html.Node, from string) (all []string) {
	base, err := url.Parse(from)
	if err != nil {
		return nil
	}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		names := []string{"href", "src", "hx-get", "sse-connect", "data-live"}
		if n.Data == "form" && !strings.EqualFold(attr(n, "method"), "post") {
			names = append(names, "action")
		}
		for _, name := range names {
			if to, err := base.Parse(attr(n, name)); err == nil && attr(n, name) != "" && to.Host == "" {
				all = append(all, to.RequestURI())
			}
		}
	}
	return all
}

// posts are the addresses that a page offers to post to.
func posts(page *html.Node, from string) (all []string) {
	base, err := url.Parse(from)
	if err != nil {
		return nil
	}
	add := func(to string) {
		if u, err := base.Parse(to); err == nil && u.Host == "" {
			all = append(all, u.RequestURI())
		}
	}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if n.Data == "form" && strings.EqualFold(attr(n, "method"), "post") {
			add(cmp.Or(attr(n, "action"), from))
		}
		for _, name := range []string{"formaction", "hx-post", "hx-put", "hx-patch", "hx-delete"} {
			if to := attr(n, name); to != "" {
				add(to)
			}
		}
	}
	return all
}
