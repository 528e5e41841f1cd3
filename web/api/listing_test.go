package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

// trail is an audit log in memory. It notes what it was asked.
type trail struct {
	entries []fibonacco.AuditEntry
	asked   []fibonacco.ListQuery
	fails   map[string]error // by cursor
	noted   []string
}

func (tr *trail) NoteExport(_ context.Context, list, format string, narrowed []string) error {
	slices.Sort(narrowed)
	tr.noted = append(tr.noted, fmt.Sprint(list, " ", format, " ", narrowed))
	return tr.fails["noting"]
}

func newTrail(n int) *trail {
	tr := &trail{}
	for id := range int64(n) {
		tr.entries = append(tr.entries, fibonacco.AuditEntry{
			ID: id + 1, At: noon, ActorKind: "user", ActorName: "Ana", Action: "smb.updated", Entity: "smb", EntityID: "42",
			After: map[string]any{"city": "Brooklyn"},
		})
	}
	return tr
}

func (tr *trail) ListAudit(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.AuditEntry], err error) {
	tr.asked = append(tr.asked, q)
	if err := tr.fails[q.Cursor]; err != nil {
		return page, err
	}
	from, _ := strconv.Atoi(q.Cursor)
	to := min(from+q.Size, len(tr.entries))
	page.Data = tr.entries[from:to]
	if to < len(tr.entries) {
		page.Next = strconv.Itoa(to)
	}
	if n := len(tr.entries); q.Total {
		page.Total = &n
	}
	return page, nil
}

func (tr *trail) api(more ...func(*api.Options)) *api.API {
	o := newHouse().options()
	o.Audit = tr
	for _, f := range more {
		f(&o)
	}
	return api.New(o)
}

// What a caller asks for reaches the module as it was meant.
func TestAListIsAskedWhatTheQueryAsks(t *testing.T) {
	t.Parallel()
	tr := newTrail(7)
	got := do(t, tr.api(), request{route: "GET /audit-log?filter[entity]=smb,user&filter%5Bat%5D=2026-01-01..&sort=-id&page[size]=3&page[cursor]=2&page[total]=true"})
	if got.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", got.StatusCode, got.body)
	}
	want := fibonacco.ListQuery{
		Filter: fibonacco.Filter{"entity": "smb,user", "at": "2026-01-01.."}, Sort: []string{"-id"}, Cursor: "2", Size: 3, Total: true,
	}
	if q := tr.asked[0]; fmt.Sprint(q) != fmt.Sprint(want) {
		t.Errorf("asked %+v, want %+v", q, want)
	}
	var p page
	got.decode(t, &p)
	if len(p.Data) != 3 || *p.Page.Next != "5" || *p.Page.Total != 7 || p.Page.Size != 3 {
		t.Errorf("%s", got.body)
	}
	link, err := url.Parse(strings.TrimSuffix(strings.TrimPrefix(got.Header.Get("Link"), "<"), `>; rel="next"`))
	if err != nil || link.Path != "/api/v1/audit-log" || link.Query().Get("page[cursor]") != "5" || link.Query().Get("filter[entity]") != "smb,user" {
		t.Errorf("Link %q", got.Header.Get("Link"))
	}
	if got := do(t, tr.api(), request{route: "GET /audit-log?page[cursor]=5&page[size]=200"}); got.Header.Get("Link") != "" || !strings.Contains(got.body, `"next":null`) {
		t.Errorf("the last page has a next one: %q %s", got.Header.Get("Link"), got.body)
	}
}

// Everything that is wrong with a query is named at once, and nothing is ignored.
func TestEveryWrongPartOfAQueryIsNamed(t *testing.T) {
	t.Parallel()
	a := newTrail(1).api()
	cases := map[string]string{
		"filter[actor_kind]=boss&filter[at]=never&sort=entity&fields=nope&page[size]=0&page[total]=1&serach=x&filter[id]=1..x&format=xml": "fields filter[actor_kind] filter[at] filter[id] format page[size] page[total] serach sort",
		"filter[nope]=1":              "filter[nope]",
		"filter[entity":               "filter[entity",
		"filter[entity]x=1":           "filter[entity]x",
		"filter[entity]=":             "filter[entity]",
		"search=x":                    "search", // this list has none
		"include=actor":               "include",
		"sort=-id,-id":                "sort",
		"sort=id,at":                  "sort",
		"page[size]=201":              "page[size]",
		"page[size]=":                 "page[size]",
		"page[size]=5&page[size]=6":   "page[size]",
		"format=csv&page[size]=10":    "page[size]",
		"format=csv&page[total]=true": "page[total]",
		"page[cursor]=" + strings.Repeat("x", 2001):   "page[cursor]",
		"filter[entity]=" + strings.Repeat("x", 1001): "filter[entity]",
	}
	for query, want := range cases {
		got := do(t, a, request{route: "GET /audit-log?" + query})
		fields := strings.Fields(got.fields())
		slices.Sort(fields)
		if got.StatusCode != http.StatusUnprocessableEntity || strings.Join(slices.Compact(fields), " ") != want {
			t.Errorf("%.80s: %d names %q, want %q", query, got.StatusCode, fields, want)
		}
	}
	got := do(t, a, request{route: "GET /audit-log?filter[nope]=1"})
	if !strings.Contains(got.body, "filter[entity_id], ") {
		t.Errorf("does not say what there is: %s", got.body)
	}
}

// An operation that huma reads the query of names what is unknown together with what is wrong.
func TestUnknownNamesAndWrongValuesAreNamedTogether(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	got := do(t, a, request{route: "GET /campaigns?filter[week]=99&nope=1"})
	if got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.fields(), "nope") || !strings.Contains(got.fields(), "filter[week]") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// fields leaves out what was not asked for, never the id, and what is left fits the schema.
func TestSparseEntries(t *testing.T) {
	t.Parallel()
	a := newTrail(2).api()
	for query, want := range map[string]string{
		"fields=action,entity":       "action entity id",
		"fields=after,after":         "after id",
		"fields=id":                  "id",
		"fields=":                    "", // all
		"fields=community_id,before": "before community_id id",
	} {
		got := do(t, a, request{route: "GET /audit-log?" + query})
		var p page
		got.decode(t, &p)
		if len(p.Data) != 2 {
			t.Fatalf("%s: %s", query, got.body)
		}
		names := slices.Sorted(maps.Keys(p.Data[0]))
		if want == "" {
			if len(names) != 14 {
				t.Errorf("%s: %v", query, names)
			}
			continue
		}
		if strings.Join(names, " ") != want {
			t.Errorf("%s: %v, want %s", query, names, want)
		}
		schema := operations(a.Spec())["GET /api/v1/audit-log"].Responses["200"].Content["application/json"].Schema
		if errs := fits(a.Spec(), schema, []byte(got.body), huma.ModeReadFromServer); len(errs) > 0 {
			t.Errorf("%s does not fit: %v", query, errs)
		}
	}
}

// Whatever is asked for, a list answers 200 or names a field; and a text that is a value and
// nothing else comes through whole.
func TestAnyFilterComesThrough(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		tr := newTrail(1)
		value := rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r != 0 && r != 0xfffd }), 1, 100, 300).Draw(rt, "value")
		got := do(t, tr.api(), request{route: "GET /audit-log?" + url.Values{"filter[entity]": {fibonacco.FilterValue(value)}}.Encode()})
		if got.StatusCode != http.StatusOK {
			rt.Fatalf("%q: %d %s", value, got.StatusCode, got.body)
		}
		conditions, err := fibonacco.AuditListing.Conditions(tr.asked[0].Filter)
		if err != nil || len(conditions) != 1 || conditions[0].Op != fibonacco.AnyOf || !slices.Equal(conditions[0].Values, []string{value}) {
			rt.Errorf("%q became %+v, %v", value, conditions, err)
		}
	})
}

// FuzzQuery sends any query to a list: it is read, or refused with the fields named.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"filter[id]=1..2&sort=-id", "filter[at]=2026-01-01..", "filter[entity]=!a,b", "page[size]=1&page[cursor]=x", "format=csv", "fields=id,id", "filter%5Bid%5D=%00", "a;b", "%", "filter[]=1",
	} {
		f.Add(seed)
	}
	a := newTrail(3).api()
	f.Fuzz(func(t *testing.T, query string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/api/v1/audit-log", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = query
		r.Header.Set("Authorization", "Bearer admin")
		w := recordRequest(a, r)
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest:
		case http.StatusUnprocessableEntity:
			var p struct{ Errors []struct{ Field string } }
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) == 0 {
				t.Errorf("%q: %s", query, w.Body)
			}
		default:
			t.Errorf("%q: %d %s", query, w.Code, w.Body)
		}
	})
}

// Types, rules of the domain and names in the query: whatever is wrong is named at once, each
// once.
func TestTypesAndRulesAreNamedTogether(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for _, tc := range []struct{ route, body, fields string }{
		{
			"POST /smbs?nope=1", `{"community_id":"one","business_name":"","primary_email":"nobody","state":"new york","city":5,"zz":1}`,
			"business_name city community_id nope primary_email state zz",
		},
		{"POST /smbs", `{"city":5}`, "business_name city community_id"},
		{"POST /smbs", `{"community_id":1,"business_name":"Rosa","primary_email":" Rosa@Example.COM ","state":"ny","city":5}`, "city"},
		{"PATCH /smbs/1", `{"city":5,"primary_email":"nobody"}`, "city primary_email"},
		{"PUT /smbs/1", `{"city":5}`, "city"},
		{"POST /communities", `{"name":7,"slug":"Not A Slug","state":"NY","timezone":"Mars/Base"}`, "name slug timezone"},
	} {
		got := do(t, a, request{route: tc.route, body: tc.body})
		fields := strings.Fields(got.fields())
		slices.Sort(fields)
		if got.StatusCode != http.StatusUnprocessableEntity || strings.Join(fields, " ") != tc.fields {
			t.Errorf("%s %s: %d names %q, want %s", tc.route, tc.body, got.StatusCode, fields, tc.fields)
		}
	}
}
