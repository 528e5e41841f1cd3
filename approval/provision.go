package approval

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// StartProvisioning implements fibonacco.ApprovalService and fibonacco.ApprovalDesk. What this program
// makes is made by a job; anything else is in a person's hands from now on.
func (s *Service) StartProvisioning(ctx context.Context, approvalID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, approvalID); err != nil {
			return err
		}
		// What follows a yes comes first, and may have started it.
		first, err := s.process(ctx, tx, approvalID)
		if err != nil {
			return err
		}
		started, err := s.start(ctx, tx, approvalID)
		if err != nil {
			return err
		}
		if !started && !first {
			return s.unfit(ctx, tx, approvalID, "cannot be started")
		}
		return record(ctx, tx, "approval.started", approvalID, nil)
	})
}

// start moves a pending approval on; false when it is not pending.
func (s *Service) start(ctx context.Context, tx *db.Tx, id int64) (started bool, err error) {
	service, err := db.Get[string](ctx, tx, `
		UPDATE approvals SET status = 'provisioning', provisioning_started_at = $1, updated_at = $1 WHERE id = $2 AND status = 'pending'
		RETURNING service_type`, tx.Now, id)
	if db.IsNoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("start approval %d: %w", id, err)
	}
	if s.provisioners[service] == nil {
		_, err = tx.Exec(ctx, `
			UPDATE provisioning_tasks SET status = 'processing', started_at = $1, updated_at = $1 WHERE approval_id = $2 AND status = 'queued'`, tx.Now, id)
	} else {
		err = s.send(ctx, tx, `approval_id = $1 AND status = 'queued'`, id)
	}
	if err != nil {
		return false, fmt.Errorf("start the task of approval %d: %w", id, err)
	}
	return true, nil
}

// CompleteProvisioning implements fibonacco.ApprovalService: the service works (M4-15).
func (s *Service) CompleteProvisioning(ctx context.Context, approvalID int64, result map[string]any) error {
	if err := checkResult(result); err != nil {
		return err
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, approvalID); err != nil {
			return err
		}
		if _, err := s.process(ctx, tx, approvalID); err != nil {
			return err
		}
		done, err := s.complete(ctx, tx, approvalID, result)
		if err != nil {
			return err
		}
		if !done {
			return s.unfit(ctx, tx, approvalID, "cannot be completed")
		}
		return record(ctx, tx, "approval.completed", approvalID, nil)
	})
}

// complete stores what was made; false when the approval is not open.
func (s *Service) complete(ctx context.Context, tx *db.Tx, id int64, result map[string]any) (done bool, err error) {
	a, err := db.Get[submitted](ctx, tx, `
		UPDATE approvals SET status = 'provisioned', provisioned_at = $1, provisioning_started_at = COALESCE(provisioning_started_at, $1), updated_at = $1
		WHERE id = $2 AND status IN ('pending', 'provisioning')
		RETURNING id, CAST(uuid AS text) AS uuid, smb_id, service_type, approver_name AS name, approver_email AS email, COALESCE(approver_phone, '') AS phone`, tx.Now, id)
	if db.IsNoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("complete approval %d: %w", id, err)
	}
	if _, err := tx.Exec(ctx, `
		UPDATE provisioning_tasks SET status = 'completed', completed_at = $1, started_at = COALESCE(started_at, $1), failure_reason = NULL, due_at = NULL,
			result_data = $2, updated_at = $1
		WHERE approval_id = $3`, tx.Now, db.JSON(result), id); err != nil {
		return false, fmt.Errorf("complete the task of approval %d: %w", id, err)
	}
	if err := changeServices(ctx, tx, a.SMB, func(l *services) {
		l.Pending, l.Activated = without(l.Pending, a.Service), with(l.Activated, a.Service)
	}); err != nil {
		return false, err
	}
	if err := closeAsked(ctx, tx, id, "completed"); err != nil {
		return false, err
	}
	if err := s.tellResult(ctx, tx, &a, result); err != nil {
		return false, err
	}
	return true, s.queue.Publish(ctx, tx, fibonacco.ApprovalProvisioned{ApprovalID: id, SMBID: a.SMB, ServiceType: a.Service})
}

// FailProvisioning implements fibonacco.ApprovalService: a person is asked what now (M4-16).
func (s *Service) FailProvisioning(ctx context.Context, approvalID int64, reason string) error {
	if n := utf8.RuneCountInString(reason); n == 0 || n > 500 || !utf8.ValidString(reason) || strings.ContainsRune(reason, 0) {
		return fibonacco.InvalidFields("the reason cannot be taken", []fibonacco.FieldError{{Field: "reason", Reason: "must have 1 to 500 characters"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, approvalID); err != nil {
			return err
		}
		failed, err := s.fail(ctx, tx, approvalID, reason)
		if err != nil {
			return err
		}
		if !failed {
			return s.unfit(ctx, tx, approvalID, "cannot be failed")
		}
		return record(ctx, tx, "approval.failed", approvalID, map[string]any{"reason": reason})
	})
}

// fail ends an approval that is open; false when it is not. The business still waits for its service.
func (s *Service) fail(ctx context.Context, tx *db.Tx, id int64, reason string) (failed bool, err error) {
	n, err := tx.Exec(ctx, `UPDATE approvals SET status = 'failed', updated_at = $1 WHERE id = $2 AND status IN ('pending', 'provisioning')`, tx.Now, id)
	if err != nil || n == 0 {
		return false, err
	}
	if _, err := tx.Exec(ctx, `
		UPDATE provisioning_tasks SET status = 'failed', failed_at = $1, failure_reason = $2, due_at = NULL, updated_at = $1 WHERE approval_id = $3`,
		tx.Now, reason, id); err != nil {
		return false, fmt.Errorf("fail the task of approval %d: %w", id, err)
	}
	return true, s.askSetup(ctx, tx, id, reason)
}

// unfit says why an approval cannot do what was asked of it.
func (s *Service) unfit(ctx context.Context, tx *db.Tx, id int64, what string) error {
	status, err := db.Get[string](ctx, tx, `SELECT status FROM approvals WHERE id = $1`, id)
	if err != nil {
		return fmt.Errorf("read approval %d: %w", id, err)
	}
	return fibonacco.Errorf(fibonacco.Conflict, "approval %d is %s: it %s", id, status, what)
}

// resultMost is how large the result of a task may be, as JSON.
const resultMost = 16 << 10

// checkResult refuses what an owner could not be shown.
func checkResult(result map[string]any) error {
	var bad []fibonacco.FieldError
	raw, err := json.Marshal(result)
	if err != nil || len(raw) > resultMost || bytes.Contains(raw, []byte(`\u0000`)) {
		bad = append(bad, fibonacco.FieldError{Field: "result", Reason: "must be JSON of at most 16 KiB, without zero bytes in its texts"})
	}
	for _, name := range []string{"url", "manage", "note"} {
		value, given := result[name]
		text, isText := value.(string)
		switch {
		case !given:
		case !isText || utf8.RuneCountInString(text) > 500:
			bad = append(bad, fibonacco.FieldError{Field: "result." + name, Reason: "must be a text of at most 500 characters"})
		case name == "url" && text != "" && !webAddress(text):
			bad = append(bad, fibonacco.FieldError{Field: "result.url", Reason: "must be an address of a page, with http or https"})
		case name == "manage" && !pageName(text):
			bad = append(bad, fibonacco.FieldError{Field: "result.manage", Reason: "must be the last part of a page's path"})
		}
	}
	return fibonacco.InvalidFields("the result cannot be taken", bad)
}

func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// pageName reports whether a text is one or more plain words of a path: "booking", "booking/hours".
func pageName(text string) bool {
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '/' {
			return false
		}
	}
	return true
}

// record notes what staff did with an approval.
func record(ctx context.Context, tx *db.Tx, action string, id int64, after map[string]any) error {
	community, err := db.Get[int64](ctx, tx, `
		SELECT smbs.community_id FROM approvals JOIN smbs ON smbs.id = approvals.smb_id WHERE approvals.id = $1`, id)
	if err != nil {
		return fmt.Errorf("read the community of approval %d: %w", id, err)
	}
	return audit.Record(ctx, tx, fibonacco.AuditEntry{Action: action, Entity: "approval", EntityID: fmt.Sprint(id), CommunityID: &community, After: after})
}
