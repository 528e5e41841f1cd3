package approval

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostOwned is how many services an owner is shown.
const mostOwned = 100

// OwnedServices implements fibonacco.ApprovalPages. A failed approval is left out when the same service
// was approved again.
func (s *Service) OwnedServices(ctx context.Context, smbID int64) (all []fibonacco.OwnedService, err error) {
	type row struct {
		fibonacco.OwnedService
		Service string `db:"service_type"`
		Result  string
	}
	var rows []row
	err = s.db.View(ctx, func(tx *db.Tx) error {
		found, err := tx.Query(ctx, `
			SELECT a.id, a.service_type, a.status, a.withdrawn_at IS NOT NULL, a.approved_at, COALESCE(CAST(t.result_data AS text), '{}')
			FROM approvals a LEFT JOIN provisioning_tasks t ON t.approval_id = a.id
			WHERE a.smb_id = $1 AND a.status <> 'cancelled' AND (a.status <> 'failed' OR NOT EXISTS (SELECT 1 FROM approvals later
				WHERE later.smb_id = a.smb_id AND later.service_type = a.service_type AND later.id > a.id AND later.status <> 'cancelled'))
			ORDER BY a.id DESC LIMIT $2`, smbID, mostOwned)
		if err != nil {
			return err
		}
		defer func() { _ = found.Close() }()
		rows = nil
		for found.Next() {
			var r row
			if err := found.Scan(&r.ApprovalID, &r.Service, &r.Status, &r.Withdrawn, db.Time(&r.ApprovedAt), &r.Result); err != nil {
				return err
			}
			rows = append(rows, r)
		}
		return found.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("list the services of SMB %d: %w", smbID, err)
	}
	for _, r := range rows {
		result := map[string]any{}
		if err := json.Unmarshal([]byte(r.Result), &result); err != nil {
			return nil, fmt.Errorf("read the result of approval %d: %w", r.ApprovalID, err)
		}
		o := r.OwnedService
		o.Offering, o.Note = s.described(r.Service), text(result, "note")
		o.CanHide = o.Status == "provisioned" && s.provisioners[r.Service] != nil
		if url := text(result, "url"); webAddress(url) {
			o.URL = url
		}
		if manage := text(result, "manage"); pageName(manage) {
			o.Manage = manage
		}
		all = append(all, o)
	}
	return all, nil
}

// HideService implements fibonacco.ApprovalPages. What customers were promised is kept, and what the
// owner filled in comes back with the service.
func (s *Service) HideService(ctx context.Context, smbID, approvalID int64, hidden bool) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := findApproval(ctx, tx, approvalID)
		if err != nil {
			return err
		}
		if a.SMBID != smbID {
			return noApproval(approvalID)
		}
		p := s.provisioners[a.ServiceType]
		if p == nil {
			return fibonacco.Errorf(fibonacco.Conflict, "%s is in a person's hands", a.ServiceType)
		}
		var withdrawn any
		if hidden {
			withdrawn = tx.Now
		}
		// The WHERE clause is the lock; pressed twice, the second changes nothing.
		n, err := tx.Exec(ctx, `
			UPDATE approvals SET withdrawn_at = $1, updated_at = $2 WHERE id = $3 AND status = 'provisioned' AND (withdrawn_at IS NULL) = CAST($4 AS boolean)`,
			withdrawn, tx.Now, approvalID, hidden)
		if err != nil {
			return fmt.Errorf("hide approval %d: %w", approvalID, err)
		}
		if n == 0 {
			if a.Status != "provisioned" {
				return s.unfit(ctx, tx, approvalID, "cannot be taken off")
			}
			return nil
		}
		if hidden {
			err = p.Withdraw(ctx, tx, smbID)
		} else {
			err = s.bringBack(ctx, tx, p, approvalID)
		}
		if err != nil {
			return err
		}
		return changeServices(ctx, tx, smbID, func(l *services) {
			if l.Activated = without(l.Activated, a.ServiceType); !hidden {
				l.Activated = with(l.Activated, a.ServiceType)
			}
		})
	})
}

// bringBack makes a service again, which finds what it made before.
func (s *Service) bringBack(ctx context.Context, tx *db.Tx, p Provisioner, approvalID int64) error {
	task, err := taskOf(ctx, tx, approvalID)
	if err != nil {
		return err
	}
	if task == nil {
		return fmt.Errorf("approval %d has no task", approvalID)
	}
	result, err := p.Provision(ctx, tx, task)
	if err != nil {
		return err
	}
	if err := checkResult(result); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE provisioning_tasks SET result_data = $1, updated_at = $2 WHERE id = $3`, db.JSON(result), tx.Now, task.ID); err != nil {
		return fmt.Errorf("store the result of task %d: %w", task.ID, err)
	}
	return nil
}
