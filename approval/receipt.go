package approval

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// ApprovalPage implements fibonacco.ApprovalPages. It changes nothing (M4-02).
func (s *Service) ApprovalPage(ctx context.Context, token string) (page *fibonacco.ApprovalPage, err error) {
	c, ok := s.signer.VerifyApproval(token)
	if _, offered := s.offering(c.ServiceType); !ok || !offered {
		return nil, refused()
	}
	page = &fibonacco.ApprovalPage{Claim: c, Offering: s.described(c.ServiceType)}
	var live int64
	var void time.Time
	// All in one question, and what check says: scanners and people come here by the thousand.
	err = s.db.View(ctx, func(tx *db.Tx) error {
		err := tx.QueryRow(ctx, `
			SELECT business_name, COALESCE(NULLIF(address, ''), city, ''), COALESCE(primary_email, ''),
				(SELECT void_before FROM business_links WHERE smb_id = smbs.id AND purpose = $2),
				COALESCE((SELECT id FROM approvals WHERE smb_id = smbs.id AND service_type = $3 AND status IN ('pending', 'provisioning', 'provisioned')), 0)
			FROM smbs WHERE id = $1 AND deleted_at IS NULL`, c.SMBID, allLinks, c.ServiceType).
			Scan(&page.Business, &page.Place, &page.Email, db.Time(&void), &live)
		if db.IsNoRows(err) || err == nil && (tx.Now.After(c.Expires) || c.Expires.Add(-tokenValid).Before(void)) {
			return refused()
		}
		if err != nil {
			return fmt.Errorf("read SMB %d: %w", c.SMBID, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if live != 0 {
		page.Receipt = s.signer.SignID(fibonacco.ReceiptToken, live)
	}
	return page, nil
}

// Approve implements fibonacco.ApprovalPages. The yes and what follows it are stored together.
func (s *Service) Approve(ctx context.Context, token string, r fibonacco.ApprovalRequest) (receipt string, err error) {
	c, err := s.ValidateToken(ctx, token)
	if err != nil {
		return "", err
	}
	r.Claim = *c
	if r, err = tidy(r); err != nil {
		return "", err
	}
	var id int64
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := s.create(ctx, tx, r)
		if err != nil {
			return err
		}
		id = a.ID
		_, err = s.process(ctx, tx, id)
		return err
	})
	if fibonacco.CodeOf(err) == fibonacco.Conflict {
		id, err = s.Live(ctx, *c)
	}
	if err != nil {
		return "", err
	}
	return s.signer.SignID(fibonacco.ReceiptToken, id), nil
}

// received is the approval of a receipt.
func (s *Service) received(ctx context.Context, tx *db.Tx, receipt string) (*fibonacco.Approval, error) {
	id, ok := s.signer.VerifyID(fibonacco.ReceiptToken, receipt)
	if !ok {
		return nil, refused()
	}
	a, err := findApproval(ctx, tx, id)
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		return nil, refused()
	}
	if err != nil {
		return nil, err
	}
	if _, err := communityOf(ctx, tx, a.SMBID); err != nil {
		if fibonacco.CodeOf(err) == fibonacco.NotFound {
			return nil, refused()
		}
		return nil, err
	}
	void, err := revoked(ctx, tx, a.SMBID, a.ApprovedAt)
	if err == nil && void {
		err = refused()
	}
	return a, err
}

// ApprovalReceipt implements fibonacco.ApprovalPages.
func (s *Service) ApprovalReceipt(ctx context.Context, receipt string) (r *fibonacco.ApprovalReceipt, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		a, err := s.received(ctx, tx, receipt)
		if err != nil {
			return err
		}
		who, err := readApprover(ctx, tx, a.SMBID)
		if err != nil {
			return err
		}
		r = &fibonacco.ApprovalReceipt{
			ApprovalID: a.ID, Business: who.Business, Name: a.ApproverName, MaskedEmail: masked(a.ApproverEmail), Offering: s.described(a.ServiceType),
			Status: a.Status, Withdrawn: a.WithdrawnAt != nil, ApprovedAt: a.ApprovedAt, Zone: who.Zone,
		}
		if r.Offers, err = s.answered(ctx, tx, a.ID); err != nil {
			return err
		}
		asked, err := db.Count(ctx, tx, `SELECT count(*) FROM approvals WHERE id = $1 AND meeting_asked_at IS NOT NULL`, a.ID)
		if err != nil {
			return err
		}
		r.MeetingAsked = asked > 0
		task, err := taskOf(ctx, tx, a.ID)
		if err != nil || task == nil {
			return err
		}
		if url := text(task.ResultData, "url"); webAddress(url) {
			r.URL = url
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// answered is the offers of an approval, as they were made.
func (s *Service) answered(ctx context.Context, tx *db.Tx, id int64) (all []fibonacco.AnsweredOffer, err error) {
	type row struct {
		Service  string `db:"upsell_service_type"`
		Accepted *bool
	}
	rows, err := db.Select[row](ctx, tx, `
		SELECT upsell_service_type, accepted FROM approval_upsells WHERE approval_id = $1 ORDER BY id LIMIT $2`, id, mostUpsells)
	if err != nil {
		return nil, fmt.Errorf("list the offers of approval %d: %w", id, err)
	}
	for _, r := range rows {
		if o, ok := s.offering(r.Service); ok {
			all = append(all, fibonacco.AnsweredOffer{
				UpsellOffer: fibonacco.UpsellOffer{ServiceType: o.Type, Title: o.Title, Description: o.Summary}, Accepted: r.Accepted,
			})
		}
	}
	return all, nil
}

// AnswerUpsell implements fibonacco.ApprovalPages.
func (s *Service) AnswerUpsell(ctx context.Context, receipt, upsellType string, accept bool) error {
	var id int64
	if err := s.db.View(ctx, func(tx *db.Tx) error {
		a, err := s.received(ctx, tx, receipt)
		if err == nil {
			id = a.ID
		}
		return err
	}); err != nil {
		return err
	}
	if !accept {
		return s.DeclineUpsell(ctx, id, upsellType)
	}
	_, err := s.AcceptUpsell(ctx, id, upsellType)
	return err
}

// wishMost is how much an owner may write about a meeting.
const wishMost = 500

// AskMeeting implements fibonacco.ApprovalPages.
func (s *Service) AskMeeting(ctx context.Context, receipt, wish string) error {
	wish = strings.Join(strings.Fields(wish), " ")
	if utf8.RuneCountInString(wish) > wishMost || !utf8.ValidString(wish) || strings.ContainsFunc(wish, unicode.IsControl) {
		return fibonacco.InvalidFields("the wish cannot be taken", []fibonacco.FieldError{{Field: "wish", Reason: "must be a text of at most 500 characters"}})
	}
	return s.db.Update(ctx, func(tx *db.Tx) error {
		a, err := s.received(ctx, tx, receipt)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `UPDATE approvals SET meeting_asked_at = $1, updated_at = $1 WHERE id = $2 AND meeting_asked_at IS NULL`, tx.Now, a.ID)
		if err != nil {
			return fmt.Errorf("note the wish for a meeting of approval %d: %w", a.ID, err)
		}
		if n == 0 {
			return nil
		}
		_, err = ask(ctx, tx, a.SMBID, "meeting_request", map[string]any{
			"approval_id": a.ID, "topic": s.described(a.ServiceType).Meeting, "wish": wish,
			"name": a.ApproverName, "email": a.ApproverEmail, "phone": a.ApproverPhone,
		})
		return err
	})
}
