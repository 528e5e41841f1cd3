package ui_test

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fibonacco/fibonacco"
)

// cabinet keeps what belongs to the records of a town: histories, notes, suggestions, consents, pairs.
// It remembers what was done to it.
type cabinet struct {
	fibonacco.SMBRecords
	fibonacco.ConsentService
	fibonacco.MergeService

	*town
	entries     []fibonacco.TimelineEntry
	more        string // cursor of the page behind
	reach       map[fibonacco.Channel]fibonacco.Reach
	notes       []fibonacco.Note
	suggestions []fibonacco.ContactSuggestion
	said        []fibonacco.Consent
	suppressed  []fibonacco.Suppression
	approvals   []fibonacco.Approval
	pairs       []fibonacco.DuplicatePair
	merges      []fibonacco.Merge
	audits      []fibonacco.AuditEntry
	done        []string
	asked       fibonacco.ListQuery
	chosen      map[string]string
}

func newCabinet(w *town) *cabinet {
	return &cabinet{town: w, reach: map[fibonacco.Channel]fibonacco.Reach{fibonacco.ChannelEmail: {Allowed: true}}}
}

func (c *cabinet) Timeline(_ context.Context, _ int64, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.TimelineEntry], err error) {
	if _, err := fibonacco.TimelineListing.Conditions(q.Filter); err != nil {
		return page, err
	}
	if kind := q.Filter["kind"]; kind != "" {
		for _, e := range c.entries {
			if e.Kind == kind {
				page.Data = append(page.Data, e)
			}
		}
		return page, nil
	}
	c.asked = q
	return fibonacco.Page[fibonacco.TimelineEntry]{Data: c.entries, Next: c.more}, nil
}

func (c *cabinet) FindRecord(ctx context.Context, id int64, _ []string) (*fibonacco.SMBRecord, error) {
	s, err := records{town: c.town}.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	return &fibonacco.SMBRecord{SMB: s, Reach: c.reach}, nil
}

func (c *cabinet) ScoreSeries(context.Context, int64, string, string) ([]fibonacco.DayScore, error) {
	return []fibonacco.DayScore{{Day: "2026-11-15", Score: 10, Tier: 4}, {Day: "2026-11-16", Score: 40, Tier: 3}, {Day: "2026-11-17", Score: 30, Tier: 3}}, nil
}

func (c *cabinet) ListApprovals(context.Context, int64, fibonacco.ListQuery) (fibonacco.Page[fibonacco.Approval], error) {
	return fibonacco.Page[fibonacco.Approval]{Data: c.approvals}, nil
}

func (c *cabinet) ListNotes(context.Context, int64, fibonacco.ListQuery) (fibonacco.Page[fibonacco.Note], error) {
	return fibonacco.Page[fibonacco.Note]{Data: c.notes}, nil
}

func (c *cabinet) AddNote(_ context.Context, id int64, body string) (*fibonacco.Note, error) {
	if strings.TrimSpace(body) == "" {
		return nil, fibonacco.InvalidFields("the note cannot be kept", []fibonacco.FieldError{{Field: "body", Reason: "is required"}})
	}
	n := fibonacco.Note{ID: int64(len(c.notes) + 1), SMBID: id, Body: body, Author: "Dana Whitfield", Mine: true, CreatedAt: monday}
	c.notes = append(c.notes, n)
	return &n, nil
}

func (c *cabinet) DeleteNote(_ context.Context, smbID, id int64) error {
	return c.note("deleted note " + strconv.FormatInt(id, 10) + " of " + strconv.FormatInt(smbID, 10))
}

func (c *cabinet) note(what string) error { c.done = append(c.done, what); return nil }

func (c *cabinet) ListSuggestions(_ context.Context, q fibonacco.ListQuery) (page fibonacco.Page[fibonacco.ContactSuggestion], err error) {
	for _, s := range c.suggestions {
		if v := q.Filter["status"]; v != "" && v != s.Status {
			continue
		}
		if v := q.Filter["id"]; v != "" && v != strconv.FormatInt(s.ID, 10) {
			continue
		}
		if v := q.Filter["smb_id"]; v != "" && v != strconv.FormatInt(s.SMBID, 10) {
			continue
		}
		page.Data = append(page.Data, s)
	}
	return page, nil
}

func (c *cabinet) AcceptSuggestion(_ context.Context, id int64, fields []string, version *int) (*fibonacco.SMB, error) {
	if version != nil && *version != 4 {
		return nil, fibonacco.Errorf(fibonacco.Conflict, "changed meanwhile")
	}
	slices.Sort(fields)
	return &c.smbs[0], c.note("accepted " + strconv.FormatInt(id, 10) + " " + strings.Join(fields, ","))
}

func (c *cabinet) DismissSuggestion(_ context.Context, id int64) error {
	return c.note("dismissed " + strconv.FormatInt(id, 10))
}

func (c *cabinet) ReopenSuggestion(_ context.Context, id int64) error {
	return c.note("reopened " + strconv.FormatInt(id, 10))
}

func (c *cabinet) ListConsents(context.Context, int64, fibonacco.ListQuery) (fibonacco.Page[fibonacco.Consent], error) {
	return fibonacco.Page[fibonacco.Consent]{Data: c.said}, nil
}

func (c *cabinet) RecordConsent(_ context.Context, said fibonacco.Consent) (*fibonacco.Consent, error) {
	if said.Granted && said.Wording == "" {
		return nil, fibonacco.InvalidFields("the consent cannot be recorded", []fibonacco.FieldError{{Field: "wording", Reason: "is required"}})
	}
	c.said = append(c.said, said)
	return &said, nil
}

func (c *cabinet) ListSuppressions(_ context.Context, q fibonacco.ListQuery) (fibonacco.Page[fibonacco.Suppression], error) {
	c.asked = q
	return fibonacco.Page[fibonacco.Suppression]{Data: c.suppressed}, nil
}

func (c *cabinet) Suppress(_ context.Context, s fibonacco.Suppression) (*fibonacco.Suppression, bool, error) {
	return &s, true, c.note("suppressed " + s.Kind + " " + s.Value)
}

func (c *cabinet) Unsuppress(_ context.Context, id int64, reason string) error {
	return c.note("lifted " + strconv.FormatInt(id, 10) + " because " + reason)
}

func (c *cabinet) ExportSMB(_ context.Context, id int64, to io.Writer) error {
	if id != 1 {
		return missing()
	}
	_, err := io.WriteString(to, "PK everything")
	return err
}

func (c *cabinet) EraseSMB(_ context.Context, id int64, reason string) error {
	return c.note("erased " + strconv.FormatInt(id, 10) + " because " + reason)
}

func (c *cabinet) Duplicates(context.Context, int64, int) ([]fibonacco.DuplicatePair, error) {
	return c.pairs, nil
}

func (c *cabinet) DuplicatesOf(context.Context, int64) ([]fibonacco.DuplicatePair, error) {
	return c.pairs, nil
}

func (c *cabinet) DismissDuplicate(_ context.Context, a, b int64) error {
	return c.note("dismissed " + strconv.FormatInt(a, 10) + " and " + strconv.FormatInt(b, 10))
}

func (c *cabinet) RestoreDuplicate(_ context.Context, a, b int64) error {
	return c.note("restored " + strconv.FormatInt(a, 10) + " and " + strconv.FormatInt(b, 10))
}

func (c *cabinet) ListMerges(context.Context, int64) ([]fibonacco.Merge, error) { return c.merges, nil }

func (c *cabinet) PreviewMerge(ctx context.Context, survivor, other int64, choose map[string]string) (*fibonacco.MergePreview, error) {
	a, err := records{town: c.town}.Find(ctx, survivor)
	if err != nil {
		return nil, err
	}
	b, err := records{town: c.town}.Find(ctx, other)
	if err != nil {
		return nil, err
	}
	result := a.PrimaryEmail
	if choose["primary_email"] == "other" {
		result = b.PrimaryEmail
	}
	return &fibonacco.MergePreview{
		Survivor: a, Other: b, Rows: map[string]int{"campaign_sends": 12, "smb_notes": 1}, Kept: map[string]int{"skips": 2},
		Fields: []fibonacco.MergeField{
			{Name: "primary_email", Keep: a.PrimaryEmail, Other: b.PrimaryEmail, Result: result},
			{Name: "do_not_contact", Keep: false, Other: true, Result: true},
			{Name: "services_activated", Keep: []string{}, Other: []string{"gift_cards"}, Result: []string{"gift_cards"}},
			{Name: "last_email_open", Keep: (*time.Time)(nil), Other: &monday, Result: &monday},
			{Name: "secondary_contacts", Keep: []fibonacco.SecondContact{}, Other: []fibonacco.SecondContact{{Name: "Ana", Role: "owner"}}, Result: []fibonacco.SecondContact{{Name: "Ana", Role: "owner"}}},
			{Name: "programme", Keep: map[string]any{"campaign_status": fibonacco.StatusActive, "manifest_destiny_day": 3, "manifest_destiny_start_date": "2026-11-15"}, Other: map[string]any{"campaign_status": fibonacco.StatusPending}, Result: nil},
		},
	}, nil
}

func (c *cabinet) MergeSMBs(_ context.Context, survivor, other int64, choose map[string]string) (*fibonacco.Merge, error) {
	c.chosen = choose
	return &fibonacco.Merge{UUID: "0193c2f0-7a6b-7c5d-8e4f-3a2b1c0d9e8f", SurvivorID: survivor, OtherID: other}, nil
}

func (c *cabinet) UndoMerge(_ context.Context, uuid string) error { return c.note("undid " + uuid) }

func (c *cabinet) ListAudit(context.Context, fibonacco.ListQuery) (fibonacco.Page[fibonacco.AuditEntry], error) {
	return fibonacco.Page[fibonacco.AuditEntry]{Data: c.audits}, nil
}

func (c *cabinet) NoteExport(context.Context, string, string, []string) error { return nil }

// Update stores what a change names, as far as the tests change anything.
func (r records) Update(_ context.Context, id int64, change fibonacco.SMBChange) (*fibonacco.SMB, error) {
	for i := range r.smbs {
		s := &r.smbs[i]
		if s.ID != id {
			continue
		}
		if want := change.IfVersion; want != nil && *want != s.Version {
			return nil, fibonacco.Errorf(fibonacco.Conflict, "the business was changed meanwhile")
		}
		if change.PrimaryEmail != nil && !fibonacco.ValidEmail(*change.PrimaryEmail) {
			return nil, fibonacco.InvalidFields("the business cannot be saved", []fibonacco.FieldError{{Field: "primary_email", Reason: "is not an e-mail address"}})
		}
		for from, to := range map[*string]*string{change.BusinessName: &s.BusinessName, change.PrimaryEmail: &s.PrimaryEmail, change.City: &s.City, change.PrimaryPhone: &s.PrimaryPhone} {
			if from != nil {
				*to = *from
			}
		}
		if change.DoNotContact != nil {
			s.DoNotContact = *change.DoNotContact
		}
		if change.Tags != nil {
			s.Tags = change.Tags
		}
		r.changed = append(r.changed, change)
		s.Version++
		found := *s
		return &found, nil
	}
	return nil, missing()
}

// CheckVoicemail refuses by one of two rules.
func (l line) CheckVoicemail(context.Context, int64, *time.Time) (*fibonacco.VoicemailPermission, error) {
	return &fibonacco.VoicemailPermission{Reason: fibonacco.NoConsent, Rules: []fibonacco.VoicemailRule{
		{Name: "number", Allowed: true, Because: "There is a number."}, {Name: "consent", Reason: fibonacco.NoConsent, Because: "Nothing in words is on record.", Source: "47 CFR 64.1200"},
	}}, nil
}

// OwnerLink and RevokeLinks are the desk's links.
func (d *desk) OwnerLink(context.Context, int64) (string, time.Time, error) {
	return "https://go.example.org/my/SECRET", monday.AddDate(0, 0, 90), d.note("owner link")
}

func (d *desk) RevokeLinks(context.Context, int64) error { return d.note("revoke") }

// Records says of each business what its own fields do.
func (c *cabinet) Records(_ context.Context, smbs []fibonacco.SMB, _ []string) ([]fibonacco.SMBRecord, error) {
	all := make([]fibonacco.SMBRecord, len(smbs))
	for i, s := range smbs {
		email := fibonacco.Reach{Allowed: s.EmailOptedIn && s.PrimaryEmail != "" && !s.DoNotContact}
		if !email.Allowed {
			email.Reasons = []fibonacco.SkipReason{fibonacco.NotOptedIn}
			switch {
			case s.PrimaryEmail == "":
				email.Reasons = []fibonacco.SkipReason{fibonacco.NoAddress}
			case s.DoNotContact:
				email.Reasons = []fibonacco.SkipReason{fibonacco.DoNotContact}
			}
		}
		all[i] = fibonacco.SMBRecord{SMB: &smbs[i], Reach: map[fibonacco.Channel]fibonacco.Reach{
			fibonacco.ChannelEmail: email,
			fibonacco.ChannelRVM:   {Allowed: s.RVMOptedIn && s.PrimaryPhone != "", Reasons: []fibonacco.SkipReason{fibonacco.NoConsent}},
		}}
	}
	return all, nil
}
