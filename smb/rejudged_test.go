package smb_test

import (
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// What is no longer thought of a mail is taken back: columns and score, and nobody else's.
func TestRescoreRejudged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, first := setup(t, d)
		b, other := newSMB(t, s, first.CommunityID, "one"), newSMB(t, s, first.CommunityID, "two")
		early, late := clock.Now().Add(-2*time.Hour), clock.Now().Add(-time.Hour)
		kept := mail(t, d, b.ID, &early)
		lost := mail(t, d, b.ID, &late)
		clicked(t, d, lost, 1, "human", late)
		opened(t, d, other.ID, late)
		must(t, s.RescoreClicked(t.Context(), []fibonacco.EmailClicked{{SMBID: b.ID, At: late}, {SMBID: other.ID, At: late}}))
		equal(t, "before", [2]string{lastColumns(t, find(t, s, b.ID), late), lastColumns(t, find(t, s, other.ID), late)}, [2]string{"open click", "open click"})
		before := find(t, s, b.ID).EngagementScore

		must(t, d.Update(t.Context(), func(tx *db.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE email_events SET verdict = 'machine' WHERE campaign_send_id = $1`, lost); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), `UPDATE campaign_sends SET opened_at = NULL, clicked_at = NULL WHERE id = $1`, lost)
			return err
		}))
		events := []fibonacco.EmailRejudged{{CampaignSendID: lost, SMBID: b.ID}}
		must(t, s.RescoreRejudged(t.Context(), events))
		must(t, s.RescoreRejudged(t.Context(), events)) // handlers may see an event again
		got := find(t, s, b.ID)
		equal(t, "columns", lastColumns(t, got, early), "open")
		equal(t, "score", [2]int{before, got.EngagementScore}, [2]int{20, 5})
		equal(t, "somebody else", lastColumns(t, find(t, s, other.ID), late), "open click")

		clicked(t, d, kept, 1, "human", late)
		must(t, s.RescoreRejudged(t.Context(), events))
		equal(t, "a click that came back", lastColumns(t, find(t, s, b.ID), late), "open click")
	})
}
