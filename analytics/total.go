package analytics

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// slow is what needs every row, and moves slowly.
type slow struct {
	total fibonacco.DayFigures
	tiers [4]int
	smbs  map[int64]int // community → its SMBs
	day   int           // furthest programme day of an active SMB
}

func readSlow(ctx context.Context, tx *db.Tx) (*slow, error) {
	s := &slow{smbs: map[int64]int{}}
	for _, read := range []func(context.Context, *db.Tx) error{s.readSMBs, s.readSends, s.readEvents} {
		if err := read(ctx, tx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *slow) readSMBs(ctx context.Context, tx *db.Tx) error {
	type group struct {
		CommunityID int64
		Tier, N     int
	}
	groups, err := db.Select[group](ctx, tx, `
		SELECT community_id, engagement_tier AS tier, COUNT(*) AS n FROM smbs
		WHERE deleted_at IS NULL GROUP BY community_id, engagement_tier`)
	if err != nil {
		return fmt.Errorf("count SMBs: %w", err)
	}
	for _, g := range groups {
		s.smbs[g.CommunityID] += g.N
		if g.Tier >= 1 && g.Tier <= len(s.tiers) {
			s.tiers[g.Tier-1] += g.N
		}
	}
	s.day, err = db.Count(ctx, tx, `
		SELECT COALESCE(MAX(manifest_destiny_day), 0) FROM smbs WHERE campaign_status = 'active' AND deleted_at IS NULL`)
	if err != nil {
		return fmt.Errorf("find the furthest programme day: %w", err)
	}
	return nil
}

func (s *slow) readSends(ctx context.Context, tx *db.Tx) error {
	type group struct {
		Status          fibonacco.SendStatus
		N, Sent, Opened int
	}
	// This much is in one index, so that a million rows need not be fetched.
	groups, err := db.Select[group](ctx, tx, `
		SELECT status, COUNT(*) AS n, COUNT(sent_at) AS sent, COUNT(opened_at) AS opened FROM campaign_sends GROUP BY status`)
	if err != nil {
		return fmt.Errorf("count sends: %w", err)
	}
	t := &s.total
	for _, g := range groups {
		t.Opened += g.Opened
		switch g.Status {
		case fibonacco.SendSent, fibonacco.SendBounced, fibonacco.SendComplained:
			t.Sent += g.Sent
		case fibonacco.SendFailed:
			t.Failed += g.N
		case fibonacco.SendUnknown:
			t.Unknown += g.N
		case fibonacco.SendSuppressed, fibonacco.SendCancelled:
			t.Skipped += g.N
		case fibonacco.SendQueued, fibonacco.SendSending:
		}
	}
	t.Clicked, err = db.Count(ctx, tx, `
		SELECT COUNT(*) FROM campaign_sends WHERE clicked_at IS NOT NULL
			AND id IN (SELECT campaign_send_id FROM email_events WHERE event_type = 'clicked')`)
	if err != nil {
		return fmt.Errorf("count clicked mails: %w", err)
	}
	skips, err := db.Count(ctx, tx, `SELECT COUNT(*) FROM skips`)
	if err != nil {
		return fmt.Errorf("count skips: %w", err)
	}
	t.Skipped += skips
	return nil
}

func (s *slow) readEvents(ctx context.Context, tx *db.Tx) error {
	var err error
	for _, of := range []struct {
		event string
		into  *int
	}{{unsubscribed, &s.total.Unsubscribed}, {approved, &s.total.Approvals}} {
		if *of.into, err = db.Count(ctx, tx, `SELECT COUNT(*) FROM analytics_events WHERE event_type = $1`, of.event); err != nil {
			return fmt.Errorf("count %s: %w", of.event, err)
		}
	}
	return nil
}
