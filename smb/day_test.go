package smb_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestAdvanceManifestDestinyDay(t *testing.T) {
	at := func(text string) time.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	const active, completed = fibonacco.StatusActive, fibonacco.StatusCompleted
	cases := map[string]struct {
		zone, now string
		status    fibonacco.CampaignStatus
		start     string // "" is NULL
		paused    int
		wantDay   int
		want      fibonacco.CampaignStatus
	}{
		"the first day":             {"America/New_York", "2026-03-02T14:00:00Z", active, "2026-03-02", 0, 1, active},
		"before local midnight":     {"America/New_York", "2026-03-03T04:59:59Z", active, "2026-03-02", 0, 1, active},
		"at local midnight":         {"America/New_York", "2026-03-03T05:00:00Z", active, "2026-03-02", 0, 2, active},
		"after a day of 23 hours":   {"America/New_York", "2026-03-09T04:30:00Z", active, "2026-03-07", 0, 3, active},
		"after a day of 25 hours":   {"America/New_York", "2026-11-02T04:30:00Z", active, "2026-10-31", 0, 2, active},
		"fourteen hours ahead":      {"Pacific/Kiritimati", "2026-03-02T10:00:00Z", active, "2026-03-02", 0, 2, active},
		"eleven hours behind":       {"Pacific/Pago_Pago", "2026-03-02T10:59:59Z", active, "2026-03-01", 0, 1, active},
		"pauses are taken out":      {"America/New_York", "2026-03-12T14:00:00Z", active, "2026-03-02", 4, 7, active},
		"a start to come":           {"America/New_York", "2026-03-02T14:00:00Z", active, "2026-03-05", 0, 0, active},
		"the last day":              {"America/New_York", "2026-05-30T14:00:00Z", active, "2026-03-02", 0, 90, active},
		"past the last day":         {"America/New_York", "2026-05-31T14:00:00Z", active, "2026-03-02", 0, 90, completed},
		"long past the last day":    {"America/New_York", "2027-05-31T14:00:00Z", active, "2026-03-02", 0, 90, completed},
		"a pause puts the end off":  {"America/New_York", "2026-05-31T14:00:00Z", active, "2026-03-02", 1, 90, active},
		"a paused one stays":        {"America/New_York", "2026-03-12T14:00:00Z", fibonacco.StatusPaused, "2026-03-02", 0, 0, fibonacco.StatusPaused},
		"a pending one stays":       {"America/New_York", "2026-03-12T14:00:00Z", fibonacco.StatusPending, "", 0, 0, fibonacco.StatusPending},
		"active, but never started": {"America/New_York", "2026-03-12T14:00:00Z", active, "", 0, 0, active},
		"a leap day is a day":       {"America/New_York", "2028-03-01T14:00:00Z", active, "2028-02-28", 0, 3, active},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		community := newCommunity(t, s, "town", "America/New_York")
		for name, tc := range cases {
			exec(t, d, `UPDATE communities SET timezone = $1`, tc.zone)
			b := newSMB(t, s, community, name)
			exec(t, d, `
				UPDATE smbs SET campaign_status = $2, manifest_destiny_start_date = CAST($3 AS date), paused_days = $4 WHERE id = $1`,
				b.ID, string(tc.status), db.Null(tc.start), tc.paused)
			clock.Set(at(tc.now))
			events := len(published[fibonacco.SMBUpdated](t, d))
			must(t, s.AdvanceManifestDestinyDay(t.Context(), b.ID))
			got := find(t, s, b.ID)
			equal(t, name+": day", got.ManifestDestinyDay, tc.wantDay)
			equal(t, name+": status", got.CampaignStatus, tc.want)
			finished := 0
			if tc.status != tc.want {
				finished = 1
			}
			equal(t, name+": events", len(published[fibonacco.SMBUpdated](t, d))-events, finished)

			clock.Advance(time.Millisecond)
			must(t, s.AdvanceManifestDestinyDay(t.Context(), b.ID))
			if again := find(t, s, b.ID); !again.UpdatedAt.Equal(got.UpdatedAt) {
				t.Errorf("%s: running it twice wrote again", name)
			}
		}
	})
}
