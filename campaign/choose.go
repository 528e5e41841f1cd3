package campaign

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// storedTest is the row of a test of subjects; a test that was never looked at has none.
type storedTest struct {
	p         map[string]float64 // smallest p-value of each pair so far, by "0:1"
	winner    *int
	decidedAt *time.Time
	decidedBy string
}

func findTest(ctx context.Context, tx *db.Tx, id string, version int) (storedTest, error) {
	t := storedTest{p: map[string]float64{}}
	var text string
	err := tx.QueryRow(ctx, `
		SELECT CAST(p_values AS text), winner, decided_at, COALESCE(decided_by, '') FROM subject_tests WHERE campaign_id = $1 AND version = $2`,
		id, version).Scan(&text, &t.winner, db.TimePtr(&t.decidedAt), &t.decidedBy)
	if db.IsNoRows(err) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("find the test of %s: %w", id, err)
	}
	if err := json.Unmarshal([]byte(text), &t.p); err != nil {
		return t, fmt.Errorf("stored p-values: %w", err)
	}
	return t, nil
}

// testState adds to the figures how the test of a version's subjects stands.
func (s *Service) testState(ctx context.Context, tx *db.Tx, id string, version int, arms []Arm, out *fibonacco.CampaignStats) error {
	stored, err := findTest(ctx, tx, id, version)
	if err != nil {
		return err
	}
	set := s.cfg.ManifestDestiny.SubjectTest
	leader, chance := standing(arms, stored.p)
	out.Winner = stored.winner
	out.Test = &fibonacco.SubjectTest{
		Metric: set.Metric, MinSends: set.MinSends, Leader: leader, Chance: chance, Threshold: set.Level / float64(max(len(arms)*(len(arms)-1)/2, 1)),
		DecidedAt: stored.decidedAt, DecidedBy: stored.decidedBy,
	}
	return nil
}

// standing is the subject that is ahead, and how likely its lead over the closest of the others would be
// if all were alike: the largest of the pairs' smallest p-values, with what is known by now.
func standing(arms []Arm, p map[string]float64) (leader int, chance float64) {
	rate := func(a Arm) float64 { return float64(a.Reacted) / float64(max(a.Sent, 1)) }
	for i := range arms {
		if rate(arms[i]) > rate(arms[leader]) {
			leader = i
		}
	}
	for i := range arms {
		if i == leader {
			continue
		}
		now := Evidence(arms[leader], arms[i])
		if before, known := p[strconv.Itoa(min(i, leader))+":"+strconv.Itoa(max(i, leader))]; known && before > 0 {
			now = min(now, before)
		}
		chance = max(chance, now)
	}
	return leader, chance
}

// ChooseSubject implements fibonacco.CampaignEditor.
func (s *Service) ChooseSubject(ctx context.Context, id string, version int, variant *int, by string) (changed bool, err error) {
	defer s.catalog.forget()
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		changed = false
		there, err := lockCampaigns(ctx, tx)
		if err != nil {
			return err
		}
		c, found := there[id]
		switch {
		case !found:
			return fibonacco.Errorf(fibonacco.NotFound, "there is no campaign %q", id)
		case c.Version != version:
			return fibonacco.Errorf(fibonacco.Conflict, "%s is at version %d by now, not %d: look at it before you choose", id, c.Version, version)
		case len(c.Subjects) == 0:
			return fibonacco.Errorf(fibonacco.Conflict, "%s has one subject only: there is nothing to choose", id)
		case variant != nil && (*variant < 0 || *variant > len(c.Subjects)):
			return fibonacco.InvalidFields("no subject was chosen", []fibonacco.FieldError{{
				Field: "variant", Reason: fmt.Sprintf("must be 0, the campaign's own subject, to %d", len(c.Subjects)),
			}})
		}
		old, err := findTest(ctx, tx, id, version)
		if err != nil {
			return err
		}
		if variant == nil && old.winner == nil || variant != nil && old.winner != nil && *variant == *old.winner && old.decidedBy != "" {
			return nil
		}
		changed = true
		return storeChoice(ctx, tx, c, old, variant, by)
	})
	return changed && err == nil, err
}

func storeChoice(ctx context.Context, tx *db.Tx, c fibonacco.Campaign, old storedTest, variant *int, by string) error {
	var decided, who any
	if variant != nil {
		decided, who = tx.Now, by
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO subject_tests (campaign_id, version, winner, decided_at, decided_by, updated_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (campaign_id, version) DO UPDATE SET winner = excluded.winner, decided_at = excluded.decided_at,
			decided_by = excluded.decided_by, updated_at = excluded.updated_at`,
		c.ID, c.Version, variant, decided, who, tx.Now); err != nil {
		return fmt.Errorf("store the subject of %s: %w", c.ID, err)
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{
		Action: "campaign.subject_chosen", Entity: "campaign", EntityID: c.ID,
		Before: map[string]any{"version": c.Version, "variant": old.winner}, After: map[string]any{"version": c.Version, "variant": variant},
	})
}
