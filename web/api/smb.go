package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

func (a *API) smb() {
	register(a, operation{
		method: http.MethodPost, path: "/smbs", id: "create-smb", tag: tagBusinesses,
		summary: "Add a business", status: http.StatusCreated, errors: ofBody,
		description: "It starts in tier 4 with score 0 and status pending; the programme begins when it is started. E-mail and voicemail are opted in unless said otherwise, SMS and phone are not.",
		rules:       rulesOf(newSMBRules),
		request:     smbInput{BusinessName: "Rosa's Bakery", PrimaryEmail: "rosa@rosasbakery.example", CommunityID: 1, Tags: []string{"bakery"}},
		response:    exampleSMB,
	}, a.createSMB)
	a.smbRecord()
	for method, id := range map[string]string{http.MethodPut: "put-smb", http.MethodPatch: "patch-smb"} {
		register(a, operation{
			method: method, path: "/smbs/{id}", id: id, tag: tagBusinesses,
			summary: "Change a business", errors: slices.Concat(ofThing, ofBody, ofCondition),
			description: "Only what is named changes, with PUT as with PATCH. An empty text, or null, makes a text unknown. tags are replaced as a whole; " +
				"of metadata, the keys that are named change, and null takes a key away. With If-Match, 412 says that somebody else was faster.",
			rules:    rulesOf(changedSMBRules),
			request:  map[string]any{"city": "Brooklyn", "email_opted_in": false, "tags": []string{"bakery", "vip"}, "metadata": map[string]any{"crm_id": "A-17"}},
			response: exampleSMB,
		}, a.updateSMB)
	}
	register(a, operation{
		method: http.MethodDelete, path: "/smbs/{id}", id: "delete-smb", tag: tagBusinesses,
		summary: "Delete a business", errors: slices.Concat(ofThing, ofCondition),
		description: "It is kept for 90 days, unseen. What was queued for it is cancelled with the reason deleted. With If-Match, 412 says that it was changed since.",
	}, a.deleteSMB)
}

var exampleSMB = fibonacco.SMB{
	ID: 42, UUID: "0193c2f0-9a8b-7c6d-8e5f-4a3b2c1d0e9f", CommunityID: 1, BusinessName: "Rosa's Bakery", Category: "Bakery",
	PrimaryContactName: "Rosa Diaz", PrimaryEmail: "rosa@rosasbakery.example", PrimaryPhone: "+17185550142",
	City: "Brooklyn", State: "NY", ZIP: "11201", EngagementTier: 3, EngagementScore: 25,
	CampaignStatus: fibonacco.StatusActive, CurrentCampaignID: "HOOK-001", ManifestDestinyDay: 1, ManifestDestinyStartDate: "2026-11-23",
	SubscriptionTier: "free", EmailOptedIn: true, RVMOptedIn: true, Source: "import", DataQualityScore: 70, Tags: []string{"bakery"}, Version: 7,
	CreatedAt: exampleTime, UpdatedAt: exampleTime,
}

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
	Tags               []string                  `json:"tags,omitempty" maxItems:"50" doc:"Kept in lower case and in order; at most 50 characters each."`
	Metadata           map[string]any            `json:"metadata,omitempty" doc:"Anything you want to keep with it."`
}

type pointInput struct {
	Longitude float64 `json:"longitude" minimum:"-180" maximum:"180" example:"-73.99"`
	Latitude  float64 `json:"latitude" minimum:"-90" maximum:"90" example:"40.69"`
}

func (p *pointInput) point() *fibonacco.Point { return (*fibonacco.Point)(p) }

func (a *API) createSMB(ctx context.Context, in *body[smbInput]) (*createdSMB, error) {
	if a.o.SMBs == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	s, err := a.o.SMBs.Create(ctx, in.Body.smb())
	if err != nil {
		return nil, err
	}
	out, err := tag[fibonacco.SMB](s.Version, *s)
	if err != nil {
		return nil, err
	}
	return &createdSMB{Location: fmt.Sprintf("%s/smbs/%d", Prefix, s.ID), ETag: out.ETag, Body: out.Body}, nil
}

// createdSMB is a new business.
type createdSMB struct {
	Location string `header:"Location" doc:"Where it is from now on."`
	ETag     string `header:"ETag" doc:"Version and fingerprint, for If-Match."`
	Body     rendered[fibonacco.SMB]
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

func (a *API) updateSMB(ctx context.Context, in *struct {
	SMBPath
	Conditions
	Body smbChange
},
) (*tagged[fibonacco.SMB], error) {
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	change := in.Body.change()
	if change.IfVersion, err = ifMatch(ctx, "business", s.Version); err != nil {
		return nil, err
	}
	updated, err := a.o.SMBs.Update(ctx, s.ID, change)
	if err != nil {
		return nil, a.overtaken(ctx, s.ID, change.IfVersion, err)
	}
	return tag[fibonacco.SMB](updated.Version, *updated)
}

// overtaken is err, or PreconditionFailed when what it says is that the business no longer has the
// version that If-Match asked for.
func (a *API) overtaken(ctx context.Context, id int64, want *int, err error) error {
	if want == nil || fibonacco.CodeOf(err) != fibonacco.Conflict {
		return err
	}
	now, findErr := a.o.SMBs.Find(ctx, id)
	switch {
	case findErr != nil:
		return findErr
	case now.Version != *want:
		return preconditionFailed(ctx, "business")
	}
	return err
}

func (a *API) deleteSMB(ctx context.Context, in *struct {
	SMBPath
	Conditions
},
) (*none, error) {
	if a.o.Directory == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	s, err := a.findSMB(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	want, err := ifMatch(ctx, "business", s.Version)
	if err != nil {
		return nil, err
	}
	if want != nil {
		return nil, a.overtaken(ctx, s.ID, want, a.o.Directory.DeleteSMBIf(ctx, s.ID, *want))
	}
	return nil, a.o.Directory.DeleteSMB(ctx, s.ID)
}
