package audit

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// Service implements fibonacco.AuditLog. Safe for concurrent use.
type Service struct{ db *db.DB }

var _ fibonacco.AuditLog = (*Service)(nil)

// New makes a Service.
func New(d *db.DB) *Service { return &Service{db: d} }

var table = query.Table{Listing: fibonacco.AuditListing, From: "audit_log", Key: "audit_log.id"}

const columns = `audit_log.id, audit_log.at, audit_log.actor_kind, audit_log.user_id, audit_log.token_id, audit_log.actor_name,
	audit_log.action, audit_log.entity, audit_log.entity_id, audit_log.community_id,
	CAST(audit_log.before AS text), CAST(audit_log.after AS text), audit_log.ip, audit_log.request_id`

// ListAudit implements fibonacco.AuditLog.
func (s *Service) ListAudit(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.AuditEntry], err error) {
	var where []string
	var args query.Args
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `audit_log.community_id IN (`+args.Add(scope)+`...)`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, table, q, columns, scan, where, &args)
		return err
	})
	return page, err
}

func scan(row db.Row) (e fibonacco.AuditEntry, err error) {
	var before, after string
	err = row.Scan(&e.ID, db.Time(&e.At), &e.ActorKind, &e.UserID, &e.TokenID, &e.ActorName,
		&e.Action, &e.Entity, &e.EntityID, &e.CommunityID, &before, &after, &e.IP, &e.RequestID)
	if err != nil {
		return e, err
	}
	return e, errors.Join(json.Unmarshal([]byte(before), &e.Before), json.Unmarshal([]byte(after), &e.After))
}

// NoteExport implements fibonacco.AuditLog. Who is limited to communities leaves an entry for each,
// so that those who answer for a community see what was taken from it.
func (s *Service) NoteExport(ctx context.Context, list, format string, narrowed []string) error {
	slices.Sort(narrowed)
	entry := fibonacco.AuditEntry{Action: "list.exported", Entity: list, After: map[string]any{"format": format, "narrowed_by": append([]string{}, narrowed...)}}
	entries := []fibonacco.AuditEntry{entry}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		entries = entries[:0]
		for _, id := range scope {
			entry.CommunityID = &id
			entries = append(entries, entry)
		}
	}
	return s.db.Update(ctx, func(tx *db.Tx) error { return Record(ctx, tx, entries...) })
}
