package approval

import (
	"context"
	"fmt"
	"time"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// tokenValid is how long an approval link is good (M4-01).
const tokenValid = 7 * 24 * time.Hour

// GenerateToken makes a token that is good for seven days. Returns NotFound for a business that is
// unknown or deleted, or that whoever asks does not see, and Invalid for a service that is not offered.
func (s *Service) GenerateToken(ctx context.Context, smbID int64, serviceType, sourceID string) (token string, err error) {
	if _, ok := s.offering(serviceType); !ok {
		return "", fibonacco.InvalidFields("there is no such service", []fibonacco.FieldError{{Field: "service_type", Reason: "is none that is offered"}})
	}
	err = s.db.View(ctx, func(tx *db.Tx) error {
		community, err := communityOf(ctx, tx, smbID)
		if err != nil {
			return err
		}
		if !fibonacco.InScope(ctx, community) {
			return missing(smbID)
		}
		issued, err := issueAt(ctx, tx, smbID)
		token = s.signer.SignApproval(fibonacco.ApprovalClaim{
			SMBID: smbID, ServiceType: serviceType, SourceID: sourceID, Expires: issued.Add(tokenValid),
		})
		return err
	})
	return token, err
}

// ValidateToken is what a token proves. Returns Forbidden, always in the same words, for one that was
// altered, has expired, or is about what is not there any more: a stranger learns nothing from it.
func (s *Service) ValidateToken(ctx context.Context, token string) (claim *fibonacco.ApprovalClaim, err error) {
	c, ok := s.signer.VerifyApproval(token)
	if !ok {
		return nil, refused()
	}
	err = s.db.View(ctx, func(tx *db.Tx) error { return s.check(ctx, tx, c) })
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// check returns Forbidden unless a claim holds at tx.Now. A link is good until its last second.
func (s *Service) check(ctx context.Context, tx *db.Tx, c fibonacco.ApprovalClaim) error {
	if _, ok := s.offering(c.ServiceType); !ok || tx.Now.After(c.Expires) {
		return refused()
	}
	_, err := communityOf(ctx, tx, c.SMBID)
	if fibonacco.CodeOf(err) == fibonacco.NotFound {
		return refused()
	}
	if err != nil {
		return err
	}
	void, err := revoked(ctx, tx, c.SMBID, c.Expires.Add(-tokenValid))
	if err == nil && void {
		err = refused()
	}
	return err
}

func refused() error {
	return fibonacco.Errorf(fibonacco.Forbidden, "this link approves nothing, or nothing any more")
}

func missing(smbID int64) error {
	return fibonacco.Errorf(fibonacco.NotFound, "there is no SMB %d", smbID)
}

// communityOf is the community of a business that is there.
func communityOf(ctx context.Context, tx *db.Tx, smbID int64) (int64, error) {
	id, err := db.Get[int64](ctx, tx, `SELECT community_id FROM smbs WHERE id = $1 AND deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) {
		return 0, missing(smbID)
	}
	if err != nil {
		return 0, fmt.Errorf("read SMB %d: %w", smbID, err)
	}
	return id, nil
}
