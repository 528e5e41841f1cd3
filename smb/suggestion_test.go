package smb_test

import (
	"fmt"
	"testing"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/dbtest"
	"github.com/fibonacco/fibonacco/smb"
)

// given stores a suggestion as an approval does, and returns its id.
func given(t testing.TB, d *db.DB, smbID int64, change map[string]string) int64 {
	t.Helper()
	var id int64
	run(t, d, func(tx *db.Tx) error {
		return tx.QueryRow(t.Context(), `
			INSERT INTO ai_tasks (smb_id, task_type, status, input_data, suggested_at, created_at, updated_at)
			VALUES ($1, 'profile_update', 'suggested', $2, $3, $3, $3) RETURNING id`, smbID, db.JSON(map[string]any{"approval_id": 5, "change": change}), tx.Now).Scan(&id)
	})
	return id
}

func TestSuggestionIsAccepted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		records, b := bare(t, d)
		s := records.(*smb.Service)
		ana := as(t, 1, "Ana Ruiz", fibonacco.Operator)
		id := given(t, d, b.ID, map[string]string{"primary_email": "new@example.com", "primary_phone": "(347) 555-0100"})
		page, err := s.ListSuggestions(ana, fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "suggested", "smb_id": fmt.Sprint(b.ID)}, Total: true})
		must(t, err)
		if *page.Total != 1 || fmt.Sprint(page.Data[0].Changes) != fmt.Sprintf("[{primary_email %s new@example.com} {primary_phone %s (347) 555-0100}]", b.PrimaryEmail, b.PrimaryPhone) ||
			page.Data[0].Version != b.Version || *page.Data[0].ApprovalID != 5 || page.Data[0].BusinessName != b.BusinessName {
			t.Errorf("listed %+v", page.Data)
		}
		stale := b.Version - 1
		_, err = s.AcceptSuggestion(ana, id, nil, &stale)
		code(t, "another version", err, fibonacco.Conflict)
		_, err = s.AcceptSuggestion(ana, id, []string{"business_name"}, nil)
		code(t, "a field that is not suggested", err, fibonacco.Invalid)
		_, err = s.AcceptSuggestion(as(t, 4, "Far", fibonacco.Operator, b.CommunityID+9), id, nil, nil)
		code(t, "another community's", err, fibonacco.NotFound)

		updated, err := s.AcceptSuggestion(ana, id, []string{"primary_phone"}, &b.Version)
		must(t, err)
		if updated.PrimaryPhone != "+13475550100" || updated.PrimaryEmail != b.PrimaryEmail || updated.Version != b.Version+1 {
			t.Errorf("updated to %s, %s, version %d", updated.PrimaryPhone, updated.PrimaryEmail, updated.Version)
		}
		_, err = s.AcceptSuggestion(ana, id, nil, nil)
		code(t, "twice", err, fibonacco.Conflict)
		code(t, "dismissed after that", s.DismissSuggestion(ana, id), fibonacco.Conflict)
		page, err = s.ListSuggestions(ana, fibonacco.ListQuery{})
		must(t, err)
		if c := page.Data[0]; c.Status != "completed" || c.DecidedAt == nil || c.Changes[1].OnFile != b.PrimaryPhone {
			t.Errorf("kept %+v", c)
		}
		told, err := s.Timeline(ana, b.ID, fibonacco.ListQuery{Filter: fibonacco.Filter{"kind": "audit.smb.updated,ai_task.approved"}})
		must(t, err)
		equal(t, "told", len(told.Data), 2)
	})
}

// Nothing is stored of a suggestion that cannot be: it waits on.
func TestSuggestionThatCannotBeStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *fibonacco.FakeClock) {
		records, b := bare(t, d)
		s := records.(*smb.Service)
		id := given(t, d, b.ID, map[string]string{"primary_phone": "call me"})
		_, err := s.AcceptSuggestion(t.Context(), id, nil, nil)
		code(t, "no number", err, fibonacco.Invalid)
		must(t, s.DismissSuggestion(t.Context(), id))
		code(t, "dismissed twice", s.DismissSuggestion(t.Context(), id), fibonacco.Conflict)
		must(t, s.ReopenSuggestion(t.Context(), id))
		code(t, "reopened twice", s.ReopenSuggestion(t.Context(), id), fibonacco.Conflict)
		code(t, "an unknown one", s.DismissSuggestion(t.Context(), id+9), fibonacco.NotFound)
		page, err := s.ListSuggestions(t.Context(), fibonacco.ListQuery{Filter: fibonacco.Filter{"status": "suggested"}})
		must(t, err)
		equal(t, "waiting", len(page.Data), 1)
		if page.Data[0].DecidedAt != nil {
			t.Error("it waits, and was decided")
		}
	})
}
