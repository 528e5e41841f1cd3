package approval

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ProcessSubmitted handles fibonacco.ApprovalSubmitted: whoever makes an approval, what follows it does.
func (s *Service) ProcessSubmitted(ctx context.Context, events []fibonacco.ApprovalSubmitted) error {
	for _, e := range events {
		if err := s.Process(ctx, e.ApprovalID); err != nil && fibonacco.CodeOf(err) != fibonacco.NotFound {
			return err
		}
	}
	return nil
}

// Process does once what follows an approval (M4-10): the business's counters, what is offered with
// it, the task of making it, the confirmation, a suggestion where contact details differ, and the
// start of what starts by itself. One that was processed or cancelled already is left alone.
// Returns NotFound.
func (s *Service) Process(ctx context.Context, approvalID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := s.process(ctx, tx, approvalID)
		return err
	})
}

// submitted is an approval on its way through Process.
type submitted struct {
	ID                 int64
	UUID               string
	SMB                int64  `db:"smb_id"`
	Service            string `db:"service_type"`
	Name, Email, Phone string
}

// process reports whether this very call did it.
func (s *Service) process(ctx context.Context, tx *db.Tx, id int64) (first bool, err error) {
	a, err := claimUnprocessed(ctx, tx, id)
	if err != nil || a == nil {
		return false, err
	}
	who, err := s.count(ctx, tx, a)
	if err != nil {
		return false, err
	}
	if err := s.offer(ctx, tx, a); err != nil {
		return false, err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO provisioning_tasks (approval_id, smb_id, service_type, priority, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (approval_id) DO NOTHING`, a.ID, a.SMB, a.Service, who.Tier, tx.Now); err != nil {
		return false, fmt.Errorf("make the task of approval %d: %w", a.ID, err)
	}
	if err := s.suggest(ctx, tx, a, who); err != nil {
		return false, err
	}
	if err := s.confirm(ctx, tx, a, who); err != nil {
		return false, err
	}
	if s.described(a.Service).Automatic {
		_, err = s.start(ctx, tx, a.ID)
		return true, err
	}
	return true, s.handOver(ctx, tx, a)
}

// claimUnprocessed is nil when there is nothing left to do. The WHERE clause is the lock.
func claimUnprocessed(ctx context.Context, tx *db.Tx, id int64) (*submitted, error) {
	a, err := db.Get[submitted](ctx, tx, `
		UPDATE approvals SET processed_at = $1, updated_at = $1 WHERE id = $2 AND processed_at IS NULL AND status = 'pending'
		RETURNING id, CAST(uuid AS text) AS uuid, smb_id, service_type, approver_name AS name, approver_email AS email, COALESCE(approver_phone, '') AS phone`, tx.Now, id)
	if err == nil {
		return &a, nil
	}
	if !db.IsNoRows(err) {
		return nil, fmt.Errorf("process approval %d: %w", id, err)
	}
	n, err := db.Count(ctx, tx, `SELECT count(*) FROM approvals WHERE id = $1`, id)
	if err == nil && n == 0 {
		err = noApproval(id)
	}
	return nil, err
}

func noApproval(id int64) error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no approval %d", id)
}

// approver is the business that said yes, as it was before.
type approver struct {
	Tier                         int
	Business, Name, Email, Phone string
	Zone                         string
}

const approverQuery = `
	SELECT smbs.engagement_tier AS tier, smbs.business_name AS business, COALESCE(smbs.primary_contact_name, '') AS name,
		COALESCE(smbs.primary_email, '') AS email, COALESCE(smbs.primary_phone, '') AS phone, communities.timezone AS zone
	FROM smbs JOIN communities ON communities.id = smbs.community_id WHERE smbs.id = $1`

func readApprover(ctx context.Context, tx *db.Tx, smbID int64) (approver, error) {
	who, err := db.Get[approver](ctx, tx, approverQuery, smbID)
	if err != nil {
		return who, fmt.Errorf("read SMB %d: %w", smbID, err)
	}
	return who, nil
}

// count notes the yes on the business.
func (s *Service) count(ctx context.Context, tx *db.Tx, a *submitted) (who approver, err error) {
	if who, err = readApprover(ctx, tx, a.SMB); err != nil {
		return who, err
	}
	if _, err := tx.Exec(ctx, `
		UPDATE smbs SET last_approval = $1, total_approvals = total_approvals + 1, updated_at = $1 WHERE id = $2`, tx.Now, a.SMB); err != nil {
		return who, fmt.Errorf("count approval %d: %w", a.ID, err)
	}
	return who, changeServices(ctx, tx, a.SMB, func(l *services) { l.Pending = with(l.Pending, a.Service) })
}

// services is what a business has approved and waits for, and what it has.
type services struct{ Pending, Activated []string }

func with(list []string, one string) []string {
	if slices.Contains(list, one) {
		return list
	}
	return append(list, one)
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(list, func(other string) bool { return other == one })
}

// changeServices changes the lists of a business. Its row is locked meanwhile, so that nobody's change
// is lost (R8).
func changeServices(ctx context.Context, tx *db.Tx, smbID int64, change func(l *services)) error {
	type texts struct{ Pending, Activated string }
	was, err := db.Get[texts](ctx, tx, `
		SELECT CAST(services_approved_pending AS text) AS pending, CAST(services_activated AS text) AS activated
		FROM smbs WHERE id = $1 FOR NO KEY UPDATE`, smbID)
	if err != nil {
		return fmt.Errorf("read the services of SMB %d: %w", smbID, err)
	}
	var l services
	for text, list := range map[string]*[]string{was.Pending: &l.Pending, was.Activated: &l.Activated} {
		if err := json.Unmarshal([]byte(text), list); err != nil {
			return fmt.Errorf("read the services of SMB %d: %w", smbID, err)
		}
	}
	change(&l)
	if _, err = tx.Exec(ctx, `
		UPDATE smbs SET services_approved_pending = $1, services_activated = $2, updated_at = $3 WHERE id = $4`,
		listed(l.Pending), listed(l.Activated), tx.Now, smbID); err != nil {
		return fmt.Errorf("store the services of SMB %d: %w", smbID, err)
	}
	return nil
}

// listed is a list as JSON; an empty one is no null.
func listed(all []string) string { return db.JSON(append([]string{}, all...)) }
