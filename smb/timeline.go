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
			SELECT s.campaign_id FROM campaign_sends s WHERE s.id = CAST(e.properties->>'campaign_send_id' AS bigint)), (
			SELECT r.campaign_id FROM rvm_drops r WHERE r.id = CAST(e.properties->>'rvm_drop_id' AS bigint)), '') AS campaign,
		CAST(e.properties AS text) AS details, '' AS actor, CAST(0 AS bigint) AS send, '' AS reason
	FROM analytics_events e WHERE e.smb_id = $1 AND NOT (e.event_type IN ('smb.created', 'smb.updated') AND EXISTS (
		SELECT 1 FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2 AND a.at = e.occurred_at))
	UNION ALL
	SELECT a.id * 4 + 1, a.at, 'audit.' || a.action, '', CAST(a.after AS text), a.actor_name, 0, ''
	FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2
	UNION ALL
	SELECT r.id * 4 + 2, r.updated_at, CAST('rvm_drop.' || r.status AS text), COALESCE(r.campaign_id, ''), '{}', '',
		COALESCE(r.campaign_send_id, 0), COALESCE(r.delivery_status, '')
	FROM rvm_drops r WHERE r.smb_id = $1 AND r.status IN ('failed', 'cancelled') AND r.updated_at IS NOT NULL
	UNION ALL
	SELECT v.campaign_send_id * 4 + 3, v.created_at, 'rvm_drop.skipped', v.campaign_id, '{}', '', v.campaign_send_id, v.reason
	FROM voicemail_skips v WHERE v.smb_id = $1
) AS timeline`

const timelineColumns = `timeline.entry, timeline.at, timeline.kind, timeline.campaign, timeline.details, timeline.actor,
	timeline.send, timeline.reason`

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
	var details, actor, reason string
	var of int64
	if err := row.Scan(&e.ID, db.Time(&e.At), &e.Kind, &e.CampaignID, &details, &actor, &of, &reason); err != nil {
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
	if of > 0 {
		e.Details["campaign_send_id"] = float64(of)
	}
	if reason != "" {
		e.Details["reason"] = reason
	}
	if id, ok := e.Details["campaign_send_id"].(float64); ok && id > 0 {
		send := int64(id)
		e.SendID = &send
	}
	e.Summary = sentence(e.Kind, e.CampaignID, e.Details)
	return e, nil
}
