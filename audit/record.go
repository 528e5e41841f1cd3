// Package audit keeps the audit log: every change that staff, a token or the command line made,
// in the transaction of the change. It owns the table audit_log, which is only ever added to; an
// erasure blanks the values of the erased SMB (Blank).
package audit

import (
	"context"
	"fmt"
	"reflect"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Record writes entries in the name of whoever asks (fibonacco.PrincipalOf), at tx.Now. An entry
// says Action, Entity, EntityID, CommunityID, Before and After; the rest is filled in here.
// Secrets, hashes and tokens have no place in Before and After.
func Record(ctx context.Context, tx *db.Tx, entries ...fibonacco.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := db.NewBatch("action text", "entity text", "entity_id text", "community_id bigint", "before jsonb", "after jsonb")
	for _, e := range entries {
		rows.Add(e.Action, e.Entity, e.EntityID, e.CommunityID, object(e.Before), object(e.After))
	}
	who := actorOf(ctx)
	_, err := tx.ExecBatch(ctx, rows, `
		INSERT INTO audit_log (at, actor_kind, user_id, token_id, actor_name, ip, request_id, action, entity, entity_id, community_id, before, after)
		SELECT $1, $2, $3, $4, $5, $6, $7, action, entity, entity_id, community_id, before, after FROM rows`,
		tx.Now, who.ActorKind, who.UserID, who.TokenID, who.ActorName, who.IP, who.RequestID)
	if err != nil {
		return fmt.Errorf("write %d audit entries: %w", len(entries), err)
	}
	return nil
}

func object(fields map[string]any) string {
	if fields == nil {
		return "{}"
	}
	return db.JSON(fields)
}

func actorOf(ctx context.Context) fibonacco.AuditEntry {
	p := fibonacco.PrincipalOf(ctx)
	if p == nil {
		visit := fibonacco.VisitOf(ctx) // before a sign-in, nobody knows who it is, but where from
		return fibonacco.AuditEntry{ActorKind: "system", ActorName: "fibonacco", IP: visit.IP, RequestID: visit.RequestID}
	}
	e := fibonacco.AuditEntry{ActorKind: "user", ActorName: p.Name, IP: p.IP, RequestID: p.RequestID}
	if p.UserID != 0 {
		e.UserID = &p.UserID
	}
	if p.TokenID != 0 {
		e.ActorKind, e.TokenID = "token", &p.TokenID
	}
	return e
}

// Changed is the fields in which two versions of a thing differ, as Before and After of an entry.
func Changed(before, after map[string]any) (was, is map[string]any) {
	was, is = map[string]any{}, map[string]any{}
	for name, value := range after {
		if old, known := before[name]; !known || !reflect.DeepEqual(old, value) {
			was[name], is[name] = old, value
		}
	}
	for name, value := range before {
		if _, still := after[name]; !still {
			was[name], is[name] = value, nil
		}
	}
	return was, is
}

// Blank takes the values, not the fact, of every entry about one entity out of the log: what an
// erasure must leave behind tells nobody who it was about.
func Blank(ctx context.Context, tx *db.Tx, entity, entityID string) error {
	_, err := tx.Exec(ctx, `
		UPDATE audit_log SET before = '{}', after = '{}' WHERE entity = $1 AND entity_id = $2`, entity, entityID)
	if err != nil {
		return fmt.Errorf("blank the audit entries of %s %s: %w", entity, entityID, err)
	}
	return nil
}

// BlankValues is Blank of every entry about an entity of a kind that holds one of these values in
// a field, before or after: for things that are known by what they say, and may be gone.
func BlankValues(ctx context.Context, tx *db.Tx, entity, field string, values []string) error {
	if len(values) == 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `
		UPDATE audit_log SET before = '{}', after = '{}' WHERE entity = $1
			AND (before ->> CAST($2 AS text) IN ($3...) OR after ->> CAST($2 AS text) IN ($3...))`, entity, field, values)
	if err != nil {
		return fmt.Errorf("blank the audit entries of %d values of %s: %w", len(values), entity, err)
	}
	return nil
}
