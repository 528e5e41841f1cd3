package consent

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/db/query"
)

var consents = query.Table{Listing: fibonacco.ConsentListing, From: "consents", Key: "consents.id"}

const consentColumns = `consents.id, consents.smb_id, consents.channel, consents.granted, consents.wording, consents.version,
	consents.source, consents.source_url, consents.address, consents.ip, consents.user_agent, consents.occurred_at,
	consents.recorded_by, consents.created_at`

func scanConsent(row db.Row) (c fibonacco.Consent, err error) {
	err = row.Scan(&c.ID, &c.SMBID, &c.Channel, &c.Granted, &c.Wording, &c.Version, &c.Source, &c.SourceURL, &c.Address,
		&c.IP, &c.UserAgent, db.Time(&c.OccurredAt), &c.RecordedBy, db.Time(&c.CreatedAt))
	return c, err
}

// last is the consent of an SMB that was written down last.
func last(ctx context.Context, tx *db.Tx, smbID int64) (*fibonacco.Consent, error) {
	c, err := scanConsent(tx.QueryRow(ctx, `SELECT `+consentColumns+` FROM consents WHERE smb_id = $1 ORDER BY id DESC LIMIT 1`, smbID))
	if err != nil {
		return nil, fmt.Errorf("read the last consent of SMB %d: %w", smbID, err)
	}
	return &c, nil
}

// ListConsents implements fibonacco.ConsentService. Returns NotFound.
func (s *Service) ListConsents(ctx context.Context, smbID int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.Consent], err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		if _, err := findOwner(ctx, tx, smbID, false); err != nil {
			return err
		}
		var args query.Args
		page, err = query.Select(ctx, tx, consents, q, consentColumns, scanConsent, []string{`consents.smb_id = ` + args.Add(smbID)}, &args)
		return err
	})
	return page, err
}
