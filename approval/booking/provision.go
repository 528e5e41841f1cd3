package booking

import (
	"context"
	"fmt"
	"strings"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/approval/address"
	"github.com/fibonacco/fibonacco/db"
)

// manage is where under /my/{token}/ an owner finds the page.
const manage = "booking"

// ServiceType is what Provision makes.
func (s *Service) ServiceType() string { return ServiceType }

// Provision makes a page that is closed, with office hours, and bookings told to whoever said yes. A
// page that was withdrawn comes back closed, with everything that its owner had filled in; one that is
// there stays as it is.
func (s *Service) Provision(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (result map[string]any, err error) {
	slug, err := address.Of(ctx, tx, task.SMBID)
	if err != nil {
		return nil, err
	}
	settings, err := firstSettings(ctx, tx, task)
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(ctx, `
		INSERT INTO booking_pages (smb_id, state, settings, last_kind, created_at, updated_at) VALUES ($1, 'closed', $2, 1, $3, $3)
		ON CONFLICT (smb_id) DO UPDATE SET state = 'closed', updated_at = $3 WHERE booking_pages.state = 'withdrawn'`,
		task.SMBID, db.JSON(settings), tx.Now); err != nil {
		return nil, fmt.Errorf("make the booking page of SMB %d: %w", task.SMBID, err)
	}
	return map[string]any{
		"url": s.base + "/book/" + slug, "manage": manage,
		"note": "The page is closed. Look at your hours, say what can be booked, and open it.",
	}, nil
}

// firstSettings is what a new page begins with: defaults and the facts on file.
func firstSettings(ctx context.Context, tx *db.Tx, task *fibonacco.ProvisioningTask) (s fibonacco.BookingSettings, err error) {
	var street, city, approver, primary string
	s = defaults()
	err = tx.QueryRow(ctx, `
		SELECT COALESCE(smbs.address, ''), COALESCE(smbs.city, ''), COALESCE(smbs.primary_phone, ''), COALESCE(smbs.primary_email, ''),
			COALESCE((SELECT approver_email FROM approvals WHERE approvals.id = $2 AND approvals.smb_id = smbs.id), '')
		FROM smbs WHERE smbs.id = $1`, task.SMBID, task.ApprovalID).Scan(&street, &city, &s.Phone, &primary, &approver)
	if err != nil {
		return s, fmt.Errorf("read SMB %d: %w", task.SMBID, err)
	}
	var c checker
	place := street
	if street != "" && city != "" {
		place += ", " + city
	}
	if s.Place = c.text("place", place, 200); len(c.bad) > 0 {
		s.Place = ""
	}
	s.Phone = national(s.Phone)
	for _, email := range []string{approver, primary} {
		if s.Email == "" && fibonacco.ValidEmail(email) {
			s.Email = email
		}
	}
	return s, nil
}

// Withdraw closes the page for good; what is booked stays, and its links work.
func (s *Service) Withdraw(ctx context.Context, tx *db.Tx, smbID int64) error {
	if _, err := tx.Exec(ctx, `
		UPDATE booking_pages SET state = 'withdrawn', updated_at = $1 WHERE smb_id = $2 AND state <> 'withdrawn'`, tx.Now, smbID); err != nil {
		return fmt.Errorf("withdraw the booking page of SMB %d: %w", smbID, err)
	}
	return nil
}

// national is an American number as people write it: "(718) 555-0142". Another one is left as it is, and
// what is no number is left out.
func national(phone string) string {
	if rest, ok := strings.CutPrefix(phone, "+1"); ok && len(rest) == 10 {
		return "(" + rest[:3] + ") " + rest[3:6] + "-" + rest[6:]
	}
	if !dialable(phone) {
		return ""
	}
	return phone
}
