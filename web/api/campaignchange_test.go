package api_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/web/api"
)

// asked is one request to the towns and its answer.
func (w *towns) asked(who, route, body string, headers ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	method, path, _ := strings.Cut(route, " ")
	r := httptest.NewRequestWithContext(w.t.Context(), method, api.Prefix+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w.as(r, who)
	return recordRequest(w.a, r)
}

// expect asks, and says what is wrong with the answer.
func (w *towns) expect(who, route, body string, status int, holds ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	got := w.asked(who, route, body)
	if got.Code != status {
		w.t.Errorf("%s as %s: %d, want %d: %s", route, who, got.Code, status, got.Body)
	}
	for _, text := range holds {
		if !strings.Contains(got.Body.String(), text) {
			w.t.Errorf("%s as %s does not say %s: %s", route, who, text, got.Body)
		}
	}
	return got
}

const pageText = `"title":"A page","body_markdown":"Hello {{ first_name | default: \"there\" }}, this is a mail with as many words as a mail needs to be a mail and not bait for anybody."`

// A campaign is written, changed by two people at once, looked at, and let go; what belongs to another
// town is not there.
func TestCampaignsAreWritten(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newTowns(t, d, clock)
		theirs := w.theirs[4] // a business of the other town
		made := w.expect("manager", "POST /campaigns", `{"id":"HOOK-900","type":"HOOK","slug":"a-page","day":1,"subject":"READ THIS TODAY",`+pageText+`}`,
			201, `"version":1`, `"is_active":false`, `"findings":[{"field":"subject"`)
		tag := made.Header().Get("ETag")
		if at := made.Header().Get("Location"); at != "/api/v1/campaigns/HOOK-900" || !strings.HasPrefix(tag, `"1-`) {
			t.Errorf("made at %q, %s", at, tag)
		}
		w.expect("manager", "POST /campaigns", `{"id":"HOOK-900","type":"HOOK","slug":"b","subject":"S",`+pageText+`}`, 409)
		w.expect("manager", "POST /campaigns", `{"id":"hook","type":"HOOK","slug":"B","subject":" ",`+pageText+`}`, 422, `"field":"id"`, `"field":"slug"`, `"field":"subject"`)
		for _, who := range []string{"operator", "viewer", scopedToken} {
			w.expect(who, "POST /campaigns", `{"id":"HOOK-901","type":"HOOK","slug":"b","subject":"S",`+pageText+`}`, 403)
		}

		change := `{"day":1,"subject":"Another subject",` + pageText + `}`
		changed := w.asked("manager", "PUT /campaigns/HOOK-900", change, "If-Match", tag)
		if changed.Code != 200 || !strings.Contains(changed.Body.String(), `"version":2`) || !strings.HasPrefix(changed.Header().Get("ETag"), `"2-`) {
			t.Errorf("changed: %d %s", changed.Code, changed.Body)
		}
		late := w.asked("manager", "PUT /campaigns/HOOK-900", strings.Replace(change, "Another", "A third", 1), "If-Match", tag)
		if late.Code != 412 || !strings.Contains(late.Body.String(), "campaign has been changed since") {
			t.Errorf("with an old tag: %d %s", late.Code, late.Body)
		}
		w.expect("manager", "PUT /campaigns/HOOK-900", strings.Replace(change, "Another", "A third", 1), 200, `"version":3`)
		w.expect(scopedToken, "PUT /campaigns/HOOK-900", change, 403)
		read := w.expect("viewer", "GET /campaigns/HOOK-900", "", 200, `"subject":"A third subject"`)
		if again := w.asked("viewer", "GET /campaigns/HOOK-900", "", "If-None-Match", read.Header().Get("ETag")); again.Code != http.StatusNotModified {
			t.Errorf("read again: %d", again.Code)
		}
		w.expect("viewer", "GET /campaigns/HOOK-900/versions", "", 200, `"version":3`, `"version":1`, `"created_by":"manager"`)
		w.expect("viewer", "GET /campaigns/HOOK-900/versions/2", "", 200, `"subject":"Another subject"`)
		w.expect("viewer", "GET /campaigns/HOOK-900/versions/4", "", 404)
		w.expect("operator", "POST /campaigns/lint", `{"subject":"ACT NOW"}`, 200, `"field":"id"`, `"severity":"error"`)

		w.expect("manager", "POST /campaigns/HOOK-900/activate", "", 409, "ay 1 belongs to HOOK-001")
		w.expect("manager", "POST /campaigns/HOOK-001/deactivate", "", 200, `"is_active":false`)
		w.expect("manager", "POST /campaigns/HOOK-900/activate", "", 200, `"is_active":true`)
		w.expect(scopedToken, "POST /campaigns/HOOK-900/deactivate", "", 403)

		w.expect("viewer", "GET /campaigns/HOOK-900/preview?smb_id=1&version=2", "", 200, `"subject":"Another subject"`, "Subject: Another subject")
		w.expect("viewer", "GET /campaigns/HOOK-900/preview", "", 422, `"field":"smb_id"`)
		w.expect(scopedToken, "GET /campaigns/HOOK-900/preview?smb_id="+theirs, "", 404)
		w.expect(scopedToken, "GET /campaigns/HOOK-001/stats", "", 200, `"planned":3`)
		w.expect("viewer", "GET /campaigns/HOOK-001/stats", "", 200, `"planned":6`)

		w.expect(scopedToken, "POST /campaigns/HOOK-900/test-send", `{"smb_id":`+theirs+`,"to":"ana@example.com"}`, 404)
		w.expect("viewer", "POST /campaigns/HOOK-900/test-send", `{"smb_id":1,"to":"ana@example.com"}`, 403)
		w.expect("operator", "POST /campaigns/HOOK-900/test-send", `{"smb_id":1,"to":"ana"}`, 422, `"field":"to"`)
		for range 30 {
			w.expect("operator", "POST /campaigns/HOOK-900/test-send", `{"smb_id":1,"to":"ana@example.com"}`, 202)
		}
		if got := w.expect("operator", "POST /campaigns/HOOK-900/test-send", `{"smb_id":1,"to":"ana@example.com"}`, 429); got.Header().Get("Retry-After") == "" {
			t.Error("429 does not say when to come again")
		}
		w.expect("manager", "GET /audit-log?filter[entity]=campaign&filter[entity_id]=HOOK-900&page[size]=200", "", 200,
			`"action":"campaign.created"`, `"action":"campaign.updated"`, `"action":"campaign.test_sent"`, `"actor_name":"manager"`)
	})
}

// A community keeps its own days off; a neighbour neither sees nor moves them.
func TestHolidays(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newTowns(t, d, clock)
		w.expect("manager", "PUT /communities/brooklyn/holidays/2026-11-27", `{"name":" Founders' day "}`, 200, `{"day":"2026-11-27","name":"Founders' day"}`)
		w.expect(scopedToken, "PUT /communities/1/holidays/2026-07-03", `{"name":"Fair"}`, 200)
		w.expect("viewer", "GET /communities/1/holidays", "", 200, `[{"day":"2026-07-03","name":"Fair"},{"day":"2026-11-27","name":"Founders' day"}]`)
		for _, route := range []string{"GET /communities/zqxforeign/holidays", "PUT /communities/zqxforeign/holidays/2026-07-03", "DELETE /communities/" + w.town + "/holidays/2026-07-03"} {
			w.expect(scopedToken, route, `{"name":"Fair"}`, 404)
		}
		w.expect("operator", "DELETE /communities/1/holidays/2026-07-03", "", 403)
		w.expect("manager", "PUT /communities/1/holidays/tomorrow", `{"name":"Fair"}`, 422, `"field":"day"`)
		w.expect("manager", "PUT /communities/1/holidays/2026-07-03", `{"name":" "}`, 422, `"field":"name"`)
		for range 2 {
			w.expect("manager", "DELETE /communities/1/holidays/2026-07-03", "", 204)
		}
		w.expect("viewer", "GET /communities/1/holidays", "", 200, `"data":[{"day":"2026-11-27"`)
		got := w.expect("manager", "GET /audit-log?filter[entity]=community&filter[entity_id]=1", "", 200, `"action":"community.holiday_removed"`, `"before":{"2026-07-03":"Fair"}`)
		if n := strings.Count(got.Body.String(), "community.holiday_"); n != 3 {
			t.Errorf("%d entries about holidays, want 3", n)
		}
	})
}

// shelf keeps the last library that it was given.
type shelf struct {
	files []string
	dry   bool
}

func (s *shelf) ImportLibrary(_ context.Context, files fs.FS, dry bool) (*fibonacco.LibraryReport, error) {
	s.files, s.dry = nil, dry
	entries, err := fs.ReadDir(files, ".")
	for _, e := range entries {
		s.files = append(s.files, e.Name())
	}
	return &fibonacco.LibraryReport{Campaigns: len(s.files), DryRun: dry}, err
}

func TestLibraryArchives(t *testing.T) {
	t.Parallel()
	o := newHouse().options()
	s := &shelf{}
	o.Libraries = s
	a := api.New(o)
	archive := func(names ...string) string {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, name := range names {
			f, err := z.Create(name)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = f.Write([]byte("{}"))
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var many []string
	for i := range 1001 {
		many = append(many, fmt.Sprint(i, ".json"))
	}
	for name, tc := range map[string]struct {
		query, kind, body string
		status            int
		files             string
		dry               bool
	}{
		"files":               {"", "application/zip", archive("b.json", "a.md"), 200, "[a.md b.json]", false},
		"a folder":            {"?dry_run=true", "application/zip", archive("library/a.md", "__MACOSX/._a.md"), 200, "[a.md]", true},
		"folders":             {"", "application/zip", archive("x/a.md", "y/b.md"), 200, "[x y]", false},
		"nothing":             {"", "application/zip", archive(), 200, "[]", false},
		"a way out":           {"", "application/zip", archive("../../etc/passwd", "a.md"), 200, "[a.md etc]", false},
		"too many":            {"", "application/zip", archive(many...), 413, "[]", false},
		"no archive":          {"", "application/zip", "PK nonsense", 400, "[]", false},
		"another kind":        {"", "application/json", "{}", 415, "[]", false},
		"a strange dry run":   {"?dry_run=maybe", "application/zip", archive("a.md"), 422, "[]", false},
		"an unknown question": {"?dry=true", "application/zip", archive("a.md"), 422, "[]", false},
	} {
		*s = shelf{}
		got := do(t, a, request{route: "POST /campaigns/import" + tc.query, body: tc.body, headers: map[string]string{"Content-Type": tc.kind}})
		if got.StatusCode != tc.status || fmt.Sprint(s.files) != tc.files || s.dry != tc.dry {
			t.Errorf("%s: %d, %v, dry %v: %s", name, got.StatusCode, s.files, s.dry, got.body)
		}
	}
	if got := do(t, a, request{route: "POST /campaigns/import", role: "operator", body: archive("a.md")}); got.StatusCode != http.StatusForbidden {
		t.Errorf("as an operator: %d", got.StatusCode)
	}
}
