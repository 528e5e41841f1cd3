package api

import (
	"context"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

const (
	pageSizeDefault = 50
	pageSizeMost    = 200
)

// question is everything a caller may ask of a list, read and found to be sound.
type question struct {
	fibonacco.ListQuery
	Include []string
	Fields  []string // members of each entry that are wanted; nil: all
	Format  string   // formatJSON for a page; any other is an export of all pages

	known []string // members that an entry has
}

// wants reports whether a part was asked for with include.
func (q question) wants(part string) bool { return slices.Contains(q.Include, part) }

// registerList adds the route of a listing. Its query parameters come from the listing, in the
// specification as in what is accepted; I holds what else the route takes (path parameters), and
// must not name query parameters of its own. With a filter, a page and an order, the route does:
// sparse entries (fields), totals, links to the next page, and exports of all pages (export.go).
func registerList[I, T any](a *API, op operation, l fibonacco.Listing, do func(ctx context.Context, in *I, q question) (fibonacco.Page[T], error)) {
	members := memberNames(reflect.TypeFor[T]())
	op.parameters = append(op.parameters, listParameters(l, members)...)
	registerUnchecked(a, op, func(ctx context.Context, in *I) (*listBody[T], error) {
		at := exchangeOf(ctx)
		q, err := readQuestion(at, l, members)
		if err = fibonacco.JoinInvalid("the list cannot be read so", at.unknown(), err); err != nil {
			return nil, err
		}
		read := func(ctx context.Context, q question) (fibonacco.Page[T], error) { return do(ctx, in, q) }
		if q.Format != formatJSON {
			return nil, export(ctx, a, l, members, q, read)
		}
		page, err := read(ctx, q)
		if err != nil {
			return nil, err
		}
		return bodyOf(ctx, q, page), nil
	})
	a.describeExport(op)
}

// registerWhole adds the route of a list that has one page only: short by nature, and filtered, if
// at all, by parameters of I. It is sparse when asked with fields, and exported, as any other.
func registerWhole[I, T any](a *API, op operation, do func(ctx context.Context, in *I) (*body[list[T]], error)) {
	members := memberNames(reflect.TypeFor[T]())
	op.parameters = append(op.parameters, fieldsParameter(members), formatParameter())
	l := fibonacco.Listing{Name: strings.TrimPrefix(op.id, "list-")}
	registerUnchecked(a, op, func(ctx context.Context, in *I) (*listBody[T], error) {
		at := exchangeOf(ctx)
		var bad []fibonacco.FieldError
		refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
		values := at.url().Query()
		q := question{known: members, Fields: chosen(values, "fields", members, refuse), Format: formatOf(at.r, values, refuse)}
		if err := fibonacco.JoinInvalid("the list cannot be read so", at.unknown(), fibonacco.InvalidFields("the query", bad)); err != nil {
			return nil, err
		}
		read := func(ctx context.Context, _ question) (page fibonacco.Page[T], err error) {
			all, err := do(ctx, in)
			if err == nil {
				page.Data = all.Body.Data
			}
			return page, err
		}
		if q.Format != formatJSON {
			return nil, export(ctx, a, l, members, q, read)
		}
		page, err := read(ctx, q)
		if err != nil {
			return nil, err
		}
		q.Size = len(page.Data)
		return bodyOf(ctx, q, page), nil
	})
	a.describeExport(op)
}

type listBody[T any] struct {
	Link string `header:"Link" doc:"The next page, rel=next; absent on the last one."`
	Body list[entry[T]]
}

func bodyOf[T any](ctx context.Context, q question, page fibonacco.Page[T]) *listBody[T] {
	out := &listBody[T]{Body: list[entry[T]]{Data: make([]entry[T], len(page.Data)), Page: pageInfo{Size: q.Size, Total: page.Total}}}
	only := q.members()
	for i, v := range page.Data {
		out.Body.Data[i] = entry[T]{v, only}
	}
	if page.Next != "" {
		out.Body.Page.Next = &page.Next
		out.Link = nextLink(exchangeOf(ctx).url(), page.Next)
	}
	return out
}

// members is what each entry shows, nil for all: what was asked for, what was included, and
// always the id, so that an entry can be told from the next.
func (q question) members() []string {
	if q.Fields == nil {
		return nil
	}
	only := slices.Clone(q.Fields)
	for _, name := range append([]string{"id"}, q.Include...) {
		if slices.Contains(q.known, name) && !slices.Contains(only, name) {
			only = append(only, name)
		}
	}
	return only
}

// readQuestion names everything that is wrong with a query at once.
func readQuestion(at exchange, l fibonacco.Listing, members []string) (question, error) {
	values := at.url().Query()
	q := question{known: members, ListQuery: fibonacco.ListQuery{
		Filter: fibonacco.Filter{}, Search: strings.TrimSpace(values.Get("search")), Size: pageSizeDefault, Cursor: values.Get("page[cursor]"),
	}}
	var bad []fibonacco.FieldError
	refuse := func(field, reason string) { bad = append(bad, fibonacco.FieldError{Field: field, Reason: reason}) }
	for name := range values {
		// A field that there is not was refused as an unknown name already.
		if f, ok := l.Field(strings.TrimSuffix(strings.TrimPrefix(name, "filter["), "]")); ok && f.Filter && name == "filter["+f.Name+"]" {
			q.Filter[f.Name] = values.Get(name)
		}
	}
	q.Sort = commas(values, "sort")
	q.Include = chosen(values, "include", l.Includes, refuse)
	q.Fields = chosen(values, "fields", members, refuse)
	q.Format = formatOf(at.r, values, refuse)
	if len([]rune(q.Search)) > 200 {
		refuse("search", "must have at most 200 characters")
	}
	if len(q.Cursor) > 2000 {
		refuse("page[cursor]", "is not a cursor of this list: take page.next as it is")
	}
	q.Size, q.Total = pageOf(values, q.Format, refuse)
	_, filterErr := l.Conditions(q.Filter)
	_, sortErr := l.SortKeys(q.Sort)
	return q, fibonacco.JoinInvalid("the list cannot be read so", fibonacco.InvalidFields("the query", bad), filterErr, sortErr)
}

// pageOf reads how large a page shall be, and whether to count.
func pageOf(values url.Values, format string, refuse func(field, reason string)) (size int, total bool) {
	size = pageSizeDefault
	if text := values.Get("page[size]"); values.Has("page[size]") {
		n, err := strconv.Atoi(text)
		switch {
		case format != formatJSON:
			refuse("page[size]", "has no meaning in an export, which is all pages")
		case err != nil:
			refuse("page[size]", "must be a whole number")
		case n < 1 || n > pageSizeMost:
			refuse("page[size]", fmt.Sprintf("must be from 1 to %d", pageSizeMost))
		}
		size = n
	}
	if text := values.Get("page[total]"); values.Has("page[total]") {
		switch {
		case format != formatJSON:
			refuse("page[total]", "has no meaning in an export: count its entries")
		case text != "true" && text != "false":
			refuse("page[total]", "must be true or false")
		}
		total = text == "true"
	}
	return size, total
}

// commas is a query value as a list; nil when it is not there.
func commas(values url.Values, name string) []string {
	if values.Get(name) == "" {
		return nil
	}
	return strings.Split(values.Get(name), ",")
}

// chosen is a list of names out of those there are, each once.
func chosen(values url.Values, name string, known []string, refuse func(field, reason string)) []string {
	var picked []string
	for _, p := range commas(values, name) {
		if !slices.Contains(known, p) {
			refuse(name, notKnown(known))
			return nil
		}
		if !slices.Contains(picked, p) {
			picked = append(picked, p)
		}
	}
	return picked
}

// nextLink is the Link header (RFC 8288) of the next page.
func nextLink(u *url.URL, cursor string) string {
	values := u.Query()
	values.Set("page[cursor]", cursor)
	return "<" + u.EscapedPath() + "?" + values.Encode() + `>; rel="next"`
}
