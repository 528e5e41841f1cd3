package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// The purposes of business_links beside the types of services.
const (
	allLinks  = "all"   // void_before: what was issued earlier opens nothing
	ownerLink = "owner" // mailed_at: when a fresh one was asked for
)

// renewEvery is how often a fresh link is mailed for one purpose.
const renewEvery = time.Hour

// RevokeLinks implements fibonacco.ApprovalDesk. Links know the second in which they were issued, so
// that those of this very second go, too; the next ones are issued in the second that follows.
func (s *Service) RevokeLinks(ctx context.Context, smbID int64) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		community, err := communityOf(ctx, tx, smbID)
		if err == nil && !fibonacco.InScope(ctx, community) {
			err = missing(smbID)
		}
		if err != nil {
			return err
		}
		void := tx.Now.Truncate(time.Second).Add(time.Second)
		if _, err := tx.Exec(ctx, `
			INSERT INTO business_links (smb_id, purpose, void_before) VALUES ($1, $2, $3)
			ON CONFLICT (smb_id, purpose) DO UPDATE SET void_before = excluded.void_before`, smbID, allLinks, void); err != nil {
			return fmt.Errorf("revoke the links of SMB %d: %w", smbID, err)
		}
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.links_revoked", Entity: "smb", EntityID: fmt.Sprint(smbID), CommunityID: &community, After: map[string]any{"void_before": void},
		})
	})
}

// voidBefore is since when links of a business are good; the zero time when none were revoked.
func voidBefore(ctx context.Context, tx *db.Tx, smbID int64) (t time.Time, err error) {
	err = tx.QueryRow(ctx, `SELECT void_before FROM business_links WHERE smb_id = $1 AND purpose = $2`, smbID, allLinks).Scan(db.Time(&t))
	if db.IsNoRows(err) {
		return t, nil
	}
	if err != nil {
		return t, fmt.Errorf("look for revoked links of SMB %d: %w", smbID, err)
	}
	return t, nil
}

// revoked reports whether a link that was issued then opens nothing any more.
func revoked(ctx context.Context, tx *db.Tx, smbID int64, issued time.Time) (bool, error) {
	void, err := voidBefore(ctx, tx, smbID)
	return issued.Before(void), err
}

// issueAt is when a link counts as issued that is made now: not before those that were revoked.
func issueAt(ctx context.Context, tx *db.Tx, smbID int64) (time.Time, error) {
	void, err := voidBefore(ctx, tx, smbID)
	if tx.Now.Before(void) {
		return void, err
	}
	return tx.Now, err
}

// RenewApproval implements fibonacco.ApprovalPages: the address on record gets a fresh link (M4-01).
// Nobody is told whether there is one.
func (s *Service) RenewApproval(ctx context.Context, token string) error {
	c, ok := s.signer.VerifyApproval(token)
	if !ok {
		return nil
	}
	o, ok := s.offering(c.ServiceType)
	if !ok {
		return nil
	}
	return s.renew(ctx, c.SMBID, c.ServiceType, func(tx *db.Tx, smbID int64, who approver, issued time.Time) error {
		c.SMBID, c.Expires = smbID, issued.Add(tokenValid)
		return s.post(ctx, tx, fibonacco.Notice{
			Key: fmt.Sprintf("approval link %d %s %s", c.SMBID, c.ServiceType, stamp(tx.Now)), Purpose: "approval.link", SMBID: c.SMBID, To: who.Email,
			Subject: subject("Your fresh link: ", o.Title), Facts: [][2]string{{"Business", who.Business}, {"Service", o.Title}},
			Paragraphs: []string{"Here is the link that you asked for. It works for seven days, and shows what will happen before you decide."},
			Button:     "See what happens", ButtonURL: s.base + "/approve/" + s.signer.SignApproval(c),
			After: []string{"You asked for nothing? Then leave it: nothing happens."},
		})
	})
}

// RenewOwner implements fibonacco.BusinessOwners.
func (s *Service) RenewOwner(ctx context.Context, token string) error {
	c, ok := s.signer.VerifyOwner(token)
	if !ok {
		return nil
	}
	return s.renew(ctx, c.SMBID, ownerLink, func(tx *db.Tx, smbID int64, who approver, issued time.Time) error {
		return s.post(ctx, tx, fibonacco.Notice{
			Key: fmt.Sprintf("owner link %d %s", smbID, stamp(tx.Now)), Purpose: "approval.owner_link", SMBID: smbID, To: who.Email,
			Subject: subject("Your fresh link to ", who.Business), Facts: [][2]string{{"Business", who.Business}},
			Paragraphs: []string{"Here is the link to the pages of your business that you asked for. It works for 90 days."},
			Button:     "Open my pages", ButtonURL: s.ownerURL(smbID, "", issued),
			After: []string{"The button is your own: whoever has it can change what it leads to. You asked for nothing? Then leave it: nothing happens."},
		})
	})
}

// renew posts a fresh link to the address on record, if there is one, and none was mailed for the same
// purpose within the hour. The row is the lock: of many who ask at once, one gets through. Of a business
// that was merged into another, the link is the other's, and so is the address: who had the old link
// need not be who has the business now.
func (s *Service) renew(ctx context.Context, of int64, purpose string, post func(tx *db.Tx, smbID int64, who approver, issued time.Time) error) error {
	return s.db.Update(ctx, func(tx *db.Tx) error {
		smbID, err := db.Get[int64](ctx, tx, `
			SELECT id FROM smbs WHERE deleted_at IS NULL AND (id = $1 OR id = (
				SELECT survivor_id FROM merges WHERE other_id = $1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1))
			ORDER BY CASE WHEN id = $1 THEN 0 ELSE 1 END LIMIT 1`, of)
		if db.IsNoRows(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for SMB %d: %w", of, err)
		}
		who, err := readApprover(ctx, tx, smbID)
		if err != nil || !fibonacco.ValidEmail(who.Email) {
			return err
		}
		n, err := tx.Exec(ctx, `
			INSERT INTO business_links (smb_id, purpose, mailed_at) VALUES ($1, $2, $3)
			ON CONFLICT (smb_id, purpose) DO UPDATE SET mailed_at = excluded.mailed_at
			WHERE business_links.mailed_at IS NULL OR business_links.mailed_at <= $4`, smbID, purpose, tx.Now, tx.Now.Add(-renewEvery))
		if err != nil {
			return fmt.Errorf("note a fresh link of SMB %d: %w", smbID, err)
		}
		if n == 0 {
			return nil
		}
		issued, err := issueAt(ctx, tx, smbID)
		if err != nil {
			return err
		}
		return post(tx, smbID, who, issued)
	})
}
