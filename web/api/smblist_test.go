package api_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/web/api"
)

// marked is the interface with businesses behind it, and a programme that remembers what it was
// asked for.
type marked struct {
	*house
	a    *api.API
	smbs *smb.Service
	town int64
}

func newMarked(t *testing.T, d *db.DB, clock fibonacco.Clock) *marked {
	t.Helper()
	q, err := queue.New(queue.Options{DB: d})
	if err != nil {
		t.Fatal(err)
	}
	m := &marked{house: newHouse(), smbs: smb.New(d, q, fibonacco.Config{})}
	o := m.options()
	o.SMBs, o.Directory, o.Communities, o.Records, o.Segments, o.Bulk, o.Clock = m.smbs, m.smbs, m.smbs, m.smbs, m.smbs, m.smbs, clock
	m.a = api.New(o)
	c, err := m.smbs.CreateCommunity(t.Context(), fibonacco.Community{Name: "Brooklyn", Slug: "brooklyn", State: "NY"})
	if err != nil {
		t.Fatal(err)
	}
	m.town = c.ID
	for i, name := range []string{"CAFÉ DEL MAR LLC", "Bakery by the Mar", "Zoo"} {
		if _, err := m.smbs.Create(t.Context(), fibonacco.SMB{
			CommunityID: c.ID, BusinessName: name, Category: []string{"Café", "Bakery", "a,b"}[i], PrimaryEmail: fmt.Sprintf("owner%d@mar.example", i), PrimaryPhone: fmt.Sprintf("718555014%d", i),
			Tags: []string{"own"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

func TestListOfBusinesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := newMarked(t, d, clock)
		names := func(route string) string {
			t.Helper()
			var p struct {
				Data []struct {
					ID   int64
					Name string `json:"business_name"`
				}
				Page struct{ Total *int }
			}
			got := do(t, m.a, request{route: "GET " + route})
			got.decode(t, &p)
			var all []string
			for _, b := range p.Data {
				all = append(all, fmt.Sprint(b.ID))
			}
			if p.Page.Total != nil {
				all = append(all, fmt.Sprint("of ", *p.Page.Total))
			}
			return strings.Join(all, " ")
		}
		for route, want := range map[string]string{
			"/smbs":                                                         "1 2 3",
			"/smbs?search=cafe+del+mar":                                     "1",
			"/smbs?search=mar&page[total]=true":                             "2 1 3 of 3", // in its name, by name; then in the address
			"/smbs?search=%28718%29+555-0142":                               "3",
			"/smbs?filter[category]=a%5C,b":                                 "3",
			"/smbs?filter[category]=!Bakery&sort=-business_name":            "3 1",
			"/smbs?filter[tag]=own&filter[created_at]=..2026-03-03&sort=id": "1 2 3",
			"/communities/brooklyn/smbs?search=bakery":                      "2",
			"/communities/brooklyn/smbs?filter[community_id]=99":            "",
		} {
			if got := names(route); got != want {
				t.Errorf("%s: %q, want %q", route, got, want)
			}
		}
		got := do(t, m.a, request{route: "GET /smbs?include=community&fields=business_name,tags"})
		if want := `{"data":[{"business_name":"CAFÉ DEL MAR LLC","community":{`; !strings.HasPrefix(got.body, want) || strings.Contains(got.body, "primary_email") || !strings.Contains(got.body, `"tags":["own"]`) {
			t.Errorf("%s", got.body)
		}
		if got := do(t, m.a, request{route: "GET /smbs"}); strings.Contains(got.body, `"community":`) || strings.Contains(got.body, "recent_sends") || !strings.Contains(got.body, `"version":1`) {
			t.Errorf("parts that nobody asked for: %s", got.body)
		}
		if got := do(t, m.a, request{route: "GET /communities/none/smbs"}); got.StatusCode != http.StatusNotFound {
			t.Errorf("an unknown community: %d", got.StatusCode)
		}
		if got := do(t, m.a, request{route: "GET /smbs?filter[engagement_tier]=9&filter[segment]=x&sort=colour&page[size]=0"}); got.fields() != "page[size] filter[engagement_tier] filter[segment] sort" {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
	})
}

// A filter in a body is the list's filter: a text with a condition, one value, or an array of which
// any will do.
func TestFilterInABody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := newMarked(t, d, clock)
		segment := do(t, m.a, request{route: "POST /segments", body: `{"name":"Seaside","filter":{"category":["Café","Bakery"],"search":"mar"}}`})
		var s fibonacco.Segment
		segment.decode(t, &s)
		if segment.StatusCode != http.StatusCreated || segment.Header.Get("Location") != "/api/v1/segments/"+s.UUID || s.Search != "mar" || s.Filter["category"] != "Café,Bakery" {
			t.Fatalf("%d %s", segment.StatusCode, segment.body)
		}
		for filter, want := range map[string]string{
			`{}`:                        "3",
			`{"id":[1,2]}`:              "2",
			`{"id":2}`:                  "1",
			`{"id":"2.."}`:              "2",
			`{"community_id":[1,1]}`:    "3",
			`{"category":["a,b"]}`:      "1",
			`{"category":"a,b"}`:        "0",
			`{"category":[]}`:           "3",
			`{"category":"!Bakery"}`:    "2",
			`{"city":null}`:             "3",
			`{"do_not_contact":false}`:  "3",
			`{"do_not_contact":"true"}`: "0",
			`{"engagement_score":0}`:    "3",
			`{"engagement_tier":[1,"4"],"search":"bakery"}`:  "1",
			`{"segment":"` + s.UUID + `"}`:                   "2",
			`{"segment":"` + s.UUID + `","category":"Café"}`: "1",
		} {
			got := do(t, m.a, request{route: "POST /smbs/bulk-update/preview", body: `{"action":"opt_out","filter":` + filter + `}`})
			if got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"matched":`+want+`,`) {
				t.Errorf("%s: %d %.300s, want %s", filter, got.StatusCode, got.body, want)
			}
		}
		for filter, want := range map[string]string{
			`{"colour":"red"}`:                                   "filter.colour",
			`{"engagement_tier":9}`:                              "filter.engagement_tier",
			`{"engagement_tier":[1,9]}`:                          "filter.engagement_tier",
			`{"engagement_score":"x"}`:                           "filter.engagement_score",
			`{"engagement_score":1.5}`:                           "filter.engagement_score",
			`{"category":""}`:                                    "filter.category",
			`{"category":{"a":1}}`:                               "filter.category",
			`{"category":[["a"]]}`:                               "filter.category filter.category[0]",
			`{"segment":"x"}`:                                    "filter.segment",
			`{"segment":"0193c2f0-0000-7000-8000-000000000001"}`: "filter[segment]",
			`{"search":7}`:                                       "filter.search",
			`[]`:                                                 "filter",
		} {
			for _, route := range []string{"POST /smbs/bulk-update/preview", "POST /smbs/bulk-update"} {
				got := do(t, m.a, request{route: route, body: `{"action":"opt_out","filter":` + filter + `}`})
				if fields := strings.Fields(got.fields()); got.StatusCode != http.StatusUnprocessableEntity || len(fields) == 0 || !slices.Contains(strings.Fields(want), fields[0]) {
					t.Errorf("%s: %d %s, want %s", filter, got.StatusCode, got.body, want)
				}
			}
		}
		// The programme takes the same.
		got := do(t, m.a, request{route: "POST /smbs/campaign/pause", body: `{"filter":{"category":"!Bakery","engagement_score":"10..","search":"mar","id":[1,2]}}`})
		if got.StatusCode != http.StatusOK || m.asked.Where["engagement_score"] != "10.." || m.asked.Search != "mar" || len(m.asked.IDs) != 2 {
			t.Errorf("%d %s: asked %+v", got.StatusCode, got.body, m.asked)
		}
	})
}

func TestSegmentsThroughTheInterface(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := newMarked(t, d, clock)
		made := do(t, m.a, request{route: "POST /segments", body: `{"name":"Cafés","community_id":1,"filter":{"category":"Café"}}`})
		at := strings.TrimPrefix(made.Header.Get("Location"), api.Prefix)
		if again := do(t, m.a, request{route: "POST /segments", body: `{"name":"cafés","community_id":1}`}); again.StatusCode != http.StatusConflict {
			t.Errorf("a name that is taken: %d %s", again.StatusCode, again.body)
		}
		if got := do(t, m.a, request{route: "GET " + at}); !strings.Contains(got.body, `"count":1`) {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
		if got := do(t, m.a, request{route: "GET /segments?include=count&search=caf"}); !strings.Contains(got.body, `"count":1`) {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
		if got := do(t, m.a, request{route: "PUT " + at, body: `{"name":"Zoos","filter":{"search":"zoo"}}`}); got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"search":"zoo"`) || !strings.Contains(got.body, `"filter":{}`) {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
		if got := do(t, m.a, request{route: "GET /smbs?filter[segment]=" + strings.TrimPrefix(at, "/segments/")}); !strings.Contains(got.body, "Zoo") || strings.Contains(got.body, "MAR") {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
		for body, want := range map[string]string{
			`{"name":"","filter":{}}`:                                  "name",
			`{"name":"x","filter":{"colour":"red"}}`:                   "filter.colour",
			`{"name":"x","filter":{"state":""}}`:                       "filter.state",
			`{"name":"x","search":"a","filter":{"search":"b"}}`:        "filter.search",
			`{"name":"x","community_id":99}`:                           "community_id",
			`{"name":"x","filter":{"segment":"` + at[10:] + `"}}`:      "filter[segment]",
			`{"name":"x","search":"` + strings.Repeat("y", 201) + `"}`: "search",
		} {
			if got := do(t, m.a, request{route: "POST /segments", body: body}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != want {
				t.Errorf("%s: %d %s, want %s", body, got.StatusCode, got.body, want)
			}
		}
		if got := do(t, m.a, request{route: "DELETE " + at}); got.StatusCode != http.StatusNoContent {
			t.Errorf("%d %s", got.StatusCode, got.body)
		}
		for _, route := range []string{"GET " + at, "DELETE " + at, "GET /segments/x"} {
			if got := do(t, m.a, request{route: route}); got.StatusCode != http.StatusNotFound {
				t.Errorf("%s: %d", route, got.StatusCode)
			}
		}
	})
}

// Deleting many takes who may delete one; the rest is an operator's daily work.
func TestBulkThroughTheInterface(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		m := newMarked(t, d, clock)
		for _, role := range []string{"operator", "viewer"} {
			if got := do(t, m.a, request{route: "POST /smbs/bulk-update", role: role, body: `{"action":"delete","filter":{"id":[1]}}`}); got.StatusCode != http.StatusForbidden {
				t.Errorf("%s deletes: %d %s", role, got.StatusCode, got.body)
			}
		}
		for role, body := range map[string]string{
			"operator": `{"action":"add_tags","filter":{},"tags":["Spring"]}`, "manager": `{"action":"delete","filter":{"id":[3]},"reason":"closed"}`,
		} {
			got := do(t, m.a, request{route: "POST /smbs/bulk-update", role: role, body: body})
			if got.StatusCode != http.StatusAccepted {
				t.Fatalf("%s: %d %s", role, got.StatusCode, got.body)
			}
			if status := do(t, m.a, request{route: "GET " + strings.TrimPrefix(got.Header.Get("Location"), api.Prefix)}); status.StatusCode != http.StatusOK || !strings.Contains(status.body, `"status":"queued"`) {
				t.Errorf("%d %s", status.StatusCode, status.body)
			}
		}
		// What runs the programme takes that ability too, also by way of a change of many.
		pause := `{"action":"pause_programme","filter":{"id":[1]},"reason":"fair"}`
		if got := do(t, m.a, request{route: "POST /smbs/bulk-update/preview", body: pause}); got.StatusCode != http.StatusOK || !strings.Contains(got.body, `"left":{`) {
			t.Errorf("preview: %d %s", got.StatusCode, got.body)
		}
		o := m.options()
		o.Access, o.Bulk = passport{}, m.smbs
		text, err := json.Marshal(fibonacco.Principal{TokenID: 3, Role: fibonacco.Operator, Abilities: []fibonacco.Ability{fibonacco.WriteSMBs}})
		if err != nil {
			t.Fatal(err)
		}
		token := map[string]string{"Authorization": "Bearer " + base64.RawURLEncoding.EncodeToString(text)}
		if got := do(t, api.New(o), request{route: "POST /smbs/bulk-update", role: "-", headers: token, body: pause}); got.StatusCode != http.StatusForbidden {
			t.Errorf("a token that may not run the programme pauses: %d %s", got.StatusCode, got.body)
		}
		started := do(t, m.a, request{route: "POST /smbs/bulk-update", role: "operator", body: pause})
		at := strings.TrimSuffix(strings.TrimPrefix(started.Header.Get("Location"), api.Prefix), "/status")
		if got := do(t, m.a, request{route: "POST " + at + "/undo", role: "operator"}); got.StatusCode != http.StatusConflict {
			t.Errorf("a change that has not begun is taken back: %d %s", got.StatusCode, got.body)
		}
		for body, want := range map[string]string{
			`{"action":"explode","filter":{}}`:                               "action",
			`{"action":"delete","filter":{}}`:                                "filter",
			`{"action":"set","filter":{}}`:                                   "change",
			`{"action":"set","filter":{},"change":{"business_name":"Same"}}`: "change.business_name",
			`{"action":"set","filter":{},"change":{"state":"xx1"}}`:          "change.state",
			`{"action":"add_tags","filter":{}}`:                              "tags",
			`{"action":"opt_out"}`:                                           "filter",
		} {
			if got := do(t, m.a, request{route: "POST /smbs/bulk-update", body: body}); got.StatusCode != http.StatusUnprocessableEntity || got.fields() != want {
				t.Errorf("%s: %d %s, want %s", body, got.StatusCode, got.body, want)
			}
		}
	})
}
