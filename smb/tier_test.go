package smb_test

import (
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestMoveTier(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for _, tc := range []struct {
			upgrade bool
			to      int
			want    fibonacco.Code
			tier    int // afterwards
		}{
			{true, 4, fibonacco.Conflict, 4},
			{false, 4, fibonacco.Conflict, 4},
			{true, 2, "", 2},
			{true, 3, fibonacco.Conflict, 2},
			{true, 2, fibonacco.Conflict, 2},
			{false, 1, fibonacco.Conflict, 2},
			{true, 0, fibonacco.Invalid, 2},
			{false, 5, fibonacco.Invalid, 2},
			{true, 1, "", 1},
			{false, 4, "", 4},
		} {
			move := s.DowngradeTier
			if tc.upgrade {
				move = s.UpgradeTier
			}
			code(t, "move", move(t.Context(), b.ID, tc.to), tc.want)
			equal(t, "tier", find(t, s, b.ID).EngagementTier, tc.tier)
		}
		equal(t, "opt-in", find(t, s, b.ID).EmailOptedIn, true)
		events := published[fibonacco.SMBTierChanged](t, d)
		want := []fibonacco.SMBTierChanged{
			{SMBID: b.ID, OldTier: 4, NewTier: 2, Direction: "upgrade"},
			{SMBID: b.ID, OldTier: 2, NewTier: 1, Direction: "upgrade"},
			{SMBID: b.ID, OldTier: 1, NewTier: 4, Direction: "downgrade"},
		}
		if len(events) != 3 || events[0] != want[0] || events[1] != want[1] || events[2] != want[2] {
			t.Errorf("published %+v", events)
		}
		code(t, "an unknown SMB", s.DowngradeTier(t.Context(), b.ID+1, 4), fibonacco.NotFound)
	})
}

func TestEvaluateTierChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for _, tc := range []struct {
			score, has, want int
			changed          bool
		}{
			{0, 4, 4, false},
			{19, 4, 4, false},
			{20, 4, 3, true},
			{49, 3, 3, false},
			{50, 3, 2, true},
			{55, 2, 2, false},
			{79, 2, 2, false},
			{80, 2, 1, true},
			{100, 1, 1, false},
			{10, 1, 4, true},
		} {
			exec(t, d, `UPDATE smbs SET engagement_score = $1, engagement_tier = $2`, tc.score, tc.has)
			tier, changed, err := s.EvaluateTierChange(t.Context(), b.ID)
			must(t, err)
			if tier != tc.want || changed != tc.changed {
				t.Errorf("score %d in tier %d: %d, %v", tc.score, tc.has, tier, changed)
			}
		}
	})
}
