package api

import (
	"strings"

	"github.com/fibonacco/fibonacco"
)

// What the domain says about bodies that do not fit their schema: a caller who sends a number for
// the city and nonsense for the e-mail address hears of both at once. Only what is named is
// judged; what takes the module to know (a telephone number, whether the community is there)
// comes when the rest is right.

// smb is a new business as its caller describes it.
func (in smbInput) smb() fibonacco.SMB {
	return fibonacco.SMB{
		CommunityID: in.CommunityID, BusinessName: in.BusinessName, DBAName: in.DBAName, BusinessType: in.BusinessType, Category: in.Category,
		PrimaryContactName: in.PrimaryContactName, PrimaryEmail: in.PrimaryEmail, PrimaryPhone: in.PrimaryPhone,
		SecondaryContacts: in.SecondaryContacts, Address: in.Address, City: in.City, State: in.State, ZIP: in.ZIP, Coordinates: in.Coordinates.point(),
		ServiceModel: in.ServiceModel, SubscriptionTier: or(in.SubscriptionTier, "free"), Source: or(in.Source, "api"),
		EmailOptedIn: given(in.EmailOptedIn, true), SMSOptedIn: given(in.SMSOptedIn, false), RVMOptedIn: given(in.RVMOptedIn, true),
		PhoneOptedIn: given(in.PhoneOptedIn, false), DoNotContact: given(in.DoNotContact, false),
		Tags: in.Tags, Metadata: in.Metadata,
	}
}

func newSMBRules(in smbInput) error { return smbRules(in.smb()) }

// changedSMBRules judges what is named: everything else is taken for good.
func changedSMBRules(in smbChange) error {
	s := fibonacco.SMB{CommunityID: 1, BusinessName: "as it is"}
	for _, f := range []struct{ of, to *string }{
		{in.BusinessName, &s.BusinessName},
		{in.DBAName, &s.DBAName},
		{in.BusinessType, &s.BusinessType},
		{in.Category, &s.Category},
		{in.PrimaryContactName, &s.PrimaryContactName},
		{in.PrimaryEmail, &s.PrimaryEmail},
		{in.Address, &s.Address},
		{in.City, &s.City},
		{in.State, &s.State},
		{in.ZIP, &s.ZIP},
		{in.ServiceModel, &s.ServiceModel},
		{in.SubscriptionTier, &s.SubscriptionTier},
		{in.Source, &s.Source},
	} {
		if f.of != nil {
			*f.to = *f.of
		}
	}
	return smbRules(s)
}

func smbRules(s fibonacco.SMB) error {
	s.PrimaryEmail, s.State = fibonacco.NormalizeEmail(s.PrimaryEmail), strings.ToUpper(strings.TrimSpace(s.State))
	s.PrimaryPhone = "" // comes in any form
	return s.Validate()
}

// community is a new community as its caller describes it.
func (in communityInput) community() fibonacco.Community {
	return fibonacco.Community{
		Name: in.Name, Slug: in.Slug, State: in.State, County: in.County, Population: in.Population, Timezone: in.Timezone, Settings: in.Settings,
	}
}

func newCommunityRules(in communityInput) error {
	c := in.community()
	c.Timezone = or(c.Timezone, fibonacco.DefaultTimezone)
	return c.Validate()
}
