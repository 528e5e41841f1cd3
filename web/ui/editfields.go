package ui

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fibonacco/fibonacco"
)

// editSpec is a field of the form: how it is read from a record and laid over a change.
type editSpec struct {
	Name, Label string
	Kind        string // text, email, tel, area, select
	Hint        string
	Most        int
	Required    bool
	get         func(s *fibonacco.SMB) string
	put         func(c *fibonacco.SMBChange, s *fibonacco.SMB, value string) (wrong string)
	options     func(t towns, value string) []editOption
}

// editField is a field with what is in it.
type editField struct {
	editSpec
	Value, Was string
	Theirs     string // what somebody else has made of it meanwhile
	Both       bool   // changed by both
	Error      string
	Options    []editOption
}

type editOption struct {
	Value, Text string
	On          bool
}

func textSpec(name, label, kind string, most int, hint string, get func(*fibonacco.SMB) string, at func(*fibonacco.SMBChange) **string) editSpec {
	return editSpec{
		Name: name, Label: label, Kind: kind, Most: most, Hint: hint, Required: name == "business_name", get: get,
		put: func(c *fibonacco.SMBChange, _ *fibonacco.SMB, value string) (wrong string) {
			*at(c) = &value
			return ""
		},
	}
}

func choiceSpec(spec editSpec, values ...[2]string) editSpec {
	spec.Kind = "select"
	spec.options = func(_ towns, value string) []editOption {
		var all []editOption
		known := false
		for _, v := range values {
			known = known || v[0] == value
			all = append(all, editOption{v[0], v[1], v[0] == value})
		}
		if !known {
			all = append(all, editOption{value, capital(strings.ReplaceAll(value, "_", " ")), true})
		}
		return all
	}
	return spec
}

// fieldLabel is what forms call a field of a business; of others, its name as people write it.
func fieldLabel(name string) string {
	for _, g := range editGroups {
		for _, f := range g.fields {
			if f.Name == name {
				return f.Label
			}
		}
	}
	return capital(strings.ReplaceAll(name, "_", " "))
}

func reselect(options []editOption, value string) []editOption {
	out := slices.Clone(options)
	for i := range out {
		out[i].On = out[i].Value == value
	}
	return out
}

// editGroups is the form, in the order in which people read a record.
var editGroups = []struct {
	name   string
	fields []editSpec
}{
	{"Business", []editSpec{
		textSpec("business_name", "Name", "text", 255, "", func(s *fibonacco.SMB) string { return s.BusinessName }, func(c *fibonacco.SMBChange) **string { return &c.BusinessName }),
		textSpec("dba_name", "Trades as", "text", 255, "", func(s *fibonacco.SMB) string { return s.DBAName }, func(c *fibonacco.SMBChange) **string { return &c.DBAName }),
		textSpec("category", "Category", "text", 100, "Mails call the business this, for example Hair salon.", func(s *fibonacco.SMB) string { return s.Category }, func(c *fibonacco.SMBChange) **string { return &c.Category }),
		textSpec("business_type", "Kind", "text", 100, "", func(s *fibonacco.SMB) string { return s.BusinessType }, func(c *fibonacco.SMBChange) **string { return &c.BusinessType }),
		{Name: "tags", Label: "Tags", Kind: "text", Most: 2600, Hint: "Apart by commas.", get: func(s *fibonacco.SMB) string { return strings.Join(s.Tags, ", ") }, put: putTags},
	}},
	{"Contact", []editSpec{
		textSpec("primary_contact_name", "Person", "text", 255, "", func(s *fibonacco.SMB) string { return s.PrimaryContactName }, func(c *fibonacco.SMBChange) **string { return &c.PrimaryContactName }),
		textSpec("primary_email", "E-mail", "email", 255, "", func(s *fibonacco.SMB) string { return s.PrimaryEmail }, func(c *fibonacco.SMBChange) **string { return &c.PrimaryEmail }),
		textSpec("primary_phone", "Phone", "tel", 50, "In any form that people write.", func(s *fibonacco.SMB) string { return phone(s.PrimaryPhone) }, func(c *fibonacco.SMBChange) **string { return &c.PrimaryPhone }),
		{
			Name: "secondary_contacts", Label: "Other people", Kind: "area", Most: 20_000, Hint: "One a line: name; role; e-mail; phone.",
			get: func(s *fibonacco.SMB) string { return contactLines(s.SecondaryContacts) }, put: putContacts,
		},
	}},
	{"Place", []editSpec{
		textSpec("address", "Street", "text", 255, "", func(s *fibonacco.SMB) string { return s.Address }, func(c *fibonacco.SMBChange) **string { return &c.Address }),
		textSpec("city", "City", "text", 100, "", func(s *fibonacco.SMB) string { return s.City }, func(c *fibonacco.SMBChange) **string { return &c.City }),
		textSpec("state", "State", "text", 2, "Two letters, for example NY.", func(s *fibonacco.SMB) string { return s.State }, func(c *fibonacco.SMBChange) **string { return &c.State }),
		textSpec("zip", "ZIP", "text", 10, "", func(s *fibonacco.SMB) string { return s.ZIP }, func(c *fibonacco.SMBChange) **string { return &c.ZIP }),
		{
			Name: "community_id", Label: "Community", Kind: "select", Hint: "Its time zone decides when mails leave and voicemails may.",
			get: func(s *fibonacco.SMB) string { return strconv.FormatInt(s.CommunityID, 10) }, put: putCommunity, options: townOptions,
		},
	}},
	{"Plan and the rest", []editSpec{
		choiceSpec(textSpec("subscription_tier", "Plan", "", 50, "", func(s *fibonacco.SMB) string { return s.SubscriptionTier }, func(c *fibonacco.SMBChange) **string { return &c.SubscriptionTier }),
			[2]string{"free", "Free"}, [2]string{"starter", "Starter"}, [2]string{"growth", "Growth"}, [2]string{"premium", "Premium"}),
		choiceSpec(textSpec("service_model", "Served by", "", 50, "", func(s *fibonacco.SMB) string { return s.ServiceModel }, func(c *fibonacco.SMBChange) **string { return &c.ServiceModel }),
			[2]string{"", "Not said"}, [2]string{"self_service", "Itself"}, [2]string{"ai_account_manager", "An AI account manager"}),
		textSpec("source", "Source", "text", 50, "", func(s *fibonacco.SMB) string { return s.Source }, func(c *fibonacco.SMBChange) **string { return &c.Source }),
		{
			Name: "metadata", Label: "More fields", Kind: "area", Most: 60_000, Hint: "One a line: name = value. For example website = https://marisolhair.example",
			get: func(s *fibonacco.SMB) string { return metadataLines(s.Metadata) }, put: putMetadata,
		},
	}},
}

func townOptions(t towns, value string) []editOption {
	var all []editOption
	for _, c := range t.all {
		id := strconv.FormatInt(c.ID, 10)
		all = append(all, editOption{id, c.Name + ", " + place(c.Timezone) + " time", id == value})
	}
	return all
}

func putCommunity(c *fibonacco.SMBChange, _ *fibonacco.SMB, value string) (wrong string) {
	id, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		return "Choose one of the communities."
	}
	c.CommunityID = &id
	return ""
}

func putTags(c *fibonacco.SMBChange, _ *fibonacco.SMB, value string) (wrong string) {
	c.Tags = []string{}
	for tag := range strings.SplitSeq(value, ",") {
		if tag = strings.TrimSpace(tag); tag != "" {
			c.Tags = append(c.Tags, tag)
		}
	}
	return ""
}

func contactLines(people []fibonacco.SecondContact) string {
	var lines []string
	for _, p := range people {
		lines = append(lines, strings.TrimRight(strings.Join([]string{p.Name, p.Role, p.Email, phone(p.Phone)}, "; "), "; "))
	}
	return strings.Join(lines, "\n")
}

func putContacts(c *fibonacco.SMBChange, _ *fibonacco.SMB, value string) (wrong string) {
	c.SecondaryContacts = []fibonacco.SecondContact{}
	for line := range strings.SplitSeq(value, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		parts := append(strings.Split(line, ";"), "", "", "")
		if len(parts) > 7 {
			return "“" + clipped(line) + "” has more than four parts: name; role; e-mail; phone."
		}
		c.SecondaryContacts = append(c.SecondaryContacts, fibonacco.SecondContact{
			Name: strings.TrimSpace(parts[0]), Role: strings.TrimSpace(parts[1]), Email: strings.TrimSpace(parts[2]), Phone: strings.TrimSpace(parts[3]),
		})
	}
	return ""
}

// metadataLines is metadata as people edit it. A value that is no text is shown as JSON; one of
// several lines is left out of the form, and stays.
func metadataLines(m map[string]any) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if text := metadataText(m[name]); editableLine(name, text) {
			lines = append(lines, name+" = "+text)
		}
	}
	return strings.Join(lines, "\n")
}

func editableLine(name, text string) bool {
	return !strings.ContainsAny(name, "=\r\n") && !strings.ContainsAny(text, "\r\n") && strings.TrimSpace(text) == text && strings.TrimSpace(name) == name
}

func metadataText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

func putMetadata(c *fibonacco.SMBChange, s *fibonacco.SMB, value string) (wrong string) {
	c.Metadata = map[string]any{}
	named := map[string]bool{}
	for line := range strings.SplitSeq(value, "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, text, ok := strings.Cut(line, "=")
		name, text = strings.TrimSpace(name), strings.TrimSpace(text)
		if !ok || name == "" {
			return "“" + clipped(line) + "” is not of the form name = value."
		}
		named[name] = true
		if old, known := s.Metadata[name]; !known || metadataText(old) != text {
			c.Metadata[name] = text
		}
	}
	for name, old := range s.Metadata {
		if !named[name] && editableLine(name, metadataText(old)) {
			c.Metadata[name] = nil
		}
	}
	return ""
}

func clipped(text string) string {
	runes := []rune(strings.TrimSpace(text))
	if len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return string(runes)
}

// advice says what to do, where a reason only says what is wrong.
func (f editField) advice(reason string) string {
	switch f.Name {
	case "primary_email":
		return "This is not a complete e-mail address. The part after the @ must look like marisolhair.com."
	case "primary_phone":
		return "This is not a phone number. Write it like (718) 555-0142."
	}
	return f.Label + " " + strings.TrimSuffix(reason, ".") + "."
}

// undoing is the change that puts back what an entry of the audit log took away.
func undoing(e fibonacco.AuditEntry) (change fibonacco.SMBChange, err error) {
	raw, err := json.Marshal(e.Before)
	if err != nil {
		return change, err
	}
	if err := json.Unmarshal(raw, &change); err != nil {
		return change, err
	}
	if _, ok := e.Before["tags"]; ok && change.Tags == nil {
		change.Tags = []string{}
	}
	if _, ok := e.Before["secondary_contacts"]; ok && change.SecondaryContacts == nil {
		change.SecondaryContacts = []fibonacco.SecondContact{}
	}
	if after, ok := e.After["metadata"].(map[string]any); ok {
		if change.Metadata == nil {
			change.Metadata = map[string]any{}
		}
		for name := range after {
			if _, before := change.Metadata[name]; !before {
				change.Metadata[name] = nil // it came with the change
			}
		}
	}
	return change, nil
}
