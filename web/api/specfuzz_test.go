package api_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/api"
	"github.com/fibonacco/fibonacco/web/api/edge"
)

// fuzzSeed makes the choice of cases; FIBONACCO_FUZZ_SEED makes another one.
const fuzzSeed = 20261123

// The whole product is asked everything that its own specification has words for, and much that it
// has not: every operation, with good and bad bodies and queries, by everybody. It never fails,
// answers as documented, and tells a token of one town nothing of another.
func TestTheProductHoldsToItsSpecification(t *testing.T) {
	t.Parallel()
	seed := uint64(fuzzSeed)
	if text := os.Getenv("FIBONACCO_FUZZ_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		began := time.Now()
		f := &fuzzer{t: t, towns: newTowns(t, d, clock)}
		f.checks = newConformance(t, f.a)
		f.mutator = mutator{f.a.Spec(), rand.New(rand.NewPCG(seed, 1))}
		all := operations(f.a.Spec())
		routes := slices.Sorted(maps.Keys(all))
		slices.SortStableFunc(routes, func(a, b string) int { return destroys(a) - destroys(b) })
		for _, route := range routes {
			f.neighbour(all[route])
		}
		f.untouched()
		for _, route := range routes {
			f.everything(route, all[route])
		}
		t.Logf("%d requests in %v, seed %d", f.n, time.Since(began), seed)
		if t.Failed() {
			t.Logf("again with FIBONACCO_FUZZ_SEED=%d", seed)
		}
	})
}

// destroys puts what takes things away behind what needs them.
func destroys(route string) int {
	switch {
	case strings.HasPrefix(route, http.MethodGet):
		return 0
	case strings.HasPrefix(route, http.MethodDelete), strings.HasSuffix(route, "/erase"), strings.Contains(route, "/me/"):
		return 2
	}
	return 1
}

type fuzzer struct {
	mutator
	*towns
	t      *testing.T
	checks *conformance
	n      int
}

// ask sends one request in somebody's name and holds the answer against everything.
func (f *fuzzer) ask(op *huma.Operation, path, who, kind, body string, headers ...string) *httptest.ResponseRecorder {
	f.t.Helper()
	f.n++
	r := strangeRequest(f.t, op.Method, path, body)
	trace := &edge.Trace{RequestID: "fuzz-request"}
	r = r.WithContext(edge.WithTrace(r.Context(), trace))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	f.as(r, who)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := recordRequest(f.a, r)
	what := fmt.Sprintf("%s %.200s as %s with %.200q %v", op.Method, path, who, body, headers)
	for _, fault := range f.checks.faults(op, r, w) {
		f.t.Errorf("%s: %d: %.1000s\n%.1000s\n%v", what, w.Code, fault, w.Body, trace.Err)
	}
	if who == scopedToken {
		f.leaks(what, path, body, w)
	}
	return w
}

// leaks looks for the other town's marks in an answer. What the request itself said may be said
// back by an error, and by a link to the next page.
func (f *fuzzer) leaks(what, path, body string, w *httptest.ResponseRecorder) {
	f.t.Helper()
	text := strings.ToLower(unpacked(f.t, w))
	headers := strings.ToLower(fmt.Sprint(w.Header()))
	for _, mark := range f.marks {
		own := strings.Contains(path, mark)
		if strings.Contains(body, mark) || own && w.Code >= http.StatusBadRequest {
			continue
		}
		if strings.Contains(text, mark) || strings.Contains(headers, mark) && !own {
			f.t.Errorf("%s: %d tells of the other town (%s): %.1000q", what, w.Code, mark, text)
		}
	}
}

// unpacked is an answer's body, an archive's files one after another.
func unpacked(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	body := w.Body.Bytes()
	if w.Header().Get("Content-Type") != "application/zip" {
		return string(body)
	}
	archive, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, entry := range archive.File {
		file, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&all, file); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
	}
	return all.String()
}

// place fills in a path's parameters, each from the pool of what stands before it.
func (f *fuzzer) place(op *huma.Operation, pick func(pool []string) string) string {
	segments := strings.Split(strings.TrimPrefix(op.Path, api.Prefix), "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = url.PathEscape(pick(f.pools[segments[i-1]]))
		}
	}
	return strings.Join(segments, "/")
}

func (f *fuzzer) any(pool []string) string {
	if len(pool) == 0 {
		return "1"
	}
	return pool[f.rand.IntN(len(pool))]
}

// body is an operation's good body.
func (f *fuzzer) body(op *huma.Operation) (kind, text string, schema *huma.Schema, example any) {
	if op.RequestBody == nil {
		return "", "", nil, nil
	}
	media := op.RequestBody.Content["application/json"]
	if media == nil || media.Example == nil {
		return "application/json", "{}", nil, nil
	}
	example = f.own(plain(media.Example))
	return "application/json", f.bodies(nil, example)[0], media.Schema, example
}

// own is an example with names of what there is in the first town.
func (f *fuzzer) own(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	number := func(pool []string) any {
		for _, id := range pool {
			if n, err := strconv.Atoi(id); err == nil && f.rand.IntN(3) == 0 {
				return n
			}
		}
		return 1
	}
	for name, value := range object {
		switch name {
		case "other", "a", "b", "smb_id":
			object[name] = number(f.pools["smbs"])
		case "campaign_send_id":
			object[name] = number(f.pools["sends"])
		case "segment":
			object[name] = f.any(f.pools["segments"])
		case "user_id":
			object[name] = number(f.pools["users"])
		default:
			object[name] = f.own(value)
		}
	}
	return object
}

// neighbour asks as somebody of the first town, of their own and of the other's.
func (f *fuzzer) neighbour(op *huma.Operation) {
	kind, good, _, _ := f.body(op)
	paths := []string{f.place(op, f.any)}
	for _, theirs := range f.theirs {
		paths = append(paths, f.place(op, func([]string) string { return theirs }))
	}
	if !strings.Contains(op.Path, "{") {
		paths = paths[:1]
	}
	for _, path := range paths {
		w := f.ask(op, path, scopedToken, kind, good)
		if w.Code != http.StatusOK || op.Method != http.MethodGet {
			continue
		}
		for _, query := range f.questions(op) {
			f.ask(op, path+"?"+query, scopedToken, kind, good)
		}
	}
	// Bodies that name what belongs to the other town.
	for _, text := range f.foreignBodies(good) {
		f.ask(op, paths[0], scopedToken, kind, text)
	}
}

// questions is queries that would show another town's entries, were there no limit.
func (f *fuzzer) questions(op *huma.Operation) []string {
	all := []string{"format=csv", "format=ndjson", "page[total]=true", "page[size]=200"}
	for _, p := range op.Parameters {
		if p.In != "query" {
			continue
		}
		name := url.QueryEscape(p.Name)
		switch {
		case p.Name == "include":
			_, list, _ := strings.Cut(p.Description, "any of ")
			list, _, _ = strings.Cut(list, ", separated")
			all = append(all, "include="+url.QueryEscape(strings.ReplaceAll(list, ", ", ",")))
		case p.Name == "search":
			all = append(all, "search="+foreignMark, "search="+foreignMark+"&format=ndjson")
		case strings.HasPrefix(p.Name, "filter["), p.Name == "segment":
			for _, theirs := range f.theirs {
				all = append(all, name+"="+url.QueryEscape(theirs))
			}
			all = append(all, name+"="+foreignMark, name+"=null", name+"=!null", name+"=..999999")
		}
	}
	return slices.DeleteFunc(all, func(q string) bool {
		name, _, _ := strings.Cut(q, "=")
		name, _ = url.QueryUnescape(name)
		return !slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == name })
	})
}

// foreignBodies is a good body with each of its numbers, ids and uuids turned to the other town's.
func (f *fuzzer) foreignBodies(good string) (all []string) {
	if good == "" {
		return nil
	}
	for _, theirs := range f.theirs {
		quoted := strconv.Quote(theirs)
		if _, err := strconv.Atoi(theirs); err == nil {
			quoted = theirs
		}
		for _, at := range idMember.FindAllStringSubmatchIndex(good, -1) {
			all = append(all, good[:at[2]]+quoted+good[at[3]:])
		}
	}
	// The same filter, if it were to find what is theirs, and with their town in it.
	theirs := strings.ReplaceAll(good, "Bakery", foreignMark)
	return append(all, theirs, communityMember.ReplaceAllString(theirs, `"community_id":`+f.town))
}

// everything asks an operation whatever there is to ask.
func (f *fuzzer) everything(route string, op *huma.Operation) {
	kind, good, schema, example := f.body(op)
	who := f.mayUse(route)
	path := func() string { return f.place(op, f.any) }
	for range 2 {
		f.ask(op, path(), who, kind, good)
	}
	for _, role := range []string{"nobody", "nonsense", "viewer", "operator", "manager", "owner", "admin", "person"} {
		w := f.ask(op, path(), role, kind, good)
		if len(op.Security) > 0 && (role == "nobody" || role == "nonsense") && w.Code != http.StatusUnauthorized {
			f.t.Errorf("%s as %s: %d %s", route, role, w.Code, w.Body)
		}
	}
	if schema != nil {
		for _, text := range some(f.mutator, f.bodies(schema, example), 3, 50) {
			f.ask(op, path(), who, kind, text)
		}
		f.namesAll(route, op, path(), who)
	}
	for _, text := range []string{"", "{", "null", "[]", "0", `"a"`, "\xff\xfe", `{"\ud800":1}`, strings.Repeat("[", 2000), strings.Repeat(" ", 1<<20+1)} {
		f.ask(op, path(), who, kind, text)
	}
	for _, other := range []string{"", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "text/csv", ";", "application/json; charset=utf-8"} {
		f.ask(op, path(), who, other, good)
	}
	for _, accept := range []string{"text/html", "*/*;q=0", "text/csv", "application/x-ndjson", ",,;"} {
		f.ask(op, path(), who, kind, good, "Accept", accept)
	}
	if strings.Contains(op.Path, "{") {
		for _, id := range []string{"0", "-1", "99999999999999999999", "x", "%00", "%ff", strings.Repeat("9", 300), "00000000-0000-0000-0000-000000000000", "%F0%9F%92%A9"} {
			p := f.place(op, func([]string) string { return "PLACE" })
			f.ask(op, strings.ReplaceAll(p, "PLACE", id), who, kind, good)
		}
	}
	var queries []string
	for _, p := range append([]*huma.Param{{Name: "unknown", In: "query"}, {Name: "filter[x]", In: "query"}}, op.Parameters...) {
		if p.In != "query" {
			continue
		}
		for _, value := range append(slices.Clone(strangeValues), fmt.Sprint(p.Example), "null", "!null", "1..2", "..", "2026-01-01..", "a..b", "!1,2", `\!`, strings.Repeat("1,", 1100)) {
			queries = append(queries, url.QueryEscape(p.Name)+"="+strings.ReplaceAll(value, "<nil>", ""))
		}
	}
	for _, q := range some(f.mutator, queries, 0, 35) {
		f.ask(op, path()+"?"+q, who, kind, good)
	}
	if op.Method == http.MethodPost {
		for _, key := range []string{"same-for-all", fmt.Sprint("fuzz-", f.n), "", "é"} {
			f.ask(op, path(), who, kind, good, "Idempotency-Key", key)
		}
	}
	for _, header := range []string{"If-Match", "If-None-Match"} {
		for _, tag := range []string{`"1-abc"`, "*", "W/\"1\"", "1", `"`, `"a", "b"`} {
			if slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool { return p.Name == header }) {
				f.ask(op, path(), who, kind, good, header, tag)
			}
		}
	}
}

// namesAll: of several members of a wrong type, each is named.
func (f *fuzzer) namesAll(route string, op *huma.Operation, path, who string) {
	_, _, schema, example := f.body(op)
	text, names := f.severalWrong(schema, example)
	if len(names) == 0 {
		return
	}
	w := f.ask(op, path, who, "application/json", text)
	if w.Code != http.StatusUnprocessableEntity {
		f.t.Errorf("%s with %s: %d %s", route, text, w.Code, w.Body)
		return
	}
	for _, name := range names {
		if !strings.Contains(w.Body.String(), `"field":"`+name) {
			f.t.Errorf("%s with %s does not name %s: %s", route, text, name, w.Body)
		}
	}
}
