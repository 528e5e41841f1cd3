package smb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

// profileUpdate is the type of the tasks that are suggestions of contact details. The approval module
// writes them (M4-08); what becomes of them is decided here, because it changes the record.
const profileUpdate = "profile_update"

// suggestible is the fields that a suggestion may change, in the order in which people read them.
var suggestible = []string{"primary_contact_name", "primary_email", "primary_phone"}

var suggestionTable = query.Table{
	Listing: fibonacco.ContactSuggestionListing, From: "ai_tasks JOIN smbs ON smbs.id = ai_tasks.smb_id", Key: "ai_tasks.id",
	Columns: map[string]query.Column{"community_id": {SQL: "smbs.community_id"}},
}

const suggestionColumns = `ai_tasks.id, ai_tasks.smb_id, smbs.community_id, smbs.business_name, ai_tasks.status, CAST(ai_tasks.input_data AS text),
	CAST(ai_tasks.output_data AS text), ai_tasks.suggested_at, ai_tasks.completed_at, smbs.version,
	COALESCE(smbs.primary_contact_name, ''), COALESCE(smbs.primary_email, ''), COALESCE(smbs.primary_phone, '')`

// ListSuggestions implements fibonacco.ContactSuggestions.
func (s *Service) ListSuggestions(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ContactSuggestion], err error) {
	var args query.Args
	where := []string{`ai_tasks.task_type = '` + profileUpdate + `'`, `ai_tasks.status IN ('suggested', 'completed', 'rejected')`, `smbs.deleted_at IS NULL`}
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `smbs.community_id IN (`+args.Add(scope)+`...)`)
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, suggestionTable, q, suggestionColumns, scanSuggestion, where, &args)
		return err
	})
	return page, err
}

func scanSuggestion(row db.Row) (c fibonacco.ContactSuggestion, err error) {
	var input, output, name, email, phone string
	var decided *time.Time
	if err := row.Scan(&c.ID, &c.SMBID, &c.CommunityID, &c.BusinessName, &c.Status, &input, &output, db.Time(&c.SuggestedAt), db.TimePtr(&decided),
		&c.Version, &name, &email, &phone); err != nil {
		return c, err
	}
	c.DecidedAt = decided
	var given struct {
		ApprovalID *int64            `json:"approval_id"`
		Change     map[string]string `json:"change"`
	}
	var done struct {
		Before map[string]string `json:"before"`
	}
	if err := json.Unmarshal([]byte(input), &given); err != nil {
		return c, fmt.Errorf("read suggestion %d: %w", c.ID, err)
	}
	if err := json.Unmarshal([]byte(output), &done); err != nil {
		return c, fmt.Errorf("read what became of suggestion %d: %w", c.ID, err)
	}
	c.ApprovalID, c.Changes = given.ApprovalID, []fibonacco.SuggestedChange{}
	onFile := map[string]string{"primary_contact_name": name, "primary_email": email, "primary_phone": phone}
	for _, field := range suggestible {
		if value, ok := given.Change[field]; ok {
			was := onFile[field]
			if before, ok := done.Before[field]; ok {
				was = before
			}
			c.Changes = append(c.Changes, fibonacco.SuggestedChange{Field: field, OnFile: was, Suggested: value})
		}
	}
	return c, nil
}

func findSuggestion(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.ContactSuggestion, error) {
	c, err := scanSuggestion(tx.QueryRow(ctx, `SELECT `+suggestionColumns+` FROM `+suggestionTable.From+`
		WHERE ai_tasks.id = $1 AND ai_tasks.task_type = '`+profileUpdate+`' AND smbs.deleted_at IS NULL`, id))
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, c.CommunityID) {
		return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such suggestion")
	}
	if err != nil {
		return nil, fmt.Errorf("find suggestion %d: %w", id, err)
	}
	return &c, nil
}

// advanceSuggestion decides once: the condition on the status is the lock. decided is nil where it
// waits again.
func advanceSuggestion(ctx context.Context, tx *db.Tx, id int64, from, to string, output map[string]any, decided *time.Time) error {
	var approved *time.Time
	if to == "completed" {
		approved = decided
	}
	n, err := tx.Exec(ctx, `
		UPDATE ai_tasks SET status = $3, output_data = $4, approved_at = $5, executed_at = $5, completed_at = $6, updated_at = $7
		WHERE id = $1 AND status = $2`, id, from, to, db.JSON(output), approved, decided, tx.Now)
	if err != nil {
		return fmt.Errorf("decide suggestion %d: %w", id, err)
	}
	if n == 0 {
		if from == "rejected" {
			return fibonacco.Errorf(fibonacco.Conflict, "the suggestion is not dismissed")
		}
		return fibonacco.Errorf(fibonacco.Conflict, "somebody has decided about this suggestion already")
	}
	return nil
}

// AcceptSuggestion implements fibonacco.ContactSuggestions. Publishes AITaskApproved, AITaskCompleted
// and what Update publishes.
func (s *Service) AcceptSuggestion(ctx context.Context, id int64, fields []string, version *int) (*fibonacco.SMB, error) {
	var updated *fibonacco.SMB
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := findSuggestion(ctx, tx, id)
		if err != nil {
			return err
		}
		change, before, taken, err := acceptedChange(c, fields)
		if err != nil {
			return err
		}
		change.IfVersion = version
		if err := advanceSuggestion(ctx, tx, id, "suggested", "completed", map[string]any{"fields": taken, "before": before}, &tx.Now); err != nil {
			return err
		}
		if updated, err = s.update(ctx, tx, c.SMBID, change); err != nil {
			return err
		}
		if err := s.queue.Publish(ctx, tx, fibonacco.AITaskApproved{AITaskID: id, SMBID: c.SMBID, TaskType: profileUpdate}); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.AITaskCompleted{AITaskID: id, SMBID: c.SMBID, TaskType: profileUpdate})
	})
	return updated, err
}

// DismissSuggestion implements fibonacco.ContactSuggestions.
func (s *Service) DismissSuggestion(ctx context.Context, id int64) error {
	return s.decideSuggestion(ctx, id, "suggested", "rejected", "smb.suggestion_dismissed")
}

// ReopenSuggestion implements fibonacco.ContactSuggestions.
func (s *Service) ReopenSuggestion(ctx context.Context, id int64) error {
	return s.decideSuggestion(ctx, id, "rejected", "suggested", "smb.suggestion_reopened")
}

func (s *Service) decideSuggestion(ctx context.Context, id int64, from, to, action string) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		c, err := findSuggestion(ctx, tx, id)
		if err != nil {
			return err
		}
		decided := &tx.Now
		if to == "suggested" {
			decided = nil
		}
		if err := advanceSuggestion(ctx, tx, id, from, to, map[string]any{}, decided); err != nil {
			return err
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: action, Entity: "smb", EntityID: strconv.FormatInt(c.SMBID, 10), CommunityID: &c.CommunityID, After: map[string]any{"suggestion_id": id},
		})
	})
}

// acceptedChange lays the fields that were chosen over nothing.
func acceptedChange(c *fibonacco.ContactSuggestion, fields []string) (change fibonacco.SMBChange, before map[string]string, taken []string, err error) {
	var bad []fibonacco.FieldError
	for _, f := range fields {
		if !slices.ContainsFunc(c.Changes, func(one fibonacco.SuggestedChange) bool { return one.Field == f }) {
			bad = append(bad, fibonacco.FieldError{Field: "fields", Reason: strconv.Quote(f) + " is not suggested"})
		}
	}
	if err := fibonacco.InvalidFields("the suggestion cannot be accepted so", bad); err != nil {
		return change, nil, nil, err
	}
	before = map[string]string{}
	for _, one := range c.Changes {
		if len(fields) > 0 && !slices.Contains(fields, one.Field) {
			continue
		}
		before[one.Field], taken = one.OnFile, append(taken, one.Field)
		switch value := one.Suggested; one.Field {
		case "primary_contact_name":
			change.PrimaryContactName = &value
		case "primary_email":
			change.PrimaryEmail = &value
		case "primary_phone":
			change.PrimaryPhone = &value
		}
	}
	return change, before, taken, nil
}
