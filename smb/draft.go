package smb

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/fibonacco/fibonacco"
	"github.com/fibonacco/fibonacco/db"
	"github.com/fibonacco/fibonacco/smb/normal"
)

// draft is an SMB while a change is laid over it: every named value is brought into its stored
// form, and what cannot be stored is collected.
type draft struct {
	smb   *fibonacco.SMB
	named map[string]bool // the fields that the change names
	bad   []fibonacco.FieldError
}

// editable is the fields that a change can name, in the order in which SMBUpdated names them.
func editable(s *fibonacco.SMB) []struct {
	name  string
	value any
} {
	return []struct {
		name  string
		value any
	}{
		{"community_id", s.CommunityID},
		{"business_name", s.BusinessName},
		{"dba_name", s.DBAName},
		{"business_type", s.BusinessType},
		{"category", s.Category},
		{"primary_contact_name", s.PrimaryContactName},
		{"primary_email", s.PrimaryEmail},
		{"primary_phone", s.PrimaryPhone},
		{"secondary_contacts", s.SecondaryContacts},
		{"address", s.Address},
		{"city", s.City},
		{"state", s.State},
		{"zip", s.ZIP},
		{"coordinates", s.Coordinates},
		{"service_model", s.ServiceModel},
		{"subscription_tier", s.SubscriptionTier},
		{"email_opted_in", s.EmailOptedIn},
		{"sms_opted_in", s.SMSOptedIn},
		{"rvm_opted_in", s.RVMOptedIn},
		{"phone_opted_in", s.PhoneOptedIn},
		{"do_not_contact", s.DoNotContact},
		{"source", s.Source},
		{"tags", s.Tags},
		{"metadata", s.Metadata},
	}
}

// differences names the editable fields in which two SMBs differ.
func differences(before, after *fibonacco.SMB) []string {
	var names []string
	old := editable(before)
	for i, f := range editable(after) {
		if !reflect.DeepEqual(old[i].value, f.value) {
			names = append(names, f.name)
		}
	}
	return names
}

// apply lays a change over s.
func apply(s *fibonacco.SMB, c fibonacco.SMBChange) *draft {
	d := &draft{smb: s, named: map[string]bool{}}
	put(d, "community_id", &s.CommunityID, c.CommunityID)
	d.text("business_name", &s.BusinessName, c.BusinessName)
	d.text("dba_name", &s.DBAName, c.DBAName)
	d.text("business_type", &s.BusinessType, c.BusinessType)
	d.text("category", &s.Category, c.Category)
	d.text("primary_contact_name", &s.PrimaryContactName, c.PrimaryContactName)
	d.text("primary_email", &s.PrimaryEmail, c.PrimaryEmail)
	s.PrimaryEmail = fibonacco.NormalizeEmail(s.PrimaryEmail)
	d.text("primary_phone", &s.PrimaryPhone, c.PrimaryPhone)
	if d.named["primary_phone"] {
		s.PrimaryPhone = d.phone("primary_phone", s.PrimaryPhone)
	}
	d.contacts(c.SecondaryContacts)
	d.text("address", &s.Address, c.Address)
	d.text("city", &s.City, c.City)
	d.text("state", &s.State, c.State)
	if d.named["state"] {
		s.State = strings.ToUpper(s.State)
	}
	d.text("zip", &s.ZIP, c.ZIP)
	d.place(c.Coordinates)
	d.text("service_model", &s.ServiceModel, c.ServiceModel)
	d.text("subscription_tier", &s.SubscriptionTier, c.SubscriptionTier)
	if s.SubscriptionTier == "" {
		s.SubscriptionTier = freeTier
	}
	put(d, "email_opted_in", &s.EmailOptedIn, c.EmailOptedIn)
	put(d, "sms_opted_in", &s.SMSOptedIn, c.SMSOptedIn)
	put(d, "rvm_opted_in", &s.RVMOptedIn, c.RVMOptedIn)
	put(d, "phone_opted_in", &s.PhoneOptedIn, c.PhoneOptedIn)
	put(d, "do_not_contact", &s.DoNotContact, c.DoNotContact)
	d.text("source", &s.Source, c.Source)
	if c.Tags != nil {
		d.named["tags"] = true
		s.Tags = normalTags(c.Tags, d.refuse)
	}
	d.metadata(c.Metadata)
	d.smb.DataQualityScore = normal.DataQuality(s)
	return d
}

const freeTier = "free" // the specification's default subscription

func put[T any](d *draft, name string, field, value *T) {
	if value != nil {
		d.named[name] = true
		*field = *value
	}
}

func (d *draft) text(name string, field, value *string) {
	put(d, name, field, value)
	if value != nil {
		*field = strings.TrimSpace(*field)
		if !utf8.ValidString(*field) {
			d.refuse(name, "is not UTF-8 text")
		}
	}
}

func (d *draft) refuse(name, reason string) {
	d.bad = append(d.bad, fibonacco.FieldError{Field: name, Reason: reason})
}

// phone is a telephone number in E.164; what cannot be understood is refused and stays as it is.
func (d *draft) phone(name, raw string) string {
	if raw == "" {
		return ""
	}
	e164, ok := normal.Phone(raw)
	if !ok {
		d.refuse(name, "is not a telephone number")
		return raw
	}
	return e164
}

func (d *draft) contacts(list []fibonacco.SecondContact) {
	if list == nil {
		return
	}
	d.named["secondary_contacts"] = true
	stored := make([]fibonacco.SecondContact, len(list))
	for i, c := range list {
		name := "secondary_contacts[" + strconv.Itoa(i) + "]."
		d.text(name+"name", &c.Name, &c.Name)
		d.text(name+"role", &c.Role, &c.Role)
		c.Email = fibonacco.NormalizeEmail(c.Email)
		if c.Email != "" && !fibonacco.ValidEmail(c.Email) {
			d.refuse(name+"email", "is not an e-mail address")
		}
		c.Phone = d.phone(name+"phone", strings.TrimSpace(c.Phone))
		for _, f := range []struct{ name, value string }{{"name", c.Name}, {"role", c.Role}} {
			if utf8.RuneCountInString(f.value) > 255 {
				d.refuse(name+f.name, "is longer than the field holds")
			}
			if strings.ContainsRune(f.value, 0) {
				d.refuse(name+f.name, "holds a zero byte")
			}
		}
		stored[i] = c
	}
	d.smb.SecondaryContacts = stored
}

// mostMetadata is how many bytes an SMB's metadata takes as JSON.
const mostMetadata = 16 << 10

// metadata lays keys over those that there are; one without a value goes.
func (d *draft) metadata(change map[string]any) {
	if change == nil {
		return
	}
	d.named["metadata"] = true
	merged := maps.Clone(d.smb.Metadata)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range change {
		if value == nil {
			delete(merged, key)
		} else {
			merged[key] = value
		}
	}
	text, err := json.Marshal(merged)
	switch reason := unstorable(string(text)); {
	case err != nil:
		d.refuse("metadata", "is not JSON")
		return
	case reason != "":
		d.refuse("metadata", reason)
	case len(text) > mostMetadata:
		d.refuse("metadata", "takes more than 16 KB")
	}
	d.smb.Metadata = map[string]any{} // as it will be read: every number a float64
	if err := json.Unmarshal(text, &d.smb.Metadata); err != nil {
		d.refuse("metadata", "is not JSON")
	}
}

func (d *draft) place(p *fibonacco.Point) {
	if p == nil {
		return
	}
	d.named["coordinates"] = true
	// Asked this way round, because NaN compares false with everything.
	if onEarth := math.Abs(p.Longitude) <= 180 && math.Abs(p.Latitude) <= 90; !onEarth {
		d.refuse("coordinates", "must be a longitude from -180 to 180 and a latitude from -90 to 90")
	}
	at := *p
	d.smb.Coordinates = &at
}

// check is every named field that cannot be stored, as an Invalid error. What was wrong with the
// other fields before is not the caller's business. knownCommunity says whether the community exists.
func (d *draft) check(knownCommunity bool) error {
	for _, f := range fieldsOf(d.smb.Validate()) {
		if d.named[f.Field] {
			d.bad = append(d.bad, f)
		}
	}
	if d.named["community_id"] && d.smb.CommunityID != 0 && !knownCommunity {
		d.refuse("community_id", "is not a community")
	}
	return fibonacco.InvalidFields("the business cannot be saved", d.bad)
}

// fieldsOf is the refused fields of an Invalid error, nil for nil.
func fieldsOf(err error) []fibonacco.FieldError {
	var e *fibonacco.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// unstorable says why a text, JSON included, cannot be stored on PostgreSQL; "" when it can.
func unstorable(text string) string {
	switch {
	case strings.ContainsRune(text, 0) || strings.Contains(text, `\u0000`):
		return "holds a zero byte"
	case !utf8.ValidString(text):
		return "is not UTF-8 text"
	}
	return ""
}

// storable is text to look for: what could not be stored in the first place becomes a character
// that nothing holds, rather than an error.
func storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// keys are the columns that duplicates are found by; nil for none.
func keys(s *fibonacco.SMB) (email, name any) {
	return db.Null(normal.EmailKey(s.PrimaryEmail)), db.Null(normal.NameKey(s.BusinessName))
}
