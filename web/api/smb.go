package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (a *API) smb() {
	register(a, operation{
		method: http.MethodPost, path: "/smbs", id: "create-smb", tag: tagBusinesses,
		summary: "Add a business", status: http.StatusCreated, errors: ofBody,
		description: "It starts in tier 4 with score 0 and status pending; the programme begins when it is started. E-mail and voicemail are opted in unless said otherwise, SMS and phone are not.",
		request:     smbInput{BusinessName: "Rosa's Bakery", PrimaryEmail: "rosa@rosasbakery.example", CommunityID: 1},
		response:    exampleSMB,
	}, a.createSMB)
	register(a, operation{
		method: http.MethodGet, path: "/smbs/{id}", id: "get-smb", tag: tagBusinesses,
		summary: "One business", errors: ofThing, response: exampleSMB,
	}, a.getSMB)
	for method, id := range map[string]string{http.MethodPut: "put-smb", http.MethodPatch: "patch-smb"} {
		register(a, operation{
			method: method, path: "/smbs/{id}", id: id, tag: tagBusinesses,
			summary: "Change a business", errors: append(append([]int{}, ofThing...), ofBody...),
			description: "Only what is named changes, with PUT as with PATCH. An empty text, or null, makes a text unknown.",
			request:     map[string]any{"city": "Brooklyn", "email_opted_in": false},
			response:    exampleSMB,
		}, a.updateSMB)
	}
	register(a, operation{
		method: http.MethodDelete, path: "/smbs/{id}", id: "delete-smb", tag: tagBusinesses,
		summary: "Delete a business", errors: ofThing,
		description: "It is kept for 90 days, unseen. What was queued for it is cancelled with the reason deleted.",
	}, a.deleteSMB)
}

var exampleSMB = fibonacco.SMB{
	ID: 42, UUID: "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f", CommunityID: 1, BusinessName: "Rosa's Bakery", Category: "Bakery",
	PrimaryContactName: "Rosa Diaz", PrimaryEmail: "rosa@rosasbakery.example", PrimaryPhone: "+17185550142",
	City: "Brooklyn", State: "NY", ZIP: "11201", EngagementTier: 3, EngagementScore: 25,
	CampaignStatus: fibonacco.StatusActive, CurrentCampaignID: "HOOK-001", ManifestDestinyDay: 1, ManifestDestinyStartDate: "2026-11-23",
	SubscriptionTier: "free", EmailOptedIn: true, RVMOptedIn: true, Source: "import", DataQualityScore: 70,
	CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

var exampleSMBs = list[fibonacco.SMB]{Data: []fibonacco.SMB{exampleSMB}, Page: Paging{Size: 50}.info("smbs", 42)}

// smbInput is what a caller may say about a new business.
type smbInput struct {
	BusinessName       string                    `json:"business_name" example:"Rosa's Bakery"`
	DBAName            string                    `json:"dba_name,omitempty" doc:"Trading name."`
	BusinessType       string                    `json:"business_type,omitempty"`
	Category           string                    `json:"category,omitempty" example:"Bakery"`
	PrimaryContactName string                    `json:"primary_contact_name,omitempty" example:"Rosa Diaz"`
	PrimaryEmail       string                    `json:"primary_email,omitempty" example:"rosa@rosasbakery.example"`
	PrimaryPhone       string                    `json:"primary_phone,omitempty" example:"(718) 555-0142" doc:"In any form a person writes; kept as E.164."`
	Address            string                    `json:"address,omitempty"`
	City               string                    `json:"city,omitempty" example:"Brooklyn"`
	State              string                    `json:"state,omitempty" example:"NY" doc:"Two capital letters."`
	ZIP                string                    `json:"zip,omitempty" example:"11201"`
	ServiceModel       string                    `json:"service_model,omitempty" doc:"self_service or ai_account_manager."`
	SubscriptionTier   string                    `json:"subscription_tier,omitempty" doc:"free, starter, growth or premium; left out, free."`
	Source             string                    `json:"source,omitempty" example:"api" doc:"Where it came from; left out, api."`
	CommunityID        int64                     `json:"community_id" minimum:"1" example:"1"`
	SecondaryContacts  []fibonacco.SecondContact `json:"secondary_contacts,omitempty" maxItems:"50"`
	Coordinates        *pointInput               `json:"coordinates,omitempty"`
	EmailOptedIn       *bool                     `json:"email_opted_in,omitempty" doc:"Left out, true."`
	SMSOptedIn         *bool                     `json:"sms_opted_in,omitempty" doc:"Left out, false."`
	RVMOptedIn         *bool                     `json:"rvm_opted_in,omitempty" doc:"Left out, true."`
	PhoneOptedIn       *bool                     `json:"phone_opted_in,omitempty" doc:"Left out, false."`
	DoNotContact       *bool                     `json:"do_not_contact,omitempty" doc:"Left out, false."`
}

type pointInput struct {
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180" example:"-73.99"`
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90" example:"40.69"`
}

func (p *pointInput) point() *fibonacco.Point { return (*fibonacco.Point)(p) }

func (a *API) createSMB(ctx context.Context, in *body[smbInput]) (*created[fibonacco.SMB], error) {
	if a.o.SMBs == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	b := in.Body
	s, err := a.o.SMBs.Create(ctx, fibonacco.SMB{
		CommunityID: b.CommunityID, BusinessName: b.BusinessName, DBAName: b.DBAName, BusinessType: b.BusinessType, Category: b.Category,
		PrimaryContactName: b.PrimaryContactName, PrimaryEmail: b.PrimaryEmail, PrimaryPhone: b.PrimaryPhone,
		SecondaryContacts: b.SecondaryContacts, Address: b.Address, City: b.City, State: b.State, ZIP: b.ZIP, Coordinates: b.Coordinates.point(),
		ServiceModel: b.ServiceModel, SubscriptionTier: or(b.SubscriptionTier, "free"), Source: or(b.Source, "api"),
		EmailOptedIn: given(b.EmailOptedIn, true), SMSOptedIn: given(b.SMSOptedIn, false), RVMOptedIn: given(b.RVMOptedIn, true),
		PhoneOptedIn: given(b.PhoneOptedIn, false), DoNotContact: given(b.DoNotContact, false),
	})
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.SMB]{Location: fmt.Sprintf("%s/smbs/%d", Prefix, s.ID), Body: *s}, nil
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func given[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// SMBPath names a business in a path.
type SMBPath struct {
	ID string `path:"id" example:"42" doc:"The id, or the uuid."`
}

// findSMB takes an id or a uuid.
func (a *API) findSMB(ctx context.Context, idOrUUID string) (*fibonacco.SMB, error) {
	if a.o.SMBs == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	if id, err := strconv.ParseInt(idOrUUID, 10, 64); err == nil && id > 0 {
		return a.o.SMBs.Find(ctx, id)
	}
	if isUUID(idOrUUID) {
		return a.o.SMBs.FindByUUID(ctx, strings.ToLower(idOrUUID))
	}
	return nil, fibonacco.Errorf(fibonacco.NotFound, "there is no such business")
}

func (a *API) getSMB(ctx context.Context, in *SMBPath) (*body[fibonacco.SMB], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &body[fibonacco.SMB]{*s}, nil
}

func (a *API) updateSMB(ctx context.Context, in *struct {
	SMBPath
	Body smbChange
},
) (*body[fibonacco.SMB], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if s, err = a.o.SMBs.Update(ctx, s.ID, in.Body.change()); err != nil {
		return nil, err
	}
	return &body[fibonacco.SMB]{*s}, nil
}

func (a *API) deleteSMB(ctx context.Context, in *SMBPath) (*none, error) {
	if a.o.Directory == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.o.Directory.DeleteSMB(ctx, s.ID)
}
