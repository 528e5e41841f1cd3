package privacy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/consent"
	"github.com/fibonacco/fibonacco/smb/merge"
	"github.com/fibonacco/fibonacco/smb/search"
)

// EraseSMB implements fibonacco.PrivacyService. The business is deleted with it, but for good: it
// is not purged, because its history is what is left. What became part of it by a merge is erased
// too, and no merge of it can be undone. Queued messages are cancelled. Publishes SMBUpdated naming
// erased_at.
//
// Returns NotFound; Invalid without a reason, which must not say who it was about; and Conflict
// for a business that was erased already, that became part of another one, or of which a message is
// on its way at this moment: its result is still to be written down.
func (s *Service) EraseSMB(ctx context.Context, smbID int64, reason string) error {
	reason = strings.TrimSpace(reason)
	return s.db.Update(ctx, func(tx *db.Tx) error {
		who, err := findSubject(ctx, tx, smbID, true)
		if err != nil {
			return err
		}
		if err := checkReason(reason); err != nil {
			return err
		}
		if err := who.mayGo(ctx, tx); err != nil {
			return err
		}
		if err := who.erase(ctx, tx); err != nil {
			return fmt.Errorf("erase SMB %d: %w", smbID, err)
		}
		if err := audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.erased", Entity: "smb", EntityID: strconv.FormatInt(smbID, 10), CommunityID: &who.communityID,
			After: map[string]any{"because": reason, "smb_ids": who.ids},
		}); err != nil {
			return err
		}
		fields := []string{"erased_at"}
		if !who.deleted {
			fields = []string{"deleted_at", "erased_at"}
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: smbID, CommunityID: who.communityID, Fields: fields})
	})
}

func checkReason(reason string) error {
	why := ""
	switch {
	case reason == "":
		why = "is required"
	case !utf8.ValidString(reason) || strings.ContainsRune(reason, 0):
		why = "is not text"
	case utf8.RuneCountInString(reason) > 1000:
		why = "must have at most 1,000 characters"
	default:
		return nil
	}
	return fibonacco.InvalidFields("the business cannot be erased", []fibonacco.FieldError{{Field: "reason", Reason: why}})
}

// mayGo cancels what is queued, and returns Conflict for what stands in the way.
func (s *subject) mayGo(ctx context.Context, tx *db.Tx) error {
	if s.erased {
		return fibonacco.Errorf(fibonacco.Conflict, "it was erased already")
	}
	into, err := db.Select[int64](ctx, tx, `SELECT survivor_id FROM merges WHERE other_id = $1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1`, s.ids[0])
	if err != nil {
		return fmt.Errorf("read what SMB %d became part of: %w", s.ids[0], err)
	}
	if len(into) > 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "it became part of business %d: erase that one", into[0])
	}
	// A worker that claims one of them waits for these rows, or was faster: then it is on its way.
	for _, query := range []string{
		`UPDATE campaign_sends SET status = 'cancelled', skip_reason = 'deleted', updated_at = $2 WHERE smb_id IN ($1...) AND status = 'queued'`,
		`UPDATE rvm_drops SET status = 'cancelled', updated_at = $2 WHERE smb_id IN ($1...) AND status = 'queued'`,
		`UPDATE notices SET status = 'cancelled', updated_at = $2 WHERE smb_id IN ($1...) AND status = 'queued'`,
	} {
		if _, err := tx.Exec(ctx, query, s.ids, tx.Now); err != nil {
			return fmt.Errorf("cancel what is queued for SMB %d: %w", s.ids[0], err)
		}
	}
	sending, err := db.Count(ctx, tx, `
		SELECT (SELECT count(*) FROM campaign_sends WHERE smb_id IN ($1...) AND status = 'sending')
			+ (SELECT count(*) FROM rvm_drops WHERE smb_id IN ($1...) AND status = 'sending')`, s.ids)
	if err != nil {
		return fmt.Errorf("look for messages of SMB %d: %w", s.ids[0], err)
	}
	if sending > 0 {
		return fibonacco.Errorf(fibonacco.Conflict, "a message to it is on its way: try again in a minute")
	}
	return nil
}

// erase goes through every table. The order matters: mails come before what happened to them, so
// that a hit which is being stored is either seen here or sees that its mail is erased.
func (s *subject) erase(ctx context.Context, tx *db.Tx) error {
	if err := s.withdraw(ctx, tx); err != nil {
		return err
	}
	if err := s.forgetFiles(ctx, tx); err != nil {
		return err
	}
	for _, t := range tables {
		if query, args := t.erasure(s); query != "" {
			if _, err := tx.Exec(ctx, query, args...); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	for _, id := range s.ids {
		if err := audit.Blank(ctx, tx, "smb", strconv.FormatInt(id, 10)); err != nil {
			return err
		}
	}
	// What staff wrote of its mails (tracking verdicts) is about it, too.
	sends, err := db.Select[int64](ctx, tx, `
		SELECT id FROM campaign_sends WHERE smb_id IN ($1...) AND EXISTS (
			SELECT 1 FROM audit_log a WHERE a.entity = 'campaign_send' AND a.entity_id = CAST(campaign_sends.id AS text))`, s.ids)
	if err != nil {
		return fmt.Errorf("find what was said of its mails: %w", err)
	}
	for _, id := range sends {
		if err := audit.Blank(ctx, tx, "campaign_send", strconv.FormatInt(id, 10)); err != nil {
			return err
		}
	}
	if err := merge.Forget(ctx, tx, s.ids); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `
		UPDATE smbs SET erased_at = $2, deleted_at = COALESCE(deleted_at, $2), updated_at = $2, next_scheduled_send = NULL,
			do_not_contact = TRUE, version = version + 1
		WHERE id IN ($1...)`, s.ids, tx.Now); err != nil {
		return fmt.Errorf("mark as erased: %w", err)
	}
	if err := search.Remove(ctx, tx, s.ids); err != nil {
		return err
	}
	return consent.Erase(ctx, tx, s.ids, s.communityID, slices.Concat(s.emails, s.phones))
}

// withdraw opts the businesses out of every channel, on record as any other opt-out.
func (s *subject) withdraw(ctx context.Context, tx *db.Tx) error {
	var list []fibonacco.Consent
	for _, id := range s.ids {
		for _, channel := range fibonacco.Channels {
			list = append(list, fibonacco.Consent{SMBID: id, Channel: channel, Source: "erasure", RecordedBy: consent.RecordedBy(ctx)})
		}
	}
	_, err := consent.Add(ctx, tx, list)
	return err
}

// erasure is the statement that takes out of a table what tells who a subject is; "" for a table
// that has nothing of the kind, or whose package sees to it.
func (t table) erasure(who *subject) (query string, args []any) {
	switch t.fate {
	case gone:
		query = `DELETE FROM ` + t.name
	case blank:
		var set []string
		for _, c := range t.columns {
			if c.erased != "" {
				set = append(set, c.name+" = "+c.erased)
			}
		}
		if len(set) == 0 {
			return "", nil
		}
		query = `UPDATE ` + t.name + ` SET ` + strings.Join(set, ", ")
	case other:
		return "", nil
	}
	where := who.bind(t.of, &args)
	return query + ` WHERE ` + where, args
}
