package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// staffPrefix begins the kind of what staff did: "audit.smb.updated".
const staffPrefix = "audit."

// timelineFrom is everything that happened to SMB $1, whose id is the text $2 in the audit log. An
// SMB has some hundreds of events at most, found by its index, so that no index has to keep the
// largest table in order by SMB and time. A change that staff made is told once: by the audit log,
// which knows who made it, and not by the event of the same moment. Numbers tell the two apart.
const timelineFrom = `(
	SELECT e.id * 2 AS entry, e.occurred_at AS at, CAST(e.event_type AS text) AS kind,
		COALESCE(e.properties->>'campaign_id', (
			SELECT s.campaign_id FROM campaign_sends s WHERE s.id = CAST(e.properties->>'campaign_send_id' AS bigint)), '') AS campaign,
		CAST(e.properties AS text) AS details, '' AS actor
	FROM analytics_events e WHERE e.smb_id = $1 AND NOT (e.event_type IN ('smb.created', 'smb.updated') AND EXISTS (
		SELECT 1 FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2 AND a.at = e.occurred_at))
	UNION ALL
	SELECT a.id * 2 + 1, a.at, 'audit.' || a.action, '', CAST(a.after AS text), a.actor_name
	FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2
) AS timeline`

const timelineColumns = `timeline.entry, timeline.at, timeline.kind, timeline.campaign, timeline.details, timeline.actor`

var timelineTable = query.Table{
	Listing: fibonacco.TimelineListing, From: timelineFrom, Key: "timeline.entry",
	Columns: map[string]query.Column{
		"at": {SQL: "timeline.at"}, "kind": {SQL: "timeline.kind"}, "campaign_id": {SQL: "NULLIF(timeline.campaign, '')"},
	},
}

// Timeline implements fibonacco.SMBRecords.
func (s *Service) Timeline(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.TimelineEntry], err error) {
	args := &query.Args{Values: []any{smbID, strconv.FormatInt(smbID, 10)}}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID); err != nil {
			return err
		}
		page, err = query.Select(ctx, tx, timelineTable, q, timelineColumns, scanTimeline, nil, args)
		return err
	})
	return page, err
}

func scanTimeline(row db.Row) (e fibonacco.TimelineEntry, err error) {
	var details, actor string
	if err := row.Scan(&e.ID, db.Time(&e.At), &e.Kind, &e.CampaignID, &details, &actor); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
		return e, fmt.Errorf("read what is stored of %s: %w", e.Kind, err)
	}
	if action, staff := strings.CutPrefix(e.Kind, staffPrefix); staff {
		// Values are for the audit log and those who may read it; a timeline says which fields.
		fields := slices.Sorted(maps.Keys(e.Details))
		e.Details = map[string]any{"actor": actor, "fields": fields}
		e.Summary = staffSentence(action, actor, fields)
		return e, nil
	}
	if id, ok := e.Details["campaign_send_id"].(float64); ok && id > 0 {
		send := int64(id)
		e.SendID = &send
	}
	e.Summary = sentence(e.Kind, e.CampaignID, e.Details)
	return e, nil
}
