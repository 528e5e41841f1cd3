package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// seen is whose an approval is. Returns NotFound for an unknown one, and for one that whoever asks does
// not see.
func seen(ctx context.Context, tx *db.Tx, approvalID int64) (smbID int64, err error) {
	type row struct {
		SMB       int64 `db:"smb_id"`
		Community int64 `db:"community_id"`
	}
	r, err := db.Get[row](ctx, tx, `
		SELECT approvals.smb_id, smbs.community_id FROM approvals JOIN smbs ON smbs.id = approvals.smb_id WHERE approvals.id = $1`, approvalID)
	if db.IsNoRows(err) || err == nil && !fibonacco.InScope(ctx, r.Community) {
		return 0, noApproval(approvalID)
	}
	if err != nil {
		return 0, fmt.Errorf("read approval %d: %w", approvalID, err)
	}
	return r.SMB, nil
}

// FindApproval implements fibonacco.ApprovalDesk.
func (s *Service) FindApproval(ctx context.Context, id int64) (a *fibonacco.Approval, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, id); err != nil {
			return err
		}
		a, err = findApproval(ctx, tx, id)
		return err
	})
	return a, err
}

// CancelApproval implements fibonacco.ApprovalDesk. Nothing was made that anybody uses yet; what a
// provisioner may have left is withdrawn all the same.
func (s *Service) CancelApproval(ctx context.Context, id int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, id); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `
			UPDATE approvals SET status = 'cancelled', updated_at = $1 WHERE id = $2 AND status IN ('pending', 'provisioning', 'failed')`, tx.Now, id)
		if err != nil {
			return fmt.Errorf("cancel approval %d: %w", id, err)
		}
		if n == 0 {
			return s.unfit(ctx, tx, id, "cannot be taken back")
		}
		if _, err := tx.Exec(ctx, `
			UPDATE provisioning_tasks SET status = 'failed', failed_at = COALESCE(failed_at, $1), failure_reason = 'the approval was taken back', due_at = NULL, updated_at = $1
			WHERE approval_id = $2`, tx.Now, id); err != nil {
			return fmt.Errorf("end the task of approval %d: %w", id, err)
		}
		a, err := findApproval(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.undo(ctx, tx, a); err != nil {
			return err
		}
		if err := closeAsked(ctx, tx, id, "rejected"); err != nil {
			return err
		}
		if err := s.tellCancelled(ctx, tx, a); err != nil {
			return err
		}
		return record(ctx, tx, "approval.cancelled", id, nil)
	})
}

// undo takes back what an approval did to its business, unless the same service was approved again.
func (s *Service) undo(ctx context.Context, tx *db.Tx, a *fibonacco.Approval) error {
	other, err := liveOne(ctx, tx, a.SMBID, a.ServiceType)
	if err != nil || other != 0 {
		return err
	}
	if p := s.provisioners[a.ServiceType]; p != nil {
		if err := p.Withdraw(ctx, tx, a.SMBID); err != nil {
			return err
		}
	}
	return changeServices(ctx, tx, a.SMBID, func(l *services) { l.Pending = without(l.Pending, a.ServiceType) })
}

// RetryTask implements fibonacco.ApprovalDesk. Its approval is open again; that is a Conflict when the
// same service was approved anew meanwhile.
func (s *Service) RetryTask(ctx context.Context, taskID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		t, err := s.seenTask(ctx, tx, taskID)
		if err != nil {
			return err
		}
		if t.Status != "failed" {
			return fibonacco.Errorf(fibonacco.Conflict, "task %d is %s: only one that has failed can be tried again", taskID, t.Status)
		}
		other, err := liveOne(ctx, tx, t.SMBID, t.ServiceType)
		if err != nil {
			return err
		}
		if other != 0 {
			return fibonacco.Errorf(fibonacco.Conflict, "SMB %d has approved %s again, with approval %d", t.SMBID, t.ServiceType, other)
		}
		n, err := tx.Exec(ctx, `UPDATE approvals SET status = 'pending', updated_at = $1 WHERE id = $2 AND status = 'failed'`, tx.Now, t.ApprovalID)
		if err != nil {
			if db.IsUnique(err) {
				return fibonacco.Errorf(fibonacco.Conflict, "SMB %d has approved %s again", t.SMBID, t.ServiceType)
			}
			return fmt.Errorf("open approval %d again: %w", t.ApprovalID, err)
		}
		if n == 0 {
			return s.unfit(ctx, tx, t.ApprovalID, "cannot be tried again")
		}
		if _, err := tx.Exec(ctx, `
			UPDATE provisioning_tasks SET status = 'queued', attempts = 0, failed_at = NULL, started_at = NULL, updated_at = $1 WHERE id = $2`, tx.Now, taskID); err != nil {
			return fmt.Errorf("open task %d again: %w", taskID, err)
		}
		if _, err := s.start(ctx, tx, t.ApprovalID); err != nil {
			return err
		}
		return record(ctx, tx, "approval.retried", t.ApprovalID, nil)
	})
}

// CompleteTask implements fibonacco.ApprovalDesk.
func (s *Service) CompleteTask(ctx context.Context, taskID int64, result map[string]any) error {
	return s.ofTask(ctx, taskID, func(approvalID int64) error { return s.CompleteProvisioning(ctx, approvalID, result) })
}

// FailTask implements fibonacco.ApprovalDesk.
func (s *Service) FailTask(ctx context.Context, taskID int64, reason string) error {
	return s.ofTask(ctx, taskID, func(approvalID int64) error { return s.FailProvisioning(ctx, approvalID, reason) })
}

func (s *Service) ofTask(ctx context.Context, taskID int64, do func(approvalID int64) error) error {
	var t *fibonacco.ProvisioningTask
	if err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		t, err = s.seenTask(ctx, tx, taskID)
		return err
	}); err != nil {
		return err
	}
	return do(t.ApprovalID)
}

// seenTask returns NotFound for an unknown task, and for one that whoever asks does not see.
func (s *Service) seenTask(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.ProvisioningTask, error) {
	t, err := findTask(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if _, err := seen(ctx, tx, t.ApprovalID); err != nil {
		if fibonacco.CodeOf(err) == fibonacco.NotFound {
			return nil, noTask(id)
		}
		return nil, err
	}
	return t, nil
}

// ApprovalLink implements fibonacco.ApprovalDesk. Whoever has the link can say yes: that it was made is
// noted.
func (s *Service) ApprovalLink(ctx context.Context, smbID int64, serviceType string) (url string, expires time.Time, err error) {
	token, err := s.GenerateToken(ctx, smbID, serviceType, "")
	if err != nil {
		return "", expires, err
	}
	c, _ := s.signer.VerifyApproval(token)
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		community, err := communityOf(ctx, tx, smbID)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.approval_link_made", Entity: "smb", EntityID: fmt.Sprint(smbID), CommunityID: &community,
			After: map[string]any{"service_type": serviceType, "expires": c.Expires},
		})
	})
	return s.base + "/approve/" + token, c.Expires, err
}
