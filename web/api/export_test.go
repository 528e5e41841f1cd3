package api_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

func recordRequest(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// An export is every page, in order, however it is asked for.
func TestAnExportIsTheWholeList(t *testing.T) {
	t.Parallel()
	tr := newTrail(2500)
	a := tr.api()
	for _, q := range []request{
		{route: "GET /audit-log?format=ndjson&filter[entity]=smb&sort=id"},
		{route: "GET /audit-log?filter[entity]=smb&sort=id", headers: map[string]string{"Accept": "application/x-ndjson"}},
		{route: "GET /audit-log?filter[entity]=smb&sort=id&format=ndjson", headers: map[string]string{"Accept": "text/csv"}},
	} {
		tr.asked = nil
		got := do(t, a, q)
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/x-ndjson" ||
			got.Header.Get("Content-Disposition") != "attachment; filename=audit-log-20260302-170000.ndjson" {
			t.Fatalf("%d %v", got.StatusCode, got.Header)
		}
		lines := strings.Split(strings.TrimSuffix(got.body, "\n"), "\n")
		if len(lines) != 2500 {
			t.Fatalf("%d lines", len(lines))
		}
		for i, line := range lines {
			var e fibonacco.AuditEntry
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.ID != int64(i+1) || e.After["city"] != "Brooklyn" {
				t.Fatalf("line %d: %s, %v", i, line, err)
			}
		}
		var cursors []string
		for _, asked := range tr.asked {
			if asked.Size != fibonacco.MaxPage || asked.Filter["entity"] != "smb" || !slices.Equal(asked.Sort, []string{"id"}) {
				t.Errorf("asked %+v", asked)
			}
			cursors = append(cursors, asked.Cursor)
		}
		if !slices.Equal(cursors, []string{"", "1000", "2000"}) {
			t.Errorf("pages from %q", cursors)
		}
	}
}

func TestTheAcceptHeaderDecidesAsItIsWeighed(t *testing.T) {
	t.Parallel()
	a := newTrail(1).api()
	for accept, want := range map[string]string{
		"":                                 "application/json",
		"*/*":                              "application/json",
		"text/html,*/*;q=0.8":              "application/json",
		"text/csv":                         "text/csv; charset=utf-8; header=present",
		"TEXT/CSV ;q=0.5, */*;q=0.1":       "text/csv; charset=utf-8; header=present",
		"application/json, text/csv;q=0.9": "application/json",
		"application/json;q=0.1,application/x-ndjson": "application/x-ndjson",
		"text/csv;q=0":      "application/json",
		"text/csv;q=x, ;;,": "application/json",
	} {
		got := do(t, a, request{route: "GET /audit-log", headers: map[string]string{"Accept": accept}})
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != want {
			t.Errorf("%q: %d %s, want %s", accept, got.StatusCode, got.Header.Get("Content-Type"), want)
		}
	}
}

// A table opens in a spreadsheet, and does nothing there.
func TestTables(t *testing.T) {
	t.Parallel()
	tr := newTrail(1)
	one := int64(1)
	hostile := []string{
		`=cmd|' /C calc'!A0`, "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1+1", "|x", "%x", "\n=1", "+17185550142x",
	}
	harmless := []string{"Rosa's \"Bakery\", Brooklyn", "two\nlines", "+17185550142", "a=b", "2026-01-01", "", "Zoë"}
	for _, name := range append(slices.Clone(hostile), harmless...) {
		tr.entries = append(tr.entries, fibonacco.AuditEntry{ID: 9, At: noon, ActorName: name, CommunityID: &one, Before: map[string]any{"city": nil}})
	}
	got := do(t, tr.api(), request{route: "GET /audit-log?format=csv&fields=actor_name,id,community_id,before,at"})
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || len(rows) != len(tr.entries)+1 {
		t.Fatalf("%d rows, %v: %s", len(rows), err, got.body)
	}
	if !slices.Equal(rows[0], []string{"actor_name", "id", "community_id", "before", "at"}) {
		t.Errorf("names %q", rows[0])
	}
	if !slices.Equal(rows[1], []string{"Ana", "1", "", "{}", "2026-03-02T17:00:00Z"}) {
		t.Errorf("first %q", rows[1])
	}
	for i, name := range append(slices.Clone(hostile), harmless...) {
		want := name
		if i < len(hostile) {
			want = "'" + strings.ReplaceAll(name, "\r", "\n") // a reader of CSV takes line ends alike
		}
		if row := rows[i+2]; strings.ReplaceAll(row[0], "\r", "\n") != want || row[2] != "1" || row[3] != `{"city":null}` {
			t.Errorf("%q became %q", name, row)
		}
	}
	empty := do(t, newTrail(0).api(), request{route: "GET /audit-log?format=csv"})
	if !strings.HasPrefix(empty.body, "id,at,actor_kind,") || strings.Count(empty.body, "\n") != 1 {
		t.Errorf("an empty table: %q", empty.body)
	}
}

// What is wrong with the question is answered as ever; what breaks later cannot be overlooked.
func TestAnExportThatFailsLooksLikeIt(t *testing.T) {
	t.Parallel()
	tr := newTrail(2500)
	a := tr.api(func(o *api.Options) { o.Log = slog.New(slog.DiscardHandler) })
	if got := do(t, a, request{route: "GET /audit-log?format=csv&filter[id]=x"}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != "filter[id]" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	tr.fails = map[string]error{"": fibonacco.Errorf(fibonacco.Unavailable, "not now")}
	if got := do(t, a, request{route: "GET /audit-log?format=ndjson"}); got.StatusCode != http.StatusServiceUnavailable || got.Header.Get("Content-Disposition") != "" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	tr.fails = map[string]error{"2000": errors.New("the disk is on fire")}
	server := httptest.NewServer(a)
	defer server.Close()
	for _, format := range []string{"ndjson", "csv"} {
		for _, encoding := range []string{"identity", "gzip"} {
			body, err := fetch(t, server, "/api/v1/audit-log?format="+format, encoding)
			lines := strings.Split(strings.TrimSpace(body), "\n")
			switch {
			case strings.Contains(body, "fire"):
				t.Errorf("the cause is shown: %s", lines[len(lines)-1])
			case format == "csv" && err == nil:
				t.Errorf("a broken table in %s ends as if it were whole, after %d lines", encoding, len(lines))
			case format == "ndjson" && (err != nil || len(lines) != 2001 || !strings.Contains(lines[2000], `{"error":{"type":"about:blank","title":"Internal Server Error","status":500,`)):
				t.Errorf("%d lines in %s, the last %s; %v", len(lines), encoding, lines[len(lines)-1], err)
			}
		}
	}
}

func fetch(t *testing.T, server *httptest.Server, path, encoding string) (string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	r.Header.Set("Accept-Encoding", encoding)
	resp, err := server.Client().Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var body io.Reader = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	return string(text), err
}

// What leaves as a whole is noted before it leaves; what is looked at by pages is not.
func TestExportsAreNoted(t *testing.T) {
	t.Parallel()
	tr := newTrail(3)
	a := tr.api()
	for _, path := range []string{"?format=csv&filter[entity]=smb&filter[action]=smb.updated", "?format=ndjson", "", "?format=csv&filter[nothing]=1"} {
		do(t, a, request{route: "GET /audit-log" + path})
	}
	if want := "[audit-log csv [action entity] audit-log ndjson []]"; fmt.Sprint(tr.noted) != want {
		t.Errorf("noted %v, want %s", tr.noted, want)
	}
	tr.fails = map[string]error{"noting": errors.New("disk full")}
	if got := do(t, a, request{route: "GET /audit-log?format=csv"}); got.StatusCode != http.StatusInternalServerError || strings.Contains(got.body, "Ana") {
		t.Errorf("an export that cannot be noted: %d %s", got.StatusCode, got.body)
	}
}

// endless is a list that never ends.
type endless struct{ *trail }

func (e endless) ListAudit(context.Context, fibonacco.ListQuery) (fibonacco.Page[fibonacco.AuditEntry], error) {
	return fibonacco.Page[fibonacco.AuditEntry]{Data: e.entries, Next: "on"}, nil
}

// An export streams, and leaves off when the client goes away.
func TestAnExportStreams(t *testing.T) {
	t.Parallel()
	a := newTrail(0).api(func(o *api.Options) { o.Audit = endless{newTrail(200)} })
	over := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r)
		close(over)
	}))
	defer server.Close()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/audit-log?format=ndjson", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for n := 0; n < 1000 && lines.Scan(); n++ { // more than a page: it comes while the list goes on
		continue
	}
	leave()
	select {
	case <-over:
	case <-time.After(10 * time.Second):
		t.Error("the export goes on without anybody to read it")
	}
}

// limited lets a token in that may only what it says.
type limited struct {
	gate
	p fibonacco.Principal
}

func (l limited) ByToken(context.Context, string) (*fibonacco.Principal, error) { return &l.p, nil }

func TestAnExportTakesItsAbility(t *testing.T) {
	t.Parallel()
	may := func(abilities ...fibonacco.Ability) *api.API {
		return newTrail(1).api(func(o *api.Options) {
			o.Access = limited{p: fibonacco.Principal{TokenID: 1, Role: fibonacco.Admin, Abilities: abilities}}
		})
	}
	for _, format := range []string{"csv", "ndjson"} {
		q := request{route: "GET /audit-log?format=" + format}
		if got := do(t, may(fibonacco.AdminAccess), q); got.StatusCode != http.StatusForbidden || !strings.Contains(got.body, "smbs:export") {
			t.Errorf("without the ability: %d %s", got.StatusCode, got.body)
		}
		if got := do(t, may(fibonacco.AdminAccess, fibonacco.ExportSMBs), q); got.StatusCode != http.StatusOK {
			t.Errorf("with the ability: %d %s", got.StatusCode, got.body)
		}
		if got := do(t, may(fibonacco.ExportSMBs), q); got.StatusCode != http.StatusForbidden {
			t.Errorf("without the list's own: %d %s", got.StatusCode, got.body)
		}
	}
	if got := do(t, may(fibonacco.AdminAccess), request{route: "GET /audit-log"}); got.StatusCode != http.StatusOK {
		t.Errorf("a page: %d %s", got.StatusCode, got.body)
	}
}

func TestHeadOfAnExportReadsOnePage(t *testing.T) {
	t.Parallel()
	tr := newTrail(2500)
	server := httptest.NewServer(tr.api())
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, server.URL+"/api/v1/audit-log?format=csv", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer admin")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/csv") || len(tr.asked) != 1 {
		t.Errorf("%d %v after %d pages", resp.StatusCode, resp.Header, len(tr.asked))
	}
}

// Lists that have one page only are sparse and exported like the others, and keep their own
// parameters.
func TestShortListsAreExportedToo(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for query, want := range map[string]string{
		"/campaigns?format=csv&fields=title,week":              "title,week,id\nT,1,HOOK-001\n",
		"/campaigns?format=csv&fields=title&filter[week]=2":    "title,id\n",
		"/campaigns?format=ndjson&fields=id&filter[type]=HOOK": `{"id":"HOOK-001"}` + "\n",
		"/queues?format=csv&fields=name,waiting":               "name,waiting\nemails,2\n", // has no id
		"/queues?fields=name":                                  `{"data":[{"name":"emails"}],"page":{"size":1,"next":null}}` + "\n",
	} {
		got := do(t, a, request{route: "GET " + query})
		if got.StatusCode != http.StatusOK || got.body != want {
			t.Errorf("%s: %d %q, want %q", query, got.StatusCode, got.body, want)
		}
	}
	got := do(t, a, request{route: "GET /campaigns?nope=1&fields=nope&format=nope"})
	fields := strings.Fields(got.fields())
	slices.Sort(fields)
	if got.StatusCode != http.StatusUnprocessableEntity || strings.Join(fields, " ") != "fields format nope" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}
