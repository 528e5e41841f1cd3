package smb

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
)

// Create implements fibonacco.SMBService. Opt-ins are stored as they are given, false included.
// What only the product itself decides (score, tier, place in the programme, dates, totals) is
// not taken from business.
func (s *Service) Create(ctx context.Context, business fibonacco.SMB) (*fibonacco.SMB, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a uuid: %w", err)
	}
	fresh := fibonacco.SMB{
		UUID:                    id.String(),
		ServicesActivated:       orEmpty(business.ServicesActivated),
		ServicesApprovedPending: orEmpty(business.ServicesApprovedPending),
		SecondaryContacts:       []fibonacco.SecondContact{},
		Tags:                    []string{},
		Metadata:                map[string]any{},
	}
	change := fibonacco.SMBChange{
		CommunityID: &business.CommunityID, BusinessName: &business.BusinessName, DBAName: &business.DBAName,
		BusinessType: &business.BusinessType, Category: &business.Category,
		PrimaryContactName: &business.PrimaryContactName, PrimaryEmail: &business.PrimaryEmail, PrimaryPhone: &business.PrimaryPhone,
		SecondaryContacts: business.SecondaryContacts,
		Address:           &business.Address, City: &business.City, State: &business.State, ZIP: &business.ZIP,
		Coordinates: business.Coordinates, ServiceModel: &business.ServiceModel, SubscriptionTier: &business.SubscriptionTier,
		EmailOptedIn: &business.EmailOptedIn, SMSOptedIn: &business.SMSOptedIn, RVMOptedIn: &business.RVMOptedIn,
		PhoneOptedIn: &business.PhoneOptedIn, DoNotContact: &business.DoNotContact, Source: &business.Source,
		Tags: business.Tags, Metadata: business.Metadata,
	}
	d := apply(&fresh, change)
	for name, value := range map[string]any{
		"services_activated": fresh.ServicesActivated, "services_approved_pending": fresh.ServicesApprovedPending,
	} {
		if reason := unstorable(db.JSON(value)); reason != "" {
			d.refuse(name, reason)
		}
	}
	var created *fibonacco.SMB
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		known, err := communityExists(ctx, tx, fresh.CommunityID)
		if err != nil {
			return err
		}
		if err := d.check(known); err != nil {
			return err
		}
		newID, err := insertSMB(ctx, tx, &fresh)
		if err != nil {
			return err
		}
		if err := storeTags(ctx, tx, newID, fresh.Tags); err != nil {
			return err
		}
		if created, err = findSMB(ctx, tx, `smbs.id = $1`, "", newID); err != nil {
			return err
		}
		if err := recordChange(ctx, tx, "smb.created", nil, created); err != nil {
			return err
		}
		return s.queue.Publish(ctx, tx, fibonacco.SMBCreated{SMBID: newID, CommunityID: fresh.CommunityID})
	})
	if err == nil {
		s.heads.forget(created.CommunityID)
	}
	return created, err
}

func insertSMB(ctx context.Context, tx *db.Tx, s *fibonacco.SMB) (id int64, err error) {
	emailKey, nameKey := keys(s)
	err = tx.QueryRow(ctx, `
		INSERT INTO smbs (uuid, community_id, business_name, dba_name, business_type, category,
			primary_contact_name, primary_email, primary_phone, secondary_contacts,
			address, city, state, zip, coordinates,
			service_model, subscription_tier, services_activated, services_approved_pending,
			email_opted_in, sms_opted_in, rvm_opted_in, phone_opted_in, do_not_contact,
			source, data_quality_score, metadata, email_key, name_key, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, CAST($15 AS point),
			$16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $30)
		RETURNING id`,
		s.UUID, s.CommunityID, s.BusinessName, db.Null(s.DBAName), db.Null(s.BusinessType), db.Null(s.Category),
		db.Null(s.PrimaryContactName), db.Null(s.PrimaryEmail), db.Null(s.PrimaryPhone), db.JSON(s.SecondaryContacts),
		db.Null(s.Address), db.Null(s.City), db.Null(s.State), db.Null(s.ZIP), pointText(s.Coordinates),
		db.Null(s.ServiceModel), s.SubscriptionTier, db.JSON(s.ServicesActivated), db.JSON(s.ServicesApprovedPending),
		s.EmailOptedIn, s.SMSOptedIn, s.RVMOptedIn, s.PhoneOptedIn, s.DoNotContact,
		db.Null(s.Source), s.DataQualityScore, db.JSON(s.Metadata), emailKey, nameKey, tx.Now).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("insert SMB: %w", err)
	}
	return id, nil
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}
