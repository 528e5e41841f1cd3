package campaign

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Subjects are tested one against the other on the same mails: each SMB gets one of them, by a hash,
// so that planning again gives the same. The test is sequential: it may be looked at as often as one
// likes, because its p-values hold at every moment (always-valid, by a mixture of likelihood ratios).

// A subject counts once its mail has been out for so long: most people who open do so by then.
const subjectMatures = 24 * time.Hour

// variant is which subject an SMB gets.
func (s *step) variant(smbID int64) int {
	if len(s.subjects) == 0 {
		return 0
	}
	if s.winner >= 0 {
		return min(s.winner, len(s.subjects))
	}
	return int(hashOf(s.ID, smbID) % uint64(len(s.subjects)+1))
}

// hashOf spreads SMBs evenly, for each campaign in another way (FNV-1a, then SplitMix64's last steps,
// because FNV's low bits alone are not even).
func hashOf(campaign string, smbID int64) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(campaign) {
		h = (h ^ uint64(campaign[i])) * 1099511628211
	}
	for range 8 {
		h = (h ^ uint64(smbID)&0xff) * 1099511628211
		smbID >>= 8
	}
	h ^= h >> 30
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 27
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// Arm is one subject of a test: how many mails, and how many of their readers reacted.
type Arm struct{ Sent, Reacted int }

// MixtureSpread is the differences between two subjects that the test is tuned for: a twentieth. It
// finds others too, a little later.
const MixtureSpread = 0.05

// Evidence is how unlikely what two subjects show would be if they were equally good, as an
// always-valid p-value: the inverse of the mixture likelihood ratio of Johari, Pekelis and Walsh
// ("Always Valid Inference", 2015) for the difference of two rates, a normal mixture around 0.
func Evidence(a, b Arm) float64 {
	if a.Sent == 0 || b.Sent == 0 {
		return 1
	}
	na, nb := float64(a.Sent), float64(b.Sent)
	// One imagined reader of each kind keeps the variance of a rate of 0 or 1 from vanishing.
	pa, pb := (float64(a.Reacted)+1)/(na+2), (float64(b.Reacted)+1)/(nb+2)
	v := pa*(1-pa)/na + pb*(1-pb)/nb
	difference := float64(a.Reacted)/na - float64(b.Reacted)/nb
	const t = MixtureSpread * MixtureSpread
	logRatio := 0.5*math.Log(v/(v+t)) + difference*difference*t/(2*v*(v+t))
	return math.Min(1, math.Exp(-logRatio))
}

// Verdict is the subject that is better than each of the others at the given level, or -1. p holds
// the smallest p-value of each pair so far, by "0:1", and is brought up to date; the level is shared
// among all pairs. Nothing is said before every subject has had minimum mails.
func Verdict(arms []Arm, p map[string]float64, level float64, minimum int) int {
	for _, a := range arms {
		if a.Sent < minimum {
			return -1
		}
	}
	pairs := float64(len(arms) * (len(arms) - 1) / 2)
	best := 0
	rate := func(a Arm) float64 { return float64(a.Reacted) / float64(a.Sent) }
	for i := range arms {
		if rate(arms[i]) > rate(arms[best]) {
			best = i
		}
		for j := range i {
			key := strconv.Itoa(j) + ":" + strconv.Itoa(i)
			if now := Evidence(arms[j], arms[i]); p[key] == 0 || now < p[key] {
				p[key] = now
			}
		}
	}
	for i := range arms {
		key := strconv.Itoa(min(i, best)) + ":" + strconv.Itoa(max(i, best))
		if i != best && p[key] > level/pairs {
			return -1
		}
	}
	return best
}

// loadWinners is the decided tests.
func loadWinners(ctx context.Context, tx *db.Tx) (map[versionKey]int, error) {
	rows, err := tx.Query(ctx, `SELECT campaign_id, version, winner FROM subject_tests WHERE winner IS NOT NULL`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	winners := map[versionKey]int{}
	for rows.Next() {
		var k versionKey
		var winner int
		if err := rows.Scan(&k.campaign, &k.version, &winner); err != nil {
			return nil, err
		}
		winners[k] = winner
	}
	return winners, rows.Err()
}

// JudgeSubjects looks at every test that is not decided. It runs every hour.
func (s *Service) JudgeSubjects(ctx context.Context) error {
	all, err := s.steps(ctx)
	if err != nil {
		return err
	}
	for _, one := range all.byID {
		if len(one.subjects) == 0 || one.winner >= 0 {
			continue
		}
		if err := s.db.Update(ctx, func(tx *db.Tx) error { return s.judge(ctx, tx, one) }); err != nil {
			return fmt.Errorf("judge the subjects of %s: %w", one.ID, err)
		}
	}
	return nil
}

func (s *Service) judge(ctx context.Context, tx *db.Tx, one *step) error {
	arms, err := s.loadArms(ctx, tx, one.ID, one.Version, len(one.subjects)+1)
	if err != nil {
		return err
	}
	stored, err := findTest(ctx, tx, one.ID, one.Version)
	if err != nil || stored.winner != nil {
		return err
	}
	p := stored.p
	set := s.cfg.ManifestDestiny.SubjectTest
	winner := Verdict(arms, p, set.Level, set.MinSends)
	var decided any
	var won any
	if winner >= 0 {
		decided, won = tx.Now, winner
		s.catalog.forget()
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO subject_tests (campaign_id, version, p_values, winner, decided_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (campaign_id, version) DO UPDATE SET p_values = excluded.p_values, winner = excluded.winner,
			decided_at = excluded.decided_at, updated_at = excluded.updated_at
		WHERE subject_tests.winner IS NULL`, one.ID, one.Version, db.JSON(p), won, decided, tx.Now)
	return err
}

// loadArms counts each subject's mails that have been out long enough, and the reactions of people.
func (s *Service) loadArms(ctx context.Context, tx *db.Tx, id string, version, n int) ([]Arm, error) {
	reacted := "s.opened_at"
	if s.cfg.ManifestDestiny.SubjectTest.Metric == "clicks" {
		reacted = "s.clicked_at"
	}
	rows, err := tx.Query(ctx, `
		SELECT s.subject_variant, COUNT(*), COUNT(`+reacted+`) FROM campaign_sends s
		WHERE s.campaign_id = $1 AND s.campaign_version = $2 AND s.occurrence = 1 AND s.sent_at <= $3
		GROUP BY s.subject_variant`, id, version, tx.Now.Add(-subjectMatures))
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	arms := make([]Arm, n)
	for rows.Next() {
		var i int
		var a Arm
		if err := rows.Scan(&i, &a.Sent, &a.Reacted); err != nil {
			return nil, err
		}
		if i >= 0 && i < n {
			arms[i] = a
		}
	}
	return arms, rows.Err()
}

// subjectStats adds the test of a version to its figures.
func (s *Service) subjectStats(ctx context.Context, tx *db.Tx, id string, version int, out *fibonacco.CampaignStats) error {
	v, err := scanVersion(tx.QueryRow(ctx, `SELECT `+versionColumns+` FROM campaign_versions WHERE campaign_id = $1 AND version = $2`, id, version))
	if db.IsNoRows(err) || err == nil && len(v.Subjects) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	arms, err := s.loadArms(ctx, tx, id, version, len(v.Subjects)+1)
	if err != nil {
		return err
	}
	for i, subject := range append([]string{v.Subject}, v.Subjects...) {
		out.Subjects = append(out.Subjects, fibonacco.SubjectStats{Variant: i, Subject: subject, Sent: arms[i].Sent, Reacted: arms[i].Reacted})
	}
	return s.testState(ctx, tx, id, version, arms, out)
}
