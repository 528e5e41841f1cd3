package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
	"github.com/fibonacco/fibonacco/smb"
	"github.com/fibonacco/fibonacco/smb/duplicates"
	"github.com/fibonacco/fibonacco/smb/merge"
	"github.com/fibonacco/fibonacco/web/api"
)

// merges is the modules behind MergeService.
type merges struct {
	*merge.Service
	*duplicates.Finder
}

func newMerges(d *db.DB, q *queue.Queue, businesses *smb.Service, mails *campaign.Service) merges {
	return merges{
		merge.New(merge.Options{DB: d, Queue: q, Rescore: businesses.Rescore, TakeOver: mails.TakeOver}),
		duplicates.New(d, businesses),
	}
}

func TestMerges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newTowns(t, d, clock)
		type smbs struct{ a, b, foreign string }
		ids := smbs{
			a:       w.make("POST /smbs", `{"community_id":1,"business_name":"Rosa's Bakery","primary_phone":"718-555-0142","zip":"11231"}`).id(),
			b:       w.make("POST /smbs", `{"community_id":1,"business_name":"Rosas Bakery LLC","primary_phone":"718-555-0142","primary_email":"rosa@rosas.example"}`).id(),
			foreign: w.theirs[0],
		}
		found := w.get("/duplicates?community=1")
		if !strings.Contains(found, `"same phone number (718) 555-0142"`) {
			t.Errorf("duplicates: %s", found)
		}
		var undo string
		for _, s := range []struct {
			who, route, body string
			status           int
			want             string
		}{
			{"viewer", "GET /smbs/{a}/duplicates", "", 200, `"score":88`},
			{scopedToken, "GET /duplicates", "", 200, `"score":88`},
			{scopedToken, "GET /duplicates?community=2", "", 404, ""},
			{scopedToken, "GET /smbs/{foreign}/duplicates", "", 404, ""},
			{"viewer", "GET /duplicates?limit=501", "", 422, `"limit"`},
			{"viewer", "GET /duplicates?filter[zip]=1", "", 422, "filter[zip]"},
			{"viewer", "POST /duplicates/dismiss", `{"a":{a},"b":{b}}`, 403, ""},
			{"operator", "POST /duplicates/dismiss", `{"a":{a},"b":{a}}`, 422, `"field":"b"`},
			{"operator", "POST /duplicates/dismiss", `{"a":{a},"b":{b}}`, 204, ""},
			{"viewer", "GET /smbs/{a}/duplicates", "", 200, `"data":[]`},
			{"viewer", "POST /duplicates/restore", `{"a":{a},"b":{b}}`, 403, ""},
			{"operator", "POST /duplicates/restore", `{"a":{b},"b":{a}}`, 204, ""},
			{"viewer", "GET /smbs/{a}/duplicates", "", 200, `"score":88`},
			{"viewer", "POST /smbs/{a}/merge/preview", `{"other":{b}}`, 403, ""},
			{"operator", "POST /smbs/{a}/merge/preview", `{"other":{b}}`, 200, `{"name":"primary_email","keep":"","other":"rosa@rosas.example","result":"rosa@rosas.example"}`},
			{"operator", "POST /smbs/{a}/merge", `{"other":{b}}`, 403, ""},
			{"manager", "POST /smbs/{a}/merge", `{}`, 422, `"other"`},
			{"manager", "POST /smbs/{a}/merge", `{"other":{b},"choose":{"id":"other","city":"mine"}}`, 422, `"field":"choose.id"`},
			{"manager", "POST /smbs/{a}/merge", `{"other":{foreign}}`, 409, ""},
			{scopedToken, "POST /smbs/{a}/merge", `{"other":{foreign}}`, 404, ""},
			{"manager", "POST /smbs/{a}/merge", `{"other":{b},"choose":{"business_name":"other"}}`, 201, `"survivor_id":{a},"other_id":{b}`},
			{"viewer", "GET /smbs/{b}", "", 404, ""},
			{"viewer", "GET /smbs/{b}/merges", "", 200, `"survivor_id":{a}`},
			{"viewer", "GET /smbs/{a}", "", 200, `"business_name":"Rosas Bakery LLC"`},
			{"operator", "POST /merges/{uuid}/undo", "", 403, ""},
			{"manager", "POST /merges/{uuid}/undo", "", 204, ""},
			{"manager", "POST /merges/{uuid}/undo", "", 409, ""},
			{"manager", "POST /merges/nonsense/undo", "", 404, ""},
			{"viewer", "GET /smbs/{b}", "", 200, `"primary_email":"rosa@rosas.example"`},
		} {
			fill := strings.NewReplacer("{a}", ids.a, "{b}", ids.b, "{foreign}", ids.foreign, "{uuid}", undo).Replace
			got := w.answer(s.who, fill(s.route), fill(s.body))
			if got.Code != s.status || !strings.Contains(got.Body.String(), fill(s.want)) {
				t.Errorf("%s as %s with %s: %d, want %d with %s: %.1000s", s.route, s.who, s.body, got.Code, s.status, fill(s.want), got.Body)
			}
			if got.Code == http.StatusCreated {
				if at := got.Header().Get("Location"); at != fmt.Sprintf("/api/v1/smbs/%s/merges", ids.a) {
					t.Errorf("it is at %q", at)
				}
				_, rest, _ := strings.Cut(got.Body.String(), `"uuid":"`)
				undo, _, _ = strings.Cut(rest, `"`)
			}
		}
	})
}

// answer is what somebody gets.
func (w *towns) answer(who, route, body string) *httptest.ResponseRecorder {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequestWithContext(w.t.Context(), method, api.Prefix+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w.as(r, who)
	return recordRequest(w.a, r)
}
