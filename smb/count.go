package smb

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// counted is what an SMB did: how often within the window, and its older approvals.
type counted struct {
	kinds       map[fibonacco.EngagementKind]int
	agedApprove int // approvals after the window, up to 90 days old
	oldApprove  int // approvals older than that
}

const (
	agedApproval = fibonacco.EngagementKind("approval_aged")
	oldApproval  = fibonacco.EngagementKind("approval_old")
)

// countSQL counts all kinds for the SMBs $1 since $2; $3 is where aged approvals end. There is no
// upper end: what a node with a faster clock recorded a moment ahead of this transaction's now
// must count, because its event is being handled now and will not come again.
//
// opened_at is only ever set by a hit that is not a machine's. Clicks are told apart by link;
// those that a provider reported carry the address instead of our link's id.
const countSQL = `
	SELECT smb_id, 'email_open' AS kind, count(*) AS n
	FROM campaign_sends WHERE smb_id IN ($1...) AND opened_at >= $2 GROUP BY smb_id
	UNION ALL
	SELECT smb_id, 'email_click', count(*) FROM (
		SELECT DISTINCT s.smb_id, e.campaign_send_id, e.link_id, CASE WHEN e.link_id IS NULL THEN e.link_clicked END AS link
		FROM campaign_sends s JOIN email_events e ON e.campaign_send_id = s.id
		WHERE s.smb_id IN ($1...) AND COALESCE(e.event_type, '') = 'clicked' AND e.event_at >= $2 AND COALESCE(e.verdict, '') <> 'machine'
	) AS clicks GROUP BY smb_id
	UNION ALL
	SELECT smb_id, 'content_view', count(*)
	FROM content_views WHERE smb_id IN ($1...) AND started_at >= $2 GROUP BY smb_id
	UNION ALL
	SELECT smb_id, 'content_complete', count(*)
	FROM content_views WHERE smb_id IN ($1...) AND completed_at >= $2 GROUP BY smb_id
	UNION ALL
	SELECT smb_id, age, count(*) FROM (
		SELECT smb_id, CASE WHEN approved_at >= $2 THEN 'approval' WHEN approved_at >= $3 THEN 'approval_aged' ELSE 'approval_old' END AS age
		FROM approvals WHERE smb_id IN ($1...) AND status <> 'cancelled'
	) AS ages GROUP BY smb_id, age
	UNION ALL
	SELECT smb_id, 'meeting_scheduled', count(*)
	FROM analytics_events WHERE smb_id IN ($1...) AND event_type = 'meeting.scheduled' AND occurred_at >= $2 GROUP BY smb_id
	UNION ALL
	SELECT smb_id, 'callback', count(*)
	FROM callbacks WHERE smb_id IN ($1...) AND started_at >= $2 GROUP BY smb_id`

// agedApprovalDays is until when an approval still counts more than a trifle.
const agedApprovalDays = 90

// countEngagement counts what each SMB did; one that did nothing is not in the map.
func (s *Service) countEngagement(ctx context.Context, tx *db.Tx, ids []int64) (map[int64]*counted, error) {
	const day = 24 * time.Hour
	since := tx.Now.Add(-time.Duration(s.engagement.WindowDays) * day)
	rows, err := tx.Query(ctx, countSQL, ids, since, tx.Now.Add(-agedApprovalDays*day))
	if err != nil {
		return nil, fmt.Errorf("count engagement of %d SMBs: %w", len(ids), err)
	}
	defer func() { _ = rows.Close() }()
	all := make(map[int64]*counted, len(ids))
	for rows.Next() {
		var id int64
		var kind fibonacco.EngagementKind
		var n int
		if err := rows.Scan(&id, &kind, &n); err != nil {
			return nil, fmt.Errorf("count engagement: %w", err)
		}
		c := all[id]
		if c == nil {
			c = &counted{kinds: map[fibonacco.EngagementKind]int{}}
			all[id] = c
		}
		switch kind {
		case agedApproval:
			c.agedApprove = n
		case oldApproval:
			c.oldApprove = n
		default:
			c.kinds[kind] = n
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("count engagement: %w", err)
	}
	return all, nil
}
