package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// The forms in which a list is given: a page of it, or an export of the whole.
const (
	formatJSON   = "json"
	formatNDJSON = "ndjson"
	formatCSV    = "csv"
)

const (
	exportsAtOnce = 4                // on one node: each keeps the database busy without a pause
	exportMost    = 6 * time.Hour    // the whole of it
	exportPage    = 30 * time.Second // reading one page, or a client taking it
)

var formatTypes = map[string]string{"application/json": formatJSON, "application/x-ndjson": formatNDJSON, "text/csv": formatCSV}

// formatOf is what the query asks for or, when it does not say, the Accept header: browsers need
// a link, programs have headers.
func formatOf(r *http.Request, values url.Values, refuse func(field, reason string)) string {
	if values.Has("format") {
		format := values.Get("format")
		if format != formatJSON && format != formatNDJSON && format != formatCSV {
			refuse("format", "must be one of json, ndjson, csv")
			return formatJSON
		}
		return format
	}
	best, bestQ := formatJSON, 0.0
	for part := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, params, err := mime.ParseMediaType(part)
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		if format := formatTypes[kind]; err == nil && format != "" && q > bestQ {
			best, bestQ = format, q
		}
	}
	return best
}

// isExport reports whether a request asks for a whole list; only lists understand it.
func isExport(r *http.Request) bool {
	return formatOf(r, r.URL.Query(), func(string, string) {}) != formatJSON
}

// exportRow writes one entry, or, given nil, what comes before the first.
type exportRow func(w io.Writer, members map[string]json.RawMessage) error

// export streams all pages of a list. Nothing is sent before the first page has been read, so
// what is wrong with the question is answered as usual; what goes wrong later ends the stream in
// a way that nobody takes for its end. Memory is a page's, and the database is not held while a
// slow client takes it.
func export[T any](ctx context.Context, a *API, l fibonacco.Listing, members []string, q question, read func(context.Context, question) (fibonacco.Page[T], error)) error {
	if err := exporting.Allow(fibonacco.PrincipalOf(ctx)); err != nil {
		return err
	}
	select {
	case a.exports <- struct{}{}:
		defer func() { <-a.exports }()
	default:
		return fibonacco.Errorf(fibonacco.Unavailable, "this node exports other lists right now: try again in a moment")
	}
	columns := exportColumns(members, l.Includes, q)
	out := &exporter{w: exchangeOf(ctx).w, row: ndjsonRow(columns)}
	kind := "application/x-ndjson"
	if q.Format == formatCSV {
		out.row, kind = csvRow(columns), "text/csv; charset=utf-8; header=present"
	}
	q.Size = fibonacco.MaxPage
	for {
		page, err := readPage(ctx, q, read)
		switch {
		case err != nil && !out.begun:
			return err
		case err != nil:
			a.breakOff(ctx, out, q.Format, err)
			return nil
		case !out.begun:
			if err := a.noteExport(ctx, l.Name, q); err != nil {
				return err
			}
			out.begin(kind, fmt.Sprintf("%s-%s.%s", l.Name, a.o.Clock.Now().UTC().Format("20060102-150405"), q.Format))
		}
		for _, v := range page.Data {
			if err := writeEntry(out, v); err != nil {
				a.breakOff(ctx, out, q.Format, err)
				return nil
			}
		}
		if out.flush() != nil || page.Next == "" || exchangeOf(ctx).r.Method == http.MethodHead {
			return nil // all of it, or nobody is there any more
		}
		q.Cursor = page.Next
	}
}

// noteExport leaves a line in the audit log. A list that cannot be noted is not given.
func (a *API) noteExport(ctx context.Context, list string, q question) error {
	if a.o.Audit == nil {
		return nil
	}
	narrowed := slices.Collect(maps.Keys(q.Filter))
	if q.Search != "" {
		narrowed = append(narrowed, "search")
	}
	return a.o.Audit.NoteExport(ctx, list, q.Format, narrowed)
}

func readPage[T any](ctx context.Context, q question, read func(context.Context, question) (fibonacco.Page[T], error)) (fibonacco.Page[T], error) {
	ctx, cancel := context.WithTimeout(ctx, exportPage)
	defer cancel()
	return read(ctx, q)
}

func writeEntry[T any](out *exporter, v T) error {
	all, err := entry[T]{value: v}.members()
	if err != nil {
		return fmt.Errorf("write an entry: %w", err)
	}
	return out.row(&out.page, all)
}

// exportColumns is what an export shows, in an order that does not change: what was asked for, or
// the members as they are declared. What is there only when included is shown only then.
func exportColumns(members, includes []string, q question) []string {
	if only := q.members(); only != nil {
		return only
	}
	return slices.DeleteFunc(slices.Clone(members), func(name string) bool {
		return slices.Contains(includes, name) && !q.wants(name)
	})
}

// breakOff ends an export that failed in the middle. NDJSON says so in its last line; CSV has no
// place for it, so the connection is cut and the client sees that the file is not whole.
func (a *API) breakOff(ctx context.Context, out *exporter, format string, err error) {
	problem := edge.From(ctx, err) // noted for the log, as any other
	if format == formatCSV {
		if ctx.Err() == nil { // the panic goes past the log of requests
			a.o.Log.ErrorContext(ctx, "an export broke off", "request", edge.TraceOf(ctx).RequestID, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	text, jsonErr := json.Marshal(map[string]any{"error": problem})
	if jsonErr != nil {
		panic(http.ErrAbortHandler)
	}
	out.page.Write(append(text, '\n'))
	_ = out.flush()
}

// exporter sends an export, a page at a time.
type exporter struct {
	w     http.ResponseWriter
	row   exportRow
	page  bytes.Buffer
	begun bool
}

func (e *exporter) begin(kind, filename string) {
	e.begun = true
	h := e.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": filename}))
	e.w.WriteHeader(http.StatusOK)
	_ = e.row(&e.page, nil) // to memory
}

// flush sends what is ready, and gives the client a while to take it.
func (e *exporter) flush() error {
	control := http.NewResponseController(e.w)
	_ = control.SetWriteDeadline(fibonacco.RealTime().Add(exportPage)) // not all writers have one
	defer func() { _ = control.SetWriteDeadline(time.Time{}) }()
	_, err := e.w.Write(e.page.Bytes())
	e.page.Reset()
	if err == nil {
		err = control.Flush()
	}
	return err
}

// describeExport adds to a list's operation what an export of it looks like.
func (a *API) describeExport(op operation) {
	a.lists[op.method+" "+Prefix+op.path] = true
	registered := operationAt(a.huma.OpenAPI().Paths[Prefix+op.path], op.method)
	content := registered.Responses["200"].Content
	rows := exampleRows(op.response)
	content["application/x-ndjson"] = &huma.MediaType{
		Schema:  &huma.Schema{Type: huma.TypeString, Description: "One entry a line, JSON each. A last line with the one member error, a problem, says that the export broke off."},
		Example: exampleText(rows, ndjsonRow),
	}
	content["text/csv"] = &huma.MediaType{
		Schema: &huma.Schema{Type: huma.TypeString, Description: "A row of names, then a row for each entry; lists and objects are JSON texts. A text that a spreadsheet " +
			"would take for a formula has a ' in front. An export that breaks off cuts the connection."},
		Example: exampleText(rows, csvRow),
	}
}
