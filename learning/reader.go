package learning

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/campaign/template"
	"github.com/fibonacco/fibonacco/db"
)

// reader is the business a page is addressed to; nil is anybody.
type reader struct {
	ID           int64
	BusinessName string
	Contact      string
	Category     string
	Community    string
}

// findReader returns nil when the token proves nothing, or its business is gone: then the page is
// for anybody.
func (s *Service) findReader(ctx context.Context, tx *db.Tx, token string) (*reader, error) {
	claim, ok := s.signer.VerifySend(fibonacco.LearnToken, token)
	if !ok {
		return nil, nil
	}
	return readReader(ctx, tx, claim.SMBID)
}

// readReader is the business of an id; nil when there is none, or it is deleted.
func readReader(ctx context.Context, tx *db.Tx, smbID int64) (*reader, error) {
	r, err := db.Get[reader](ctx, tx, `
		SELECT m.id AS id, m.business_name AS business_name, COALESCE(m.primary_contact_name, '') AS contact,
			COALESCE(m.category, '') AS category, c.name AS community
		FROM smbs m JOIN communities c ON c.id = m.community_id WHERE m.id = $1 AND m.deleted_at IS NULL`, smbID)
	if db.IsNoRows(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read business %d: %w", smbID, err)
	}
	return &r, nil
}

// What stands in a text for what is not known (M3-03).
const (
	anyName      = "there"
	anyBusiness  = "your business"
	anyCommunity = "your community"
	anyCategory  = "business"
)

// fields are the merge fields of the reader, each with something in it.
func (r *reader) fields() template.Fields {
	var f template.Fields
	if r != nil {
		smb := fibonacco.SMB{PrimaryContactName: r.Contact}
		f = template.Fields{FirstName: smb.FirstName(), BusinessName: r.BusinessName, Community: r.Community, Category: r.Category}.Clean()
	}
	for _, d := range []struct {
		field    *string
		standsIn string
	}{{&f.FirstName, anyName}, {&f.BusinessName, anyBusiness}, {&f.Community, anyCommunity}, {&f.Category, anyCategory}} {
		if *d.field == "" {
			*d.field = d.standsIn
		}
	}
	return f
}
