package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/queue"
)

// River's own pages see no personal data wherever River would hand it out, and what they do is done by
// our verbs: in the audit log, by whoever asked, or refused with a sentence.
func TestRiverAPI(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		q := newQueue(t, d, "a")
		queue.Handle(q, func(context.Context, errand) error {
			return queue.Abandon(errors.New("550 5.1.1 <marisol@hair.example> unknown, call +1 (718) 555-0142"))
		})
		start(t, q)
		enqueue(t, d, q, errand{SMBID: 7, To: "Marisol Ortiz"})
		eventually(t, "it gave up", func() bool { return len(jobsIn(t, q, fibonacco.Filter{"state": "cancelled"})) == 1 })
		id := jobsIn(t, q, nil)[0].ID
		must(t, q.Stop(t.Context())) // from here on nobody but us touches it
		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			const noted = `{"output":{"name":"Marisol Ortiz"},"river:log":[{"attempt":1,"log":"wrote to marisol@hair.example"}]}`
			set := `CAST($1 AS jsonb)`
			if tx.Engine() == db.SQLite {
				set = `jsonb($1)`
			}
			_, err := tx.Exec(t.Context(), `UPDATE river_job SET metadata = `+set+` WHERE id = $2`, noted, id)
			return err
		}))
		api, err := q.RiverAPI("/queues/river")
		must(t, err)
		by := &fibonacco.Principal{UserID: 4, Name: "Mara Manager", Role: fibonacco.Manager}
		ask := func(by *fibonacco.Principal, method, path, body string) (int, string) {
			t.Helper()
			r := httptest.NewRequestWithContext(fibonacco.WithPrincipal(t.Context(), by), method, "/queues/river/api"+path, strings.NewReader(body))
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			if !json.Valid(w.Body.Bytes()) || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
				t.Errorf("%s %s is no JSON: %s", method, path, w.Body)
			}
			if strings.Contains(strings.ToLower(w.Body.String()), "marisol") || strings.Contains(w.Body.String(), "555-0142") {
				t.Errorf("%s %s tells a name: %s", method, path, w.Body)
			}
			return w.Code, w.Body.String()
		}
		one := fmt.Sprintf(`{"ids":["%d"]}`, id)
		for _, tc := range []struct {
			method, path, body string
			status             int
			says               string
		}{
			{"GET", "/jobs?state=cancelled", "", http.StatusOK, `"args":"{\"fails\":\"\",\"smb_id\":7,\"to\":\"•••\"}"`},
			{"GET", fmt.Sprint("/jobs/", id), "", http.StatusOK, `m•••@hair.example`},
			{"GET", fmt.Sprint("/jobs/", id), "", http.StatusOK, `"river:log":[{"attempt":1`},
			{"GET", fmt.Sprint("/jobs/", id+1000), "", http.StatusNotFound, "not found"},
			{"GET", "/jobs/x", "", http.StatusBadRequest, "message"},
			{"GET", "/queues", "", http.StatusOK, `"name":"default"`},
			{"GET", "/queues/default", "", http.StatusOK, `"paused_at":null`},
			{"GET", "/states", "", http.StatusOK, `"cancelled":{"accuracy":"exact","count":1`},
			{"GET", "/features", "", http.StatusOK, `"extensions":{}`},
			{"GET", "/version", "", http.StatusOK, `"go_version"`},
			{"GET", "/autocomplete?facet=job_kind", "", http.StatusOK, `test.errand`},
			{"GET", "/pro/producers", "", http.StatusNotFound, "not available"},
			{"GET", "/health-checks/complete", "", http.StatusNotFound, "not available"},
			{"POST", "/jobs", one, http.StatusNotFound, "not available"},
			{"DELETE", fmt.Sprint("/jobs/", id), "", http.StatusNotFound, "not available"},
			{"PATCH", "/queues/default", `{"concurrency":null}`, http.StatusNotImplemented, "queues.yaml"},
			{"POST", "/jobs/retry", "{", http.StatusBadRequest, "cannot be read"},
			{"POST", "/jobs/retry", `{"ids":["x"]}`, http.StatusBadRequest, "cannot be read"},
			{"POST", "/jobs/retry", `{"ids":[]}`, http.StatusUnprocessableEntity, "between 1 and 1000"},
			{"PUT", "/queues/default/pause", "", http.StatusOK, `"ok"`},
			{"GET", "/queues/default", "", http.StatusOK, `"paused_at":"`},
			{"PUT", "/queues/never-heard-of/pause", "", http.StatusNotFound, "no node"},
			{"POST", "/jobs/retry", one, http.StatusOK, `"ok"`},
			{"POST", "/jobs/retry", one, http.StatusConflict, "No job was retried"},
			{"POST", "/jobs/cancel", fmt.Sprintf(`{"ids":[%d]}`, id), http.StatusOK, `"ok"`},
			{"POST", "/jobs/delete", one, http.StatusOK, `"ok"`},
			{"POST", "/jobs/delete", one, http.StatusConflict, "gone"},
			{"PUT", "/queues/default/resume", "", http.StatusOK, `"ok"`},
		} {
			if status, text := ask(by, tc.method, tc.path, tc.body); status != tc.status || !strings.Contains(text, tc.says) {
				t.Errorf("%s %s: %d, %s", tc.method, tc.path, status, text)
			}
		}
		limited := &fibonacco.Principal{Role: fibonacco.Admin, Communities: []int64{1}}
		for _, path := range []string{"/jobs", fmt.Sprint("/jobs/", id), "/queues"} {
			if status, text := ask(limited, "GET", path, ""); status != http.StatusForbidden {
				t.Errorf("%s by somebody of one community: %d %s", path, status, text)
			}
		}
		must(t, d.View(t.Context(), func(tx *db.Tx) error {
			for action, want := range map[string]int{"jobs.retried": 1, "jobs.cancelled": 1, "jobs.deleted": 1, "queue.paused": 1, "queue.resumed": 1} {
				n, err := db.Count(t.Context(), tx, `SELECT count(*) FROM audit_log WHERE action = $1 AND user_id = 4`, action)
				if err != nil || n != want {
					t.Errorf("%s: %d lines in the audit log, %v", action, n, err)
				}
			}
			return nil
		}))
	})
}
