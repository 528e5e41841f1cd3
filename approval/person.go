package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// handOver gives what this program does not start by itself to a person and, where it does not make
// it at all, tells the operator's own program of it.
func (s *Service) handOver(ctx context.Context, tx *db.Tx, a *submitted) error {
	if err := s.askSetup(ctx, tx, a.ID, ""); err != nil {
		return err
	}
	if s.announce == nil || s.provisioners[a.Service] != nil {
		return nil
	}
	return s.send(ctx, tx, `approval_id = $1`, a.ID)
}

// askSetup puts the making of a service before a person, unless it is before one already. reason is
// why it did not work by itself, "" when it was not tried.
func (s *Service) askSetup(ctx context.Context, tx *db.Tx, approvalID int64, reason string) error {
	type waiting struct {
		ID      int64
		SMB     int64  `db:"smb_id"`
		Service string `db:"service_type"`
		Open    int
	}
	t, err := db.Get[waiting](ctx, tx, `
		SELECT t.id, t.smb_id, t.service_type, (SELECT count(*) FROM ai_tasks WHERE ai_tasks.id = t.person_task_id AND ai_tasks.status = 'suggested') AS open
		FROM provisioning_tasks t WHERE t.approval_id = $1`, approvalID)
	if db.IsNoRows(err) || err == nil && t.Open > 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the task of approval %d: %w", approvalID, err)
	}
	input := map[string]any{"approval_id": approvalID, "provisioning_task_id": t.ID, "service_type": t.Service}
	if reason != "" {
		input["reason"] = reason
	}
	id, err := ask(ctx, tx, t.SMB, "service_setup", input)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE provisioning_tasks SET person_task_id = $1 WHERE id = $2`, id, t.ID); err != nil {
		return fmt.Errorf("note who makes task %d: %w", t.ID, err)
	}
	return nil
}

// closeAsked takes the making of a service off a person's list.
func closeAsked(ctx context.Context, tx *db.Tx, approvalID int64, status string) error {
	var completed any
	if status == "completed" {
		completed = tx.Now
	}
	if _, err := tx.Exec(ctx, `
		UPDATE ai_tasks SET status = $1, completed_at = $2, updated_at = $3 WHERE status = 'suggested' AND task_type = 'service_setup'
		AND id IN (SELECT person_task_id FROM provisioning_tasks WHERE approval_id = $4)`, status, completed, tx.Now, approvalID); err != nil {
		return fmt.Errorf("close what a person was asked about approval %d: %w", approvalID, err)
	}
	return nil
}

// telling tells the operator's own program of one task.
type telling struct {
	ID      int64  `json:"task_id"`
	Service string `json:"-"`
}

// Kind implements queue.Job.
func (telling) Kind() string { return "approval.tell" }

// request is what the operator's own program is told; see docs/approvals.md.
type request struct {
	Event    string    `json:"event"` // approval.requested
	At       time.Time `json:"at"`
	Approval struct {
		ID          int64     `json:"id"`
		UUID        string    `json:"uuid"`
		ServiceType string    `json:"service_type"`
		SourceType  string    `json:"source_type"`
		ApprovedAt  time.Time `json:"approved_at"`
	} `json:"approval"`
	TaskID   int64          `json:"provisioning_task_id"`
	Business map[string]any `json:"business"`
	Approver map[string]any `json:"approver"`
	Complete string         `json:"complete_url"`
	Fail     string         `json:"fail_url"`
}

// tell posts a request, outside of any transaction. A try is noted before it is made, with when the
// next is due; the sweep makes it. When nobody takes it, the person who was asked anyway is left.
func (s *Service) tell(ctx context.Context, j telling) error {
	if s.announce == nil {
		return nil
	}
	var task *fibonacco.ProvisioningTask
	var body request
	if err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		task, body, err = s.claimTelling(ctx, tx, j.ID)
		return err
	}); err != nil || task == nil {
		return err
	}
	failed := s.announce(ctx, body.Approval.UUID, []byte(db.JSON(body)))
	ctx = context.WithoutCancel(ctx) // what became of it is stored even when this process is told to stop
	return s.db.Update(ctx, func(tx *db.Tx) error {
		var due, reason any
		if failed != nil {
			reason = "the webhook was not taken: " + failed.Error()
			if task.Attempts < mostTries {
				due = tx.Now.Add(pauses[task.Attempts-1])
			}
		}
		if _, err := tx.Exec(ctx, `
			UPDATE provisioning_tasks SET due_at = $1, failure_reason = $2, updated_at = $3
			WHERE id = $4 AND attempts = $5 AND status IN ('queued', 'processing')`, due, reason, tx.Now, task.ID, task.Attempts); err != nil {
			return fmt.Errorf("note what became of the webhook of task %d: %w", task.ID, err)
		}
		return nil
	})
}

// claimTelling is a task that is to be told of; nil when it was, or is over.
func (s *Service) claimTelling(ctx context.Context, tx *db.Tx, id int64) (task *fibonacco.ProvisioningTask, body request, err error) {
	n, err := tx.Exec(ctx, `
		UPDATE provisioning_tasks SET attempts = attempts + 1, due_at = $1, updated_at = $2
		WHERE id = $3 AND due_at IS NOT NULL AND status IN ('queued', 'processing')`, tx.Now.Add(fibonacco.Lasting(s.db.Clock(), lease)), tx.Now, id)
	if err != nil || n == 0 {
		return nil, body, err
	}
	if task, err = findTask(ctx, tx, id); err != nil {
		return nil, body, err
	}
	if task.Attempts > mostTries { // its process ended at every try
		_, err = tx.Exec(ctx, `UPDATE provisioning_tasks SET due_at = NULL WHERE id = $1`, id)
		return nil, body, err
	}
	a, err := findApproval(ctx, tx, task.ApprovalID)
	if err != nil {
		return nil, body, err
	}
	who, err := readApprover(ctx, tx, task.SMBID)
	if err != nil {
		return nil, body, err
	}
	body.Event, body.At, body.TaskID = "approval.requested", tx.Now, task.ID
	body.Approval.ID, body.Approval.UUID, body.Approval.ServiceType = a.ID, a.UUID, a.ServiceType
	body.Approval.SourceType, body.Approval.ApprovedAt = a.SourceType, a.ApprovedAt
	body.Business = map[string]any{"id": task.SMBID, "name": who.Business}
	body.Approver = map[string]any{"name": a.ApproverName, "email": a.ApproverEmail, "phone": a.ApproverPhone, "role": a.ApproverRole}
	tasks := fmt.Sprintf("%s/api/v1/provisioning-tasks/%d", s.base, task.ID)
	body.Complete, body.Fail = tasks+"/complete", tasks+"/fail"
	return task, body, nil
}
