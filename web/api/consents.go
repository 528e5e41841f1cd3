package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/fibonacco/fibonacco"
)

func (a *API) consents() {
	registerList(a, operation{
		method: http.MethodGet, path: "/smbs/{id}/consents", id: "list-consents", tag: tagConsent,
		summary:     "Every yes and no of a business",
		description: "What was written down last comes first; of each channel, the one with the latest occurred_at is in force.",
		errors:      ofThing,
		response:    list[fibonacco.Consent]{Data: []fibonacco.Consent{exampleConsent}, Page: pageInfo{Size: pageSizeDefault}},
	}, fibonacco.ConsentListing, a.listConsents)
	register(a, operation{
		method: http.MethodPost, path: "/smbs/{id}/consents", id: "record-consent", tag: tagConsent,
		summary: "Write down a yes or a no", status: http.StatusCreated, errors: append(append([]int{}, ofThing...), ofBody...),
		description: "It is kept as proof and never changed. When it is the last word on its channel it sets the opt-in, and a no cancels what is queued there; " +
			"one that was given before the word in force changes nothing. A yes does not lift a suppression.",
		request: consentInput{
			Channel: "sms", Granted: true, Wording: "Yes, you may text me offers at this number. Reply STOP to end.", Version: "2026-1",
			Source: "web form", SourceURL: "https://example.com/signup", IP: "203.0.113.7", OccurredAt: &exampleTime,
		},
		response: exampleConsent,
	}, a.recordConsent)
}

var exampleConsent = fibonacco.Consent{
	ID: 7, SMBID: 42, Channel: fibonacco.ChannelSMS, Granted: true, Wording: "Yes, you may text me offers at this number. Reply STOP to end.",
	Version: "2026-1", Source: "web form", SourceURL: "https://example.com/signup", Address: "+17185550142", IP: "203.0.113.7",
	OccurredAt: exampleTime, RecordedBy: "CI (token 3)", CreatedAt: exampleTime,
}

// consentInput is what a caller may say about a consent. Who records it is not theirs to say.
type consentInput struct {
	Channel    string     `json:"channel" enum:"email,sms,rvm,phone" example:"sms"`
	Granted    bool       `json:"granted" doc:"false withdraws."`
	Wording    string     `json:"wording,omitempty" maxLength:"10000" doc:"What was agreed to, word by word. Required when granted."`
	Version    string     `json:"version,omitempty" maxLength:"100" doc:"Of the wording."`
	Source     string     `json:"source" minLength:"1" maxLength:"255" example:"web form" doc:"Where it came from: web form, phone call, paper, …"`
	SourceURL  string     `json:"source_url,omitempty" maxLength:"2000" doc:"Where the proof is."`
	Address    string     `json:"address,omitempty" maxLength:"255" doc:"The e-mail address or number it was given for; left out, the business's own."`
	IP         string     `json:"ip,omitempty" maxLength:"45" doc:"Of whoever gave it, not of whoever sends this."`
	UserAgent  string     `json:"user_agent,omitempty" maxLength:"1000" doc:"Likewise."`
	OccurredAt *time.Time `json:"occurred_at,omitempty" doc:"When it was given; left out, now."`
}

func (a *API) listConsents(ctx context.Context, in *SMBPath, q question) (page fibonacco.Page[fibonacco.Consent], err error) {
	if a.o.Consents == nil {
		return page, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return page, err
	}
	return a.o.Consents.ListConsents(ctx, id, q.ListQuery)
}

func (a *API) recordConsent(ctx context.Context, in *struct {
	SMBPath
	Body consentInput
},
) (*created[fibonacco.Consent], error) {
	if a.o.Consents == nil {
		return nil, moduleAbsent("SMB CRM")
	}
	id, err := a.smbID(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	c := fibonacco.Consent{
		SMBID: id, Channel: fibonacco.Channel(b.Channel), Granted: b.Granted, Wording: b.Wording, Version: b.Version,
		Source: b.Source, SourceURL: b.SourceURL, Address: b.Address, IP: b.IP, UserAgent: b.UserAgent,
	}
	if b.OccurredAt != nil {
		c.OccurredAt = *b.OccurredAt
	}
	stored, err := a.o.Consents.RecordConsent(ctx, c)
	if err != nil {
		return nil, err
	}
	return &created[fibonacco.Consent]{Location: fmt.Sprintf("%s/smbs/%d/consents?filter[id]=%d", Prefix, id, stored.ID), Body: *stored}, nil
}

// smbID is the id of a business by its id or uuid. Whether there is one of that id is for whoever
// is asked next to say: some also know those that were deleted.
func (a *API) smbID(ctx context.Context, idOrUUID string) (int64, error) {
	if id, err := number(idOrUUID, "business"); err == nil || !isUUID(idOrUUID) {
		return id, err
	}
	s, err := a.findSMB(ctx, idOrUUID)
	if err != nil {
		return 0, err
	}
	return s.ID, nil
}
