package smb_test

import (
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// What somebody else changes is found by it once its event is handled; until then the old value
// finds nothing wrong.
func TestCopiesFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		having := func(tier string) int {
			return len(listIDs(t, s, fibonacco.SMBFilter{SubscriptionTiers: []string{tier}}))
		}
		exec(t, d, `UPDATE smbs SET subscription_tier = 'growth' WHERE id = $1`, b.ID)
		equal(t, "still free", having("free"), 0)
		event := fibonacco.SMBUpdated{SMBID: b.ID, CommunityID: b.CommunityID, Fields: []string{"subscription_tier"}}
		must(t, s.IndexUpdated(t.Context(), []fibonacco.SMBUpdated{event, event, {SMBID: 99, Fields: []string{"service_model"}}, {SMBID: b.ID, Fields: []string{"city"}}}))
		equal(t, "growth", having("growth"), 1)
	})
}

// A repair writes what is missing, mends what is old and takes out what is gone, and goes on where
// it was cut off. The nightly run asks for one.
func TestRepairSearch(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		town := newCommunity(t, s, "town", "America/New_York")
		missing, old, gone := newSMB(t, s, town, "Missing Bakery"), newSMB(t, s, town, "Old Bakery"), newSMB(t, s, town, "Gone Bakery")
		many(t, d, town, 4100) // none of them was ever found
		exec(t, d, `DELETE FROM smb_search WHERE smb_id = $1`, missing.ID)
		exec(t, d, `UPDATE smbs SET business_name = 'New Café', name_key = 'new cafe', version = version + 1 WHERE id = $1`, old.ID)
		exec(t, d, `UPDATE smbs SET deleted_at = created_at, version = version + 1 WHERE id = $1`, gone.ID)
		exec(t, d, `INSERT INTO smb_search (smb_id, version, community_id, name_key, name, words, subscription_tier, data_quality_score) VALUES (99999, 1, $1, 'x', ' x', '', 'free', 0)`, town)
		must(t, s.RepairSearch(t.Context(), clock.Now()))
		equal(t, "nothing is due", count(t, d, `SELECT count(*) FROM smb_search`), 3)
		must(t, s.Nightly(t.Context(), clock.Now()))
		must(t, s.RepairSearch(t.Context(), clock.Now()))
		equal(t, "all are there", count(t, d, `SELECT count(*) FROM smb_search`), count(t, d, `SELECT count(*) FROM smbs WHERE deleted_at IS NULL`))
		equal(t, "it is over", count(t, d, `SELECT count(*) FROM settings WHERE key = 'smb.search'`), 0)
		for text, want := range map[string]int64{"missing": missing.ID, "new cafe": old.ID} {
			equal(t, text, fmt.Sprint(listIDs(t, s, fibonacco.SMBFilter{Search: text})), fmt.Sprint([]int64{want}))
		}
		equal(t, "old", len(listIDs(t, s, fibonacco.SMBFilter{Search: "old bakery"})), 0)
	})
}
