package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/web/api"
)

func TestIfMatch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		header string // "{tag}" is the tag of an answer about version 1
		status int
		code   string
	}{
		"none":                              {"", 200, ""},
		"the tag as given":                  {"{tag}", 200, ""},
		"the tag of another answer":         {`"1-000000000000"`, 200, ""},
		"the version alone":                 {`"1"`, 200, ""},
		"one of several":                    {`"0-aa", {tag}`, 200, ""},
		"whatever there is":                 {"*", 200, ""},
		"an older version":                  {`"0-aa"`, 412, "precondition_failed"},
		"a newer version":                   {`"2-aa"`, 412, "precondition_failed"},
		"a weak tag, which matches nothing": {"W/{tag}", 412, "precondition_failed"},
		"a tag of somebody else's":          {`"abc"`, 412, "precondition_failed"},
		"an empty tag":                      {`""`, 412, "precondition_failed"},
		"no quotes":                         {"1-aa", 400, "malformed"},
		"half a tag":                        {`"1-aa`, 400, "malformed"},
		"a star among tags":                 {`*, "1-aa"`, 400, "malformed"},
	} {
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			h := newHouse()
			a := api.New(h.options())
			tag := do(t, a, request{route: "GET /smbs/1"}).Header.Get("ETag")
			q := request{route: method + " /smbs/1", headers: map[string]string{"If-Match": strings.ReplaceAll(tc.header, "{tag}", tag)}}
			if method != "DELETE" {
				q.body = `{"city":"Brooklyn"}`
			}
			if tc.header == "" {
				q.headers = nil
			}
			got := do(t, a, q)
			want := tc.status
			if method == "DELETE" && want == 200 {
				want = 204
			}
			if got.StatusCode != want || got.problem.Code != tc.code {
				t.Errorf("%s with %s: %d %s", method, name, got.StatusCode, got.body)
			}
			if changed := h.smbs[0].City != "" || h.smbs[0].DeletedAt != nil; changed != (tc.status == 200) {
				t.Errorf("%s with %s: changed is %v", method, name, changed)
			}
		}
	}
	if got := do(t, api.New(newHouse().options()), request{route: "PATCH /smbs/99", body: `{}`, headers: map[string]string{"If-Match": "*"}}); got.StatusCode != 404 {
		t.Errorf("a star for what does not exist: %d", got.StatusCode)
	}
}

// overtaken changes a business after it was read and before it is changed or deleted.
type overtaken struct{ *house }

func (o overtaken) hurry(id int64) { o.smbs[id-1].Version++ }

func (o overtaken) Update(ctx context.Context, id int64, c fibonacco.SMBChange) (*fibonacco.SMB, error) {
	o.hurry(id)
	return o.house.Update(ctx, id, c)
}

func (o overtaken) DeleteSMBIf(ctx context.Context, id int64, version int) error {
	o.hurry(id)
	return o.house.DeleteSMBIf(ctx, id, version)
}

func TestIfMatchIsHeldToTheEnd(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	racing := overtaken{newHouse()}
	o.SMBs, o.Directory = racing, racing
	a := api.New(o)
	for _, q := range []request{{route: "PATCH /smbs/1", body: `{"city":"Brooklyn"}`}, {route: "DELETE /smbs/2"}} {
		q.headers = map[string]string{"If-Match": `"1"`}
		if got := do(t, a, q); got.StatusCode != http.StatusPreconditionFailed {
			t.Errorf("%s: %d %s", q.route, got.StatusCode, got.body)
		}
	}
	// Without If-Match the last one wins, and a conflict of another kind stays one.
	if got := do(t, a, request{route: "PATCH /smbs/1", body: `{"city":"Brooklyn"}`}); got.StatusCode != http.StatusOK {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

func TestETags(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	plain := do(t, a, request{route: "GET /smbs/1"})
	tag := plain.Header.Get("ETag")
	if !strings.HasPrefix(tag, `"1-`) || !strings.HasSuffix(tag, `"`) || len(tag) < 12 {
		t.Errorf("ETag %s", tag)
	}
	if again := do(t, a, request{route: "GET /smbs/" + h.smbs[0].UUID}); again.Header.Get("ETag") != tag {
		t.Errorf("the same answer has the tag %s", again.Header.Get("ETag"))
	}
	if other := do(t, a, request{route: "GET /smbs/1?include=community"}); other.Header.Get("ETag") == tag || !strings.HasPrefix(other.Header.Get("ETag"), `"1-`) {
		t.Errorf("another answer has the tag %s", other.Header.Get("ETag"))
	}
	for header, status := range map[string]int{
		tag: 304, "W/" + tag: 304, `"0-aa", ` + tag: 304, "*": 304, `"1-000000000000"`: 200, "": 200, "nonsense": 400,
	} {
		q := request{route: "GET /smbs/1"}
		if header != "" {
			q.headers = map[string]string{"If-None-Match": header}
		}
		got := do(t, a, q)
		if got.StatusCode != status || status == 304 && (got.body != "" || got.Header.Get("ETag") != tag) {
			t.Errorf("If-None-Match %s: %d %q", header, got.StatusCode, got.body)
		}
	}
	changed := do(t, a, request{route: "PATCH /smbs/1", body: `{"city":"Brooklyn"}`})
	if now := do(t, a, request{route: "GET /smbs/1"}); changed.Header.Get("ETag") == tag || now.Header.Get("ETag") != changed.Header.Get("ETag") {
		t.Errorf("after the change %s, read anew %s", changed.Header.Get("ETag"), now.Header.Get("ETag"))
	}
	if made := do(t, a, request{route: "POST /smbs", body: `{"community_id":1,"business_name":"New","tags":["vip"],"metadata":{"a":1}}`}); made.Header.Get("ETag") == "" ||
		!slices.Equal(h.smbs[7].Tags, []string{"vip"}) || h.smbs[7].Metadata["a"] != 1.0 {
		t.Errorf("made %s %+v", made.Header.Get("ETag"), h.smbs[7])
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	members := func(query string) []string {
		t.Helper()
		got := do(t, a, request{route: "GET /smbs/1" + query})
		if got.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s", query, got.StatusCode, got.body)
		}
		var all map[string]json.RawMessage
		got.decode(t, &all)
		return slices.Sorted(maps.Keys(all))
	}
	plain := members("")
	if slices.Contains(plain, "community") || slices.Contains(plain, "next_step") || !slices.Contains(plain, "tags") {
		t.Errorf("plain: %v", plain)
	}
	with := members("?include=community,recent_sends,next_step,reach,tags")
	for _, part := range []string{"community", "recent_sends", "next_step", "reach"} {
		if !slices.Contains(with, part) {
			t.Errorf("%s was asked for: %v", part, with)
		}
	}
	if slices.Contains(with, "approvals") || len(with) != len(plain)+4 {
		t.Errorf("with: %v", with)
	}
	if few := members("?fields=business_name,city&include=engagement"); !slices.Equal(few, []string{"business_name", "city", "engagement", "id"}) {
		t.Errorf("few: %v", few)
	}
	got := do(t, a, request{route: "GET /smbs/1?include=everything&fields=password"})
	if got.StatusCode != 422 || got.fields() != "include fields" || !strings.Contains(got.body, "next_step") || !strings.Contains(got.body, "business_name") {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if got := do(t, a, request{route: "GET /smbs/1?included=community"}); got.StatusCode != 422 || got.fields() != "included" {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
	if body := do(t, a, request{route: "GET /smbs/1?include=recent_sends,approvals"}).body; !strings.Contains(body, `"recent_sends":[]`) || !strings.Contains(body, `"approvals":[]`) {
		t.Errorf("what there is none of is an empty list: %s", body)
	}
}

func TestCommunityLife(t *testing.T) {
	t.Parallel()
	h := newHouse()
	a := api.New(h.options())
	for _, tc := range []struct {
		route, body string
		status      int
		fields      string
	}{
		{"PATCH /communities/brooklyn", `{"name":"South","county":null,"population":null,"settings":{"a":null}}`, 200, ""},
		{"PATCH /communities/1", `{"timezone":"Mars/Olympus"}`, 422, "timezone"},
		{"PATCH /communities/1", `{"name":null}`, 422, "name"},
		{"PATCH /communities/1", `{"id":5}`, 422, "id"},
		{"PATCH /communities/1", `{"population":0}`, 422, "population"},
		{"PATCH /communities/nowhere", `{}`, 404, ""},
		{"GET /communities/brooklyn/stats", "", 200, ""},
		{"GET /communities/9/stats", "", 404, ""},
		{"DELETE /communities/1", "", 409, ""},
		{"DELETE /communities/9", "", 404, ""},
		{"GET /communities?filter[slug]=x&search=brook&sort=-name&page[total]=true", "", 200, ""},
		{"GET /communities?filter[mayor]=x", "", 422, "filter[mayor]"},
		{"GET /communities?sort=state", "", 422, "sort"},
	} {
		if got := do(t, a, request{route: tc.route, body: tc.body}); got.StatusCode != tc.status || got.fields() != tc.fields {
			t.Errorf("%s %s: %d %s", tc.route, tc.body, got.StatusCode, got.body)
		}
	}
	if h.communities[0].Name != "South" {
		t.Errorf("stored %+v", h.communities[0])
	}
}

func TestWhatHappenedToABusiness(t *testing.T) {
	t.Parallel()
	a := api.New(newHouse().options())
	for route, status := range map[string]int{
		"GET /smbs/1/engagement": 200, "GET /smbs/1/engagement?filter[kind]=email.opened,audit.smb.updated&filter[at]=2026-01-01..2026-02-01": 200,
		"GET /smbs/1/engagement?filter[from]=2026-01-01": 422, "GET /smbs/99/engagement": 404,
		"GET /smbs/1/engagement/score/history": 200, "GET /smbs/1/engagement/score/history?from=2026-01-01&to=2026-02-01": 200,
		"GET /smbs/1/engagement/score/history?from=yesterday": 422, "GET /smbs/99/engagement/score/history": 404,
		"GET /smbs/1/approvals?filter[status]=pending": 200, "GET /smbs/1/approvals?filter[status]=maybe": 422, "GET /smbs/99/approvals": 404,
		"GET /smbs/1/campaigns?filter[status]=sent": 200, "GET /smbs/1/campaigns?filter[smb_id]=2": 422, "GET /smbs/99/campaigns": 404,
	} {
		if got := do(t, a, request{route: route}); got.StatusCode != status {
			t.Errorf("%s: %d %s", route, got.StatusCode, got.body)
		}
	}
}
