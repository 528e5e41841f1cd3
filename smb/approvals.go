package smb

import (
	"context"
	"encoding/json"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var approvalTable = query.Table{Listing: fibonacco.ApprovalListing, From: "approvals", Key: "approvals.id"}

// ListApprovals implements fibonacco.SMBRecords.
func (s *Service) ListApprovals(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Approval], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findSMB(ctx, tx, `smbs.id = $1`, "", smbID); err != nil {
			return err
		}
		var args query.Args
		page, err = query.Select(ctx, tx, approvalTable, q, approvalColumns, scanApproval, []string{`approvals.smb_id = ` + args.Add(smbID)}, &args)
		return err
	})
	return page, err
}

// approvalColumns is what scanApproval reads.
const approvalColumns = `
	id, CAST(uuid AS text), smb_id, service_type, task_id, approver_name, approver_email, COALESCE(approver_phone, ''),
	COALESCE(approver_role, ''), source_type, COALESCE(source_id, ''), COALESCE(source_url, ''), contact_consent, status,
	approved_at, provisioning_started_at, provisioned_at, withdrawn_at, CAST(metadata AS text), created_at, updated_at`

func scanApproval(row db.Row) (fibonacco.Approval, error) {
	var a fibonacco.Approval
	var metadata string
	err := row.Scan(&a.ID, &a.UUID, &a.SMBID, &a.ServiceType, &a.TaskID, &a.ApproverName, &a.ApproverEmail, &a.ApproverPhone,
		&a.ApproverRole, &a.SourceType, &a.SourceID, &a.SourceURL, &a.ContactConsent, &a.Status,
		db.Time(&a.ApprovedAt), db.TimePtr(&a.ProvisioningStartedAt), db.TimePtr(&a.ProvisionedAt), db.TimePtr(&a.WithdrawnAt), &metadata,
		db.Time(&a.CreatedAt), db.Time(&a.UpdatedAt))
	if err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(metadata), &a.Metadata)
}
