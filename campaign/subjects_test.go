package campaign_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
)

// peek runs one test of subjects, looked at after every hundred mails of each, until it is decided
// or over. It returns the winner, or -1, and the mails it took.
func peek(r *rand.Rand, rates []float64, level float64, most int) (winner, sent int) {
	arms := make([]campaign.Arm, len(rates))
	p := map[string]float64{}
	for sent < most {
		for i, rate := range rates {
			for range 100 {
				arms[i].Sent++
				if r.Float64() < rate {
					arms[i].Reacted++
				}
			}
		}
		sent += 100
		if w := campaign.Verdict(arms, p, level, 200); w >= 0 {
			return w, sent
		}
	}
	return -1, sent
}

// However often one looks, subjects that are alike have a winner in at most one of twenty tests.
func TestSubjectsThatAreAlikeHaveNoWinner(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, rates := range [][]float64{{0.2, 0.2}, {0.03, 0.03}, {0.5, 0.5, 0.5}, {0.01, 0.01, 0.01, 0.01}} {
		const tests = 1500
		wrong := 0
		for range tests {
			if w, _ := peek(r, rates, 0.05, 5000); w >= 0 {
				wrong++
			}
		}
		if share := float64(wrong) / tests; share > 0.05 {
			t.Errorf("%v: a winner in %.1f %% of the tests", rates, 100*share)
		}
	}
}

// Where there is a better one, it is found, and hardly ever another.
func TestTheBetterSubjectIsFound(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, tc := range []struct {
		rates []float64
		best  int
	}{{[]float64{0.2, 0.26}, 1}, {[]float64{0.3, 0.2, 0.2}, 0}, {[]float64{0.02, 0.04}, 1}} {
		const tests = 300
		right, wrong := 0, 0
		for range tests {
			switch w, _ := peek(r, tc.rates, 0.05, 10000); w {
			case tc.best:
				right++
			case -1:
			default:
				wrong++
			}
		}
		if right < tests*8/10 || wrong > tests/100 {
			t.Errorf("%v: right in %d, wrong in %d of %d", tc.rates, right, wrong, tests)
		}
	}
}

func TestVerdictWaits(t *testing.T) {
	arms := []campaign.Arm{{Sent: 1000, Reacted: 500}, {Sent: 199, Reacted: 1}}
	equal(t, "below the minimum", campaign.Verdict(arms, map[string]float64{}, 0.05, 200), -1)
	arms[1].Sent++
	equal(t, "at the minimum", campaign.Verdict(arms, map[string]float64{}, 0.05, 200), 0)
	if p := campaign.Evidence(campaign.Arm{}, campaign.Arm{Sent: 5}); p != 1 {
		t.Errorf("evidence of nothing is %g", p)
	}
}

func TestSubjectsAreTestedAndWon(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *fibonacco.FakeClock) {
		b := setup(t, d, clock)
		town := b.community("America/New_York")
		old, err := b.svc.CampaignForDay(t.Context(), 1)
		must(t, err)
		_, _, err = b.svc.UpdateCampaign(t.Context(), old.Version, fibonacco.CampaignDraft{
			ID: old.ID, Type: old.Type, Day: 1, Title: old.Title, Slug: old.Slug, Subject: "One", Subjects: []string{"Two for {{ business_name }}", "Three"},
			BodyMarkdown: "A text.",
		}, "Ann")
		must(t, err)
		ids := b.smbs(town, 1500)
		b.start(ids...)
		for variant, subject := range []string{"One", "Two for Business %", "Three"} {
			n := b.n(`SELECT COUNT(*) FROM campaign_sends WHERE campaign_version = 2 AND subject_variant = $1 AND subject LIKE $2`, variant, subject)
			if n < 420 || n > 580 {
				t.Errorf("%d of 1500 get subject %d", n, variant)
			}
		}
		// Sent, and mostly the third is read; but all too short ago.
		b.exec(`UPDATE campaign_sends SET status = 'sent', sent_at = $1`, clock.Now())
		b.exec(`UPDATE campaign_sends SET opened_at = $1 WHERE subject_variant = 2 OR id % 10 = 0`, clock.Now())
		must(t, b.svc.JudgeSubjects(t.Context()))
		equal(t, "decided too early", b.n(`SELECT COUNT(*) FROM subject_tests WHERE winner IS NOT NULL`), 0)
		clock.Advance(25 * time.Hour)
		must(t, b.svc.JudgeSubjects(t.Context()))
		equal(t, "winner", b.n(`SELECT winner FROM subject_tests`), 2)
		stats, err := b.svc.CampaignStats(t.Context(), old.ID, 2)
		must(t, err)
		if len(stats.Subjects) != 3 || stats.Winner == nil || *stats.Winner != 2 || stats.Subjects[2].Sent != stats.Subjects[2].Reacted {
			t.Errorf("stats are %+v", stats)
		}
		// From now on all get the winner.
		late := b.smbs(town, 20)
		b.start(late...)
		equal(t, "the winner's", b.n(`SELECT COUNT(*) FROM campaign_sends WHERE smb_id IN ($1...) AND subject = 'Three' AND subject_variant = 2`, late), 20)
		must(t, b.svc.JudgeSubjects(t.Context()))
		equal(t, "tests", b.n(`SELECT COUNT(*) FROM subject_tests`), 1)
	})
}

func ExampleEvidence() {
	fmt.Printf("%.2f\n", campaign.Evidence(campaign.Arm{Sent: 1000, Reacted: 200}, campaign.Arm{Sent: 1000, Reacted: 210}))
	fmt.Printf("%.4f\n", campaign.Evidence(campaign.Arm{Sent: 1000, Reacted: 200}, campaign.Arm{Sent: 1000, Reacted: 290}))
	// Output:
	// 1.00
	// 0.0002
}
