package smb

import (
	"context"
	"fmt"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Update implements fibonacco.SMBService. A text changed to "" becomes unknown, the subscription
// the free one. An opt-out holds from the moment Update returns: whoever sends asks again in the
// transaction in which it claims the message (R3).
func (s *Service) Update(ctx context.Context, id int64, change fibonacco.SMBChange) (*fibonacco.SMB, error) {
	var updated *fibonacco.SMB
	err := s.db.Update(ctx, func(tx *db.Tx) (err error) {
		updated, err = s.update(ctx, tx, id, change)
		return err
	})
	return updated, err
}

// ChangeEmail is Update of the e-mail address alone, in the caller's transaction: for whoever has it
// from the business itself.
func (s *Service) ChangeEmail(ctx context.Context, tx *db.Tx, id int64, address string) error {
	_, err := s.update(ctx, tx, id, fibonacco.SMBChange{PrimaryEmail: &address})
	return err
}

func (s *Service) update(ctx context.Context, tx *db.Tx, id int64, change fibonacco.SMBChange) (*fibonacco.SMB, error) {
	before, err := lockSMB(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	if want := change.IfVersion; want != nil && *want != before.Version {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "the business was changed meanwhile: it has version %d, not %d", before.Version, *want)
	}
	after := *before
	d := apply(&after, change)
	known := true
	if d.named["community_id"] {
		if known, err = communityExists(ctx, tx, after.CommunityID); err != nil {
			return nil, err
		}
	}
	if err := d.check(known); err != nil {
		return nil, err
	}
	fields := differences(before, &after)
	if len(fields) == 0 {
		return before, nil
	}
	if err := storeSMB(ctx, tx, &after); err != nil {
		return nil, err
	}
	if d.named["tags"] {
		if err := storeTags(ctx, tx, id, after.Tags); err != nil {
			return nil, err
		}
	}
	tx.AfterCommit(func() { s.heads.forget(before.CommunityID, after.CommunityID) })
	updated, err := findSMB(ctx, tx, `smbs.id = $1`, "", id)
	if err != nil {
		return nil, err
	}
	if err := recordChange(ctx, tx, "smb.updated", before, updated); err != nil {
		return nil, err
	}
	return updated, s.queue.Publish(ctx, tx, fibonacco.SMBUpdated{SMBID: id, CommunityID: after.CommunityID, Fields: fields})
}

// storeSMB writes every editable column of a locked SMB: one statement for all changes, and those
// columns that did not change are written as they were read.
func storeSMB(ctx context.Context, tx *db.Tx, s *fibonacco.SMB) error {
	emailKey, nameKey := keys(s)
	_, err := tx.Exec(ctx, `
		UPDATE smbs SET community_id = $2, business_name = $3, dba_name = $4, business_type = $5, category = $6,
			primary_contact_name = $7, primary_email = $8, primary_phone = $9, secondary_contacts = $10,
			address = $11, city = $12, state = $13, zip = $14, coordinates = CAST($15 AS point),
			service_model = $16, subscription_tier = $17,
			email_opted_in = $18, sms_opted_in = $19, rvm_opted_in = $20, phone_opted_in = $21, do_not_contact = $22,
			source = $23, data_quality_score = $24, email_key = $25, name_key = $26, metadata = $27,
			version = version + 1, updated_at = $28
		WHERE id = $1`,
		s.ID, s.CommunityID, s.BusinessName, db.Null(s.DBAName), db.Null(s.BusinessType), db.Null(s.Category),
		db.Null(s.PrimaryContactName), db.Null(s.PrimaryEmail), db.Null(s.PrimaryPhone), db.JSON(s.SecondaryContacts),
		db.Null(s.Address), db.Null(s.City), db.Null(s.State), db.Null(s.ZIP), pointText(s.Coordinates),
		db.Null(s.ServiceModel), s.SubscriptionTier,
		s.EmailOptedIn, s.SMSOptedIn, s.RVMOptedIn, s.PhoneOptedIn, s.DoNotContact,
		db.Null(s.Source), s.DataQualityScore, emailKey, nameKey, db.JSON(s.Metadata), tx.Now)
	if err != nil {
		return fmt.Errorf("update SMB %d: %w", s.ID, err)
	}
	return nil
}
