package smb_test

import (
	"sync"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
)

// Every handler sets the column that belongs to it, brings the score up to date, and leaves the
// opt-ins alone.
func TestHandlers(t *testing.T) {
	type handled struct {
		do    func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error
		last  string // the columns that are set to at
		score int
	}
	cases := map[string]handled{
		"opened": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			opened(t, d, smb, at)
			return s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: smb, At: at.Add(-minute)}, {SMBID: smb, At: at}, {SMBID: smb, At: at.Add(-2 * minute)}})
		}, "open", 5},
		"clicked": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			clicked(t, d, mail(t, d, smb, &at), 1, "human", at)
			return s.RescoreClicked(t.Context(), []fibonacco.EmailClicked{{SMBID: smb, At: at}})
		}, "open click", 15},
		"viewed": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			return s.RescoreViewed(t.Context(), []fibonacco.ContentViewed{{SMBID: smb, ViewID: viewed(t, d, smb, at, nil)}})
		}, "view", 8},
		"completed": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			return s.RescoreCompleted(t.Context(), []fibonacco.ContentCompleted{{SMBID: smb, ViewID: viewed(t, d, smb, at.Add(-minute), &at)}})
		}, "view", 23},
		"approved": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			return s.RescoreApproved(t.Context(), []fibonacco.ApprovalSubmitted{{SMBID: smb, ApprovalID: approved(t, d, smb, "pending", at)}})
		}, "approval", 25},
		"called": {func(t *testing.T, s *smb.Service, d *db.DB, smb int64, at time.Time) error {
			return s.RescoreCalled(t.Context(), []fibonacco.CallbackReceived{{SMBID: smb, CallbackID: called(t, d, smb, at)}, {SMBID: 0}})
		}, "", 20},
		"voicemail": {func(t *testing.T, s *smb.Service, _ *db.DB, smb int64, _ time.Time) error {
			return s.RescoreVoicemail(t.Context(), []fibonacco.RVMDropDelivered{{SMBID: smb}})
		}, "", 0},
		"update: open":     {update(fibonacco.KindOpen), "open", 0},
		"update: click":    {update(fibonacco.KindClick), "open click", 0},
		"update: view":     {update(fibonacco.KindView), "view", 0},
		"update: complete": {update(fibonacco.KindComplete), "view", 0},
		"update: approval": {update(fibonacco.KindApproval), "approval", 0},
		"update: meeting":  {update(fibonacco.KindMeeting), "", 0},
		"update: callback": {update(fibonacco.KindCallback), "", 0},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, first := setup(t, d)
		for name, tc := range cases {
			b := newSMB(t, s, first.CommunityID, name)
			at := clock.Now().Add(-time.Hour)
			must(t, tc.do(t, s, d, b.ID, at))
			got := find(t, s, b.ID)
			equal(t, name+": score", got.EngagementScore, tc.score)
			equal(t, name+": columns", lastColumns(t, got, at), tc.last)
			equal(t, name+": opt-in", got.EmailOptedIn, true)
			if tc.last != "" { // older news never moves a column back
				must(t, tc.do(t, s, d, b.ID, at.Add(-time.Hour)))
				equal(t, name+": columns later", lastColumns(t, find(t, s, b.ID), at), tc.last)
			}
		}
		err := s.UpdateEngagement(t.Context(), first.ID, "sneeze", clock.Now())
		code(t, "an unknown kind", err, fibonacco.Invalid)
		err = s.UpdateEngagement(t.Context(), 12345, fibonacco.KindOpen, clock.Now())
		code(t, "an unknown SMB", err, fibonacco.NotFound)
	})
}

func update(kind fibonacco.EngagementKind) func(*testing.T, *smb.Service, *db.DB, int64, time.Time) error {
	return func(t *testing.T, s *smb.Service, _ *db.DB, smb int64, at time.Time) error {
		return s.UpdateEngagement(t.Context(), smb, kind, at)
	}
}

// lastColumns names the last_* columns that are set, which must all be at.
func lastColumns(t *testing.T, b *fibonacco.SMB, at time.Time) (names string) {
	t.Helper()
	for _, c := range []struct {
		name string
		at   *time.Time
	}{{"open", b.LastEmailOpen}, {"click", b.LastEmailClick}, {"view", b.LastContentView}, {"approval", b.LastApproval}} {
		if c.at == nil {
			continue
		}
		if !c.at.Equal(at) {
			t.Errorf("last %s = %v, want %v", c.name, c.at, at)
		}
		if names != "" {
			names += " "
		}
		names += c.name
	}
	return names
}

func TestDeletedMeanwhileIsSkipped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, gone := setup(t, d)
		stays := newSMB(t, s, gone.CommunityID, "Stays")
		for _, b := range []*fibonacco.SMB{gone, stays} {
			opened(t, d, b.ID, clock.Now())
		}
		must(t, s.DeleteSMB(t.Context(), gone.ID))
		must(t, s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: gone.ID, At: clock.Now()}, {SMBID: stays.ID, At: clock.Now()}, {SMBID: 987654}}))
		equal(t, "score of the one that stays", find(t, s, stays.ID).EngagementScore, 5)
		equal(t, "untouched", count(t, d, `SELECT count(*) FROM smbs WHERE id = $1 AND engagement_score = 0 AND last_email_open IS NULL`, gone.ID), 1)
	})
}

// A score that moved by more than 10 points is said, one that moved by 10 is not (M1-11).
func TestEngagementChanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		rescore := func() {
			t.Helper()
			must(t, s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: b.ID, At: clock.Now()}}))
		}
		for range 2 {
			opened(t, d, b.ID, clock.Now())
		}
		rescore()
		equal(t, "events after 10 points", len(published[fibonacco.SMBEngagementChanged](t, d)), 0)
		approved(t, d, b.ID, "pending", clock.Now())
		rescore()
		rescore()
		events := published[fibonacco.SMBEngagementChanged](t, d)
		if len(events) != 1 || events[0] != (fibonacco.SMBEngagementChanged{SMBID: b.ID, OldScore: 10, NewScore: 35}) {
			t.Errorf("published %+v", events)
		}
		clock.Advance(100 * day) // the opens are out of the window, the approval is worth 5
		rescore()
		events = published[fibonacco.SMBEngagementChanged](t, d)
		if len(events) != 2 || events[1] != (fibonacco.SMBEngagementChanged{SMBID: b.ID, OldScore: 35, NewScore: 5}) {
			t.Errorf("published %+v", events)
		}
		tiers := published[fibonacco.SMBTierChanged](t, d)
		if len(tiers) != 2 || tiers[1] != (fibonacco.SMBTierChanged{SMBID: b.ID, OldTier: 3, NewTier: 4, Direction: "downgrade"}) {
			t.Errorf("published %+v", tiers)
		}
	})
}

func TestConcurrentRescorersPublishOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 4 {
			opened(t, d, b.ID, clock.Now())
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: b.ID, At: clock.Now()}}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		equal(t, "score", find(t, s, b.ID).EngagementScore, 20)
		equal(t, "tier changes", len(published[fibonacco.SMBTierChanged](t, d)), 1)
		equal(t, "score changes", len(published[fibonacco.SMBEngagementChanged](t, d)), 1)
		equal(t, "rows of history", count(t, d, `SELECT count(*) FROM score_history`), 1)
	})
}

// Whoever rescores last has counted what all the others recorded: no open is lost.
func TestConcurrentOpensAllCount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 10 {
			exec(t, d, `DELETE FROM campaign_sends`)
			sends := make([]int64, 5)
			for i := range sends {
				sends[i] = mail(t, d, b.ID, nil)
			}
			var wg sync.WaitGroup
			for _, send := range sends {
				wg.Go(func() {
					err := d.Update(t.Context(), func(tx *db.Tx) error {
						_, err := tx.Exec(t.Context(), `UPDATE campaign_sends SET opened_at = $1 WHERE id = $2`, tx.Now, send)
						return err
					})
					if err == nil {
						err = s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: b.ID, At: clock.Now()}})
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			equal(t, "score", find(t, s, b.ID).EngagementScore, 25)
		}
	})
}

// The day of a score is the community's: at one moment there are three of them on earth.
func TestHistoryByLocalDay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s := newService(t, d)
		clock.Set(time.Date(2026, 3, 2, 10, 30, 0, 0, time.UTC))
		history := func(smb int64) (text string) {
			t.Helper()
			must(t, d.View(t.Context(), func(tx *db.Tx) error {
				rows, err := db.Select[string](t.Context(), tx, `
					SELECT CAST(day AS text) || '=' || CAST(score AS text) || '/' || CAST(tier AS text) FROM score_history WHERE smb_id = $1 ORDER BY day`, smb)
				for _, r := range rows {
					text += r + " "
				}
				return err
			}))
			return text
		}
		ids := map[string]int64{}
		for zone, want := range map[string]string{
			"Pacific/Kiritimati": "2026-03-03=5/4 ", "Europe/London": "2026-03-02=5/4 ", "Pacific/Pago_Pago": "2026-03-01=5/4 ",
		} {
			b := newSMB(t, s, newCommunity(t, s, map[string]string{"Pacific/Kiritimati": "k", "Europe/London": "l", "Pacific/Pago_Pago": "p"}[zone], zone), zone)
			ids[zone] = b.ID
			opened(t, d, b.ID, clock.Now())
			must(t, s.UpdateEngagement(t.Context(), b.ID, fibonacco.KindOpen, clock.Now()))
			equal(t, zone, history(b.ID), want)
		}
		// The same day again is the same row; 23:30 in Pago Pago, and then the next day there.
		pago := ids["Pacific/Pago_Pago"]
		opened(t, d, pago, clock.Now())
		must(t, s.UpdateEngagement(t.Context(), pago, fibonacco.KindOpen, clock.Now()))
		equal(t, "same day", history(pago), "2026-03-01=10/4 ")
		clock.Advance(31 * minute)
		must(t, s.UpdateEngagement(t.Context(), pago, fibonacco.KindOpen, clock.Now()))
		equal(t, "next day", history(pago), "2026-03-01=10/4 2026-03-02=10/4 ")
		// Falling to zero is news once; staying there is not.
		clock.Advance(40 * day)
		for range 2 {
			must(t, s.UpdateEngagement(t.Context(), pago, fibonacco.KindOpen, clock.Now()))
			clock.Advance(day)
		}
		equal(t, "zero", history(pago), "2026-03-01=10/4 2026-03-02=10/4 2026-04-11=0/4 ")
	})
}
