package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/audit"
	"github.com/fibonacco/fibonacco/db"
)

// ownerValid is how long a link to a business's own pages is good. Each mail about a service brings a
// fresh one.
const ownerValid = 90 * 24 * time.Hour

// OwnerURL is a fresh link to a business's own pages: page is the last part of its path, "" for the
// overview of all.
func (s *Service) OwnerURL(ctx context.Context, tx *db.Tx, smbID int64, page string) (string, error) {
	issued, err := issueAt(ctx, tx, smbID)
	return s.ownerURL(smbID, page, issued), err
}

func (s *Service) ownerURL(smbID int64, page string, issued time.Time) string {
	url := s.base + "/my/" + s.signer.SignOwner(fibonacco.OwnerClaim{SMBID: smbID, Expires: issued.Add(ownerValid)})
	if page != "" {
		url += "/" + page
	}
	return url
}

// OwnerLink implements fibonacco.ApprovalDesk.
func (s *Service) OwnerLink(ctx context.Context, smbID int64) (url string, expires time.Time, err error) {
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		community, err := communityOf(ctx, tx, smbID)
		if err == nil && !fibonacco.InScope(ctx, community) {
			err = missing(smbID)
		}
		if err != nil {
			return err
		}
		issued, err := issueAt(ctx, tx, smbID)
		if err != nil {
			return err
		}
		url, expires = s.ownerURL(smbID, "", issued), issued.Add(ownerValid)
		return audit.Record(ctx, tx, fibonacco.AuditEntry{
			Action: "smb.owner_link_made", Entity: "smb", EntityID: fmt.Sprint(smbID), CommunityID: &community, After: map[string]any{"expires": expires},
		})
	})
	return url, expires, err
}

// Owner is who a link lets in. Returns Forbidden, always in the same words, for one that was altered,
// has expired, was revoked, or is about a business that is not there any more.
func (s *Service) Owner(ctx context.Context, token string) (o *fibonacco.BusinessOwner, err error) {
	c, ok := s.signer.VerifyOwner(token)
	if !ok {
		return nil, noOwner()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if tx.Now.After(c.Expires) {
			return noOwner()
		}
		name, err := db.Get[string](ctx, tx, `SELECT business_name FROM smbs WHERE id = $1 AND deleted_at IS NULL`, c.SMBID)
		if db.IsNoRows(err) {
			return noOwner()
		}
		if err != nil {
			return fmt.Errorf("read SMB %d: %w", c.SMBID, err)
		}
		void, err := revoked(ctx, tx, c.SMBID, c.Expires.Add(-ownerValid))
		if err != nil {
			return err
		}
		if void {
			return noOwner()
		}
		o = &fibonacco.BusinessOwner{SMBID: c.SMBID, Business: name, Token: token, Expires: c.Expires}
		return nil
	})
	return o, err
}

func noOwner() error {
	return fibonacco.Errorf(fibonacco.Forbidden, "this link opens nothing, or nothing any more")
}
