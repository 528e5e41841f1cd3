package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// suggest proposes the approver's details where they differ from those on file (M4-08). Nothing is
// overwritten: a person decides.
func (s *Service) suggest(ctx context.Context, tx *db.Tx, a *submitted, who approver) error {
	change := map[string]any{}
	if !strings.EqualFold(a.Name, who.Name) {
		change["primary_contact_name"] = a.Name
	}
	if !strings.EqualFold(a.Email, who.Email) {
		change["primary_email"] = a.Email
	}
	if a.Phone != "" && !sameNumber(a.Phone, who.Phone) {
		change["primary_phone"] = a.Phone
	}
	if len(change) == 0 {
		return nil
	}
	if known, err := proposed(ctx, tx, a.SMB, change); err != nil || known {
		return err
	}
	id, err := ask(ctx, tx, a.SMB, "profile_update", map[string]any{"approval_id": a.ID, "change": change})
	if err != nil {
		return err
	}
	return s.queue.Publish(ctx, tx, fibonacco.AITaskSuggested{AITaskID: id, SMBID: a.SMB, TaskType: "profile_update"})
}

// proposed reports whether the same change waits for a person already: who approves three services has
// typed the same three times.
func proposed(ctx context.Context, tx *db.Tx, smbID int64, change map[string]any) (bool, error) {
	open, err := db.Select[string](ctx, tx, `
		SELECT CAST(input_data AS text) FROM ai_tasks WHERE smb_id = $1 AND task_type = 'profile_update' AND status = 'suggested' ORDER BY id DESC LIMIT 20`, smbID)
	if err != nil {
		return false, fmt.Errorf("list what is proposed for SMB %d: %w", smbID, err)
	}
	for _, text := range open {
		var task struct{ Change map[string]any }
		if err := json.Unmarshal([]byte(text), &task); err == nil && maps.Equal(task.Change, change) {
			return true, nil
		}
	}
	return false, nil
}

// ask puts a task before a person. Besides suggestions, which are of Sarah's own types, there are
// service_setup and meeting_request, which only a person can do.
func ask(ctx context.Context, tx *db.Tx, smbID int64, taskType string, input map[string]any) (id int64, err error) {
	if err := tx.QueryRow(ctx, `
		INSERT INTO ai_tasks (smb_id, task_type, status, input_data, suggested_at, created_at, updated_at)
		VALUES ($1, $2, 'suggested', $3, $4, $4, $4) RETURNING id`, smbID, taskType, db.JSON(input), tx.Now).Scan(&id); err != nil {
		return 0, fmt.Errorf("ask a person about SMB %d: %w", smbID, err)
	}
	return id, nil
}

// sameNumber compares two telephone numbers by their last ten digits, which is what is left of one
// that was written without its country. An extension makes another number.
func sameNumber(a, b string) bool {
	digits := func(s string) string {
		s = strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
		return s[max(0, len(s)-10):]
	}
	return digits(a) == digits(b)
}
