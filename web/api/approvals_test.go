package api_test

import (
	"strings"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Staff see what was approved, and steer it as far as its state allows (M4-18 to M4-21).
func TestApprovals(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newTowns(t, d, clock)
		theirs := w.theirs[4] // a business of the other town, whose approval and task have the number 6
		w.expect("viewer", "GET /approvals?filter[status]=failed", "", 200, `"id":1`, `"service_type":"listing_claim"`)
		w.expect("viewer", "GET /approvals/2", "", 200, `"status":"pending"`, `"approver_email":"own@example.com"`)
		w.expect("viewer", "GET /provisioning-tasks?filter[status]=failed&fields=failure_reason", "", 200, `"failure_reason":"out of paper"`)
		w.expect("viewer", "POST /approvals/2/provision", "", 403)
		w.expect("operator", "POST /approvals/2/provision", "", 204)
		w.expect("operator", "POST /approvals/2/provision", "", 409)
		w.expect("operator", "POST /approvals/99/provision", "", 404)
		w.expect("operator", "POST /provisioning-tasks/2/retry", "", 409)
		w.expect("operator", "POST /provisioning-tasks/2/complete", `{"result":{"url":"javascript:alert(1)","note":7}}`, 422, "result.url", "result.note")
		w.expect("operator", "POST /provisioning-tasks/2/complete", `{"result":{"url":"https://example.com/x"}}`, 204)
		w.expect("operator", "POST /provisioning-tasks/2/complete", `{"result":{}}`, 409)
		w.expect("viewer", "GET /approvals/2", "", 200, `"status":"provisioned"`)
		w.expect("operator", "DELETE /approvals/2", "", 409)
		w.expect("operator", "POST /provisioning-tasks/1/retry", "", 204)
		w.expect("operator", "POST /provisioning-tasks/1/fail", `{"reason":"still no paper"}`, 204)
		w.expect("operator", "DELETE /approvals/1", "", 204)
		w.expect("operator", "DELETE /approvals/1", "", 409)
		w.expect("operator", "POST /smbs/2/approval-link", `{"service_type":"gold"}`, 422, "service_type")
		if got := w.expect("operator", "POST /smbs/2/approval-link", `{"service_type":"sms_reminders"}`, 200, "http://localhost:8080/approve/"); strings.Contains(got.Body.String(), "own@") {
			t.Errorf("the link says more than it must: %s", got.Body)
		}
		w.expect("operator", "POST /smbs/2/revoke-links", "", 204)
		w.expect("admin", "GET /audit-log?filter[action]=smb.links_revoked", "", 200, `"entity_id":"2"`)

		for _, route := range []string{
			"GET /approvals/6", "POST /approvals/6/provision", "DELETE /approvals/6", "POST /provisioning-tasks/6/retry", "POST /smbs/" + theirs + "/revoke-links",
		} {
			w.expect(scopedToken, route, "", 404)
		}
		w.expect(scopedToken, "POST /provisioning-tasks/6/complete", `{"result":{}}`, 404)
		w.expect(scopedToken, "POST /provisioning-tasks/6/fail", `{"reason":"x"}`, 404)
		w.expect(scopedToken, "POST /smbs/"+theirs+"/approval-link", `{"service_type":"listing_claim"}`, 404)
		for _, list := range []string{"/approvals", "/provisioning-tasks", "/approvals?filter[smb_id]=" + theirs} {
			if got := w.expect(scopedToken, "GET "+list, "", 200); strings.Contains(got.Body.String(), `"smb_id":`+theirs+",") {
				t.Errorf("%s tells of another town: %s", list, got.Body)
			}
		}
	})
}
