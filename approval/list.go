package approval

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var approvalTable = query.Table{
	Listing: fibonacco.ApprovalListing, From: "approvals JOIN smbs ON smbs.id = approvals.smb_id AND smbs.deleted_at IS NULL", Key: "approvals.id",
}

var taskTable = query.Table{
	Listing: fibonacco.ProvisioningTaskListing, Key: "provisioning_tasks.id",
	From: "provisioning_tasks JOIN smbs ON smbs.id = provisioning_tasks.smb_id AND smbs.deleted_at IS NULL",
}

// QueryApprovals implements fibonacco.ApprovalDesk.
func (s *Service) QueryApprovals(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Approval], err error) {
	return list(ctx, s.db, approvalTable, q, approvalColumns, scanApproval)
}

// QueryProvisioningTasks implements fibonacco.ApprovalDesk.
func (s *Service) QueryProvisioningTasks(ctx context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ProvisioningTask], err error) {
	return list(ctx, s.db, taskTable, q, taskColumns, scanTask)
}

func list[T any](ctx context.Context, d *db.DB, t query.Table, q fibonacco.ListQuery, columns string, scan func(db.Row) (T, error)) (page fibonacco.Page[T], err error) {
	var where []string
	var args query.Args
	if scope := fibonacco.ScopeOf(ctx); scope != nil {
		where = append(where, `smbs.community_id IN (`+args.Add(scope)+`...)`)
	}
	err = d.View(ctx, func(tx *db.Tx) error {
		page, err = query.Select(ctx, tx, t, q, columns, scan, where, &args)
		return err
	})
	return page, err
}

// approvalColumns is what scanApproval reads.
const approvalColumns = `
	approvals.id, CAST(approvals.uuid AS text), approvals.smb_id, approvals.service_type, approvals.task_id, approvals.approver_name,
	approvals.approver_email, COALESCE(approvals.approver_phone, ''), COALESCE(approvals.approver_role, ''), approvals.source_type,
	COALESCE(approvals.source_id, ''), COALESCE(approvals.source_url, ''), approvals.contact_consent, approvals.status, approvals.approved_at,
	approvals.provisioning_started_at, approvals.provisioned_at, approvals.withdrawn_at, CAST(approvals.metadata AS text),
	approvals.created_at, approvals.updated_at`

func scanApproval(row db.Row) (a fibonacco.Approval, err error) {
	var metadata string
	if err := row.Scan(&a.ID, &a.UUID, &a.SMBID, &a.ServiceType, &a.TaskID, &a.ApproverName,
		&a.ApproverEmail, &a.ApproverPhone, &a.ApproverRole, &a.SourceType,
		&a.SourceID, &a.SourceURL, &a.ContactConsent, &a.Status, db.Time(&a.ApprovedAt),
		db.TimePtr(&a.ProvisioningStartedAt), db.TimePtr(&a.ProvisionedAt), db.TimePtr(&a.WithdrawnAt), &metadata,
		db.Time(&a.CreatedAt), db.Time(&a.UpdatedAt)); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(metadata), &a.Metadata)
}

func findApproval(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.Approval, error) {
	a, err := scanApproval(tx.QueryRow(ctx, `SELECT `+approvalColumns+` FROM approvals WHERE approvals.id = $1`, id))
	if db.IsNoRows(err) {
		return nil, noApproval(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read approval %d: %w", id, err)
	}
	return &a, nil
}

// liveOne is the id of the approval of a service that is under way or done; 0 when there is none.
func liveOne(ctx context.Context, tx *db.Tx, smbID int64, serviceType string) (int64, error) {
	id, err := db.Get[int64](ctx, tx, `
		SELECT id FROM approvals WHERE smb_id = $1 AND service_type = $2 AND status IN ('pending', 'provisioning', 'provisioned')`, smbID, serviceType)
	if db.IsNoRows(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for %s of SMB %d: %w", serviceType, smbID, err)
	}
	return id, nil
}

// taskColumns is what scanTask reads.
const taskColumns = `
	provisioning_tasks.id, provisioning_tasks.approval_id, provisioning_tasks.smb_id, provisioning_tasks.service_type, provisioning_tasks.status,
	provisioning_tasks.priority, provisioning_tasks.started_at, provisioning_tasks.completed_at, provisioning_tasks.failed_at,
	COALESCE(provisioning_tasks.failure_reason, ''), provisioning_tasks.attempts, provisioning_tasks.due_at,
	CAST(provisioning_tasks.result_data AS text), provisioning_tasks.created_at, provisioning_tasks.updated_at`

func scanTask(row db.Row) (t fibonacco.ProvisioningTask, err error) {
	var result string
	if err := row.Scan(&t.ID, &t.ApprovalID, &t.SMBID, &t.ServiceType, &t.Status,
		&t.Priority, db.TimePtr(&t.StartedAt), db.TimePtr(&t.CompletedAt), db.TimePtr(&t.FailedAt),
		&t.FailureReason, &t.Attempts, db.TimePtr(&t.DueAt),
		&result, db.Time(&t.CreatedAt), db.Time(&t.UpdatedAt)); err != nil {
		return t, err
	}
	return t, json.Unmarshal([]byte(result), &t.ResultData)
}

func findTask(ctx context.Context, tx *db.Tx, id int64) (*fibonacco.ProvisioningTask, error) {
	t, err := scanTask(tx.QueryRow(ctx, `SELECT `+taskColumns+` FROM provisioning_tasks WHERE provisioning_tasks.id = $1`, id))
	if db.IsNoRows(err) {
		return nil, noTask(id)
	}
	if err != nil {
		return nil, fmt.Errorf("read task %d: %w", id, err)
	}
	return &t, nil
}

// taskOf is the task of an approval; nil before what follows a yes has followed.
func taskOf(ctx context.Context, tx *db.Tx, approvalID int64) (*fibonacco.ProvisioningTask, error) {
	t, err := scanTask(tx.QueryRow(ctx, `SELECT `+taskColumns+` FROM provisioning_tasks WHERE provisioning_tasks.approval_id = $1`, approvalID))
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the task of approval %d: %w", approvalID, err)
	}
	return &t, nil
}

func noTask(id int64) error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no provisioning task %d", id)
}
