package api

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/fibonacco/fibonacco"
)

// readable refuses what no database can store or find: broken percent-encoding, broken UTF-8 and
// zero characters.
func readable(r *http.Request) error {
	if !clean(r.URL.Path) {
		return fibonacco.Errorf(fibonacco.NotFound, "there is no such resource")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return fibonacco.Errorf(fibonacco.Malformed, "the query cannot be read: it is not percent-encoded as it should be")
	}
	for name, list := range values {
		if !clean(name) || slices.ContainsFunc(list, func(v string) bool { return !clean(v) }) {
			return fibonacco.Errorf(fibonacco.Malformed, "the query holds a zero character, or text that is not UTF-8")
		}
	}
	return nil
}

func clean(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }

// withExchange hands the request itself on to the handlers.
func (a *API) withExchange(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	at := exchange{r: r, w: w, known: queryNames(ctx.Operation())}
	if rules := a.rules[ctx.Operation().OperationID]; rules != nil {
		var body bytes.Buffer
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &body), r.Body}
		at.rules = func() error { return rules(body.Bytes()) }
	}
	next(huma.WithValue(ctx, exchangeKey{}, at))
}

func queryNames(op *huma.Operation) []string {
	var names []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
		}
	}
	return names
}

// onlyKnown refuses query names that the operation does not know, so that a misspelt filter is
// not taken for none.
func onlyKnown(query url.Values, known []string) error {
	var bad []fibonacco.FieldError
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			bad = append(bad, fibonacco.FieldError{Field: name, Reason: notKnown(known)})
		case len(values) > 1:
			bad = append(bad, fibonacco.FieldError{Field: name, Reason: "is given twice: several values are separated by commas"})
		}
	}
	slices.SortFunc(bad, func(a, b fibonacco.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return fibonacco.InvalidFields("the query cannot be answered", bad)
}

func notKnown(known []string) string {
	if len(known) == 0 {
		return "is not known here: there is nothing to ask for"
	}
	return "is not known here: there is " + strings.Join(known, ", ")
}

// pageInfo goes with every list.
type pageInfo struct {
	Size  int     `json:"size" doc:"Entries a page, as asked for."`
	Next  *string `json:"next" doc:"The page[cursor] of the next page; null on the last one."`
	Total *int    `json:"total,omitempty" doc:"How many there are on all pages, when page[total]=true asked for it."`
}

// list is a page of anything.
type list[T any] struct {
	Data []T      `json:"data"`
	Page pageInfo `json:"page"`
}

// whole is a list that has one page only.
func whole[T any](all []T) list[T] {
	return list[T]{Data: all, Page: pageInfo{Size: len(all)}}
}

// number is a path's id; NotFound for what cannot be one.
func number(text, what string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fibonacco.Errorf(fibonacco.NotFound, "there is no such %s", what)
	}
	return id, nil
}
