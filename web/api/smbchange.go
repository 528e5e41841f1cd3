package api

import (
	"bytes"
	"encoding/json"

	"github.com/fibonacco/fibonacco"
)

// smbChange is what a caller may change about a business.
type smbChange struct {
	CommunityID        *int64                    `json:"community_id,omitempty" minimum:"1"`
	BusinessName       *string                   `json:"business_name,omitempty" nullable:"true"`
	DBAName            *string                   `json:"dba_name,omitempty" nullable:"true"`
	BusinessType       *string                   `json:"business_type,omitempty" nullable:"true"`
	Category           *string                   `json:"category,omitempty" nullable:"true"`
	PrimaryContactName *string                   `json:"primary_contact_name,omitempty" nullable:"true"`
	PrimaryEmail       *string                   `json:"primary_email,omitempty" nullable:"true"`
	PrimaryPhone       *string                   `json:"primary_phone,omitempty" nullable:"true"`
	SecondaryContacts  []fibonacco.SecondContact `json:"secondary_contacts,omitempty" maxItems:"50"`
	Address            *string                   `json:"address,omitempty" nullable:"true"`
	City               *string                   `json:"city,omitempty" nullable:"true"`
	State              *string                   `json:"state,omitempty" nullable:"true"`
	ZIP                *string                   `json:"zip,omitempty" nullable:"true"`
	Coordinates        *pointInput               `json:"coordinates,omitempty"`
	ServiceModel       *string                   `json:"service_model,omitempty" nullable:"true"`
	SubscriptionTier   *string                   `json:"subscription_tier,omitempty" nullable:"true"`
	EmailOptedIn       *bool                     `json:"email_opted_in,omitempty"`
	SMSOptedIn         *bool                     `json:"sms_opted_in,omitempty"`
	RVMOptedIn         *bool                     `json:"rvm_opted_in,omitempty"`
	PhoneOptedIn       *bool                     `json:"phone_opted_in,omitempty"`
	DoNotContact       *bool                     `json:"do_not_contact,omitempty"`
	Source             *string                   `json:"source,omitempty" nullable:"true"`
	Tags               []string                  `json:"tags,omitempty" maxItems:"50" doc:"All of them; an empty list takes them away."`
	Metadata           map[string]any            `json:"metadata,omitempty" doc:"Keys that are named change; null takes one away."`
}

// UnmarshalJSON takes null as JSON merge patch does: a text becomes unknown. Where there is no
// unknown, null is refused, because dropping it silently would look like success.
func (c *smbChange) UnmarshalJSON(data []byte) error {
	type plain smbChange
	if err := json.Unmarshal(data, (*plain)(c)); err != nil {
		return err
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(data, &named); err != nil {
		return err
	}
	texts := map[string]**string{
		"business_name": &c.BusinessName, "dba_name": &c.DBAName, "business_type": &c.BusinessType, "category": &c.Category,
		"primary_contact_name": &c.PrimaryContactName, "primary_email": &c.PrimaryEmail, "primary_phone": &c.PrimaryPhone,
		"address": &c.Address, "city": &c.City, "state": &c.State, "zip": &c.ZIP,
		"service_model": &c.ServiceModel, "subscription_tier": &c.SubscriptionTier, "source": &c.Source,
	}
	for name, value := range named {
		if !bytes.Equal(value, []byte("null")) {
			continue
		}
		text, ok := texts[name]
		if !ok {
			return refused(name, "cannot be null")
		}
		*text = new(string)
	}
	return nil
}

func (c smbChange) change() fibonacco.SMBChange {
	return fibonacco.SMBChange{
		CommunityID: c.CommunityID, BusinessName: c.BusinessName, DBAName: c.DBAName, BusinessType: c.BusinessType, Category: c.Category,
		PrimaryContactName: c.PrimaryContactName, PrimaryEmail: c.PrimaryEmail, PrimaryPhone: c.PrimaryPhone, SecondaryContacts: c.SecondaryContacts,
		Address: c.Address, City: c.City, State: c.State, ZIP: c.ZIP, Coordinates: c.Coordinates.point(),
		ServiceModel: c.ServiceModel, SubscriptionTier: c.SubscriptionTier,
		EmailOptedIn: c.EmailOptedIn, SMSOptedIn: c.SMSOptedIn, RVMOptedIn: c.RVMOptedIn, PhoneOptedIn: c.PhoneOptedIn,
		DoNotContact: c.DoNotContact, Source: c.Source, Tags: c.Tags, Metadata: c.Metadata,
	}
}
