package analytics

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

func (c *slowly) readSMBs(ctx context.Context, tx *db.Tx) error {
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
		s := c.at(g.CommunityID)
		s.smbs[g.CommunityID] += g.N
		if g.Tier >= 1 && g.Tier <= len(s.tiers) {
			s.tiers[g.Tier-1] += g.N
		}
	}
	return nil
}

func (c *slowly) readDays(ctx context.Context, tx *db.Tx) error {
	if err := c.counts(ctx, tx, "community_id", "COALESCE(MAX(manifest_destiny_day), 0)", "smbs WHERE campaign_status = 'active' AND deleted_at IS NULL",
		func(s *slow, n int) { s.day = n }); err != nil {
		return fmt.Errorf("find the furthest programme day: %w", err)
	}
	return nil
}

func (c *slowly) readSends(ctx context.Context, tx *db.Tx) error {
	type group struct {
		CommunityID     int64
		Status          fibonacco.SendStatus
		N, Sent, Opened int
	}
	// Of everything this much is in one index, so that a million rows need not be fetched.
	community, by := c.by("COALESCE(community_id, 0)", "status")
	groups, err := db.Select[group](ctx, tx, `
		SELECT `+community+` AS community_id, status, COUNT(*) AS n, COUNT(sent_at) AS sent, COUNT(opened_at) AS opened FROM campaign_sends`+by)
	if err != nil {
		return fmt.Errorf("count sends: %w", err)
	}
	for _, g := range groups {
		t := &c.at(g.CommunityID).total
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
	return nil
}

func (c *slowly) readClicks(ctx context.Context, tx *db.Tx) error {
	if err := c.counts(ctx, tx, "COALESCE(community_id, 0)", "COUNT(*)", `campaign_sends WHERE clicked_at IS NOT NULL
		AND id IN (SELECT campaign_send_id FROM email_events WHERE event_type = 'clicked')`, func(s *slow, n int) { s.total.Clicked = n }); err != nil {
		return fmt.Errorf("count clicked mails: %w", err)
	}
	return nil
}

func (c *slowly) readSkips(ctx context.Context, tx *db.Tx) error {
	if err := c.counts(ctx, tx, "community_id", "COUNT(*)", "skips", func(s *slow, n int) { s.total.Skipped += n }); err != nil {
		return fmt.Errorf("count skips: %w", err)
	}
	return nil
}

func (c *slowly) readEvents(ctx context.Context, tx *db.Tx) error {
	from := "analytics_events e WHERE e.event_type = $1"
	if c.split {
		from = "analytics_events e JOIN smbs ON smbs.id = e.smb_id WHERE e.event_type = $1"
	}
	for _, of := range []struct {
		event string
		into  func(s *slow, n int)
	}{
		{unsubscribed, func(s *slow, n int) { s.total.Unsubscribed = n }},
		{approved, func(s *slow, n int) { s.total.Approvals = n }},
	} {
		if err := c.counts(ctx, tx, "smbs.community_id", "COUNT(*)", from, of.into, of.event); err != nil {
			return fmt.Errorf("count %s: %w", of.event, err)
		}
	}
	return nil
}
