package smb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

func TestThreeOpensAreTierFourAFourthMakesThree(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, b := setup(t, d)
		for range 3 {
			opened(t, d, b.ID, clock.Now())
		}
		must(t, s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: b.ID, At: clock.Now()}}))
		got := find(t, s, b.ID)
		equal(t, "score of three", got.EngagementScore, 15)
		equal(t, "tier of three", got.EngagementTier, 4)
		equal(t, "tier changes", len(published[fibonacco.SMBTierChanged](t, d)), 0)

		opened(t, d, b.ID, clock.Now())
		must(t, s.RescoreOpened(t.Context(), []fibonacco.EmailOpened{{SMBID: b.ID, At: clock.Now()}}))
		got = find(t, s, b.ID)
		equal(t, "score of four", got.EngagementScore, 20)
		equal(t, "tier of four", got.EngagementTier, 3)
		changed := published[fibonacco.SMBTierChanged](t, d)
		if len(changed) != 1 || changed[0] != (fibonacco.SMBTierChanged{SMBID: b.ID, OldTier: 4, NewTier: 3, Direction: "upgrade"}) {
			t.Errorf("published %+v", changed)
		}
	})
}

func TestScoreOfEachKind(t *testing.T) {
	cases := map[string]struct {
		happened func(t *testing.T, d *db.DB, smb int64, now time.Time)
		want     string // kind=count:points of every part that is not zero, and the score
	}{
		"nothing":               {func(*testing.T, *db.DB, int64, time.Time) {}, "score=0 tier=4"},
		"an unopened mail":      {func(t *testing.T, d *db.DB, smb int64, _ time.Time) { mail(t, d, smb, nil) }, "score=0 tier=4"},
		"opens up to their cap": {times(6, opened), "email_open=6:25 score=25 tier=3"},
		"an open at the edge": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			opened(t, d, smb, now.Add(-30*day))
			opened(t, d, smb, now.Add(-30*day-time.Millisecond))
		}, "email_open=1:5 score=5 tier=4"},
		"an open ahead of our clock": {func(t *testing.T, d *db.DB, smb int64, now time.Time) { opened(t, d, smb, now.Add(time.Second)) }, "email_open=1:5 score=5 tier=4"},
		"clicks: one per link of a mail, none by machines": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			one, two := mail(t, d, smb, nil), mail(t, d, smb, nil)
			clicked(t, d, one, 1, "human", now)
			clicked(t, d, one, 1, "unknown", now)
			clicked(t, d, two, 1, "", now)
			clicked(t, d, two, 2, "machine", now)
			clicked(t, d, two, 3, "human", now.Add(-31*day))
		}, "email_click=2:20 score=20 tier=3"},
		"clicks of a provider, by address": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			send := mail(t, d, smb, nil)
			for _, link := range []string{"https://a.example", "https://b.example", "https://a.example"} {
				exec(t, d, `INSERT INTO email_events (campaign_send_id, event_type, event_at, link_clicked) VALUES ($1, 'clicked', $2, $3)`, send, now, link)
			}
		}, "email_click=2:20 score=20 tier=3"},
		"other events are no clicks": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			exec(t, d, `INSERT INTO email_events (campaign_send_id, event_type, event_at, link_id) VALUES ($1, 'delivered', $2, 1)`, mail(t, d, smb, nil), now)
		}, "score=0 tier=4"},
		"clicks up to their cap": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			send := mail(t, d, smb, nil)
			for link := range int64(5) {
				clicked(t, d, send, link+1, "human", now)
			}
		}, "email_click=5:30 score=30 tier=3"},
		"views": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			viewed(t, d, smb, now, nil)
			viewed(t, d, smb, now, &now)
			viewed(t, d, smb, now.Add(-31*day), &now)
		}, "content_view=2:16 content_complete=2:30 score=46 tier=3"},
		"views up to their caps": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			for range 3 {
				viewed(t, d, smb, now, &now)
			}
		}, "content_view=3:20 content_complete=3:30 score=50 tier=2"},
		"approvals by age": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			approved(t, d, smb, "pending", now.Add(-30*day))
			approved(t, d, smb, "provisioned", now.Add(-31*day))
			approved(t, d, smb, "failed", now.Add(-91*day))
			approved(t, d, smb, "cancelled", now)
		}, "approval=1:45 score=45 tier=3"},
		"an approval of 90 days": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			approved(t, d, smb, "pending", now.Add(-90*day))
		}, "approval=0:15 score=15 tier=4"},
		"approvals under one cap": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			approved(t, d, smb, "pending", now)
			for range 3 {
				approved(t, d, smb, "pending", now.Add(-60*day))
			}
		}, "approval=1:50 score=50 tier=2"},
		"a meeting":           {times(1, met), "meeting_scheduled=1:30 score=30 tier=3"},
		"meetings to the cap": {times(2, met), "meeting_scheduled=2:30 score=30 tier=3"},
		"calls":               {times(3, func(t testing.TB, d *db.DB, smb int64, at time.Time) { called(t, d, smb, at) }), "callback=3:40 score=40 tier=3"},
		"everything is 100": {func(t *testing.T, d *db.DB, smb int64, now time.Time) {
			for range 2 {
				approved(t, d, smb, "pending", now)
				called(t, d, smb, now)
				met(t, d, smb, now)
			}
		}, "approval=2:50 meeting_scheduled=2:30 callback=2:40 score=100 tier=1"},
	}
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, first := setup(t, d)
		for name, tc := range cases {
			b := newSMB(t, s, first.CommunityID, name)
			tc.happened(t, d, b.ID, clock.Now())
			got, err := s.CalculateEngagementScore(t.Context(), b.ID)
			must(t, err)
			equal(t, name, breakdownText(got), tc.want)
			equal(t, name+": stored score", find(t, s, b.ID).EngagementScore, 0)
			for i, p := range got.Parts {
				if p.Kind != fibonacco.EngagementKinds[i] || p.Weight != settings().Engagement.ScoreWeights[p.Kind] || p.Cap != settings().Engagement.ScoreCaps[p.Kind] {
					t.Errorf("%s: part %d is %+v", name, i, p)
				}
			}
			equal(t, name+": parts", len(got.Parts), len(fibonacco.EngagementKinds))
		}
	})
}

func times(n int, happened func(t testing.TB, d *db.DB, smb int64, at time.Time)) func(*testing.T, *db.DB, int64, time.Time) {
	return func(t *testing.T, d *db.DB, smb int64, now time.Time) {
		for range n {
			happened(t, d, smb, now)
		}
	}
}

func breakdownText(b fibonacco.ScoreBreakdown) string {
	var parts []string
	for _, p := range b.Parts {
		if p.Count != 0 || p.Points != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d:%d", p.Kind, p.Count, p.Points))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("score=%d tier=%d", b.Score, b.Tier)), " ")
}

// deed is one random thing that an SMB did.
type deed struct {
	Kind    fibonacco.EngagementKind
	Days    int // ago
	Machine bool
	Link    int // of a click, on the one mail
}

// naiveScore weighs deeds one after the other, as the specification's words go.
func naiveScore(deeds []deed) (score int) {
	points := map[fibonacco.EngagementKind]int{}
	links := map[int]bool{}
	for _, d := range deeds {
		recent := d.Days <= 30
		switch d.Kind {
		case fibonacco.KindApproval:
			switch {
			case recent:
				points[d.Kind] += 25
			case d.Days <= 90:
				points[d.Kind] += 15
			default:
				points[d.Kind] += 5
			}
		case fibonacco.KindClick:
			if recent && !d.Machine && !links[d.Link] {
				links[d.Link] = true
				points[d.Kind] += 10
			}
		case fibonacco.KindOpen:
			if recent && !d.Machine {
				points[d.Kind] += 5
			}
		default:
			if recent {
				points[d.Kind] += map[fibonacco.EngagementKind]int{
					fibonacco.KindView: 8, fibonacco.KindComplete: 15, fibonacco.KindMeeting: 30, fibonacco.KindCallback: 20,
				}[d.Kind]
			}
		}
	}
	for kind, most := range map[fibonacco.EngagementKind]int{
		fibonacco.KindOpen: 25, fibonacco.KindClick: 30, fibonacco.KindView: 20, fibonacco.KindComplete: 30,
		fibonacco.KindApproval: 50, fibonacco.KindMeeting: 30, fibonacco.KindCallback: 40,
	} {
		score += min(points[kind], most)
	}
	return min(score, 100)
}

func TestScoreEqualsRecount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		s, first := setup(t, d)
		now := clock.Now()
		deeds := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) deed {
			return deed{
				Kind:    rapid.SampledFrom(fibonacco.EngagementKinds).Draw(rt, "kind"),
				Days:    rapid.OneOf(rapid.IntRange(0, 29), rapid.IntRange(29, 31), rapid.IntRange(89, 91)).Draw(rt, "days"),
				Machine: rapid.Bool().Draw(rt, "machine"),
				Link:    rapid.IntRange(1, 3).Draw(rt, "link"),
			}
		}), 0, 12)
		rapid.Check(t, func(rt *rapid.T) {
			// Two neighbours in one call: what one does must not count for the other.
			smbs := []*fibonacco.SMB{newSMB(t, s, first.CommunityID, "One"), newSMB(t, s, first.CommunityID, "Two")}
			var want [2]int
			events := make([]fibonacco.RVMDropDelivered, 2)
			for i, b := range smbs {
				did := deeds.Draw(rt, "deeds")
				want[i] = naiveScore(did)
				perform(t, d, b.ID, now, did)
				events[i].SMBID = b.ID
			}
			must(rt, s.RescoreVoicemail(t.Context(), events))
			for i, b := range smbs {
				if got := find(t, s, b.ID).EngagementScore; got != want[i] {
					rt.Fatalf("SMB %d has score %d, want %d", i, got, want[i])
				}
				shown, err := s.CalculateEngagementScore(t.Context(), b.ID)
				must(rt, err)
				if shown.Score != want[i] {
					rt.Fatalf("SMB %d shows score %d, want %d", i, shown.Score, want[i])
				}
			}
		})
	})
}

func perform(t *testing.T, d *db.DB, smb int64, now time.Time, deeds []deed) {
	t.Helper()
	var clicks int64
	for _, did := range deeds {
		at := now.Add(-time.Duration(did.Days) * day)
		switch did.Kind {
		case fibonacco.KindOpen:
			if did.Machine {
				mail(t, d, smb, nil) // a machine's load never sets opened_at
			} else {
				opened(t, d, smb, at)
			}
		case fibonacco.KindClick:
			if clicks == 0 {
				clicks = mail(t, d, smb, nil)
			}
			clicked(t, d, clicks, int64(did.Link), map[bool]string{true: "machine", false: "human"}[did.Machine], at)
		case fibonacco.KindView:
			viewed(t, d, smb, at, nil)
		case fibonacco.KindComplete:
			viewed(t, d, smb, now.Add(-200*day), &at)
		case fibonacco.KindApproval:
			approved(t, d, smb, "pending", at)
		case fibonacco.KindMeeting:
			met(t, d, smb, at)
		case fibonacco.KindCallback:
			called(t, d, smb, at)
		}
	}
}

func TestKindsAreAllKnown(t *testing.T) {
	t.Parallel()
	for kind := range settings().Engagement.ScoreWeights {
		if !slices.Contains(fibonacco.EngagementKinds, kind) {
			t.Errorf("%s is not shown in a breakdown", kind)
		}
	}
}
