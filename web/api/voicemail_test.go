package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Voicemails are listed, asked for and held; those of another town are not there.
func TestVoicemail(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newTowns(t, d, clock)
		theirs, n := w.theirs[4], len(w.theirs)
		theirDrop, theirSend := w.theirs[n-2], w.theirs[n-1]
		own, send := w.pools["rvm-drops"][0], w.pools["sends"][0]

		w.expect("viewer", "GET /rvm-drops?filter[status]=delivered&page[total]=true", "", 200, `"total":2`)
		w.expect("viewer", "GET /rvm-drops?filter[created_at]=2999-01-01..", "", 200, `"data":[]`)
		w.expect("viewer", "GET /rvm-drops?filter[campaign_id]=HOOK-001&filter[sent_at]=null&filter[smb_id]=1&filter[community_id]=1", "", 200, `"id":`+own)
		w.expect("viewer", "GET /rvm-drops?filter[status]=lost", "", 422, `"field":"filter[status]"`)
		if got := w.expect(scopedToken, "GET /rvm-drops?page[total]=true", "", 200, `"total":1`); strings.Contains(got.Body.String(), foreignMark) {
			t.Errorf("tells of the other town: %s", got.Body)
		}
		w.expect(scopedToken, "GET /rvm-drops?filter[community_id]="+w.town, "", 200, `"data":[]`)
		w.expect(scopedToken, "GET /rvm-drops/"+own, "", 200, `"script":"own"`)
		w.expect(scopedToken, "GET /rvm-drops/"+theirDrop, "", 404)
		w.expect("viewer", "GET /rvm-drops/"+theirDrop, "", 200)
		w.expect(scopedToken, "GET /smbs/1/rvm-drops", "", 200, `"id":`+own)
		w.expect(scopedToken, "GET /smbs/"+theirs+"/rvm-drops", "", 404)

		w.expect("viewer", "GET /smbs/1/rvm-check?at=2026-11-23T15:00:00Z", "", 200, `"allowed":false`, `"name":"consent"`, `"at":"2026-11-23T15:00:00Z"`)
		w.expect("viewer", "GET /smbs/1/rvm-check?at=noon", "", 422, `"field":"at"`)
		w.expect(scopedToken, "GET /smbs/"+theirs+"/rvm-check", "", 404)

		w.expect(scopedToken, "POST /rvm-drops", `{"campaign_send_id":`+theirSend+`}`, 404)
		w.expect("viewer", "POST /rvm-drops", `{"campaign_send_id":`+send+`}`, 403)
		w.expect("operator", "POST /rvm-drops", `{"campaign_send_id":`+send+`}`, 422, `"reason":"paused"`)
		w.make("PATCH /smbs/1", `{"primary_phone":"(718) 555-0142"}`)
		w.make("POST /smbs/1/campaign/resume", "")
		made := w.expect("operator", "POST /rvm-drops", `{"campaign_send_id":`+send+`}`, 422, `"reason":"unfit_script"`)
		if made.Header().Get("Location") != "" {
			t.Error("a refusal says where the voicemail is")
		}
		if err := d.Update(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `UPDATE campaigns SET rvm_script = $1, updated_at = $2 WHERE id = 'HOOK-001'`,
				`This is a recorded message from {{ company_name }}. To stop these messages, call {{ opt_out_number }}, toll free. Questions? Call {{ callback_number }}.`, tx.Now.Add(time.Hour))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		made = w.expect("operator", "POST /rvm-drops", `{"campaign_send_id":`+send+`}`, 201, `"status":"queued"`, `"phone":"+17185550142"`)
		w.expect("viewer", "GET "+strings.TrimPrefix(made.Header().Get("Location"), "/api/v1"), "", 200, `"campaign_send_id":`+send)
		w.expect("operator", "POST /rvm-drops", `{"campaign_send_id":`+send+`}`, 409)
		w.expect("manager", "GET /audit-log?filter[action]=smb.voicemail_triggered", "", 200, `"actor_name":"operator"`, `"entity_id":"1"`)

		w.expect("viewer", "GET /voicemail", "", 200, `"provider":"simulator"`, `"paused":false`)
		w.expect("operator", "POST /voicemail/pause", `{"reason":"storm"}`, 403)
		w.expect(scopedToken, "POST /voicemail/pause", `{"reason":"storm"}`, 403)
		w.expect("manager", "POST /voicemail/pause", `{"reason":"storm"}`, 200, `"paused":true`, `"by":"manager"`, `"reason":"storm"`)
		w.expect("viewer", "GET /smbs/1/rvm-check", "", 200, "voicemails are paused by manager: storm")
		w.expect("manager", "POST /voicemail/resume", "", 200, `"paused":false`)
		w.expect("manager", "GET /audit-log?filter[entity]=voicemail", "", 200, `"action":"voicemail.paused"`, `"action":"voicemail.resumed"`)
	})
}
