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

// happenings is everything that happened to SMB $1, whose id is the text $2 in the audit log. An
// SMB has some hundreds of rows at most, found by indexes, so that no index has to keep the
// largest table in order by SMB and time. What is told by several tables is told once: a change that
// staff made by the audit log, which knows who made it, a note by the note itself, and a consent by
// whatever wrote it down, when that was no file. Of each table the numbers differ in their rest by 16.
// (COALESCE keeps SQLite from the index of event types, which half of all events are in.)
const happenings = `
	SELECT e.id * 16 AS entry, e.occurred_at AS at, CAST(e.event_type AS text) AS kind,
		COALESCE(e.properties->>'campaign_id', (
			SELECT s.campaign_id FROM campaign_sends s WHERE s.id = CAST(e.properties->>'campaign_send_id' AS bigint)), (
			SELECT r.campaign_id FROM rvm_drops r WHERE r.id = CAST(e.properties->>'rvm_drop_id' AS bigint)), '') AS campaign,
		CAST(e.properties AS text) AS details, '' AS actor, CAST(0 AS bigint) AS subject, '' AS reason, CAST(0 AS bigint) AS times
	FROM analytics_events e WHERE e.smb_id = $1 AND NOT (e.event_type IN ('smb.created', 'smb.updated') AND EXISTS (
		SELECT 1 FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2 AND a.at = e.occurred_at))
	UNION ALL
	SELECT a.id * 16 + 1, a.at, 'audit.' || a.action, '', CAST(a.after AS text), a.actor_name, 0, '', 0
	FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2 AND a.action <> 'smb.note_added'
	UNION ALL
	SELECT n.id * 16 + 2, n.created_at, 'note.added', '', '{}', n.author, n.id, n.body, 0 FROM smb_notes n WHERE n.smb_id = $1
	UNION ALL
	SELECT c.id * 16 + 3, c.created_at, CASE WHEN c.granted THEN 'consent.granted' ELSE 'consent.withdrawn' END, '', '{}',
		c.source, 0, CAST(c.channel AS text), 0
	FROM consents c WHERE c.smb_id = $1
		AND NOT EXISTS (SELECT 1 FROM audit_log a WHERE a.entity = 'smb' AND a.entity_id = $2 AND a.at = c.created_at)
		AND NOT EXISTS (SELECT 1 FROM analytics_events e WHERE e.smb_id = $1 AND e.created_at = c.created_at AND e.event_type LIKE 'email.%')
	UNION ALL
	SELECT MIN(h.id) * 16 + 4, MIN(h.event_at), 'email.machine_' || h.event_type, s.campaign_id, '{}', '', s.id, COALESCE(MIN(h.rule), ''), COUNT(*)
	FROM campaign_sends s JOIN email_events h ON h.campaign_send_id = s.id
	WHERE s.smb_id = $1 AND h.verdict = 'machine' AND COALESCE(h.event_type, '') IN ('opened', 'clicked') GROUP BY s.id, s.campaign_id, h.event_type
	UNION ALL
	SELECT s.id * 16 + 5, COALESCE(s.updated_at, s.created_at), CAST('campaign_send.' || s.status AS text), s.campaign_id, '{}', '', s.id,
		COALESCE(s.skip_reason, ''), 0
	FROM campaign_sends s WHERE s.smb_id = $1 AND s.status IN ('suppressed', 'cancelled', 'unknown') AND COALESCE(s.updated_at, s.created_at) IS NOT NULL
	UNION ALL
	SELECT k.id * 16 + 6, k.created_at, 'campaign_send.skipped', k.campaign_id, '{}', '', 0, k.reason, 0 FROM skips k WHERE k.smb_id = $1
	UNION ALL
	SELECT r.id * 16 + 7, r.updated_at, CAST('rvm_drop.' || r.status AS text), COALESCE(r.campaign_id, ''), '{}', '',
		COALESCE(r.campaign_send_id, 0), COALESCE(r.delivery_status, ''), 0
	FROM rvm_drops r WHERE r.smb_id = $1 AND r.status IN ('failed', 'cancelled') AND r.updated_at IS NOT NULL
	UNION ALL
	SELECT v.campaign_send_id * 16 + 8, v.created_at, 'rvm_drop.skipped', v.campaign_id, '{}', '', v.campaign_send_id, v.reason, 0
	FROM voicemail_skips v WHERE v.smb_id = $1
	UNION ALL
	SELECT b.id * 16 + 9, b.created_at, CASE WHEN b.first_id IS NULL THEN 'booking.made' ELSE 'booking.moved' END, '', '{}', '', 0, b.kind, 0
	FROM bookings b WHERE b.smb_id = $1
	UNION ALL
	SELECT b.id * 16 + 10, b.cancelled_at, 'booking.cancelled', '', '{}', COALESCE(b.cancelled_by, ''), 0, b.kind, 0
	FROM bookings b WHERE b.smb_id = $1 AND b.cancelled_at IS NOT NULL
	UNION ALL
	SELECT w.id * 16 + 11, w.created_at, 'review.received', '', '{}', '', 0, '', w.stars FROM reviews w WHERE w.smb_id = $1`

// timelineTopic is what an entry is about, for those who look for one thing.
const timelineTopic = `CASE
	WHEN kind IN ('email.unsubscribed', 'email.preferences_changed', 'email.confirmation_asked', 'audit.smb.consent_recorded')
		OR kind LIKE 'consent.%' THEN 'consent'
	WHEN kind LIKE 'campaign\_send.%' ESCAPE '\' OR kind LIKE 'email.%' THEN 'mail'
	WHEN kind LIKE 'rvm\_drop.%' ESCAPE '\' OR kind IN ('callback.received', 'audit.smb.voicemail_triggered') THEN 'voicemail'
	WHEN kind LIKE 'content.%' THEN 'learning'
	WHEN kind LIKE 'approval.%' OR kind LIKE 'upsell.%' OR kind LIKE 'booking.%' OR kind LIKE 'review.%'
		OR kind IN ('meeting.scheduled', 'audit.smb.approval_link_made', 'audit.smb.owner_link_made', 'audit.smb.links_revoked') THEN 'services'
	WHEN kind IN ('inbound_email.received', 'chat_message.received', 'ai_response.generated') THEN 'replies'
	WHEN kind IN ('note.added', 'audit.smb.note_deleted') THEN 'notes'
	WHEN kind IN ('smb.engagement_changed', 'smb.tier_changed') THEN 'score'
	ELSE 'record' END`

const timelineFrom = `(SELECT told.*, ` + timelineTopic + ` AS topic FROM (` + happenings + `) AS told) AS timeline`

const timelineColumns = `timeline.entry, timeline.at, timeline.kind, timeline.topic, timeline.campaign, timeline.details, timeline.actor,
	timeline.subject, timeline.reason, timeline.times`

var timelineTable = query.Table{
	Listing: fibonacco.TimelineListing, From: timelineFrom, Key: "timeline.entry",
	Columns: map[string]query.Column{
		"at": {SQL: "timeline.at"}, "kind": {SQL: "timeline.kind"}, "topic": {SQL: "timeline.topic"}, "campaign_id": {SQL: "NULLIF(timeline.campaign, '')"},
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
		if err != nil {
			return err
		}
		return nameLearningPages(ctx, tx, page.Data)
	})
	return page, err
}

// nameLearningPages says of the learning pages in entries what people call them; of one that is gone the
// name in its address is left.
func nameLearningPages(ctx context.Context, tx *db.Tx, entries []fibonacco.TimelineEntry) error {
	slugs := map[string]bool{}
	for _, e := range entries {
		if slug, ok := e.Details[contentSlug].(string); ok {
			slugs[slug] = true
		}
	}
	if len(slugs) == 0 {
		return nil
	}
	titles := map[string]string{}
	_, err := db.Read(ctx, tx, func(row db.Row) (slug string, err error) {
		var title string
		err = row.Scan(&slug, &title)
		titles[slug] = title
		return slug, err
	}, `SELECT slug, title FROM content WHERE slug IN ($1...)`, slices.Sorted(maps.Keys(slugs)))
	if err != nil {
		return fmt.Errorf("read the titles of learning pages: %w", err)
	}
	for i, e := range entries {
		if slug, _ := e.Details[contentSlug].(string); titles[slug] != "" {
			e.Details["content_title"] = titles[slug]
			entries[i].Summary = sentence(e.Kind, e.CampaignID, e.Details)
		}
	}
	return nil
}

const contentSlug = "content_slug"

func scanTimeline(row db.Row) (e fibonacco.TimelineEntry, err error) {
	var details, actor, reason string
	var of, times int64
	if err := row.Scan(&e.ID, db.Time(&e.At), &e.Kind, &e.Topic, &e.CampaignID, &details, &actor, &of, &reason, &times); err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(details), &e.Details); err != nil {
		return e, fmt.Errorf("read what is stored of %s: %w", e.Kind, err)
	}
	if action, staff := strings.CutPrefix(e.Kind, staffPrefix); staff {
		// Values are for the audit log and those who may read it; a timeline says which fields.
		e.Summary = staffSentence(action, actor, e.Details)
		e.Details = map[string]any{"actor": actor, "fields": slices.Sorted(maps.Keys(e.Details))}
		return e, nil
	}
	if e.Kind == "note.added" {
		e.Details = map[string]any{"actor": actor, "note_id": float64(of), "text": reason}
		e.Summary = orWords(actor, "Somebody") + " wrote a note."
		return e, nil
	}
	for name, value := range map[string]string{"reason": reason, "actor": actor} {
		if value != "" {
			e.Details[name] = value
		}
	}
	if of > 0 {
		e.Details["campaign_send_id"] = float64(of)
	}
	if times > 0 {
		e.Details["times"] = float64(times)
	}
	if id, ok := e.Details["campaign_send_id"].(float64); ok && id > 0 {
		send := int64(id)
		e.SendID = &send
	}
	e.Summary = sentence(e.Kind, e.CampaignID, e.Details)
	return e, nil
}
