package approval

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Create stores a pending approval and publishes ApprovalSubmitted (M4-04). The claim has decided whose
// and for which service; it is checked again, for the form may have lain open for days.
//
// At most one is live per business and service, however many arrive at once (M4-06): the others get
// Conflict, and Live finds the one that is. Returns Forbidden for a claim that no longer holds, and
// Invalid with every field that cannot be taken.
func (s *Service) Create(ctx context.Context, r fibonacco.ApprovalRequest) (a *fibonacco.Approval, err error) {
	if r, err = tidy(r); err != nil {
		return nil, err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		a, err = s.create(ctx, tx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

func (s *Service) create(ctx context.Context, tx *db.Tx, r fibonacco.ApprovalRequest) (*fibonacco.Approval, error) {
	if err := s.check(ctx, tx, r.Claim); err != nil {
		return nil, err
	}
	a, err := s.fresh(tx, r)
	if err != nil {
		return nil, err
	}
	if a.SourceType, err = sourceType(ctx, tx, a.SourceID); err != nil {
		return nil, err
	}
	return a, s.insert(ctx, tx, a)
}

// fresh is a pending approval that is not stored yet, without its source's type.
func (s *Service) fresh(tx *db.Tx, r fibonacco.ApprovalRequest) (*fibonacco.Approval, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	return &fibonacco.Approval{
		UUID: id.String(), SMBID: r.Claim.SMBID, ServiceType: r.Claim.ServiceType,
		ApproverName: r.Name, ApproverEmail: r.Email, ApproverPhone: r.Phone, ApproverRole: r.Role,
		SourceID: r.Claim.SourceID, SourceURL: r.SourceURL, ContactConsent: r.ContactConsent,
		Status: "pending", ApprovedAt: tx.Now, Metadata: map[string]any{}, CreatedAt: tx.Now, UpdatedAt: tx.Now,
	}, nil
}

// insert stores an approval unless one is live. The partial unique index is the lock: of many at
// once, one gets an id, and the others wait for it to be committed and get none.
func (s *Service) insert(ctx context.Context, tx *db.Tx, a *fibonacco.Approval) error {
	err := tx.QueryRow(ctx, `
		INSERT INTO approvals (uuid, smb_id, service_type, approver_name, approver_email, approver_phone, approver_role,
			source_type, source_id, source_url, contact_consent, status, approved_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, $13)
		ON CONFLICT (smb_id, service_type) WHERE status IN ('pending', 'provisioning', 'provisioned') DO NOTHING RETURNING id`,
		a.UUID, a.SMBID, a.ServiceType, a.ApproverName, a.ApproverEmail, db.Null(a.ApproverPhone), db.Null(a.ApproverRole),
		a.SourceType, db.Null(a.SourceID), db.Null(a.SourceURL), a.ContactConsent, a.Status, tx.Now).Scan(&a.ID)
	if db.IsNoRows(err) {
		return fibonacco.Errorf(fibonacco.Conflict, "SMB %d has approved %s already", a.SMBID, a.ServiceType)
	}
	if err != nil {
		return fmt.Errorf("store an approval: %w", err)
	}
	return s.queue.Publish(ctx, tx, fibonacco.ApprovalSubmitted{ApprovalID: a.ID, SMBID: a.SMBID, ServiceType: a.ServiceType})
}

// Live is the id of the approval of a service that is under way or done. Returns NotFound when there is
// none. It is for whoever holds a claim: nobody else's is looked at.
func (s *Service) Live(ctx context.Context, c fibonacco.ApprovalClaim) (id int64, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if err := s.check(ctx, tx, c); err != nil {
			return err
		}
		id, err = liveOne(ctx, tx, c.SMBID, c.ServiceType)
		if err == nil && id == 0 {
			err = fibonacco.Errorf(fibonacco.NotFound, "SMB %d has not approved %s", c.SMBID, c.ServiceType)
		}
		return err
	})
	return id, err
}

// campaignID is the shape of a campaign's id, also of one that is gone by now.
var campaignID = regexp.MustCompile(`^(HOOK|EDU|HOWTO|CONV|INTRO)-[0-9]{3,}$`)

// sourceType tells where a yes came from (M4-07). "phone:" and "chat:" are put before the id of a
// call or a chat by those who take them.
func sourceType(ctx context.Context, tx *db.Tx, sourceID string) (string, error) {
	switch kind, _, found := strings.Cut(sourceID, ":"); {
	case sourceID == "":
		return "direct", nil
	case found && (kind == "phone" || kind == "chat"):
		return kind, nil
	case campaignID.MatchString(sourceID):
		return "email", nil
	}
	for _, q := range []struct{ kind, query string }{
		{"learning_center", `SELECT count(*) FROM content WHERE slug = $1`},
		{"email", `SELECT count(*) FROM campaigns WHERE id = $1`},
	} {
		n, err := db.Count(ctx, tx, q.query, sourceID)
		if err != nil {
			return "", fmt.Errorf("look for the source %q: %w", sourceID, err)
		}
		if n > 0 {
			return q.kind, nil
		}
	}
	return "direct", nil
}
