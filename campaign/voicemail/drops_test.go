package voicemail_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// Who is limited to communities lists, checks and triggers there only, where the business is now.
func TestVoicemailsWithinCommunities(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		other := w.community("NY", "America/New_York")
		mine, theirs := w.smb(phone(142)), w.smbIn(other, phone(143), 1)
		ids := []int64{w.drop(mine), w.drop(theirs)}
		ctx := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ann", Role: fibonacco.Operator, Communities: []int64{w.town}})
		listed := func(filter fibonacco.Filter) string {
			t.Helper()
			page, err := w.svc.QueryDrops(ctx, fibonacco.ListQuery{Filter: filter})
			must(t, err)
			var found []int64
			for _, drop := range page.Data {
				found = append(found, drop.ID)
			}
			return fmt.Sprint(found)
		}
		equal(t, "listed", listed(nil), fmt.Sprint(ids[:1]))
		equal(t, "of the neighbours", listed(fibonacco.Filter{"community_id": fmt.Sprint(other)}), "[]")
		now := clock.Now().Format(time.RFC3339)
		for _, filter := range []fibonacco.Filter{
			{"status": "queued"},
			{"smb_id": fmt.Sprint(mine)},
			{"campaign_id": "HOOK-001"},
			{"sent_at": "null"},
			{"created_at": now + ".."},
			{"scheduled_for": now + ".."},
			{"community_id": fmt.Sprint(w.town)},
			{"delivery_status": "null"},
		} {
			equal(t, fmt.Sprint(filter), listed(filter), fmt.Sprint(ids[:1]))
		}
		equal(t, "sent", listed(fibonacco.Filter{"status": "sent,delivered"}), "[]")

		_, err := w.svc.FindDrop(ctx, ids[0])
		must(t, err)
		_, err = w.svc.FindDrop(ctx, ids[1])
		equal(t, "a neighbour's voicemail", fibonacco.CodeOf(err), fibonacco.NotFound)
		_, err = w.svc.CheckVoicemail(ctx, theirs, nil)
		equal(t, "a neighbour's permission", fibonacco.CodeOf(err), fibonacco.NotFound)
		send := w.send(theirs, "HOOK-001", 25*time.Hour)
		equal(t, "a neighbour's mail", fibonacco.CodeOf(w.svc.TriggerRVM(ctx, send)), fibonacco.NotFound)
		_, err = w.svc.ShouldTriggerRVM(ctx, send)
		equal(t, "a neighbour's mail", fibonacco.CodeOf(err), fibonacco.NotFound)

		w.exec(`UPDATE smbs SET community_id = $1 WHERE id = $2`, w.town, theirs)
		equal(t, "after they moved in", listed(nil), fmt.Sprint([]int64{ids[1], ids[0]}))
	})
}

// Whoever holds voicemails, lets them go or asks for one is on record.
func TestWhatPeopleDoIsOnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		w := newWorld(t, d, clock)
		ctx := fibonacco.WithPrincipal(t.Context(), &fibonacco.Principal{UserID: 7, Name: "Ann", Role: fibonacco.Manager})
		must(t, w.svc.TriggerRVM(ctx, w.send(w.smb(phone(142)), "HOOK-001", 25*time.Hour)))
		for range 2 {
			must(t, w.svc.PauseVoicemail(ctx, "storm", "Ann"))
		}
		for range 2 {
			must(t, w.svc.ResumeVoicemail(ctx, "Ann"))
		}
		equal(t, "entries", fmt.Sprint(list[string](w, `SELECT action FROM audit_log WHERE actor_name = 'Ann' ORDER BY id`)),
			"[smb.voicemail_triggered voicemail.paused voicemail.resumed]")
	})
}
