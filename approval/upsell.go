package approval

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// mostUpsells is how many further services are offered after a yes (M4-09).
const mostUpsells = 3

// UpsellOffers implements fibonacco.ApprovalService.
func (s *Service) UpsellOffers(_ context.Context, serviceType string) ([]fibonacco.UpsellOffer, error) {
	var offers []fibonacco.UpsellOffer
	o, _ := s.offering(serviceType)
	for _, kind := range o.Upsells {
		if u, ok := s.offering(kind); ok && len(offers) < mostUpsells {
			offers = append(offers, fibonacco.UpsellOffer{ServiceType: u.Type, Title: u.Title, Description: u.Summary})
		}
	}
	return offers, nil
}

// offer records what is offered with a service and is not approved yet, once each.
func (s *Service) offer(ctx context.Context, tx *db.Tx, a *submitted) error {
	offers, err := s.UpsellOffers(ctx, a.Service)
	if err != nil {
		return err
	}
	for _, o := range offers {
		n, err := db.Count(ctx, tx, `
			SELECT count(*) FROM approvals WHERE smb_id = $1 AND service_type = $2 AND status IN ('pending', 'provisioning', 'provisioned')`, a.SMB, o.ServiceType)
		if err != nil {
			return fmt.Errorf("look for %s of SMB %d: %w", o.ServiceType, a.SMB, err)
		}
		if n > 0 {
			continue
		}
		if err := s.recordOffer(ctx, tx, a.ID, a.SMB, o.ServiceType); err != nil {
			return err
		}
	}
	return nil
}

// recordOffer publishes UpsellOffered when this very call made the offer.
func (s *Service) recordOffer(ctx context.Context, tx *db.Tx, approvalID, smbID int64, upsellType string) error {
	n, err := tx.Exec(ctx, `
		INSERT INTO approval_upsells (approval_id, upsell_service_type, offered_at) VALUES ($1, $2, $3)
		ON CONFLICT (approval_id, upsell_service_type) DO NOTHING`, approvalID, upsellType, tx.Now)
	if err != nil {
		return fmt.Errorf("offer %s with approval %d: %w", upsellType, approvalID, err)
	}
	if n == 0 {
		return nil
	}
	return s.queue.Publish(ctx, tx, fibonacco.UpsellOffered{ApprovalID: approvalID, SMBID: smbID, UpsellServiceType: upsellType})
}

// RecordUpsellOffer implements fibonacco.ApprovalService: an offer that was made elsewhere, in a call
// or a chat. Doing it again changes nothing. Returns NotFound for an unknown approval, and Invalid for
// a service that is not offered.
func (s *Service) RecordUpsellOffer(ctx context.Context, approvalID int64, upsellType string) error {
	if _, ok := s.offering(upsellType); !ok {
		return fibonacco.Errorf(fibonacco.Invalid, "there is no service %q", upsellType)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		smbID, err := seen(ctx, tx, approvalID)
		if err != nil {
			return err
		}
		return s.recordOffer(ctx, tx, approvalID, smbID, upsellType)
	})
}

// AcceptUpsell implements fibonacco.ApprovalService (M4-12). The new approval is in the name of whoever
// gave the first, and what follows it follows at once. Returns NotFound for what was not offered, and
// Conflict when it was answered, is approved already, or the first approval was taken back.
func (s *Service) AcceptUpsell(ctx context.Context, approvalID int64, upsellType string) (a *fibonacco.Approval, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, approvalID); err != nil {
			return err
		}
		first, err := findApproval(ctx, tx, approvalID)
		if err != nil {
			return err
		}
		if first.Status == "cancelled" {
			return fibonacco.Errorf(fibonacco.Conflict, "approval %d was taken back", approvalID)
		}
		if _, ok := s.offering(upsellType); !ok {
			return notOffered(approvalID, upsellType)
		}
		if err := answer(ctx, tx, approvalID, upsellType, true); err != nil {
			return err
		}
		a, err = s.fresh(tx, fibonacco.ApprovalRequest{
			Claim: fibonacco.ApprovalClaim{SMBID: first.SMBID, ServiceType: upsellType, SourceID: fmt.Sprint(approvalID)},
			Name:  first.ApproverName, Email: first.ApproverEmail, Phone: first.ApproverPhone, Role: first.ApproverRole, ContactConsent: first.ContactConsent,
		})
		if err != nil {
			return err
		}
		a.SourceType = "upsell"
		if err := s.insert(ctx, tx, a); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			UPDATE approval_upsells SET resulting_approval_id = $1 WHERE approval_id = $2 AND upsell_service_type = $3`, a.ID, approvalID, upsellType); err != nil {
			return fmt.Errorf("note what came of the offer of %s: %w", upsellType, err)
		}
		if err := s.queue.Publish(ctx, tx, fibonacco.UpsellAccepted{
			ApprovalID: approvalID, SMBID: a.SMBID, UpsellServiceType: upsellType, ResultingApprovalID: a.ID,
		}); err != nil {
			return err
		}
		_, err = s.process(ctx, tx, a.ID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// DeclineUpsell notes a no. It never takes an acceptance back (M4-13): that is a Conflict. Saying no
// again changes nothing.
func (s *Service) DeclineUpsell(ctx context.Context, approvalID int64, upsellType string) error {
	if _, ok := s.offering(upsellType); !ok {
		return notOffered(approvalID, upsellType)
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		if _, err := seen(ctx, tx, approvalID); err != nil {
			return err
		}
		return answer(ctx, tx, approvalID, upsellType, false)
	})
}

// answer stores the answer to an offer, once: of a yes and a no at the same time, one is first.
func answer(ctx context.Context, tx *db.Tx, approvalID int64, upsellType string, yes bool) error {
	accepted, declined := any(tx.Now), any(nil)
	if !yes {
		accepted, declined = declined, accepted
	}
	n, err := tx.Exec(ctx, `
		UPDATE approval_upsells SET accepted = $1, accepted_at = $2, declined_at = $3
		WHERE approval_id = $4 AND upsell_service_type = $5 AND accepted IS NULL`, yes, accepted, declined, approvalID, upsellType)
	if err != nil {
		return fmt.Errorf("answer the offer of %s with approval %d: %w", upsellType, approvalID, err)
	}
	if n > 0 {
		return nil
	}
	was, err := db.Get[bool](ctx, tx, `
		SELECT COALESCE(accepted, FALSE) FROM approval_upsells WHERE approval_id = $1 AND upsell_service_type = $2`, approvalID, upsellType)
	switch {
	case db.IsNoRows(err):
		return notOffered(approvalID, upsellType)
	case err != nil:
		return fmt.Errorf("read the offer of %s with approval %d: %w", upsellType, approvalID, err)
	case !yes && !was:
		return nil
	}
	return fibonacco.Errorf(fibonacco.Conflict, "the offer of %s was answered already", upsellType)
}

func notOffered(approvalID int64, upsellType string) error {
	return fibonacco.Errorf(fibonacco.NotFound, "%q was not offered with approval %d", upsellType, approvalID)
}
