package analytics

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// feedLength is how much of what happened the first page shows.
const feedLength = 20

// told are the events that a person wants to hear of. What happens to every mail of a wave
// (queued, sent, delivered) would drown the rest; mails that failed come in beside them.
var told = []string{
	"email.opened", "email.clicked", unsubscribed, "email.bounced", "email.complained", "smb.tier_changed",
	"content.completed", approved, "approval.provisioned", "callback.received", "rvm_drop.delivered", "inbound_email.received",
}

const feedColumns = `e.id, e.event_type, COALESCE(e.smb_id, 0) AS smb_id, COALESCE(smbs.business_name, '') AS business_name,
	CAST(e.properties AS text) AS properties, e.occurred_at`

// feedReach is how many of the newest events of a type are looked through for those of a community.
// Where many communities are busy, a quiet one is told less of its past; its businesses tell all.
const feedReach = 2000

// feedQuery takes the newest of each type by the index, and leaves the merging to the caller.
// within is what limits it to some communities; "" when nothing does.
func feedQuery(within string) string {
	parts := make([]string, len(told))
	for i, event := range told {
		if within == "" {
			parts[i] = fmt.Sprintf(`SELECT * FROM (SELECT %s FROM analytics_events e LEFT JOIN smbs ON smbs.id = e.smb_id
				WHERE e.event_type = '%s' ORDER BY e.occurred_at DESC, e.id DESC LIMIT %d) AS t%d`, feedColumns, event, feedLength, i)
			continue
		}
		parts[i] = fmt.Sprintf(`SELECT * FROM (SELECT %s FROM
			(SELECT * FROM analytics_events WHERE event_type = '%s' ORDER BY occurred_at DESC, id DESC LIMIT %d) AS e
			JOIN smbs ON smbs.id = e.smb_id%s ORDER BY e.occurred_at DESC, e.id DESC LIMIT %d) AS t%d`, feedColumns, event, feedReach, within, feedLength, i)
	}
	return strings.Join(parts, " UNION ALL ")
}

type feedRow struct {
	id           int64
	kind         string
	smbID        int64
	businessName string
	properties   string
	at           time.Time
}

// readFeed fills o.Feed, newest first.
func (c *counting) readFeed(ctx context.Context, tx *db.Tx) error {
	within, args := c.within("smbs.community_id", 1)
	all, err := readFeedRows(ctx, tx, feedQuery(within), args...)
	if err != nil {
		return fmt.Errorf("read the feed: %w", err)
	}
	// Refusals are few among many completed mails: the sends lead to their events. COALESCE keeps
	// the engine from going through all completed mails instead.
	inTown, _ := c.within(ofBusiness("campaign_sends"), 1)
	failed, err := readFeedRows(ctx, tx, `
		SELECT `+feedColumns+` FROM (
			SELECT smb_id FROM campaign_sends WHERE status = 'failed' AND scheduled_for IS NOT NULL`+inTown+`
			ORDER BY scheduled_for DESC, id DESC LIMIT `+fmt.Sprint(feedLength)+`
		) AS f JOIN analytics_events e ON e.smb_id = f.smb_id AND COALESCE(e.event_type, '') = 'campaign_send.completed'
		JOIN smbs ON smbs.id = e.smb_id`, args...)
	if err != nil {
		return fmt.Errorf("read failures for the feed: %w", err)
	}
	seen := map[int64]bool{} // an SMB with two failed mails leads to its events twice
	for _, r := range failed {
		if !seen[r.id] && r.item().Detail == string(fibonacco.SendFailed) {
			all = append(all, r)
		}
		seen[r.id] = true
	}
	slices.SortFunc(all, func(a, b feedRow) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.id, a.id)) })
	c.o.Feed = make([]fibonacco.FeedItem, 0, feedLength)
	for _, r := range all[:min(len(all), feedLength)] {
		c.o.Feed = append(c.o.Feed, r.item())
	}
	return nil
}

func readFeedRows(ctx context.Context, tx *db.Tx, query string, args ...any) ([]feedRow, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []feedRow
	for rows.Next() {
		var r feedRow
		if err := rows.Scan(&r.id, &r.kind, &r.smbID, &r.businessName, &r.properties, db.Time(&r.at)); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// item says what an event's properties mean. Properties of an event that has become different
// since it was stored leave the words empty, which is no reason to show nothing.
func (r feedRow) item() fibonacco.FeedItem {
	var p struct {
		CampaignID  string `json:"campaign_id"`
		Status      string `json:"status"`
		Link        string `json:"link"`
		OldTier     int    `json:"old_tier"`
		NewTier     int    `json:"new_tier"`
		BounceType  string `json:"bounce_type"`
		Channel     string `json:"channel"`
		ContentSlug string `json:"content_slug"`
		ServiceType string `json:"service_type"`
		Intent      string `json:"intent"`
	}
	_ = json.Unmarshal([]byte(r.properties), &p)
	detail := cmp.Or(p.Status, p.Link, p.BounceType, p.Channel, p.ContentSlug, p.ServiceType, p.Intent)
	if p.NewTier != 0 {
		detail = fmt.Sprintf("%d to %d", p.OldTier, p.NewTier)
	}
	return fibonacco.FeedItem{
		ID: r.id, At: r.at, Type: r.kind, SMBID: r.smbID, BusinessName: r.businessName, CampaignID: p.CampaignID, Detail: detail,
	}
}
